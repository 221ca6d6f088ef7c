"""BertViz's own calls, argument for argument → the same pages as ``show`` gives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tensorboard_plugin_attn.errors import InvalidRecordError
from tensorboard_plugin_attn.showing.attention_record import (
    Attention,
    Included,
    numbers_of,
    place_of_layer,
    record_of,
)
from tensorboard_plugin_attn.showing.page import page_of_record
from tensorboard_plugin_attn.showing.show import selected
from tensorboard_plugin_attn.showing.shown import Shown

__all__ = ["answer", "head_view", "model_view"]


def head_view(
    attention: Any = None,
    tokens: Sequence[str] | None = None,
    sentence_b_start: int | None = None,
    prettify_tokens: bool = True,
    layer: int | None = None,
    heads: Sequence[int] | None = None,
    encoder_attention: Any = None,
    decoder_attention: Any = None,
    cross_attention: Any = None,
    encoder_tokens: Sequence[str] | None = None,
    decoder_tokens: Sequence[str] | None = None,
    include_layers: Sequence[int] | None = None,
    html_action: str = "view",
) -> Shown | None:
    """``bertviz.head_view``: the Head view of attention that you have.

    ``prettify_tokens`` is taken and passed over: the tab has a switch for it. ``html_action="return"`` gives the
    page instead of drawing it, with BertViz's ``.data``.

    Raises:
        InvalidRecordError: shapes or tokens do not fit.
    """
    given = Attention(
        attention, tokens, encoder_attention, decoder_attention, cross_attention, encoder_tokens,
        decoder_tokens, sentence_b_start,
    )  # fmt: skip
    record = record_of(given, Included(include_layers))
    state = selected(place_of_layer(numbers_of(record), layer), None, heads)
    return answer(page_of_record(record, "head", state), html_action)


def model_view(
    attention: Any = None,
    tokens: Sequence[str] | None = None,
    sentence_b_start: int | None = None,
    prettify_tokens: bool = True,
    display_mode: str | None = None,
    encoder_attention: Any = None,
    decoder_attention: Any = None,
    cross_attention: Any = None,
    encoder_tokens: Sequence[str] | None = None,
    decoder_tokens: Sequence[str] | None = None,
    include_layers: Sequence[int] | None = None,
    include_heads: Sequence[int] | None = None,
    html_action: str = "view",
) -> Shown | None:
    """``bertviz.model_view``: the Model view of attention that you have.

    ``display_mode``: ``"dark"`` or ``"light"``; None: as the notebook is. ``prettify_tokens`` and ``html_action``
    as in ``head_view``; ``include_heads``: only these heads, under their numbers in the model.

    Raises:
        InvalidRecordError: shapes or tokens do not fit.
    """
    given = Attention(
        attention, tokens, encoder_attention, decoder_attention, cross_attention, encoder_tokens,
        decoder_tokens, sentence_b_start,
    )  # fmt: skip
    page = page_of_record(record_of(given, Included(include_layers, include_heads)), "model")
    return answer(page, html_action, display_mode)


def answer(page: str, html_action: str, display_mode: str | None = None) -> Shown | None:
    """Draw the page, or return it."""
    if html_action not in ("view", "return"):
        raise InvalidRecordError(f'html_action must be "view" or "return", got {html_action!r}')
    shown = Shown(page, theme=display_mode)
    if html_action == "return":
        return shown
    shown.display()
    return None
