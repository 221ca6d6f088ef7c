"""The attention of one layer → one number per head and metric.

``A[i, j]`` is the weight of query i on key j. Only rows with more than one visible key count: the first row of
a causal layer always has weight 1 on itself and would make every head look sharp. NaN: the metric is not
defined for this layer, such as the previous token in cross-attention, or among the patches of an image. Where a sink takes part of a row, all metrics
but its own are over the keys alone: rows divided by their sum.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from functools import lru_cache
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn.errors import InvalidRecordError
from tensorboard_plugin_attn.measuring.cell_metrics import CELL_METRICS, cell_metrics
from tensorboard_plugin_attn.measuring.grids import GRID_METRICS, cell_distance, has_grid, plain_positions
from tensorboard_plugin_attn.measuring.token_patterns import (
    after_earlier_occurrences,
    earlier_occurrences,
    padding_flags,
)
from tensorboard_plugin_attn.record.blocks import visible_counts
from tensorboard_plugin_attn.record.layer import LayerAttention
from tensorboard_plugin_attn.warn import tell

__all__ = [
    "CHANGES",
    "METRICS",
    "Metric",
    "causal_lengths",
    "choose_changes",
    "choose_metrics",
    "compute_metrics",
    "informative_rows",
    "log",
    "mean",
    "query_positions",
    "select_rows",
    "sum_of_x_log_x",
    "undefined",
    "visible_lengths",
    "x_log_x_sums",
]

Heads = NDArray[Any]  # float [head]
Metric = Callable[[LayerAttention], Any]
Pattern = Callable[[Sequence[str]], NDArray[np.bool_]]  # tokens → cells [query, key]


def entropy(layer: LayerAttention) -> Heads:
    """Mean over rows of −Σ A ln A / ln n, n = visible keys: 0 = one key, 1 = uniform (Clark et al. 2019)."""
    rows, counts = informative_rows(layer)
    sums, _ = x_log_x_sums(layer, select_rows(layer.weights, rows))
    return mean(-sums / np.log(counts[rows]))


def mean_distance(layer: LayerAttention) -> Heads:
    """Σ A·|i−j| / Σ A, in tokens (Vig & Belinkov 2019); on a grid between the centres of patches, in patches."""
    if has_grid(layer):
        return cell_distance(layer)
    rows, _ = informative_rows(layer)
    if layer.kind == "cross" or not rows.any():
        return undefined(layer)
    positions = np.arange(layer.num_keys)
    distance = np.abs(query_positions(layer)[rows, None] - positions).astype(np.float32)
    weights = select_rows(layer.weights, rows).reshape(layer.num_heads, -1)
    total: Heads = weights.sum(axis=1)
    distances: Heads = weights @ distance.ravel()
    return np.where(total > 0, distances / np.where(total > 0, total, 1), np.nan).astype(np.float32)


def confidence(layer: LayerAttention) -> Heads:
    """Mean over rows of the largest weight (Voita et al. 2019)."""
    rows, _ = informative_rows(layer)
    return mean(select_rows(layer.weights, rows).max(axis=-1))


def previous_token(layer: LayerAttention) -> Heads:
    """Mean of A[i, i−1] (Clark et al. 2019, divided by the rows that have one)."""
    return offset_mass(layer, -1)


def same_token(layer: LayerAttention) -> Heads:
    """Mean of A[i, i]."""
    return offset_mass(layer, 0)


def next_token(layer: LayerAttention) -> Heads:
    """Mean of A[i, i+1]."""
    return offset_mass(layer, 1)


def first_token(layer: LayerAttention) -> Heads:
    """Mean over i ≥ 1 of A[i, 0], the attention sink (Xiao et al. 2023)."""
    if has_grid(layer) and not plain_positions(layer, "key")[0]:
        return undefined(layer)
    rows, _ = informative_rows(layer)
    if layer.kind == "self":
        rows &= query_positions(layer) > 0
    return mean(layer.weights[:, rows, 0])


def special_tokens(layer: LayerAttention) -> Heads:
    """Mean of Σ A[i, j] over the special tokens j (Clark et al. 2019)."""
    if not layer.key_special.any():
        return undefined(layer)
    rows, _ = informative_rows(layer)
    return mean(select_rows(layer.weights, rows) @ layer.key_special.astype(np.float32))


def duplicate_token(layer: LayerAttention) -> Heads:
    """Mean of Σ A[i, j] over earlier occurrences j of token i, over the rows that have one (Wang et al. 2022)."""
    return pattern_mass(layer, earlier_occurrences)


def induction(layer: LayerAttention) -> Heads:
    """Mean of Σ A[i, p+1] over earlier occurrences p of token i: prefix matching (Olsson et al. 2022)."""
    return pattern_mass(layer, after_earlier_occurrences)


def max_score(layer: LayerAttention) -> Heads:
    """Largest score ``scale · q·k + bias`` over visible keys, before softmax (S_max of Kimi K2, 2025)."""
    if layer.max_score is not None:
        known: Heads = np.where(np.isneginf(layer.max_score), np.float32(np.nan), layer.max_score)
        return known
    if layer.query is None or layer.key is None:
        return undefined(layer)
    key = np.repeat(layer.key, layer.num_heads // layer.num_kv_heads, axis=0).astype(np.float32)
    scores = layer.query.astype(np.float32) @ key.transpose(0, 2, 1)
    scores *= layer.query.shape[-1] ** -0.5 if layer.scale is None else layer.scale
    if layer.bias is not None:
        scores += layer.bias
    visible = layer.weights.max(axis=0) > 0
    if layer.mask == "causal":
        visible = np.tril(np.ones_like(visible))
    largest: Heads = np.where(visible, scores, np.float32(-np.inf)).max(axis=(1, 2))
    return largest


def diagonality(layer: LayerAttention) -> Heads:
    """Cross-attention: 1 − mean |i/(I−1) − Σ_j A·j/(J−1)|; 1 = weights run along the diagonal."""
    if (
        layer.kind != "cross"
        or layer.num_queries < 2
        or layer.num_keys < 2
        or layer.query_numbers is not None
    ):
        return undefined(layer)  # how long the whole query axis is, some of its queries do not say
    rows, _ = informative_rows(layer)
    centre = layer.weights @ np.linspace(0, 1, layer.num_keys, dtype=np.float32)
    expected = np.linspace(0, 1, layer.num_queries, dtype=np.float32)
    return mean((1 - np.abs(centre - expected))[:, rows])


def focus_rate(layer: LayerAttention) -> Heads:
    """Cross-attention: mean over queries of the largest weight; 1 = each query looks at one key."""
    return confidence(layer) if layer.kind == "cross" else undefined(layer)


def sink(layer: LayerAttention) -> Heads:
    """Mean share of a row that goes to no key, such as a learned sink's (gpt-oss 2025; Miller 2023); NaN without one."""
    if layer.sink is None:
        return undefined(layer)
    rows, _ = informative_rows(layer)
    return mean(np.asarray(layer.sink, np.float32)[:, rows])


