"""An operation and its first operand's axes → the axes of its result."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from tensorboard_plugin_attn.capturing.tracing.axes import Atom, Axes, Axis, fresh, refit, regroup, sizes
from tensorboard_plugin_attn.capturing.tracing.contraction import spelled
from tensorboard_plugin_attn.capturing.tracing.ops import Kind, Op

__all__ = ["RULES", "result_axes"]

Rule = Callable[[Op, Axes, Sequence[int]], Axes]


def result_axes(op: Op, axes: Axes, shape: Sequence[int]) -> Axes:
    """Axes of one result of shape ``shape``; fresh where the operation is not understood."""
    if op.kind is Kind.RESHAPE:
        return regroup(axes, shape)
    rule = RULES.get(op.kind)
    try:
        result = similar(axes, shape) if rule is None else rule(op, axes, shape)
    except (IndexError, TypeError, ValueError):
        return fresh(shape)
    if len(result) != len(shape) or any(
        sizes(axis) != size for axis, size in zip(result, shape, strict=True)
    ):
        return similar(axes, shape)
    return result


def similar(axes: Axes, shape: Sequence[int]) -> Axes:
    """An element-wise function, or one that changes the sizes of some axes."""
    if len(axes) == len(shape):
        return refit(axes, shape)
    if len(axes) < len(shape):
        return (*fresh(shape[: len(shape) - len(axes)]), *refit(axes, shape[len(shape) - len(axes) :]))
    return fresh(shape)


def transposed(op: Op, axes: Axes, shape: Sequence[int]) -> Axes:
    first = op.argument(1, "dim0", "axis0")
    second = op.argument(2, "dim1", "axis1")
    result = list(axes)
    result[first], result[second] = result[second], result[first]
    return tuple(result)


def permuted(op: Op, axes: Axes, shape: Sequence[int]) -> Axes:
    order = op.argument(1, "dims")
    if isinstance(order, int):
        order = op.args[1:]
    return tuple(axes[axis] for axis in order)


def moved(op: Op, axes: Axes, shape: Sequence[int]) -> Axes:
    names = [str(index) for index in range(len(axes))]
    meta = torch.empty([index + 2 for index in range(len(names))], device="meta")
    source = op.argument(1, "source")
    destination = op.argument(2, "destination")
    return tuple(axes[size - 2] for size in meta.movedim(source, destination).shape)


def mirrored(op: Op, axes: Axes, shape: Sequence[int]) -> Axes:
    return axes[::-1]


def last_two_swapped(op: Op, axes: Axes, shape: Sequence[int]) -> Axes:
    return (*axes[:-2], axes[-1], axes[-2])


def repeated(op: Op, axes: Axes, shape: Sequence[int]) -> Axes:
    padded = (*(() for _ in range(len(shape) - len(axes))), *axes)
    return tuple(grown(axis, size, before=True) for axis, size in zip(padded, shape, strict=True))


def interleaved(op: Op, axes: Axes, shape: Sequence[int]) -> Axes:
    return tuple(grown(axis, size, before=False) for axis, size in zip(axes, shape, strict=True))


def grown(axis: Axis, size: int, *, before: bool) -> Axis:
    """An axis repeated to ``size`` entries, the repetition outside or inside."""
    old = sizes(axis)
    if size == old or size % old:
        return axis
    extra = Atom(size // old)
    return (extra, *axis) if before else (*axis, extra)


def projected(op: Op, axes: Axes, shape: Sequence[int]) -> Axes:
    return (*axes[:-1], *fresh(shape[-1:], features=True))


def convolved(op: Op, axes: Axes, shape: Sequence[int]) -> Axes:
    return (axes[0], *fresh(shape[1:2], features=True), *refit(axes[2:], shape[2:]))


def embedded(op: Op, axes: Axes, shape: Sequence[int]) -> Axes:
    return (*fresh(shape[:-1]), *fresh(shape[-1:], features=True))


def without_axis(op: Op, axes: Axes, shape: Sequence[int]) -> Axes:
    """Select, unbind and the reductions: one axis is gone, or has become 1."""
    axis = op.argument(1, "dim", "axis")
    if len(axes) == len(shape):
        return refit(axes, shape)
    dropped = {(one + len(axes)) % len(axes) for one in ((axis,) if isinstance(axis, int) else axis or (0,))}
    return tuple(kept for index, kept in enumerate(axes) if index not in dropped)


def stacked(op: Op, axes: Axes, shape: Sequence[int]) -> Axes:
    axis = op.argument(1, "dim", "axis") or 0
    axis += len(shape) if axis < 0 else 0
    return (*axes[:axis], *fresh(shape[axis : axis + 1]), *axes[axis:])


def indexed(op: Op, axes: Axes, shape: Sequence[int]) -> Axes:
    index = op.args[1] if isinstance(op.args[1], tuple) else (op.args[1],)
    if any(isinstance(one, torch.Tensor | list) for one in index):
        return similar(axes, shape)
    spare = len(axes) - sum(one is not None and one is not Ellipsis for one in index)
    result: list[Axis] = []
    position = 0
    for one in (*index, *(() if Ellipsis in index else (Ellipsis,))):
        if one is None:
            result.append(())
        elif one is Ellipsis:
            result.extend(axes[position : position + spare])
            position += spare
        else:
            if isinstance(one, slice):
                size = len(range(sizes(axes[position]))[one])
                result.extend(refit((axes[position],), (size,), keeps_features=True))
            position += 1
    return tuple(result)


def sliced(op: Op, axes: Axes, shape: Sequence[int]) -> Axes:
    return refit(axes, shape, keeps_features=True)


def distances(op: Op, axes: Axes, shape: Sequence[int]) -> Axes:
    return (*axes[:-1], *fresh(shape[-1:]))


def unknown(op: Op, axes: Axes, shape: Sequence[int]) -> Axes:
    return fresh(shape)


def by_equation(op: Op, axes: Axes, shape: Sequence[int]) -> Axes:
    """einsum of one tensor: axes permuted, and those that the result lacks summed."""
    term, _, output = str(op.first).replace(" ", "").partition("->")
    spare = len(axes) - len(term.replace("...", ""))
    labels = spelled(term, spare, spare) if "..." in term else tuple(term)
    kept = spelled(output, spare, spare) if "..." in output else tuple(output)
    return tuple(axes[labels.index(label)] for label in kept)


RULES: dict[Kind, Rule] = {
    Kind.TRANSPOSE: transposed,
    Kind.PERMUTE: permuted,
    Kind.MOVE: moved,
    Kind.MIRROR: mirrored,
    Kind.SWAP_LAST: last_two_swapped,
    Kind.REPEAT: repeated,
    Kind.INTERLEAVE: interleaved,
    Kind.PROJECT: projected,
    Kind.CONVOLVE: convolved,
    Kind.EMBED: embedded,
    Kind.SELECT: without_axis,
    Kind.SUM: without_axis,
    Kind.REDUCE: without_axis,
    Kind.LOGSUMEXP: without_axis,
    Kind.STACK: stacked,
    Kind.INDEX: indexed,
    Kind.SLICE: sliced,
    Kind.DISTANCE: distances,
    Kind.SCATTER: unknown,
    Kind.EINSUM: by_equation,
}
