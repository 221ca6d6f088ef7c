"""An opened record and a rectangle, or some rows, of one head → their picture or weights; what was asked last is kept."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn.encoding.codes import PRECISIONS, compress, inflate
from tensorboard_plugin_attn.encoding.overview import SIDE, overview_cell
from tensorboard_plugin_attn.encoding.rebuild import read_head_vectors, read_overview
from tensorboard_plugin_attn.encoding.region import (
    Rectangle,
    Region,
    crop_overview,
    member_bands,
    pool_codes,
    pool_vectors,
)
from tensorboard_plugin_attn.record.blocks import BAND_BYTES, MOST_CELLS, Vectors, vector_rows
from tensorboard_plugin_attn.serving.answers import Array, RequestError
from tensorboard_plugin_attn.serving.byte_cache import ByteCache
from tensorboard_plugin_attn.serving.opened_record import OpenedRecord, cache_key
from tensorboard_plugin_attn.serving.record_results import (
    Packed,
    absent,
    find_layer,
    weights_fields,
    whole,
)

__all__ = ["MOST_SIDE", "Regions", "overview_result"]

MOST_SIDE = 512
PICTURE_BYTES = 16 << 20
VECTOR_BYTES = 40 << 20  # of queries and keys in float32: one head of 32,768 tokens and 128 dimensions
AT_ONCE = 2  # rectangles worked out at a time; the others wait


class Regions:
    """Answers about parts of a head, bounded in memory whatever its length."""

    def __init__(self) -> None:
        self.pictures: ByteCache[Packed] = ByteCache(PICTURE_BYTES)
        self.vectors: ByteCache[Vectors] = ByteCache(VECTOR_BYTES)
        self.reading = threading.Lock()
        self.working = threading.BoundedSemaphore(AT_ONCE)

    def region(self, record: OpenedRecord, layer: int, head: int, asked: Rectangle) -> Packed:
        """Max-pooled log codes of a rectangle, the same from codes and from vectors.

        Raises:
            RequestError: 404, there is no such layer, head, query or key, or nothing to draw them of.
            DamagedFileError: the bytes are not what was written.
        """
        check_rectangle(record, layer, head, asked)
        key = (*cache_key(record.files, record.step_file), layer, head, asked)
        kept = self.pictures.get(key)
        if kept is None:
            with self.working:
                kept = region_packed(record, layer, head, *self.draw(record, layer, head, asked))
            self.pictures.put(key, kept, len(kept[0][0].data) + 500)
        return kept

    def draw(self, record: OpenedRecord, layer: int, head: int, asked: Rectangle) -> tuple[Region, str]:
        """The picture, and what it was made of."""
        entry = record.layers[layer]
        stored = stored_picture(record, layer, head, asked)
        if stored is not None:
            return stored, "overview"
        if entry.source == "vectors":
            return pool_vectors(self.head_vectors(record, layer, head), asked), "vectors"
        row_max = record.tensor(f"layer.{layer}.row_max")[head]
        bands = code_bands(record, layer, head, asked.queries, asked.cell[0])
        return pool_codes(bands, row_max, record.header.precision, asked), "codes"

    def rows(self, record: OpenedRecord, layer: int, head: int, rows: range) -> Packed:
        """Some rows of one head in the form of ``weights``: codes as they are stored, those of vectors in floats.

        Raises:
            RequestError: 404, there are no such rows, no weights, or too many at once.
            DamagedFileError: the bytes are not what was written.
        """
        entry = find_layer(record, layer, head)
        check_span(rows, entry.queries, "query", "queries", layer)
        if entry.source == "left_out" or record.header.kind == "metrics":
            raise absent(record, "weights", layer)
        if 4 * len(rows) * entry.keys > BAND_BYTES:
            most = max(1, BAND_BYTES // (4 * entry.keys))
            message = (
                f"{len(rows)} rows of {entry.keys:,} keys are more than are sent at once; ask for {most}"
            )
            raise RequestError(404, "too_large", message)
        key = (*cache_key(record.files, record.step_file), layer, head, rows)
        kept = self.pictures.get(key)
        if kept is None:
            kept = self.packed_rows(record, layer, head, rows)
            self.pictures.put(key, kept, sum(len(each.data) for each in kept[0]) + 500)
        return kept

    def packed_rows(self, record: OpenedRecord, layer: int, head: int, rows: range) -> Packed:
        """Rows that are there, as they travel."""
        row_max, values, precision = self.some_rows(record, layer, head, rows)
        data = compress(np.ascontiguousarray(values))
        arrays = [
            whole("row_max", "float32", row_max[None]),
            whole("member_bytes", "uint32", np.array([len(data)], np.uint32)),
            Array("weights", "uint8", (len(data),), data),
        ]
        fields = weights_fields(record, layer, head, precision)
        return arrays, {**fields, "queries": len(rows), "first_query": rows.start}

    def some_rows(
        self, record: OpenedRecord, layer: int, head: int, rows: range
    ) -> tuple[NDArray[np.float32], NDArray[Any], str]:
        """Row maxima, numbers ``[row, key]`` and their precision."""
        if record.layers[layer].source == "vectors":
            weights = vector_rows(self.head_vectors(record, layer, head), np.arange(rows.start, rows.stop))
            return weights.max(axis=1), weights, "float32"
        row_max = record.tensor(f"layer.{layer}.row_max")[head, rows.start : rows.stop]
        codes = np.concatenate([band for _, band in code_bands(record, layer, head, rows)])
        return row_max, codes, record.header.precision

    def head_vectors(self, record: OpenedRecord, layer: int, head: int) -> Vectors:
        """Queries and keys of one head as they are stored, read once while it is looked at."""
        name = (*cache_key(record.files, record.step_file), layer, head)
        with self.reading:
            found = self.vectors.get(name)
            if found is None:
                found = read_head_vectors(record.header, record.read, layer, head)
                held = [found.query, found.key, found.bias, found.lse, found.sink]
                self.vectors.put(name, found, sum(each.nbytes for each in held if each is not None))
            return found


def overview_result(record: OpenedRecord, layer: int, head: int) -> Packed:
    """The whole head as a picture of ``SIDE`` pixels a side. Raises RequestError, DamagedFileError."""
    entry = find_layer(record, layer, head)
    asked = Rectangle(range(entry.queries), range(entry.keys), SIDE)
    return Regions().region(record, layer, head, asked)


def region_packed(record: OpenedRecord, layer: int, head: int, region: Region, source: str) -> Packed:
    """A picture as it travels; ``cell`` is how many queries and keys a pixel covers."""
    fields = {
        "layer": layer,
        "head": head,
        "queries": [region.queries.start, region.queries.stop - 1],
        "keys": [region.keys.start, region.keys.stop - 1],
        "cell": list(region.cell),
        "source": source,
    }
    return [whole("codes", "uint8", region.codes)], fields


def check_rectangle(record: OpenedRecord, layer: int, head: int, asked: Rectangle) -> None:
    """Raise RequestError 404 where a record has no such part of a head, or nothing to draw it of."""
    entry = find_layer(record, layer, head)
    if record.header.kind == "metrics":
        raise absent(record, "weights", layer)
    check_span(asked.queries, entry.queries, "query", "queries", layer)
    check_span(asked.keys, entry.keys, "key", "keys", layer)
    if entry.source == "left_out" and entry.overview is None:
        raise absent(record, "weights", layer)


def check_span(asked: range, count: int, what: str, plural: str, layer: int) -> None:
    """Raise RequestError 404 for a position that an axis does not have."""
    if asked.stop > count:
        message = f"no {what} {asked.stop - 1} in layer {layer}; recorded {plural}: 0 to {count - 1}"
        raise RequestError(404, "not_recorded", message, **{plural: count})


def stored_picture(record: OpenedRecord, layer: int, head: int, asked: Rectangle) -> Region | None:
    """From the overview: what was left out, what is too large to work out now, and what it shows exactly."""
    entry = record.layers[layer]
    if entry.overview is None:
        return None
    is_whole = (len(asked.queries), len(asked.keys)) == entry.shape[1:]
    stored = map(overview_cell, entry.shape[1:], entry.overview)
    is_same = is_whole and not any(wanted % cell for wanted, cell in zip(asked.cell, stored, strict=True))
    is_large = len(asked.queries) * len(asked.keys) > MOST_CELLS
    if entry.source != "left_out" and not is_same and not is_large:
        return None
    picture = read_overview(record.header, record.read, layer, head)
    return None if picture is None else crop_overview(picture, entry.shape[1:], asked)


def code_bands(
    record: OpenedRecord, layer: int, head: int, rows: range, multiple: int = 1
) -> Iterator[tuple[int, NDArray[Any]]]:
    """Bands of the stored rows of one head, inflated as they are needed."""
    entry = record.layers[layer]
    dtype = PRECISIONS[record.header.precision]
    lengths = record.tensor(f"layer.{layer}.member_bytes")
    start = int(lengths[:head].sum())
    size = entry.queries * entry.keys * np.dtype(dtype).itemsize
    member = record.member(f"layer.{layer}.weights", start, start + int(lengths[head]), size)
    return member_bands(inflate(member, size), dtype, entry.keys, rows, multiple)
