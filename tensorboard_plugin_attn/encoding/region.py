"""A rectangle of one head, of codes or of queries and keys → its picture in log codes, of the largest weights."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import log2
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn.encoding.codes import decode_weights, pool_axis
from tensorboard_plugin_attn.encoding.overview import encode_log, encode_log2, overview_cell, width_of
from tensorboard_plugin_attn.record.blocks import Vectors, visible_range

__all__ = ["Rectangle", "Region", "crop_overview", "member_bands", "pool_codes", "pool_vectors"]

AT_ONCE = (
    8 << 20
)  # bytes of scores; small enough to skip what a causal mask hides, and to stay near the processor
LOG2E = np.float32(log2(np.e))
HIDDEN = np.float32(1e30)


@dataclass(frozen=True)
class Rectangle:
    """Some queries and keys of a head, as a picture of at most ``side`` pixels a side."""

    queries: range
    keys: range
    side: int

    @property
    def cell(self) -> tuple[int, int]:
        """How many queries and keys one pixel covers."""
        return width_of(len(self.queries), self.side), width_of(len(self.keys), self.side)


class Region(NamedTuple):
    """The picture ``[height, width]`` in log codes, what it covers, and how many queries and keys a pixel has."""

    codes: NDArray[np.uint8]
    queries: range
    keys: range
    cell: tuple[int, int]


def pool_vectors(vectors: Vectors, asked: Rectangle) -> Region:
    """Scores of the rectangle alone, pooled before they are encoded; with ``lse`` no other key is looked at."""
    down, across = asked.cell
    height, width = -(-len(asked.queries) // down), -(-len(asked.keys) // across)
    codes = np.zeros((height, width), np.uint8)
    size = max(1, AT_ONCE // (4 * len(asked.keys)) // down) * down
    ones = np.ones((len(asked.keys), 1), np.float32)
    key = np.concatenate([np.asarray(vectors.key[slice_of(asked.keys)], np.float32), ones], axis=1)
    for start in range(0, len(asked.queries), size):
        rows = np.arange(
            asked.queries.start + start, min(asked.queries.start + start + size, asked.queries.stop)
        )
        first, stop = visible_range(
            vectors.mask, len(vectors.query), len(vectors.key), rows, vectors.positions
        )
        lo, hi = seen_columns(asked.keys, first, stop, across)
        if lo >= hi:
            continue
        logs = row_logs(vectors, rows, key[lo:hi], slice(asked.keys.start + lo, asked.keys.start + hi))
        hide(logs, first, stop, asked.keys.start + lo)
        pooled = pool_axis(pool_rows(logs, down), 1, across)
        if np.isnan(pooled).any():
            logs[np.isnan(logs)] = -np.inf
            pooled = pool_axis(pool_rows(logs, down), 1, across)
        top, left = start // down, lo // across
        codes[top : top + len(pooled), left : left + pooled.shape[1]] = encode_log2(pooled)
    return Region(codes, asked.queries, asked.keys, asked.cell)


def row_logs(
    vectors: Vectors, rows: NDArray[np.int64], key: NDArray[np.float32], columns: slice
) -> NDArray[np.float32]:
    """log₂ of the weights of some rows on some keys, ``[row, key]``; ``key`` ends with a column of ones."""
    scale = vectors.query.shape[-1] ** -0.5 if vectors.scale is None else vectors.scale
    query = np.asarray(vectors.query[rows], np.float32) * (np.float32(scale) * LOG2E)
    if vectors.lse is None:
        raise ValueError("a part of a row needs the row's lse, which every file with vectors has")
    last = np.minimum(vectors.lse[rows], HIDDEN) * -LOG2E
    logs: NDArray[np.float32] = np.concatenate([query, last[:, None]], axis=1) @ key.T
    if vectors.bias is not None:
        bias = vectors.bias[rows] if len(vectors.bias) > 1 else vectors.bias
        logs += (bias[:, columns] if bias.shape[1] > 1 else bias) * LOG2E
    return logs


def seen_columns(
    keys: range, first: NDArray[np.int64] | None, stop: NDArray[np.int64] | None, across: int
) -> tuple[int, int]:
    """Columns [lo, hi) of the rectangle that a band of rows sees, begun at a pixel's first column."""
    if first is None or stop is None:
        return 0, len(keys)
    lo = max(0, int(first.min()) - keys.start) // across * across
    return lo, min(len(keys), int(stop.max()) - keys.start)


