"""One line: a model and a text, attention as BertViz takes it, or a record → the page that shows it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Literal

from tensorboard_plugin_attn.record.record import AttentionRecord
from tensorboard_plugin_attn.showing.attention_record import (
    Attention,
    Included,
    numbers_of,
    place_of_layer,
    record_of,
)
from tensorboard_plugin_attn.showing.page import check_view, page_of_model, page_of_record
from tensorboard_plugin_attn.showing.shown import Shown

__all__ = ["selected", "show"]


def show(
    model_or_attention: Any = None,
    tokenizer_or_tokens: Any = None,
    text: Any = None,
    *,
    view: Literal["model", "head", "neuron"] = "model",
    save: str | os.PathLike[str] | None = None,
    layer: int | None = None,
    head: int | None = None,
    heads: Sequence[int] | None = None,
    include_layers: Sequence[int] | None = None,
    sentence_b_start: int | None = None,
    encoder_attention: Any = None,
    decoder_attention: Any = None,
    cross_attention: Any = None,
    encoder_tokens: Sequence[str] | None = None,
    decoder_tokens: Sequence[str] | None = None,
) -> Shown:
    """Show attention in a notebook's cell, with the tab's own views, offline.

    Args:
        model_or_attention: a torch module, to be run once on ``text`` in eval mode, left as it was; or attention as
            ``output_attentions=True`` gives it, a sequence of ``[batch, head, query, key]``; or a record.
        tokenizer_or_tokens: the model's tokenizer or processor; or one string per position.
        text: what the model reads: a text, a pair of texts, chat messages, or its keyword arguments.
        view: ``"model"``, ``"head"`` or ``"neuron"``: of a model, with its queries and keys.
        save: a file to write the page to.
        layer, head: what is selected at first, by the numbers in the model.
        heads: the heads that the Head view draws at first; None: all.
        include_layers: only these layers, by their numbers.
        sentence_b_start: the first token of the second sentence.
        encoder_attention, decoder_attention, cross_attention: the parts of an encoder-decoder, instead of the first
            argument, with encoder_tokens and decoder_tokens.

    Raises:
        InvalidRecordError: shapes, lengths or values are not as above.
        CaptureError: the model computes no attention that can be seen.

    Examples:
        >>> show(model, tokenizer, "the doctor asked the nurse a question because she was late .")
        >>> show(outputs.attentions, tokens, view="head")
    """
    check_view(view)
    if hasattr(model_or_attention, "modules"):
        state = selected(place_of_layer(include_layers, layer), head, heads)
        page = page_of_model(model_or_attention, tokenizer_or_tokens, text, view, state, include_layers)
    elif isinstance(model_or_attention, AttentionRecord):
        page = page_of_record(model_or_attention, view, selected(layer, head, heads))
    else:
        given = Attention(
            model_or_attention, tokenizer_or_tokens, encoder_attention, decoder_attention, cross_attention,
            encoder_tokens, decoder_tokens, sentence_b_start,
        )  # fmt: skip
        record = record_of(given, Included(include_layers))
        page = page_of_record(record, view, selected(place_of_layer(numbers_of(record), layer), head, heads))
    return Shown(page).written(save).display()


def selected(layer: int | None, head: int | None, heads: Sequence[int] | None) -> str:
    """The pairs of the tab's address that select a layer, a head and the heads that are drawn."""
    pairs = {}
    if layer is not None:
        pairs["layer"] = str(layer)
    if heads is not None:
        pairs["heads"] = ".".join(str(int(each)) for each in heads)
    if head is not None or heads:
        pairs["head"] = str(int(head if head is not None else (heads or [0])[0]))
    return "&".join(f"p.attn.{name}={value}" for name, value in pairs.items())
