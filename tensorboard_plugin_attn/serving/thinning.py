"""The head metrics of many steps → the few rows that a picture of some pixels needs: least, most and last a column."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from tensorboard_plugin_attn.reading.series import MetricBlock, stack_blocks

__all__ = ["EXACT", "GAP", "LEAST", "MOST", "Columns", "ThinRow", "columns_over", "spaced", "thin_column"]

EXACT, LEAST, MOST, GAP = range(4)
FEW = 3  # steps of a column that travel as they are
FINEST = 2.0**-20  # of a logarithmic axis

Step = TypeVar("Step")


@dataclass(frozen=True)
class ThinRow:
    """One row of a thinned series; ``place`` is its step, or lies between two steps where the row is of no step."""

    block: MetricBlock
    part: int  # EXACT, LEAST, MOST or GAP
    place: float


@dataclass(frozen=True)
class Columns:
    """Pixel columns over the steps: their ``span``, a power of two, in steps or in their logarithm."""

    span: float
    origin: int | None = None  # of a logarithmic axis

    def of(self, step: int) -> int:
        """The number of the column that a step lies in; it stays while the span does."""
        return math.floor(position(step, self.origin) / self.span)


def position(step: int, origin: int | None) -> float:
    """Where a step lies along an axis, which is logarithmic where it has an origin."""
    return step if origin is None else math.log1p(step - origin)


def columns_over(first: int, last: int, width: int, *, is_log: bool = False) -> Columns:
    """The finest columns between two steps of which there are at most ``width``."""
    origin = min(0, first) if is_log else None
    start, end = position(first, origin), position(last, origin)
    span = 2.0 ** math.floor(math.log2(max((end - start) / width, FINEST)))
    span = span if is_log else max(1.0, span)
    while math.floor(end / span) - math.floor(start / span) + 1 > width:
        span *= 2
    return Columns(span, origin)


def thin_column(blocks: Sequence[MetricBlock]) -> list[ThinRow]:
    """The readable steps of one column, in order → its rows.

    Up to three steps stay as they are. Of more there are the least and the most that each head and metric had, a row
    that is NaN where one of the steps was NaN (only where there is such a gap), and the last step as it is.
    """
    if len(blocks) <= FEW:
        return [ThinRow(block, EXACT, block.step) for block in blocks]
    series = stack_blocks(blocks)
    unknown = np.isnan(series.values)
    least, most = np.fmin.reduce(series.values), np.fmax.reduce(series.values)
    rows = [(LEAST, least), (MOST, most)]
    hidden = unknown.any(axis=0) & ~unknown.all(axis=0)
    if hidden.any():
        rows.append((GAP, np.where(hidden, np.float32(np.nan), most)))
    start, length = blocks[0].step, blocks[-1].step - blocks[0].step
    places = start + 0.5, start + length // 3 + 0.5, start + 2 * length // 3 + 0.5
    like = replace(blocks[-1], names=tuple(series.names), layers=series.entries)
    thin = [
        ThinRow(replace(like, values=values), part, place)
        for (part, values), place in zip(rows, places, strict=False)
    ]
    return [*thin, ThinRow(blocks[-1], EXACT, blocks[-1].step)]


def spaced(steps: Sequence[Step], most: int) -> list[Step]:
    """At most ``most`` of the steps, evenly spaced; a step that comes later leaves them as they are, or adds one."""
    stride = 1
    while len(range(0, len(steps), stride)) > most:
        stride *= 2
    return list(steps[::stride])
