"""The lasting changes of ``fixtures/lasting_change.json``, which the frontend's tests read too."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tensorboard_plugin_attn.studying.emergence import find_emergence

FIXTURES = Path(__file__).parents[1] / "fixtures"
CASES = json.loads((FIXTURES / "lasting_change.json").read_text())["cases"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_each_series_has_the_change_that_was_worked_out_apart(case: dict[str, Any]) -> None:
    values = np.array([np.nan if value is None else value for value in case["values"]], np.float32)
    emergence = find_emergence(values[:, None, None, None])
    change = case["change"] or {"index": -1, "before": np.nan, "after": np.nan}
    assert emergence.index.item() == change["index"]
    np.testing.assert_equal(emergence.before.item(), change["before"])
    np.testing.assert_equal(emergence.after.item(), change["after"])
    if case["change"] is not None:
        assert emergence.noise.item() == pytest.approx(change["noise"], rel=1e-6)
    assert bool(emergence.marked().item()) == case["marked"]


def test_making_the_file_anew_changes_nothing() -> None:
    made = runpy.run_path(str(FIXTURES / "make_lasting_change.py"))["build"]()
    assert made == (FIXTURES / "lasting_change.json").read_text()
