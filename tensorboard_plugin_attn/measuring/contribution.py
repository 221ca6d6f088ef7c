"""Weights and the length of each key's value → what each key contributes, and the head metrics of that.

A weight says where a head looks; ``A[i, j] · ‖v_j‖`` by its row's sum says what share of what is moved comes from
there (Kobayashi et al. 2020): a sink has much weight and a short value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn.measuring.grids import has_grid
from tensorboard_plugin_attn.measuring.head_groups import head_groups
from tensorboard_plugin_attn.measuring.head_metrics import (
    Metric,
    compute_metrics,
    entropy,
    first_token,
    informative_rows,
    log,
    mean,
    mean_distance,
    query_positions,
    select_rows,
    special_tokens,
    undefined,
    x_log_x_sums,
)
from tensorboard_plugin_attn.measuring.row_stats import metrics_of_rows, over_moved
from tensorboard_plugin_attn.record.layer import LayerAttention

__all__ = ["CONTRIBUTIONS", "choose_contributions", "contributed", "measure_contributions"]

CONTRIBUTIONS: dict[str, Metric] = {
    f"contribution_{metric.__name__}": metric
    for metric in (entropy, mean_distance, first_token, special_tokens)
}
"""Twins of metrics, over contributions instead of weights."""


def choose_contributions(metrics: str | Sequence[str] | Mapping[str, Metric]) -> list[str]:
    """Which of ``CONTRIBUTIONS`` are among the chosen metrics: all, unless names say otherwise."""
    if metrics == "all" or isinstance(metrics, Mapping):
        return list(CONTRIBUTIONS)
    names = [metrics] if isinstance(metrics, str) else list(metrics)
    return [name for name in CONTRIBUTIONS if name in names]


def contributed(weights: NDArray[np.float32], value_norm: NDArray[np.float32]) -> NDArray[np.float32]:
    """``weights · value_norm`` divided by each row's sum, ``[head, query, key]``; 0 in a row that moves nothing.

    Args:
        weights: ``[head, query, key]``.
        value_norm: ``[head, key]``.
    """
    moved = weights * value_norm[:, None, :]
    sums = moved.sum(-1, keepdims=True)
    shares: NDArray[np.float32] = np.divide(moved, sums, out=np.zeros_like(moved), where=sums > 0)
    return shares


def measure_contributions(layer: LayerAttention, names: Sequence[str]) -> NDArray[np.float32]:
    """``[head, metric]``; NaN where the layer's values, or its weights, are not known."""
    values = np.full((layer.num_heads, len(names)), np.nan, np.float32)
    if layer.value_norm is None or not names:
        return values
    metrics = {name: CONTRIBUTIONS[name] for name in names}
    if layer.weights is not None:
        return contributions_of_weights(layer, metrics)
    if layer.blocks is not None and has_grid(layer):
        for some, part in head_groups(layer):
            values[some] = contributions_of_weights(part, metrics)
        return values
    stats = None if layer.blocks is None or layer.blocks.stats is None else over_moved(layer.blocks.stats)
    if stats is not None:
        twins = {metric.__name__: metric for metric in metrics.values()}
        values[:] = np.stack(list(metrics_of_rows(layer, stats, twins).values()), 1)
    return values


def contributions_of_weights(layer: LayerAttention, metrics: Mapping[str, Metric]) -> NDArray[np.float32]:
    """The same of a layer with its weights."""
    norm = np.asarray(layer.value_norm, np.float32)
    if not has_grid(layer):
        found = fast_contributions(layer, norm)
        return np.stack([found[name] for name in metrics], axis=1)
    moved = copy(layer)
    moved.weights = contributed(layer.weights, norm)
    moved.sink = None
    return compute_metrics(moved, metrics)


def fast_contributions(layer: LayerAttention, norm: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    """The same of a text, without the shares themselves: each row's sums are products with ``norm``, times what is known
    of a key. With ``m = A · norm`` and its row's sum S, the entropy of ``m / S`` is ``ln S − Σ m (ln A + ln norm) / S``.
    """
    rows, counts = informative_rows(layer)
    weights = select_rows(layer.weights, rows)
    positions = np.arange(layer.num_keys, dtype=np.float32)
    has_special = bool(layer.key_special.any())
    whole = weighted(weights, norm)
    _, logs = x_log_x_sums(layer, weights)
    assert logs is not None  # value_norm is known
    logs = logs + weighted(weights, norm * log(norm))
    places = weighted(weights, norm * positions)
    known = whole > 0
    every = bool(known.all())
    safe = whole if every else np.where(known, whole, np.float32(1))
    entropies = (np.log(safe) - logs / safe) / np.log(counts[rows], dtype=np.float32)
    firsts = weights[..., 0] * norm[:, :1] / safe
    if not every:
        entropies, firsts = np.where(known, entropies, 0), np.where(known, firsts, 0)
    at = query_positions(layer)[rows]
    later = at > 0 if layer.kind == "self" else np.ones(len(at), bool)
    return {
        "contribution_entropy": mean(entropies),
        "contribution_mean_distance": moved_distance(layer, weights, norm, at, whole, places),
        "contribution_first_token": mean(firsts if later.all() else firsts[:, later]),
        "contribution_special_tokens": mean(
            np.where(known, weighted(weights, norm * layer.key_special.astype(np.float32)) / safe, 0)
        )
        if has_special
        else undefined(layer),
    }


def weighted(weights: NDArray[np.float32], values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each row's sum of values of its keys, ``[head, query]``: one column at a time, as a product of few columns is slow."""
    sums: NDArray[np.float32] = (weights @ values[..., None])[..., 0]
    return sums


def moved_distance(
    layer: LayerAttention,
    weights: NDArray[np.float32],
    norm: NDArray[np.float32],
    at: NDArray[np.int64],
    whole: NDArray[np.float32],
    places: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Mean over rows of how far what is moved comes from; under a causal mask no key is behind its query."""
    if layer.kind == "cross" or not len(at):
        return undefined(layer)
    if layer.mask == "causal":
        moved = at.astype(np.float32) * whole - places
    else:
        distance = np.abs(at[:, None] - np.arange(layer.num_keys)).astype(np.float32)
        moved = np.stack(
            [(one * distance) @ each for one, each in zip(weights, norm, strict=True)]
        )  # a head at a time: new memory for all costs more than the products
    known = whole > 0
    count = known.sum(axis=1)
    total = np.divide(moved, whole, out=np.zeros_like(moved), where=known).sum(axis=1)
    found: NDArray[np.float32] = np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32)
    return found
