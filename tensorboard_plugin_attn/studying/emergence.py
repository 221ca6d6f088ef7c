"""Head metrics over the steps → for each head and metric the largest lasting change: when, from what, to what.

A series is split in two where the means of the parts differ most for their lengths (the split with the largest
between-part sum of squares). The change is the difference of the parts' medians, so that a short spike is not
one. The noise is the head's own: 1.4826 · the median step-to-step difference / √2. A change is marked when it
is at least ``smallest`` (of the metric's scale) and more than ``factor`` times the noise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

__all__ = ["FACTOR", "SMALLEST", "Emergence", "find_emergence"]

SMALLEST = 0.15
FACTOR = 4.0
SHORTEST_PART = 3  # steps, where there are at least five times as many
MOST_STRETCHES = 64  # of one input each; the last ones count
CHUNK = 1 << 18  # numbers worked on at once, with some sixty bytes each

Series = NDArray[np.float32]  # [step, series]


@dataclass(frozen=True)
class Emergence:
    """The largest lasting change of each head and metric, ``[layer, head, metric]``; NaN where there is none.

    ``index`` counts the steps: the first one after the change, −1 where there is none. ``scales`` ``[metric]`` is
    what a change of 1 means: 1 for what lies between 0 and 1, else the range over all heads and steps.
    """

    index: NDArray[np.int64]
    before: NDArray[np.float32]
    after: NDArray[np.float32]
    noise: NDArray[np.float32]
    scales: NDArray[np.float32]

    @property
    def size(self) -> NDArray[np.float32]:
        """Signed change, in parts of the metric's scale."""
        return np.asarray((self.after - self.before) / self.scales, np.float32)

    def marked(self, smallest: float = SMALLEST, factor: float = FACTOR) -> NDArray[np.bool_]:
        """``[layer, head, metric]``: whether the change stands out."""
        size = np.abs(np.nan_to_num(self.size))
        noise = np.nan_to_num(self.noise) / self.scales
        return np.asarray((self.index >= 0) & (size >= smallest) & (size > factor * noise))


def find_emergence(values: NDArray[np.float32], cuts: Sequence[int] = ()) -> Emergence:
    """Metrics ``[step, layer, head, metric]`` → the largest lasting change of each series. Gaps are NaN.

    ``cuts``: indices from which on the values are of another input; a change lies between two of them.
    """
    if not cuts or not values.size:
        return largest_change(values)
    scales, found = metric_scales(values), nothing(values.shape[1:])
    stretches = [each for each in pairwise((0, *cuts, len(values))) if each[1] - each[0] > 1]
    for start, stop in stretches[-MOST_STRETCHES:]:
        inside = largest_change(values[start:stop])
        size, known = np.abs(inside.after - inside.before), np.abs(found.after - found.before)
        is_larger = (inside.index >= 0) & ((found.index < 0) | (size > known))
        index, before, after, noise = (
            np.where(is_larger, new, old)
            for new, old in (
                (inside.index + start, found.index),
                (inside.before, found.before),
                (inside.after, found.after),
                (inside.noise, found.noise),
            )
        )
        found = Emergence(index, before, after, noise, scales)
    return replace(found, scales=scales)


