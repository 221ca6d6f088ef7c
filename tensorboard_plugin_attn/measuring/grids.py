"""The attention of one layer over the patches of images and the frames of sounds → one number per head and metric.

A' is A among the patches of one image, each row divided by its sum. A metric that asks for a neighbour is a mean over
the patches that have one: a grid's rows do not go on in the next. NaN: no such positions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn.record.layer import LayerAttention
from tensorboard_plugin_attn.record.spans import Places, places_of, span_length
from tensorboard_plugin_attn.record.tokens import TokenAxes

__all__ = [
    "GRID_METRICS",
    "cell_distance",
    "has_grid",
    "num_rows",
    "own_metrics",
    "plain_positions",
]

Heads = NDArray[Any]  # float [head]
Rows = NDArray[Any]  # float [head, query]
Flags = NDArray[np.bool_]
Metric = Callable[[LayerAttention], Heads]
RowsOf = Callable[[LayerAttention], Rows]


def has_grid(layer: LayerAttention) -> bool:
    """Whether there is an image on either axis."""
    return any(span["kind"] == "image" for span in (*layer.query_spans, *layer.key_spans))


def all_positions(layer: LayerAttention) -> NDArray[np.int64]:
    """The position of each query in its own list."""
    return np.arange(layer.num_queries) if layer.query_numbers is None else np.array(layer.query_numbers)


def num_in_list(layer: LayerAttention) -> int:
    """How many positions the list of the queries has."""
    ends = [int(span["start"]) + span_length(span) for span in layer.query_spans]
    return max([layer.num_queries, *(int(at) + 1 for at in all_positions(layer)), *ends])


def query_places(layer: LayerAttention) -> Places:
    """Where each query stands."""
    whole, at = places_of(layer.query_spans, num_in_list(layer)), all_positions(layer)
    return Places(whole.span[at], whole.row[at], whole.col[at], whole.frame[at])


def plain_positions(layer: LayerAttention, axis: str) -> Flags:
    """Which queries, or keys, are text: neither patches nor named positions such as CLS."""
    is_key = axis == "key"
    places = places_of(layer.key_spans, layer.num_keys) if is_key else query_places(layer)
    named = layer.key_named if is_key else layer.query_named
    at = np.arange(layer.num_keys) if is_key else all_positions(layer)
    return (places.span < 0) & ~np.isin(at, list(named))


def span_rows(layer: LayerAttention, kind: str = "image") -> Iterator[tuple[Mapping[str, Any], Flags, slice]]:
    """Of self-attention: each span of a kind, which queries stand in it, and its keys."""
    if layer.kind == "cross":
        return
    at = all_positions(layer)
    for span in layer.key_spans:
        if span["kind"] == kind:
            start, stop = int(span["start"]), int(span["start"]) + span_length(span)
            yield span, (at >= start) & (at < stop), slice(start, stop)


def cell_places(span: Mapping[str, Any]) -> Places:
    """Where the positions of one image span stand, counted from its start."""
    return places_of([{**span, "start": 0}], span_length(span))


def over_spans(
    layer: LayerAttention, values: Callable[..., tuple[Heads, Flags]], kind: str = "image"
) -> Rows:
    """What ``values(span, own, shares)`` gives of the queries of all spans: ``[head, query]``, and which count.

    ``own``: the queries' places in the span; ``shares``: A' ``[head, query, key]``. NaN for a query without any.
    """
    found = []
    for span, own, shares, sums in shares_of(layer, kind):
        each, counts = values(span, own, shares)
        found.append(np.where(sums[..., 0] > 0, each, np.nan)[:, counts])
    return np.concatenate(found, axis=1) if found else np.empty((layer.num_heads, 0), np.float32)


Shares = list[tuple[Mapping[str, Any], NDArray[np.int64], Heads, Heads]]
latest: WeakKeyDictionary[LayerAttention, tuple[Any, str, Shares]] = WeakKeyDictionary()
"""A' of the layer that is being measured, which several metrics ask for one after another."""