METRICS: dict[str, Metric] = {
    function.__name__: function
    for function in (
        entropy,
        mean_distance,
        confidence,
        previous_token,
        same_token,
        next_token,
        first_token,
        special_tokens,
        duplicate_token,
        induction,
        max_score,
        diagonality,
        focus_rate,
        sink,
    )
}


CHANGES = ("change_previous", "change_first")  # they need an earlier record too: see change.py


def choose_changes(metrics: str | Sequence[str] | Mapping[str, Metric]) -> list[str]:
    """Which of ``CHANGES`` are among the chosen metrics: all, unless names say otherwise."""
    if metrics == "all" or isinstance(metrics, Mapping):
        return list(CHANGES)
    names = [metrics] if isinstance(metrics, str) else list(metrics)
    return [name for name in CHANGES if name in names]


def choose_metrics(
    metrics: str | Sequence[str] | Mapping[str, Metric], twins: Sequence[str] = ()
) -> dict[str, Metric]:
    """``"all"``, names, or a dict of your own functions, which come after the built-in ones; less ``CHANGES``.

    ``twins``: names that are known and measured elsewhere.

    Raises:
        InvalidRecordError: a name is unknown.
    """
    if isinstance(metrics, Mapping):
        return {**METRICS, **metrics}
    names = list(METRICS) if metrics == "all" else [metrics] if isinstance(metrics, str) else list(metrics)
    known = {**METRICS, **GRID_METRICS}
    unknown = [name for name in names if name not in known and name not in CHANGES and name not in twins]
    if unknown:
        every = ", ".join([*known, *CHANGES, *twins])
        raise InvalidRecordError(f"unknown metrics {unknown}; known: {every}, or pass a dict name → function")
    return {name: known[name] for name in names if name in known}


