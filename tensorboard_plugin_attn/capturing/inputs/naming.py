"""Token lists as they are given and the model's inputs → of which stack they are, and which positions they name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tensorboard_plugin_attn.capturing.inputs.fitting import Lengths
from tensorboard_plugin_attn.capturing.inputs.padding import MODALITIES, Padding, kept_positions
from tensorboard_plugin_attn.errors import InvalidRecordError
from tensorboard_plugin_attn.record.tokens import PREFIXED, TokenAxes

__all__ = ["lengths_of", "named_list", "preceded"]


def named_list(tokens: Any) -> tuple[Any, str]:
    """``{"vision": tokens}`` → the tokens and the stack they name; anything else, and an empty name.

    Raises:
        InvalidRecordError: several lists, or of something else than text, audio or vision.
    """
    if not isinstance(tokens, Mapping):
        return tokens, ""
    if len(tokens) != 1 or next(iter(tokens)) not in MODALITIES:
        raise InvalidRecordError(
            f"tokens by name must be one list, of {', '.join(MODALITIES)}, got {sorted(map(str, tokens))}; log each "
            f"stack under a tag of its own"
        )
    return next(iter(tokens.values())), str(next(iter(tokens)))


def lengths_of(axes: TokenAxes, given: Any, padding: Padding, batch: int) -> Lengths:
    """How many tokens there are, of what, and how many keys stand before the decoder's own; see ``main_lengths``."""
    found = main_lengths(axes, given, padding, batch)
    return replace(found, prefix=padding.virtual.count) if PREFIXED in axes.lists else found


def main_lengths(axes: TokenAxes, given: Any, padding: Padding, batch: int) -> Lengths:
    """How many tokens there are, and of what: by the name that was given, a tokenizer, or as many as the text has.

    ``given``: tokens as they were passed, before padding was cropped; ``axes``: as they are in the record.
    """
    tokens, modality = named_list(given)
    counts = len(axes.tokens), None if axes.decoder_tokens is None else len(axes.decoder_tokens)
    if modality:
        return Lengths(*counts, modality)
    has_others = padding.holds_images or padding.modality not in ("", "text")
    if hasattr(tokens, "convert_ids_to_tokens"):
        return Lengths(*counts, "text" if counts[1] is None or not has_others else "")
    if padding.text_length is None:
        return Lengths(*counts, padding.modality)
    if axes.decoder_tokens is not None and padding.virtual.has_queries:
        return Lengths(*counts, "" if has_others else "text")
    if not isinstance(tokens, tuple | list) or len(tokens) not in text_lengths(padding, batch):
        return Lengths(*counts, "")
    is_unsure = has_others and len(tokens) == padding.text_length
    return Lengths(*counts, "text", padding.text_length if is_unsure else None)


def text_lengths(padding: Padding, batch: int) -> set[int]:
    """How many names a list of the text's tokens may have: with or without padding, with or without virtual ones."""
    lengths = {real_length(padding, batch), padding.text_length} - {None}
    return {
        length + extra for length in lengths if length is not None for extra in (0, padding.virtual.count)
    }


def real_length(padding: Padding, batch: int) -> int | None:
    """How many tokens one text has, without padding."""
    kept = kept_positions(padding.tokens, batch)
    return padding.text_length if kept is None else len(kept.positions)


def preceded(axes: TokenAxes, padding: Padding, batch: int) -> TokenAxes:
    """The axes with the names of virtual tokens before the input's, where the model has some.

    They have queries of their own, or are keys alone: then the queries are the list that the tokens were, or the decoder's
    of an encoder-decoder, whose self-attention alone looks at them.
    """
    virtual = padding.virtual
    length = real_length(padding, batch)
    is_named = axes.tokens[:1] == virtual.names[:1] or (
        length is not None and len(axes.tokens) == length + virtual.count
    )
    if virtual.count and axes.decoder_tokens is not None and not virtual.has_queries:
        return axes.prefixed_by(virtual.names)
    if not virtual.count or is_named:
        return axes
    return axes.preceded_by(virtual.names, has_queries=virtual.has_queries)
