"""A product of two tensors → which axes of its two operands are shared, free and contracted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from tensorboard_plugin_attn.capturing.tracing.axes import Axes, Axis, fresh, renewed, sizes
from tensorboard_plugin_attn.capturing.tracing.ops import Kind, Op

__all__ = ["READERS", "Contraction", "read_contraction", "spelled"]


@dataclass(eq=False)
class Contraction:
    """Two operands, one label per axis; labels of ``out`` in order; ``scale`` on the product."""

    left: torch.Tensor
    right: torch.Tensor
    left_labels: tuple[str, ...]
    right_labels: tuple[str, ...]
    out_labels: tuple[str, ...]
    scale: float = 1.0

    @property
    def contracted(self) -> tuple[str, ...]:
        """Labels that both operands have and the result has not."""
        return tuple(
            label for label in self.left_labels if label in self.right_labels and label not in self.out_labels
        )

    def out_axes(self, left: Axes | None, right: Axes | None, constant: tuple[bool, bool]) -> Axes:
        """Axes of the result, from the operand that has them; a constant operand's own axes are features."""
        if left is None:
            left = self.unknown_axes(self.left, self.left_labels, self.right_labels, constant[0])
        if right is None:
            right = self.unknown_axes(self.right, self.right_labels, self.left_labels, constant[1])
        ours, theirs = (
            dict(zip(self.left_labels, left, strict=True)),
            dict(zip(self.right_labels, right, strict=True)),
        )
        return tuple(
            richer(ours.get(label), theirs.get(label)) if label in ours else renewed(theirs[label])
            for label in self.out_labels
        )

    def unknown_axes(
        self, operand: torch.Tensor, labels: tuple[str, ...], others: tuple[str, ...], constant: bool
    ) -> Axes:
        """Axes of an operand of which nothing is known."""
        axes = zip(operand.shape, labels, strict=True)
        return tuple(fresh((size,), constant and label not in others)[0] for size, label in axes)

    def aligned(self, operand: torch.Tensor, labels: tuple[str, ...]) -> torch.Tensor:
        """One operand as ``[*result axes or 1, contracted]``."""
        kept = [label for label in self.out_labels if label in labels]
        order = [labels.index(label) for label in (*kept, *self.contracted)]
        result = operand.permute(order) if len(order) == operand.dim() else summed(operand, order)
        shape = [operand.shape[labels.index(label)] if label in labels else 1 for label in self.out_labels]
        return result.reshape(*shape, -1)


def summed(operand: torch.Tensor, order: list[int]) -> torch.Tensor:
    """An operand with the axes that only it has, and the result has not, summed away."""
    gone = [axis for axis in range(operand.dim()) if axis not in order]
    kept = [axis for axis in range(operand.dim()) if axis in order]
    return operand.sum(dim=gone).permute([kept.index(axis) for axis in order])


def richer(ours: Axis | None, theirs: Axis | None) -> Axis:
    """The axis of the operand that is not broadcast, and knows more of it."""
    if ours is None or theirs is None:
        return (ours if ours is not None else theirs) or ()
    if sizes(ours) != sizes(theirs):
        return ours if sizes(ours) > sizes(theirs) else theirs
    knows_more = any(atom.is_feature for atom in theirs) and not any(atom.is_feature for atom in ours)
    return theirs if knows_more else ours


def read_contraction(op: Op) -> Contraction | None:
    """The contraction that an operation makes; None when it is none of two tensors."""
    reader = READERS.get(op.kind)
    try:
        return None if reader is None else reader(op)
    except (IndexError, KeyError, TypeError, ValueError):
        return None


def matmul(op: Op) -> Contraction | None:
    return batched(op.first, op.second)


def baddbmm(op: Op) -> Contraction | None:
    return batched(
        op.argument(1, "batch1"), op.argument(2, "batch2"), scale=float(op.kwargs.get("alpha", 1.0))
    )


def batched(left: Any, right: Any, scale: float = 1.0) -> Contraction | None:
    """``[*batch, m, d] @ [*batch, d, n]``, batch axes aligned from the right."""
    if not isinstance(left, torch.Tensor) or not isinstance(right, torch.Tensor):
        return None
    if left.dim() < 2 or right.dim() < 2 or left.is_nested or right.is_nested:
        return None
    depth = max(left.dim(), right.dim()) - 2
    batch = tuple(f"batch{index}" for index in range(depth))
    return Contraction(
        left,
        right,
        (*batch[depth - left.dim() + 2 :], "m", "d"),
        (*batch[depth - right.dim() + 2 :], "d", "n"),
        (*batch, "m", "n"),
        scale,
    )


def einsum(op: Op) -> Contraction | None:
    equation, *operands = op.args
    if len(operands) == 1 and isinstance(operands[0], list | tuple):
        operands = list(operands[0])
    if not isinstance(equation, str) or len(operands) != 2:
        return None
    inputs, arrow, output = equation.replace(" ", "").partition("->")
    terms = inputs.split(",")
    rank = [
        operand.dim() - len(term.replace("...", "")) for operand, term in zip(operands, terms, strict=True)
    ]
    left, right = (
        spelled(term, rank[index], max(rank)) if "..." in term else tuple(term)
        for index, term in enumerate(terms)
    )
    if not arrow:
        letters = [*left, *right]
        output = "".join(sorted(label for label in set(letters) if letters.count(label) == 1))
    out = spelled(output, max(rank), max(rank)) if "..." in output else tuple(output)
    return Contraction(operands[0], operands[1], left, right, out)


def spelled(term: str, rank: int, most: int) -> tuple[str, ...]:
    """A term's labels, its ellipsis written out and aligned from the right."""
    before, _, after = term.partition("...")
    return (*before, *(f"batch{index}" for index in range(most - rank, most)), *after)


READERS: dict[Kind, Callable[[Op], Contraction | None]] = {
    Kind.MATMUL: matmul,
    Kind.BADDBMM: baddbmm,
    Kind.EINSUM: einsum,
}
