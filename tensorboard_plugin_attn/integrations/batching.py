"""Probes as the model takes them → the inputs of few forwards, several texts in one padded batch."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from tensorboard_plugin_attn.integrations.model_inputs import reads_virtual_tokens
from tensorboard_plugin_attn.integrations.probe_inputs import Encoded
from tensorboard_plugin_attn.writing.decoder_ids import encoder_decoder

__all__ = ["batches", "on_device", "padded"]

MOST_PAIRS = (
    1 << 18
)  # of tokens in one forward: 16 texts of 128 tokens, 12 MiB of weights in a layer of 12 heads


def batches(probes: Sequence[Encoded], model: Any, alone: Collection[str]) -> Iterator[list[Encoded]]:
    """Which probes share a forward: texts of like length, within a size; never those whose tag is in ``alone``."""
    is_alone = encoder_decoder(model) is not None or reads_virtual_tokens(model) > 0
    open_batch: list[Encoded] = []
    for probe in sorted(probes, key=lambda each: each.length if each.is_text else 0):
        if is_alone or probe.tag in alone or not probe.can_be_padded:
            yield [probe]
            continue
        if open_batch and (len(open_batch) + 1) * probe.length**2 > MOST_PAIRS:
            yield open_batch
            open_batch = []
        open_batch.append(probe)
    if open_batch:
        yield open_batch


def padded(probes: Sequence[Encoded]) -> Any:
    """The encodings of several texts as one batch, padded on the right, with words and sentences of each.

    On the right whatever the tokenizer does for generation: there padding changes no position of any token.
    """
    import torch

    first = probes[0]
    if len(probes) == 1:
        return first.inputs
    fill = {
        "input_ids": getattr(first.tokens, "pad_token_id", None) or 0,
        "token_type_ids": getattr(first.tokens, "pad_token_type_id", None) or 0,
    }
    data = {
        name: torch.nn.utils.rnn.pad_sequence(
            [probe.inputs[name][0] for probe in probes], batch_first=True, padding_value=fill.get(name, 0)
        )
        for name in first.inputs
    }
    fast = (
        [probe.inputs.encodings[0] for probe in probes] if getattr(first.inputs, "is_fast", False) else None
    )
    return type(first.inputs)(data, fast)


def on_device(inputs: Any, model: Any) -> Any:
    """The inputs where the model's parameters are."""
    parameter = next(iter(model.parameters()), None)
    if parameter is None:
        return inputs
    if hasattr(inputs, "to"):
        return inputs.to(parameter.device)
    return {
        name: value.to(parameter.device) if hasattr(value, "to") else value for name, value in inputs.items()
    }
