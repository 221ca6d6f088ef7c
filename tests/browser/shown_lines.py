"""The Head view's canvases, squares and table → where lines run, which heads are on, and the numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from attention_tab import AttentionTab
from numpy.typing import NDArray

__all__ = [
    "LEFT",
    "MIDDLE",
    "RIGHT",
    "agree",
    "crossings",
    "lines",
    "lines_join",
    "pressed",
    "row_height",
    "strong_lines",
    "table",
]

LEFT, MIDDLE, RIGHT = 0.0, 0.5, 1.0
SPREAD = 8
"""Lines of several heads leave a token side by side, so many pixels from its middle."""
TITLES = "rows => rows.map(row => [...row.querySelectorAll('[role=cell][title]')].map(cell => cell.title))"


def lines(tab: AttentionTab) -> NDArray[np.uint8]:
    """The canvas of all lines."""
    return tab.pixels(tab.canvas("Attention lines of layer"))


def row_height(tab: AttentionTab) -> float:
    """Pixels of a token's row: a short text fills the room."""
    row = tab.frame.locator(".token-lines").evaluate("lines => lines.style.getPropertyValue('--row')")
    return float(str(row).removesuffix("px"))


def strong_lines(tab: AttentionTab) -> NDArray[np.uint8]:
    """The canvas over it: the lines of a pointed or pinned token."""
    return tab.pixels(tab.frame.locator(".line-room canvas:not([role])"))


def crossings(pixels: NDArray[np.uint8], share: float) -> list[float]:
    """The middle of every stretch of ink in one column."""
    alpha = pixels[:, round(share * (pixels.shape[1] - 1)), 3] > 40
    edges = np.flatnonzero(np.diff(np.concatenate([[False], alpha, [False]]).astype(int)))
    return [float(start + end) / 2 for start, end in edges.reshape(-1, 2)]


def agree(found: Sequence[float], wanted: Sequence[float], tolerance: float = 3) -> bool:
    """Whether every stretch of ink lies on a wanted line, and every wanted line has ink."""
    near = np.abs(np.subtract.outer(list(found), list(wanted))) <= tolerance
    return bool(near.size and near.any(axis=0).all() and near.any(axis=1).all())


def lines_join(
    pixels: NDArray[np.uint8], strong: NDArray[np.bool_], tolerance: float = SPREAD, *, row: float
) -> bool:
    """Whether ink leaves the queries and reaches the keys of these weights ``[query, key]``, and no others."""
    if not strong.any():
        return not pixels[..., 3].any()
    return all(
        agree(crossings(pixels, side), [(token + 0.5) * row for token in np.flatnonzero(ends)], tolerance)
        for side, ends in ((LEFT, strong.any(axis=1)), (RIGHT, strong.any(axis=0)))
    )


def pressed(tab: AttentionTab) -> list[int]:
    """The heads whose squares are on."""
    squares = tab.frame.get_by_role("group", name="Heads").get_by_role("button", name="Head ")
    on = squares.evaluate_all(
        "squares => squares.map(square => square.getAttribute('aria-pressed') === 'true')"
    )
    return [int(head) for head in np.flatnonzero(on)]


def table(tab: AttentionTab) -> NDArray[np.float64]:
    """The four decimals behind each number of the table of weights, ``[head, token]``."""
    rows = tab.frame.locator(".weight-rows [role=row]").evaluate_all(TITLES)
    return np.array([[float(title.rsplit(" ", 1)[1]) for title in row] for row in rows]).T
