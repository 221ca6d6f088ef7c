"""Weights and a theme → the pixels that must be seen: thumbnails in full, and where lines cross a column."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

__all__ = ["HEAD_COLOURS", "STORED", "line_heights", "rgb", "same_colours", "thumbnail"]

STOPS = {
    "light": ["#f3f5f7", "#cfe2f2", "#86b9de", "#2f7ebc", "#08306b"],
    "dark": ["#3a3a3a", "#33536f", "#2f77b0", "#6db3ea", "#eaf6ff"],
}
HEAD_COLOURS = {
    "light": ["#327cbb", "#741f06", "#b88c10", "#520b88", "#a44d4f", "#423ecb", "#4ea387", "#8a2a5c"],
    "dark": ["#58b4fc", "#e4fa4a", "#bd6412", "#90f8ec", "#4970ef", "#afc16a", "#986b90", "#d68aad"],
}
STORED = 64
"""Thumbnails are stored with at most so many pixels a side."""


def rgb(colour: str) -> list[int]:
    """``#rrggbb`` as three numbers."""
    return [int(colour[at : at + 2], 16) for at in (1, 3, 5)]


def colour_table(theme: str) -> NDArray[np.float64]:
    """Colour ``[code, rgb]`` of every thumbnail code, round(255 √weight)."""
    stops = np.array([rgb(colour) for colour in STOPS[theme]], float)
    places = np.linspace(0, 1, len(stops))
    codes = np.arange(256) / 255
    return np.stack([np.interp(codes, places, stops[:, channel]) for channel in range(3)], axis=-1)


def largest(values: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """The first axis in so many parts: repeated when it is shorter, the largest of each part when longer."""
    edges = np.arange(size + 1) * len(values) // size
    return np.stack([values[a : max(a + 1, b)].max(axis=0) for a, b in pairwise(edges)])


def thumbnail(weights: NDArray[np.float32], theme: str, cell: int) -> NDArray[np.float64]:
    """A head's cell ``[row, column, rgb]``, so many pixels a side, for its weights ``[query, key]``."""
    if len(weights) > STORED:
        weights = largest(largest(weights, STORED).T, STORED).T
    weights = largest(largest(weights, cell).T, cell).T
    return colour_table(theme)[np.round(255 * np.sqrt(weights)).astype(int)]


def same_colours(found: NDArray[np.uint8], wanted: NDArray[np.float64], tolerance: float = 2.5) -> bool:
    """Whether all pixels agree but for rounding; found may have an alpha, which must be full."""
    opaque = found.shape[-1] == 3 or bool((found[..., 3] == 255).all())
    return opaque and float(np.abs(found[..., :3].astype(float) - wanted).max()) <= tolerance


def line_heights(
    weights: NDArray[np.float32], share: float, row: float, threshold: float = 0.1
) -> list[float]:
    """Where lines from queries (share 0) to keys (share 1) cross a column of the picture, in pixels."""
    queries, keys = np.nonzero(weights >= threshold)
    return sorted({float(row * (q + share * (k - q) + 0.5)) for q, k in zip(queries, keys, strict=True)})
