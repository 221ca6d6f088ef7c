"""Probes as texts and a tokenizer → the inputs of few forwards, several texts in one padded batch."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tensorboard_plugin_attn.errors import InvalidRecordError

__all__ = ["Encoded", "Probe", "batches", "encode", "on_device", "padded"]

Probe = str | tuple[str, str] | Mapping[str, Any]
TEXT_INPUTS = frozenset(("input_ids", "attention_mask", "token_type_ids"))
MOST_PAIRS = (
    1 << 18
)  # of tokens in one forward: 16 texts of 128 tokens, 12 MiB of weights in a layer of 12 heads


@dataclass(frozen=True, eq=False)
class Encoded:
    """One probe as the model takes it. ``tokens``: the tokenizer, or a list of what names the positions."""

    tag: str
    inputs: Any
    tokens: Any
    is_text: bool

    @property
    def length(self) -> int:
        """Positions of a text."""
        return int(self.inputs["input_ids"].shape[1])

    @property
    def can_be_padded(self) -> bool:
        """Whether all that the model is given of a text has a known padding."""
        return self.is_text and "attention_mask" in self.inputs and TEXT_INPUTS.issuperset(self.inputs)


def encode(tag: str, tokenizer: Any, probe: Probe) -> Encoded:
    """A probe → the model's keyword arguments and what names their positions.

    Raises:
        InvalidRecordError: a text without a tokenizer.
    """
    if isinstance(probe, Mapping):
        return Encoded(tag, probe, tokens_of(tokenizer, probe), is_text=False)
    if tokenizer is None:
        raise InvalidRecordError(
            "a probe given as text needs a tokenizer: pass processing_class= to the Trainer, tokenizer= to the "
            "callback, or the model's keyword arguments as the probe"
        )
    texts: Sequence[str] = [probe] if isinstance(probe, str) else probe
    return Encoded(tag, tokenizer(*texts, return_tensors="pt"), tokenizer, is_text=True)


def tokens_of(tokenizer: Any, inputs: Mapping[str, Any]) -> Any:
    """What names the positions: the tokenizer, or their numbers where there is none."""
    if tokenizer is not None and "input_ids" in inputs:
        return tokenizer
    first = next(iter(inputs.values()))
    return [str(position) for position in range(first.shape[1])]


def batches(probes: Sequence[Encoded], model: Any, alone: Collection[str]) -> Iterator[list[Encoded]]:
    """Which probes share a forward: texts of like length, within a size; never those whose tag is in ``alone``."""
    shifts_inputs = getattr(getattr(model, "config", None), "is_encoder_decoder", False)
    open_batch: list[Encoded] = []
    for probe in sorted(probes, key=lambda each: each.length if each.is_text else 0):
        if shifts_inputs or probe.tag in alone or not probe.can_be_padded:
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
