"""A torch function that is no attention itself → what is known of its results, from what is known of its operands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch

from tensorboard_plugin_attn.capturing.tracing.axes import Atom, Axes, broadcast, fresh, leaves, regroup
from tensorboard_plugin_attn.capturing.tracing.facts import Facts, Weights, started
from tensorboard_plugin_attn.capturing.tracing.flow import Flow, descent
from tensorboard_plugin_attn.capturing.tracing.layouts import RULES, result_axes
from tensorboard_plugin_attn.capturing.tracing.ops import SEQUENCES, Kind, Op
from tensorboard_plugin_attn.capturing.tracing.roles import Operand, role_after, strength

__all__ = ["AT_ONCE", "Following", "every_tensor"]

PROJECTING = frozenset((Kind.PROJECT, Kind.PROJECT_OTHERWISE, Kind.CONVOLVE, Kind.EMBED))
RESIDUAL = frozenset((Kind.ADD, Kind.SUBTRACT, Kind.WHERE))
JOINING = frozenset((Kind.JOIN, Kind.STACK))
STEPPING = frozenset((Kind.EXP, Kind.EXP2, Kind.LOG_SOFTMAX))
CHANGING = frozenset(RULES) | PROJECTING | JOINING | STEPPING | {Kind.RESHAPE, Kind.ASSIGN}
OWN_LAYOUT = CHANGING - STEPPING
STARTING = STEPPING | {Kind.POWER, Kind.LOGSUMEXP}
SCALING = frozenset((Kind.MULTIPLY, Kind.DIVIDE))
COMBINING = SCALING | {Kind.ADD, Kind.SUBTRACT}
ARRANGING = frozenset((Kind.RESHAPE, Kind.TRANSPOSE))
AT_ONCE = (
    ARRANGING
    | SCALING
    | {
        Kind.OTHER,
        Kind.CAST,
        Kind.DROPOUT,
        Kind.ADD,
        Kind.SUBTRACT,
        Kind.MASK,
        Kind.CLAMP,
        Kind.POWER,
        Kind.PROJECT,
    }
)
"""What may be followed at once: none of these tells anything where nothing that it is given has a role, but a linear
that an output projection is awaited in."""


class Following:
    """Carries facts from tensor to tensor."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow

    def at_once(self, kind: Kind, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> bool:
        """The commonest calls in few steps: of one tensor without a role and nothing else that is known, or a sum of two.

        After a product of matrices nothing of ours is in the processor's caches, so that every step counts. ``kind``: of
        ``AT_ONCE``. False: nothing was noted, and a look is to be taken.
        """
        known = self.flow.known
        entry = known.get(id(args[0])) if args else None
        first = None if entry is None else entry[0]()
        if entry is None or first is None or first is not args[0]:
            return False
        if type(result) is not torch.Tensor or result.is_nested:
            return False
        facts = entry[1]
        others: tuple[tuple[Any, Facts], ...] = ()
        if facts.role is not None:
            return False
        for one in (*args[1:], *kwargs.values()) if kwargs else args[1:]:
            found = known.get(id(one))
            if found is not None and found[0]() is one:
                others = (*others, (one, found[1]))
            elif isinstance(one, SEQUENCES) and any(isinstance(each, torch.Tensor) for each in one):
                return False
        if kind is Kind.RESHAPE and not others:
            facts = Facts(regroup(facts.axes, result.shape), facts.root, facts.origins)
        elif kind is Kind.PROJECT:
            if others or kwargs or len(args) < 2:
                return False
            facts = Facts(
                (*facts.axes[:-1], *fresh(result.shape[-1:], features=True)),
                *descent([facts], projects=True, sums=False),
            )
        elif kind is Kind.TRANSPOSE and len(args) == 3 and not others:
            facts = Facts(swapped(facts.axes, args[1], args[2]), facts.root, facts.origins)
        elif kind in ARRANGING or first.shape != result.shape:
            return False
        elif others:
            term, other = others[0]
            if (
                kind not in COMBINING
                or len(others) > 1
                or other.role is not None
                or term.shape != result.shape
            ):
                return False
            facts = Facts(facts.axes, *descent([facts, other], projects=False, sums=kind in RESIDUAL))
        elif result is first:
            return True
        self.flow.put(result, facts)
        return True

    def follow(self, op: Op, result: Any) -> None:
        """Any other operation: its results descend from its operands."""
        operands = op.operands()
        get = self.flow.get
        known = [(tensor, facts) for tensor in operands if (facts := get(tensor)) is not None]
        if known and isinstance(result, torch.Tensor) and self.quickly(op, known, result):
            return
        if not known and not self.starts(op.kind, operands):
            self.note_constants(op, operands, result)
            return
        if op.kind is Kind.ASSIGN:
            result = op.args[0]
        for one in (result,) if isinstance(result, torch.Tensor) else result:
            if isinstance(one, torch.Tensor) and not one.is_nested:
                self.flow.put(one, facts_after(op, known, one))

    def quickly(self, op: Op, known: list[Operand], result: torch.Tensor) -> bool:
        """The common cases of what is looked at: of one tensor that is neither scores nor weights."""
        tensor, facts = known[0]
        if len(known) > 1:
            return False
        if self.same(op, tensor, facts, result):
            return True
        found = quick_facts(op, tensor, facts, result)
        if found is None:
            return False
        self.flow.put(result, found)
        return True

    def same(self, op: Op, tensor: torch.Tensor, facts: Facts, result: torch.Tensor) -> bool:
        """An element-wise function of one tensor."""
        if facts.role is not None:
            return result is tensor and not op.changes
        if (
            op.kind in CHANGING
            or tensor.shape != result.shape
            or (op.kind is Kind.POWER and op.first is not tensor)
        ):
            return False
        if result is not tensor:
            self.flow.put(result, facts)
        return True

    def starts(self, kind: Kind, operands: list[torch.Tensor]) -> bool:
        """Whether a function of unknown tensors starts a line: an embedding, or the first projection of an input."""
        return kind is Kind.EMBED or (
            kind in PROJECTING and any(not self.flow.is_constant(operand) for operand in operands)
        )

    def note_constants(self, op: Op, operands: list[torch.Tensor], result: Any) -> None:
        """What is made from parameters alone is constant; scores among them stay scores while they are scaled."""
        if not operands or not isinstance(result, torch.Tensor):
            return
        given = [self.flow.is_constant(operand) for operand in operands if operand.is_floating_point()]
        if not given or not all(given):
            return
        scores = self.flow.learned_scores(operands[0])
        if scores is not None and op.kind in SCALING and result.shape == operands[0].shape:
            role = role_after(op, [(operands[0], scores)], scores.axes, result)
            scores = Facts(scores.axes, scores.root, scores.origins, role)
            self.flow.put_constant(result, scores)
        else:
            self.flow.put_constant(result)


def quick_facts(op: Op, tensor: torch.Tensor, facts: Facts, result: torch.Tensor) -> Facts | None:
    """As ``facts_after``, of one tensor without a role that is projected; None: ask there."""
    if facts.role is not None or result.is_nested:
        return None
    if op.kind is Kind.PROJECT and not op.kwargs and tensor is op.args[1 if op.name == "addmm" else 0]:
        return Facts(
            (*facts.axes[:-1], *fresh(result.shape[-1:], features=True)),
            *descent([facts], projects=True, sums=False),
        )
    return None


def swapped(axes: Axes, first: int, second: int) -> Axes:
    """Axes with two of them in each other's place."""
    result = list(axes)
    result[first], result[second] = axes[second], axes[first]
    return tuple(result)


def facts_after(op: Op, known: list[Operand], result: torch.Tensor) -> Facts:
    """Facts of one result of an operation, from those of its operands."""
    shape = tuple(result.shape)
    if not known:
        return started(result_axes(op, fresh(shape), shape))
    first = known[0][1]
    axes: Axes | None = None
    if len(known) > 1 and op.kind not in OWN_LAYOUT:
        strongest = sorted(known, key=strength, reverse=True)  # axes of scores, not of what is added to them
        alike = all(one.shape == shape for one, _ in known)
        axes = strongest[0][1].axes if alike else broadcast([facts.axes for _, facts in strongest], shape)
    if axes is None:
        axes = result_axes(op, first.axes, shape)
    every = [facts for _, facts in known]
    root, origins = descent(every, projects=op.kind in PROJECTING, sums=op.kind in RESIDUAL)
    if op.kind in JOINING:
        axes = joined(op, known, axes, shape)
    has_role = op.kind in STARTING or any(one.role is not None for one in every)
    role = role_after(op, known, axes, result) if has_role else None
    if isinstance(role, Weights) and role.map.result.reference() is result:
        axes = role.map.axes  # a map of its own: cut to its keys
    return Facts(axes, root, origins, role)


def joined(op: Op, known: list[Operand], axes: Axes, shape: tuple[int, ...]) -> Axes:
    """Axes of pieces put together: of one tensor they are heads when they were cut out of features, else a stack."""
    pieces = op.first or ()
    axis = op.argument(1, "dim", "axis") or 0
    if len(pieces) != len(known) or len(pieces) == 1:
        return axes
    axis %= len(shape)
    one = known[0][1].axes
    is_new = len(one) < len(shape)
    whole = None if is_new else [atom for _, facts in known for atom in leaves(facts.axes[axis])]
    after = one[axis:] if is_new else one[axis + 1 :]
    alike = len({tuple(piece.shape) for piece in pieces}) == 1
    if alike and len({facts.root for _, facts in known}) == 1:
        piece = Atom(len(pieces), is_feature=True)
        if whole is None:
            return (*one[:axis], (piece,), *after)
        is_feature = any(atom.is_feature for atom in one[axis])
        return axes if is_feature else (*one[:axis], (piece, *one[axis]), *after)
    if all(atom.is_stack for atom in whole or ()):
        return (*one[:axis], (Atom(shape[axis], is_stack=True),), *after)
    return axes


def every_tensor(inputs: Any) -> Iterator[torch.Tensor]:
    """The tensors anywhere in a model's inputs."""
    if isinstance(inputs, torch.Tensor):
        yield inputs
    elif isinstance(inputs, Mapping):
        yield from every_tensor(tuple(inputs.values()))
    elif isinstance(inputs, list | tuple):
        for one in inputs:
            yield from every_tensor(one)
