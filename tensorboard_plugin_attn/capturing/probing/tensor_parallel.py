"""A model's running modules → the group of ranks over which their heads are split, and how many heads they declare."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import nn

from tensorboard_plugin_attn.capturing.probing.sharded import is_sharded, is_sharded_class
from tensorboard_plugin_attn.capturing.watching.names import HEAD_COUNTS

__all__ = ["head_counts", "is_split", "splitting_group"]


def is_split(module: nn.Module, *, inside: bool = False) -> bool:
    """Whether some parameters are split over ranks for good, as tensor parallelism does.

    FSDP2 splits each parameter along one dimension of its mesh and gathers it before the forward; what is split
    along another one stays so. ``inside``: whether a module around this one is FSDP2's.
    """
    inside = inside or is_sharded_class(type(module))
    if any(len(split_dimensions(each)) > inside for each in module.parameters(recurse=False)):
        return True
    return any(is_split(child, inside=inside) for child in module.children())


def split_dimensions(parameter: Any) -> list[int]:
    """The dimensions of its mesh, of more than one rank, along which a DTensor is split; none of a plain tensor."""
    if not is_sharded(parameter):
        return []
    mesh = parameter.device_mesh
    return [
        dimension
        for dimension, placement in enumerate(parameter.placements)
        if not placement.is_replicate() and not placement.is_partial() and mesh.size(dimension) > 1
    ]


def splitting_group(running: Sequence[nn.Module]) -> Any:
    """The group over which the innermost running module that has parameters is split; None where it is whole.

    Raises:
        ValueError: it is split over several groups.
    """
    groups = {}
    for module in reversed(running):
        parameters: list[Any] = list(module.parameters())
        for parameter in parameters:
            for dimension in split_dimensions(parameter):
                group = parameter.device_mesh.get_group(dimension)
                groups[group.group_name] = group
        if parameters:
            break
    if len(groups) > 1:
        raise ValueError(f"its projections are split over {len(groups)} groups of ranks")
    return next(iter(groups.values()), None)


def head_counts(model: nn.Module, running: Sequence[nn.Module]) -> set[int]:
    """The numbers of heads that the running modules and the configurations around them declare."""
    holders: list[Any] = list(running[-3:])
    holders += [getattr(module, "config", None) for module in (*running, model)]
    found = {getattr(holder, name, None) for holder in holders for name in HEAD_COUNTS}
    return {count for count in found if isinstance(count, int) and not isinstance(count, bool) and count > 0}
