"""The Model view's canvas → the cell of each head, and the heads whose cell does not show their weights."""

from __future__ import annotations

import numpy as np
from attention_tab import AttentionTab
from expected_pixels import CELL, same_colours, thumbnail
from numpy.typing import NDArray

__all__ = ["cell", "wrong_cells"]


def cell(tab: AttentionTab, layer: int, head: int) -> tuple[int, int]:
    """Row and column of the first pixel of a head's cell on the canvas."""
    canvas = tab.canvas("Attention heads at step").bounding_box()
    button = tab.button(f"Layer {layer} head {head}").bounding_box()
    if canvas is None or button is None:
        raise AssertionError(f"layer {layer} head {head} has no place in the grid")
    return round(button["y"] - canvas["y"]), round(button["x"] - canvas["x"])


def wrong_cells(
    tab: AttentionTab, pixels: NDArray[np.uint8], weights: NDArray[np.float32]
) -> list[tuple[int, int]]:
    """Layer and head of the cells that do not show their weights ``[layer, head, query, key]``."""
    top, left = cell(tab, 0, 0)
    down, across = cell(tab, 1, 0)[0] - top, cell(tab, 0, 1)[1] - left
    theme = tab.theme
    return [
        (layer, head)
        for layer, head in np.ndindex(*weights.shape[:2])
        for y, x in [(top + layer * down, left + head * across)]
        if not same_colours(pixels[y : y + CELL, x : x + CELL], thumbnail(weights[layer, head], theme))
    ]
