"""Attention calls as they are seen, and a number per head → the model's own outputs of each head times that number.

A gate of 1 leaves a model bitwise as it is; ∂objective/∂gate at 1 and objective(1) − objective(0) are what the head
does (Michel et al. 2019). The output is multiplied where the weights have met the values, before heads are mixed.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from tensorboard_plugin_attn.capturing.tracing.axes import Atom, Axes, leaves, sizes
from tensorboard_plugin_attn.capturing.tracing.facts import Facts
from tensorboard_plugin_attn.capturing.tracing.ops import CUTTING, Op
from tensorboard_plugin_attn.errors import CaptureError

__all__ = ["GatedCall", "Gates", "of_axes", "of_fused", "of_kernel"]

Place = Callable[[torch.Tensor, "Facts | None", torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class GatedCall:
    """One attention call: its number among the model's, the module it stands in, and its ``[batch, head]``."""

    number: int
    name: str
    batch: int
    heads: int


class Gates:
    """Multiplies the output of each attention call per head.

    ``values``: a call → its gates ``[batch or 1, head]``, None to leave it alone. ``takes_gradients``: a gradient
    goes through the gates, and what would stop it on its way is refused.

    Raises:
        CaptureError: a head's output cannot be found in what a call returned, or no gradient can pass it.
    """

    def __init__(
        self, values: Callable[[GatedCall, torch.Tensor], torch.Tensor | None], *, takes_gradients: bool
    ) -> None:
        self.values = values
        self.takes_gradients = takes_gradients
        self.calls: list[GatedCall] = []
        self.pending: tuple[GatedCall, Place] | None = None
        self.opened: dict[int, tuple[GatedCall, Place]] = {}
        self.last: tuple[GatedCall, Place] | None = None
        self.cut: dict[int, weakref.ref[torch.Tensor]] = {}
        self.maps: list[Any] = []  # kept, so that their ids stay theirs

    def open(self, call: GatedCall, place: Place, of: Any = None) -> None:
        """The call that is being looked at is attention; ``of``: its map, which may meet several values."""
        self.calls.append(call)
        self.pending = call, place
        if of is not None:
            self.maps.append(of)
            self.opened[id(of)] = self.pending

    def open_again(self, *of: Any) -> None:
        """The map of an earlier call meets other values."""
        self.pending = next((self.opened[id(each)] for each in of if id(each) in self.opened), self.pending)

    def open_last(self) -> None:
        """The last call's map is applied to other values, by a kernel that computes it again."""
        self.pending = self.last

    def close(self, result: Any, facts: Facts | None, given: Sequence[Any]) -> Any:
        """What the call returns, each head's part times its gate; ``given``: the call's operands."""
        if self.pending is None:
            return result
        self.last, self.pending = self.pending, None
        call, place = self.last
        states = result[0] if isinstance(result, tuple | list) else result
        if not isinstance(states, torch.Tensor) or states.is_nested:
            raise CaptureError(
                f"effect: what {call.name or 'the model'}'s attention returns is no plain tensor"
            )
        if self.takes_gradients and not states.requires_grad and any(needs_gradient(one) for one in given):
            raise CaptureError(
                f"effect: no gradient passes the attention kernel in {call.name or 'the model'}; run the probe with "
                f"attn_implementation='sdpa' or 'eager'"
            )
        if self.takes_gradients and not torch.is_grad_enabled():
            raise CaptureError(
                f"effect: the attention in {call.name or 'the model'} runs under no_grad, as in torch.no_grad() or "
                f"reentrant checkpointing, so that it has no gradient; run the probe without"
            )
        gate = self.values(call, states)
        if gate is None:
            return result
        gated = place(states, facts, gate)
        if isinstance(result, tuple) and hasattr(result, "_fields"):
            return type(result)(gated, *result[1:])
        return type(result)([gated, *result[1:]]) if isinstance(result, tuple | list) else gated

    def check(self, op: Op, result: Any, module: Callable[[], str]) -> None:
        """Refuse what cuts a gradient on its way to the gates: detached or under no_grad, and then used with the rest.

        What is only looked at, as for a log, cuts nothing, nor does what a function with a backward of its own does
        inside.
        """
        results = result if isinstance(result, tuple | list) else (result,)
        mine = [one for one in results if isinstance(one, torch.Tensor) and one.is_floating_point()]
        if not self.takes_gradients or not mine:
            return
        if any(has_no_backward(one) for one in mine):
            raise CaptureError(
                f"effect: {op.name} in {module() or 'the model'} has no backward (an int8 layer, for example): the gradient "
                f"would be 0 behind it and the effect wrong; log without effect, or probe a copy in floating point"
            )
        operands = op.operands()
        is_cut = any(self.is_cut(one) for one in operands)
        if is_cut and (self.pending is not None or any(one.requires_grad for one in mine)):
            raise CaptureError(
                f"effect: what {op.name} is given in {module() or 'the model'} was detached or computed under no_grad, so "
                f"that ∂objective/∂gate would not be what the head changes"
            )
        cuts = not torch.is_grad_enabled() or op.name in CUTTING
        if is_cut or (cuts and any(needs_gradient(one) for one in operands)):
            self.cut.update({id(one): weakref.ref(one) for one in mine if not one.requires_grad})

    def is_cut(self, tensor: torch.Tensor) -> bool:
        """Whether a tensor depends on a gate without its gradient."""
        reference = self.cut.get(id(tensor))
        return reference is not None and reference() is tensor and not tensor.requires_grad


