"""A probe as the user gives it → the keyword arguments that the model takes, and what names their positions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tensorboard_plugin_attn.capturing import is_by_stack, is_processor
from tensorboard_plugin_attn.errors import InvalidRecordError
from tensorboard_plugin_attn.integrations.model_inputs import (
    accepted,
    longest_text,
    reads_source_and_target,
    taking,
)
from tensorboard_plugin_attn.warn import tell
from tensorboard_plugin_attn.writing.decoder_ids import shifted_right

__all__ = ["Encoded", "Probe", "encode", "holds_media", "tokenizer_in"]

Message = Mapping[str, Any]
Probe = Any
"""A text, a pair of texts, chat messages, the model's keyword arguments, a picture, or a picture and a text."""
MEDIA_INPUTS = ("pixel_values", "pixel_values_videos", "input_features", "input_values")
TEXT_INPUTS = frozenset(("input_ids", "attention_mask", "token_type_ids"))


@dataclass(frozen=True, eq=False)
class Encoded:
    """One probe as the model takes it.

    ``tokens``: the tokenizer, a list of what names the positions, or whatever else ``add_probe`` takes; None: their
    numbers, which the model's first forward tells.
    """

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
        is_named = hasattr(self.tokens, "convert_ids_to_tokens")
        return (
            self.is_text
            and is_named
            and "attention_mask" in self.inputs
            and TEXT_INPUTS.issuperset(self.inputs)
        )


def encode(tag: str, processor: Any, probe: Probe, model: Any = None, tokens: Any = None) -> Encoded:
    """A probe → the model's keyword arguments and what names their positions.

    Args:
        processor: a tokenizer, a processor with one inside, a feature extractor, or None.
        model: what the keyword arguments are for: how long a text and which arguments it takes.
        tokens: what names the positions; None: the tokenizer where there are token ids.

    Raises:
        InvalidRecordError: a text without a tokenizer, messages without a chat template, or no probe at all.
    """
    if shows(probe):
        probe = prepared(processor, probe)
        tokens = processor if tokens is None else tokens
    tokenizer = tokenizer_in(tokens) or tokenizer_in(processor)
    named = tokens if is_by_stack(tokens) else tokenizer_in(tokens) or tokens
    if isinstance(probe, Mapping) and not is_chat(probe.get("messages")):
        known = (
            processor
            if holds_media(probe) and is_processor(processor)
            else tokenizer
            if "input_ids" in probe
            else None
        )
        return Encoded(tag, probe, known if named is None else named, is_text=False)
    if tokenizer is None:
        raise InvalidRecordError(no_tokenizer(processor))
    inputs = text_inputs(tag, tokenizer, probe, model)
    return Encoded(tag, inputs, tokenizer if named is None else named, is_text=True)


def holds_media(inputs: Any) -> bool:
    """Whether a model is given pictures or sounds."""
    return any(name in inputs for name in MEDIA_INPUTS)


def shows(probe: Any) -> bool:
    """Whether a probe is a picture, or a picture and a text, as a processor takes them."""
    first = probe[0] if isinstance(probe, tuple) and len(probe) == 2 else probe
    is_array = hasattr(first, "shape") and not isinstance(first, str)
    return is_array or (hasattr(first, "mode") and hasattr(first, "convert"))


def prepared(processor: Any, probe: Any) -> Any:
    """A picture, with or without a text → what the processor makes of them.

    Raises:
        InvalidRecordError: there is no processor.
    """
    picture, text = probe if isinstance(probe, tuple) else (probe, None)
    if not callable(processor) or not is_processor(processor):
        raise InvalidRecordError(
            "a probe given as a picture needs the model's processor: pass processing_class= to the Trainer, tokenizer= to the "
            "callback, or the model's keyword arguments as the probe"
        )
    given = {"images": picture} if text is None else {"images": picture, "text": text}
    return dict(processor(**given, return_tensors="pt"))


def tokenizer_in(processor: Any) -> Any:
    """A tokenizer, or the one inside a processor; None where there is none."""
    for found in (processor, getattr(processor, "tokenizer", None)):
        if hasattr(found, "convert_ids_to_tokens"):
            return found
    return None


