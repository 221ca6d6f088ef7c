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

__all__ = ["Attention", "Included", "numbers_of", "place_of_layer", "record_of"]

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


@dataclass(frozen=True)
class Included:
    """Which layers and heads of each part are shown, by their numbers in the model; None: all."""

    layers: Sequence[int] | None = None
    heads: Sequence[int] | None = None


def record_of(given: Attention, include: Included = Included()) -> AttentionRecord:
    """One record of all that is given.

    Raises:
        InvalidRecordError: both forms are given, or neither, their tokens are missing or do not fit, or a layer or
            head is included that is not there.
    """
    if given.is_in_parts == (given.attention is not None):
        raise InvalidRecordError(
            "expected attention and tokens, or encoder_attention, decoder_attention and cross_attention with "
            f"encoder_tokens and decoder_tokens; got {'both' if given.is_in_parts else 'neither'}; a model needs its "
            f"tokenizer and a text: show(model, tokenizer, text)"
        )
    if isinstance(given.attention, tuple | list) and not given.attention:
        raise InvalidRecordError(
            "expected one layer of attention or more, got an empty sequence; pass outputs.attentions: with "
            "transformers 5 outputs[-1] of a BERT are its cross-attentions, of which it has none"
        )
    if not given.is_in_parts:
        layers = [*numbered(given.attention, "self", "", include)]
        tokens = needed(given.tokens, "tokens")
        return AttentionRecord(layers, tokens, sentence_b_start=given.sentence_b_start)
    if given.encoder is None and given.cross is None:
        layers = [*numbered(given.decoder, "self", "decoder", include)]
        return AttentionRecord(layers, needed(given.decoder_tokens, "decoder_tokens"))
    return encoder_decoder_record(given, include)


def encoder_decoder_record(given: Attention, include: Included) -> AttentionRecord:
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


def numbered(weights: Any, kind: str, stack: str, include: Included) -> Iterator[LayerAttention]:
    """The layers of one part, named by their numbers in the model."""
    if weights is None:
        return
    found = split_layers(weights)
    part = "cross" if kind == "cross" else stack or "layer"
    for number in chosen(include.layers, len(found), "include_layers"):
        shape: tuple[int, ...] = getattr(found[number], "shape", ())
        if include.heads is None or len(shape) < 3:
            yield LayerAttention(found[number], kind=kind, stack=stack, name=f"{part}.{number}")
            continue
        heads = chosen(include.heads, shape[-3], "include_heads")
        yield LayerAttention(
            found[number][..., heads, :, :], kind=kind, stack=stack, name=f"{part}.{number}", heads=heads
        )


def chosen(numbers: Sequence[int] | None, count: int, name: str) -> list[int]:
    """The numbers, all where none are given. Raises InvalidRecordError where one is not there, or one is left."""
    wanted = list(range(count)) if numbers is None else [int(number) for number in numbers]
    for number in wanted:
        if not 0 <= number < count:
            raise InvalidRecordError(f"{name} must lie between 0 and {count - 1}, got {number}")
    if not wanted:
        raise InvalidRecordError(f"{name} must name at least one of {count}, got none; leave it out for all")
    return wanted


def numbers_of(record: AttentionRecord) -> list[int]:
    """The number in the model of each layer."""
    return [int(each.name.rpartition(".")[2]) for each in record.layers]


def place_of_layer(numbers: Sequence[int] | None, layer: int | None) -> int | None:
    """Where a layer first is among those that are shown, None: all. Raises InvalidRecordError where it is not."""
    if numbers is None or layer is None:
        return layer
    if layer not in numbers:
        shown = ", ".join(map(str, sorted(set(numbers))))
        raise InvalidRecordError(f"layer must be one of those that are shown, {shown}; got {layer}")
    return list(numbers).index(layer)


def needed(tokens: Tokens | None, name: str) -> Tokens:
    """The tokens, or an error that says which are missing."""
    if tokens is None:
        raise InvalidRecordError(f"{name} is missing; pass one string per position")
    return tokens
