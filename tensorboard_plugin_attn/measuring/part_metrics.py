"""A layer of which a part of a record holds only some queries → how much each metric weighs in that of all queries."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn.measuring.grids import GRID_METRICS, has_grid, num_rows, plain_positions
from tensorboard_plugin_attn.measuring.head_metrics import (
    METRICS,
    informative_rows,
    pattern_cells,
    query_positions,
    select_rows,
)
from tensorboard_plugin_attn.measuring.token_patterns import (
    after_earlier_occurrences,
    earlier_occurrences,
    padding_flags,
)
from tensorboard_plugin_attn.record.layer import LayerAttention

__all__ = ["metric_weights"]

OFFSETS = {"previous_token": -1, "same_token": 0, "next_token": 1}
PATTERNS = {"duplicate_token": earlier_occurrences, "induction": after_earlier_occurrences}


def metric_weights(
    layer: LayerAttention, names: Sequence[str], changes: Collection[str]
) -> NDArray[np.float32]:
    """``[head, metric]``, what each metric is a mean over: rows, or the sum of their weights.

    0 where a metric over some of the queries says nothing of all: a user's own, or a tracked pair. With all queries
    every metric is whole.
    """
    if layer.query_numbers is None:
        return np.ones((layer.num_heads, len(names)), np.float32)
    weights = np.zeros((layer.num_heads, len(names)), np.float32)
    for column, name in enumerate(names):
        weights[:, column] = weight_of(layer, "entropy" if name in changes else name)
    return weights


def weight_of(layer: LayerAttention, name: str) -> NDArray[np.float32] | int:
    """The number of rows, or per head the sum of weights, that a metric is a mean over."""
    if layer.weights is not None and (name in GRID_METRICS or (name == "mean_distance" and has_grid(layer))):
        counted: NDArray[np.float32] = num_rows(layer, name)
        return counted
    rows, _ = informative_rows(layer)
    if name not in METRICS:
        return 0
    if name == "mean_distance" and layer.weights is not None:
        total: NDArray[np.float32] = select_rows(layer.weights, rows).sum(axis=(1, 2))
        return total
    if name in OFFSETS:
        return num_with_neighbour(layer, rows, OFFSETS[name])
    if name in PATTERNS:
        kept = query_positions(layer)[rows]
        return len(np.intersect1d(pattern_cells(PATTERNS[name], tuple(layer.key_tokens))[0], kept))
    if name == "first_token" and layer.kind == "self":
        rows = rows & (query_positions(layer) > 0)
    return int(rows.sum())


def num_with_neighbour(layer: LayerAttention, rows: NDArray[np.bool_], offset: int) -> int:
    """How many of the rows have a key at an offset from their own position that is no padding."""
    if has_grid(layer):
        rows = rows & plain_positions(layer, "query")
    keys = query_positions(layer)[rows] + offset
    keys = keys[(keys >= 0) & (keys < layer.num_keys)]
    if has_grid(layer):
        keys = keys[plain_positions(layer, "key")[keys]]
    padded = padding_flags(layer.key_tokens)
    return len(keys) if padded is None else int((~padded[keys]).sum())
