"""The metrics of a layer of which only some queries are here ⇄ the weight of each in the metrics of the whole.

A metric of the whole is ``Σ value · weight / Σ weight`` over the parts; of the largest score it is the maximum.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn.measuring.head_metrics import (
    informative_rows,
    later_rows,
    offset_cells,
    rows_of_pattern,
    select_rows,
)
from tensorboard_plugin_attn.measuring.token_patterns import after_earlier_occurrences, earlier_occurrences
from tensorboard_plugin_attn.record.layer import LayerAttention

__all__ = ["merged_metrics", "metric_weights"]

OFFSETS = {"previous_token": -1, "same_token": 0, "next_token": 1}
PATTERNS = {"duplicate_token": earlier_occurrences, "induction": after_earlier_occurrences}
OF_ROWS = ("entropy", "confidence", "special_tokens", "diagonality", "focus_rate", "sink")
MAXIMA = ("max_score",)


def metric_weights(layer: LayerAttention, names: Sequence[str]) -> NDArray[np.float32]:
    """``[head, metric]``: how much the metrics of these queries weigh in those of all; 0: not to be merged."""
    weights = np.zeros((layer.num_heads, len(names)), np.float32)
    for column, name in enumerate(names):
        weights[:, column] = weight_of(layer, name)
    return weights


def weight_of(layer: LayerAttention, name: str) -> NDArray[np.float32] | int:
    """The number of rows, or the sum of weights, behind a metric."""
    rows, _ = informative_rows(layer)
    if name in OF_ROWS:
        return int(rows.sum())
    if name == "first_token":
        return int(later_rows(layer).sum())
    if name in OFFSETS:
        return len(offset_cells(layer, OFFSETS[name])[0])
    if name in PATTERNS:
        return len(set(rows_of_pattern(layer, PATTERNS[name])[0].tolist()))
    if name == "mean_distance":
        total: NDArray[np.float32] = select_rows(layer.weights, rows).sum(axis=(1, 2))
        return total
    return 1 if name in MAXIMA else 0


def merged_metrics(
    values: NDArray[np.float32], weights: NDArray[np.float32], names: Sequence[str]
) -> NDArray[np.float32]:
    """Metrics and weights of all parts ``[part, …, metric]`` → those of the whole ``[…, metric]``.

    NaN where no part has a value, and of metrics that cannot be merged.
    """
    known = ~np.isnan(values) & (weights > 0)
    total = np.where(known, weights, 0).sum(axis=0)
    sums = np.where(known, values * weights, 0).sum(axis=0)
    merged: NDArray[np.float32] = np.where(total > 0, sums / np.where(total > 0, total, 1), np.nan).astype(
        np.float32
    )
    for column in [column for column, name in enumerate(names) if name in MAXIMA]:
        largest = np.where(known[..., column], values[..., column], -np.inf).max(axis=0)
        merged[..., column] = np.where(np.isneginf(largest), np.nan, largest)
    return merged
