"""How far a long loop has come → one line on stderr, and sizes and times in words."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from typing import TextIO, TypeVar

__all__ = ["counted", "duration_text", "progress", "size_text"]

QUIET_SECONDS = 1.0  # shorter work shows nothing
SHOW_SECONDS = 0.1
UNITS = ("B", "KB", "MB", "GB", "TB")

Item = TypeVar("Item")


def progress(items: Sequence[Item], what: str, stream: TextIO | None = None) -> Iterator[Item]:
    """Each item; ``done / total`` on stderr once it takes longer than a second, cleared at the end."""
    out = sys.stderr if stream is None else stream
    started, shown = time.monotonic(), 0.0
    try:
        for done, item in enumerate(items):
            now = time.monotonic()
            if now - started >= QUIET_SECONDS and now - shown >= SHOW_SECONDS:
                shown = now
                print(f"\r{done} / {len(items)} {what}", end="", file=out, flush=True)
            yield item
    finally:
        if shown:
            print("\r" + " " * 60 + "\r", end="", file=out, flush=True)


def counted(count: int, noun: str) -> str:
    """A number with its noun: 1 record, 2 records."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def size_text(nbytes: float) -> str:
    """Bytes in the largest unit that leaves a number of at least 1."""
    unit = 0
    while nbytes >= 1000 and unit < len(UNITS) - 1:
        nbytes, unit = nbytes / 1000, unit + 1
    return f"{nbytes:.0f} {UNITS[unit]}" if unit == 0 or nbytes >= 100 else f"{nbytes:.1f} {UNITS[unit]}"


def duration_text(seconds: float) -> str:
    """Seconds in the largest unit that fits: 45 s, 12 min, 5 h, 3 days."""
    for limit, length, unit in ((120, 1, "s"), (7200, 60, "min"), (172_800, 3600, "h")):
        if seconds < limit:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds / 86_400:.0f} days"
