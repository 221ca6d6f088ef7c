"""A layer that comes as blocks of rows → its encoded form, of one pass over them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn.encoding.codes import MAX_ERROR, pool_thumbnail, pool_width, thumbnail_shape
from tensorboard_plugin_attn.encoding.layer import (
    VECTORS,
    EncodedLayer,
    encode_vectors,
    header_entry,
    maxima_of,
    only_rows,
)
from tensorboard_plugin_attn.encoding.overview import LONG, SIDE, encode_log2, width_of
from tensorboard_plugin_attn.measuring.grids import GRID_METRICS, has_grid
from tensorboard_plugin_attn.measuring.head_groups import WHOLE_BYTES, head_groups, whole_bytes
from tensorboard_plugin_attn.measuring.head_metrics import Metric, compute_metrics
from tensorboard_plugin_attn.measuring.row_stats import (
    CodeTaker,
    RowStats,
    WholeCodes,
    counted_keys,
    faults_of_rows,
    metrics_of_rows,
    questions_of,
)
from tensorboard_plugin_attn.record.blocks import layer_rows
from tensorboard_plugin_attn.record.layer import LayerAttention
from tensorboard_plugin_attn.record.tokens import TokenAxes
from tensorboard_plugin_attn.warn import tell

__all__ = ["MOST_REBUILD_ERROR", "encode_streamed", "measure_rebuilding"]

MOST_REBUILD_ERROR = MAX_ERROR / 2


def measure_rebuilding(layer: LayerAttention) -> None:
    """Set ``rebuild_error``: of the first, the middle and the last row, all heads."""
    last = layer.num_queries - 1
    rows = np.array(sorted({0, last // 2, last}))
    exact = layer.blocks.weights_at(rows)
    rebuilt = np.stack([layer_rows(from_vectors(layer), head, rows) for head in range(layer.num_heads)])
    if layer.blocks.sinks is not None:  # they take their share of both
        rebuilt *= exact.sum(-1, keepdims=True)
    layer.rebuild_error = float(np.abs(rebuilt - exact).max())


def from_vectors(layer: LayerAttention) -> LayerAttention:
    """The layer as query and key alone."""
    bare: LayerAttention[Any] = copy(layer)
    bare.weights, bare.blocks, bare.lse, bare.sink = None, None, None, None
    return bare


def encode_streamed(
    layer: LayerAttention,
    axes: TokenAxes,
    metrics: Mapping[str, Metric],
    precision: str,
    *,
    source: str,
    picture: bool = True,
    moved: bool = False,
    rows: NDArray[np.int64] | None = None,
    check: Callable[[RowStats], None] = lambda stats: None,
    codes_to: CodeTaker | None = None,
    noted: NDArray[np.int64] | None = None,
    scratch: dict[Any, Any] | None = None,
) -> EncodedLayer:
    """A labelled layer with ``blocks`` → its encoded form, as ``encode_layer`` of its weights would give it.

    ``source``: ``"codes"``, ``"vectors"`` or ``"left_out"``. Codes in floats are taken from the whole layer. ``moved``:
    whether contributions will be asked for; ``rows``: those whose codes are kept, None: all; ``check`` may refuse what
    was measured; ``codes_to``: who gets the codes, None: the result; ``noted``, ``scratch``: see ``Questions``.
    """
    queries, keys = layer.num_queries, layer.num_keys
    shape = thumbnail_shape(queries, keys)
    # where such codes do not stay, the overview is made of them
    is_pooled = source == "codes" and rows is None and precision == "uint8"
    long = picture and max(queries, keys) > LONG and not is_pooled
    whole = (
        WholeCodes(layer.shape) if source == "codes" and precision == "uint8" and codes_to is None else None
    )
    taker = whole if codes_to is None else codes_to
    questions = questions_of(
        layer,
        thumbnail=(pool_width(queries), pool_width(keys)) if picture else None,
        overview=(width_of(queries, SIDE), width_of(keys, SIDE)) if long else None,
        codes=taker,
        code_rows=rows,
        noted=noted,
        scratch={} if scratch is None else scratch,
        moved=moved and layer.blocks.value_norm is not None and not has_grid(layer),
    )
    stats = layer.blocks.measure(questions)
    check(stats)
    take_in(layer, stats)
    codes: NDArray[Any] | None = None if whole is None else whole.codes
    row_max = stats.largest if source == "codes" else None
    if source == "codes" and taker is None:
        codes = layer.blocks.whole().astype(precision)
        row_max = stats.largest if rows is None else only_rows(codes, stats.largest, rows)
    elif row_max is not None and rows is not None:
        row_max = maxima_of(row_max, rows)
    values = streamed_metrics(layer, metrics, stats)
    vectors = kept_vectors(layer, source)
    return EncodedLayer(
        entry=replace(
            header_entry(layer, axes, shape),
            source=source,
            vectors="query" in vectors,
            value_norm_of=layer.value_norm_of if "value_norm" in vectors else None,
        ),
        metrics=values,
        thumbnail=np.empty((0, *shape), np.uint8) if stats.thumbnail is None else shades(stats.thumbnail),
        codes=codes,
        row_max=row_max,
        vectors=vectors,
        faults=faults_of_rows(layer, stats),
        overview=None if stats.overview is None else np.stack([encode_log2(head) for head in stats.overview]),
        kept_rows=None if rows is None or source != "codes" else len(rows),
        noted=None if noted is None or stats.noted is None else (noted, stats.noted),
    )


def take_in(layer: LayerAttention, stats: RowStats) -> None:
    """Give a layer what was found in passing."""
    layer.lse = stats.lse if layer.lse is None else layer.lse
    layer.sink = stats.sink if layer.sink is None else layer.sink
    layer.row_counts = counted_keys(layer, stats)
    if stats.error is not None:
        errors = stats.error.max(axis=1)
        layer.output_error = float(errors.max())
        layer.differing_heads = np.flatnonzero(errors > stats.budget).tolist()


def kept_vectors(layer: LayerAttention, source: str) -> dict[str, tuple[str, NDArray[Any]]]:
    """What lies beside codes or in their place; query and key beside codes only where they were asked for."""
    if source == "left_out":
        return {}
    beside = ("bias", "sink", "value_norm", *(("query", "key") if layer.blocks.keeps_vectors else ()))
    return encode_vectors(layer, source, VECTORS if source == "vectors" else beside)


def shades(pooled: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Maxima of cells → shades of a thumbnail, which are no further pooled as they are at most 64 a side."""
    return pool_thumbnail(pooled)


