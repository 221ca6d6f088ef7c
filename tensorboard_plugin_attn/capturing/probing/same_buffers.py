"""A model whose forward writes into its own buffers → the same buffers after a probe, with what they held.

While it is probed such a module has copies, which take what is written. Which buffers these are shows in the first
probe of a model, in which all are copied; evaluation mode already keeps the running means of normalisation still.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import nn

from tensorboard_plugin_attn.capturing.probing.sharded import is_sharded, is_sharded_class

__all__ = ["same_buffers", "simple"]

MOST_BYTES = 64 << 20  # of one buffer: a larger one is no running mean
SIMPLE = (bool, int, float, str, type(None))
written: WeakKeyDictionary[nn.Module, set[str]] = WeakKeyDictionary()


@contextmanager
def same_buffers(model: nn.Module, modules: Sequence[nn.Module]) -> Iterator[None]:
    """Every module's buffers as before; where one was written or replaced, the module's own numbers and flags too."""
    owners = [module for module in modules if module._buffers]
    if not owners or any(is_sharded_class(kind) for kind in set(map(type, modules))):
        yield
        return
    known = written.get(model)
    before = [(module, dict(module._buffers), dict(vars(module))) for module in owners]
    copies: dict[int, torch.Tensor] = {}
    for number, (module, buffers, _) in enumerate(before):
        for name, buffer in buffers.items():
            if buffer is not None and (known is None or f"{number}.{name}" in known) and can_copy(buffer):
                module._buffers[name] = copies.setdefault(id(buffer), buffer.detach().clone())
    changed: set[str] = set()
    try:
        yield
    finally:
        for number, (module, buffers, attributes) in enumerate(before):
            found = {name for name in buffers if is_changed(module._buffers.get(name), buffers[name], copies)}
            changed |= {f"{number}.{name}" for name in found}
            if found or module._buffers.keys() != buffers.keys():
                module.__dict__.update(simple(attributes))
            module._buffers.clear()
            module._buffers.update(buffers)
        written[model] = changed | (known or set())


def simple(attributes: dict[str, Any]) -> dict[str, Any]:
    """A module's own numbers, strings and flags."""
    return {name: value for name, value in attributes.items() if isinstance(value, SIMPLE)}


def can_copy(buffer: torch.Tensor) -> bool:
    """Whether a buffer is held by this process alone and no large part of a model."""
    return not (buffer.is_meta or buffer.is_nested or is_sharded(buffer)) and buffer.nbytes <= MOST_BYTES


def is_changed(now: Any, before: Any, copies: dict[int, torch.Tensor]) -> bool:
    """Whether a buffer is another one, or its copy was written into."""
    if now is before or before is None:
        return now is not before
    copy = copies.get(id(before))
    return copy is None or now is not copy or not torch.equal(copy, before)
