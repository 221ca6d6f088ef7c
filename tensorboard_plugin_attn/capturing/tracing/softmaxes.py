"""An operation and its result → the softmax that it completes, whatever steps that was written in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from tensorboard_plugin_attn.capturing.tracing.axes import Axes, arranged, fresh, holds, leaves
from tensorboard_plugin_attn.capturing.tracing.facts import (
    Entered,
    Facts,
    Inverse,
    LogSoftmax,
    Product,
    Raised,
    Scores,
    Total,
)
from tensorboard_plugin_attn.capturing.tracing.flow import Flow
from tensorboard_plugin_attn.capturing.tracing.ops import Kind, Op
from tensorboard_plugin_attn.capturing.tracing.powers import entered
from tensorboard_plugin_attn.capturing.tracing.roles import scoring_of

__all__ = ["COMPLETING", "LateSoftmax", "Made", "is_normalised", "late_softmax", "softmax_made", "spreads"]


@dataclass(frozen=True, eq=False)
class Made:
    """A softmax's result: its axes, the axis it ran over and the scores; ``source``: what it descends from.

    ``of`` None: the scores are not known. ``is_masked``: where it is 0, a key was hidden after the scores.
    """

    axes: Axes
    axis: int
    of: Entered | None
    source: Facts | None
    is_masked: bool = False
    mechanism: str = "softmax"


def softmax_made(op: Op, flow: Flow, result: torch.Tensor) -> Made | None:
    """The softmax that an operation completes; None when it completes none."""
    reader = COMPLETING.get(op.kind)
    return None if reader is None or not isinstance(result, torch.Tensor) else reader(op, flow, result)


def plain(op: Op, flow: Flow, result: torch.Tensor) -> Made | None:
    """softmax, softmin."""
    scores: torch.Tensor = op.first
    facts = flow.get(scores) or flow.learned_scores(scores)
    axes = fresh(tuple(result.shape)) if facts is None else facts.axes
    role = None if facts is None else scoring_of(facts.role)
    factor = -1.0 if op.kind is Kind.SOFTMIN else 1.0
    known = Facts(axes, 0) if facts is None else facts
    return Made(axes, axis_of(op, result), entered(op, scores, known, role, factor), facts)


def axis_of(op: Op, result: torch.Tensor) -> int:
    """The axis of a softmax; torch chooses the first or the second where none is given."""
    given = op.argument(1, "dim")
    if given is None:
        given = 0 if result.dim() in (0, 1, 3) else 1
    return int(given) % result.dim()


def sampled(op: Op, flow: Flow, result: torch.Tensor) -> Made | None:
    """gumbel_softmax: scores and noise, of which only the result is known."""
    facts = flow.get(op.first)
    axes = fresh(tuple(result.shape)) if facts is None else facts.axes
    axis = op.argument(4, "dim")
    return Made(axes, (-1 if axis is None else int(axis)) % result.dim(), None, facts)


def exponential(op: Op, flow: Flow, result: torch.Tensor) -> Made | None:
    """exp(log_softmax(scores))."""
    facts = flow.get(op.first)
    role = None if facts is None else facts.role
    if facts is None or not isinstance(role, LogSoftmax):
        return None
    axis = role.key.within(facts.axes)
    if axis is None:
        return None
    return Made(facts.axes, axis, None if role.is_changed else role.of, facts, role.is_masked)


@dataclass(frozen=True, eq=False)
class Division:
    """``above`` over a sum of exponentials, or times its inverse; ``below``: the tensor that holds either."""

    above: torch.Tensor
    facts: Facts
    below: torch.Tensor
    total: Total
    is_inverse: bool


def division(op: Op, flow: Flow) -> Division | None:
    """The division by a sum of exponentials that an operation is; None for any other operation."""
    first, second = op.first, op.second
    if op.kind is Kind.DIVIDE:
        facts, above = flow.get(second), flow.get(first)
        if facts is not None and above is not None and isinstance(facts.role, Total):
            return Division(first, above, second, facts.role, is_inverse=False)
    elif op.kind is Kind.MULTIPLY:
        ours, theirs = flow.get(first), flow.get(second)
        if ours is not None and theirs is not None:
            if isinstance(theirs.role, Inverse):
                return Division(first, ours, second, theirs.role.total, is_inverse=True)
            if isinstance(ours.role, Inverse):
                return Division(second, theirs, first, ours.role.total, is_inverse=True)
    return None


def quotient(op: Op, flow: Flow, result: torch.Tensor) -> Made | None:
    """exp(scores) / Σ exp(scores), or times the sum's inverse."""
    found = division(op, flow)
    if (
        found is None
        or not isinstance(found.facts.role, Raised)
        or not found.facts.role.of.is_same(found.total.of)
    ):
        return None
    axis = found.total.key.within(found.facts.axes)
    if axis is None:
        return None
    return Made(found.facts.axes, axis, found.total.of, found.facts, found.facts.role.is_masked)


