"""A model whose parameters are spread over ranks → whether all of them must run it, and its shards as before a probe.

A forward without a backward leaves the outermost parameters of FSDP gathered. An optimiser that then steps changes
the shards alone, and the next forward would read what was gathered: so what a probe gathered is let go again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import torch
from torch import nn

from tensorboard_plugin_attn.private_names import reshard_fsdp1

__all__ = ["are_spread", "is_sharded", "is_sharded_class", "needs_every_rank", "same_shards"]

SHARDED = frozenset(("FullyShardedDataParallel", "FSDPModule"))  # FSDP1, FSDP2


def needs_every_rank(model: nn.Module) -> bool:
    """Whether a forward of this model gathers parameters from the other ranks, so that all must run it together.

    True under FSDP1, FSDP2, tensor parallelism (DTensor parameters) and DeepSpeed ZeRO-3.
    """
    modules = list(model.modules())
    return any(map(is_sharded_class, set(map(type, modules)))) or any(
        is_sharded(parameter) or hasattr(parameter, "ds_id")
        for module in modules
        for parameter in module._parameters.values()
    )


def are_spread(modules: Sequence[nn.Module]) -> bool:
    """Whether FSDP or DeepSpeed ZeRO-3 keeps books in these modules on what it gathered."""
    return any(map(is_sharded_class, set(map(type, modules)))) or any(
        hasattr(parameter, "ds_id") for module in modules for parameter in module._parameters.values()
    )


@lru_cache(maxsize=1024)
def lineage(kind: Any) -> frozenset[str]:
    """The names of a class and of all that it is made from."""
    return frozenset(each.__name__ for each in kind.__mro__)


def is_sharded_class(kind: Any) -> bool:
    """Whether FSDP1 wrapped a module of this class, or FSDP2 made it its own."""
    return not SHARDED.isdisjoint(lineage(kind))


def is_sharded(parameter: torch.Tensor | None) -> bool:
    """Whether this is a DTensor, without importing it."""
    kind: Any = type(parameter)
    return "DTensor" in lineage(kind)


@contextmanager
def same_shards(modules: Sequence[nn.Module]) -> Iterator[None]:
    """Parameters that were sharded before are sharded afterwards."""
    sharded = [
        reshard
        for module in modules
        if is_sharded_class(type(module)) and (reshard := resharding(module)) is not None
    ]
    try:
        yield
    finally:
        for reshard in sharded:
            reshard()


def resharding(module: Any) -> Callable[[], None] | None:
    """What lets go of a module's gathered parameters; None where they were gathered already."""
    if hasattr(module, "reshard"):
        reshard: Callable[[], None] = module.reshard
        return reshard if any(map(is_sharded, own_parameters(module))) else None
    handle = getattr(module, "_handle", None)
    if handle is None or not handle.uses_sharded_strategy or not handle.is_sharded(handle.flat_param):
        return None

    def let_go() -> None:
        reshard_fsdp1(module, handle)

    return let_go


def own_parameters(module: nn.Module) -> Iterator[nn.Parameter]:
    """The parameters that FSDP2 gathers with this module: those inside, less those of wrapped modules inside."""
    yield from module.parameters(recurse=False)
    for child in module.children():
        if not is_sharded_class(type(child)):
            yield from own_parameters(child)
