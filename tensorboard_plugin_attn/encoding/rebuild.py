"""Codes, or queries and keys, as they lie in a file → rows of float32 weights, in bands that fit in memory."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn.encoding.codes import PRECISIONS, decode_weights, decompress
from tensorboard_plugin_attn.encoding.format import Header, ReadRange, find_span, read_slab, read_tensor
from tensorboard_plugin_attn.encoding.layer import decode_vector
from tensorboard_plugin_attn.errors import DamagedFileError
from tensorboard_plugin_attn.record.blocks import BAND_BYTES, Vectors, bands_of, vector_rows

__all__ = ["Band", "read_bands", "read_head_vectors", "read_overview"]

Rows = NDArray[np.int64]


class Band(NamedTuple):
    """Some rows of some heads: ``weights`` ``[head, row, key]``; ``rows`` counts those that were asked for."""

    heads: slice
    rows: slice
    weights: NDArray[np.float32]


def read_bands(
    header: Header, read: ReadRange, number: int, rows: Rows | None = None, *, multiple: int = 1
) -> Iterator[Band]:
    """One layer's weights, all rows or some, in order of head and row, at most ``BAND_BYTES`` at a time.

    Bands of rows begin at multiples of ``multiple``. What was left out is NaN. Two layers of one shape come in the
    same bands.

    Raises:
        DamagedFileError: its bytes are not what was written.
    """
    entry = header.layers[number]
    chosen = np.arange(entry.queries) if rows is None else rows
    if not len(chosen):
        return
    at_once = max(1, BAND_BYTES // (4 * entry.keys * len(chosen)))
    rows_of = {"codes": code_rows, "vectors": rebuilt_rows, "left_out": no_rows}[entry.source]
    heads = rows_of(header, read, number)
    for first in range(0, entry.heads, at_once):
        group = [next(heads) for _ in range(min(at_once, entry.heads - first))]
        bands = bands_of(len(chosen), entry.keys, multiple) if len(group) == 1 else [slice(0, len(chosen))]
        for band in bands:
            weights = [head(chosen[band]) for head in group]
            stacked = weights[0][None] if len(weights) == 1 else np.stack(weights)
            yield Band(slice(first, first + len(group)), band, stacked)


def code_rows(header: Header, read: ReadRange, number: int) -> Iterator[Any]:
    """Each head's codes, inflated when it is its turn, as a function of rows."""
    entry, name = header.layers[number], f"layer.{number}"
    row_max = read_tensor(header, read, f"{name}.row_max")
    packed = read_tensor(header, read, f"{name}.weights").tobytes()
    members = split_members(header, read, f"{name}.member_bytes", packed)
    itemsize = np.dtype(PRECISIONS[header.precision]).itemsize
    for head, member in enumerate(members):
        plain = inflate(member, header, number, prod(entry.shape[1:]) * itemsize)
        try:
            codes = np.frombuffer(plain, PRECISIONS[header.precision]).reshape(entry.shape[1:])
        except ValueError as error:
            reason = f"the weights of layer {number} cannot be inflated ({error})"
            raise DamagedFileError(reason, path=header.path) from error
        yield lambda rows, codes=codes, head=head: decode_weights(
            codes if len(rows) == len(codes) else codes[rows],
            row_max[head] if len(rows) == len(codes) else row_max[head, rows],
            header.precision,
        )


def rebuilt_rows(header: Header, read: ReadRange, number: int) -> Iterator[Any]:
    """Each head's query and key, read when it is its turn, as a function of rows."""
    for head in range(header.layers[number].heads):
        vectors = read_head_vectors(header, read, number, head)
        yield lambda rows, vectors=vectors: vector_rows(vectors, rows)


def no_rows(header: Header, read: ReadRange, number: int) -> Iterator[Any]:
    """NaN for every head."""
    entry = header.layers[number]
    for _ in range(entry.heads):
        yield lambda rows: np.broadcast_to(np.float32(np.nan), (len(rows), entry.keys))


def read_head_vectors(header: Header, read: ReadRange, number: int, head: int) -> Vectors:
    """What the rows of one head are worked out of, without the other heads. Raises DamagedFileError."""
    entry, name = header.layers[number], f"layer.{number}"
    kv_head = head * entry.kv_heads // entry.heads
    numbers = header.query_numbers.get(entry.query_tokens)

    def slab(what: str, index: int) -> NDArray[Any] | None:
        if f"{name}.{what}" not in header.spans:
            return None
        dtype = find_span(header, f"{name}.{what}").dtype
        return decode_vector(dtype, read_slab(header, read, f"{name}.{what}", index))

    query, key = slab("query", head), slab("key", kv_head)
    if query is None or key is None:
        raise DamagedFileError(f"layer {number} has no query and key", path=header.path)
    return Vectors(
        query,
        key,
        entry.scale,
        entry.mask,
        read_bias(header, read, number, head),
        slab("lse", head),
        slab("sink", head),
        None if numbers is None else np.array(numbers),
    )


def read_bias(header: Header, read: ReadRange, number: int, head: int) -> NDArray[np.float32] | None:
    """One head's bias ``[query or 1, key]``, None where there is none."""
    name = f"layer.{number}.bias"
    heads, queries, keys = header.layers[number].shape
    if name not in header.spans:
        return None
    bias = read_tensor(header, read, name)
    whole: NDArray[np.float32] = bias.reshape((1,) * (3 - bias.ndim) + bias.shape)
    one = whole[head if whole.shape[0] == heads and heads > 1 else 0]
    return np.broadcast_to(one, (queries if len(one) > 1 else 1, keys))


def read_overview(header: Header, read: ReadRange, number: int, head: int) -> NDArray[np.uint8] | None:
    """One head's picture in log codes ``[height, width]``, None where there is none. Raises DamagedFileError."""
    shape, name = header.layers[number].overview, f"layer.{number}.overview"
    if shape is None:
        return None
    packed = read_tensor(header, read, name).tobytes()
    member = list(split_members(header, read, f"{name}_bytes", packed))[head]
    plain = np.frombuffer(inflate(member, header, number, shape[0] * shape[1]), np.uint8)
    if plain.size != shape[0] * shape[1]:
        raise DamagedFileError(f"{name} has {plain.size} bytes, its shape is {shape}", path=header.path)
    return plain.reshape(shape)


def split_members(header: Header, read: ReadRange, name: str, packed: bytes) -> Iterator[bytes]:
    """The gzip member of each head."""
    lengths = read_tensor(header, read, name)
    stops = np.cumsum(lengths, dtype=np.int64)
    if int(stops[-1]) != len(packed):
        raise DamagedFileError(f"{name} does not fit what it tells the lengths of", path=header.path)
    return (
        packed[stop - length : stop] for length, stop in zip(lengths.tolist(), stops.tolist(), strict=True)
    )


def inflate(member: bytes, header: Header, number: int, size: int) -> bytes:
    """One gzip member of a layer, which holds ``size`` bytes."""
    try:
        return decompress(member, size)
    except zlib.error as error:
        reason = f"the weights of layer {number} cannot be inflated ({error})"
        raise DamagedFileError(reason, path=header.path) from error
