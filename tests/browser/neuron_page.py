"""The Neuron view in a page → its title, its numbers, and the signs of what is coloured."""

from __future__ import annotations

import numpy as np
from attention_tab import AttentionTab
from numpy.typing import NDArray

__all__ = ["cell_pixels", "hover_query", "row_height", "shown_weights", "signs", "title"]


def shown_weights(tab: AttentionTab) -> list[float]:
    """The weights beside the bars, to four decimals, from the first key in view on."""
    cells = tab.frame.get_by_role("table", name="Weights").get_by_role("cell")
    return [float(text) for text in cells.evaluate_all("cells => cells.map(cell => cell.title)")]


def title(tab: AttentionTab) -> str:
    return tab.frame.locator(".neuron-title").inner_text()


def row_height(tab: AttentionTab) -> int:
    """Pixels of a token's row: a short text fills the room."""
    rows = tab.frame.locator(".neuron-columns, .token-lines")
    return int(rows.evaluate("rows => parseInt(rows.style.getPropertyValue('--row'))"))


def hover_query(tab: AttentionTab, row: int) -> None:
    """Point at a query token."""
    tokens = tab.frame.get_by_role("listbox", name="Query tokens")
    tokens.hover(position={"x": 20, "y": (row + 0.5) * row_height(tab)})


def cell_pixels(tab: AttentionTab, column: int, row: int, count: int) -> NDArray[np.int64]:
    """Colours ``[dimension, rgba]`` of a row of one of the three columns of 192 pixels."""
    pixels = tab.pixels(tab.canvas("Query, key")).astype(np.int64)
    width = 192 // count
    left = column * (192 + 16) + width // 2
    return pixels[int((row + 0.5) * row_height(tab)), left : left + 192 : width][:count]


def signs(colours: NDArray[np.int64]) -> NDArray[np.int64]:
    """1 for blue, −1 for orange, 0 for neither."""
    return np.sign(np.where(abs(colours[:, 2] - colours[:, 0]) > 24, colours[:, 2] - colours[:, 0], 0))
