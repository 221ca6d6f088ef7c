"""A layer of weights, or of queries and keys → rows of all its heads, what they sum to, what they see."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn.record.blocks import bands_of, vector_rows, vector_scores, visible_range
from tensorboard_plugin_attn.record.layer import LayerAttention

__all__ = ["row_sums", "rows_of", "visible_counts"]


def rows_of(layer: LayerAttention, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Some rows of every head, float32 ``[head, row, key]``."""
    if layer.weights is not None:
        return np.asarray(layer.weights[:, rows], np.float32)
    return np.stack([vector_rows(layer.vectors_of(head), rows) for head in range(layer.num_heads)])


def row_sums(layer: LayerAttention) -> NDArray[np.float32]:
    """The logarithm of each row's sum of exponentials, ``[head, query]``; a sink's part is in it."""
    sums = np.empty((layer.num_heads, layer.num_queries), np.float32)
    for head in range(layer.num_heads):
        vectors = layer.vectors_of(head)
        for band in bands_of(layer.num_queries, layer.num_keys):
            scores = vector_scores(vectors, np.arange(layer.num_queries)[band])
            highest = scores.max(axis=1)
            shift = np.where(np.isfinite(highest), highest, 0)
            total = np.exp(scores - shift[:, None]).sum(axis=1)
            kept = 1 if vectors.sink is None else 1 - vectors.sink[band]
            with np.errstate(divide="ignore"):
                sums[head, band] = shift + np.log(total / kept)
    sums[np.isneginf(sums)] = np.inf  # a row that sees no key has weights of 0
    return sums


def visible_counts(layer: LayerAttention) -> NDArray[np.int64]:
    """How many keys each query of a layer without weights sees, by its mask or its bias."""
    rows = np.arange(layer.num_queries)
    numbers = None if layer.query_numbers is None else np.array(layer.query_numbers)
    first, stop = visible_range(layer.mask or "full", layer.num_queries, layer.num_keys, rows, numbers)
    if first is not None and stop is not None:
        return stop - first
    if layer.mask != "other" or layer.bias is None:
        return np.full(layer.num_queries, layer.num_keys)
    seen = np.broadcast_to(~np.isneginf(layer.bias), layer.shape).any(axis=0)
    return np.asarray(seen.sum(axis=1))
