"""Modules whose forward changes what they keep in attributes → the same attributes after a probe.

A counter, a flag, a table that grows, losses that are gathered in a list: whatever the attribute, the object that it named
before; and of the lists, dicts and sets among them the entries, which are torch's own too: a parameter or a hook that is
made in the first forward is made in the next one again. What an entry holds itself stays changed.
"""

from __future__ import annotations

import operator
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from torch import nn

__all__ = ["same_attributes"]

CONTAINERS = frozenset((dict, OrderedDict, list, set))
EMPTY: dict[Any, Any] = {}


@contextmanager
def same_attributes(modules: Sequence[nn.Module]) -> Iterator[None]:
    """Every module's attributes as before; one that torch made another class of, as a lazy one, keeps what it became."""
    plain = [module for module in modules if is_plain(module)]
    before = [
        (module, type(module), attributes, entries(attributes))
        for module in modules
        if not is_plain(module)
        for attributes in (module.__dict__.copy(),)
    ]
    try:
        yield
    finally:
        for module, kind, attributes, contents in before:
            if type(module) is not kind:
                continue
            now = module.__dict__
            if len(now) != len(attributes):
                for name in now.keys() - attributes.keys():
                    del now[name]
            now.update(attributes)
            for container, copy in contents:
                if container or copy:
                    put_back(container, copy)
        for module in plain:
            if not is_plain(module):
                module._forward_pre_hooks.clear()
                module._forward_hooks.clear()


def is_plain(module: nn.Module) -> bool:
    """Whether this is one of torch's modules without hooks, which keeps nothing but in buffers."""
    kind: Any = type(module)
    return is_torch_own(kind) and not (module._forward_pre_hooks or module._forward_hooks)


@lru_cache(maxsize=1024)
def is_torch_own(kind: Any) -> bool:
    """Whether a class is one of torch's modules."""
    name: str = kind.__module__
    return name.startswith("torch.nn.modules.")


def entries(attributes: dict[str, Any]) -> list[tuple[Any, Any]]:
    """The lists, dicts and sets among attributes, each with a copy."""
    return [
        (value, value.copy() if value else EMPTY)
        for value in attributes.values()
        if type(value) in CONTAINERS
    ]


def put_back(container: Any, copy: Any) -> None:
    """Give a container the entries that it had, in their order, where it has others."""
    is_same = len(container) == len(copy) and all(map(operator.is_, container, copy))
    if is_same and isinstance(container, dict):
        is_same = all(map(operator.is_, container.values(), copy.values()))
    if is_same:
        return
    container.clear()
    container.extend(copy) if isinstance(container, list) else container.update(copy)