def streamed_metrics(
    layer: LayerAttention, metrics: Mapping[str, Metric], stats: RowStats
) -> NDArray[np.float32]:
    """Float32 ``[head, metric]``: of the rows' numbers; on a grid of the maps of some heads at a time; and users' own of
    the whole layer, where that is not too large."""
    values = np.full((layer.num_heads, len(metrics)), np.nan, np.float32)
    known = metrics_of_rows(layer, stats, metrics)
    own = {
        name: each
        for name, each in metrics.items()
        if name not in known and GRID_METRICS.get(name) is not each
    }
    if has_grid(layer) or len(known) + len(own) < len(metrics):
        known = {**known, **grid_values(layer, metrics, own)}
    size = whole_bytes(layer)
    if own and size <= WHOLE_BYTES:
        whole = copy(layer)
        whole.weights, whole.blocks = layer.blocks.whole(), None
        known = {**known, **dict(zip(own, compute_metrics(whole, own).T, strict=True))}
    elif own:
        tell(
            f"metrics {list(own)} are NaN for layer {layer.name!r}: its weights take {size >> 20} MiB, and a metric of "
            f"your own is given at most {WHOLE_BYTES >> 20} MiB of a layer; log fewer heads=, or a shorter text"
        )
    for column, name in enumerate(metrics):
        if name in known:
            values[:, column] = known[name]
    return values


def grid_values(
    layer: LayerAttention, metrics: Mapping[str, Metric], own: Mapping[str, Metric]
) -> dict[str, NDArray[np.float32]]:
    """The built-in metrics of a layer with images or sounds, whose neighbours are not the positions beside them."""
    ours = {name: each for name, each in metrics.items() if name not in own}
    values = np.full((layer.num_heads, len(ours)), np.nan, np.float32)
    for some, part in head_groups(layer):
        values[some] = compute_metrics(part, ours)
    if whole_bytes(layer) // layer.num_heads > WHOLE_BYTES:
        tell(
            f"metrics of layer {layer.name!r} are NaN: one head's weights take "
            f"{whole_bytes(layer) // layer.num_heads >> 20} MiB, and those of images are taken from at most "
            f"{WHOLE_BYTES >> 20} MiB"
        )
    return dict(zip(ours, values.T, strict=True))
