"""``"loss"`` or a function, and what a model returned → the one number whose change is a head's effect."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from tensorboard_plugin_attn.errors import CaptureError, InvalidRecordError

__all__ = ["Objective", "check_objective", "name_of", "value_of"]

Objective = str | Callable[[Any], Any]
NO_LOSS = (
    'effect="loss" needs a loss among the model\'s outputs, and there is none: give the inputs labels, or pass a '
    "function of the outputs, such as effect=lambda outputs: outputs.logits[0, -1, 7]"
)


def check_objective(effect: Any) -> None:
    """Refuse what is neither.

    Raises:
        InvalidRecordError: with what was expected.
    """
    if effect != "loss" and not callable(effect):
        raise InvalidRecordError(
            f'effect must be "loss" or a function of the model\'s outputs that gives one number, got {effect!r}'
        )


def name_of(objective: Objective) -> str:
    """``"loss"``, or the function's own name in words: ``she_minus_he`` → ``she minus he``."""
    if isinstance(objective, str):
        return objective
    name = str(getattr(objective, "__name__", type(objective).__name__))
    return "objective" if name == "<lambda>" else name.strip("_").replace("_", " ")


def value_of(objective: Objective, outputs: Any) -> torch.Tensor:
    """The number, as a tensor without axes.

    Raises:
        CaptureError: there is no loss, or the function gave something else.
    """
    value = loss_of(outputs) if isinstance(objective, str) else objective(outputs)
    if not isinstance(value, torch.Tensor) or value.numel() != 1 or not value.is_floating_point():
        found = f"a tensor of shape {list(value.shape)}" if isinstance(value, torch.Tensor) else repr(value)
        raise CaptureError(f"effect: the objective must be a tensor of one floating number, got {found}")
    return value.reshape(())


def loss_of(outputs: Any) -> Any:
    """What the model itself calls its loss."""
    loss = outputs.get("loss") if hasattr(outputs, "get") else getattr(outputs, "loss", None)
    if loss is None:
        raise CaptureError(NO_LOSS)
    return loss
