"""Weights → uint8 codes, row maxima, gzip members and thumbnails; and back.

The code of a weight is ``round(255 · √(weight / row_max))``, so ``weight = (code / 255)² · row_max``. For a row
that sums to at most 1 with maximum m, the error is at most ``√(w·m)/255 + m/260100``, 0.00197 in all.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

try:
    from isal import igzip_lib, isal_zlib
except ImportError:  # no wheel for this platform
    igzip_lib = isal_zlib = None  # type: ignore[assignment]  # the module or nothing

__all__ = [
    "MAX_ERROR",
    "PRECISIONS",
    "Deflater",
    "check_member",
    "compress",
    "crc_of",
    "decode_weights",
    "decompress",
    "encode_weights",
    "inflate",
    "new_deflater",
    "pool_axis",
    "pool_thumbnail",
    "pool_width",
    "thumbnail_shape",
]

MAX_ERROR = 0.00197
PRECISIONS = {"uint8": np.uint8, "float16": np.float16, "float32": np.float32}
THUMBNAIL_SIDE = 64
ROWS_PER_BLOCK = 256
INFLATED_PART = 4 << 20
SQUARES = (np.arange(256, dtype=np.float64) / 255) ** 2

Compressor = Callable[[Any], bytes]


def encode_weights(
    weights: NDArray[np.float32], precision: str = "uint8", maxima: NDArray[np.float32] | None = None
) -> tuple[NDArray[Any], NDArray[np.float32]]:
    """Weights ``[head, query, key]`` → codes of the same shape and row maxima ``[head, query]``, ``maxima`` if known.

    A row with NaN gets a NaN maximum, so that it decodes to NaN.
    """
    row_max: NDArray[np.float32] = weights.max(axis=-1) if maxima is None else maxima
    if precision != "uint8":
        return weights.astype(PRECISIONS[precision]), row_max
    codes = np.empty(weights.shape, np.uint8)
    flat, flat_codes = (each.reshape(-1, weights.shape[-1]) for each in (weights, codes))
    factors = code_factors(row_max.reshape(-1, 1))
    has_nan = not np.isfinite(row_max).all()
    block = np.empty((min(ROWS_PER_BLOCK, len(flat)), flat.shape[1]), np.float32)
    for start in range(0, len(flat), ROWS_PER_BLOCK):
        rows = flat[start : start + ROWS_PER_BLOCK]
        out = np.sqrt(rows, out=block[: len(rows)])
        out *= factors[start : start + len(rows)]
        out += 0.5  # the cast to uint8 rounds
        if has_nan:
            np.nan_to_num(out, copy=False, nan=0.0)
        flat_codes[start : start + len(rows)] = out
    return codes, row_max


def code_factors(row_max: NDArray[np.float32]) -> NDArray[np.float32]:
    """255 / √row_max, 0 where a row has no weight."""
    known = row_max > 0
    roots = np.sqrt(row_max, where=known, out=np.ones_like(row_max))
    return np.divide(255, roots, where=known, out=np.zeros_like(row_max))


def decode_weights(
    codes: NDArray[Any], row_max: NDArray[np.float32], precision: str = "uint8"
) -> NDArray[np.float32]:
    """Codes ``[..., query, key]`` and row maxima ``[..., query]`` → float32 weights."""
    if precision != "uint8":
        return codes.astype(np.float32)
    weights: NDArray[np.float32] = SQUARES.astype(np.float32)[codes]
    weights *= row_max[..., None]
    return weights


def thumbnail_shape(queries: int, keys: int) -> tuple[int, int]:
    """Shape of the thumbnail of one head: each side at most 64."""
    return -(-queries // pool_width(queries)), -(-keys // pool_width(keys))


def pool_width(length: int) -> int:
    """How many positions one thumbnail pixel covers along an axis."""
    return -(-length // THUMBNAIL_SIDE)


def pool_thumbnail(
    weights: NDArray[np.float32], queries: int | None = None, positions: Sequence[int] | None = None
) -> NDArray[np.uint8]:
    """Weights ``[head, query, key]`` → ``round(255 · √weight)`` of their max-pooled picture, each side ≤ 64.

    Of some of the ``queries`` ``positions`` says which; the picture is that of all, 0 where nothing is known.
    """
    if queries is None or positions is None:
        pooled = pool_axis(pool_axis(weights, 1), 2)
    else:
        height, _ = thumbnail_shape(queries, weights.shape[2])
        rows = pool_axis(weights, 2)
        pooled = np.zeros((len(weights), height, rows.shape[2]), np.float32)
        for row, place in enumerate(positions):
            cell = pooled[:, place // pool_width(queries)]
            np.maximum(cell, rows[:, row], out=cell)
    shades = np.sqrt(pooled)
    shades *= 255
    shades += 0.5
    if not shades.size or not shades.max() < 256:  # so too where any is NaN
        np.fmax(shades, 0, out=shades)  # NaN becomes 0
        np.minimum(shades, 255, out=shades)
    return shades.astype(np.uint8)


def pool_axis(weights: NDArray[np.float32], axis: int, width: int | None = None) -> NDArray[np.float32]:
    """The maximum of each group of ``width`` neighbours along one axis; None: so many that it gets at most 64 long."""
    width = pool_width(weights.shape[axis]) if width is None else width
    if width == 1:
        return weights
    if width == 2 and weights.shape[axis] % 2 == 0:
        pairs = weights.reshape(*weights.shape[:axis], -1, 2, *weights.shape[axis + 1 :])
        first, second = np.moveaxis(pairs, axis + 1, 0)
        return np.asarray(np.maximum(first, second))
    groups = [slice(None)] * weights.ndim
    groups[axis] = slice(0, None, width)
    pooled: NDArray[np.float32] = weights[
        tuple(groups)
    ].copy()  # strided maxima: np.maximum.reduceat takes ten times as long
    for offset in range(1, width):
        groups[axis] = slice(offset, None, width)
        part = weights[tuple(groups)]
        target = pooled[tuple(map(slice, part.shape))]
        np.maximum(target, part, out=target)
    return pooled


def compress(data: Any) -> bytes:
    """Bytes → one gzip member, at the fastest level."""
    if igzip_lib is not None:
        packed: bytes = igzip_lib.compress(data, level=1, flag=igzip_lib.COMP_GZIP)
        return packed
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    return packer.compress(data) + packer.flush()


class Deflater(Protocol):
    """What deflates bytes that come a part at a time."""

    def compress(self, data: Any, /) -> bytes: ...
    def flush(self, mode: int = ..., /) -> bytes: ...


def new_deflater() -> Deflater:
    """At the fastest level, without head and end of a member."""
    deflater: Deflater = (zlib if isal_zlib is None else isal_zlib).compressobj(1, zlib.DEFLATED, -15)
    return deflater


def crc_of(data: Any, crc: int = 0) -> int:
    """CRC-32 of bytes, behind those that ``crc`` is of; zlib's takes four times as long."""
    return zlib.crc32(data, crc) if isal_zlib is None else int(isal_zlib.crc32(data, crc))


