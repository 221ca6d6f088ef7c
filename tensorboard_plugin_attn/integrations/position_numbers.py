"""A model and inputs without token ids, such as pixels or sound → the numbers of the positions that its layers have."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tensorboard_plugin_attn.capturing import probe
from tensorboard_plugin_attn.record.layer import LayerAttention
from tensorboard_plugin_attn.writing.decoder_ids import decoder_named
from tensorboard_plugin_attn.writing.probe_tokens import decoder_input_ids

__all__ = ["position_numbers"]


def position_numbers(model: Any, inputs: Any, tokenizer: Any = None) -> Any:
    """One list of numbers as strings; for an encoder-decoder a pair (encoder, decoder).

    One forward of its own, which disturbs nothing, tells how long the layers are. Where they differ, the length
    of most layers is taken. A tokenizer names what the decoder reads.

    Raises:
        CaptureError: no attention was seen, or the decoder was given nothing to read.
    """
    encoder, decoder = Counter[int](), Counter[int]()

    def count(_: int, layer: LayerAttention) -> None:
        if layer.kind == "cross":
            decoder[layer.num_queries] += 1
            encoder[layer.num_keys] += 1
        else:
            (decoder if layer.stack == "decoder" else encoder)[layer.num_keys] += 1

    with decoder_named(model, inputs):
        probe(model, inputs, on_layer=count)
    if not (encoder and decoder):
        return numbers(encoder or decoder)
    return numbers(encoder), decoder_tokens(model, inputs, tokenizer) or numbers(decoder)


def decoder_tokens(model: Any, inputs: Any, tokenizer: Any) -> list[str] | None:
    """What the decoder reads, in words; None where nothing says."""
    if tokenizer is None or not ("decoder_input_ids" in inputs or "labels" in inputs):
        return None
    read = decoder_input_ids(inputs, 0, model)
    return None if read is None else list(tokenizer.convert_ids_to_tokens(read))


def numbers(lengths: Counter[int]) -> list[str]:
    """The positions of the length that most layers have."""
    return [str(position) for position in range(lengths.most_common(1)[0][0])]
