"""An operation and its operands' roles → the role of its result, between scores and weights."""

from __future__ import annotations

from dataclasses import replace

import torch

from tensorboard_plugin_attn.capturing.tracing.axes import Atom, Axes, atoms_of, holds, leaves, sizes
from tensorboard_plugin_attn.capturing.tracing.facts import (
    Facts,
    Inverse,
    Joined,
    KeyAxis,
    LogSoftmax,
    LogTotal,
    Lost,
    Product,
    Raised,
    Result,
    Role,
    Scores,
    Scoring,
    Total,
    Unfollowed,
    WeightMap,
    Weights,
    Widened,
)
from tensorboard_plugin_attn.capturing.tracing.ops import Kind, Op
from tensorboard_plugin_attn.capturing.tracing.powers import entered, exponent_of, inverted

__all__ = ["Operand", "role_after", "scoring_of", "strength", "weights_after"]

Operand = tuple[torch.Tensor, Facts]
ARRANGING = frozenset(
    (Kind.RESHAPE, Kind.TRANSPOSE, Kind.PERMUTE, Kind.MOVE, Kind.MIRROR, Kind.SWAP_LAST, Kind.REPEAT)
) | {Kind.INTERLEAVE, Kind.CAST, Kind.INDEX, Kind.EINSUM}
SLICING = frozenset((Kind.INDEX, Kind.SLICE))
MASKING = frozenset((Kind.MASK, Kind.WHERE, Kind.DROPOUT, Kind.ASSIGN))
SCALING = frozenset((Kind.MULTIPLY, Kind.DIVIDE))
SUMMING = frozenset((Kind.ADD, Kind.SUBTRACT))
JOINING = frozenset((Kind.JOIN, Kind.STACK))
THINNING = frozenset((Kind.DROPOUT, Kind.CONVOLVE, Kind.MATMUL, Kind.EINSUM, Kind.PROJECT))
"""What drops weights, or mixes those of several heads."""
REGROUPING = (ARRANGING - {Kind.EINSUM}) | SLICING | JOINING | MASKING | {Kind.PAD, Kind.ROLL, Kind.SCATTER}


def role_after(op: Op, operands: list[Operand], axes: Axes, result: torch.Tensor) -> Role:
    """The role of one result, whose axes are known; ``operands``: those of which something is known."""
    if not result.is_floating_point():
        return None
    step = step_after(op, operands, axes)
    if step is not None:
        return step
    strongest = max(operands, key=strength)
    role = strongest[1].role
    if isinstance(role, Weights | Lost):
        if op.kind in SUMMING and any(isinstance(facts.role, Scores) for _, facts in operands):
            return scores_after(op, operands, axes)
        return weights_after(op, strongest, operands, axes, result)
    if isinstance(role, Raised | LogSoftmax | Total | LogTotal | Inverse):
        return power_after(op, role, axes) or unfollowed(role, axes) or scores_after(op, operands, axes)
    if isinstance(role, Unfollowed):
        return role if holds(axes, role.of.axes) else None
    return scores_after(op, operands, axes)


def strength(operand: Operand) -> int:
    """Which operand's role the result goes on with."""
    return STRENGTHS[type(operand[1].role)]


STRENGTHS: dict[type, int] = {
    Inverse: -1,
    Total: -1,
    LogTotal: -1,
    type(None): 0,
    Unfollowed: 1,
    Scores: 2,
    Widened: 2,
    Joined: 2,
    Raised: 3,
    LogSoftmax: 3,
    Lost: 4,
    Weights: 5,
}


def step_after(op: Op, operands: list[Operand], axes: Axes) -> Role:
    """The next step of a softmax that is written in several, when this operation is one."""
    tensor, facts = operands[0]
    role = facts.role
    if isinstance(role, Weights | Lost):
        return None
    if op.kind in (Kind.ADD, Kind.CLAMP):
        return more_than_total(operands)
    if isinstance(role, Total):
        if op.kind is Kind.LOG:
            return LogTotal(role.of, role.key)
        return Inverse(role) if inverted(op) is tensor else None
    if isinstance(role, Raised) and op.kind in (Kind.SUM, Kind.EINSUM):
        return total_of(role, facts.axes, axes)
    power = exponent_of(op)
    if power is not None:
        return Raised(entered(op, tensor, facts, scoring_of(role), power[1])) if power[0] is tensor else None
    if op.kind in (Kind.LOG_SOFTMAX, Kind.LOGSUMEXP) and (axis := op.axis()) is not None:
        of, key = entered(op, tensor, facts, scoring_of(role)), KeyAxis(facts.axes[axis], axis)
        return LogSoftmax(of, key) if op.kind is Kind.LOG_SOFTMAX else LogTotal(of, key)
    if op.kind is Kind.SUBTRACT and len(operands) == 2 and tensor is op.first:
        return less_total(operands[1][1].role, tensor)
    return None


