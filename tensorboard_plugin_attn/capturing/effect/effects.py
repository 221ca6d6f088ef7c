"""A model, one input and an objective → each layer's numbers per head, to be logged beside its attention."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from tensorboard_plugin_attn.capturing.calls.gating import GatedCall
from tensorboard_plugin_attn.capturing.effect.ablation import exact
from tensorboard_plugin_attn.capturing.effect.gate import first_order
from tensorboard_plugin_attn.capturing.effect.objective import Objective, check_objective, name_of
from tensorboard_plugin_attn.capturing.probing.sharded import needs_every_rank
from tensorboard_plugin_attn.capturing.watching.names import unwrap
from tensorboard_plugin_attn.errors import CaptureError
from tensorboard_plugin_attn.record.layer import LayerAttention

__all__ = ["Effects", "head_effects"]


@dataclass(frozen=True)
class Effects:
    """What the heads do: ``objective``, all heads there, of this ``name``; ``by_call``: each call's ``[head, metric]``.

    ``names``: the metrics, ``effect`` (∂objective/∂gate) and ``ablation`` (objective(1) − objective(0)).
    """

    objective: float
    names: tuple[str, ...]
    by_call: dict[GatedCall, NDArray[np.float32]]
    name: str = "loss"

    def of(self, number: int, layer: LayerAttention) -> NDArray[np.float32]:
        """``[head, metric]`` of one layer, the model's call of that number; NaN where it had no gates."""
        named = [call for call in self.by_call if call.name == layer.name]
        call = named[0] if len(named) == 1 else next((each for each in named if each.number == number), None)
        heads = range(layer.num_heads) if layer.heads is None else layer.heads
        values = None if call is None else self.by_call[call]
        if (
            values is None
            or len(values) <= max(heads)
            or (layer.heads is None and len(values) != layer.num_heads)
        ):
            return np.full((layer.num_heads, len(self.names)), np.nan, np.float32)
        chosen: NDArray[np.float32] = values[list(heads)]
        return chosen


def head_effects(
    model: nn.Module, inputs: Any, objective: Objective, *, ablate: bool = False, row: int = 0
) -> Effects:
    """The effect of every head on an objective, ``with the head − without``: of a loss, below 0 means it helps.

    Args:
        model: any module, in any training or compiled state; it is left as it was.
        inputs: a mapping of keyword arguments, a tuple of positional ones, or one tensor.
        objective: ``"loss"``, or a function of the model's outputs to a tensor of one number.
        ablate: also run the model without each head.
        row: which input of the batch the heads are gated in.

    Raises:
        CaptureError: there is no such number, no gradient can pass, or the model's parameters are spread over ranks.
    """
    check_objective(objective)
    if needs_every_rank(model):
        raise CaptureError(
            "effect: the parameters of this model are spread over several ranks (FSDP, tensor parallelism, ZeRO-3), "
            "whose gradients are gathered by hooks; log without effect, or in a run on one device"
        )
    inner = unwrap(model)
    value, gradients = first_order(inner, inputs, objective, row)
    columns = [gradients]
    if ablate:
        columns.append(exact(inner, inputs, objective, list(gradients), row))
    by_call = {
        call: np.stack([column[call].float().cpu().numpy() for column in columns], axis=1)
        for call in gradients
    }
    return Effects(value, ("effect", "ablation")[: len(columns)], by_call, name_of(objective))
