"""Modules whose forward changes what they keep in attributes → the same attributes after a probe.

A counter, a flag, a table that grows, a parameter or a hook that is made in the first forward: a module in which a number,
a text, or an entry of torch's own changed has every attribute as before, and the entries of its lists, dicts and sets, so
that a length and the table of that length stay together. Where nothing but tensors and other objects was put into
attributes, as weights that are to be looked at, they stay. Generators of random numbers go on from where they were.
"""

from __future__ import annotations

import operator
import random
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

__all__ = ["CONTAINERS", "SIMPLE", "TORCH_OWN", "Attributes", "Held", "refill", "same_attributes"]

GENERATORS = frozenset((torch.Generator, np.random.Generator, random.Random))
CONTAINERS = frozenset((dict, OrderedDict, list, set))
SIMPLE = frozenset((bool, int, float, complex, str, bytes, type(None)))
TORCH_OWN = frozenset(vars(nn.Module()))
MISSING = object()
MOST_ENTRIES = 100_000  # of a vocabulary, or of data, which no forward changes

Attributes = dict[str, Any]
Contents = list[tuple[str, Any, Any]]


class Held(NamedTuple):
    """A module, its class, its attributes, its lists, dicts and sets with what they held, and those that held nothing."""

    module: nn.Module
    kind: type
    attributes: Attributes
    contents: Contents
    empty: list[Any]


@contextmanager
def same_attributes(modules: Sequence[nn.Module]) -> Iterator[list[Held]]:
    """Every module's state as before; one that torch made another class of, as a lazy one, keeps what it became.

    Yields what those have that are not torch's own.
    """
    plain: list[nn.Module] = []
    before: list[Held] = []
    for module in modules:
        if is_plain(module):
            plain.append(module)
        else:
            attributes = module.__dict__.copy()
            before.append(Held(module, type(module), attributes, *entries(attributes)))
    drawn = [
        (value, state_of(value))
        for held in before
        for value in held.attributes.values()
        if type(value) in GENERATORS
    ]
    try:
        yield before
    finally:
        for generator, state in drawn:
            set_state(generator, state)
        for module, kind, attributes, contents, empty in before:
            held = contents + filled_in(attributes, empty) if any(empty) else contents
            if type(module) is kind and is_other_state(module.__dict__, attributes, held):
                put_back(module.__dict__, attributes, held)
        for module in plain:
            if module._forward_pre_hooks or module._forward_hooks:
                module._forward_pre_hooks.clear()
                module._forward_hooks.clear()


def state_of(generator: Any) -> Any:
    """The state of a generator that a module has of its own."""
    if isinstance(generator, torch.Generator):
        return generator.get_state()
    return (
        generator.bit_generator.state if isinstance(generator, np.random.Generator) else generator.getstate()
    )


def set_state(generator: Any, state: Any) -> None:
    """Put it back."""
    if isinstance(generator, torch.Generator):
        generator.set_state(state)
    elif isinstance(generator, np.random.Generator):
        generator.bit_generator.state = state
    else:
        generator.setstate(state)


def is_plain(module: nn.Module) -> bool:
    """Whether this is one of torch's modules without hooks, which keeps nothing but in buffers."""
    kind: Any = type(module)
    return is_torch_own(kind) and not (module._forward_pre_hooks or module._forward_hooks)


@lru_cache(maxsize=1024)
def is_torch_own(kind: Any) -> bool:
    """Whether a class is one of torch's modules."""
    name: str = kind.__module__
    return name.startswith("torch.nn.modules.")


def entries(attributes: Attributes) -> tuple[Contents, list[Any]]:
    """The lists, dicts and sets among attributes, each with a copy; those with nothing in them apart."""
    found: Contents = []
    empty: list[Any] = []
    for name, value in attributes.items():
        if type(value) in CONTAINERS:
            if not value:
                empty.append(value)
            elif len(value) <= MOST_ENTRIES:
                found.append((name, value, value.copy()))
    return found, empty


def filled_in(attributes: Attributes, empty: Sequence[Any]) -> Contents:
    """Those of the empty ones that have entries now, each with an empty copy."""
    filled = {id(value) for value in empty if value}
    return [(name, value, type(value)()) for name, value in attributes.items() if id(value) in filled]


def is_other_state(now: Attributes, before: Attributes, contents: Contents) -> bool:
    """Whether a number, a flag or a text is another one, also in a list, or something of torch's own."""
    if not is_same(now, before):
        for name in now.keys() | before.keys():
            one, other = before.get(name, MISSING), now.get(name, MISSING)
            if one is not other and are_simple(each for each in (one, other) if each is not MISSING):
                return True
    for name, container, copy in contents:
        if not is_same(container, copy):
            values = (each.values() if isinstance(each, dict) else each for each in (container, copy))
            if name in TORCH_OWN or all(map(are_simple, values)):
                return True
    return False


def are_simple(values: Iterable[Any]) -> bool:
    """Whether all are numbers, flags or texts."""
    return all(type(value) in SIMPLE for value in values)


def is_same(container: Any, copy: Any) -> bool:
    """Whether a container has the very entries of its copy."""
    is_alike = len(container) == len(copy) and all(map(operator.is_, container, copy))
    if is_alike and isinstance(container, dict):
        return all(map(operator.is_, container.values(), copy.values()))
    return is_alike


def put_back(now: Attributes, before: Attributes, contents: Contents) -> None:
    """Give a module the attributes that it had, and these the entries."""
    for name in now.keys() - before.keys():
        del now[name]
    now.update(before)
    for _, container, copy in contents:
        refill(container, copy)


def refill(container: Any, copy: Any) -> None:
    """Give a list, dict or set the entries that it had, where it has others."""
    if not is_same(container, copy):
        container.clear()
        container.extend(copy) if isinstance(container, list) else container.update(copy)
