"""Weights, tokens and what is known of each layer → one checked record: what a probe showed at one step."""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Sequence
from copy import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn.errors import InvalidRecordError

__all__ = ["AttentionRecord", "LayerAttention"]

SPECIAL_TOKENS = frozenset(
    [
        "[CLS]",
        "[SEP]",
        "[PAD]",
        "[MASK]",
        "[UNK]",
        "<s>",
        "</s>",
        "<pad>",
        "<unk>",
        "<mask>",
        "<cls>",
        "<sep>",
        "<eos>",
        "<bos>",
        "<eod>",
        "<|endoftext|>",
        "<|begin_of_text|>",
        "<|end_of_text|>",
        "<|eot_id|>",
        "<|im_start|>",
        "<|im_end|>",
        "<|startoftext|>",
        "<start_of_turn>",
        "<end_of_turn>",
        "<|pad|>",
        "<|bos|>",
        "<|eos|>",
        "[BOS]",
        "[EOS]",
        "BOS",
        "EOS",
    ]
)
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
        self.layers = [copy(layer) for layer in layers]
        if not self.layers:
            raise InvalidRecordError(NO_LAYERS)
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


class TokenAxes:
    """The tokens of one record, and which layer axis each list belongs to."""

    def __init__(
        self,
        tokens: Sequence[str],
        *,
        decoder_tokens: Sequence[str] | None = None,
        special: Collection[str] | Sequence[bool] | None = None,
        sentence_b_start: int | None = None,
        words: Sequence[int | None] | None = None,
    ) -> None:
        self.tokens = check_tokens(tokens, "tokens")
        self.decoder_tokens = (
            None if decoder_tokens is None else check_tokens(decoder_tokens, "decoder_tokens")
        )
        self.special = special_flags(self.tokens, special, "tokens")
        names = None if special is None or is_flags(special) else special
        self.decoder_special = special_flags(self.decoder_tokens or [], names, "decoder_tokens")
        if sentence_b_start is not None and not 0 < int(sentence_b_start) < len(self.tokens):
            raise InvalidRecordError(
                f"sentence_b_start must lie between 1 and {len(self.tokens) - 1}, got {sentence_b_start}"
            )
        self.sentence_b_start = None if sentence_b_start is None else int(sentence_b_start)
        if words is not None and len(words) != len(self.tokens):
            raise InvalidRecordError(
                f"words must have one entry per token ({len(self.tokens)}), got {len(words)}"
            )
        self.words = None if words is None else [None if word is None else int(word) for word in words]

    def names(self, layer: LayerAttention) -> tuple[str, str]:
        """Which list, ``"tokens"`` or ``"decoder_tokens"``, the query and the key axis have."""
        if self.decoder_tokens is None:
            return "tokens", "tokens"
        if layer.kind == "cross":
            return "decoder_tokens", "tokens"
        own = "decoder_tokens" if layer.stack == "decoder" else "tokens"
        return own, own

    def label(self, layer: LayerAttention, index: int, *, allow_nan: bool = False) -> None:
        """Check one layer, make its weights float32 numpy and give it the tokens of its axes."""
        layer.weights = check_weights(layer.weights, index, allow_nan=allow_nan)
        if layer.mask is None:
            layer.mask = mask_kind(layer.weights)
        elif not MASK_KIND.fullmatch(layer.mask):
            raise InvalidRecordError(
                f"mask must be full, causal, window <n> or other, got {layer.mask!r} for layer {index}"
            )
        for axis, name, length in zip(
            ("query", "key"), self.names(layer), layer.weights.shape[1:], strict=True
        ):
            tokens: list[str] = getattr(self, name)
            if len(tokens) != length:
                raise InvalidRecordError(
                    f"layer {index} has {length} {axis} positions but {name} has {len(tokens)} entries; pass one "
                    f"token per position, special tokens included, padding cropped from both"
                    + (
                        "; a rectangular layer needs key_tokens (add_attention) or decoder_tokens"
                        if axis == "key"
                        else ""
                    )
                )
        self.name_axes(layer)
        check_vectors(layer, index)

    def name_axes(self, layer: LayerAttention) -> None:
        """Give a layer the tokens of its two axes."""
        for axis, name in zip(("query", "key"), self.names(layer), strict=True):
            setattr(layer, f"{axis}_tokens", getattr(self, name))
            setattr(layer, f"{axis}_special", self.special if name == "tokens" else self.decoder_special)


def to_numpy(array: Any, dtype: Any = None) -> NDArray[Any]:
    """numpy, torch on any device and dtype, or anything with ``__array__`` → numpy, without importing torch."""
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(array, torch.Tensor):
        array = array.detach()
        if array.dtype == torch.bfloat16 or (dtype is np.float32 and array.dtype != torch.float32):
            array = array.float()
        array = array.cpu().numpy()
    try:
        return np.asarray(array, dtype=dtype)
    except (TypeError, ValueError) as error:
        raise InvalidRecordError(
            f"expected an array of numbers, got {type(array).__name__}: {error}"
        ) from error


