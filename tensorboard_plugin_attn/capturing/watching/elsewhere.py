"""A model while it runs → its parts that ran in other threads alone, where nothing is seen."""

from __future__ import annotations

import functools
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import nn

__all__ = ["ELSEWHERE", "elsewhere"]

ELSEWHERE = "it ran in another thread than the probe, where nothing is seen; run it in the probe's thread"
MOST_PARTS = 8
"""Parts that are watched, the outermost first: what a model gives to a thread of its own is a tower, or a branch."""
MATRICES = 2
"""Parameters with two axes, at least, of a part that can attend."""


@contextmanager
def elsewhere(model: nn.Module) -> Iterator[list[str]]:
    """The list that is filled at the end, with the dotted names of the parts, outermost ones alone."""
    thread = threading.get_ident()
    parts = dict(outermost(model))
    here: set[str] = set()
    there: set[str] = set()
    found: list[str] = []

    def note(name: str, *_: Any) -> None:
        (here if threading.get_ident() == thread else there).add(name)

    with ExitStack() as hooks:
        for name, module in parts.items():
            handle = module.register_forward_pre_hook(functools.partial(note, name))
            hooks.callback(handle.remove)
        yield found
    gone = there - here
    for name in sorted(gone):
        if not any(name.startswith(f"{each}.") for each in gone) and can_attend(parts[name]):
            found.append(name)


def outermost(model: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Name and module of the parts next to the model's top that have parts themselves; lists are not called."""
    pending = deque(("", name, child) for name, child in model.named_children())
    count = 0
    while pending and count < MOST_PARTS:
        above, name, module = pending.popleft()
        if isinstance(module, torch.jit.ScriptModule) or not module._modules:  # the former takes no hooks
            continue
        path = f"{above}{name}"
        pending.extend((f"{path}.", *each) for each in module.named_children())
        if not isinstance(module, nn.ModuleList | nn.ModuleDict):
            count += 1
            yield path, module


def can_attend(module: nn.Module) -> bool:
    """Whether a part has what projects queries and keys."""
    return sum(parameter.dim() == 2 for parameter in module.parameters()) >= MATRICES
