"""One number per head and row, gathered while rows come in blocks → the metrics and faults of a layer.

What a metric is a mean of is linear in a row's weights, so that whoever has the rows a block at a time, on whatever
device, can hand on these numbers alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn.measuring.faults import SUM_TOLERANCE, differing_fault, fault
from tensorboard_plugin_attn.measuring.head_metrics import METRICS, mean, query_positions, undefined
from tensorboard_plugin_attn.measuring.token_patterns import padding_flags
from tensorboard_plugin_attn.record.blocks import visible_counts
from tensorboard_plugin_attn.record.layer import LayerAttention

__all__ = ["Questions", "RowStats", "faults_of_rows", "metrics_of_rows", "questions_of"]

Floats = NDArray[np.float32]  # [head, query]


@dataclass(frozen=True)
class Questions:
    """What is to be gathered of each row; all of it numpy.

    ``special``: bool ``[key]``, the keys whose weights are summed, None: there are none; ``numbers``: of each key's
    token, equal where tokens are, None where query i and key i are not the same token; ``thumbnail``, ``overview``:
    how many queries and keys a cell of the picture covers, None: no picture; ``codes``: whether to give uint8 codes.
    """

    special: NDArray[np.bool_] | None = None
    numbers: NDArray[np.int64] | None = None
    thumbnail: tuple[int, int] | None = None
    overview: tuple[int, int] | None = None
    codes: bool = False


@dataclass(frozen=True)
class RowStats:
    """Float32 ``[head, query]`` each, of rows that sum to 1.

    ``negentropy``: Σ A ln A; ``distance``: Σ A·|i − j|; ``place``: Σ A·j; ``offsets``: ``A[i, i + o]`` for −1, 0 and
    1, 0 where there is no such key; ``earlier``, ``after``: masses on earlier occurrences of the token and on the keys
    behind them; ``score``: the largest one; ``error``: how far weights · values are from the output.
    Pictures ``[head, height, width]`` are maxima of weights.
    """

    largest: Floats
    negentropy: Floats
    total: Floats
    distance: Floats
    place: Floats
    offsets: dict[int, Floats]
    first: Floats
    special: Floats | None
    earlier: Floats | None
    after: Floats | None
    score: Floats
    lse: Floats
    thumbnail: Floats | None = None
    overview: Floats | None = None
    codes: NDArray[np.uint8] | None = None
    error: Floats | None = None
    budget: float = 0.0


def questions_of(layer: LayerAttention, **pictures: Any) -> Questions:
    """What to gather of a labelled layer without weights."""
    numbers = None
    if layer.kind == "self" and layer.num_queries == layer.num_keys:
        known: dict[str, int] = {}
        numbers = np.array([known.setdefault(token, len(known)) for token in layer.key_tokens])
    return Questions(layer.key_special if layer.key_special.any() else None, numbers, **pictures)


def metrics_of_rows(
    layer: LayerAttention, stats: RowStats, names: Mapping[str, Any]
) -> dict[str, NDArray[np.float32]]:
    """Built-in metrics, name → float32 ``[head]``; those that are not in ``names`` are left out."""
    rows, counts = rows_and_counts(layer)
    return {
        name: np.asarray(BY_ROWS[name](layer, stats, rows, counts), np.float32)
        for name, function in names.items()
        if METRICS.get(name) is function
    }


def rows_and_counts(layer: LayerAttention) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Which rows see more than one key and are no padding, and how many keys each sees."""
    counts = visible_counts(layer)
    padded = padding_flags(layer.query_tokens)
    rows = counts > 1
    return (rows if padded is None else rows & ~padded), counts


Rows = NDArray[np.bool_]
ByRows = Callable[[LayerAttention, RowStats, Rows, NDArray[np.int64]], Any]


def mean_of(name: str) -> ByRows:
    """The mean over rows of one of the numbers."""
    return lambda layer, stats, rows, counts: mean(getattr(stats, name)[:, rows])


def entropy(layer: LayerAttention, stats: RowStats, rows: Rows, counts: NDArray[np.int64]) -> Any:
    """See ``head_metrics.entropy``."""
    return mean(-stats.negentropy[:, rows] / np.log(counts[rows]))


