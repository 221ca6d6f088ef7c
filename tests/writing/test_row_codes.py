"""Change between two patterns, against the Jensen–Shannon divergence worked out one number at a time."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from logs.random_attention import softmax_weights, token_list

from tensorboard_plugin_attn import LayerAttention
from tensorboard_plugin_attn.encoding.codes import decode_weights, encode_weights
from tensorboard_plugin_attn.record.checks import label_layer
from tensorboard_plugin_attn.record.tokens import TokenAxes
from tensorboard_plugin_attn.writing.row_codes import LEAST_ROWS, MOST_BYTES, row_codes


def labelled(weights: np.ndarray, mask: str | None = None) -> LayerAttention:
    layer = LayerAttention(np.asarray(weights, np.float32), mask=mask)
    label_layer(TokenAxes(token_list(layer.num_queries)), layer, 0, allow_nan=True)
    return layer


def change(first: np.ndarray, second: np.ndarray, mask: str = "full") -> list[float]:
    before, _ = row_codes(labelled(first, mask))
    after, rows = row_codes(labelled(second, mask))
    (values,) = after.changes_from([before], rows)
    assert values is not None
    return values.tolist()


def divergence(p: list[float], q: list[float]) -> float:
    """JSD / ln 2 of two distributions."""
    total = 0.0
    for a, b in zip(p, q, strict=True):
        m = (a + b) / 2
        total += (a * math.log(a / m) if a else 0) / 2 + (b * math.log(b / m) if b else 0) / 2
    return total / math.log(2)


def test_disjoint_rows_have_changed_wholly_and_equal_ones_not_at_all() -> None:
    first, other = np.eye(4)[None], np.eye(4)[None, :, ::-1]
    assert change(first, other) == pytest.approx([1])
    assert change(first, first) == [0]


def test_half_of_the_weight_moved_is_a_known_number() -> None:
    first = np.tile([1.0, 0, 0], (1, 3, 1))
    second = np.tile([0.5, 0.5, 0], (1, 3, 1))
    assert change(first, second) == pytest.approx([divergence([1, 0, 0], [0.5, 0.5, 0])], abs=1e-6)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000), st.integers(2, 9), st.booleans())
def test_change_is_the_mean_divergence_of_the_stored_rows(seed: int, size: int, causal: bool) -> None:
    mask = "causal" if causal else "full"
    pair = [softmax_weights(2, size, size, causal=causal, seed=seed + number) for number in (0, 1)]
    stored = [decode_weights(*encode_weights(weights)).astype(np.float64) for weights in pair]
    rows = [each / each.sum(axis=-1, keepdims=True) for each in stored]
    start = 1 if causal else 0
    expected = [
        np.mean([divergence(rows[0][h, i].tolist(), rows[1][h, i].tolist()) for i in range(start, size)])
        for h in range(2)
    ]
    assert change(*pair, mask=mask) == pytest.approx(expected, abs=1e-5)


def test_long_texts_are_compared_on_evenly_spaced_rows_of_bounded_size() -> None:
    whole, _ = row_codes(labelled(softmax_weights(12, 45, 45)))
    assert whole.codes.shape == (12, 45, 45)
    some, _ = row_codes(labelled(softmax_weights(12, 128, 128)))
    assert some.codes.shape == (12, 16, 128)
    assert some.codes.nbytes <= MOST_BYTES
    long, _ = row_codes(labelled(softmax_weights(8, 600, 600)))
    assert long.codes.shape == (8, LEAST_ROWS, 600)


def test_layers_of_another_shape_or_mask_are_not_compared() -> None:
    full, rows = row_codes(labelled(softmax_weights(2, 4, 4)))
    causal, _ = row_codes(labelled(softmax_weights(2, 4, 4, causal=True)))
    longer, _ = row_codes(labelled(softmax_weights(2, 5, 5)))
    assert full.changes_from([causal, longer, None], rows) == [None, None, None]


def test_rows_without_weight_do_not_count_and_a_head_of_nan_is_undefined() -> None:
    first = np.array([np.eye(3), np.eye(3)])
    second = first.copy()
    second[0, 1] = 0
    second[1] = np.nan
    values = change(first, second, "full")
    assert values[0] == 0
    assert math.isnan(values[1])
