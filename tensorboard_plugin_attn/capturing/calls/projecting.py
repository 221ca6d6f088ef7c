"""An attention call's values and output, and the linears after it → how long each value is behind the projection.

The output projection is the one linear whose input is the heads' outputs side by side, number for number. Where there
is none, or several (as with an adapter beside it), the value's own length is what is known.
"""

from __future__ import annotations

import torch

from tensorboard_plugin_attn.capturing.calls.sighting import Sighting, in_float32
from tensorboard_plugin_attn.capturing.calls.streamed import StreamedMap
from tensorboard_plugin_attn.capturing.tracing.ops import Kind, Op

__all__ = ["Awaited"]


class Awaited:
    """A sighting that waits for its output projection: ``value`` ``[batch, kv_head, key, d]``, ``output`` ``[batch, head, query, d]``."""

    def __init__(self, index: int, sighting: Sighting, value: torch.Tensor, output: torch.Tensor) -> None:
        self.index = index
        self.sighting = sighting
        self.value = value
        self.output = output
        self.weights: list[torch.Tensor] = []

    def see(self, op: Op) -> None:
        """A linear was called."""
        given, weight = linear(op)
        if given is None or weight is None or weight.shape[0] != given.shape[-1]:
            return
        batch, heads, _, width = self.output.shape
        if given.shape[-1] != heads * width or given.numel() != self.output.numel():
            return
        states = given.detach().reshape(-1, heads, width)
        orders = [self.output.permute(0, 2, 1, 3)]
        if batch > 1:
            orders.append(self.output.permute(2, 0, 1, 3))
        if any(is_same(states, each.reshape(-1, heads, width)) for each in orders):
            self.weights.append(weight)

    def finish(self) -> Sighting:
        """The sighting, its value norms behind the projection where that is known."""
        streamed = self.sighting.weights if isinstance(self.sighting.weights, StreamedMap) else None
        if len(self.weights) == 1 and (streamed is not None or self.sighting.value_norm is not None):
            with in_float32(self.value):
                norms = projected(self.value, self.weights[0], self.output.shape[1])
            if streamed is None:
                self.sighting.value_norm = norms
            else:
                streamed.norms = norms.expand(len(streamed), -1, -1)
            self.sighting.value_norm_of = "vWo"
        return self.sighting


def is_same(states: torch.Tensor, output: torch.Tensor) -> bool:
    """Whether two tensors of one shape are equal, number for number; most differ in their first row."""
    if states.dtype != output.dtype or states.device != output.device:
        return False
    if states.data_ptr() == output.data_ptr() and states.stride() == output.stride():
        return True
    return torch.equal(states[0], output[0]) and bool((states == output).all())


def linear(op: Op) -> tuple[torch.Tensor | None, torch.Tensor | None]:
    """Input ``[*, in]`` and weight ``[in, out]`` of a linear, however it was called; None for anything else."""
    weight: object
    if op.kind is Kind.MATMUL:
        given, weight = op.first, op.second
    elif op.name == "addmm":
        given, weight = op.argument(1, "mat1"), op.argument(2, "mat2")
    else:
        given, weight = op.first, op.argument(1, "weight")
        weight = weight.t() if isinstance(weight, torch.Tensor) and weight.dim() == 2 else None
    if not isinstance(given, torch.Tensor) or not isinstance(weight, torch.Tensor) or given.is_nested:
        return None, None
    if weight.dim() != 2 or not weight.is_floating_point() or given.dim() < 2:
        return None, None
    return given, weight.detach()


def projected(value: torch.Tensor, weight: torch.Tensor, heads: int) -> torch.Tensor:
    """``‖v · W_O‖`` float32 ``[batch, head, key]``, through ``W_O W_Oᵀ`` of each head's ``[d, out]``."""
    own = weight.float().reshape(heads, -1, weight.shape[-1])
    squares = own @ own.transpose(1, 2)
    values = value.float()
    if heads != value.shape[1]:
        values = values.repeat_interleave(heads // value.shape[1], 1)
    return (values @ squares).mul_(values).sum(-1).clamp_(min=0).sqrt_()
