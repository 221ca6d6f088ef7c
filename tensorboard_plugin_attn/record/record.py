"""Layers and tokens → one checked record: what a probe showed at one step."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from copy import copy
from typing import TYPE_CHECKING, Any, Literal

from tensorboard_plugin_attn.errors import InvalidRecordError
from tensorboard_plugin_attn.record.checks import label_layer
from tensorboard_plugin_attn.record.layer import LayerAttention
from tensorboard_plugin_attn.record.tokens import TokenAxes

if TYPE_CHECKING:
    from tensorboard_plugin_attn.showing.shown import Shown

__all__ = ["AttentionRecord"]


class AttentionRecord:
    """What one probe showed at one step: tokens and the attention of every layer.

    Args:
        layers: one LayerAttention a layer, weights ``[head, query, key]``; heads and lengths may differ.
        tokens: of the encoder, or of the only stack; or lists by the names of the stacks that read them, such as
            ``{"text": […], "vision": […]}``, the main one first.
        decoder_tokens: of the decoder, in an encoder-decoder model. Then cross-attention has decoder
            queries and encoder keys, and self-attention of stack ``"decoder"`` has decoder tokens.
        special: the special tokens, as a collection of strings, or one bool per token; None: the
            well-known ones (``[CLS]``, ``</s>``, ``<|endoftext|>``, …).
        sentence_b_start: index of the first token of the second sentence of a pair.
        words: for each token the number of its word, None for tokens of no word.

    Raises:
        InvalidRecordError: a shape, a length or a value is not what was expected.

    Examples:
        >>> weights = np.full((12, 3, 3), 1 / 3, np.float32)
        >>> AttentionRecord([LayerAttention(weights)], ["[CLS]", "hello", "[SEP]"])
        <AttentionRecord 1 layer, 3 tokens>
    """

    parts: tuple[tuple[int, ...], int] | None = None  # those found, and how many there are, of one in parts

    def __init__(
        self,
        layers: Sequence[LayerAttention],
        tokens: Sequence[str] | Mapping[str, Sequence[str]],
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
            label_layer(self.axes, layer, index)

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
    def token_lists(self) -> dict[str, list[str]]:
        """Every list of tokens by its name: ``"tokens"``, and ``"decoder_tokens"``, ``"vision"``, …"""
        return dict(self.axes.lists)

    @property
    def geometry(self) -> dict[str, list[dict[str, Any]]]:
        """By list the spans that are images or sounds, as ``docs/reference/format.md`` describes them."""
        return dict(self.axes.geometry)

    @property
    def special_names(self) -> dict[str, dict[int, str]]:
        """By list what single positions are, such as ``{0: "cls", 1: "register"}``."""
        return dict(self.axes.special_names)

    @property
    def decoder_tokens(self) -> list[str] | None:
        """Tokens of the decoder, None where there is no second stack."""
        return self.axes.decoder_tokens

    @property
    def sentence_b_start(self) -> int | None:
        """Index of the first token of the second sentence, None where there is no pair."""
        return self.axes.sentence_b_start

    def show(
        self,
        view: Literal["model", "head", "neuron"] = "model",
        *,
        save: str | os.PathLike[str] | None = None,
        layer: int | None = None,
        head: int | None = None,
    ) -> Shown:
        """Draw it in a notebook's cell, with the tab's own views; ``save``: also write the page to a file.

        Raises:
            InvalidRecordError: ``view`` is not ``"model"``, ``"head"`` or ``"neuron"``.
        """
        from tensorboard_plugin_attn.showing.show import show  # lazily: it brings in TensorBoard

        return show(self, view=view, save=save, layer=layer, head=head)

    def _repr_html_(self) -> str:
        from tensorboard_plugin_attn.showing.page import page_of_record
        from tensorboard_plugin_attn.showing.shown import Shown

        return Shown(page_of_record(self, "model")).data

    def __repr__(self) -> str:
        layers = f"{len(self.layers)} layer{'s' if len(self.layers) != 1 else ''}"
        parts = "" if self.parts is None else f", {len(self.parts[0])} of {self.parts[1]} parts"
        return f"<AttentionRecord {layers}, {len(self.tokens)} tokens{parts}>"


NO_LAYERS = (
    "expected at least one layer of weights, got an empty sequence; a model with sdpa or flash attention "
    "returns no outputs.attentions: use `with capture(model) as captured: captured.model(**inputs)` and "
    "`writer.add_record(tag, captured.record(tokens), step)`, or `writer.add_probe(...)`"
)
