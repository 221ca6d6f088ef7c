"""Layers of one forward and the number of tokens → those whose axes are these tokens; why each other one is not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tensorboard_plugin_attn.capturing.calls.sighting import Sighting
from tensorboard_plugin_attn.capturing.inputs.padding import MODALITIES, Padding, belongs
from tensorboard_plugin_attn.errors import InvalidRecordError
from tensorboard_plugin_attn.record.layer import LayerAttention
from tensorboard_plugin_attn.record.tokens import TokenAxes

__all__ = ["Lengths", "chosen", "no_whole_map", "windowed"]


@dataclass(frozen=True)
class Lengths:
    """How many tokens there are; ``decoder``: of the second stack, None where there is none.

    ``modality``: what the tokens are of, such as ``"text"``; empty: not known, so that lengths decide.
    ``unsure``: positions of the given text where a plain list has as many names, so that they may as well be an
    image's patches; None: the tokens are certainly of ``modality``.
    ``axes``: where there is a list for each stack, which then say what a layer's lengths must be.
    ``prefix``: how many learned keys the decoder's self-attention has before its own tokens.
    """

    tokens: int
    decoder: int | None = None
    modality: str = ""
    unsure: int | None = None
    axes: TokenAxes | None = None
    prefix: int = 0

    def misfit(self, layer: LayerAttention) -> str:
        """Why a layer is no attention among these tokens; empty when it is.

        Raises:
            InvalidRecordError: the list has the length of two stacks, and nobody said of which it is.
        """
        if self.axes is not None:
            return misfit_of_lists(layer, self.axes)
        is_cross = layer.kind == "cross"
        if not is_cross and not belongs(layer.stack, self.modality):
            self.check_sure(layer)
            return f"it is of the {layer.stack} stack, and the tokens are {self.modality}"
        if is_cross and self.decoder is None and layer.stack in MODALITIES and layer.stack == self.modality:
            return f"its keys are of another stack than its {layer.stack} queries, and the record has no names for them"
        found = (layer.num_queries, layer.num_keys)
        if (
            self.decoder is not None
            and not is_cross
            and not self.prefix
            and found == (self.decoder, self.tokens)
        ):
            return ""
        own = self.decoder if layer.stack == "decoder" and self.decoder is not None else self.tokens
        queries = self.decoder if is_cross and self.decoder is not None else own
        keys = self.tokens if is_cross else own + (self.prefix if layer.stack == "decoder" else 0)
        if found == (queries, keys):
            return ""
        return f"it has {layer.num_queries} queries and {layer.num_keys} keys, and the record {queries} and {keys} tokens"

    def check_sure(self, layer: LayerAttention) -> None:
        """Refuse a list that may name the positions of either of two stacks."""
        if self.unsure is not None and layer.num_queries == self.unsure == layer.num_keys:
            raise InvalidRecordError(
                f"tokens has as many entries as the text has positions ({self.unsure}), and so has {layer.name} of "
                f"the {layer.stack} stack; say of which they are: pass the tokenizer, "
                f'{{"{self.modality}": tokens}} or {{"{layer.stack}": tokens}}'
            )


def misfit_of_lists(layer: LayerAttention, axes: TokenAxes) -> str:
    """Why a layer's axes are not those of its stack's lists; empty when they are."""
    if layer.stack in MODALITIES and layer.stack not in axes.stacks and "encoder" not in axes.stacks:
        return f"it is of the {layer.stack} stack, and the record has lists of {', '.join(filter(None, axes.stacks))}"
    query, key = axes.names(layer)
    expected = len(axes.lists[query]), len(axes.lists[key])
    if (layer.num_queries, layer.num_keys) == expected:
        return ""
    return (
        f"it has {layer.num_queries} queries and {layer.num_keys} keys, and the record's {query} {expected[0]} and "
        f"{key} {expected[1]} positions"
    )


def windowed(sighting: Sighting, padding: Padding, inputs: int) -> str:
    """Why one input of the batch is not one map of a layer: its batch axis holds windows of an image, or other inputs."""
    maps, positions = int(sighting.weights.shape[0]), int(sighting.weights.shape[-1])
    if maps == 1 and inputs > 1:
        return f"its one map is of all {inputs} inputs together: log them one at a time"
    if sighting.padded_window:
        return f"its window has {positions} positions, and the image fewer: the others are padding"
    is_of_images = sighting.stack.partition("/")[0] == "vision"
    if is_of_images and maps == padding.texts > 1 and len(set(padding.places)) > 1:
        return f"its {maps} maps are of images, of which the {maps} texts have different numbers: log these one at a time"
    if not padding.holds_images or padding.batch is None or maps in (1, padding.batch):
        return ""
    images = f"{padding.batch} images" if padding.batch > 1 else "one image"
    return f"its {maps} maps are windows of {images}, {sighting.weights.shape[-1]} positions each, and none is of it all"


def chosen(
    layers: Sequence[LayerAttention], reasons: Sequence[str], lengths: Lengths
) -> tuple[list[LayerAttention], list[tuple[LayerAttention, str]]]:
    """Layers among the record's tokens, and the others with their reason.

    All of them when none fits their lengths, so that the record says what was expected.

    Raises:
        InvalidRecordError: no layer is one map of one input.
    """
    judged = [(layer, reason or lengths.misfit(layer)) for layer, reason in zip(layers, reasons, strict=True)]
    kept = [layer for layer, reason in judged if not reason]
    if kept:
        return kept, [(layer, reason) for layer, reason in judged if reason]
    whole = [layer for layer, reason in zip(layers, reasons, strict=True) if not reason]
    if not whole:
        raise no_whole_map(f"{layers[0].name}: {reasons[0]}")
    return whole, []


def no_whole_map(reason: str) -> InvalidRecordError:
    """The error of a model all whose maps are windows."""
    return InvalidRecordError(
        f"no layer has one map of the whole input: {reason}. `capture(model)` gives them in "
        f"`captured.layers`, the windows on the batch axis; log one window with writer.add_attention"
    )