def compute_metrics(
    layer: LayerAttention, metrics: Mapping[str, Metric], maxima: NDArray[np.float32] | None = None
) -> NDArray[np.float32]:
    """Float32 ``[head, metric]``. A function that fails gives NaN and a warning, and never stops training.

    ``maxima``: the largest weight of each row, ``[head, query]``, if known.
    """
    values = np.full((layer.num_heads, len(metrics)), np.nan, np.float32)
    keys_alone = over_keys(layer)
    known = {} if CELL_METRICS.isdisjoint(metrics) else cell_metrics(layer, maxima)
    for column, (name, function) in enumerate(metrics.items()):
        try:
            is_ours = function in (METRICS.get(name), GRID_METRICS.get(name))
            if METRICS.get(name) is function and name in known:
                values[:, column] = known[name]
                continue
            given = keys_alone if is_ours else layer
            values[:, column] = np.asarray(function(given), np.float32)
        except Exception as error:  # noqa: BLE001 a user's function may raise anything, and training goes on
            tell(f"metric {name!r} failed on layer {layer.name!r}: {error!r}")
    return values


def over_keys(layer: LayerAttention) -> LayerAttention:
    """The layer, rows from which a sink takes a share divided by their sum."""
    if layer.sink is None:
        return layer
    sums = layer.weights.sum(-1, keepdims=True)
    result = copy(layer)
    result.weights = np.divide(layer.weights, sums, out=np.zeros_like(layer.weights), where=sums > 0)
    return result


def query_positions(layer: LayerAttention) -> NDArray[np.int64]:
    """Where each query stands among the keys: with keys before them, such as virtual tokens, they are the last ones.

    Where only some queries were kept, their own positions.
    """
    if layer.query_numbers is not None:
        return np.array(layer.query_numbers)
    before = max(layer.num_keys - layer.num_queries, 0) if layer.kind == "self" else 0
    return np.arange(layer.num_queries) + before


def informative_rows(layer: LayerAttention) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Which rows see more than one key and are no padding, and how many keys each row sees."""
    queries, keys = layer.num_queries, layer.num_keys
    padded_rows = padding_flags(getattr(layer, "query_tokens", ()))
    is_plain = padded_rows is None and padding_flags(getattr(layer, "key_tokens", ())) is None
    if (
        is_plain
        and layer.weights is not None
        and layer.mask in ("full", "causal")
        and layer.query_numbers is None
    ):
        rows, counts = rows_of_mask(queries, keys, layer.mask)
        return rows.copy(), counts.copy()
    if layer.weights is None:
        counts = visible_counts(layer)
    elif layer.mask not in ("full", "causal"):
        counts = np.count_nonzero(layer.weights.max(axis=0) > 0, axis=1)
    else:
        visible = visible_keys(layer, padded_rows)
        seen = np.full(queries, keys) if layer.mask == "full" else visible_lengths(layer)
        counts = np.concatenate([[0], np.cumsum(visible)])[seen]
    rows = counts > 1
    if padded_rows is not None:
        rows &= ~padded_rows
    return rows, counts


@lru_cache(maxsize=8)
def rows_of_mask(queries: int, keys: int, mask: str) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """As ``informative_rows``, where nothing is padding and all queries are there."""
    counts = np.full(queries, keys) if mask == "full" else causal_lengths(queries, keys)
    return counts > 1, counts


def visible_keys(layer: LayerAttention, padded_rows: NDArray[np.bool_] | None) -> NDArray[np.bool_]:
    """All keys but the padding that no real query looks at."""
    padded = padding_flags(getattr(layer, "key_tokens", ()))
    if padded is None:
        return np.ones(layer.num_keys, bool)
    rows = slice(None) if padded_rows is None else ~padded_rows
    attended: NDArray[np.bool_] = layer.weights[:, rows].max(axis=(0, 1)) > 0
    return ~padded | attended


def visible_lengths(layer: LayerAttention) -> NDArray[np.int64]:
    """How many keys each query of a causal layer sees."""
    if layer.query_numbers is None:
        return causal_lengths(layer.num_queries, layer.num_keys)
    return np.minimum(query_positions(layer) + 1, layer.num_keys)


def causal_lengths(queries: int, keys: int) -> NDArray[np.int64]:
    """How many keys each query sees under a causal mask; the last query sees the last key."""
    lengths: NDArray[np.int64] = np.minimum(np.arange(1, queries + 1) + max(keys - queries, 0), keys)
    return lengths


def select_rows(weights: NDArray[Any], rows: NDArray[np.bool_]) -> NDArray[Any]:
    """``weights[:, rows]``, as a view where the rows are neighbours."""
    if rows.all():
        return weights
    chosen = np.flatnonzero(rows)
    if len(chosen) and chosen[-1] - chosen[0] + 1 == len(chosen):
        return weights[:, chosen[0] : chosen[-1] + 1]
    return weights[:, chosen]


def offset_mass(layer: LayerAttention, offset: int) -> Heads:
    """Mean of A[i, i+offset] over the informative rows that have such a key."""
    if layer.kind == "cross":
        return undefined(layer)
    rows, _ = informative_rows(layer)
    queries = np.flatnonzero(rows)
    keys = query_positions(layer)[queries] + offset
    inside = (keys >= 0) & (keys < layer.num_keys)
    if has_grid(layer):  # the next in the order of rows is no neighbour
        inside &= plain_positions(layer, "query")[queries]
        inside &= plain_positions(layer, "key")[np.clip(keys, 0, layer.num_keys - 1)]
    padded = padding_flags(getattr(layer, "key_tokens", ()))
    if padded is not None:
        inside &= ~padded[np.clip(keys, 0, layer.num_keys - 1)]
    return mean(layer.weights[:, queries[inside], keys[inside]])


def pattern_mass(layer: LayerAttention, pattern: Pattern) -> Heads:
    """Mean of Σ A[i, j] over the pattern's cells, over the rows that have one."""
    if layer.kind == "cross" or (layer.query_numbers is None and layer.num_queries != layer.num_keys):
        return undefined(layer)
    queries, keys = pattern_cells(pattern, tuple(layer.key_tokens))
    if layer.query_numbers is not None:
        positions, row_of = query_positions(layer), np.full(layer.num_keys, -1)
        row_of[positions] = np.arange(len(positions))
        kept = row_of[queries] >= 0
        queries, keys = row_of[queries][kept], keys[kept]
        order = np.argsort(queries, kind="stable")
        queries, keys = queries[order], keys[order]
    inside = informative_rows(layer)[0][queries]
    if has_grid(layer):  # the placeholders of an image are all alike, and no text
        inside &= plain_positions(layer, "query")[queries] & plain_positions(layer, "key")[keys]
    if not inside.any():
        return undefined(layer)
    queries, keys = queries[inside], keys[inside]
    starts = np.flatnonzero(np.diff(queries, prepend=-1))
    return mean(np.add.reduceat(layer.weights[:, queries, keys], starts, axis=1))


