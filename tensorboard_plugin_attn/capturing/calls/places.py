"""Positions of some rows and keys of one input, as a mask or a score function of the model counts them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch

__all__ = ["Change", "MaskOf", "Places", "all_places", "mask_at"]


@dataclass(frozen=True)
class Places:
    """Numbers along each axis ``[batch, head, query, key]``, int64; ``is_every_key``: keys are 0, 1, 2, …"""

    batch: torch.Tensor
    head: torch.Tensor
    query: torch.Tensor
    key: torch.Tensor
    is_every_key: bool = True

    def block(self, rows: slice, keys: int) -> Places:
        """Some of the queries, and the first keys."""
        return replace(self, query=self.query[rows], key=self.key[:keys])

    def of_heads(self, numbers: Sequence[int] | slice) -> Places:
        """Some of the heads."""
        return replace(self, head=self.head[numbers if isinstance(numbers, slice) else list(numbers)])

    @property
    def grid(self) -> tuple[torch.Tensor, ...]:
        """The numbers of all four axes."""
        return self.batch, self.head, self.query, self.key


Change = Callable[[torch.Tensor, Places], torch.Tensor]
"""Scores ``[batch, head, query, key]`` and their places → what enters the softmax in their place."""
MaskOf = Callable[[Places], torch.Tensor]


def all_places(shape: Sequence[int], device: torch.device) -> Places:
    """Every place of a map ``[batch, head, query, key]``."""
    batch, head, query, key = (torch.arange(size, device=device) for size in shape)
    return Places(batch, head, query, key)


def mask_at(mask: torch.Tensor, places: Places) -> torch.Tensor:
    """The part of a mask that broadcasts to ``[batch, head, query, key]``, axes of 1 as they are."""
    for axis, numbers in enumerate(places.grid[:3]):
        if mask.shape[axis] > 1:
            mask = taken(mask, axis, numbers)
    if mask.shape[3] == 1:
        return mask
    return mask[..., : len(places.key)] if places.is_every_key else mask[..., places.key]


def taken(mask: torch.Tensor, axis: int, numbers: torch.Tensor) -> torch.Tensor:
    """Numbers along an axis; a view where they are neighbours."""
    if len(numbers) and int(numbers[-1]) - int(numbers[0]) == len(numbers) - 1:
        return mask.narrow(axis, int(numbers[0]), len(numbers))
    return mask.index_select(axis, numbers)
