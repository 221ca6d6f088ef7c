"""What cannot be right about weights is found when they are logged: which heads, and by how much."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from logs.random_attention import softmax_weights, token_list

from tensorboard_plugin_attn import LayerAttention
from tensorboard_plugin_attn.measuring.faults import layer_faults
from tensorboard_plugin_attn.record.checks import label_layer
from tensorboard_plugin_attn.record.tokens import TokenAxes


def faults(weights: np.ndarray, tokens: list[str] | None = None, **options: Any) -> list[dict[str, Any]]:
    layer = LayerAttention(weights, **options)
    label_layer(TokenAxes(tokens or token_list(weights.shape[1])), layer, 0, allow_nan=True)
    return layer_faults(layer)


@pytest.mark.parametrize("causal", [False, True])
def test_softmax_weights_have_no_fault(causal: bool) -> None:
    assert faults(softmax_weights(3, 6, 6, causal=causal), mask="causal" if causal else "full") == []


def test_nan_is_found_in_its_heads_and_the_other_heads_are_still_checked() -> None:
    weights = softmax_weights(3, 4, 4)
    weights[1, 2, 0] = np.nan
    weights[2, 0] *= 1.5
    assert faults(weights) == [
        {"fault": "nan", "heads": [1]},
        {"fault": "row_sum", "heads": [2], "worst": 1.5},
    ]


def test_weights_after_dropout_do_not_sum_to_one() -> None:
    weights = softmax_weights(2, 4, 4)
    weights[1, 3, :] = [0.5, 0, 0, 0]
    assert faults(weights) == [{"fault": "row_sum", "heads": [1], "worst": 0.5}]


def test_rows_and_what_their_sink_takes_sum_to_one() -> None:
    less, more = softmax_weights(1, 4, 4) * np.float32(0.7), softmax_weights(1, 4, 4) * np.float32(1.3)
    share = np.full((1, 4), 0.3, np.float32)
    assert faults(less, mechanism="sdpa", sink=share) == []
    for options in ({"mechanism": "sdpa"}, {}):
        assert [each["fault"] for each in faults(less, **options)] == ["row_sum"]
        assert [each["fault"] for each in faults(more, **options)] == ["row_sum"]
    assert [each["fault"] for each in faults(softmax_weights(1, 4, 4), sink=share)] == ["row_sum"]


def test_a_captured_query_that_sees_no_key_is_no_fault() -> None:
    weights = softmax_weights(1, 4, 4)
    weights[0, 2] = 0
    assert faults(weights, mechanism="sdpa") == []
    assert [each["fault"] for each in faults(weights)] == ["row_sum"]


def test_heads_whose_output_differs_from_the_kernels_come_first() -> None:
    weights = softmax_weights(3, 4, 4)
    weights[1, 3, :] = [0.5, 0, 0, 0]
    layer = LayerAttention(weights, mechanism="sdpa", output_error=0.4)
    layer.differing_heads = [2]
    label_layer(TokenAxes(token_list(4)), layer, 0)
    assert layer_faults(layer) == [
        {"fault": "kernel_differs", "heads": [2], "worst": 0.4},
        {"fault": "row_sum", "heads": [1], "worst": 0.5},
    ]


def test_bfloat16_rows_sum_to_one_closely_enough() -> None:
    weights = softmax_weights(4, 64, 64)
    rounded = (weights.view(np.uint32) & 0xFFFF0000).view(np.float32)
    assert faults(rounded) == []


def test_a_causal_layer_that_sees_a_later_key_is_a_fault() -> None:
    weights = softmax_weights(2, 4, 4, causal=True)
    weights[1, 0] = [0.75, 0, 0.25, 0]
    assert faults(weights, mask="causal") == [{"fault": "masked", "heads": [1], "worst": 0.25}]


def test_weight_outside_a_window_is_a_fault() -> None:
    weights = np.tile(np.eye(4, dtype=np.float32), (1, 1, 1))
    weights[0, 3] = [0.5, 0, 0, 0.5]
    assert faults(weights, mask="window 2") == [{"fault": "masked", "heads": [0], "worst": 0.5}]


def test_weight_where_the_bias_hides_a_key_is_a_fault() -> None:
    bias = np.zeros((4, 4), np.float32)
    bias[:, 3] = -np.inf
    weights = softmax_weights(2, 4, 4)
    (fault,) = faults(weights, mask="other", bias=bias, query=np.zeros((2, 4, 1)), key=np.zeros((2, 4, 1)))
    assert fault["fault"] == "masked"
    assert fault["worst"] == pytest.approx(weights[:, :, 3].max(), abs=1e-5)


def test_weight_on_padding_is_a_fault_and_padding_queries_do_not_count() -> None:
    tokens = ["a", "b", "[PAD]", "[PAD]"]
    clean = np.zeros((1, 4, 4), np.float32)
    clean[:, :, :2] = 0.5
    clean[:, 2:] = 0
    leaking = clean.copy()
    leaking[0, 1] = [0.25, 0.25, 0.5, 0]
    assert faults(clean, tokens) == []
    assert faults(leaking, tokens) == [{"fault": "masked", "heads": [0], "worst": 0.5}]
