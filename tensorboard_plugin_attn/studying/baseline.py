"""A record's header → what each metric would be if every query looked at all its keys alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn.encoding.decode import read_axes
from tensorboard_plugin_attn.encoding.header import Header, LayerEntry
from tensorboard_plugin_attn.measuring.faults import hidden_keys
from tensorboard_plugin_attn.measuring.grids import GRID_METRICS
from tensorboard_plugin_attn.measuring.head_metrics import CHANGES, METRICS
from tensorboard_plugin_attn.measuring.token_pairs import Pair
from tensorboard_plugin_attn.record.layer import LayerAttention
from tensorboard_plugin_attn.record.tokens import TokenAxes

__all__ = ["uniform_baseline"]

MOST_CELLS = 4 << 20  # of one head's [query, key]: beyond, a longer text would take seconds
UNKNOWN = ("max_score", *CHANGES)


def uniform_baseline(header: Header, names: Sequence[str]) -> NDArray[np.float32]:
    """``[layer, metric]``; NaN for metrics that uniform weights say nothing of, and under an irregular mask."""
    axes = read_axes(header)
    pairs: dict[tuple[str, ...], Pair] = {
        (each.name, *each.axes): Pair(each.queries, each.keys) for each in header.track
    }
    baseline = np.full((len(header.layers), len(names)), np.nan, np.float32)
    known: dict[tuple[Any, ...], NDArray[np.float32]] = {}
    for number, entry in enumerate(header.layers):
        kind = (entry.kind, entry.mask, entry.queries, entry.keys, *entry.lists)
        if kind not in known:
            layer = uniform_layer(entry, axes)
            known[kind] = np.array(
                [np.nan if layer is None else measure(layer, name, pairs, entry.lists) for name in names]
            )
        baseline[number] = known[kind]
    return baseline


def uniform_layer(entry: LayerEntry, axes: TokenAxes) -> LayerAttention | None:
    """One head that spreads over the keys its mask shows; None where those are not known."""
    queries, keys = entry.queries, entry.keys
    if entry.mask == "other" or queries * keys > MOST_CELLS:
        return None
    layer = LayerAttention(np.ones((1, queries, keys), np.float32), kind=entry.kind, mask=entry.mask)
    hidden = hidden_keys(layer)
    if hidden is not None:
        layer.weights[:, hidden] = 0
    layer.weights /= np.maximum(layer.weights.sum(axis=-1, keepdims=True), 1)
    layer.stack, layer.lists = entry.stack, entry.lists
    axes.name_axes(layer)
    return layer


def measure(
    layer: LayerAttention, name: str, pairs: dict[tuple[str, ...], Pair], axes: tuple[Any, ...]
) -> float:
    """One metric of the one uniform head."""
    metric = {**METRICS, **GRID_METRICS}.get(name)
    if metric is not None and name not in UNKNOWN:
        return float(metric(layer)[0])
    pair = pairs.get((name, *axes))
    return float("nan") if pair is None else float(pair.mass(layer)[0])
