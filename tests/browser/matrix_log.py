"""A directory → a log of one short and one very long text for the matrix, and the pointer on it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from attention_tab import AttentionTab
from logs.random_attention import softmax_weights
from numpy.typing import NDArray
from playwright.sync_api import Locator

from tensorboard_plugin_attn import AttentionRecord, AttentionWriter, LayerAttention

__all__ = [
    "BRIGHT",
    "KEY",
    "LENGTH",
    "LONG",
    "QUERY",
    "SHORT",
    "STEPS",
    "TOKENS",
    "matrix",
    "point_at",
    "short_weights",
    "write_log",
]

LENGTH = 4096
QUERY, KEY, BRIGHT = 2711, 1033, 0.9
TOKENS = ["[CLS]", "un", "##believ", "##able", "nurse", "##s", "!", "[SEP]"]
STEPS = (0, 10, 250)
HEADS = 3
LONG = {"run": "planted", "tag": "long", "mode": "matrix"}
SHORT = {"run": "planted", "tag": "patterns", "mode": "matrix"}


def long_layer() -> LayerAttention:
    """Two heads of 4096 tokens: all on the first key, and in the second head one bright cell besides."""
    weights = np.zeros((2, LENGTH, LENGTH), np.float32)
    weights[:, :, 0] = 1
    weights[1, QUERY, [0, KEY]] = 1 - BRIGHT, BRIGHT
    return LayerAttention(weights, heads=[3, 7], mask="full")


def short_weights(step: int) -> NDArray[np.float32]:
    """``[layer, head, query, key]`` of the short text."""
    return np.stack([softmax_weights(HEADS, len(TOKENS), len(TOKENS), 50 + step + layer) for layer in (0, 1)])


def write_log(directory: Path) -> Path:
    """One run: the short text at every step, the long one at step 0."""
    with AttentionWriter(directory / "planted") as writer:
        for step in STEPS:
            writer.add_attention("patterns", short_weights(step), TOKENS, step)
        names = [f"token{number}" for number in range(LENGTH)]
        writer.add_record("long", AttentionRecord([long_layer()], names), 0)
    return directory


def matrix(tab: AttentionTab) -> Locator:
    """The matrix, which has the keyboard."""
    return tab.frame.get_by_role("application")


def point_at(tab: AttentionTab, query: float, key: float, count: int) -> None:
    """Move the pointer to a place of the matrix, counted in cells of ``count``."""
    box = matrix(tab).bounding_box()
    assert box is not None
    tab.page.mouse.move(box["x"] + box["width"] * key / count, box["y"] + box["height"] * query / count)
