"""A model, its state and what it is called with → the plan that an earlier probe of the same has left.

Nothing of the model is kept alive: of its modules and what they hold there are numbers, to compare with.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from types import FunctionType, ModuleType
from typing import Any
from weakref import WeakKeyDictionary, ref

import torch
from torch import nn

from tensorboard_plugin_attn.capturing.probing.same_attributes import (
    CONTAINERS,
    SIMPLE,
    TORCH_OWN,
    Attributes,
    Held,
)
from tensorboard_plugin_attn.capturing.watching.planned import Plan

__all__ = ["State", "plans_of", "signature_of"]

MOST_PLANS = 32  # a model is probed with a few texts, each of its length
MOST_LOST = 3
MOST_ENTRIES = 1000  # of a list that is compared entry by entry
FLAGS = frozenset((torch.bool, torch.uint8, torch.int32, torch.int64))
VALUES = SIMPLE | {torch.device, torch.dtype}
TUPLES = frozenset((tuple, torch.Size))
WATCHED = frozenset(("_modules", "_forward_hooks", "_forward_pre_hooks"))
"""What a module of torch has that says how it is called; weights, buffers and other hooks do not."""


class State:
    """Which modules a model has, and what those keep that are not torch's own: numbers, functions, hooks and parts.

    ``numbers``: which objects these are, which is compared first; ``values``: the same where a number may be another
    object, and a tensor another tensor. ``settings``: where modules keep objects with attributes of their own, as a
    configuration, each once.
    """

    def __init__(self, modules: Sequence[nn.Module], held: Sequence[Held]) -> None:
        self.modules = list(map(ref, modules))
        self.settings = settings_of(held)
        self.objects = references(self.objects_in(held))
        self.numbers = self.numbers_of(held)
        self.values = self.values_of(held)

    def is_of(self, modules: Sequence[nn.Module], held: Sequence[Held]) -> bool:
        """Whether a model is in this state."""
        if [known() for known in self.modules] != list(modules):
            return False
        if any(known() is None for known in self.objects):  # another may have its id
            return False
        numbers = self.numbers_of(held)
        if numbers != self.numbers:
            values = self.values_of(held)
            if values != self.values:
                return False
            self.numbers, self.values = (
                numbers,
                values,
            )  # the values are kept, so that none else gets their id
        return True

    def numbers_of(self, held: Sequence[Held]) -> list[Hashable]:
        """The objects in attributes, and in their lists, dicts, sets and settings."""
        found: list[Hashable] = []
        for module, kind, attributes, contents, _ in held:
            found.append((id(module), id(kind), *map(id, attributes.values())))
            for name, _, copy in contents:
                if (name in WATCHED or name not in TORCH_OWN) and len(copy) <= MOST_ENTRIES:
                    found.append(
                        (*map(id, copy), *(map(id, copy.values()) if isinstance(copy, dict) else ()))
                    )
        found += [tuple(map(id, attributes.values())) for attributes in self.set_in(held)]
        return found

    def values_of(self, held: Sequence[Held]) -> list[Hashable]:
        """What is in attributes and settings, each as something to compare."""
        found: list[Hashable] = []
        for module, kind, attributes, _, _ in held:
            names = [name for name in attributes if name in WATCHED or name not in TORCH_OWN]
            found.append((id(module), kind, *((name, compared(attributes[name])) for name in names)))
        for attributes in self.set_in(held):
            found.append(tuple((name, compared(value)) for name, value in attributes.items()))
        return found

    def objects_in(self, held: Sequence[Held]) -> Iterator[Any]:
        """What is known by its id."""
        for _, _, attributes, contents, _ in held:
            yield from attributes.values()
            for name, _, copy in contents:
                if (name in WATCHED or name not in TORCH_OWN) and len(copy) <= MOST_ENTRIES:
                    yield from copy
                    yield from copy.values() if isinstance(copy, dict) else ()
        for attributes in self.set_in(held):
            yield from attributes.values()

    def set_in(self, held: Sequence[Held]) -> Iterator[Attributes]:
        """The attributes of the settings that modules keep now."""
        for number, name in self.settings:
            attributes = held[number].attributes if number < len(held) else {}
            own = getattr(attributes.get(name), "__dict__", None)
            yield own if isinstance(own, dict) else {}


def references(objects: Iterable[Any]) -> list[ref[Any]]:
    """Weak ones, each object's once, of all but tensors, modules, values and containers, which are compared otherwise."""
    found: dict[int, ref[Any]] = {}
    for value in objects:
        if id(value) not in found and not (
            isinstance(value, torch.Tensor | nn.Module) or type(value) in CONTAINERS or is_value(value)
        ):
            with suppress(TypeError):  # there are none to it
                found[id(value)] = ref(value)
    return list(found.values())


