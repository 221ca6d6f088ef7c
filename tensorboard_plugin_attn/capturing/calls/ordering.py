"""A fused call whose heads do not stand right behind its inputs → the same call as ``[batch, head, position, d]``.

Heads may come first, as in ``view(length, batch * heads, d)`` transposed otherwise, stand in the batch's axis beside one
of size 1, or in two axes, as groups.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod

import torch

from tensorboard_plugin_attn.capturing.calls.sdpa import Call
from tensorboard_plugin_attn.capturing.tracing.axes import Axes, leaves, sizes

__all__ = ["Order", "order_of"]


@dataclass(frozen=True)
class Order:
    """The sizes that the axes before position and feature are made of, and in what order they are inputs and then heads."""

    outer: tuple[int, ...]
    parts: tuple[int, ...]
    order: tuple[int, ...]
    batch: int
    heads: int

    def arranged(self, tensor: torch.Tensor) -> torch.Tensor:
        """``[*outer, a, b]``, or what is repeated to that → ``[batch, head, a, b]``."""
        flat = tensor.expand(*self.outer, *tensor.shape[-2:]).reshape(*self.parts, *tensor.shape[-2:])
        last = len(self.parts)
        return flat.permute(*self.order, last, last + 1).reshape(self.batch, self.heads, *tensor.shape[-2:])

    def call(self, call: Call) -> Call:
        """The call in the usual order."""
        mask = call.mask
        return replace(
            call,
            query=self.arranged(call.query),
            key=self.arranged(call.key),
            mask=mask if mask is None or mask.dim() < 3 else self.arranged(mask),
            value=None if call.value is None else self.arranged(call.value),
            output=None if call.output is None else self.arranged(call.output),
        )

    def place(self, states: torch.Tensor, _: object, gate: torch.Tensor) -> torch.Tensor:
        """States as the call returned them, each head's times its gate ``[batch or 1, head]``."""
        placed = [self.order.index(part) for part in range(len(self.order))]
        whole = gate.to(states.dtype).expand(self.batch, self.heads)
        whole = whole.reshape([self.parts[part] for part in self.order]).permute(placed)
        return states * whole.reshape(*self.outer, 1, 1)


def order_of(call: Call, axes: Axes | None) -> Order | None:
    """How a call's axes are to be arranged; None where they are as usual, or nothing is known of them."""
    outer = tuple(call.query.shape[:-2])
    if axes is None or len(axes) != call.query.dim() or call.mask_of is not None or call.change is not None:
        return None
    known = [leaves(axis) for axis in axes[:-2]]
    if [sizes(axis) for axis in known] != list(outer) or not all(
        fits(tensor, outer) for tensor in (call.key, call.value, call.mask)
    ):
        return None
    atoms = [atom for axis in known for atom in axis]
    heads = [number for number, atom in enumerate(atoms) if atom.is_feature]
    inputs = [number for number, atom in enumerate(atoms) if not atom.is_feature]
    is_apart = len(outer) == 1 or len(known[-1]) == len(heads)
    if not heads or (is_apart and [*inputs, *heads] == list(range(len(atoms)))):
        return None
    parts = tuple(atom.size for atom in atoms)
    counts = [prod(parts[number] for number in each) for each in (inputs, heads)]
    return Order(outer, parts, (*inputs, *heads), counts[0], counts[1])


def fits(tensor: torch.Tensor | None, outer: Sequence[int]) -> bool:
    """Whether a tensor can be repeated along the axes before its last two."""
    if tensor is None or tensor.dim() < 3:
        return True
    own = tensor.shape[:-2]
    return len(own) <= len(outer) and all(
        size in (1, whole) for size, whole in zip(reversed(own), reversed(outer), strict=False)
    )
