"""The modules of a model, and those whose attention a forward showed → how many layers there are, and which are missing."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from typing import Any

__all__ = ["layers_of", "unseen"]

PROJECTIONS = 2
"""Parameters with two axes, at least, that a module of attention has below it: of its queries, keys and values."""
NUMBER = re.compile(r"\d+")


def layers_of(model: Any, shown: Collection[str], left_out: Collection[str]) -> tuple[int, list[str]] | None:
    """How many modules of attention a model has, and those in which nothing was seen beside others of their stack.

    Args:
        shown: names of the modules whose attention was seen, captured or not asked for.
        left_out: names of modules of which it is known why there is nothing.

    Returns:
        None where the modules have other names than those that were seen, as behind a wrapper.
    """
    modules = list(model.named_modules())
    if not shown or not {name for name, _ in modules}.issuperset(shown):
        return None
    stacks = {NUMBER.sub("#", name) for name in shown}
    kinds = {type(module) for name, module in modules if name in shown}
    others = [name for name, _ in unseen(modules, shown, kinds)]
    missing = [
        name for name in others if is_one_of(NUMBER.sub("#", name), stacks) and not is_one_of(name, left_out)
    ]
    return len(set(shown)) + len(others), missing


def unseen(
    modules: Iterable[tuple[str, Any]], known: Collection[str], kinds: Collection[type] = ()
) -> list[tuple[str, str]]:
    """Name and kind of a model's ``named_modules`` that by their name and projections are attention, or are of one of these
    kinds, and of which none is known.

    Of a module of attention within another it is the inner one.
    """
    found = [
        (name, type(module).__name__)
        for name, module in modules
        if (type(module) in kinds or type(module).__name__.endswith(("Attention", "Attn")))
        and not is_one_of(name, known)
        and sum(parameter.dim() == 2 for parameter in module.parameters()) >= PROJECTIONS
    ]
    return [each for each in found if not holds_another(each[0], [name for name, _ in found])]


def is_one_of(name: str, others: Collection[str]) -> bool:
    """Whether a module is one of these, within one, or holds one."""
    return any(
        name == other or name.startswith(f"{other}.") or other.startswith(f"{name}.") for other in others
    )


def holds_another(name: str, names: Sequence[str]) -> bool:
    """Whether another module stands within this one."""
    return any(other.startswith(f"{name}.") for other in names)
