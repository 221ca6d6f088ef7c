"""A fused call on nested tensors, one length per input → the same call on padded ones, under a mask."""

from __future__ import annotations

from dataclasses import replace

import torch

from tensorboard_plugin_attn.capturing.calls.masks import causal
from tensorboard_plugin_attn.capturing.calls.sdpa import Call

__all__ = ["padded"]


def padded(call: Call) -> Call:
    """Inputs of ``[head, token, d]`` each, put into one tensor; positions beyond an input's end see nothing."""
    queries, keys = list(call.query.unbind()), list(call.key.unbind())
    query, key = together(queries), together(keys)
    mask = inside(queries, query.shape[-2])[:, :, None] & inside(keys, key.shape[-2])[:, None]
    if call.is_causal:
        mask = mask & causal(query.shape[-2], key.shape[-2]).to(mask.device)
    return replace(
        call,
        query=query,
        key=key,
        mask=mask[:, None].to(query.device),
        is_causal=False,
        value=None if call.value is None else together(list(call.value.unbind())),
        output=None if call.output is None else together(list(call.output.unbind())),
    )


def together(parts: list[torch.Tensor]) -> torch.Tensor:
    """``[batch, head, longest, d]``, zeros beyond each end."""
    longest = max(part.shape[-2] for part in parts)
    return torch.stack([torch.nn.functional.pad(part, (0, 0, 0, longest - part.shape[-2])) for part in parts])


def inside(parts: list[torch.Tensor], longest: int) -> torch.Tensor:
    """bool ``[batch, position]``: before the input's end."""
    lengths = torch.tensor([part.shape[-2] for part in parts], device="cpu")
    return torch.arange(longest, device="cpu") < lengths[:, None]
