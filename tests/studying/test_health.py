"""Hints: a planted fault is reported first with its step, and healthy heads give none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tensorboard_plugin_attn.encoding.header import Fault
from tensorboard_plugin_attn.studying.health import Hint, Observed, Thresholds, find_hints, parse_thresholds
from tensorboard_plugin_attn.studying.roles import ROLES, UNCLASSIFIED

STEPS, LAYERS, HEADS = 30, 3, 4
NAMES = ["entropy", "max_score"]


def healthy() -> np.ndarray:
    """Metrics ``[step, layer, head, metric]`` with some noise."""
    rng = np.random.default_rng(0)
    values = np.empty((STEPS, LAYERS, HEADS, 2), np.float32)
    values[..., 0] = 0.6 + rng.normal(size=values.shape[:-1]) * 0.01
    values[..., 1] = 8 + rng.normal(size=values.shape[:-1])
    return values


def hints(values: np.ndarray, limits: Thresholds | None = None, **facts: Any) -> list[Hint]:
    roles = facts.pop("roles", np.full(values.shape[:-1], UNCLASSIFIED, np.uint8))
    steps = [10 * step for step in range(len(values))]
    return find_hints(Observed(steps, NAMES, values, roles, **facts), limits)


def test_healthy_heads_give_no_hint() -> None:
    assert hints(healthy(), faults=[[]] * STEPS, masks=[["full"] * LAYERS] * STEPS) == []


def test_a_collapse_is_reported_first_with_its_step_and_heads() -> None:
    values = healthy()
    values[17:, 1, 2, 0] = 0.02
    values[25:, 2, 0, 0] = 0.02
    first, second = hints(values)
    assert (first.kind, first.step, first.layer, first.heads) == ("entropy_collapse", 170, 1, [2])
    assert (second.step, second.layer, second.heads) == (250, 2, [0])


def test_what_cannot_be_right_comes_before_earlier_hints() -> None:
    values = healthy()
    values[17:, 1, 2, 0] = 0.02
    fault = Fault(fault="nan", layer=2, heads=(0,))
    found = hints(values, faults=[[]] * 25 + [[fault]] * 5)
    assert [(hint.kind, hint.step) for hint in found] == [("nan", 250), ("entropy_collapse", 170)]


@pytest.mark.parametrize("role", ["previous-token", "induction", "duplicate-token", "first-token sink"])
def test_a_head_that_a_sharp_role_explains_has_not_collapsed(role: str) -> None:
    values, roles = healthy(), np.full((STEPS, LAYERS, HEADS), UNCLASSIFIED, np.uint8)
    values[17:, 1, 2, 0] = 0.02
    roles[17:, 1, 2] = ROLES.index(role)
    assert hints(values, roles=roles) == []


def test_a_head_that_was_always_sharp_has_not_collapsed() -> None:
    values = healthy()
    values[:, 1, 2, 0] = 0.05
    assert hints(values) == []


def test_cross_attention_that_becomes_sharp_has_found_its_alignment() -> None:
    values = healthy()
    values[17:, 1, :, 0] = 0.02
    assert hints(values, cross=[False, True, False]) == []


def test_more_than_half_of_a_layer_is_a_collapsed_layer_from_the_step_where_it_is() -> None:
    values = healthy()
    for head, step in enumerate([5, 9, 12]):
        values[step:, 2, head, 0] = 0.02
    (hint,) = hints(values)
    assert (hint.kind, hint.step, hint.layer, hint.heads) == ("collapsed_layer", 120, 2, [0, 1, 2])


def test_a_large_score_is_reported_once_a_layer_with_the_largest_value() -> None:
    values = healthy()
    values[20:, 0, 1, 1] = [101 + step for step in range(10)]
    first = hints(values)[0]
    assert (first.kind, first.step, first.last_step, first.heads, first.value) == (
        "max_score", 200, 290, [1], 101,
    )  # fmt: skip


def test_a_score_that_grows_fast_is_reported_but_not_when_it_comes_from_nearly_nothing() -> None:
    values = healthy()
    values[20:, 0, 1, 1] = 60
    (hint,) = hints(values)
    assert (hint.kind, hint.step) == ("max_score_growth", 200)
    values[..., 1] = np.linspace(0.01, 49, STEPS)[:, None, None]
    assert hints(values) == []


@pytest.mark.parametrize("fault", ["kernel_differs", "nan", "row_sum", "masked"])
def test_what_was_wrong_when_logged_comes_before_what_follows_from_it(fault: str) -> None:
    values = healthy()
    values[12:, 1:, :, 0] = 0.01
    faults: list[Any] = [[] for _ in range(STEPS)]
    for step in range(12, 20):
        faults[step] = [Fault(1, (0, 3), fault, 0.25)]
    first = hints(values, faults=faults)[0]
    assert (first.kind, first.step, first.last_step, first.layer, first.heads) == (fault, 120, 190, 1, [0, 3])
    assert first.severity == "error"


def test_heads_that_were_not_captured_are_counted() -> None:
    fault = Fault(1, (0, 1), "fewer_heads", 8)
    (hint,) = hints(healthy(), faults=[[fault]] * STEPS)
    assert hint.message == "layer 1 has 2 of 8 heads from step 0 on: the others were not captured"


def test_a_layer_whose_mask_changes_is_a_mask_bug() -> None:
    masks = [["causal"] * LAYERS for _ in range(STEPS)]
    masks[21][1] = "full"
    (hint,) = hints(healthy(), masks=masks)
    assert (hint.kind, hint.step, hint.layer, hint.severity) == ("mask_changed", 210, 1, "error")


def test_thresholds_can_be_moved() -> None:
    values = healthy()
    values[17:, 1, 2, 0] = 0.2
    assert hints(values) == []
    assert hints(values, parse_thresholds({"entropy": "0.3", "other": "x"}))[0].step == 170


def test_wording_never_speaks_of_causes() -> None:
    values = healthy()
    values[17:, 1, 2] = [0.02, 200]
    said = " ".join(hint.message for hint in hints(values))
    assert "accompanies" in said
    assert "cause" not in said


def test_steps_without_metrics_are_passed_over() -> None:
    values = healthy()
    values[5:8] = np.nan
    assert hints(values) == []
