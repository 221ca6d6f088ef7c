"""A model, whatever wraps it → the module that takes a probe's keyword arguments, and how much text it reads."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import Any

from tensorboard_plugin_attn.capturing.watching.names import unwrap
from tensorboard_plugin_attn.writing.decoder_ids import encoder_decoder

__all__ = [
    "accepted",
    "longest_text",
    "num_parameters",
    "reads_source_and_target",
    "reads_virtual_tokens",
    "taking",
]

ONE_SEQUENCE = ("ForSequenceClassification", "ForQuestionAnswering", "ForTokenClassification")
UNBOUNDED = 1 << 24  # a tokenizer without a limit says 1e30


def taking(model: Any, names: Iterable[str]) -> Any:
    """The module that can be called with these keyword arguments: the model, else the largest inside that can.

    A sentence-transformers model takes one dict of features; the transformer inside takes keywords.
    """
    names = tuple(names)
    if not hasattr(model, "modules") or takes(model, names):
        return model
    inside = [module for module in model.modules() if takes(module, names)]
    return max(inside, key=num_parameters, default=model)


def takes(module: Any, names: Iterable[str]) -> bool:
    """Whether the module's forward can be called with these names, and with nothing else."""
    try:
        signature_of(module).bind(**dict.fromkeys(names))
    except TypeError:
        return False
    return True


def signature_of(module: Any) -> inspect.Signature:
    """What a module's own forward takes, the wrappers of torch.compile and DDP aside."""
    return inspect.signature(unwrap(module).forward)


def num_parameters(module: Any) -> int:
    """How many numbers a module learns."""
    return sum(int(parameter.numel()) for parameter in module.parameters())


def accepted(model: Any, names: Iterable[str]) -> list[str]:
    """Which of these keyword arguments the model's forward names, or takes with all others."""
    if not hasattr(model, "forward"):
        return list(names)
    parameters = signature_of(model).parameters
    if any(each.kind is each.VAR_KEYWORD for each in parameters.values()):
        return list(names)
    return [name for name in names if name in parameters]


def reads_source_and_target(model: Any) -> bool:
    """Whether a pair of texts is what encoder and decoder read, rather than two sentences for the encoder."""
    inner = encoder_decoder(model)
    return inner is not None and not type(inner).__name__.endswith(ONE_SEQUENCE)


def reads_virtual_tokens(model: Any) -> int:
    """How many of peft's virtual tokens stand before the text; 0 in other models."""
    for module in model.modules() if hasattr(model, "modules") else []:
        tuning = getattr(module, "peft_config", None)
        if tuning:
            learned = [each for each in tuning.values() if getattr(each, "is_prompt_learning", False)]
            return max((int(each.num_virtual_tokens or 0) for each in learned), default=0)
    return 0


def longest_text(model: Any, tokenizer: Any) -> int | None:
    """How many tokens of a text the model can read, by its tokenizer and its config; None: any number."""
    limits = [getattr(tokenizer, "model_max_length", None), positions(model)]
    found = [int(limit) for limit in limits if limit is not None and 0 < limit < UNBOUNDED]
    return min(found) - reads_virtual_tokens(model) if found else None


def positions(model: Any) -> int | None:
    """The positions that a model's config counts, less those that RoBERTa's kind never uses."""
    for module in model.modules() if hasattr(model, "modules") else []:
        config = getattr(module, "config", None)
        text = getattr(config, "text_config", None) or config
        count = getattr(text, "max_position_embeddings", None)
        if isinstance(count, int) and count > 0:
            return count - unused_positions(module, count)
    return None


def unused_positions(model: Any, count: int) -> int:
    """RoBERTa counts positions from its padding number on, so that the first rows of its table are no positions."""
    for name, module in model.named_modules():
        if "position" in name.rsplit(".", 1)[-1] and getattr(module, "num_embeddings", None) == count:
            padding = getattr(module, "padding_idx", None)
            return 0 if padding is None else int(padding) + 1
    return 0