def more_than_total(operands: list[Operand]) -> Role:
    """A sum of exponentials to which something was added, as by "softmax off by one"."""
    total = next((facts.role for _, facts in operands if isinstance(facts.role, Total)), None)
    return None if total is None else replace(total, is_more=True)


def less_total(role: Role, scores: torch.Tensor) -> Role:
    """scores − log Σ exp(scores), which is a log_softmax."""
    return LogSoftmax(role.of, role.key) if isinstance(role, LogTotal) and role.of.scores is scores else None


def total_of(role: Raised, before: Axes, after: Axes) -> Role:
    """A sum along one axis of exponentials."""
    left = atoms_of(after)
    gone = [index for index, axis in enumerate(before) if not any(atom in left for atom in leaves(axis))]
    wide = [index for index in gone if leaves(before[index])]
    if len(wide) == 1:
        return Total(role.of, KeyAxis(before[wide[0]], wide[0]))
    return Total(role.of, KeyAxis(before[gone[-1]], gone[-1])) if gone and not wide else None


def power_after(op: Op, role: Role, axes: Axes) -> Role:
    """Exponentials, their sums and logarithms after an operation that leaves them what they are."""
    if isinstance(role, Total | LogTotal | Inverse):
        return role if op.kind in ARRANGING else None
    if not isinstance(role, Raised | LogSoftmax) or not holds(axes, role.of.axes):
        return None
    if op.kind in ARRANGING and op.kind is not Kind.EINSUM:
        return role
    if op.kind in MASKING or (isinstance(role, Raised) and op.kind in SCALING):
        return replace(role, is_masked=True)
    if isinstance(role, LogSoftmax) and op.kind in SUMMING | {Kind.CLAMP}:
        return replace(role, is_changed=True)
    return None


def unfollowed(role: Role, axes: Axes) -> Role:
    """What is left of exponentials after an operation that is not understood."""
    return Unfollowed(role.of) if isinstance(role, Raised) and holds(axes, role.of.axes) else None


def scoring_of(role: Role) -> Scoring:
    """What the scores are that a tensor is, or was made from."""
    if isinstance(role, Scores | Widened | Joined):
        return role
    return role.of.role if isinstance(role, Raised | LogSoftmax | Unfollowed) else None


def scores_after(op: Op, operands: list[Operand], axes: Axes) -> Scoring:
    """Scores stay scores while every axis of theirs is there; a number they are multiplied with is kept."""
    known = [
        (tensor, facts, role) for tensor, facts in operands if (role := scoring_of(facts.role)) is not None
    ]
    if any(isinstance(role, Joined) for _, _, role in known):
        return Joined()
    for tensor, _, role in known:
        if isinstance(role, Scores) and holds(axes, role.product.axes):
            return Scores(scaled(role.product, op, tensor))
    if op.kind in JOINING or op.kind is Kind.PAD:
        return beside([role for _, _, role in known])
    widened = [(facts, role) for _, facts, role in known if isinstance(role, Widened)]
    return widened[0][1] if len(widened) == 1 and holds(axes, widened[0][0].axes) else None


def beside(roles: list[Scoring]) -> Scoring:
    """Scores with something beside them: other scores, or columns of no key."""
    products = [
        role.product for role in roles if isinstance(role, Scores | Widened) and role.product is not None
    ]
    of_tokens = [product for product in products if not any(product.constant)]
    if len(of_tokens) > 1:
        return Joined()
    return Widened(next(iter(of_tokens + products), None)) if roles else None


def scaled(product: Product, op: Op, scores: torch.Tensor) -> Product:
    """The product with the number that its scores are multiplied with or divided by."""
    if op.kind not in SCALING:
        return product
    factor = op.number(beside=scores)
    if factor is None or (op.kind is Kind.DIVIDE and op.second is scores):
        return product
    return replace(product, scale=product.scale * (factor if op.kind is Kind.MULTIPLY else 1 / factor))