def no_tokenizer(processor: Any) -> str:
    """The message of a text that nothing can split into tokens."""
    given = "" if processor is None else f" ({type(processor).__name__}, which was given, has none)"
    return (
        f"a probe given as text needs a tokenizer{given}: pass processing_class= to the Trainer, tokenizer= to the "
        f"callback, or the model's keyword arguments as the probe"
    )


def text_inputs(tag: str, tokenizer: Any, probe: Any, model: Any) -> Any:
    """A text, a pair of texts or chat messages → an encoding without what the model's forward does not take."""
    messages: Any = probe.get("messages") if isinstance(probe, Mapping) else probe
    if is_chat(messages):
        inputs = fitting(tag, lambda **limit: chat_inputs(tokenizer, messages, limit), model, tokenizer)
    else:
        texts = [probe] if isinstance(probe, str) else list(probe)
        if not 1 <= len(texts) <= 2 or not all(isinstance(text, str) for text in texts):
            raise InvalidRecordError(
                f"a probe must be a text, a pair of texts, chat messages such as "
                f'[{{"role": "user", "content": "…"}}], or the model\'s keyword arguments, got {probe!r:.80}'
            )
        if len(texts) == 2 and reads_source_and_target(model):
            return source_and_target(tag, tokenizer, texts, model)
        inputs = fitting(
            tag, lambda **limit: tokenizer(*texts, return_tensors="pt", **limit), model, tokenizer
        )
    return without_strangers(inputs, model)


def is_chat(probe: Any) -> bool:
    """Whether this is a list of messages with a role."""
    return (
        isinstance(probe, Sequence)
        and not isinstance(probe, str)
        and len(probe) > 0
        and all(isinstance(each, Mapping) and "role" in each for each in probe)
    )


def chat_inputs(tokenizer: Any, messages: Sequence[Message], limit: Mapping[str, Any]) -> Any:
    """Messages as the tokenizer's chat template writes them."""
    if not getattr(tokenizer, "chat_template", None):
        raise InvalidRecordError(
            "a probe of chat messages needs a chat template: set tokenizer.chat_template, or pass the text as the "
            "model is to read it"
        )
    inputs = tokenizer.apply_chat_template(
        list(messages), tokenize=True, return_dict=True, return_tensors="pt", **limit
    )
    inputs.setdefault("attention_mask", inputs["input_ids"].new_ones(inputs["input_ids"].shape))
    return inputs


def source_and_target(tag: str, tokenizer: Any, texts: Sequence[str], model: Any) -> Any:
    """What encoder and decoder read; the labels too where the model takes them."""
    source, target = texts
    inputs = fitting(tag, lambda **limit: tokenizer(source, return_tensors="pt", **limit), model, tokenizer)
    written = fitting(
        tag, lambda **limit: tokenizer(text_target=target, return_tensors="pt", **limit), model, tokenizer
    )
    labels = written["input_ids"]
    inputs["decoder_input_ids"] = labels.new_tensor(shifted_right(model, labels))
    if takes_labels(model):
        inputs["labels"] = labels
    return without_strangers(inputs, model)


def takes_labels(model: Any) -> bool:
    """Whether the model's forward names its labels."""
    return "labels" in accepted(taking(model, ("input_ids", "labels")), ("labels",))


def fitting(tag: str, encoded: Any, model: Any, tokenizer: Any) -> Any:
    """An encoding, cut to what the model can read and then told."""
    inputs = encoded()
    length, limit = int(inputs["input_ids"].shape[1]), longest_text(model, tokenizer)
    if limit is None or length <= limit:
        return inputs
    tell(
        f"attention probe {tag!r}: its text has {length} tokens and the model reads {limit}; the others are left out"
    )
    return encoded(truncation=True, max_length=limit)


def without_strangers(inputs: Any, model: Any) -> Any:
    """An encoding without what the model's forward does not take, such as T5's token types."""
    module = taking(model, ("input_ids",))
    for name in set(inputs) - set(accepted(module, inputs)):
        del inputs[name]
    return inputs
