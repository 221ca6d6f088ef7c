"""The table in docs/reference/bertviz.md: every interaction of BertViz, and a browser test of it on every captured model and step."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROW = re.compile(r"^\| ([HMN]\d) \|.*\| `(test_\w+)` \|$", re.MULTILINE)
ROWS = ROW.findall((ROOT / "docs" / "reference" / "bertviz.md").read_text(encoding="utf-8"))
INTERACTIONS = [
    *(f"H{number}" for number in range(1, 9)),
    *(f"M{number}" for number in (1, 2, 3, 4, 6)),
    *(f"N{number}" for number in range(1, 8)),
]
RUNS = [(model, step) for model in ("bert", "gpt2", "bart") for step in (0, 40)]


@pytest.fixture(scope="module")
def collected() -> list[str]:
    """Every test of an interaction, with its parameters, as pytest finds them."""
    files = sorted((ROOT / "tests" / "browser").glob("test_bertviz_*.py"))
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", *map(str, files)]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return re.findall(r"::(\S+)$", found.stdout, re.MULTILINE)


def test_every_interaction_has_a_row_whose_test_bears_its_name() -> None:
    assert [name for name, _ in ROWS] == INTERACTIONS
    assert [(name, test) for name, test in ROWS if name.lower() not in test.split("_")] == []


@pytest.mark.parametrize(("interaction", "test"), ROWS)
def test_the_named_browser_test_runs_on_every_model_at_two_steps(
    collected: list[str], interaction: str, test: str
) -> None:
    sides = {"H3": "h3-", "H4": "h4-"}.get(interaction, "")
    wanted = [f"{test}[{sides}{model}-{step}]" for model, step in RUNS]
    assert [each for each in wanted if each not in collected] == []