def mean_distance(layer: LayerAttention, stats: RowStats, rows: Rows, counts: NDArray[np.int64]) -> Any:
    """See ``head_metrics.mean_distance``."""
    if layer.kind == "cross" or not rows.any():
        return undefined(layer)
    return stats.distance[:, rows].sum(1, dtype=np.float64) / stats.total[:, rows].sum(1, dtype=np.float64)


def offset(by: int) -> ByRows:
    """See ``head_metrics.offset_mass``."""

    def mass(layer: LayerAttention, stats: RowStats, rows: Rows, counts: NDArray[np.int64]) -> Any:
        if layer.kind == "cross":
            return undefined(layer)
        keys = query_positions(layer) + by
        inside = rows & (keys >= 0) & (keys < layer.num_keys)
        padded = padding_flags(layer.key_tokens)
        if padded is not None:
            inside &= ~padded[np.clip(keys, 0, layer.num_keys - 1)]
        return mean(stats.offsets[by][:, inside])

    return mass


def first_token(layer: LayerAttention, stats: RowStats, rows: Rows, counts: NDArray[np.int64]) -> Any:
    """See ``head_metrics.first_token``."""
    return mean(stats.first[:, rows & (query_positions(layer) > 0) if layer.kind == "self" else rows])


def special_tokens(layer: LayerAttention, stats: RowStats, rows: Rows, counts: NDArray[np.int64]) -> Any:
    """See ``head_metrics.special_tokens``."""
    return undefined(layer) if stats.special is None else mean(stats.special[:, rows])


def pattern(name: str) -> ByRows:
    """See ``head_metrics.pattern_mass``."""

    def mass(layer: LayerAttention, stats: RowStats, rows: Rows, counts: NDArray[np.int64]) -> Any:
        found = getattr(stats, name)
        if found is None:
            return undefined(layer)
        first = {token: place for place, token in reversed(list(enumerate(layer.key_tokens)))}
        again = np.array([first[token] < place for place, token in enumerate(layer.key_tokens)])
        return mean(found[:, rows & again])

    return mass


def max_score(layer: LayerAttention, stats: RowStats, rows: Rows, counts: NDArray[np.int64]) -> Any:
    """See ``head_metrics.max_score``."""
    return stats.score.max(axis=1)


def diagonality(layer: LayerAttention, stats: RowStats, rows: Rows, counts: NDArray[np.int64]) -> Any:
    """See ``head_metrics.diagonality``."""
    if layer.kind != "cross" or layer.num_queries < 2 or layer.num_keys < 2:
        return undefined(layer)
    expected = np.linspace(0, 1, layer.num_queries, dtype=np.float32)
    return mean((1 - np.abs(stats.place / (layer.num_keys - 1) - expected))[:, rows])


def focus_rate(layer: LayerAttention, stats: RowStats, rows: Rows, counts: NDArray[np.int64]) -> Any:
    """See ``head_metrics.focus_rate``."""
    return mean(stats.largest[:, rows]) if layer.kind == "cross" else undefined(layer)


BY_ROWS: dict[str, ByRows] = {
    "entropy": entropy,
    "mean_distance": mean_distance,
    "confidence": mean_of("largest"),
    "previous_token": offset(-1),
    "same_token": offset(0),
    "next_token": offset(1),
    "first_token": first_token,
    "special_tokens": special_tokens,
    "duplicate_token": pattern("earlier"),
    "induction": pattern("after"),
    "max_score": max_score,
    "diagonality": diagonality,
    "focus_rate": focus_rate,
    "sink": lambda layer, stats, rows, counts: undefined(layer),
}


def faults_of_rows(layer: LayerAttention, stats: RowStats) -> list[dict[str, Any]]:
    """As ``layer_faults``; weight on masked keys cannot be, as the rows are made under the mask that is named."""
    broken = np.asarray(np.isnan(stats.total).any(axis=1))
    off = np.abs(np.nan_to_num(stats.total, nan=1.0) - 1).max(axis=1)
    found = [
        differing_fault(layer),
        fault("nan", broken, None),
        fault("row_sum", np.asarray(off > SUM_TOLERANCE), None),
    ]
    return [each for each in found if each["heads"]]
