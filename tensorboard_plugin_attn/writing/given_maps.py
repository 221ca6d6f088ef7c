"""A layer that comes with its weights → the same layer as blocks of rows, where torch is there to read them."""

from __future__ import annotations

import sys
from copy import copy
from math import prod

from tensorboard_plugin_attn.record.layer import LayerAttention

__all__ = ["SMALL_BYTES", "in_blocks"]

SMALL_BYTES = 4 << 20  # of float32 weights, below which one array at a time is as fast


def in_blocks(layer: LayerAttention, index: int) -> LayerAttention:
    """A layer whose weights are read a block at a time and never copied as a whole; as it was without torch.

    Raises:
        InvalidRecordError: its weights are not ``[head, query, key]`` of one input.
    """
    asks_for_scores = layer.query is not None and layer.max_score is None
    if layer.weights is None or layer.blocks is not None or "torch" not in sys.modules or asks_for_scores:
        return layer
    if 4 * prod(getattr(layer.weights, "shape", (0,))) <= SMALL_BYTES:
        return layer
    from tensorboard_plugin_attn.capturing.calls.held_blocks import layer_in_blocks

    result = copy(layer)
    result.blocks = layer_in_blocks(layer, index)
    result.blocks.keeps_vectors = layer.query is not None
    result.weights, result.mask = None, result.blocks.mask  # type: ignore[assignment]  # as of a layer of vectors
    return result
