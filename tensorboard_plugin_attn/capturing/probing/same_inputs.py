"""What a model is called with → the same numbers, entries and attributes after a forward that writes into its inputs,
empties them or, as with a cache of keys, appends to them.

Small tensors are copied beforehand; large ones in a model's first probe, and in later ones if that wrote into them.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import torch
from torch import nn

from tensorboard_plugin_attn.capturing.probing.plans import is_setting
from tensorboard_plugin_attn.capturing.probing.same_attributes import refill
from tensorboard_plugin_attn.capturing.probing.same_buffers import MOST_BYTES

__all__ = ["same_inputs"]

SMALL_BYTES = 1 << 20
writes: WeakKeyDictionary[nn.Module, bool] = WeakKeyDictionary()


class Input(NamedTuple):
    """A tensor, how often it was written into before, and a copy; None where it had none."""

    tensor: torch.Tensor
    version: int
    copy: torch.Tensor | None


@contextmanager
def same_inputs(model: nn.Module, inputs: Any) -> Iterator[None]:
    """Tensors, and the dicts, lists and objects around them, as before: the next probe is of the same input."""
    containers: dict[int, tuple[Any, Any]] = {}
    tensors: dict[int, Input] = {}
    gather(inputs, containers, tensors, MOST_BYTES if writes.get(model, True) else SMALL_BYTES)
    try:
        yield
    finally:
        written = [each for each in tensors.values() if each.tensor._version != each.version]
        writes[model] = bool(written) or writes.get(model, False)
        for tensor, _, copy in written:
            if copy is not None:
                with torch.no_grad():
                    tensor.copy_(copy)
        for container, entries in containers.values():
            refill(container, entries)
    for tensor, _, copy in written:
        if copy is None:
            warnings.warn(
                f"the model writes into its inputs: one of shape {tuple(tensor.shape)} is changed by this probe, and the "
                f"next one sees other numbers. Later probes put back those up to {MOST_BYTES >> 20} MiB; clone larger "
                f"ones before each probe",
                stacklevel=2,
            )


def gather(
    value: Any, containers: dict[int, tuple[Any, Any]], tensors: dict[int, Input], most_bytes: int
) -> None:
    """Note the tensors and containers anywhere in what a model is called with, each once."""
    parts: Iterable[Any] = ()
    if isinstance(value, torch.Tensor):
        is_counted = value.layout is torch.strided and not (value.is_meta or value.is_inference())
        if is_counted and id(value) not in tensors:
            copy = value.detach().clone() if value.nbytes <= most_bytes else None
            tensors[id(value)] = Input(value, value._version, copy)
    elif type(value) in (dict, list):
        if id(value) not in containers:
            containers[id(value)] = value, value.copy()
            parts = value.values() if isinstance(value, dict) else value
    elif isinstance(value, tuple):
        parts = value
    elif hasattr(value, "data") and isinstance(value.data, dict):  # a tokenizer's or a processor's answer
        parts = (value.data,)
    elif is_setting(value):
        parts = (vars(value),)
    for each in parts:
        gather(each, containers, tensors, most_bytes)
