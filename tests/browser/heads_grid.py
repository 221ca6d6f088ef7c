"""The Model view's canvas → the cell of each head, and the heads whose cell does not show their weights."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from attention_tab import AttentionTab
from expected_pixels import same_colours, thumbnail
from numpy.typing import NDArray
from playwright.sync_api import Locator

__all__ = ["cell", "cell_size", "cells", "covered", "wrong_cells"]

PLACES = """buttons => {
  const from = document.querySelector("canvas[role=img][aria-label^='Attention heads at step']").getBoundingClientRect();
  return buttons.map(button => {
    const { top, left } = button.getBoundingClientRect();
    const { layer, head } = button.dataset;
    return [Number(layer), Number(head), Math.round(top - from.top), Math.round(left - from.left)];
  });
}"""


def cells(tab: AttentionTab) -> dict[tuple[int, int], tuple[int, int]]:
    """Row and column of the first pixel of the cell of each layer and head on the canvas."""
    places = tab.frame.locator(".head-buttons button").evaluate_all(PLACES)
    return {(layer, head): (top, left) for layer, head, top, left in places}


def cell_size(tab: AttentionTab) -> int:
    """Pixels of a cell's side; the grid fills its room."""
    width = tab.frame.locator(".head-buttons button").first.evaluate("button => button.offsetWidth")
    return int(width)


def cell(tab: AttentionTab, layer: int, head: int) -> tuple[int, int]:
    """Of one head."""
    return cells(tab)[layer, head]


def wrong_cells(
    tab: AttentionTab, pixels: NDArray[np.uint8], weights: Sequence[NDArray[np.float32]]
) -> list[tuple[int, int]]:
    """Layer and head of the cells that do not show their weights ``[head, query, key]`` of each layer."""
    theme, found, side = tab.theme, cells(tab), cell_size(tab)
    return [
        (layer, head)
        for layer, heads in enumerate(weights)
        for head, (y, x) in enumerate(found[layer, each] for each in range(len(heads)))
        if not same_colours(pixels[y : y + side, x : x + side], thumbnail(heads[head], theme, side))
    ]


def covered(over: Locator, under: Locator) -> float:
    """The share of one box that another lies over."""
    one, other = over.bounding_box(), under.bounding_box()
    assert one is not None
    assert other is not None
    sides = [
        min(one[at] + one[size], other[at] + other[size]) - max(one[at], other[at])
        for at, size in (("x", "width"), ("y", "height"))
    ]
    return max(0, sides[0]) * max(0, sides[1]) / (other["width"] * other["height"])
