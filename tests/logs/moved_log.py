"""A directory → records whose values differ in length: a sink with much weight and little in it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from logs.small_log import HEADS, LAYERS, TOKENS, sample_weights
from numpy.typing import NDArray

from tensorboard_plugin_attn import AttentionRecord, AttentionWriter, LayerAttention

__all__ = ["expected_contributions", "log_moved", "moved_weights", "norms"]


def norms(step: int = 0, length: int = len(TOKENS)) -> NDArray[np.float32]:
    """Lengths of values ``[layer, head, key]``, exact in float16; the first key's is short."""
    lengths = np.random.default_rng(100 + step).integers(1, 9, (LAYERS, HEADS, length)) / np.float32(4)
    lengths[..., 0] = 1 / 64
    return lengths.astype(np.float32)


def moved_weights(step: int, length: int = len(TOKENS)) -> NDArray[np.float32]:
    """Weights ``[layer, head, query, key]``: half of each row on the first key."""
    weights = sample_weights(step, length=length) / 2
    weights[..., 0] += 0.5
    return weights


def expected_contributions(step: int, length: int = len(TOKENS)) -> NDArray[np.float32]:
    """``[layer, head, query, key]``."""
    moved = moved_weights(step, length) * norms(step, length)[:, :, None, :]
    return np.asarray(moved / moved.sum(-1, keepdims=True), np.float32)


def log_moved(
    directory: str | Path,
    tag: str = "moved",
    steps: Iterable[int] = (0, 1, 2),
    *,
    of: str = "vWo",
    tokens: list[str] = TOKENS,
    precision: str = "float32",
) -> None:
    """Log one probe with the lengths of its values."""
    length = len(tokens)
    with AttentionWriter(directory, precision=precision) as writer:
        for step in steps:
            layers = []
            for weights, norm in zip(moved_weights(step, length), norms(step, length), strict=True):
                layer = LayerAttention(weights, value_norm=norm)
                layer.value_norm_of = of
                layers.append(layer)
            writer.add_record(tag, AttentionRecord(layers, tokens), step)
