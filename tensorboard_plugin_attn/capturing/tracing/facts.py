"""What is known of one tensor: its axes, where it was projected from, and its role between scores and weights.

Nothing here changes once it is put: an operation gives facts anew.
"""

from __future__ import annotations

import itertools
import weakref
from dataclasses import dataclass, field
from typing import NamedTuple

import torch

from tensorboard_plugin_attn.capturing.tracing.axes import Atom, Axes, Axis, leaves
from tensorboard_plugin_attn.capturing.tracing.contraction import Contraction

__all__ = [
    "Entered",
    "Facts",
    "Inverse",
    "Joined",
    "KeyAxis",
    "LogSoftmax",
    "LogTotal",
    "Lost",
    "Product",
    "Raised",
    "Result",
    "Role",
    "Scores",
    "Scoring",
    "Total",
    "Unfollowed",
    "WeightMap",
    "Weights",
    "Widened",
    "new_root",
    "started",
]

ROOTS = itertools.count()
NO_ROOTS: frozenset[int] = frozenset()


def new_root() -> int:
    """A number for a tensor that starts a line of descent."""
    return next(ROOTS)


@dataclass(frozen=True, eq=False)
class Product:
    """A product of two tensors on its way to a softmax.

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


@dataclass(frozen=True, eq=False)
class KeyAxis:
    """The axis that a softmax or a sum ran over: its atoms, and where it stood then."""

    atoms: Axis
    position: int

    def within(self, axes: Axes) -> int | None:
        """Where the axis stands among others; None where its entries no longer have an axis of their own."""
        atoms = leaves(self.atoms)
        places = [index for index, axis in enumerate(axes) if leaves(axis) == atoms]
        if not places:
            return None
        return self.position if self.position in places else places[-1]


@dataclass(frozen=True, eq=False)
class Scores:
    """A product of two tensors, all of whose axes are there."""

    product: Product


@dataclass(frozen=True, eq=False)
class Widened:
    """Scores with columns of no key beside them, as of a sink; ``product`` is that of the scores, where known."""

    product: Product | None


@dataclass(frozen=True, eq=False)
class Joined:
    """Several products side by side."""


Scoring = Scores | Widened | Joined | None


@dataclass(frozen=True, eq=False)
class Entered:
    """Scores as they enter a softmax; ``scores`` is the model's own tensor, so that it is known by identity.

    ``version``: how often it had been written into by then.
    """

    scores: torch.Tensor
    axes: Axes
    role: Scoring
    version: int = 0
    number: int = field(default_factory=new_root)

    def is_same(self, other: Entered) -> bool:
        """Whether these are the same numbers, entered twice: as where exp(scores) is written above the line and below."""
        return self is other or (self.scores is other.scores and self.version == other.version)


@dataclass(frozen=True, eq=False)
class Raised:
    """exp(scores), on its way to being divided by its sum; ``is_masked``: multiplied with something since."""

    of: Entered
    is_masked: bool = False


@dataclass(frozen=True, eq=False)
class Total:
    """Σ exp(scores) along the keys; ``is_more``: something was added, as by "softmax off by one"."""

    of: Entered
    key: KeyAxis
    is_more: bool = False


@dataclass(frozen=True, eq=False)
class Inverse:
    """1 / Σ exp(scores)."""

    total: Total


@dataclass(frozen=True, eq=False)
class LogTotal:
    """log Σ exp(scores)."""

    of: Entered
    key: KeyAxis


@dataclass(frozen=True, eq=False)
class LogSoftmax:
    """scores − log Σ exp(scores); ``is_masked``: keys were hidden since; ``is_changed``: something was added since."""

    of: Entered
    key: KeyAxis
    is_masked: bool = False
    is_changed: bool = False


@dataclass(frozen=True, eq=False)
class Unfollowed:
    """Made from exponentials of scores in a way that is not understood."""

    of: Entered


class Result:
    """A softmax's result, held weakly here and strongly by the facts of tensors made from it.

    The one thing that is changed: a copy is kept when the model is about to write into the result.
    """

    def __init__(self, tensor: torch.Tensor) -> None:
        self.reference = weakref.ref(tensor)
        self.copy: torch.Tensor | None = None

    @property
    def tensor(self) -> torch.Tensor | None:
        """The result as it was; None when it is gone."""
        return self.reference() if self.copy is None else self.copy

    def secure(self) -> None:
        """Keep a copy."""
        tensor = self.reference()
        if self.copy is None and tensor is not None:
            self.copy = tensor.detach().clone()


@dataclass(frozen=True, eq=False)
class WeightMap:
    """The result of a softmax that may turn out to be attention weights.

    ``scores`` with axes of their own, None where they are not known; ``role``: what they were; ``is_masked``: a
    weight of 0 means a key that was hidden after they were computed. ``is_constant``: they were made from parameters
    alone; ``descends``: they are known to come from the model's inputs. ``whole``: the map that this one was cut
    from.
    """

    result: Result
    axes: Axes
    axis: int
    scores: torch.Tensor | None
    scores_axes: Axes
    role: Scoring
    module: str
    is_masked: bool = False
    is_constant: bool = False
    descends: bool = True
    mechanism: str = "softmax"
    whole: WeightMap | None = field(default=None, repr=False)

    @property
    def weights(self) -> torch.Tensor | None:
        """The softmax's result; None when it is gone."""
        return self.result.tensor

    @property
    def product(self) -> Product | None:
        """The product of queries and keys that the scores were, when they were one."""
        return self.role.product if isinstance(self.role, Scores) else None


@dataclass(frozen=True, eq=False)
class Weights:
    """A softmax's result on its way to the values.

    ``kept`` keeps the result alive; ``rows``: it was multiplied with ``values``, which lack these atoms.
    ``is_changed``: its numbers were changed after the softmax; ``is_thinned``: by dropout or a mixing of heads among others. ``rounded``:
    the coarsest type that they were held in since.
    """

    map: WeightMap
    kept: torch.Tensor | None = None
    rows: frozenset[Atom] | None = None
    is_changed: bool = False
    is_thinned: bool = False
    values: torch.Tensor | None = None
    rounded: torch.dtype | None = None


@dataclass(frozen=True, eq=False)
class Lost:
    """A softmax's result that was regrouped."""

    map: WeightMap


Role = (
    Scores
    | Widened
    | Joined
    | Raised
    | Total
    | Inverse
    | LogTotal
    | LogSoftmax
    | Unfollowed
    | Weights
    | Lost
    | None
)


class Facts(NamedTuple):
    """What is known of one tensor.

    ``root`` and ``origins``: a tensor projected from ``x`` has x's root among its origins; a residual sum starts
    anew. Query and key of self-attention share an origin.
    """

    axes: Axes
    root: int
    origins: frozenset[int] = NO_ROOTS
    role: Role = None


def started(axes: Axes, role: Role = None) -> Facts:
    """Facts of a tensor that starts a line of descent."""
    root = new_root()
    return Facts(axes, root, frozenset((root,)), role)
