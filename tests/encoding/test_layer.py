"""One layer → its encoded form and header entry."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from logs.random_attention import softmax_weights, token_list

from tensorboard_plugin_attn import LayerAttention
from tensorboard_plugin_attn.encoding.layer import EncodedLayer, decode_vector, encode_layer
from tensorboard_plugin_attn.measuring.head_metrics import METRICS
from tensorboard_plugin_attn.record.checks import label_layer
from tensorboard_plugin_attn.record.tokens import TokenAxes


def encode(layer: LayerAttention, *, keep: bool = True, precision: str = "uint8") -> EncodedLayer:
    """A layer of self-attention, labelled and encoded."""
    axes = TokenAxes(token_list(layer.num_queries))
    label_layer(axes, layer, 0, allow_nan=True)
    return encode_layer(layer, axes, METRICS, precision, keep=keep)


def layer(**options: Any) -> LayerAttention:
    return LayerAttention(softmax_weights(4, 5, 5), **options)


def test_the_header_entry_says_what_is_known_of_a_layer() -> None:
    subject = layer(
        name="h.3.attn",
        query=np.zeros((4, 5, 2)),
        key=np.zeros((2, 5, 2)),
        scale=np.float32(0.5),
        mechanism="sdpa",
        dtype="float32",
        heads=[1, 3, 5, 7],
        rebuild_error=1e-7,
    )
    assert encode(subject).entry.to_json() == {
        "name": "h.3.attn",
        "kind": "self",
        "stack": "",
        "heads": 4,
        "kv_heads": 2,
        "queries": 5,
        "keys": 5,
        "mask": "full",
        "scale": 0.5,
        "thumbnail": [5, 5],
        "query_tokens": "tokens",
        "key_tokens": "tokens",
        "mechanism": "sdpa",
        "dtype": "float32",
        "head_numbers": [1, 3, 5, 7],
        "rebuild_error": 1e-7,
        "source": "codes",
        "weights": True,
        "vectors": True,
    }


def test_what_is_unknown_is_not_in_the_entry() -> None:
    entry = encode(layer()).entry
    assert entry.scale is None
    assert entry.vectors is False
    assert not {"head_numbers", "rebuild_error"} & entry.to_json().keys()


def test_a_layer_that_is_not_kept_has_metrics_and_thumbnail_only() -> None:
    subject = layer(query=np.zeros((4, 5, 2)), key=np.zeros((4, 5, 2)))
    whole, bare = encode(subject), encode(subject, keep=False)
    assert bare.codes is None
    assert bare.row_max is None
    assert bare.vectors == {}
    assert (bare.entry.weights, bare.entry.vectors) == (False, False)
    np.testing.assert_array_equal(bare.metrics, whole.metrics)
    np.testing.assert_array_equal(bare.thumbnail, whole.thumbnail)


def test_leaving_out_afterwards_is_the_same_as_not_keeping() -> None:
    whole, bare = encode(layer()), encode(layer(), keep=False)
    whole.leave_out()
    assert (whole.codes, whole.row_max, whole.vectors) == (None, None, {})
    assert whole.entry == bare.entry
    assert whole.nbytes == bare.nbytes == whole.metrics.nbytes + whole.thumbnail.nbytes


@pytest.mark.parametrize("keep", [True, False])
def test_heads_with_nan_are_named(keep: bool) -> None:
    weights = softmax_weights(4, 5, 5)
    weights[2, 0, 1] = np.nan
    assert encode(LayerAttention(weights), keep=keep).nan_heads == [2]
    assert encode(layer(), keep=keep).nan_heads == []


def test_the_size_counts_every_array_that_is_held() -> None:
    subject = layer(
        query=np.zeros((4, 5, 2), np.float32), key=np.zeros((2, 5, 2), np.float16), bias=np.zeros((5,))
    )
    codes, row_max, thumbnail, metrics = 100, 80, 100, 4 * len(METRICS) * 4
    assert encode(subject).nbytes == codes + row_max + thumbnail + metrics + 160 + 40 + 20


@pytest.mark.parametrize(
    ("dtype", "given", "stored"),
    [("float32", np.float32, "F32"), ("float16", np.float16, "F16"), ("bfloat16", np.float32, "BF16")],
)
def test_vectors_keep_the_models_own_type(dtype: str, given: type, stored: str) -> None:
    values = (np.arange(40).reshape(4, 5, 2) / 4 - 5).astype(given)
    encoded = encode(layer(query=values, key=values, bias=np.full((5, 5), -np.inf), dtype=dtype))
    assert {name: kind for name, (kind, _) in encoded.vectors.items()} == {
        "query": stored,
        "key": stored,
        "bias": "F32",
    }
    for name, expected in (("query", values), ("bias", np.full((5, 5), -np.inf))):
        np.testing.assert_array_equal(decode_vector(*encoded.vectors[name]), expected)
