"""Tokens → the labels of every layer's query and key axis."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn.errors import InvalidRecordError
from tensorboard_plugin_attn.record.layer import LayerAttention

__all__ = ["TokenAxes"]

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
        if len(self.decoder_tokens) == layer.num_queries != layer.num_keys == len(self.tokens):
            return "decoder_tokens", "tokens"  # keys without queries of their own, as virtual tokens are
        own = "decoder_tokens" if layer.stack == "decoder" else "tokens"
        return own, own

    def preceded_by(self, names: Sequence[str], *, has_queries: bool) -> TokenAxes:
        """The same tokens behind others that the model puts before them, all special.

        ``has_queries``: they are queries too; else keys alone, and the queries are a list of their own.
        """
        axes = TokenAxes(
            [*names, *self.tokens],
            decoder_tokens=self.decoder_tokens if has_queries else self.tokens,
            sentence_b_start=None if self.sentence_b_start is None else self.sentence_b_start + len(names),
            words=None if self.words is None else [None] * len(names) + self.words,
        )
        axes.special = np.concatenate([np.ones(len(names), bool), self.special])
        axes.decoder_special = self.decoder_special if has_queries else self.special
        return axes

    def name_axes(self, layer: LayerAttention) -> None:
        """Give a layer the tokens of its two axes."""
        for axis, name in zip(("query", "key"), self.names(layer), strict=True):
            setattr(layer, f"{axis}_tokens", getattr(self, name))
            setattr(layer, f"{axis}_special", self.special if name == "tokens" else self.decoder_special)


def check_tokens(tokens: Sequence[str], name: str) -> list[str]:
    """A list of strings, or an error."""
    if isinstance(tokens, str):
        raise InvalidRecordError(
            f"{name} must be a list of strings, got the one string {tokens[:40]!r}; split it first"
        )
    if not isinstance(tokens, Iterable):
        raise InvalidRecordError(f"{name} must be a list of strings, got {type(tokens).__name__}")
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
    names = SPECIAL_TOKENS if special is None else [special] if isinstance(special, str) else special
    return np.array([token in names for token in tokens], dtype=bool)
