"""A model whose forward writes into its own buffers or parameters → the same ones after a probe, with what they held.

While it is probed such a module has copies, which take what is written. Small buffers always have copies. Which of the
large ones are written shows in the first probe of a model, in which all have copies, and in later ones by torch's
count of writes: what was written without a copy is told, and has one from then on.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import torch
from torch import nn

from tensorboard_plugin_attn.capturing.probing.sharded import is_sharded
from tensorboard_plugin_attn.errors import spell_out

__all__ = ["MOST_BYTES", "same_buffers"]

MOST_BYTES = 64 << 20  # of one tensor that is copied: a larger one is no running mean
SMALL_BYTES = 64 << 10
MOST_NAMED = 4
Known = set[tuple[int, str]]
written: WeakKeyDictionary[nn.Module, Known] = WeakKeyDictionary()


class Place(NamedTuple):
    """Where a tensor is held: the module and its number, and the name there."""

    module: nn.Module
    number: int
    name: str
    tensor: torch.Tensor

    @property
    def held(self) -> dict[str, Any]:
        """The module's buffers or parameters, whichever have it."""
        return self.module._buffers if self.name in self.module._buffers else self.module._parameters


@contextmanager
def same_buffers(model: nn.Module, modules: Sequence[nn.Module]) -> Iterator[None]:
    """Every module's buffers as before, and the parameters that are written in evaluation mode."""
    known = written.get(model)
    places = [
        Place(module, number, name, tensor)
        for number, module in enumerate(modules)
        for held in (module._buffers, module._parameters)
        if held
        for name, tensor in held.items()
        if tensor is not None
    ]
    to_copy = [place for place in places if needs_copy(place, known)]
    copies = {id(place.tensor): copy_of(place.tensor) for place in to_copy}
    swapped = [(place, place.held) for place in places if id(place.tensor) in copies] if copies else []
    for place, held in swapped:
        held[place.name] = copies[id(place.tensor)]
    tensors = [copies.get(id(place.tensor), place.tensor) for place in places]
    before = versions(tensors)
    try:
        yield
    finally:
        for place, held in swapped:
            held[place.name] = place.tensor
        after = versions(tensors)
        changed = [] if after == before else [n for n, count in enumerate(after) if count != before[n]]
        written[model] = {(places[n].number, places[n].name) for n in changed} | (known or set())
    told = {id(tensors[n]): places[n] for n in reversed(changed) if tensors[n] is places[n].tensor}
    if told:
        names = [f"{place.name} of {type(place.module).__name__}" for place in reversed(told.values())]
        warnings.warn(
            f"the model writes into its own tensors in evaluation mode: {spell_out(names, MOST_NAMED)}; this probe has "
            f"changed them, and so what the training goes on with. Later probes write into copies of those up to "
            f"{MOST_BYTES >> 20} MiB",
            stacklevel=2,
        )


def needs_copy(place: Place, known: Known | None) -> bool:
    """Whether a probe is to write into a copy; ``known``: what was written before, None in the first probe."""
    module, number, name, tensor = place
    is_known = bool(known) and known is not None and (number, name) in known
    if isinstance(tensor, nn.Parameter):
        is_cut = module.__dict__.get("max_norm") is not None  # an embedding's rows, in whatever mode
        return (is_known or is_cut) and type(tensor) is nn.Parameter and can_copy(tensor)
    is_likely = known is None or is_known or tensor.nbytes <= SMALL_BYTES
    return is_likely and tensor.nbytes <= MOST_BYTES and can_copy(tensor)


def can_copy(tensor: torch.Tensor) -> bool:
    """Whether a tensor is held by this process alone."""
    return not (tensor.is_meta or tensor.is_nested or is_sharded(tensor))


def copy_of(tensor: torch.Tensor) -> torch.Tensor:
    """The same numbers, as a parameter where they were one."""
    copy = tensor.detach().clone()
    return nn.Parameter(copy, tensor.requires_grad) if isinstance(tensor, nn.Parameter) else copy


def versions(tensors: Sequence[torch.Tensor]) -> list[int]:
    """How often each tensor was written into; of one that was made for inference nobody counts."""
    try:
        return [tensor._version for tensor in tensors]
    except RuntimeError:
        return [0 if tensor.is_inference() else tensor._version for tensor in tensors]
