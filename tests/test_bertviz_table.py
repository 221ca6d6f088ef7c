"""The table in docs/bertviz.md: every interaction of BertViz, and tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROW = re.compile(r"^\| ([HMN]\d) \|.*\| `(test_\w+)` \|$", re.MULTILINE)
ROWS = ROW.findall((ROOT / "docs" / "bertviz.md").read_text(encoding="utf-8"))
INTERACTIONS = [
    *(f"H{number}" for number in range(1, 9)),
    *(f"M{number}" for number in (1, 2, 3, 4, 6)),
    *(f"N{number}" for number in range(1, 8)),
]


def test_every_interaction_has_a_row() -> None:
    assert sorted({name for name, _ in ROWS}) == INTERACTIONS


@pytest.mark.parametrize("test", sorted({test for _, test in ROWS}))
def test_the_named_browser_test_exists(test: str) -> None:
    files = (ROOT / "tests" / "browser").glob("test_*.py")
    assert any(f"\ndef {test}(" in path.read_text(encoding="utf-8") for path in files)
