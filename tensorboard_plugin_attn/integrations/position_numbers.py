"""A model and inputs that no tokenizer names → the numbers of the positions that its layers have."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tensorboard_plugin_attn.capturing import probe
from tensorboard_plugin_attn.record.layer import LayerAttention

__all__ = ["position_numbers"]


def position_numbers(model: Any, inputs: Any) -> Any:
    """One list of numbers as strings; for an encoder-decoder a pair (encoder, decoder).

    One forward of its own, which disturbs nothing, tells how long the layers are. Where they differ, the length
    of most layers is taken.

    Raises:
        CaptureError: no attention was seen.
    """
    encoder, decoder = Counter[int](), Counter[int]()

    def count(_: int, layer: LayerAttention) -> None:
        if layer.kind == "cross":
            decoder[layer.num_queries] += 1
            encoder[layer.num_keys] += 1
        else:
            (decoder if layer.stack == "decoder" else encoder)[layer.num_keys] += 1

    probe(model, inputs, on_layer=count)
    if not (encoder and decoder):
        return numbers(encoder or decoder)
    return numbers(encoder), numbers(decoder)


def numbers(lengths: Counter[int]) -> list[str]:
    """The positions of the length that most layers have."""
    return [str(position) for position in range(lengths.most_common(1)[0][0])]
