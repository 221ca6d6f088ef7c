"""A call of scaled_dot_product_attention → the weights it applied, computed aside in float32."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch

from tensorboard_plugin_attn.capturing.axes import Axes, leaves
from tensorboard_plugin_attn.capturing.masks import causal, split_mask
from tensorboard_plugin_attn.capturing.sighting import Sighting

__all__ = ["Call", "head_axes", "read_call", "sighting_of"]


@dataclass(eq=False)
class Call:
    """The arguments of one call."""

    query: torch.Tensor
    key: torch.Tensor
    mask: torch.Tensor | None = None
    is_causal: bool = False
    scale: float | None = None


def read_call(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attn_mask: torch.Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
    **_: Any,
) -> Call:
    """Bind the arguments as scaled_dot_product_attention does."""
    return Call(
        query.detach(), key.detach(), None if attn_mask is None else attn_mask.detach(), is_causal, scale
    )


def head_axes(query: torch.Tensor, axes: Axes | None, heads: int | None, batch: int | None) -> list[int]:
    """Sizes ``[batch, head]`` that the axes before query and feature stand for; 3-D inputs hold both in one."""
    outer = list(query.shape[:-2])
    if not outer:
        return [1, 1]
    if len(outer) == 1:
        if axes is not None and any(atom.is_feature for atom in axes[0]):
            found = math.prod(atom.size for atom in leaves(axes[0]) if atom.is_feature)
            return [outer[0] // found, found]
        if heads and outer[0] % heads == 0 and (batch is None or outer[0] != batch):
            return [outer[0] // heads, heads]
        return [outer[0], 1]
    return [math.prod(outer[:-1]), outer[-1]]


def sighting_of(call: Call, outer: list[int], *, with_vectors: bool) -> Sighting:
    """softmax(q · kᵀ · scale + mask) in float32, the mask aligned to upper left as sdpa does."""
    queries, width = call.query.shape[-2:]
    keys = call.key.shape[-2]
    query = call.query.reshape(*outer, queries, width)
    key = call.key.reshape(outer[0], -1, keys, width)
    scale = 1 / math.sqrt(width) if call.scale is None else float(call.scale)
    allowed, bias = split_mask(whole_mask(call, outer))
    weights = weights_of(query, key, scale, allowed, bias)
    return Sighting(
        weights,
        mechanism="sdpa",
        dtype=str(query.dtype).removeprefix("torch."),
        scale=scale,
        query=query if with_vectors else None,
        key=key if with_vectors else None,
        bias=bias if with_vectors else None,
        allowed=allowed,
    )


def whole_mask(call: Call, outer: list[int]) -> torch.Tensor | None:
    """The mask as 4-D, from ``attn_mask`` or ``is_causal``."""
    if call.mask is None:
        if not call.is_causal:
            return None
        return causal(call.query.shape[-2], call.key.shape[-2], call.query.device)[None, None]
    mask = call.mask
    lead = mask.shape[:-2]
    if len(call.query.shape) == 3 and len(lead) == 1:
        return mask.reshape(*((1, 1) if lead[0] == 1 else outer), *mask.shape[-2:])
    if len(lead) > 2:
        lead = call.query.shape[:-2]
        return mask.expand(*lead, *mask.shape[-2:]).reshape(*outer, *mask.shape[-2:])
    return mask.reshape((1,) * (4 - mask.dim()) + tuple(mask.shape))


def weights_of(
    query: torch.Tensor,
    key: torch.Tensor,
    scale: float,
    allowed: torch.Tensor | None,
    bias: torch.Tensor | None,
) -> torch.Tensor:
    """float32 ``[batch, head, query, key]``; a query that sees nothing has weights of 0."""
    query, key = query.float(), key.float()
    groups = query.shape[1] // key.shape[1]
    key = key.repeat_interleave(groups, dim=1) if groups > 1 else key
    scores = (query @ key.transpose(-1, -2)).mul_(scale)
    if bias is not None:
        scores += bias
    if allowed is None:
        return scores.softmax(-1)
    scores.masked_fill_(~allowed, -torch.inf)
    return scores.softmax(-1).nan_to_num_(0.0)
