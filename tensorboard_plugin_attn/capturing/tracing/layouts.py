"""A torch function's name, its arguments and its first operand's axes → the axes of its result."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from tensorboard_plugin_attn.capturing.tracing.axes import Atom, Axes, Axis, fresh, refit, regroup, sizes

__all__ = ["PROJECTIONS", "RULES", "result_axes"]

Rule = Callable[[Axes, tuple[Any, ...], dict[str, Any], Sequence[int]], Axes]
PROJECTIONS = frozenset(
    [
        "linear",
        "addmm",
        "conv1d",
        "conv2d",
        "conv3d",
        "conv_transpose1d",
        "conv_transpose2d",
        "embedding",
        "embedding_bag",
        "bilinear",
    ]
)


def result_axes(
    name: str, axes: Axes, args: tuple[Any, ...], kwargs: dict[str, Any], shape: Sequence[int]
) -> Axes:
    """Axes of one result of shape ``shape``; fresh where the function is not understood."""
    rule = RULES.get(name)
    if rule is reshaped:
        return regroup(axes, shape)
    try:
        result = similar(axes, shape) if rule is None else rule(axes, args, kwargs, shape)
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


def argument(args: tuple[Any, ...], kwargs: dict[str, Any], position: int, *names: str) -> Any:
    """An argument given by position or by one of its names; None when not given."""
    if len(args) > position:
        return args[position]
    return next((kwargs[name] for name in names if name in kwargs), None)


def reshaped(axes: Axes, args: tuple[Any, ...], kwargs: dict[str, Any], shape: Sequence[int]) -> Axes:
    return regroup(axes, shape)


def transposed(axes: Axes, args: tuple[Any, ...], kwargs: dict[str, Any], shape: Sequence[int]) -> Axes:
    first = argument(args, kwargs, 1, "dim0", "axis0")
    second = argument(args, kwargs, 2, "dim1", "axis1")
    result = list(axes)
    result[first], result[second] = result[second], result[first]
    return tuple(result)


def permuted(axes: Axes, args: tuple[Any, ...], kwargs: dict[str, Any], shape: Sequence[int]) -> Axes:
    order = argument(args, kwargs, 1, "dims")
    if isinstance(order, int):
        order = args[1:]
    return tuple(axes[axis] for axis in order)


def moved(axes: Axes, args: tuple[Any, ...], kwargs: dict[str, Any], shape: Sequence[int]) -> Axes:
    names = [str(index) for index in range(len(axes))]
    meta = torch.empty([index + 2 for index in range(len(names))], device="meta")
    source = argument(args, kwargs, 1, "source")
    destination = argument(args, kwargs, 2, "destination")
    return tuple(axes[size - 2] for size in meta.movedim(source, destination).shape)


def mirrored(axes: Axes, args: tuple[Any, ...], kwargs: dict[str, Any], shape: Sequence[int]) -> Axes:
    return axes[::-1]


def last_two_swapped(axes: Axes, args: tuple[Any, ...], kwargs: dict[str, Any], shape: Sequence[int]) -> Axes:
    return (*axes[:-2], axes[-1], axes[-2])


def repeated(axes: Axes, args: tuple[Any, ...], kwargs: dict[str, Any], shape: Sequence[int]) -> Axes:
    padded = (*(() for _ in range(len(shape) - len(axes))), *axes)
    return tuple(grown(axis, size, before=True) for axis, size in zip(padded, shape, strict=True))


def interleaved(axes: Axes, args: tuple[Any, ...], kwargs: dict[str, Any], shape: Sequence[int]) -> Axes:
    return tuple(grown(axis, size, before=False) for axis, size in zip(axes, shape, strict=True))


def grown(axis: Axis, size: int, *, before: bool) -> Axis:
    """An axis repeated to ``size`` entries, the repetition outside or inside."""
    old = sizes(axis)
    if size == old or size % old:
        return axis
    extra = Atom(size // old)
    return (extra, *axis) if before else (*axis, extra)


def projected(axes: Axes, args: tuple[Any, ...], kwargs: dict[str, Any], shape: Sequence[int]) -> Axes:
    return (*axes[:-1], *fresh(shape[-1:], features=True))


def convolved(axes: Axes, args: tuple[Any, ...], kwargs: dict[str, Any], shape: Sequence[int]) -> Axes:
    return (axes[0], *fresh(shape[1:2], features=True), *refit(axes[2:], shape[2:]))


def embedded(axes: Axes, args: tuple[Any, ...], kwargs: dict[str, Any], shape: Sequence[int]) -> Axes:
    return (*fresh(shape[:-1]), *fresh(shape[-1:], features=True))


def without_axis(axes: Axes, args: tuple[Any, ...], kwargs: dict[str, Any], shape: Sequence[int]) -> Axes:
    """Select, unbind and the reductions: one axis is gone, or has become 1."""
    axis = argument(args, kwargs, 1, "dim", "axis")
    if len(axes) == len(shape):
        return refit(axes, shape)
    dropped = {(one + len(axes)) % len(axes) for one in ((axis,) if isinstance(axis, int) else axis or (0,))}
    return tuple(kept for index, kept in enumerate(axes) if index not in dropped)


def stacked(axes: Axes, args: tuple[Any, ...], kwargs: dict[str, Any], shape: Sequence[int]) -> Axes:
    axis = argument(args, kwargs, 1, "dim", "axis") or 0
    axis += len(shape) if axis < 0 else 0
    return (*axes[:axis], *fresh(shape[axis : axis + 1]), *axes[axis:])


def indexed(axes: Axes, args: tuple[Any, ...], kwargs: dict[str, Any], shape: Sequence[int]) -> Axes:
    index = args[1] if isinstance(args[1], tuple) else (args[1],)
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


def sliced(axes: Axes, args: tuple[Any, ...], kwargs: dict[str, Any], shape: Sequence[int]) -> Axes:
    return refit(axes, shape, keeps_features=True)


def distances(axes: Axes, args: tuple[Any, ...], kwargs: dict[str, Any], shape: Sequence[int]) -> Axes:
    return (*axes[:-1], *fresh(shape[-1:]))


def unknown(axes: Axes, args: tuple[Any, ...], kwargs: dict[str, Any], shape: Sequence[int]) -> Axes:
    return fresh(shape)


def rules() -> dict[str, Rule]:
    """The table of all functions whose result is laid out unlike their operand."""
    table: dict[Rule, str] = {
        reshaped: "view reshape flatten unflatten unsqueeze squeeze ravel view_as reshape_as _unsafe_view "
        "unsqueeze_ squeeze_ view_copy",
        transposed: "transpose swapaxes swapdims transpose_",
        permuted: "permute permute_copy",
        moved: "movedim moveaxis",
        mirrored: "t T numpy_T",
        last_two_swapped: "mT mH adjoint",
        repeated: "expand expand_as broadcast_to repeat tile",
        interleaved: "repeat_interleave",
        projected: "linear addmm",
        convolved: "conv1d conv2d conv3d",
        embedded: "embedding",
        without_axis: "select unbind sum mean amax amin logsumexp prod",
        stacked: "stack",
        indexed: "__getitem__",
        sliced: "split chunk narrow index_select split_with_sizes tensor_split unsafe_chunk unsafe_split slice",
        distances: "cdist",
        unknown: "as_strided unfold diagonal gather take take_along_dim scatter sort topk",
    }
    return {name: rule for rule, names in table.items() for name in names.split()}


RULES = rules()
