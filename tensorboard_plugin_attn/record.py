"""Weights, tokens and what is known of each layer → one checked record: what a probe showed at one step."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from copy import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn.errors import InvalidRecordError
from tensorboard_plugin_attn.token_axes import TokenAxes

__all__ = ["AttentionRecord", "LayerAttention"]

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

    In a record, ``query_tokens`` and ``key_tokens`` are the tokens of its two axes, and
    ``query_special`` and ``key_special`` mark the special ones.
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


class AttentionRecord:
    """What one probe showed at one step: tokens and the attention of every layer.

    Args:
        layers: one LayerAttention a layer, weights ``[head, query, key]``; heads and lengths may differ.
        tokens: of the encoder, or of the only stack.
        decoder_tokens: of the decoder, in an encoder-decoder model. Then cross-attention has decoder
            queries and encoder keys, and self-attention of stack ``"decoder"`` has decoder tokens.
        special: the special tokens, as a collection of strings, or one bool per token; None: the
            well-known ones (``[CLS]``, ``</s>``, ``<|endoftext|>``, …).
        sentence_b_start: index of the first token of the second sentence of a pair.
        words: for each token the number of its word, None for tokens of no word.

    Raises:
        InvalidRecordError: a shape, a length or a value is not what was expected.

    Example:
        >>> weights = np.full((12, 3, 3), 1 / 3, np.float32)
        >>> AttentionRecord([LayerAttention(weights)], ["[CLS]", "hello", "[SEP]"])
        <AttentionRecord 1 layer, 3 tokens>
    """

    def __init__(
        self,
        layers: Sequence[LayerAttention],
        tokens: Sequence[str],
        *,
        decoder_tokens: Sequence[str] | None = None,
        special: Collection[str] | Sequence[bool] | None = None,
        sentence_b_start: int | None = None,
        words: Sequence[int | None] | None = None,
    ) -> None:
        self.layers = [copy(layer) for layer in ([] if layers is None else layers)]
        if not self.layers:
            raise InvalidRecordError(NO_LAYERS)
        for index, layer in enumerate(self.layers):
            if not isinstance(layer, LayerAttention):
                raise InvalidRecordError(
                    f"layers must be LayerAttention, got {type(layer).__name__} for layer {index}; "
                    f"wrap it in LayerAttention(weights)"
                )
        self.axes = TokenAxes(
            tokens,
            decoder_tokens=decoder_tokens,
            special=special,
            sentence_b_start=sentence_b_start,
            words=words,
        )
        for index, layer in enumerate(self.layers):
            self.axes.label(layer, index)

    @classmethod
    def of_checked(cls, layers: Sequence[LayerAttention], axes: TokenAxes) -> AttentionRecord:
        """A record of layers that ``axes`` has labelled already, such as those read from a file."""
        record = cls.__new__(cls)
        record.layers, record.axes = list(layers), axes
        return record

    @property
    def tokens(self) -> list[str]:
        """Tokens of the encoder, or of the only stack."""
        return self.axes.tokens

    @property
    def decoder_tokens(self) -> list[str] | None:
        """Tokens of the decoder, None where there is no second stack."""
        return self.axes.decoder_tokens

    @property
    def sentence_b_start(self) -> int | None:
        """Index of the first token of the second sentence, None where there is no pair."""
        return self.axes.sentence_b_start

    def __repr__(self) -> str:
        layers = f"{len(self.layers)} layer{'s' if len(self.layers) != 1 else ''}"
        return f"<AttentionRecord {layers}, {len(self.tokens)} tokens>"


NO_LAYERS = (
    "expected at least one layer of weights, got an empty sequence; a model with sdpa or flash attention "
    "returns no outputs.attentions: use `with capture(model) as captured: captured.model(**inputs)` and "
    "`writer.add_record(tag, captured.record(tokens), step)`, or `writer.add_probe(...)`"
)