def hide(
    logs: NDArray[np.float32], first: NDArray[np.int64] | None, stop: NDArray[np.int64] | None, start: int
) -> None:
    """−inf where the mask hides a key; ``start`` is the number of the first key."""
    if first is None or stop is None:
        return
    width = logs.shape[1]
    low, high = int(stop.min()) - start, int(first.max()) - start
    if low < width:
        low = max(0, low)
        logs[:, low:][np.arange(start + low, start + width) >= stop[:, None]] = -np.inf
    if high > 0:
        logs[:, :high][np.arange(start, start + min(high, width)) < first[:, None]] = -np.inf


def pool_rows(values: NDArray[Any], down: int) -> NDArray[Any]:
    """The maximum of each group of ``down`` neighbouring rows ``[row, key]``."""
    if down == 1:
        return values
    whole = len(values) // down * down
    pooled: NDArray[Any] = values[:whole].reshape(-1, down, values.shape[1]).max(axis=1)
    return pooled if whole == len(values) else np.concatenate([pooled, values[whole:].max(axis=0)[None]])


def pool_codes(
    bands: Iterable[tuple[int, NDArray[Any]]], row_max: NDArray[np.float32], precision: str, asked: Rectangle
) -> Region:
    """Bands of stored rows, see ``member_bands`` → the picture: along the keys the codes themselves are pooled."""
    down, across = asked.cell
    codes = np.zeros((-(-len(asked.queries) // down), -(-len(asked.keys) // across)), np.uint8)
    for start, rows in bands:
        cut = rows[:, slice_of(asked.keys)]
        if precision != "uint8":
            cut = np.nan_to_num(cut.astype(np.float32), nan=0.0)
        pooled = pool_axis(cut, 1, across)
        first = asked.queries.start + start
        weights = decode_weights(pooled, row_max[first : first + len(rows)], precision)
        picture = pool_rows(encode_log(weights), down)
        codes[start // down : start // down + len(picture)] = picture
    return Region(codes, asked.queries, asked.keys, asked.cell)


def member_bands(
    parts: Iterable[bytes], dtype: Any, keys: int, rows: range, multiple: int = 1
) -> Iterator[tuple[int, NDArray[Any]]]:
    """The inflated parts of a head's member → bands ``[row, key]`` of some rows, each with its place among them.

    Bands begin at multiples of ``multiple``; no more of the head than a band and a part is held.
    """
    size = keys * np.dtype(dtype).itemsize
    band = max(1, AT_ONCE // size // multiple) * multiple * size
    skip, left, start = rows.start * size, len(rows) * size, 0
    held = bytearray()
    for part in parts:
        cut = min(skip, len(part))
        taken = memoryview(part)[cut : cut + left]
        skip, left = skip - cut, left - len(taken)
        held += taken
        while len(held) >= band or (held and not left):
            piece = bytes(held[:band])
            del held[:band]
            yield start, np.frombuffer(piece, dtype).reshape(-1, keys)
            start += len(piece) // size
        if not left:
            return


def crop_overview(overview: NDArray[np.uint8], shape: tuple[int, int], asked: Rectangle) -> Region:
    """The pixels of a stored picture of a head ``[query, key]`` that a rectangle touches, pooled to its side."""
    picture: NDArray[Any] = overview
    spans: list[range] = []
    cells: list[int] = []
    for axis, (length, wanted) in enumerate(zip(shape, (asked.queries, asked.keys), strict=True)):
        cell = overview_cell(length, overview.shape[axis])
        first, stop = wanted.start // cell, -(-wanted.stop // cell)
        picture = picture[first:stop] if axis == 0 else picture[:, first:stop]
        step = width_of(stop - first, asked.side)
        spans.append(range(first * cell, min(length, stop * cell)))
        cells.append(cell * step)
        picture = pool_rows(picture, step) if axis == 0 else pool_axis(picture, 1, step)
    return Region(picture, spans[0], spans[1], (cells[0], cells[1]))


def slice_of(positions: range) -> slice:
    """The same positions of an array."""
    return slice(positions.start, positions.stop)
