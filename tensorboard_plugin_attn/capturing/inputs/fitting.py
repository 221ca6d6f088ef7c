"""Layers of one forward and the number of tokens → those whose axes are these tokens; why each other one is not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tensorboard_plugin_attn.capturing.calls.sighting import Sighting
from tensorboard_plugin_attn.capturing.inputs.padding import Padding
from tensorboard_plugin_attn.record.layer import LayerAttention

__all__ = ["Lengths", "chosen", "windowed"]


@dataclass(frozen=True)
class Lengths:
    """How many tokens there are; ``decoder``: of the second stack, None where there is none."""

    tokens: int
    decoder: int | None = None

    def misfit(self, layer: LayerAttention) -> str:
        """Why a layer is no attention among these tokens; empty when it is."""
        own = self.decoder if layer.stack == "decoder" and self.decoder is not None else self.tokens
        queries = self.decoder if layer.kind == "cross" and self.decoder is not None else own
        keys = self.tokens if layer.kind == "cross" else own
        if (layer.num_queries, layer.num_keys) == (queries, keys):
            return ""
        return f"it has {layer.num_queries} queries and {layer.num_keys} keys, and the record {queries} and {keys} tokens"


def windowed(sighting: Sighting, padding: Padding) -> str:
    """Why one input of the batch is not one map of a layer: its batch axis holds windows of an image."""
    maps = int(sighting.weights.shape[0])
    if not padding.holds_images or padding.batch is None or maps in (1, padding.batch):
        return ""
    return f"its {maps} maps are windows of {padding.batch} images"


def chosen(
    layers: Sequence[LayerAttention], reasons: Sequence[str], lengths: Lengths
) -> tuple[list[LayerAttention], list[tuple[LayerAttention, str]]]:
    """Layers among the record's tokens, and the others with their reason; all of them when none fits."""
    judged = [(layer, reason or lengths.misfit(layer)) for layer, reason in zip(layers, reasons, strict=True)]
    kept = [layer for layer, reason in judged if not reason]
    if not kept:
        return list(layers), []
    return kept, [(layer, reason) for layer, reason in judged if reason]
