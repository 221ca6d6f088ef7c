"""Weights and what is known of one attention layer → a LayerAttention."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, Protocol

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn.errors import InvalidRecordError
from tensorboard_plugin_attn.record.blocks import layer_rows


class Array(Protocol):
    """What numpy, torch and their like have in common."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of the axes."""

    def __getitem__(self, key: Any, /) -> Any:
        """A part."""


if TYPE_CHECKING:
    from typing_extensions import TypeVar

    ArrayT = TypeVar("ArrayT", bound=Array, default=NDArray[np.float32])
else:
    from typing import TypeVar  # its default is newer than our floor

    ArrayT = TypeVar("ArrayT")

__all__ = ["Array", "LayerAttention"]

KINDS = ("self", "cross")


class LayerAttention(Generic[ArrayT]):
    """The attention of one layer.

    Args:
        weights: after softmax, before dropout. In a record: float32 ``[head, query, key]``. In
            ``captured.layers``: a torch tensor ``[batch, head, query, key]``. None where query and key are what
            the layer is: then ``weights_of`` works its rows out of them.
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
        value_norm: ``[head, key]``, the length of each key's value as it reaches the output.
        sink: ``[head, query]``, the part of each row that goes to no key, such as a learned sink's; None: rows sum
            to 1.
        output_error: largest difference between weights × values and the kernel's own output, relative to
            weights × |values|; None where it was not checked.
        model_heads: how many heads the model's layer has, where that is known.

    In a record, ``query_tokens`` and ``key_tokens`` are the tokens of its two axes, and
    ``query_special`` and ``key_special`` mark the special ones; ``query_numbers`` are the positions of the
    queries where only some were kept. ``lse`` is the logarithm of each row's sum of exponentials, ``[head, query]``,
    where it is known. ``differing_heads`` are the heads whose ``output_error`` is more than rounding.
    """

    weights: ArrayT
    query_tokens: list[str]
    key_tokens: list[str]
    query_special: NDArray[np.bool_]
    key_special: NDArray[np.bool_]
    query_numbers: list[int] | None = None
    query_spans: Sequence[Mapping[str, Any]] = ()  # of images and sounds, see TokenAxes.geometry
    key_spans: Sequence[Mapping[str, Any]] = ()
    query_named: Mapping[int, str] = MappingProxyType({})  # position → "cls", "register", …
    key_named: Mapping[int, str] = MappingProxyType({})
    lists: tuple[str, str] | None = None  # which token lists its axes have; None: as its stack says
    lse: Any = None
    blocks: Any = None  # what measures a layer without weights in one pass, while its call lasts
    row_counts: Any = None  # how many keys each query sees, where that was counted
    value_norm_of: str = "v"  # or "vWo", after the output projection

    def __init__(
        self,
        weights: Array | Sequence[Any] | None = None,
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
        if weights is None and (query is None or key is None):
            raise InvalidRecordError("a layer needs weights, or query and key; got neither")
        if kind not in KINDS:
            raise InvalidRecordError(f"kind must be one of {', '.join(KINDS)}, got {kind!r}")
        given: Any = weights
        self.weights = given
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
        return self.lengths[0]

    @property
    def num_kv_heads(self) -> int:
        """Number of key heads; smaller than ``num_heads`` with grouped-query attention."""
        return self.num_heads if self.key is None else int(self.key.shape[-3])

    @property
    def num_queries(self) -> int:
        """Length of the query axis."""
        return self.lengths[1]

    @property
    def num_keys(self) -> int:
        """Length of the key axis."""
        return self.lengths[2]

    @property
    def lengths(self) -> tuple[int, int, int]:
        """``[head, query, key]`` of what is there: weights, rows in blocks, or query and key."""
        if self.weights is not None:
            heads, queries, keys = self.weights.shape[-3:]
        elif self.blocks is not None:
            heads, queries, keys = self.blocks.shape
        else:
            heads, queries, keys = *self.query.shape[-3:-1], self.key.shape[-2]
        return int(heads), int(queries), int(keys)

    @property
    def shape(self) -> tuple[int, int, int]:
        """``[head, query, key]``."""
        return self.num_heads, self.num_queries, self.num_keys

    def weights_of(self, head: int, queries: slice = slice(None)) -> NDArray[np.float32]:
        """One head's weights, float32 ``[query, key]``, of some queries: worked out of query and key where only
        these are there, without the rest of the layer.

        Raises:
            IndexError: there is no such head.
        """
        if not -self.num_heads <= head < self.num_heads:
            raise IndexError(f"no head {head} in a layer of {self.num_heads}")
        return layer_rows(self, head % self.num_heads, np.arange(self.num_queries)[queries])

    def __repr__(self) -> str:
        where = f" {self.name}" if self.name else ""
        return f"<LayerAttention{where} {self.kind} {self.shape if self.weights is None else tuple(self.weights.shape)}>"