def shares_of(layer: LayerAttention, kind: str) -> Shares:
    """Of each span its queries' places in it, A' and the sums by which it was divided."""
    known = latest.get(layer)
    if known is not None and known[0] is layer.weights and known[1] == kind:
        return known[2]
    at, found = all_positions(layer), []
    for span, queries, keys in span_rows(layer, kind):
        weights = layer.weights[:, queries, keys]
        sums = weights.sum(axis=-1, keepdims=True)
        shares = np.divide(weights, sums, out=np.zeros_like(weights), where=sums > 0)
        found.append((span, at[queries] - keys.start, shares, sums))
    latest.clear()
    latest[layer] = layer.weights, kind, found
    return found


def mean_of(rows_of: RowsOf) -> Metric:
    """A value for each query → its mean over the queries that have one, NaN where none has."""

    def metric(layer: LayerAttention) -> Heads:
        rows = rows_of(layer)
        there = ~np.isnan(rows)
        totals, counted = np.where(there, rows, 0).sum(axis=1), there.sum(axis=1)
        means: Heads = np.where(counted > 0, totals / np.maximum(counted, 1), np.nan).astype(np.float32)
        return means

    return metric


def num_rows(layer: LayerAttention, name: str) -> Heads:
    """How many queries a metric of a grid is a mean over, ``[head]``."""
    rows_of = cell_rows if name == "mean_distance" else GRID_ROWS[name]
    counts: Heads = np.asarray(np.count_nonzero(~np.isnan(rows_of(layer)), axis=1), np.float32)
    return counts


def distances(unit: Callable[[Mapping[str, Any]], tuple[float, float]]) -> RowsOf:
    """Mean over patches of Σ A'·√((Δrow·height)² + (Δcolumn·width)²), the height and width of ``unit``."""

    def values(span: Mapping[str, Any], own: NDArray[np.int64], shares: Heads) -> tuple[Heads, Flags]:
        height, width = unit(span)
        places = cell_places(span)
        down = (places.row[own, None] - places.row) * height
        right = (places.col[own, None] - places.col) * width
        apart = np.sqrt(down**2 + right**2).astype(np.float32)
        return np.einsum("hqk,qk->hq", shares, apart), np.full(len(own), height > 0 and width > 0)

    return lambda layer: over_spans(layer, values)


def patch_size(span: Mapping[str, Any]) -> tuple[float, float]:
    """Height and width of a patch in pixels, 0 where they are not known."""
    height, width = span.get("patch", (0.0, 0.0))
    return float(height), float(width)


def neighbour(down: int, right: int) -> RowsOf:
    """Mean of A' from a patch to its neighbour in the same frame, over the patches that have one."""

    def values(span: Mapping[str, Any], own: NDArray[np.int64], shares: Heads) -> tuple[Heads, Flags]:
        places = cell_places(span)
        row, col = places.row[own] + down, places.col[own] + right
        inside = (row >= 0) & (row < span["rows"]) & (col >= 0) & (col < span["cols"])
        cell = np.clip((places.frame[own] * span["rows"] + row) * span["cols"] + col, 0, len(places.row) - 1)
        position_of = np.argsort(
            (places.frame * span["rows"] + places.row) * span["cols"] + places.col, kind="stable"
        )
        return shares[:, np.arange(len(own)), position_of[cell]], inside

    return lambda layer: over_spans(layer, values)


def same(line: str) -> RowsOf:
    """Mean of Σ A' over the other patches of the same row, or column, of the same frame."""

    def values(span: Mapping[str, Any], own: NDArray[np.int64], shares: Heads) -> tuple[Heads, Flags]:
        places = cell_places(span)
        on_line = getattr(places, line)
        cells = (on_line[own, None] == on_line) & (places.frame[own, None] == places.frame)
        cells[np.arange(len(own)), own] = False
        return np.einsum("hqk,qk->hq", shares, cells.astype(np.float32)), cells.any(axis=1)

    return lambda layer: over_spans(layer, values)


