"""Layers one after another → encoded layers within a size."""

from __future__ import annotations

from math import ceil
from typing import Any

import numpy as np
import pytest
from logs.random_attention import softmax_weights, token_list

from tensorboard_plugin_attn import LayerAttention
from tensorboard_plugin_attn.errors import InvalidRecordError
from tensorboard_plugin_attn.measuring.head_metrics import METRICS
from tensorboard_plugin_attn.record.tokens import TokenAxes
from tensorboard_plugin_attn.writing.draft import Draft

LENGTH = 10
LAYER_BYTES = 0.85 * 2 * LENGTH * LENGTH + 4 * 2 * LENGTH  # two heads, as estimated for the file
BESIDE_BYTES = 400 + 4 * 2 * len(METRICS) + 0.85 * 2 * LENGTH * LENGTH  # entry, metrics and thumbnails


def draft_of(layers: int, max_bytes: float, **options: Any) -> Draft:
    """A draft with so many equal layers."""
    draft = Draft(TokenAxes(token_list(LENGTH)), METRICS, "uint8", int(max_bytes))
    for seed in range(layers):
        draft.add(LayerAttention(softmax_weights(2, LENGTH, LENGTH, seed), **options))
    return draft


def kept(draft: Draft) -> list[int]:
    return [number for number, layer in enumerate(draft.layers) if layer.codes is not None]


SIZES: list[tuple[float, list[int]]] = [
    (8, [0, 1, 2, 3, 4, 5, 6, 7]),
    (7.9, [0, 2, 3, 4, 5, 6, 7]),
    (4, [0, 2, 4, 6]),
    (3.9, [0, 4, 6]),
    (2, [0, 4]),
    (1, [0]),
    (0.9, []),
]


@pytest.mark.parametrize(("room", "expected"), SIZES)
def test_evenly_spaced_layers_are_kept_as_many_as_fit(room: float, expected: list[int]) -> None:
    draft = draft_of(8, room * LAYER_BYTES + 8 * BESIDE_BYTES + 1)
    assert kept(draft) == expected
    assert [layer.entry.weights for layer in draft.layers] == [number in expected for number in range(8)]


def test_what_would_fit_is_said() -> None:
    draft = draft_of(8, 6 * LAYER_BYTES + 8 * BESIDE_BYTES + 1)
    ((_, message),) = draft.shortfalls("probe", draft.left_out())
    needed = ceil(8 * (LAYER_BYTES + BESIDE_BYTES))
    assert message.endswith(
        f"all would fit with max_record_bytes={needed} or layers=[0, 2, 4, 5, 6, 7] or heads=range(1), of 2 "
        "or queries= of at most 6 positions"
    )
    assert kept(draft_of(8, needed)) == list(range(8))


def test_no_choice_is_named_that_would_not_fit() -> None:
    told = draft_of(2, 2 * BESIDE_BYTES + 1).what_would_fit()
    assert "queries=" not in told
    assert "layers=" not in told
    assert "range(1), of 2" in told


def test_every_layer_keeps_metrics_and_thumbnails() -> None:
    whole, cut = draft_of(8, 1 << 30), draft_of(8, 0)
    for one, other in zip(whole.layers, cut.layers, strict=True):
        np.testing.assert_array_equal(one.metrics, other.metrics)
        np.testing.assert_array_equal(one.thumbnail, other.thumbnail)


def test_what_is_left_out_is_named_with_the_reason() -> None:
    limit = int(LAYER_BYTES + 3 * BESIDE_BYTES) + 1
    why = f"the record would be larger than max_record_bytes={limit}"
    assert draft_of(3, limit).left_out() == [
        {"layer": number, "what": "weights", "why": why} for number in (1, 2)
    ]
    assert draft_of(3, 1 << 30).left_out() == []


def test_query_and_key_count_and_go_with_the_weights() -> None:
    vectors = np.zeros((2, LENGTH, 64), np.float32)
    room = 2 * (LAYER_BYTES + 2 * vectors.nbytes) + 4 * BESIDE_BYTES + 1
    draft = draft_of(4, room, query=vectors, key=vectors)
    assert kept(draft) == [0, 2]
    assert [layer.entry.vectors for layer in draft.layers] == [True, False, True, False]
    assert [bool(layer.vectors) for layer in draft.layers] == [True, False, True, False]


def test_memory_held_is_bounded_while_layers_come() -> None:
    draft = draft_of(0, 3 * LAYER_BYTES)
    empty = draft_of(1, 0).nbytes
    for seed in range(16):
        draft.add(LayerAttention(softmax_weights(2, LENGTH, LENGTH, seed)))
        codes = draft.nbytes - empty * len(draft.layers)
        assert codes <= 3 * (2 * LENGTH * LENGTH + 4 * 2 * LENGTH)


def test_causal_weights_are_expected_to_pack_smaller() -> None:
    draft = Draft(TokenAxes(token_list(LENGTH)), {}, "uint8", int(LAYER_BYTES + 2 * BESIDE_BYTES))
    for seed in range(2):
        draft.add(LayerAttention(softmax_weights(2, LENGTH, LENGTH, seed, causal=True)))
    assert kept(draft) == [0, 1]


def test_nan_is_refused_or_where_allowed_said() -> None:
    weights = softmax_weights(2, LENGTH, LENGTH)
    weights[1, 3] = np.nan
    with pytest.raises(InvalidRecordError, match=r"got NaN in layer 0, heads \[1\]"):
        draft_of(0, 1 << 30).add(LayerAttention(weights))
    draft = Draft(TokenAxes(token_list(LENGTH)), METRICS, "uint8", 1 << 30, allow_nan=True)
    draft.add(LayerAttention(softmax_weights(2, LENGTH, LENGTH)))
    draft.add(LayerAttention(weights))
    assert draft.nan_layers() == [1]
