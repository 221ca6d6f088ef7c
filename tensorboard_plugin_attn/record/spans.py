"""Spans of a token list that hold an image or a sound ⇄ the names of their positions, and where each one stands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn.errors import InvalidRecordError

__all__ = [
    "Places",
    "check_spans",
    "image_span",
    "patch_names",
    "places_of",
    "prefix_kind",
    "sound_span",
    "span_length",
    "spans_in",
    "special_names_in",
]

PATCH = re.compile(r"r(\d+)c(\d+)")
PREFIXES = (
    (re.compile(r"\[?cls\]?", re.IGNORECASE), "cls"),
    (re.compile(r"\[?reg(ister)?[ _]?\d*\]?", re.IGNORECASE), "register"),
    (re.compile(r"\[?dist(illation)?\]?", re.IGNORECASE), "distillation"),
)


@dataclass(frozen=True, eq=False)
class Places:
    """Where each position of a list stands, ``[position]`` each.

    ``span``: the number of its image span, −1 for none; ``row``, ``col`` and ``frame``: on that span's grid.
    """

    span: NDArray[np.int64]
    row: NDArray[np.int64]
    col: NDArray[np.int64]
    frame: NDArray[np.int64]


def image_span(
    start: int,
    rows: int,
    cols: int,
    *,
    frames: int = 1,
    patch: tuple[float, float] = (0.0, 0.0),
    box: Sequence[float] = (0.0, 0.0, 1.0, 1.0),
    picture: int | None = None,
) -> dict[str, Any]:
    """A span of ``frames * rows * cols`` patches, row by row; ``patch`` is [height, width] in pixels, 0: not known."""
    return {
        "kind": "image",
        "start": start,
        "rows": rows,
        "cols": cols,
        "frames": frames,
        "patch": list(map(float, patch)),
        "box": list(map(float, box)),
        "picture": picture,
    }


def sound_span(start: int, length: int, seconds: float, *, offset: float = 0.0) -> dict[str, Any]:
    """A span of positions that last ``seconds`` each."""
    return {"kind": "sound", "start": start, "length": length, "seconds": seconds, "offset": offset}


def span_length(span: Mapping[str, Any]) -> int:
    """How many positions a span has."""
    return int(
        span["length"] if span["kind"] == "sound" else span["rows"] * span["cols"] * span.get("frames", 1)
    )


def check_spans(spans: Iterable[Mapping[str, Any]], name: str, length: int) -> list[dict[str, Any]]:
    """Spans inside their list, none over another, each order a permutation. Raises InvalidRecordError."""
    found = [dict(span) for span in spans]
    taken = 0
    for span in sorted(found, key=lambda each: int(each["start"])):
        stop = int(span["start"]) + span_length(span)
        if not taken <= int(span["start"]) < stop <= length:
            raise InvalidRecordError(
                f"geometry: {name} has {length} positions, got a span of {span['start']} to {stop - 1}"
                + (f" over one that ends at {taken - 1}" if int(span["start"]) < taken else "")
            )
        taken = stop
        order = span.get("order")
        if order is not None and sorted(order) != list(range(span_length(span))):
            raise InvalidRecordError(
                f"geometry: the order of {name}'s span at {span['start']} must hold each of 0 to "
                f"{span_length(span) - 1} once"
            )
    return found


def patch_names(rows: int, cols: int, frames: int = 1) -> list[str]:
    """The names of a grid's patches, such as ``r3c5``; of several frames ``f1r3c5``."""
    return [
        f"{'' if frames == 1 else f'f{frame}'}r{row}c{col}"
        for frame in range(frames)
        for row in range(rows)
        for col in range(cols)
    ]


def spans_in(tokens: Sequence[str]) -> list[dict[str, Any]]:
    """Grids that a list's names tell: ``r0c0``, ``r0c1``, … row by row, two rows and two columns or more."""
    found, start = [], 0
    while start < len(tokens):
        size = grid_at(tokens, start) if tokens[start] == "r0c0" else None
        if size is not None:
            found.append(image_span(start, *size))
        start += 1 if size is None else size[0] * size[1]
    return found


def grid_at(tokens: Sequence[str], start: int) -> tuple[int, int] | None:
    """Rows and columns of the grid whose first patch stands here; None where there is no whole one."""
    last = (0, 0)
    for token in tokens[start + 1 :]:
        match = PATCH.fullmatch(token)
        place = None if match is None else (int(match[1]), int(match[2]))
        if place not in ((last[0], last[1] + 1), (last[0] + 1, 0)):
            break
        last = place
    rows, cols = last[0] + 1, last[1] + 1
    is_whole = list(tokens[start : start + rows * cols]) == patch_names(rows, cols)
    return (rows, cols) if is_whole and rows > 1 and cols > 1 else None


def prefix_kind(name: str) -> str:
    """What a position without a place is by its name: ``cls``, ``register``, ``distillation``, or the name itself."""
    return next((kind for pattern, kind in PREFIXES if pattern.fullmatch(name)), name)


def special_names_in(tokens: Sequence[str], spans: Sequence[Mapping[str, Any]]) -> dict[int, str]:
    """The positions before, between and behind grids that the names tell: CLS, registers, distillation."""
    inside = places_of(spans, len(tokens)).span >= 0
    kinds = {prefix for _, prefix in PREFIXES}
    named = {position: prefix_kind(token) for position, token in enumerate(tokens) if not inside[position]}
    return {position: kind for position, kind in named.items() if kind in kinds}


def places_of(spans: Sequence[Mapping[str, Any]], length: int) -> Places:
    """Where each position of a list of ``length`` stands."""
    places = Places(*(np.full(length, -1) for _ in range(4)))
    for number, span in enumerate(spans):
        if span["kind"] != "image":
            continue
        size = span_length(span)
        cells = np.arange(size) if span.get("order") is None else np.array(span["order"])
        at = slice(int(span["start"]), int(span["start"]) + size)
        places.span[at] = number
        places.col[at] = cells % span["cols"]
        places.row[at] = cells // span["cols"] % span["rows"]
        places.frame[at] = cells // (span["cols"] * span["rows"])
    return places
