"""What a writer is called with → directory, layers and step, or an error that says what was expected."""

from __future__ import annotations

import operator
import os
from numbers import Real
from typing import Any

from tensorboard_plugin_attn.errors import InvalidRecordError
from tensorboard_plugin_attn.record.checks import to_numpy
from tensorboard_plugin_attn.record.record import NO_LAYERS
from tensorboard_plugin_attn.storing.files import LocalFiles, is_remote

__all__ = ["check_limits", "check_step", "resolve_target", "split_layers"]

MOST_STEP = 2**53 - 1  # a browser cannot tell larger ones from their neighbours


def resolve_target(target: Any) -> tuple[str, Any]:
    """A directory, URL or SummaryWriter → its directory, and the SummaryWriter or None."""
    if isinstance(target, str | os.PathLike):
        return absolute(os.fspath(target)), None
    directory = getattr(target, "log_dir", None) or getattr(target, "logdir", None)
    if isinstance(directory, str | os.PathLike) and hasattr(target, "add_scalar"):
        return absolute(os.fspath(directory)), target
    raise InvalidRecordError(
        f"target must be a directory, an fsspec URL or a SummaryWriter, got {type(target).__name__}"
    )


def absolute(directory: str) -> str:
    """The directory that a path names now, whatever directory the process goes to later; a URL as it is."""
    return directory if is_remote(directory) else LocalFiles(directory.removeprefix("file://")).place


def split_layers(weights: Any) -> list[Any]:
    """One array ``[layer, head, query, key]`` or a sequence of layers → a list of layers."""
    if weights is None:
        raise InvalidRecordError(NO_LAYERS)
    if hasattr(weights, "__array__") and not hasattr(weights, "shape"):
        weights = to_numpy(weights)
    shape = tuple(getattr(weights, "shape", (0,) * 4))
    if len(shape) not in (4, 5):
        hint = "; of one layer pass [weights]" if len(shape) == 3 else ""
        raise InvalidRecordError(
            f"weights must have shape [layer, head, query, key], got an array of shape {shape}{hint}"
        )
    try:
        layers = list(weights)
    except TypeError as error:
        raise InvalidRecordError(
            f"weights must be one array [layer, head, query, key] or a sequence of [head, query, key], "
            f"got {type(weights).__name__}"
        ) from error
    if not layers:
        raise InvalidRecordError(NO_LAYERS)
    if any(layer is None for layer in layers):
        empty = [number for number, layer in enumerate(layers) if layer is None]
        raise InvalidRecordError(f"weights of layers {empty} are None; {NO_LAYERS.split('; ', 1)[1]}")
    return layers


def check_limits(**limits: Any) -> None:
    """Bytes and seconds: numbers from 0 on, or an error."""
    for name, value in limits.items():
        is_number = isinstance(value, Real) and not isinstance(value, bool)
        if not is_number or not value >= 0:
            raise InvalidRecordError(f"{name} must be a number from 0 on, got {value!r}")


def check_step(step: Any) -> int:
    """A step as int, or an error."""
    try:
        number = operator.index(step.item() if hasattr(step, "item") else step)
    except (RuntimeError, TypeError, ValueError) as error:  # item() of more than one number
        raise InvalidRecordError(f"global_step must be an integer, got {step!r}") from error
    if abs(number) > MOST_STEP:
        raise InvalidRecordError(f"global_step must be within ±{MOST_STEP}, got {number}")
    return number