def decompress(member: bytes, size: int | None = None) -> bytes:
    """One gzip member → its bytes, CRC checked. Raises ``zlib.error`` when it is damaged or does not hold ``size``."""
    return b"".join(inflate(member, size))


def check_member(member: bytes, size: int) -> None:
    """As ``decompress``, without holding more than a part of the bytes."""
    for _ in inflate(member, size):
        pass


def inflate(member: bytes, size: int | None = None) -> Iterator[bytes]:
    """The bytes of a member, part by part; one that holds more than its header says is not inflated further."""
    try:
        if igzip_lib is not None:
            inflater = igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)
            step = inflater.decompress
        else:
            inflater = zlib.decompressobj(31)

            def step(data: bytes, length: int) -> bytes:
                return inflater.decompress(data or inflater.unconsumed_tail, length)

        found, part = 0, step(member, INFLATED_PART)
        while part:
            found += len(part)
            if size is not None and found > size:
                raise zlib.error(f"it holds more than {size} bytes")
            yield part
            part = b"" if inflater.eof else step(b"", INFLATED_PART)
        if not inflater.eof or (size is not None and found != size):
            raise zlib.error(f"it ends after {found} bytes")
    except Exception as error:  # isal's own error class
        raise zlib.error(f"gzip member of {len(member)} bytes cannot be inflated: {error}") from error
