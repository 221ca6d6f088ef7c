"""What keys contribute: weight times the length of the value, by the row's sum, and the metrics of that."""

from __future__ import annotations

from copy import copy

import numpy as np
import pytest

from tensorboard_plugin_attn.errors import InvalidRecordError
from tensorboard_plugin_attn.measuring.contribution import (
    CONTRIBUTIONS,
    choose_contributions,
    contributed,
    measure_contributions,
)
from tensorboard_plugin_attn.measuring.head_metrics import choose_metrics, compute_metrics
from tensorboard_plugin_attn.record.layer import LayerAttention
from tensorboard_plugin_attn.record.tokens import TokenAxes

SINK = np.array([[[0.9, 0.1, 0.0], [0.8, 0.1, 0.1], [0.8, 0.1, 0.1]]], np.float32)


def labelled(weights: np.ndarray, value_norm: np.ndarray | None) -> LayerAttention:
    layer = LayerAttention(weights, mask="full", value_norm=value_norm)
    TokenAxes(["a", "b", "c"]).name_axes(layer)
    return layer


def test_a_sink_with_a_short_value_contributes_little() -> None:
    norm = np.array([[0.0, 2.0, 2.0]], np.float32)
    np.testing.assert_allclose(contributed(SINK, norm)[0, 1], [0, 0.5, 0.5])
    names = list(CONTRIBUTIONS)
    found = dict(zip(names, measure_contributions(labelled(SINK, norm), names)[0], strict=True))
    assert found["contribution_first_token"] == 0
    assert found["contribution_mean_distance"] == pytest.approx((1 + 0.5 + 0.5) / 3)


def test_equal_lengths_change_nothing() -> None:
    layer = labelled(SINK, np.full((1, 3), 3.0, np.float32))
    names = list(CONTRIBUTIONS)
    twins = choose_metrics([name.removeprefix("contribution_") for name in names])
    np.testing.assert_allclose(measure_contributions(layer, names), compute_metrics(layer, twins), atol=1e-6)


@pytest.mark.parametrize("mask", ["causal", "full", "other"])
@pytest.mark.parametrize("is_special", [False, True])
def test_the_metrics_are_those_of_the_shares(mask: str, is_special: bool) -> None:
    rng = np.random.default_rng(3)
    scores = rng.random((3, 9, 9)).astype(np.float32)
    weights = scores if mask == "full" else np.tril(scores)
    weights /= weights.sum(-1, keepdims=True)
    layer = LayerAttention(weights, mask=mask, value_norm=rng.random((3, 9)).astype(np.float32))
    tokens = [f"t{at}" for at in range(9)]
    TokenAxes(tokens, special=[is_special and at in (0, 4) for at in range(9)]).name_axes(layer)
    moved = copy(layer)
    moved.weights = contributed(weights, layer.value_norm)
    names = list(CONTRIBUTIONS)
    found = measure_contributions(layer, names)
    np.testing.assert_allclose(found, compute_metrics(moved, CONTRIBUTIONS), rtol=1e-5, atol=1e-5)
    assert np.isnan(found[:, names.index("contribution_special_tokens")]).all() != is_special


def test_a_row_that_moves_nothing_is_zero_and_a_layer_without_lengths_has_no_contributions() -> None:
    assert not contributed(SINK, np.zeros((1, 3), np.float32)).any()
    assert np.isnan(measure_contributions(labelled(SINK, None), ["contribution_entropy"])).all()


def test_contributions_are_chosen_by_name() -> None:
    assert choose_contributions("all") == list(CONTRIBUTIONS)
    assert choose_contributions(["entropy", "contribution_entropy"]) == ["contribution_entropy"]
    assert choose_contributions("entropy") == []
    with pytest.raises(InvalidRecordError, match="contribution_entropy"):
        choose_metrics("contribution", list(CONTRIBUTIONS))
