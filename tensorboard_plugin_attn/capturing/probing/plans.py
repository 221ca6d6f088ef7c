"""A model, its state and what it is called with → the plan that an earlier probe of the same has left.

Nothing of the model is kept alive: of its modules and what they hold there are numbers, to compare with.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import nn

from tensorboard_plugin_attn.capturing.probing.same_attributes import (
    CONTAINERS,
    SIMPLE,
    TORCH_OWN,
    is_plain,
)
from tensorboard_plugin_attn.capturing.watching.planned import Plan

__all__ = ["plans_of", "signature_of", "state_of"]

MOST_PLANS = 32  # a model is probed with a few texts, each of its length
MOST_LOST = 3
MOST_ENTRIES = 1000  # of a list that is compared entry by entry
HELD_BY_TORCH = TORCH_OWN - {"_modules", "_forward_hooks", "_forward_pre_hooks"}
"""Weights, buffers and settings of torch's own, which no forward of the same calls goes by."""


class Plans:
    """The plans of one model, by what it was called with.

    ``lost``: how often a forward left its plan; a model that does so again and again is followed whole.
    """

    def __init__(self) -> None:
        self.plans: OrderedDict[Hashable, tuple[Hashable, Plan]] = OrderedDict()
        self.lost = 0

    def get(self, signature: Hashable, state: Hashable) -> Plan | None:
        """The plan of a model in this state, called so."""
        found = self.plans.get(signature)
        return found[1] if found is not None and found[0] == state else None

    def put(self, signature: Hashable, state: Hashable, plan: Plan | None) -> None:
        """Keep a plan; None: there is none."""
        self.plans.pop(signature, None)
        if plan is not None and self.lost < MOST_LOST:
            self.plans[signature] = state, plan
            if len(self.plans) > MOST_PLANS:
                self.plans.popitem(last=False)

    def lose(self, signature: Hashable) -> None:
        """A forward has left its plan."""
        self.plans.pop(signature, None)
        self.lost += 1


models: WeakKeyDictionary[nn.Module, Plans] = WeakKeyDictionary()


def plans_of(model: nn.Module) -> Plans:
    """What is known of a model, for as long as it lives."""
    return models.setdefault(model, Plans())


def state_of(modules: Sequence[nn.Module]) -> Hashable:
    """Which modules there are, and what those keep that are not torch's own: other numbers, functions, hooks or parts are another state."""
    return tuple((id(module), None if is_plain(module) else held_by(module)) for module in modules)


def held_by(module: nn.Module) -> Hashable:
    """What a module has in attributes, each as something to compare."""
    return type(module), tuple(
        (name, compared(value)) for name, value in module.__dict__.items() if name not in HELD_BY_TORCH
    )


def compared(value: Any) -> Hashable:
    """A number or a text itself; of containers and their entries which they are; a tensor may be another one every time."""
    kind = type(value)
    if kind in SIMPLE:
        return value
    if isinstance(value, torch.Tensor):
        return torch.Tensor
    if kind not in CONTAINERS or not value:
        return id(value)
    if len(value) > MOST_ENTRIES:
        return id(value), len(value)
    keys = tuple(map(id, value)) if isinstance(value, dict) else ()
    values = value.values() if isinstance(value, dict) else value
    return id(value), keys, tuple(each if type(each) in SIMPLE else id(each) for each in values)


def signature_of(inputs: Any) -> Hashable | None:
    """Shapes and types of a model's inputs, and all else as it is; None where something is neither tensor, number nor text."""
    if isinstance(inputs, torch.Tensor):
        is_usual = type(inputs) in (torch.Tensor, nn.Parameter) and not inputs.is_nested
        return (inputs.shape, inputs.dtype, inputs.device) if is_usual else None
    if type(inputs) in SIMPLE:
        return type(inputs), inputs
    if isinstance(inputs, Mapping) or isinstance(getattr(inputs, "data", None), dict):
        entries: Mapping[Any, Any] = inputs if isinstance(inputs, Mapping) else inputs.data
        parts = [signature_of(value) for value in entries.values()]
        return None if None in parts else (dict, *zip(map(str, entries), parts, strict=True))
    if isinstance(inputs, tuple | list):
        parts = [signature_of(value) for value in inputs]
        return None if None in parts else (tuple, *parts)
    return None
