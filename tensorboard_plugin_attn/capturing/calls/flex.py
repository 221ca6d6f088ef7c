"""A call of flex_attention → the same attention with its score and mask functions written out as tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from tensorboard_plugin_attn.capturing.calls.places import Places
from tensorboard_plugin_attn.capturing.calls.sdpa import Call

__all__ = ["read_flex_call"]


def read_flex_call(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    score_mod: Callable[..., torch.Tensor],
    block_mask: tuple[Any, ...],
    scale: float,
    kernel_options: Any = None,
    score_mod_other_buffers: tuple[Any, ...] = (),
    mask_mod_other_buffers: tuple[Any, ...] = (),
    **_: Any,
) -> Call:
    """Bind the arguments of torch's flex_attention operator; the mask function is the block mask's last entry."""
    mask_function = over_grid(block_mask[-1], takes_score=False)

    def mask_of(places: Places) -> torch.Tensor:
        mask = torch.as_tensor(mask_function(*places.grid, *mask_mod_other_buffers), device=query.device)
        return mask.expand(*map(len, places.grid))

    def change(scores: torch.Tensor, places: Places) -> torch.Tensor:
        return over_grid(score_mod, takes_score=True)(scores, *places.grid, *score_mod_other_buffers)

    return Call(
        query.detach(),
        key.detach(),
        mask_of=mask_of,
        scale=scale,
        change=change,
        mechanism="flex_attention",
        value=value.detach(),
        output_has_sinks=False,
    )


def over_grid(function: Callable[..., torch.Tensor], *, takes_score: bool) -> Callable[..., torch.Tensor]:
    """A function of one score and its four indices → one of whole tensors; buffers behind them are passed on."""

    def spread(*arguments: Any) -> torch.Tensor:
        buffers = len(arguments) - 4 - takes_score
        result: Callable[..., torch.Tensor] = function
        for index in (3, 2, 1, 0):
            places: list[int | None] = [0] if takes_score else []
            places += [0 if index == place else None for place in range(4)] + [None] * buffers
            result = torch.vmap(result, in_dims=tuple(places))
        return result(*arguments)

    return spread
