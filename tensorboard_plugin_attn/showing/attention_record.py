"""Attention as BertViz takes it, tuples of ``[batch, head, query, key]`` → a record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from tensorboard_plugin_attn.errors import InvalidRecordError
from tensorboard_plugin_attn.record.layer import LayerAttention
from tensorboard_plugin_attn.record.record import AttentionRecord
from tensorboard_plugin_attn.writing.arguments import split_layers

__all__ = ["Attention", "record_of"]

Tokens = Sequence[str]


@dataclass(frozen=True, eq=False)
class Attention:
    """Attention of one stack, or of the parts of an encoder-decoder, with the tokens of each."""

    attention: Any = None
    tokens: Tokens | None = None
    encoder: Any = None
    decoder: Any = None
    cross: Any = None
    encoder_tokens: Tokens | None = None
    decoder_tokens: Tokens | None = None
    sentence_b_start: int | None = None

    @property
    def is_in_parts(self) -> bool:
        """Whether encoder, decoder or cross-attention is given."""
        return any(part is not None for part in (self.encoder, self.decoder, self.cross))


def record_of(given: Attention, include_layers: Sequence[int] | None = None) -> AttentionRecord:
    """One record of all that is given.

    Raises:
        InvalidRecordError: both forms are given, or neither, or their tokens are missing or do not fit.
    """
    if given.is_in_parts == (given.attention is not None):
        raise InvalidRecordError(
            "expected attention and tokens, or encoder_attention, decoder_attention and cross_attention with "
            f"encoder_tokens and decoder_tokens; got {'both' if given.is_in_parts else 'neither'}; a model needs its "
            f"tokenizer and a text: show(model, tokenizer, text)"
        )
    if not given.is_in_parts:
        layers = [*numbered(given.attention, "self", "", include_layers)]
        tokens = needed(given.tokens, "tokens")
        return AttentionRecord(layers, tokens, sentence_b_start=given.sentence_b_start)
    if given.encoder is None and given.cross is None:
        layers = [*numbered(given.decoder, "self", "decoder", include_layers)]
        return AttentionRecord(layers, needed(given.decoder_tokens, "decoder_tokens"))
    return encoder_decoder_record(given, include_layers)


def encoder_decoder_record(given: Attention, include: Sequence[int] | None) -> AttentionRecord:
    """Encoder layers, then each decoder layer with its cross-attention."""
    layers = [*numbered(given.encoder, "self", "encoder", include)]
    own = numbered(given.decoder, "self", "decoder", include)
    cross = numbered(given.cross, "cross", "decoder", include)
    layers += [layer for pair in zip_longest(own, cross) for layer in pair if layer is not None]
    has_decoder = given.decoder is not None or given.cross is not None
    decoder_tokens = needed(given.decoder_tokens, "decoder_tokens") if has_decoder else None
    tokens = needed(given.encoder_tokens, "encoder_tokens")
    return AttentionRecord(
        layers, tokens, decoder_tokens=decoder_tokens, sentence_b_start=given.sentence_b_start
    )


def numbered(weights: Any, kind: str, stack: str, include: Sequence[int] | None) -> Iterator[LayerAttention]:
    """The layers of one part, named by their numbers in the model."""
    if weights is None:
        return
    found = split_layers(weights)
    for number in range(len(found)) if include is None else include:
        if not 0 <= number < len(found):
            raise InvalidRecordError(f"include_layers must lie between 0 and {len(found) - 1}, got {number}")
        part = "cross" if kind == "cross" else stack or "layer"
        yield LayerAttention(found[number], kind=kind, stack=stack, name=f"{part}.{number}")


def needed(tokens: Tokens | None, name: str) -> Tokens:
    """The tokens, or an error that says which are missing."""
    if tokens is None:
        raise InvalidRecordError(f"{name} is missing; pass one string per position")
    return tokens
