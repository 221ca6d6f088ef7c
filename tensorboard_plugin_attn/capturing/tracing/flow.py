"""Tensors as they are made → what is known of each: its axes, where it was projected from, which scores it holds.

Facts are kept beside the tensors, by identity, and go when a tensor goes: nothing is kept alive and nothing
is written on a tensor.
"""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch

from tensorboard_plugin_attn.capturing.tracing.axes import Atom, Axes, fresh, leaves
from tensorboard_plugin_attn.capturing.tracing.contraction import Contraction

__all__ = [
    "Exponential",
    "Facts",
    "Flow",
    "Product",
    "WeightMap",
    "contracts_features",
    "descent",
    "learned_scores",
    "new_root",
    "started",
]

ROOTS = itertools.count()
NO_ROOTS: frozenset[int] = frozenset()


def new_root() -> int:
    """A number for a tensor that starts a line of descent."""
    return next(ROOTS)


@dataclass(eq=False)
class Product:
    """Scores while they are on their way from a product of two tensors to a softmax.

    ``scale`` gathers the numbers that the scores were multiplied with on the way.
    """

    contraction: Contraction
    axes: Axes
    scale: float
    left_facts: Facts | None
    right_facts: Facts | None
    contracts_features: bool
    constant: tuple[bool, bool] = (False, False)

    def operands(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Both operands as ``[*axes or 1, d]``."""
        contraction = self.contraction
        return (
            contraction.aligned(contraction.left.detach(), contraction.left_labels),
            contraction.aligned(contraction.right.detach(), contraction.right_labels),
        )


@dataclass(eq=False)
class WeightMap:
    """The result of a softmax that may turn out to be attention weights.

    The result itself is held weakly here and strongly by the facts of tensors made from it. ``is_constant``: its
    scores were made from parameters alone; ``descends``: they are known to come from the model's inputs; ``joins``:
    they are several products side by side.
    """

    reference: weakref.ref[torch.Tensor]
    axes: Axes
    axis: int
    scores: torch.Tensor | None
    product: Product | None
    module: str
    widened: Product | None = None
    copy: torch.Tensor | None = None
    is_constant: bool = False
    descends: bool = True
    joins: bool = False
    is_recorded: bool = False

    @property
    def weights(self) -> torch.Tensor | None:
        """The softmax's result; None when it is gone."""
        return self.reference() if self.copy is None else self.copy


@dataclass(frozen=True, eq=False)
class Exponential:
    """exp(scores), on its way to being divided by its own sum; ``is_masked``: multiplied with a mask since."""

    scores: torch.Tensor
    is_masked: bool = False


@dataclass(eq=False)
class Facts:
    """What is known of one tensor.

    ``root`` and ``origins``: a tensor projected from ``x`` has x's root among its origins; a residual sum
    starts anew. Query and key of self-attention share an origin. ``widened``: scores with columns of no key
    beside them, as of a sink; ``joins``: several products side by side. ``lost``: a softmax's result that was regrouped. ``rows``: of weights that were
    multiplied with values, the atoms that the values lack. ``raised``, ``total``, ``log_total`` and ``log_of``:
    parts of a softmax that is spelled out.
    """

    axes: Axes
    root: int
    origins: frozenset[int] = NO_ROOTS
    product: Product | None = None
    weights: WeightMap | None = None
    kept: torch.Tensor | None = None
    widened: Product | None = None
    joins: bool = False
    lost: WeightMap | None = None
    rows: frozenset[Atom] | None = None
    raised: Exponential | None = None
    total: tuple[Exponential, int] | None = None
    log_total: tuple[torch.Tensor, int] | None = None
    log_of: tuple[torch.Tensor, int] | None = None

    @property
    def is_scores(self) -> bool:
        """Whether the tensor is on the way from scores to weights."""
        return (
            self.product is not None
            or self.weights is not None
            or self.raised is not None
            or self.widened is not None
            or self.total is not None
            or self.lost is not None
            or self.joins
        )


def started(axes: Axes) -> Facts:
    """Facts of a tensor that starts a line of descent."""
    root = new_root()
    return Facts(axes, root, frozenset((root,)))


class Entry(weakref.ref[torch.Tensor]):
    """A tensor, held weakly, and its facts."""

    __slots__ = ("facts", "number")
    facts: Facts | None
    number: int


class Flow:
    """Facts by tensor identity."""

    def __init__(self) -> None:
        self.known: dict[int, Entry] = {}
        self.constants: dict[int, Entry] = {}

    def get(self, tensor: Any) -> Facts | None:
        """Facts of a tensor; None for constants and parameters."""
        entry = self.known.get(id(tensor))
        return entry.facts if entry is not None and entry() is tensor else None

    def put(self, tensor: torch.Tensor, facts: Facts) -> None:
        """Remember facts for as long as the tensor lives."""
        entry = Entry(tensor, self.forget)
        entry.number, entry.facts = id(tensor), facts
        self.known[entry.number] = entry

    def forget(self, entry: weakref.ref[torch.Tensor]) -> None:
        """A tensor is gone."""
        if isinstance(entry, Entry) and self.known.get(entry.number) is entry:
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
    if all(facts.root == first.root for facts in known[1:]):
        if not projects:
            return first.root, first.origins
    elif sums and is_residual(known):
        root = new_root()
        return root, frozenset((root,))
    root = new_root()
    origins = frozenset((root,)).union(*(facts.origins for facts in known))
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
    facts = started(axes)
    facts.product = Product(contraction, axes, contraction.scale, None, None, contracts_features=True)
    return facts


MOST_ORIGINS = 256
