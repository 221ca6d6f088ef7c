"""Weights and what is known of one attention layer → a LayerAttention."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn.errors import InvalidRecordError

__all__ = ["LayerAttention"]

KINDS = ("self", "cross")


class LayerAttention:
    """The attention of one layer.

    Args:
        weights: after softmax, before dropout. In a record: float32 ``[head, query, key]``. In
            ``captured.layers``: a torch tensor ``[batch, head, query, key]``.
        name: the module's name in the model, such as ``encoder.layer.3.attention.self``.
        kind: ``"self"`` or ``"cross"``.
        stack: ``"encoder"``, ``"decoder"``, ``"vision"``, … or empty for an only stack.
        mask: ``"full"``, ``"causal"``, ``"window <n>"`` or ``"other"``; None: read off the weights.
        query: ``[head, query, d]``, after rotary embedding, before scaling.
        key: ``[kv_head, key, d]``; query head h uses key head ``h * kv_heads // heads``.
        scale: the factor on ``q · k``.
        bias: added to the scaled scores, broadcastable to ``[head, query, key]``; holds −inf where a
            mask of kind ``"other"`` hides a key.
        mechanism: how it was captured, such as ``"sdpa"``; empty when logged by hand.
        dtype: the model's own floating type, such as ``"bfloat16"``.
        heads: the numbers of the heads, when only some of the layer's heads are kept.
        rebuild_error: largest absolute difference between ``softmax(q·k·scale + bias + mask)`` and the
            weights on the row that was checked; None when it was not checked.
        max_score: ``[head]``, the largest score before softmax, where that is known; None: worked out of query
            and key.
        value_norm: ``[head, key]``, the length of the value that each head takes from each key.
        sink: ``[head, query]``, the share of each row that goes to no key; None: rows sum to 1.
        output_error: how far weights · values are from what the kernel returned, relative to the values; None
            where that was not seen.
        model_heads: how many heads the module has, of which these are some or all; None: not known.

    In a record, ``query_tokens`` and ``key_tokens`` are the tokens of its two axes, and
    ``query_special`` and ``key_special`` mark the special ones. ``differing_heads`` are the heads whose
    ``output_error`` is more than rounding.
    """

    query_tokens: list[str]
    key_tokens: list[str]
    query_special: NDArray[np.bool_]
    key_special: NDArray[np.bool_]

    def __init__(
        self,
        weights: Any,
        *,
        name: str = "",
        kind: str = "self",
        stack: str = "",
        mask: str | None = None,
        query: Any = None,
        key: Any = None,
        scale: float | None = None,
        bias: Any = None,
        mechanism: str = "",
        dtype: str = "",
        heads: Sequence[int] | None = None,
        rebuild_error: float | None = None,
        max_score: Any = None,
        value_norm: Any = None,
        sink: Any = None,
        output_error: float | None = None,
        model_heads: int | None = None,
    ) -> None:
        if kind not in KINDS:
            raise InvalidRecordError(f"kind must be one of {', '.join(KINDS)}, got {kind!r}")
        self.weights = weights
        self.name = name
        self.kind = kind
        self.stack = stack
        self.mask = mask
        self.query = query
        self.key = key
        self.scale = scale
        self.bias = bias
        self.mechanism = mechanism
        self.dtype = dtype
        self.heads = None if heads is None else [int(head) for head in heads]
        self.rebuild_error = rebuild_error
        self.max_score = max_score
        self.value_norm = value_norm
        self.sink = sink
        self.output_error = output_error
        self.model_heads = model_heads
        self.differing_heads: list[int] = []

    @property
    def num_heads(self) -> int:
        """Number of (query) heads."""
        return int(self.weights.shape[-3])

    @property
    def num_kv_heads(self) -> int:
        """Number of key heads; smaller than ``num_heads`` with grouped-query attention."""
        return self.num_heads if self.key is None else int(self.key.shape[-3])

    @property
    def num_queries(self) -> int:
        """Length of the query axis."""
        return int(self.weights.shape[-2])

    @property
    def num_keys(self) -> int:
        """Length of the key axis."""
        return int(self.weights.shape[-1])

    def __repr__(self) -> str:
        where = f" {self.name}" if self.name else ""
        return f"<LayerAttention{where} {self.kind} {tuple(self.weights.shape)}>"