def weights_after(
    op: Op, strongest: Operand, operands: list[Operand], axes: Axes, result: torch.Tensor
) -> Role:
    """A softmax's result stays one while its tokens are there; a slice of its keys starts a map of its own."""
    tensor, facts = strongest
    role = facts.role
    if isinstance(role, Lost):
        return role if op.kind in REGROUPING else None
    if not isinstance(role, Weights):
        return None
    found = role.map
    atoms = atoms_of(axes)
    gone = [
        index
        for index, axis in enumerate(found.axes)
        if not all(atom in atoms for atom in leaves(axis) if not atom.is_feature or index == found.axis)
    ]
    if not gone:
        rows = rows_beside_values(strongest, operands) if op.kind in SCALING else None
        values = None if rows is None else values_beside(strongest, operands)[0]
        if op.kind is Kind.CAST:
            rows, values = role.rows, role.values
        kept = tensor if role.kept is None and tensor is not result else role.kept
        is_changed = role.is_changed or (rows is None and op.kind not in ARRANGING | SLICING)
        is_thinned = role.is_thinned or op.kind in THINNING
        rounded = coarser(role.rounded, result.dtype) if op.kind is Kind.CAST else role.rounded
        return Weights(found, kept, rows, is_changed, is_thinned, values, rounded)
    is_cut = gone == [found.axis] and op.kind in SLICING and len(axes) == len(found.axes)
    if is_cut and not isinstance(found.role, Joined):
        return Weights(
            cut_to_keys(found, axes, tensor, result),
            is_changed=role.is_changed,
            is_thinned=role.is_thinned,
            rounded=role.rounded,
        )
    keys_are_features = all(atom.is_feature for atom in leaves(found.axes[found.axis]))
    return Lost(found) if op.kind in REGROUPING and not keys_are_features else None


def coarser(one: torch.dtype | None, other: torch.dtype) -> torch.dtype:
    """Of two types of floats the one that rounds more."""
    if one is None or not other.is_floating_point:
        return other if one is None else one
    return max(one, other, key=lambda each: torch.finfo(each).eps)


def rows_beside_values(weights: Operand, operands: list[Operand]) -> frozenset[Atom] | None:
    """The atoms of weights that the values, which they are multiplied with, lack; None when those are no values.

    Values are wider than the weights by their features.
    """
    if len(operands) != 2:
        return None
    values = values_beside(weights, operands)
    width = max(len(weights[1].axes), len(values[1].axes))
    ours, theirs = (((),) * (width - len(facts.axes)) + facts.axes for _, facts in (weights, values))
    wide = [atom for mine, other in zip(ours, theirs, strict=True) if not mine for atom in leaves(other)]
    if not any(atom.is_feature for atom in wide):
        return None
    return frozenset(
        atom for mine, other in zip(ours, theirs, strict=True) if not other for atom in leaves(mine)
    )


def values_beside(weights: Operand, operands: list[Operand]) -> Operand:
    """The other one of two operands."""
    return operands[0] if operands[1] is weights else operands[1]


def cut_to_keys(found: WeightMap, axes: Axes, whole: torch.Tensor, result: torch.Tensor) -> WeightMap:
    """The map without the columns of sinks: its scores are those of the product that was widened by them."""
    product = found.role.product if isinstance(found.role, Widened) else None
    keys = int(result.shape[found.axis])
    is_view = result.untyped_storage().data_ptr() == whole.untyped_storage().data_ptr()
    fits = product is not None and len(product.axes) == len(axes)
    if product is None or not is_view or not fits or sizes(product.axes[found.axis]) != keys:
        return replace(found, result=Result(result), axes=axes, role=None, scores=None, whole=found)
    start = (result.storage_offset() - whole.storage_offset()) // whole.stride(found.axis)
    place = KeyAxis(found.axes[found.axis], found.axis).within(found.scores_axes)
    scores = None if found.scores is None or place is None else found.scores.narrow(place, start, keys)
    scores_axes = product.axes
    if found.scores_axes is not found.axes:
        scores_axes = tuple(
            product.axes[found.axis] if index == place else axis
            for index, axis in enumerate(found.scores_axes)
        )
    return replace(
        found,
        result=Result(result),
        axes=product.axes,
        role=Scores(product),
        scores=scores,
        scores_axes=scores_axes,
        whole=found,
    )
