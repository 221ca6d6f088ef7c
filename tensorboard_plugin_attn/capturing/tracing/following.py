"""A torch function that is no attention itself → what is known of its results, from what is known of its operands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch

from tensorboard_plugin_attn.capturing.tracing.axes import Atom, Axes, broadcast, fresh, leaves, regroup
from tensorboard_plugin_attn.capturing.tracing.facts import Facts, Weights, started
from tensorboard_plugin_attn.capturing.tracing.flow import Flow, descent
from tensorboard_plugin_attn.capturing.tracing.layouts import RULES, result_axes
from tensorboard_plugin_attn.capturing.tracing.ops import Kind, Op
from tensorboard_plugin_attn.capturing.tracing.roles import Operand, role_after, strength

__all__ = ["Following", "every_tensor"]

PROJECTING = frozenset((Kind.PROJECT, Kind.PROJECT_OTHERWISE, Kind.CONVOLVE, Kind.EMBED))
RESIDUAL = frozenset((Kind.ADD, Kind.SUBTRACT, Kind.WHERE))
JOINING = frozenset((Kind.JOIN, Kind.STACK))
STEPPING = frozenset((Kind.EXP, Kind.EXP2, Kind.LOG_SOFTMAX))
CHANGING = frozenset(RULES) | PROJECTING | JOINING | STEPPING | {Kind.RESHAPE, Kind.ASSIGN}
OWN_LAYOUT = CHANGING - STEPPING
STARTING = STEPPING | {Kind.POWER, Kind.LOGSUMEXP}
SCALING = frozenset((Kind.MULTIPLY, Kind.DIVIDE))


class Following:
    """Carries facts from tensor to tensor."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow

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
        """The common cases: of one tensor that is neither scores nor weights, and a sum of two."""
        tensor, facts = known[0]
        if len(known) > 1:
            found = quick_sum(op, known, result)
        else:
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
    """As ``facts_after``, of one tensor without a role that is reshaped, transposed or projected; None: ask there."""
    if facts.role is not None or result.is_nested:
        return None
    if op.kind is Kind.RESHAPE:
        return Facts(regroup(facts.axes, result.shape), facts.root, facts.origins)
    if op.kind is Kind.TRANSPOSE and len(op.args) == 3:
        axes, (_, first, second) = list(facts.axes), op.args
        axes[first], axes[second] = axes[second], axes[first]
        return Facts(tuple(axes), facts.root, facts.origins)
    if op.kind is Kind.PROJECT and not op.kwargs and tensor is op.args[1 if op.name == "addmm" else 0]:
        return Facts(
            (*facts.axes[:-1], *fresh(result.shape[-1:], features=True)),
            *descent([facts], projects=True, sums=False),
        )
    return None


def quick_sum(op: Op, known: list[Operand], result: torch.Tensor) -> Facts | None:
    """As ``facts_after``, of a sum of two tensors of one shape without roles; None: ask there."""
    if op.kind is not Kind.ADD or len(known) != 2:
        return None
    (one, facts), (other, others) = known
    shape = result.shape
    if facts.role is not None or others.role is not None or one.shape != shape or other.shape != shape:
        return None
    return Facts(facts.axes, *descent([facts, others], projects=False, sums=True))


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