def largest_change(values: NDArray[np.float32]) -> Emergence:
    """As ``find_emergence``, of one input."""
    shape = values.shape[1:]
    if not values.size:
        return nothing(shape)
    flat = values.reshape(len(values), -1)
    width = max(1, CHUNK // max(1, len(values)))
    parts = [split_series(flat[:, start : start + width]) for start in range(0, flat.shape[1], width)]
    index, before, after, noise = (np.concatenate(each).reshape(shape) for each in zip(*parts, strict=True))
    return Emergence(index, before, after, noise, metric_scales(values))


def nothing(shape: tuple[int, ...]) -> Emergence:
    """Where there is no step or no head."""
    unknown = np.full(shape, np.nan, np.float32)
    return Emergence(np.full(shape, -1), unknown, unknown, unknown, np.ones(shape[-1:], np.float32))


def metric_scales(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """1 for a metric between 0 and 1, else its range over everything that was logged."""
    flat = values.reshape(-1, values.shape[-1])
    highest, lowest = np.fmax.reduce(flat, initial=0), np.fmin.reduce(flat, initial=0)
    scales: NDArray[np.float32] = np.maximum(highest - lowest, 1).astype(np.float32)
    return np.where(np.isfinite(scales), scales, 1).astype(np.float32)


Split = tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]


def split_series(series: Series) -> Split:
    """Index of the first step after the change, medians before and after, noise: each ``[series]``."""
    known = np.isfinite(series)
    packed, counts, order = pack(series, known)
    at = best_split(packed, counts)
    found = at > 0
    rows = np.arange(len(packed))[:, None]
    before = median_of(packed, 0 * rows, at[:, None])
    after = median_of(packed, at[:, None], counts[:, None])
    index = np.where(found, order[np.arange(len(packed)), at], -1)
    unknown = np.float32(np.nan)
    return (
        index,
        np.where(found, before, unknown).astype(np.float32),
        np.where(found, after, unknown).astype(np.float32),
        step_noise(packed, counts),
    )


def pack(
    series: Series, known: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.int64]]:
    """``[series, step]`` with what is known first, how much that is, and where each came from."""
    lines = series.T
    if known.all():
        order = np.broadcast_to(np.arange(len(series)), lines.shape)
        return np.ascontiguousarray(lines), np.full(len(lines), len(series)), order
    order = np.argsort(~known.T, axis=1, kind="stable")
    packed = np.take_along_axis(np.where(known.T, lines, 0), order, axis=1)
    return packed.astype(np.float32), known.sum(axis=0), order


def best_split(packed: NDArray[np.float32], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Length of the first part of each series, 0 where it is too short or flat."""
    steps = packed.shape[1]
    if steps < 2:
        return np.zeros(len(packed), np.int64)
    sums = np.cumsum(packed, axis=1, dtype=np.float64)
    total, length = sums[:, -1:], np.arange(1, steps + 1)
    rest = counts[:, None] - length
    gap = sums[:, :-1] * rest[:, :-1] - (total - sums[:, :-1]) * length[:-1]  # (m1 − m2) · n1 · n2
    shortest = np.clip(counts // 5, 1, SHORTEST_PART)[:, None]
    allowed = (length[:-1] >= shortest) & (rest[:, :-1] >= shortest)
    gain = np.where(allowed, gap**2 / np.maximum(length[:-1] * rest[:, :-1], 1), 0)
    best = gain.argmax(axis=1)
    return np.asarray(np.where(gain[np.arange(len(gain)), best] > 1e-9, best + 1, 0))


def median_of(
    packed: NDArray[np.float32], start: NDArray[np.int64], stop: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Median of the steps from start to before stop of each series; what there is when there are none is unused."""
    columns = np.arange(packed.shape[1])
    inside = (columns >= start) & (columns < stop)
    ordered = np.sort(np.where(inside, packed, np.inf), axis=1)
    count = np.maximum(inside.sum(axis=1), 1)
    rows = np.arange(len(packed))
    middle = ordered[rows, (count - 1) // 2], ordered[rows, count // 2]
    return np.asarray((middle[0] + middle[1]) / 2)


def step_noise(packed: NDArray[np.float32], counts: NDArray[np.int64]) -> NDArray[np.float32]:
    """Standard deviation of a step, from the median difference between neighbours; NaN below two steps."""
    if packed.shape[1] < 2:
        return np.full(len(packed), np.nan, np.float32)
    moves = np.abs(np.diff(packed, axis=1))
    middle = median_of(moves, np.zeros_like(counts)[:, None], (counts - 1)[:, None])
    return np.where(counts > 1, 1.4826 / np.sqrt(2) * middle, np.nan).astype(np.float32)
