"""A layer's weights, or its queries and keys → rows of float32 weights, a band at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "BAND_BYTES",
    "MOST_CELLS",
    "MOST_PRODUCTS",
    "Vectors",
    "bands_of",
    "layer_rows",
    "row_sums",
    "rows_of",
    "vector_rows",
    "visible_counts",
    "visible_range",
]

BAND_BYTES = 32 << 20  # of float32 weights at a time
KEY_BYTES = 2 << 20  # of keys that are made single precision at a time
MOST_PRODUCTS = 1 << 18  # of one; above, OpenBLAS starts threads, which go on spinning beside a training
FEW_PRODUCTS = 1 << 24  # in all; above, several threads are worth their start
MOST_CELLS = 1 << 28  # of a layer; beyond, pictures are all that is worked out

Rows = NDArray[np.int64]


class Layer(Protocol):
    """What is asked of a ``LayerAttention``, which asks here for its rows."""

    weights: Any
    query: Any
    key: Any
    bias: Any
    lse: Any
    sink: Any
    scale: float | None
    mask: str | None
    query_numbers: Any
    blocks: Any
    row_counts: Any

    @property
    def num_heads(self) -> int: ...
    @property
    def num_kv_heads(self) -> int: ...
    @property
    def num_queries(self) -> int: ...
    @property
    def num_keys(self) -> int: ...
    @property
    def shape(self) -> tuple[int, int, int]: ...


@dataclass(frozen=True)
class Vectors:
    """What rows are worked out of, as the layer has it or as a file keeps it: one head of each.

    ``query`` ``[query, d]``, ``key`` ``[key, d]``, ``bias`` ``[query or 1, key or 1]``, ``lse`` and ``sink``
    ``[query]``. ``positions`` are the queries' own numbers where only some were kept.
    """

    query: NDArray[Any]
    key: NDArray[Any]
    scale: float | None
    mask: str
    bias: NDArray[np.float32] | None = None
    lse: NDArray[np.float32] | None = None
    sink: NDArray[np.float32] | None = None
    positions: Rows | None = None


def bands_of(rows: int, keys: int, multiple: int = 1) -> Iterator[slice]:
    """Slices of rows whose float32 weights fit in ``BAND_BYTES``; they begin at multiples of ``multiple``."""
    size = max(1, BAND_BYTES // (4 * keys) // multiple) * multiple
    return (slice(start, min(start + size, rows)) for start in range(0, rows, size))


def layer_rows(layer: Layer, head: int, rows: Rows) -> NDArray[np.float32]:
    """Some rows of one head, float32 ``[row, key]``."""
    if layer.weights is not None:
        return np.asarray(layer.weights[head, rows], np.float32)
    if layer.blocks is not None and not layer.blocks.is_plain:
        found: NDArray[np.float32] = layer.blocks.of_heads([head]).weights_at(rows)[0]
        return found
    return vector_rows(vectors_of(layer, head), rows)


def rows_of(layer: Layer, rows: Rows) -> NDArray[np.float32]:
    """Some rows of every head, float32 ``[head, row, key]``."""
    if layer.weights is not None:
        return np.asarray(layer.weights[:, rows], np.float32)
    if layer.blocks is not None and not layer.blocks.is_plain:
        found: NDArray[np.float32] = layer.blocks.weights_at(rows)
        return found
    return np.stack([layer_rows(layer, head, rows) for head in range(layer.num_heads)])


def visible_counts(layer: Layer) -> NDArray[np.int64]:
    """How many keys each query of a layer without weights sees: as was counted, or by its mask or its bias."""
    if layer.row_counts is not None:
        return np.asarray(layer.row_counts)
    rows = np.arange(layer.num_queries)
    numbers = None if layer.query_numbers is None else np.array(layer.query_numbers)
    first, stop = visible_range(layer.mask or "full", layer.num_queries, layer.num_keys, rows, numbers)
    if first is not None and stop is not None:
        return stop - first
    if layer.mask != "other" or layer.bias is None:
        return np.full(layer.num_queries, layer.num_keys)
    seen = np.broadcast_to(~np.isneginf(layer.bias), layer.shape).any(axis=0)
    return np.asarray(seen.sum(axis=1))


def vectors_of(layer: Layer, head: int) -> Vectors:
    """What the rows of one head are worked out of."""
    bias = None if layer.bias is None else np.broadcast_to(layer.bias, layer.shape)[head]
    return Vectors(
        layer.query[head],
        layer.key[head * layer.num_kv_heads // layer.num_heads],
        layer.scale,
        layer.mask or "full",
        bias,
        None if layer.lse is None else layer.lse[head],
        None if layer.sink is None else layer.sink[head],
        None if layer.query_numbers is None else np.array(layer.query_numbers),
    )


def row_sums(layer: Layer) -> NDArray[np.float32]:
    """The logarithm of each row's sum of exponentials, ``[head, query]``; a sink's part is in it."""
    sums = np.empty((layer.num_heads, layer.num_queries), np.float32)
    for head in range(layer.num_heads):
        vectors = vectors_of(layer, head)
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


def vector_rows(vectors: Vectors, rows: Rows) -> NDArray[np.float32]:
    """``softmax(scale · q · k + bias)`` under the mask for some rows, ``[row, key]``; hidden keys get 0.

    With ``lse`` no row is summed. Else a sink takes its part of the row, which is why rows may sum to less than 1.
    """
    scores = vector_scores(vectors, rows)
    if vectors.lse is not None:
        scores -= vectors.lse[rows][:, None]
        return np.exp(scores, out=scores)
    highest = scores.max(axis=1, keepdims=True)
    scores -= np.where(np.isfinite(highest), highest, 0)
    np.exp(scores, out=scores)
    total = scores.sum(axis=1, keepdims=True)
    scores /= np.where(total > 0, total, 1)
    if vectors.sink is not None:
        scores *= 1 - vectors.sink[rows][:, None]
    return scores


def vector_scores(vectors: Vectors, rows: Rows) -> NDArray[np.float32]:
    """``scale · q · k + bias``, −inf where the mask hides a key, ``[row, key]``; keys that no row sees are not read."""
    query, keys = np.asarray(vectors.query[rows], np.float32), len(vectors.key)
    first, stop = visible_range(vectors.mask, len(vectors.query), keys, rows, vectors.positions)
    seen = slice(0, keys)
    if first is not None and stop is not None and len(rows):
        seen = slice(int(first.min()), max(0, int(stop.max())))
    scores = np.full((len(rows), keys), -np.inf, np.float32)
    cut = scores[:, seen]
    multiply(query, vectors.key[seen], cut)
    cut *= np.float32(query.shape[-1] ** -0.5 if vectors.scale is None else vectors.scale)
    if vectors.bias is not None:
        bias = vectors.bias[rows] if len(vectors.bias) > 1 else vectors.bias
        cut += bias[:, seen] if bias.shape[1] > 1 else bias
    if first is not None and stop is not None:
        at = np.arange(keys)[seen]
        cut[(at < first[:, None]) | (at >= stop[:, None])] = -np.inf
    return scores


def multiply(query: NDArray[np.float32], key: NDArray[Any], found: NDArray[np.float32]) -> None:
    """``q · k`` ``[row, key]`` into ``found``; of keys in half precision some at a time, as all of them in single would
    take new memory, which the system hands out slower than it is filled."""
    if key.dtype == np.float32:
        multiply_single(query, key, found)
        return
    room = np.empty((min(len(key), max(1, KEY_BYTES // (4 * key.shape[1]))), key.shape[1]), np.float32)
    for start in range(0, len(key), max(1, len(room))):
        part = room[: len(key) - start]
        part[:] = key[start : start + len(part)]
        multiply_single(query, part, found[:, start : start + len(part)])


def multiply_single(query: NDArray[np.float32], key: NDArray[np.float32], found: NDArray[np.float32]) -> None:
    """The same in single precision, small ones in pieces that one thread works out."""
    piece = max(16, MOST_PRODUCTS // max(1, query.size))
    whole = len(key) // piece * piece if query.size * len(key) <= FEW_PRODUCTS else 0
    if whole:
        pieces = query @ key[:whole].reshape(-1, piece, key.shape[1]).swapaxes(1, 2)
        found[:, :whole] = pieces.swapaxes(0, 1).reshape(len(query), whole)
    np.matmul(query, key[whole:].T, out=found[:, whole:])


def visible_range(
    mask: str, queries: int, keys: int, rows: Rows, positions: Rows | None = None
) -> tuple[Rows, Rows] | tuple[None, None]:
    """First visible key of each row and the one after the last; None under a mask that is no such range.

    The last of all queries sees the last key. ``positions``: the queries' own numbers, where some were left out.
    """
    window = re.fullmatch(r"window (\d+)", mask)
    if mask != "causal" and window is None:
        return None, None
    stop = rows + 1 + max(keys - queries, 0) if positions is None else positions[rows] + 1
    stop = np.minimum(stop, keys)
    return (np.zeros_like(stop) if window is None else np.maximum(stop - int(window[1]), 0)), stop
