"""Sightings of a whole batch → each wanted input's layers, padding cropped, handed on as soon as they are seen."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from tensorboard_plugin_attn.capturing.calls.sighting import Sighting
from tensorboard_plugin_attn.capturing.inputs.fitting import Lengths, windowed
from tensorboard_plugin_attn.capturing.inputs.padding import Crop, Padding, kept_positions
from tensorboard_plugin_attn.errors import CaptureError
from tensorboard_plugin_attn.record.layer import LayerAttention

__all__ = ["OnLayer", "Row", "not_there"]

OnLayer = Callable[[int, LayerAttention], None]


@dataclass(eq=False)
class Row:
    """One input of a batch, and where its layers go.

    ``on_layer``: gets the number of each attention call and its layer, weights ``[head, query, key]``, torch
    float32; ``lengths``: how many tokens there are, layers of other lengths are not handed on, None: any.
    ``inputs``: how many there are of the batch.
    ``misfit``: the first call left out for its lengths: its number, queries and keys; None while there is none.
    ``names``: of the layers handed on. ``windows``: why the first call is no map of the whole input; empty while there is none.
    ``padding_share``: the largest weight that queries gave to padding where no layer hides any: the model ignores its mask.
    ``error``: what ``on_layer`` raised. It is kept until the forward is over, since under FSDP the other ranks
    would wait for ever for one that leaves the forward.
    """

    batch: int
    on_layer: OnLayer
    lengths: Lengths | None = None
    inputs: int = 1
    crop: Crop | None = None
    handed: int = 0
    misfit: tuple[int, int, int] | None = None
    windows: str = ""
    names: set[str] = field(default_factory=set)
    has_cropped: bool = False
    error: Exception | None = None

    @property
    def padding_share(self) -> float:
        """See above."""
        return 0.0 if self.crop is None or self.has_cropped else max(self.crop.seen.values(), default=0.0)

    def take(
        self, index: int, sighting: Sighting, padding: Padding, heads: Collection[int] | None
    ) -> tuple[str, str]:
        """Hand one call on; the layer's name and why it was not, empty when it was."""
        if self.error is not None:
            return "", ""
        if self.crop is None:
            self.crop = Crop(
                kept_positions(padding.tokens, self.batch),
                kept_positions(padding.decoder_tokens, self.batch),
                has_decoder=self.lengths is None or self.lengths.decoder is not None,
                modality=padding.modality,
                virtual=padding.virtual,
                has_own_mask=padding.has_own_mask,
            )
        queries, keys = self.crop.axes(sighting, self.batch)
        layer = sighting.row(self.batch, queries, keys)
        if layer.blocks is None and not isinstance(keys, slice):  # it may have been computed only now
            queries, keys = self.crop.axes(sighting, self.batch)
            layer = layer if not isinstance(keys, slice) else sighting.row(self.batch, queries, keys)
        self.has_cropped = self.has_cropped or not isinstance(keys, slice)
        windows = windowed(sighting, padding, self.inputs)
        if windows:
            self.windows = self.windows or f"{layer.name}: {windows}"
            return layer.name, windows
        try:
            reason = "" if self.lengths is None else self.lengths.misfit(layer)
            if reason:
                self.misfit = self.misfit or (index, layer.num_queries, layer.num_keys)
                return layer.name, reason
            self.names.add(layer.name)
            self.on_layer(index, layer if heads is None else with_heads(layer, heads, index))
            self.handed += 1
        except Exception as error:  # noqa: BLE001 - kept, and raised once the forward is over
            self.error = error
        return layer.name, ""


def with_heads(layer: LayerAttention, heads: Collection[int], index: int) -> LayerAttention:
    """Only some heads of a layer; their keys repeated for each where groups shared them."""
    count = layer.num_heads
    numbers = sorted({int(head) for head in heads})
    if not numbers or numbers[0] < 0 or numbers[-1] >= count:
        raise not_there(f"heads of layer {index}", heads, count)
    if layer.key is not None:
        groups = count // layer.num_kv_heads
        layer.key = layer.key[[head // groups for head in numbers]]
        layer.query = layer.query[numbers]
        if layer.bias is not None and layer.bias.shape[0] > 1:
            layer.bias = layer.bias[numbers]
    if layer.max_score is not None:
        layer.max_score = layer.max_score[numbers]
    if layer.sink is not None:
        layer.sink = layer.sink[numbers]
    if layer.value_norm is not None:
        layer.value_norm = layer.value_norm[numbers]
    layer.differing_heads = [at for at, head in enumerate(numbers) if head in layer.differing_heads]
    if layer.blocks is None:
        layer.weights = layer.weights[numbers]
    else:
        layer.blocks = layer.blocks.of_heads(numbers)
    layer.heads = numbers
    return layer


def not_there(what: str, asked: Collection[int] | None, count: int) -> CaptureError:
    """The error of layers or heads that the model has not."""
    return CaptureError(f"{what}: expected numbers from 0 to {count - 1}, got {sorted(asked or ())}")