def seconds_distance(layer: LayerAttention) -> Rows:
    """Mean over the frames of a sound of Σ A'·|Δ| in seconds."""

    def values(span: Mapping[str, Any], own: NDArray[np.int64], shares: Heads) -> tuple[Heads, Flags]:
        apart = np.abs(own[:, None] - np.arange(shares.shape[-1])) * np.float32(span["seconds"])
        return np.einsum("hqk,qk->hq", shares, apart), np.ones(len(own), bool)

    return over_spans(layer, values, "sound")


def keys_that_are(layer: LayerAttention, what: str) -> Flags:
    """Which keys are patches, text, or named so."""
    if what == "text":
        return plain_positions(layer, "key")
    if what == "image":
        return places_of(layer.key_spans, layer.num_keys).span >= 0
    return np.isin(np.arange(layer.num_keys), [at for at, name in layer.key_named.items() if name == what])


def queries_that_are(layer: LayerAttention, what: str) -> Flags:
    """Which queries are patches, text, or named so."""
    if what == "text":
        return plain_positions(layer, "query")
    if what == "image":
        return query_places(layer).span >= 0
    return np.isin(all_positions(layer), [at for at, name in layer.query_named.items() if name == what])


def mass(keys: str, queries: str | None = None) -> RowsOf:
    """Σ A over keys of a sort, of queries of a sort, or of all."""

    def rows_of(layer: LayerAttention) -> Rows:
        wanted = keys_that_are(layer, keys)
        rows = np.ones(layer.num_queries, bool) if queries is None else queries_that_are(layer, queries)
        if not wanted.any() or not rows.any():
            return np.empty((layer.num_heads, 0), np.float32)
        masses: Rows = layer.weights[:, rows] @ wanted.astype(np.float32)
        return masses

    return rows_of


IMAGE_ROWS: dict[str, RowsOf] = {
    "patch_distance": distances(patch_size),
    "patch_left": neighbour(0, -1),
    "patch_right": neighbour(0, 1),
    "patch_above": neighbour(-1, 0),
    "patch_below": neighbour(1, 0),
    "same_row": same("row"),
    "same_column": same("col"),
    "image_mass": mass("image"),
    "image_to_image": mass("image", "image"),
}
NAMED_ROWS: dict[str, RowsOf] = {
    "cls_mass": mass("cls"),
    "cls_to_image": mass("image", "cls"),
    "register_mass": mass("register"),
}
TEXT_ROWS: dict[str, RowsOf] = {
    "text_mass": mass("text"),
    "text_to_image": mass("image", "text"),
    "image_to_text": mass("text", "image"),
}
SOUND_ROWS: dict[str, RowsOf] = {"seconds_distance": seconds_distance}
GRID_ROWS: dict[str, RowsOf] = {**IMAGE_ROWS, **NAMED_ROWS, **TEXT_ROWS, **SOUND_ROWS}
GRID_METRICS: dict[str, Metric] = {name: mean_of(rows_of) for name, rows_of in GRID_ROWS.items()}

cell_rows = distances(lambda span: (1.0, 1.0))
cell_distance = mean_of(cell_rows)
"""The distance between patch centres in patches, whatever their size."""


def own_metrics(axes: TokenAxes) -> dict[str, Metric]:
    """The metrics that mean something for the images and sounds of a record."""
    kinds = {span["kind"] for spans in axes.geometry.values() for span in spans}
    names: list[str] = []
    if "image" in kinds:
        named = {what for each in axes.special_names.values() for what in each.values()}
        names += IMAGE_ROWS
        names += [name for name in NAMED_ROWS if name.partition("_")[0] in named]
        names += TEXT_ROWS if any(has_text(axes, name) for name in axes.lists) else ()
    names += SOUND_ROWS if "sound" in kinds else ()
    return {name: GRID_METRICS[name] for name in names}


def has_text(axes: TokenAxes, name: str) -> bool:
    """Whether a list has positions that are neither patches nor named."""
    taken = sum(span_length(span) for span in axes.geometry.get(name, ()))
    return len(axes.lists[name]) > taken + len(axes.special_names.get(name, ()))
