"""An attention call's values and output, and the linears after it → how long each value is behind the projection.

The output projection is the one linear whose input is the heads' outputs side by side, number for number. Where there
is none, or several (as with an adapter beside it), the value's own length is what is known.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from tensorboard_plugin_attn.capturing.calls.checking import single
from tensorboard_plugin_attn.capturing.calls.sighting import MODELS_OWN, Sighting, in_float32
from tensorboard_plugin_attn.capturing.calls.streamed import StreamedMap
from tensorboard_plugin_attn.capturing.tracing.axes import Atom, leaves
from tensorboard_plugin_attn.capturing.tracing.facts import Facts
from tensorboard_plugin_attn.capturing.tracing.ops import Kind, Op

__all__ = ["Awaited"]


class Awaited:
    """A sighting that waits for its output projection: ``value`` ``[batch, kv_head, key, d]``, ``output`` ``[batch, head, query, d]``."""

    def __init__(self, index: int, sighting: Sighting, value: torch.Tensor, output: torch.Tensor) -> None:
        self.index = index
        self.sighting = sighting
        self.value = value
        self.output = output
        self.found = 0
        self.norms: torch.Tensor | None = None
        self.size = output.numel()
        self.features = output.shape[1] * output.shape[3]
        self.other: tuple[torch.Tensor, int] | None = None
        self.axis: list[Atom] = []

    def may_be(self, given: Any, facts_of: Callable[[Any], Facts | None]) -> bool:
        """Whether a linear's input may be the heads' outputs: it is of their size, and not known to be another tensor."""
        if not isinstance(given, torch.Tensor) or given.numel() != self.size:
            return not isinstance(given, torch.Tensor)
        return not self.found or not self.is_of_others(facts_of(given))

    def see(self, op: Op, facts_of: Callable[[Any], Facts | None] = lambda tensor: None) -> None:
        """A linear was called; ``facts_of``: what is known of a tensor."""
        given = op.argument(1, "mat1") if op.name == "addmm" else op.first
        if not isinstance(given, torch.Tensor) or given.is_nested or given.dim() < 2:
            return
        if given.shape[-1] != self.features or given.numel() != self.size or self.is_known(given):
            return
        facts = facts_of(given)
        if self.is_of_others(facts):
            return
        if not self.is_output(given):
            self.other = None if given.is_inference() else (given, given._version)
            return
        weight = weight_of(op)
        if weight is not None and weight.shape[0] == self.features:
            self.found += 1
            self.axis = [] if facts is None else leaves(facts.axes[-1])
            if self.found == 1:  # at once: the model may overwrite its values
                self.norms = self.behind(weight)

    def behind(self, weight: torch.Tensor) -> torch.Tensor | None:
        """The lengths behind a projection; None where they are not asked for."""
        is_asked = isinstance(self.sighting.weights, StreamedMap) or self.sighting.value_norm is not None
        with in_float32(self.value):
            return projected(self.value, weight, self.output.shape[1]) if is_asked else None

    def is_of_others(self, facts: Facts | None) -> bool:
        """Whether, once a projection was found, features are known to be others than those it was of; a copy's are the same."""
        return bool(self.axis) and facts is not None and leaves(facts.axes[-1]) != self.axis

    def is_known(self, given: torch.Tensor) -> bool:
        """Whether this is what was last found to be something else, as the states that query, key and value come from."""
        return self.other is not None and self.other[0] is given and self.other[1] == given._version

    def is_output(self, given: torch.Tensor) -> bool:
        """Whether the input of a linear, of the output's size, is the heads' outputs side by side."""
        output = self.output
        if given.device != output.device:
            return False
        if given.dtype != output.dtype:  # as an adapter in float32 beside a projection in bfloat16 reads it
            if not given.is_floating_point():
                return False
            output = output.to(given.dtype)
        batch, heads, queries, width = output.shape
        # Most differ in their first row; the same memory need not be looked at.
        if given.data_ptr() == output.data_ptr():
            beside = (queries * self.features, width, self.features, 1)
            if output.stride() == beside and given.is_contiguous():
                return True
        elif not torch.equal(given[(0,) * (given.dim() - 1)], output[0, :, 0].reshape(-1)):
            return False
        states = given.detach().reshape(-1, heads, width)
        orders = [(0, 2, 1, 3), (2, 0, 1, 3)][: 1 if batch == 1 else 2]
        return any(is_same(states, output.permute(order).reshape(-1, heads, width)) for order in orders)

    def secure(self, written: Any) -> None:
        """Copy what the model is about to write into, as keys in memory that every layer uses again."""
        memory = memory_of(written)
        if not memory:
            return
        for owner, names in ((self.sighting, MODELS_OWN), (self, ("value", "output"))):
            for name in names:
                tensor = getattr(owner, name)
                if memory_of(tensor) == memory:
                    setattr(owner, name, tensor.clone())

    def finish(self) -> Sighting:
        """The sighting, its value norms behind the projection where that is known."""
        streamed = self.sighting.weights if isinstance(self.sighting.weights, StreamedMap) else None
        if self.found == 1 and self.norms is not None:
            if streamed is None:
                self.sighting.value_norm = self.norms
            else:
                streamed.norms = self.norms.expand(len(streamed), -1, -1)
            self.sighting.value_norm_of = "vWo"
        return self.sighting


def memory_of(tensor: Any) -> int:
    """Where a tensor's numbers are; 0 where it has none, or nobody can tell."""
    try:
        return int(tensor.untyped_storage().data_ptr()) if isinstance(tensor, torch.Tensor) else 0
    except Exception:  # noqa: BLE001 - the model's own call comes next and must not stop
        return 0


def is_same(states: torch.Tensor, output: torch.Tensor) -> bool:
    """Whether two tensors of one shape are equal, number for number."""
    if states.data_ptr() == output.data_ptr() and states.stride() == output.stride():
        return True
    return torch.equal(states, output)


def weight_of(op: Op) -> torch.Tensor | None:
    """Weight ``[in, out]`` of a linear, however it was called; None where it is none."""
    is_linear = op.kind is not Kind.MATMUL and op.name != "addmm"
    weight = (
        op.second
        if op.kind is Kind.MATMUL
        else op.argument(1, "weight")
        if is_linear
        else op.argument(2, "mat2")
    )
    if not isinstance(weight, torch.Tensor) or weight.dim() != 2 or not weight.is_floating_point():
        return None
    weight = weight.detach() if weight.requires_grad else weight
    return weight.t() if is_linear else weight


def projected(value: torch.Tensor, weight: torch.Tensor, heads: int) -> torch.Tensor:
    """``‖v · W_O‖`` float32 ``[batch, head, key]``, through ``W_O W_Oᵀ`` of each head's ``[d, out]``."""
    own = single(weight).reshape(heads, -1, weight.shape[-1])
    squares = torch.bmm(own, own.mT)
    values = single(value)
    if heads != value.shape[1]:
        values = values.repeat_interleave(heads // value.shape[1], 1)
    moved = (
        torch.stack([torch.bmm(one, squares) for one in values])
        if len(values) > 1
        else torch.bmm(values[0], squares)[None]
    )
    return moved.mul_(values).sum(-1).clamp_(min=0).sqrt_()