def needs_gradient(value: Any) -> bool:
    """Whether a value depends on a gate."""
    return isinstance(value, torch.Tensor) and value.requires_grad


def has_no_backward(value: torch.Tensor) -> bool:
    """Whether a value was made by an operation whose gradient torch takes to be 0, with a warning."""
    return value.grad_fn is not None and value.grad_fn.name().endswith("NotImplemented")


def of_fused(outer: Sequence[int], queries: int) -> Place:
    """Where the heads are in ``[*, query, d]``, the axes before which stand for ``outer``, batch and head."""

    def place(states: torch.Tensor, facts: Facts | None, gate: torch.Tensor) -> torch.Tensor:
        whole = states.reshape(outer[0], outer[1], queries, -1) * gate.to(states.dtype)[:, :, None, None]
        return whole.reshape(states.shape)

    return place


def of_kernel(query: torch.Tensor) -> Place:
    """Where the heads are in ``[batch, query, head, d]``, what transformers' registry asks its kernels for."""
    batch, heads, queries, _ = query.shape

    def place(states: torch.Tensor, facts: Facts | None, gate: torch.Tensor) -> torch.Tensor:
        if states.shape[:2] != (batch, queries) or states.numel() % (batch * queries * heads):
            raise CaptureError(
                f"effect: an attention kernel returned {tuple(states.shape)}, its heads unknown"
            )
        whole = states.reshape(batch, queries, heads, -1) * gate.to(states.dtype)[:, None, :, None]
        return whole.reshape(states.shape)

    return place


def of_axes(name: str, batch: Sequence[Atom], head: Sequence[Atom]) -> Place:
    """Where the heads are in a product whose axes are followed."""

    def place(states: torch.Tensor, facts: Facts | None, gate: torch.Tensor) -> torch.Tensor:
        number = None if facts is None else gate_numbers(facts.axes, states.shape, batch, head, len(gate))
        if number is None:
            raise CaptureError(
                f"effect: heads are mixed, cut or regrouped where {name or 'the model'}'s weights meet the values, so "
                f"that no head has an output of its own"
            )
        return states * gate.to(states.dtype).flatten()[number.to(states.device)]

    return place


def gate_numbers(
    axes: Axes, shape: Sequence[int], batch: Sequence[Atom], head: Sequence[Atom], rows: int
) -> torch.Tensor | None:
    """For each cell of a tensor of this shape ``row * heads + head``, of size 1 along axes without either.

    None: not all of these atoms are in its axes.
    """
    if len(axes) != len(shape):
        return None
    known = [axis if sizes(axis) == size else () for axis, size in zip(axes, shape, strict=True)]
    if any(size not in (1, sizes(axis)) for axis, size in zip(known, shape, strict=True)):
        return None
    atoms = [atom for axis in known for atom in leaves(axis)]
    wanted = [*(leaves(batch) if rows > 1 else ()), *leaves(head)]
    if not set(wanted) <= set(atoms):
        return None
    number = torch.zeros([1] * len(atoms), dtype=torch.long, device="cpu")
    for atom in wanted:
        at = atoms.index(atom)
        number = number * atom.size + torch.arange(atom.size, device="cpu").view(
            [-1 if at == i else 1 for i in range(len(atoms))]
        )
    kept = [set(leaves(axis)) & set(wanted) for axis in known]
    whole = [atom.size if kept[index] else 1 for index, axis in enumerate(known) for atom in leaves(axis)]
    ends = [math.prod(atom.size for atom in leaves(axis)) if kept[i] else 1 for i, axis in enumerate(known)]
    return number.expand(whole).reshape(ends)