def normalised(op: Op, flow: Flow, result: torch.Tensor) -> Made | None:
    """normalize(exp(scores), p=1)."""
    facts = flow.get(op.first)
    if facts is None or not isinstance(facts.role, Raised) or op.argument(1, "p") != 1:
        return None
    axis = op.argument(2, "dim")
    return Made(
        facts.axes,
        (1 if axis is None else int(axis)) % result.dim(),
        facts.role.of,
        facts,
        facts.role.is_masked,
    )


COMPLETING: dict[Kind, Callable[[Op, Flow, torch.Tensor], Made | None]] = {
    Kind.SOFTMAX: plain,
    Kind.SOFTMIN: plain,
    Kind.SAMPLED_SOFTMAX: sampled,
    Kind.EXP: exponential,
    Kind.DIVIDE: quotient,
    Kind.MULTIPLY: quotient,
    Kind.NORMALIZE: normalised,
}


@dataclass(frozen=True, eq=False)
class LateSoftmax:
    """Weights float32 of exponentials that met the values first, and the product with the values."""

    weights: torch.Tensor
    made: Made
    product: Product
    on_left: bool


def late_softmax(op: Op, flow: Flow) -> LateSoftmax | None:
    """The softmax of exponentials that met the values first, and are divided by their sum now."""
    found = division(op, flow)
    if found is None or not isinstance(found.facts.role, Scores):
        return None
    product = found.facts.role.product
    contraction = product.contraction
    for raised, operand in ((product.left_facts, contraction.left), (product.right_facts, contraction.right)):
        if (
            raised is None
            or not isinstance(raised.role, Raised)
            or not raised.role.of.is_same(found.total.of)
        ):
            continue
        axis = found.total.key.within(raised.axes)
        if axis is not None:
            weights = divided(operand, raised, axis, found, flow)
            made = Made(raised.axes, axis, raised.role.of, raised, raised.role.is_masked)
            return LateSoftmax(weights, made, product, operand is contraction.left)
    return None


def divided(operand: torch.Tensor, raised: Facts, axis: int, found: Division, flow: Flow) -> torch.Tensor:
    """Exponentials over their sum, float32; over what the model divides by where something was added to it."""
    weights = operand.detach().float()
    facts = flow.get(found.below)
    if found.total.is_more and facts is not None and holds(raised.axes, facts.axes):
        parts = [() if index == axis else leaves(one) for index, one in enumerate(raised.axes)]
        given = arranged(found.below.detach().float(), facts.axes, parts)
        return weights * given if found.is_inverse else weights / given
    return weights / weights.sum(axis, keepdim=True)


def is_normalised(tensor: torch.Tensor, axis: int) -> bool:
    """Whether numbers are weights along an axis: none below 0, and their sum 1 wherever it is not 0."""
    if not tensor.is_floating_point() or not tensor.numel() or tensor.is_nested:
        return False
    tensor = tensor.detach()
    tolerance = max(1e-4, 4 * torch.finfo(tensor.dtype).eps)
    one = tensor[tuple(slice(None) if index == axis else 0 for index in range(tensor.dim()))].float()
    if float(one.amin()) < 0 or min(abs(float(one.sum()) - 1), float(one.sum())) > tolerance:
        return False
    sums = tensor.sum(axis, dtype=torch.float32)
    is_one = (sums - 1).abs() <= tolerance
    return bool((is_one | (sums == 0)).all() and is_one.any() and (tensor >= 0).all())


def spreads(weights: torch.Tensor, axis: int) -> bool:
    """Whether most rows give weight to several keys."""
    return bool(((weights.detach() > 0).sum(axis) > 1).float().mean() > 0.5)
