"""A torch function that is no attention itself → what is known of its results, from what is known of its operands."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import torch

from tensorboard_plugin_attn.capturing.axes import Axes, fresh, leaves, sizes
from tensorboard_plugin_attn.capturing.flow import Facts, Flow, descent, new_root
from tensorboard_plugin_attn.capturing.layouts import PROJECTIONS, result_axes

__all__ = ["Following", "started"]

SUMS = frozenset(
    ("add", "__add__", "__radd__", "__iadd__", "add_", "sub", "__sub__", "lerp", "addcmul", "where")
)
SCALINGS = {
    "mul": 1,
    "__mul__": 1,
    "__rmul__": 1,
    "__imul__": 1,
    "mul_": 1,
    "multiply": 1,
    "div": -1,
    "__truediv__": -1,
    "__itruediv__": -1,
    "div_": -1,
    "divide": -1,
    "true_divide": -1,
}


class Following:
    """Carries facts from tensor to tensor."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow

    def follow(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> None:
        """Any other function: its results descend from its operands."""
        operands = list(tensors_in(args, kwargs))
        known = [(tensor, facts) for tensor in operands if (facts := self.flow.get(tensor)) is not None]
        if not known and name != "embedding":
            return
        if name == "__setitem__":
            result = args[0]
        for one in (result,) if isinstance(result, torch.Tensor) else result:
            if isinstance(one, torch.Tensor) and not one.is_nested:
                self.descend(name, args, kwargs, known, one)

    def descend(
        self,
        name: str,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        known: list[tuple[torch.Tensor, Facts]],
        result: torch.Tensor,
    ) -> None:
        shape = tuple(result.shape)
        if not known:
            facts = Facts(result_axes(name, fresh(shape), args, kwargs, shape), 0)
            self.flow.put(result, started(facts))
            return
        first = known[0][1]
        axes = broadcast([facts.axes for _, facts in known], shape) if len(known) > 1 else None
        if axes is None:
            axes = result_axes(name, first.axes, args, kwargs, shape)
        root, origins = descent(
            [facts for _, facts in known], projects=name in PROJECTIONS, sums=name in SUMS
        )
        facts = Facts(axes, root, origins)
        self.carry_product(name, args, kwargs, [one for _, one in known], facts)
        self.carry_weights(known, facts, result)
        self.flow.put(result, facts)

    def carry_product(
        self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any], known: list[Facts], facts: Facts
    ) -> None:
        """Scores stay scores while every axis of theirs is there; a number they are multiplied with is kept."""
        atoms = {atom for axis in facts.axes for atom in leaves(axis)}
        for one in known:
            product = one.product
            if product is not None and all(atom in atoms for axis in product.axes for atom in leaves(axis)):
                factor = number_in(args, kwargs) if name in SCALINGS else None
                if factor is not None:
                    factor = factor if SCALINGS[name] > 0 else 1 / factor
                    product = replace(product, scale=product.scale * factor)
                facts.product = product
                return

    def carry_weights(
        self, known: list[tuple[torch.Tensor, Facts]], facts: Facts, result: torch.Tensor
    ) -> None:
        """A softmax's result stays one while its tokens are there; a slice of its keys starts a map of its own."""
        tensor, first = known[0]
        for one, other in known[1:]:
            if first.weights is None and other.weights is not None:
                tensor, first = one, other
        found = first.weights
        if found is None:
            return
        atoms = {atom for axis in facts.axes for atom in leaves(axis)}
        lost = [
            index
            for index, axis in enumerate(found.axes)
            if not all(atom in atoms for atom in leaves(axis) if not atom.is_feature or index == found.axis)
        ]
        if not lost:
            facts.weights, facts.kept = found, tensor if first.kept is None else first.kept
        elif lost == [found.axis] and len(facts.axes) == len(found.axes):
            facts.weights = replace(
                found, reference=weakref.ref(result), axes=facts.axes, product=None, scores=None, copy=None
            )
        else:
            found.fate = "its result was regrouped before it met the values"


def started(facts: Facts) -> Facts:
    """Facts of a tensor that starts a line of descent."""
    facts.root = new_root()
    facts.origins = frozenset((facts.root,))
    return facts


def tensors_in(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Iterator[torch.Tensor]:
    """The tensors among a call's arguments, one level of lists included."""
    for one in (*args, *kwargs.values()):
        if isinstance(one, torch.Tensor):
            yield one
        elif isinstance(one, list | tuple):
            for inner in one:
                if isinstance(inner, torch.Tensor):
                    yield inner


def number_in(args: tuple[Any, ...], kwargs: dict[str, Any]) -> float | None:
    """The number that a tensor is multiplied with or divided by."""
    for one in (*args, *kwargs.values()):
        if isinstance(one, int | float) and not isinstance(one, bool):
            return float(one)
        if isinstance(one, torch.Tensor) and one.numel() == 1:
            return float(one.detach())
    return None


def broadcast(several: list[Axes], shape: tuple[int, ...]) -> Axes | None:
    """Axes of an element-wise result of several tensors; None when the function is no such thing."""
    result = list(fresh(shape))
    filled = [size == 1 for size in shape]
    for axes in several:
        if len(axes) > len(shape):
            return None
        offset = len(shape) - len(axes)
        for index, axis in enumerate(axes):
            if sizes(axis) not in (1, shape[index + offset]):
                return None
            if sizes(axis) == shape[index + offset] and not filled[index + offset]:
                result[index + offset], filled[index + offset] = axis, True
    return tuple(result)
