"""A layer that comes in blocks of rows → the same layer with its weights, some heads at a time."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from math import prod

import numpy as np

from tensorboard_plugin_attn.record.layer import LayerAttention

__all__ = ["WHOLE_BYTES", "head_groups", "whole_bytes"]

WHOLE_BYTES = 256 << 20  # of float32 weights, which a function of a whole map is given
GROUP_BYTES = 32 << 20


def head_groups(layer: LayerAttention) -> Iterator[tuple[slice, LayerAttention]]:
    """Heads and a layer of these alone; none where the map of one head is too large."""
    heads, queries, keys = layer.shape
    size = 4 * queries * keys
    if size > WHOLE_BYTES:
        return
    at_once = max(1, GROUP_BYTES // size)
    for start in range(0, heads, at_once):
        some = slice(start, min(start + at_once, heads))
        one = copy(layer)
        one.weights = layer.blocks.of_heads(list(range(some.start, some.stop))).whole()
        one.blocks, one.query, one.key, one.heads = None, None, None, None
        for name in ("lse", "sink", "value_norm", "max_score"):
            value = getattr(layer, name)
            setattr(one, name, None if value is None else value[some])
        if layer.bias is not None:
            one.bias = np.broadcast_to(layer.bias, layer.shape)[some]
        yield some, one


def whole_bytes(layer: LayerAttention) -> int:
    """Bytes of a layer's weights in float32."""
    return 4 * prod(layer.shape)
