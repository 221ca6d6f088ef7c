"""What BertViz took and what ours took → one row: both medians, the ratio, the number to hold, the load."""

from __future__ import annotations

import math
import os
import statistics
from dataclasses import dataclass

__all__ = ["Hold", "print_row"]


@dataclass(frozen=True)
class Hold:
    """Ours is so many times less than BertViz's, and at most so much."""

    ratio: float = 0
    ours: float = math.inf

    def text(self, unit: str) -> str:
        """As it stands in the row."""
        wanted = [f"≥ {self.ratio:.0f} ×"] * (self.ratio > 0)
        return ", ".join(wanted + [f"≤ {self.ours:.0f} {unit}"] * math.isfinite(self.ours)) or "–"


def print_row(
    where: str, name: str, theirs: list[float], ours: list[float], hold: Hold, *, limit: float | None = None
) -> None:
    """Print the row; memory is in MiB, all else in ms.

    ``limit``: BertViz was not done after so many seconds, so what is known of it is the least that it takes. It is
    empty where it has no such row.
    """
    unit = "MiB" if name.startswith("peak memory") else "ms"
    mine = statistics.median(ours)
    bound = "> " if limit is not None and theirs else ""
    least = limit * 1000 if bound and limit is not None and unit == "ms" else median(theirs)
    peer = f"{bound}{least:.0f} {unit} ({len(theirs)})" if theirs else "–"
    ratio = f"{bound}{least / mine:.1f} ×" if theirs else "–"
    print(
        f"{where:<11} {name:<36} BertViz {peer:<15} ours {mine:6.0f} {unit:<3} ({len(ours)})  {ratio:>10}  "
        f"hold {hold.text(unit):<16} load {os.getloadavg()[0]:.1f}",
        flush=True,
    )


def median(values: list[float]) -> float:
    """Not a number of none."""
    return statistics.median(values) if values else math.nan