@lru_cache(maxsize=2)  # two patterns, asked for again by every layer of a record
def pattern_cells(pattern: Pattern, tokens: tuple[str, ...]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The queries and keys of a pattern's cells, row by row."""
    queries, keys = np.nonzero(pattern(tokens))
    return queries, keys


Sums = tuple[NDArray[np.float32], NDArray[np.float32] | None]
KEPT: WeakKeyDictionary[LayerAttention, Sums] = WeakKeyDictionary()
TINY = np.finfo(np.float32).tiny


def x_log_x_sums(layer: LayerAttention, weights: NDArray[np.float32]) -> Sums:
    """Σ x ln x over a layer's informative rows, and Σ x ln x · value_norm where that is known, ``[head, row]``; 0 where x is 0.

    A head at a time, in memory that stays in the caches; kept for what else asks.
    """
    kept = KEPT.get(layer)
    if kept is not None and kept[0].shape == weights.shape[:2]:
        return kept
    ones, norm = np.ones(weights.shape[2], np.float32), layer.value_norm
    sums = np.empty(weights.shape[:2], np.float32)
    moved = None if norm is None else np.empty_like(sums)
    terms = np.empty(weights.shape[1:], np.float32)
    for head, own in enumerate(weights):
        np.add(own, TINY, out=terms)
        np.log(terms, out=terms)
        np.multiply(terms, own, out=terms)
        np.matmul(terms, ones, out=sums[head])
        if moved is not None:
            np.matmul(terms, np.asarray(norm[head], np.float32), out=moved[head])
    if moved is not None:
        KEPT[layer] = sums, moved
    return sums, moved


def log(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """ln x, finite where x is 0: the smallest number that is added changes no weight above 2⁻¹⁰²."""
    logs: NDArray[np.float32] = values + TINY
    np.log(logs, out=logs)
    return logs


def sum_of_x_log_x(weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """Σ x ln x over the last axis, 0 where x is 0."""
    total: NDArray[np.float32] = np.einsum("...k,...k->...", weights, log(weights))
    return total


def mean(rows: NDArray[Any]) -> Heads:
    """Mean over the last axis; NaN where it is empty."""
    if rows.shape[-1] == 0:
        return np.full(rows.shape[0], np.nan, np.float32)
    means: Heads = rows.mean(axis=-1, dtype=np.float32)
    return means


def undefined(layer: LayerAttention) -> Heads:
    """NaN for every head."""
    return np.full(layer.num_heads, np.nan, np.float32)
