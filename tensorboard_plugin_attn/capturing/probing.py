"""A model in training and one input → its attention, layer by layer, from a forward that disturbs nothing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from torch import nn

from tensorboard_plugin_attn.capturing.fitting import Lengths, windowed
from tensorboard_plugin_attn.capturing.mode import AttentionMode
from tensorboard_plugin_attn.capturing.names import ModuleNames, unwrap
from tensorboard_plugin_attn.capturing.padding import Crop, kept_positions
from tensorboard_plugin_attn.capturing.registry import watched_registry
from tensorboard_plugin_attn.capturing.session import Session, warn_left_out
from tensorboard_plugin_attn.capturing.sighting import LeftOut, Sighting
from tensorboard_plugin_attn.capturing.undisturbed import undisturbed
from tensorboard_plugin_attn.errors import CaptureError
from tensorboard_plugin_attn.record import LayerAttention

__all__ = ["ProbeResult", "probe"]


@dataclass(frozen=True)
class ProbeResult:
    """What a probe forward gave.

    ``calls``: attention calls of the model, wanted or not; ``layers``: those handed on; ``tokens`` and
    ``decoder_tokens``: indices of the positions that were kept, None where nothing was cropped.
    """

    calls: int
    layers: int
    left_out: tuple[LeftOut, ...]
    tokens: list[int] | None
    decoder_tokens: list[int] | None


def probe(
    model: nn.Module,
    inputs: Any,
    *,
    on_layer: Callable[[int, LayerAttention], None],
    query_key: bool = False,
    layers: Collection[int] | None = None,
    heads: Collection[int] | None = None,
    batch: int = 0,
    lengths: Lengths | None = None,
) -> ProbeResult:
    """Run one undisturbed forward and hand on each layer's attention as soon as it is computed.

    Args:
        model: any module, in any training or compiled state; it is left as it was.
        inputs: a mapping of keyword arguments, a tuple of positional ones, or one tensor.
        on_layer: called with the layer's number and a LayerAttention with weights ``[head, query, key]``,
            torch float32, padding cropped.
        query_key: keep query and key vectors too.
        layers: numbers of the attention calls to keep, None for all.
        heads: numbers of the heads to keep, None for all.
        batch: which input of the batch.
        lengths: how many tokens the record has; layers of other lengths are left out with a warning. None: any.

    Raises:
        CaptureError: no attention was seen, or a layer or head that was asked for is not there.
    """
    inner = unwrap(model)
    handed: list[int] = []
    crops: list[Crop] = []

    def hand_on(index: int, sighting: Sighting) -> None:
        if not crops:
            padding = session.padding
            crops.append(
                Crop(
                    kept_positions(padding.tokens, batch),
                    kept_positions(padding.decoder_tokens, batch),
                    has_decoder=True,
                )
            )
        layer = sighting.row(batch, *crops[0].axes(sighting))
        reason = windowed(sighting, session.padding) or (lengths.misfit(layer) if lengths is not None else "")
        if reason:
            session.leave_out(layer.name, "attention", reason)
            return
        on_layer(index, layer if heads is None else with_heads(layer, heads, index))
        handed.append(index)

    session = Session(hand_on, query_key=query_key, wanted=layers, row=batch)
    with ExitStack() as stack:
        stack.enter_context(undisturbed(inner))
        names = ModuleNames(inner)
        names.watch()
        stack.callback(names.unwatch)
        mode = AttentionMode(session, names)
        stack.enter_context(watched_registry(mode.fused.see_kernel))
        stack.enter_context(mode)
        run(inner, inputs)
    warn_left_out(session.left_out)
    if not handed:
        is_choice = session.count and layers is not None and not session.left_out
        raise not_there("layers", layers, session.count) if is_choice else session.nothing_found()
    crop = crops[0]
    return ProbeResult(
        session.count,
        len(handed),
        tuple(session.left_out),
        None if crop.encoder is None else crop.encoder.tolist(),
        None if crop.decoder_kept is None else crop.decoder_kept.tolist(),
    )


def run(model: nn.Module, inputs: Any) -> None:
    """Call a model with keyword arguments, positional ones or one tensor."""
    if isinstance(inputs, Mapping):
        model(**inputs)
    elif isinstance(inputs, tuple | list):
        model(*inputs)
    else:
        model(inputs)


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
    layer.weights = layer.weights[numbers]
    layer.heads = numbers
    return layer


def not_there(what: str, asked: Collection[int] | None, count: int) -> CaptureError:
    """The error of layers or heads that the model has not."""
    return CaptureError(f"{what}: expected numbers from 0 to {count - 1}, got {sorted(asked or ())}")