def check_weights(weights: Any, index: int, *, allow_nan: bool = False) -> NDArray[np.float32]:
    """One layer's weights as contiguous float32 ``[head, query, key]``; a batch axis of 1 is dropped."""
    shape = tuple(np.shape(weights)) if not hasattr(weights, "shape") else tuple(weights.shape)
    if len(shape) == 4 and shape[0] == 1:
        weights, shape = weights[0], shape[1:]
    elif len(shape) == 4:
        raise InvalidRecordError(
            f"layer {index} has a batch axis of {shape[0]}; a record holds one input: pass weights[b] for one b, "
            f"or log each as a probe of its own"
        )
    if len(shape) != 3 or 0 in shape:
        raise InvalidRecordError(
            f"weights must have shape [head, query, key] per layer, got {shape} for layer {index}"
        )
    array: NDArray[np.float32] = np.ascontiguousarray(to_numpy(weights, np.float32))
    lowest, highest = float(array.min()), float(array.max())  # NaN spreads to both
    if np.isnan(lowest) and not allow_nan:
        heads = sorted(set(np.argwhere(np.isnan(array))[:, 0].tolist()))
        raise InvalidRecordError(
            f"weights must be finite, got NaN in layer {index}, heads {heads}; look for a query whose keys are all "
            f"masked, or an overflow in the scores"
        )
    if lowest < 0:
        raise InvalidRecordError(
            f"weights must not be negative, got {lowest:g} in layer {index}; pass weights after softmax, not scores"
        )
    if highest == np.inf:
        raise InvalidRecordError(
            f"weights must be finite, got inf in layer {index}; pass weights after softmax"
        )
    return array


def check_tokens(tokens: Sequence[str], name: str) -> list[str]:
    """A list of strings, or an error."""
    if isinstance(tokens, str):
        raise InvalidRecordError(
            f"{name} must be a list of strings, got the one string {tokens[:40]!r}; split it first"
        )
    result = list(tokens)
    for position, token in enumerate(result):
        if not isinstance(token, str):
            raise InvalidRecordError(
                f"{name} must be strings, got {type(token).__name__} at position {position}; "
                f"use tokenizer.convert_ids_to_tokens(ids)"
            )
    if not result:
        raise InvalidRecordError(f"{name} is empty; pass one token per position")
    return result


def is_flags(special: Collection[Any]) -> bool:
    """Whether special tokens are given as one bool per token rather than as strings."""
    return (
        not isinstance(special, str)
        and all(isinstance(flag, bool | np.bool_) for flag in special)
        and len(special) > 0
    )


def special_flags(tokens: Sequence[str], special: Collection[Any] | None, name: str) -> NDArray[np.bool_]:
    """One bool per token: is it special?"""
    if special is not None and is_flags(special):
        if len(special) != len(tokens):
            raise InvalidRecordError(
                f"special must have one bool per entry of {name} ({len(tokens)}), got {len(special)}"
            )
        return np.array(list(special), dtype=bool)
    names = SPECIAL_TOKENS if special is None else frozenset(special)
    return np.array([token in names for token in tokens], dtype=bool)


def check_vectors(layer: LayerAttention, index: int) -> None:
    """Query and key fit the weights, or an error; both become numpy."""
    if (layer.query is None) != (layer.key is None):
        raise InvalidRecordError(f"layer {index} has only one of query and key; pass both or neither")
    if layer.query is None:
        return
    query, key = vector_array(layer.query), vector_array(layer.key)
    heads, queries, keys = layer.weights.shape
    if query.ndim != 3 or query.shape[:2] != (heads, queries):
        raise InvalidRecordError(
            f"query must be [{heads}, {queries}, d], got {query.shape} for layer {index}"
        )
    if key.ndim != 3 or key.shape[1:] != (keys, query.shape[2]) or heads % key.shape[0]:
        raise InvalidRecordError(
            f"key must be [kv_head, {keys}, {query.shape[2]}] with kv_head dividing {heads}, got {key.shape} for layer {index}"
        )
    layer.query, layer.key = query, key
    if layer.bias is not None:
        layer.bias = to_numpy(layer.bias, np.float32)
        check_bias(layer.bias, (heads, queries, keys), index)


def vector_array(array: Any) -> NDArray[Any]:
    """Query or key as float32, or float16 where the model computes in it."""
    result = to_numpy(array)
    return result if result.dtype == np.float16 else np.asarray(result, np.float32)


def check_bias(bias: NDArray[np.float32], shape: tuple[int, ...], index: int) -> None:
    """The bias broadcasts to ``[head, query, key]``, or an error."""
    try:
        np.broadcast_shapes(bias.shape, shape)
    except ValueError as error:
        raise InvalidRecordError(
            f"bias must broadcast to {shape}, got {bias.shape} for layer {index}"
        ) from error


def mask_kind(weights: NDArray[np.float32]) -> str:
    """``"causal"`` when no query of a square layer gives weight to a later key, else ``"full"``."""
    queries, keys = weights.shape[1:]
    if queries != keys or queries == 1:
        return "full"
    return "full" if np.triu(weights.max(axis=0), k=1).any() else "causal"


MASK_KIND = re.compile(r"full|causal|window \d+|other")
