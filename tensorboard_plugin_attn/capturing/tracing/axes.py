"""A tensor's axes and a reshape, permutation or slice → its axes again, so that heads and tokens keep their identity.

An axis is a tuple of atoms in row-major order: after ``view(batch * heads, …)`` its first axis is
``(batch, heads)``. An atom that a reshape cuts remembers its parts, so older axes can be refined.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

import torch

__all__ = [
    "Atom",
    "Axes",
    "Axis",
    "arranged",
    "atoms_of",
    "broadcast",
    "distinct",
    "fresh",
    "holds",
    "leaves",
    "refit",
    "regroup",
    "renewed",
    "sizes",
]


class Atom:
    """A piece of an axis; ``is_feature`` when it came out of a projection rather than from tokens or batch.

    ``is_mixed``: a slice of an axis in which heads and batch stood together, so that it is neither. ``is_stack``:
    several tensors were put side by side along a new axis, such as the states of several layers.
    """

    __slots__ = ("is_feature", "is_mixed", "is_stack", "parts", "size", "whole")

    def __init__(
        self, size: int, is_feature: bool = False, whole: Atom | None = None, is_stack: bool = False
    ) -> None:
        self.size = size
        self.is_feature = is_feature
        self.is_mixed: bool = whole is not None and whole.is_mixed
        self.is_stack = is_stack
        self.whole = whole
        self.parts: tuple[Atom, Atom] | None = None

    def split(self, outer: int) -> tuple[Atom, Atom]:
        """Cut into ``outer`` × the rest."""
        self.parts = (
            Atom(outer, self.is_feature, self, self.is_stack),
            Atom(self.size // outer, self.is_feature, self, self.is_stack),
        )
        return self.parts

    def wholes(self) -> Iterator[Atom]:
        """The atoms that this one was cut from."""
        whole = self.whole
        while whole is not None:
            yield whole
            whole = whole.whole


Axis = tuple[Atom, ...]
Axes = tuple[Axis, ...]


def fresh(shape: Sequence[int], features: bool = False) -> Axes:
    """Axes of which nothing is known but their sizes."""
    return tuple((Atom(size, features),) if size != 1 else () for size in shape)


def leaves(axis: Iterable[Atom]) -> list[Atom]:
    """The uncut atoms of an axis, in order."""
    result: list[Atom] = []
    for atom in axis:
        if atom.parts is None:
            result.append(atom)
        else:
            result.extend(leaves(atom.parts))
    return result


def atoms_of(axes: Axes) -> set[Atom]:
    """The uncut atoms of all axes."""
    return {atom for axis in axes for atom in leaves(axis)}


def holds(axes: Axes, others: Axes) -> bool:
    """Whether every atom of other axes is among these."""
    if axes is others:
        return True
    atoms = atoms_of(axes)
    return all(atom in atoms for axis in others for atom in leaves(axis))


def sizes(axis: Iterable[Atom]) -> int:
    """How many entries the axis has."""
    product = 1
    for atom in axis:
        product *= atom.size
    return product


def regroup(axes: Axes, shape: Sequence[int]) -> Axes:
    """Axes after a row-major reshape to ``shape``; fresh ones where the cuts do not fit."""
    if len(axes) == len(shape) and [sizes(axis) for axis in axes] == list(shape):
        return axes
    if 0 in shape:
        return fresh(shape)
    queue = [atom for axis in axes for atom in leaves(axis) if atom.size != 1]
    queue.reverse()
    result: list[Axis] = []
    for size in shape:
        group = take(queue, size)
        if group is None:
            return fresh(shape, bool(queue) and all(atom.is_feature for axis in axes for atom in axis))
        result.append(group)
    return tuple(result) if not queue else fresh(shape)


def take(queue: list[Atom], size: int) -> Axis | None:
    """The next atoms that make up ``size`` entries, the last one cut when it must be; None: no cut fits."""
    group: list[Atom] = []
    while size > 1:
        if not queue:
            return None
        atom = queue.pop()
        if size % atom.size == 0:
            group.append(atom)
            size //= atom.size
        elif atom.size % size == 0:
            first, second = atom.split(size)
            group.append(first)
            queue.append(second)
            size = 1
        else:
            return None
    return tuple(group)


def refit(axes: Axes, shape: Sequence[int], *, keeps_features: bool = False) -> Axes:
    """Axes of a result with as many axes: those of an unchanged size are kept, the others are fresh."""
    return tuple(
        axis if sizes(axis) == size else cut(axis, size, keeps_features=keeps_features)
        for axis, size in zip(axes, shape, strict=True)
    )


def cut(axis: Axis, size: int, *, keeps_features: bool) -> Axis:
    """An axis of another size than before."""
    features = [atom.is_feature for atom in axis]
    (result,) = fresh((size,), keeps_features and bool(axis) and all(features))
    for atom in result:
        atom.is_mixed = keeps_features and (len(set(features)) > 1 or any(one.is_mixed for one in axis))
    return result


def distinct(axes: Axes) -> Axes:
    """Axes no two of which share an atom: where ``x[:, None] + x[None]`` has x's axis twice, one is renewed."""
    seen: set[Atom] = set()
    result = []
    for axis in axes:
        atoms = leaves(axis)
        result.append(renewed(axis) if any(atom in seen for atom in atoms) else axis)
        seen.update(atoms)
    return tuple(result)


def renewed(axis: Axis) -> Axis:
    """The same axis with atoms of its own: in self-attention, keys are not the queries they have the length of."""
    return tuple(Atom(atom.size, atom.is_feature, is_stack=atom.is_stack) for atom in leaves(axis))


def broadcast(several: Sequence[Axes], shape: Sequence[int]) -> Axes | None:
    """Axes of an element-wise result of several tensors; None when the function is no such thing."""
    result = list(fresh(shape))
    filled = [size == 1 for size in shape]
    for axes in several:
        if len(axes) > len(shape):
            return None
        offset = len(shape) - len(axes)
        for index, axis in enumerate(axes):
            if sizes(axis) not in (1, shape[index + offset]):
                return None
            if sizes(axis) == shape[index + offset] and not filled[index + offset]:
                result[index + offset], filled[index + offset] = axis, True
    return distinct(tuple(result))


def arranged(tensor: torch.Tensor, axes: Axes, parts: Sequence[Iterable[Atom]]) -> torch.Tensor:
    """A tensor with one dimension per axis → one dimension per part; parts it lacks have size 1."""
    atoms = [atom for axis in axes for atom in leaves(axis)]
    present = [[atom for atom in part if atom in atoms] for part in parts]
    flat = tensor.reshape([atom.size for atom in atoms])
    order = [atoms.index(atom) for part in present for atom in part]
    return flat.permute(order).reshape([math.prod(atom.size for atom in part) for part in present])
