"""Weights of long texts ⇄ small pictures in log codes that mean the same in every row, so that they can be pooled.

Code 0 is no weight (below 2⁻²⁴); 1 … 255 are log₂ of the weight from −24 to 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "LONG",
    "SIDE",
    "decode_log",
    "encode_log",
    "encode_log2",
    "overview_cell",
    "overview_shape",
    "pool_to",
    "width_of",
]

LONG = 512  # tokens above which a head that is not kept as codes has an overview
SIDE = 256
LOWEST = -24.0
STEPS = 254 / -LOWEST  # codes per power of two


def encode_log(weights: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Weights of any shape → codes; NaN becomes 0."""
    known = weights >= np.float32(2.0**LOWEST)
    return encode_log2(np.log2(weights, where=known, out=np.full(weights.shape, -np.inf, np.float32)))


def encode_log2(logs: NDArray[np.float32]) -> NDArray[np.uint8]:
    """log₂ of weights → codes; NaN becomes 0."""
    codes = np.fmax(logs, np.float32(LOWEST - 1))
    is_known = codes >= np.float32(LOWEST)
    codes -= np.float32(LOWEST)
    codes *= np.float32(STEPS)
    codes += np.float32(1.5)  # the cast to uint8 rounds
    np.minimum(codes, 255, out=codes)
    codes *= is_known
    found: NDArray[np.uint8] = codes.astype(np.uint8)
    return found


def decode_log(codes: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Codes → weights, off by at most 3.4 % of themselves."""
    weights = np.exp2(LOWEST + (np.arange(256) - 1) / STEPS).astype(np.float32)
    weights[0] = 0
    return weights[codes]


def overview_shape(queries: int, keys: int, side: int = SIDE) -> tuple[int, int]:
    """Height and width of a picture whose sides are at most ``side``."""
    return -(-queries // width_of(queries, side)), -(-keys // width_of(keys, side))


def width_of(length: int, side: int) -> int:
    """How many positions one pixel covers."""
    return -(-length // side)


def overview_cell(length: int, pixels: int) -> int:
    """How many positions of an axis one pixel of a stored picture covers, which may have been halved."""
    cell = width_of(length, SIDE)
    while -(-length // cell) > pixels:
        cell *= 2
    return cell


def pool_to(picture: NDArray[Any], side: int, *, rows: int | None = None) -> NDArray[Any]:
    """The maximum of each cell of ``[…, query, key]``; each side gets at most ``side`` long.

    Of a band of rows ``rows`` is how many the whole picture has, and the band begins at a cell's first row.
    """
    height = width_of(picture.shape[-2] if rows is None else rows, side)
    width = width_of(picture.shape[-1], side)
    for axis, step in ((-2, height), (-1, width)):
        if step > 1:
            starts = np.arange(0, picture.shape[axis], step)
            picture = np.maximum.reduceat(picture, starts, axis=axis)
    return picture
