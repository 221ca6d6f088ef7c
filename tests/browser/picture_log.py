"""A directory → a log of records over pictures: each head looks at one planted patch, or hears one planted second."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_sample_image

from tensorboard_plugin_attn import AttentionRecord, AttentionWriter, LayerAttention
from tensorboard_plugin_attn.record.pictures import picture_media, sound_media
from tensorboard_plugin_attn.record.spans import image_span, patch_names, sound_span

__all__ = [
    "FRAMES",
    "FRAME_SECONDS",
    "GRIDS",
    "HEADS",
    "LAYERS",
    "STEPS",
    "WORDS",
    "heard",
    "looked_at",
    "write_log",
]

GRIDS: dict[str, tuple[int, int]] = {"square": (6, 6), "wide": (5, 9)}
LAYERS, HEADS, STEPS = 2, 3, (0, 10)
WORDS, FRAMES, FRAME_SECONDS = ("<s>", "one", "two", "three"), 60, 0.05


def looked_at(grid: tuple[int, int], layer: int, head: int, step: int) -> tuple[int, int]:
    """Row and column of the patch that all of a head's weight lies on."""
    number = 7 * layer + 5 * head + 11 * STEPS.index(step) + 4
    return number % grid[0], number % grid[1]


def heard(word: int) -> slice:
    """The frames that a word looks at."""
    return slice(15 * word, 15 * word + 10)


def patch_record(grid: tuple[int, int], step: int, *, is_kept: bool = True) -> AttentionRecord:
    """A CLS token, patches of a photograph, and heads that all look at one of them."""
    rows, cols = grid
    names = ["[CLS]", *patch_names(rows, cols)]
    layers = []
    for layer in range(LAYERS):
        weights = np.zeros((HEADS, len(names), len(names)), np.float32)
        for head in range(HEADS):
            row, col = looked_at(grid, layer, head, step)
            weights[head, :, 1 + row * cols + col] = 1
        layers.append(LayerAttention(weights))
    record = AttentionRecord(layers, names)
    photograph = np.asarray(load_sample_image("china.jpg"))[: 60 * rows, : 60 * cols]
    media = picture_media(photograph)
    record.axes.pictures = [media.entry()]
    record.axes.media = {media.sha256: media} if is_kept else {}
    record.axes.geometry = {"tokens": [image_span(1, rows, cols, patch=(60, 60), picture=0)]}
    record.axes.special_names = {"tokens": {0: "cls"}}
    return record


def tones() -> NDArray[Any]:
    """A tone a word, as long as its frames."""
    rate = 16000
    time = np.arange(int(FRAMES * FRAME_SECONDS * rate)) / rate
    word = np.minimum(3, time / FRAME_SECONDS // 15)
    return np.sin(2 * np.pi * 300 * (word + 1) * time) * (time / FRAME_SECONDS % 15 < 10)


def sound_record() -> AttentionRecord:
    """Words that each hear their own second, of an encoder and a decoder."""
    weights = np.zeros((HEADS, len(WORDS), FRAMES), np.float32)
    for word in range(len(WORDS)):
        weights[:, word, heard(word)] = 0.1
    decoder = np.full((HEADS, len(WORDS), len(WORDS)), 1 / len(WORDS), np.float32)
    layers = [
        LayerAttention(decoder, stack="decoder"),
        LayerAttention(weights, kind="cross", stack="decoder"),
    ]
    frames = [f"{number * FRAME_SECONDS:.2f}s" for number in range(FRAMES)]
    record = AttentionRecord(layers, frames, decoder_tokens=list(WORDS), special=["<s>"])
    media = sound_media(tones(), 16000)
    record.axes.pictures, record.axes.media = [media.entry()], {media.sha256: media}
    record.axes.geometry = {"tokens": [{**sound_span(0, FRAMES, FRAME_SECONDS), "clip": 0}]}
    return record


def write_log(directory: Path) -> Path:
    """One run with a probe for each grid, one without pixels, and one of sound."""
    with AttentionWriter(directory / "seen") as writer:
        for step in STEPS:
            for name, grid in GRIDS.items():
                writer.add_record(name, patch_record(grid, step), step)
            writer.add_record("private", patch_record(GRIDS["wide"], step, is_kept=False), step)
            writer.add_record("sound", sound_record(), step)
    return directory