def settings_of(held: Sequence[Held]) -> list[tuple[int, str]]:
    """Where objects with attributes of their own are: the number of the module and the name."""
    places: dict[int, tuple[int, str]] = {}
    for number, each in enumerate(held):
        for name, value in each.attributes.items():
            if type(value) not in CONTAINERS and type(value) not in SIMPLE and is_setting(value):
                places.setdefault(id(value), (number, name))
    return list(places.values())


def is_setting(value: Any) -> bool:
    """Whether an object has attributes that say what a model does; tensors, functions and classes have none."""
    has_own = isinstance(getattr(value, "__dict__", None), dict)
    return has_own and not isinstance(value, torch.Tensor | nn.Module | type | FunctionType | ModuleType)


class Plans:
    """The plans of one model, by what it was called with.

    ``lost``: how often a forward left its plan; a model that does so again and again is followed whole.
    """

    def __init__(self) -> None:
        self.plans: OrderedDict[Hashable, tuple[State, Plan]] = OrderedDict()
        self.lost = 0

    def get(self, signature: Hashable, modules: Sequence[nn.Module], held: Sequence[Held]) -> Plan | None:
        """The plan of a model in this state, called so."""
        found = self.plans.get(signature)
        return found[1] if found is not None and found[0].is_of(modules, held) else None

    def put(self, signature: Hashable, state: State, plan: Plan | None) -> None:
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


def compared(value: Any) -> Hashable:
    """A number, a text, a shape or a device itself; of containers and their entries which they are; a tensor may be another
    one every time."""
    kind = type(value)
    if is_value(value):
        return kind.__name__, value
    if isinstance(value, torch.Tensor):
        return "Tensor", None
    if kind not in CONTAINERS or len(value) > MOST_ENTRIES:
        return "id", id(value)
    entries = (*value, *value.values()) if isinstance(value, dict) else value
    return "id", id(value), tuple(each if is_value(each) else id(each) for each in entries)


def is_value(value: Any) -> bool:
    """Whether this is what it holds, whichever object it is."""
    kind = type(value)
    return kind in VALUES or (kind in TUPLES and len(value) <= MOST_ENTRIES and all(map(is_value, value)))


def signature_of(inputs: Any, seen: dict[int, int] | None = None) -> Hashable | None:
    """Shapes and types of a model's inputs, and all else as it is; None where something is neither tensor, number nor text.

    Of a mask also whether it hides anything: models go without one that does not.
    ``seen``: the tensors before, numbered, as a model may be called with one tensor twice.
    """
    seen = {} if seen is None else seen
    if isinstance(inputs, torch.Tensor):
        is_usual = type(inputs) in (torch.Tensor, nn.Parameter) and not inputs.is_nested
        number = seen.setdefault(id(inputs), len(seen))
        return (inputs.shape, inputs.dtype, inputs.device, number) if is_usual else None
    if type(inputs) in SIMPLE:
        return type(inputs), inputs
    if isinstance(inputs, Mapping) or isinstance(getattr(inputs, "data", None), dict):
        entries: Mapping[Any, Any] = inputs if isinstance(inputs, Mapping) else inputs.data
        parts = [signature_of(value, seen) for value in entries.values()]
        named = [
            (str(name), part, hides(str(name), entries[name]))
            for name, part in zip(entries, parts, strict=True)
        ]
        return None if None in parts else (dict, *named)
    if isinstance(inputs, tuple | list):
        parts = [signature_of(value, seen) for value in inputs]
        return None if None in parts else (tuple, *parts)
    return None


def hides(name: str, value: Any) -> bool:
    """Whether an input is a mask that hides something, as far as it says so with flags."""
    if not name.endswith("mask") or not isinstance(value, torch.Tensor) or value.dtype not in FLAGS:
        return False
    return value.layout is torch.strided and not (value.is_nested or value.is_meta or bool(value.all()))
