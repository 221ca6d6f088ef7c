"""The chosen head beside the grid → whether its matrix, or its lines where the text is too long, are its weights."""

from __future__ import annotations

import numpy as np
from attention_tab import AttentionTab
from expected_pixels import colour_table
from numpy.typing import NDArray
from playwright.sync_api import Locator
from shown_lines import lines, lines_join

__all__ = ["agrees", "has_matrix", "matrix", "weights_shown"]

LINE_ROW = 24
"""Pixels of a token's row where lines stand beside the grid."""


def matrix(tab: AttentionTab) -> Locator:
    """The canvas of the matrix."""
    return tab.frame.locator("canvas[aria-label^='Attention matrix of layer']")


def has_matrix(tab: AttentionTab) -> bool:
    """Whether the text is short enough for one."""
    tab.frame.locator(".token-matrix canvas, .compact-lines canvas").first.wait_for()
    return matrix(tab).count() > 0


def agrees(tab: AttentionTab, weights: NDArray[np.float32], threshold: float) -> bool:
    """Whether every cell of weights ``[query, key]`` has its colour; of lines, those from the threshold on."""
    if not has_matrix(tab):
        return lines_join(lines(tab), weights >= threshold, row=LINE_ROW)
    pixels = tab.pixels(matrix(tab))
    cell = len(pixels) // len(weights)
    corners = pixels[2::cell, 2::cell, :3].astype(float)  # beside the numbers
    wanted = colour_table(tab.theme)[np.round(255 * np.sqrt(weights)).astype(int)]
    return corners.shape == wanted.shape and float(np.abs(corners - wanted).max()) <= 3


def weights_shown(tab: AttentionTab) -> list[float]:
    """Of the pointed token, of every key: the text's chips, or the column of numbers."""
    if has_matrix(tab):
        chips = tab.frame.locator(".looks-tokens button")
        titles = chips.evaluate_all("chips => chips.map(chip => chip.title)")
        return [float(title.rsplit(" ", 1)[1]) for title in titles]
    return [float(text) for text in tab.frame.locator(".weight-column span").all_inner_texts()]
