"""A layer that comes as blocks of rows → its encoded form, of one pass over them."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn.encoding.codes import MAX_ERROR, pool_thumbnail, pool_width, thumbnail_shape
from tensorboard_plugin_attn.encoding.layer import EncodedLayer, encode_vectors, header_entry
from tensorboard_plugin_attn.encoding.overview import LONG, SIDE, encode_log, width_of
from tensorboard_plugin_attn.measuring.head_metrics import Metric, compute_metrics
from tensorboard_plugin_attn.measuring.row_stats import faults_of_rows, metrics_of_rows, questions_of
from tensorboard_plugin_attn.record.blocks import rows_of
from tensorboard_plugin_attn.record.layer import LayerAttention
from tensorboard_plugin_attn.record.tokens import TokenAxes
from tensorboard_plugin_attn.warn import tell

__all__ = ["MOST_REBUILD_ERROR", "encode_streamed", "measure_rebuilding"]

MOST_REBUILD_ERROR = MAX_ERROR / 2
OWN_METRIC_BYTES = 256 << 20  # of float32 weights of a layer, which a user's own function is given


def measure_rebuilding(layer: LayerAttention) -> None:
    """Set ``rebuild_error``: of the first, the middle and the last row, all heads."""
    last = layer.num_queries - 1
    rows = np.array(sorted({0, last // 2, last}))
    rebuilt = rows_of(layer, rows)
    exact = np.concatenate([layer.blocks.rows(int(row)) for row in rows], axis=1)
    layer.rebuild_error = float(np.abs(rebuilt - exact).max())


def encode_streamed(
    layer: LayerAttention,
    axes: TokenAxes,
    metrics: Mapping[str, Metric],
    precision: str,
    *,
    source: str,
    picture: bool = True,
) -> EncodedLayer:
    """A labelled layer with ``blocks`` → its encoded form, as ``encode_layer`` of its weights would give it.

    ``source``: ``"codes"``, ``"vectors"`` or ``"left_out"``. Codes in floats are taken from the whole layer.
    """
    queries, keys = layer.num_queries, layer.num_keys
    shape = thumbnail_shape(queries, keys)
    long = picture and max(queries, keys) > LONG
    questions = questions_of(
        layer,
        thumbnail=(pool_width(queries), pool_width(keys)) if picture else None,
        overview=(width_of(queries, SIDE), width_of(keys, SIDE)) if long else None,
        codes=source == "codes" and precision == "uint8",
    )
    stats = layer.blocks.measure(questions)
    layer.lse = stats.lse
    if stats.error is not None:
        errors = stats.error.max(axis=1)
        layer.output_error = float(errors.max())
        layer.differing_heads = np.flatnonzero(errors > stats.budget).tolist()
    codes: NDArray[Any] | None = stats.codes
    if source == "codes" and codes is None:
        codes = layer.blocks.whole().astype(precision)
    values = streamed_metrics(layer, metrics, metrics_of_rows(layer, stats, metrics))
    keeps = source == "vectors" or (source == "codes" and layer.blocks.keeps_vectors)
    vectors = encode_vectors(layer, source) if keeps else {}
    if source != "vectors":
        vectors.pop("lse", None)
    return EncodedLayer(
        entry=replace(header_entry(layer, axes, shape), source=source, vectors="query" in vectors),
        metrics=values,
        thumbnail=np.empty((0, *shape), np.uint8) if stats.thumbnail is None else shades(stats.thumbnail),
        codes=codes,
        row_max=stats.largest if source == "codes" else None,
        vectors=vectors,
        faults=faults_of_rows(layer, stats),
        overview=None if stats.overview is None else encode_log(stats.overview),
    )


def shades(pooled: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Maxima of cells → shades of a thumbnail, which are no further pooled as they are at most 64 a side."""
    return pool_thumbnail(pooled)


def streamed_metrics(
    layer: LayerAttention, metrics: Mapping[str, Metric], known: Mapping[str, NDArray[np.float32]]
) -> NDArray[np.float32]:
    """Float32 ``[head, metric]``: those that are known, and users' own of the whole layer where that is not too large."""
    values = np.full((layer.num_heads, len(metrics)), np.nan, np.float32)
    own = {name: function for name, function in metrics.items() if name not in known}
    size = 4 * prod(layer.shape)
    if own and size <= OWN_METRIC_BYTES:
        whole = copy(layer)
        whole.weights, whole.blocks = layer.blocks.whole(), None
        known = {**known, **dict(zip(own, compute_metrics(whole, own).T, strict=True))}
    elif own:
        tell(
            f"metrics {list(own)} are NaN for layer {layer.name!r}: its weights take {size >> 20} MiB, and a metric of "
            f"your own is given at most {OWN_METRIC_BYTES >> 20} MiB of a layer; log fewer heads=, or a shorter text"
        )
    for column, name in enumerate(metrics):
        if name in known:
            values[:, column] = known[name]
    return values
