"""Tensors as they are made → the facts of each, found again by identity.

Facts are kept beside the tensors and go when a tensor goes: nothing is kept alive and nothing is written on a tensor.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable
from typing import Any

import torch

from tensorboard_plugin_attn.capturing.tracing.axes import fresh, leaves
from tensorboard_plugin_attn.capturing.tracing.contraction import Contraction
from tensorboard_plugin_attn.capturing.tracing.facts import Facts, Product, Scores, new_root, started

__all__ = ["Flow", "contracts_features", "descent", "learned_scores"]


Known = tuple[Callable[[], torch.Tensor | None], Facts]


class Entry(weakref.ref[torch.Tensor]):
    """A tensor, held weakly, and its facts."""

    __slots__ = ("facts", "number")
    facts: Facts | None
    number: int


class Flow:
    """Facts by tensor identity."""

    def __init__(self) -> None:
        self.known: dict[int, Known] = {}
        self.most = MOST_KNOWN
        self.constants: dict[int, Entry] = {}

    def get(self, tensor: Any) -> Facts | None:
        """Facts of a tensor; None for constants and parameters."""
        entry = self.known.get(id(tensor))
        return entry[1] if entry is not None and entry[0]() is tensor else None

    def put(self, tensor: torch.Tensor, facts: Facts) -> None:
        """Remember facts for as long as the tensor lives; those without a role keep no tensor, and may stay a while."""
        if facts.role is None:
            self.known[id(tensor)] = weakref.ref(tensor), facts
            if len(self.known) > self.most:
                self.tidy()
            return
        entry = Entry(tensor, self.forget)
        entry.number = id(tensor)
        self.known[entry.number] = entry, facts

    def tidy(self) -> None:
        """Forget the tensors that are gone."""
        self.known = {number: entry for number, entry in self.known.items() if entry[0]() is not None}
        self.most = 2 * len(self.known) + MOST_KNOWN

    def forget(self, entry: weakref.ref[torch.Tensor]) -> None:
        """A tensor is gone."""
        if isinstance(entry, Entry) and self.known.get(entry.number, (None,))[0] is entry:
            del self.known[entry.number]

    def is_constant(self, tensor: torch.Tensor) -> bool:
        """Whether a tensor is a parameter, or made from parameters alone."""
        if type(tensor) is torch.nn.Parameter or isinstance(tensor, torch.nn.Parameter):
            return True
        reference = self.constants.get(id(tensor))
        return reference is not None and reference() is tensor

    def put_constant(self, tensor: torch.Tensor, scores: Facts | None = None) -> None:
        """Remember that a tensor was made from parameters alone; ``scores``: they are those of learned tokens."""
        entry = Entry(tensor, self.forget_constant)
        entry.number, entry.facts = id(tensor), scores
        self.constants[entry.number] = entry

    def learned_scores(self, tensor: torch.Tensor) -> Facts | None:
        """Facts of scores among tokens that are parameters, as of a decoder's object queries."""
        entry = self.constants.get(id(tensor))
        return entry.facts if entry is not None and entry() is tensor else None

    def forget_constant(self, entry: weakref.ref[torch.Tensor]) -> None:
        """A constant is gone."""
        if isinstance(entry, Entry) and self.constants.get(entry.number) is entry:
            del self.constants[entry.number]

    def begin(self, tensors: Iterable[torch.Tensor]) -> None:
        """Give every floating tensor of the model's input a root."""
        for tensor in tensors:
            if tensor.is_floating_point() and not tensor.is_nested and self.get(tensor) is None:
                self.put(tensor, started(fresh(tuple(tensor.shape))))


def descent(known: list[Facts], *, projects: bool, sums: bool) -> tuple[int, frozenset[int]]:
    """Root and origins of a function's result, from those of its operands."""
    first = known[0]
    if len(known) == 1 or all(facts.root == first.root for facts in known[1:]):
        if not projects:
            return first.root, first.origins
    elif sums and is_residual(known):
        root = new_root()
        return root, frozenset((root,))
    root = new_root()
    origins = frozenset((root,)).union(*[facts.origins for facts in known])
    return root, origins if len(origins) < MOST_ORIGINS else frozenset((root,))


def is_residual(known: list[Facts]) -> bool:
    """Whether one operand of a sum was computed from another one."""
    return any(one.root in other.origins for one in known for other in known if one.root != other.root)


def contracts_features(contraction: Contraction, left: Facts | None, right: Facts | None) -> bool:
    """Whether the summed axis came out of a projection; True when nothing is known."""
    atoms = []
    for facts, labels in ((left, contraction.left_labels), (right, contraction.right_labels)):
        if facts is not None:
            for label, axis in zip(labels, facts.axes, strict=True):
                atoms += leaves(axis) if label in contraction.contracted else []
    return not atoms or any(atom.is_feature for atom in atoms)


def learned_scores(contraction: Contraction) -> Facts:
    """Facts of a product of two tensors that were made from parameters: learned tokens may attend to each other."""
    axes = contraction.out_axes(None, None, (False, False))
    return started(
        axes, Scores(Product(contraction, axes, contraction.scale, None, None, contracts_features=True))
    )


MOST_ORIGINS = 256
MOST_KNOWN = 4096
