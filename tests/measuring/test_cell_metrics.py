"""The metrics that are sums over cells by one product, as each of them gives by itself."""

from __future__ import annotations

import numpy as np
import pytest
from logs.random_attention import softmax_weights, token_list

from tensorboard_plugin_attn import LayerAttention
from tensorboard_plugin_attn.measuring.head_metrics import METRICS, compute_metrics
from tensorboard_plugin_attn.record.checks import label_layer
from tensorboard_plugin_attn.record.tokens import TokenAxes


@pytest.mark.parametrize("kind", ["self", "cross"])
@pytest.mark.parametrize("mask", ["full", "causal"])
@pytest.mark.parametrize(("queries", "keys"), [(1, 1), (2, 2), (9, 9), (5, 9)])
def test_one_product_gives_what_each_metric_gives_by_itself(
    kind: str, mask: str, queries: int, keys: int
) -> None:
    weights = softmax_weights(3, queries, keys)
    if mask == "causal":
        weights *= np.tril(np.ones((queries, keys)), keys - queries)
        weights /= weights.sum(-1, keepdims=True)
    layer = LayerAttention(weights.astype(np.float32), kind=kind, mask=mask)
    axes = TokenAxes(
        ["[CLS]", *"abcabcab"][:keys], decoder_tokens=None if kind == "self" else token_list(queries)
    )
    if kind == "self" and queries != keys:  # keys before the queries
        axes.lists |= {"own": token_list(queries)}
        layer.lists = "own", "tokens"
        axes.specials |= {"own": np.zeros(queries, bool)}
    label_layer(axes, layer, 0)
    known = compute_metrics(layer, METRICS, layer.weights.max(-1))
    alone = np.stack([np.asarray(metric(layer), np.float32) for metric in METRICS.values()], axis=1)
    np.testing.assert_allclose(known, alone, rtol=0, atol=1e-6)
