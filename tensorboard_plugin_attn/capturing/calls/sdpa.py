"""A call of scaled_dot_product_attention → the weights it applied, computed aside in float32."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch.nn.attention.bias import CausalBias, CausalVariant

from tensorboard_plugin_attn.capturing.calls.checking import check_output, fits, single
from tensorboard_plugin_attn.capturing.calls.masks import causal, causal_parts, split_mask
from tensorboard_plugin_attn.capturing.calls.places import Change, MaskOf, all_places
from tensorboard_plugin_attn.capturing.calls.sighting import Sighting, traces_of
from tensorboard_plugin_attn.capturing.calls.streamed import StreamedCall
from tensorboard_plugin_attn.capturing.tracing.axes import Axes, leaves

__all__ = ["Call", "head_axes", "of_row", "read_call", "sighting_of", "streamed_sighting", "unpacked"]


@dataclass(eq=False)
class Call:
    """The arguments of one call.

    ``mask_of``: places → the mask, in place of ``mask``; ``change``: applied to the scaled scores before the mask, such
    as soft-capping; ``sinks``: one score per head
    that takes part in the softmax and is no key. ``value`` and ``output``: what the kernel was given and returned,
    ``[*, query, d]``, None where they cannot be compared; ``output_has_sinks``: whether the returned states already
    lack the sinks' share. ``padded``: bool ``[batch, query]``, queries that are padding, of which a kernel may
    return anything. ``doubts``: why the weights may be others than these, unless the output agrees with them.
    """

    query: torch.Tensor
    key: torch.Tensor
    mask: torch.Tensor | None = None
    is_causal: bool = False
    scale: float | None = None
    mask_of: MaskOf | None = None
    change: Change | None = None
    sinks: torch.Tensor | None = None
    mechanism: str = "sdpa"
    value: torch.Tensor | None = None
    output: torch.Tensor | None = None
    output_has_sinks: bool = True
    padded: torch.Tensor | None = None
    doubts: tuple[str, ...] = ()


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
    """Bind the arguments as scaled_dot_product_attention does; with dropout its output shows other weights."""
    return Call(
        detached(query),
        detached(key),
        None if attn_mask is None else written_out(attn_mask),
        is_causal,
        scale,
        value=None if dropout_p > 0 else detached(value),
    )


def detached(tensor: torch.Tensor) -> torch.Tensor:
    """A tensor without its gradients, itself where it has none."""
    return tensor.detach() if tensor.requires_grad else tensor


def written_out(mask: torch.Tensor) -> torch.Tensor:
    """A mask as numbers; torch's ``CausalBias`` has none before it is used."""
    if not isinstance(mask, CausalBias):
        return mask.detach()
    queries, keys = mask.seq_len_q, mask.seq_len_kv
    below = keys - queries if mask.variant is CausalVariant.LOWER_RIGHT else 0
    return torch.ones(queries, keys, dtype=torch.bool, device=mask.device).tril(below)


def unpacked(call: Call, axes: Axes | None) -> Call:
    """A call whose query axis holds the heads of one group, ``[batch, kv_head, group, d]``, as one of one query.

    Decoding with grouped keys is written so: the axis before the last came out of the heads, not out of tokens.
    """
    if axes is None or len(axes) != 4:
        return call
    packed, heads = leaves(axes[-2]), {whole for atom in leaves(axes[-3]) for whole in atom.wholes()}
    if not packed or not all(heads & set(atom.wholes()) and atom.is_feature for atom in packed):
        return call
    batch, groups, queries, width = call.query.shape
    mask = call.mask
    if call.mask_of is not None:
        mask = call.mask_of(all_places((*call.query.shape[:3], call.key.shape[-2]), call.query.device))
    if mask is not None and mask.dim() > 1 and mask.shape[-2] == queries:
        mask = mask.expand(-1, groups, -1, -1).reshape(mask.shape[0], groups * queries, 1, mask.shape[-1])
    output = None if call.output is None else call.output.reshape(batch, groups * queries, 1, -1)
    return replace(
        call,
        query=call.query.reshape(batch, groups * queries, 1, width),
        mask=mask,
        mask_of=None,
        output=output,
    )


def of_row(call: Call, row: int, batch: int | None) -> Call:
    """The call of one input of the batch; all of it where the first axis is not the batch."""
    if (
        batch is None
        or batch < 2
        or call.query.dim() < 4
        or {call.query.shape[0], call.key.shape[0]} != {batch}
    ):
        return call
    mask, one = call.mask, slice(row, row + 1)
    if mask is not None and mask.dim() == call.query.dim() and mask.shape[0] == batch:
        mask = mask[one]
    return replace(
        call,
        query=call.query[one],
        key=call.key[one],
        mask=mask,
        value=None if call.value is None else call.value[one],
        output=None if call.output is None else call.output[one],
    )


def head_axes(
    query: torch.Tensor,
    axes: Axes | None,
    heads_of: Callable[[], int | None],
    batch: int | None,
    *,
    is_windowed: bool = False,
) -> list[int]:
    """Sizes ``[batch, head]`` that the axes before query and feature stand for; 3-D inputs hold both in one.

    ``is_windowed``: there may be windows of an image in that axis too.
    """
    outer = list(query.shape[:-2])
    if not outer:
        return [1, 1]
    if len(outer) == 1:
        if axes is not None and any(atom.is_feature for atom in axes[0]):
            found = math.prod(atom.size for atom in leaves(axes[0]) if atom.is_feature)
            return [outer[0] // found, found]
        heads = heads_of()
        if heads and outer[0] % heads == 0 and (batch is None or outer[0] != batch):
            return [outer[0] // heads, heads]
        if heads != 1 and batch and outer[0] % batch == 0 and not is_windowed:
            return [batch, outer[0] // batch]
        return [outer[0], 1]
    return [math.prod(outer[:-1]), outer[-1]]


def sighting_of(call: Call, outer: list[int], *, with_vectors: bool, traced: bool = True) -> Sighting:
    """softmax(q · kᵀ · scale + mask) in float32, the mask aligned to upper left as sdpa does; ``traced``: with traces."""
    queries, width = call.query.shape[-2:]
    keys = call.key.shape[-2]
    query = shaped(call.query, (*outer, queries, width))
    key = shaped(call.key, (outer[0], -1, keys, width))
    scale = 1 / math.sqrt(width) if call.scale is None else float(call.scale)
    is_causal = call.is_causal and call.mask is None and call.mask_of is None and call.change is None
    bias, mask = None, None
    allowed: torch.Tensor | None
    added: torch.Tensor | None
    if is_causal and keys:
        allowed, added = causal_parts(queries, keys, query.device)
        mask = "causal" if queries == keys > 1 else None
    else:
        allowed, bias = split_mask(whole_mask(call, outer))
        if call.change is not None:
            scores = scores_of(query, key, scale, None)
            changed = call.change(scores, all_places(scores.shape, scores.device))
            bias = changed - scores if bias is None else changed - scores + bias
        added = hidden(allowed, bias)
        mask = "full" if allowed is None else None
    scores = scores_of(query, key, scale, added)
    row_scores = scores.amax(-1) if keys else None
    weights, sink = weights_of(scores, None if is_causal else allowed, call.sinks)
    has_output = call.value is not None and call.output is not None
    sighting = Sighting(
        weights,
        mechanism=call.mechanism,
        dtype=str(query.dtype).removeprefix("torch."),
        scale=scale,
        query=query if with_vectors else None,
        key=key if with_vectors else None,
        bias=bias if with_vectors else None,
        allowed=allowed,
        row_scores=row_scores,
        traces=traces_of(key) if traced else key[:, 0, :, :0],
        mask=mask,
        value=value_of(call, outer[0]) if has_output else None,
        output=None if call.output is None or not has_output else shaped(call.output, (*outer, queries, -1)),
        sink=sink,
        is_whole=call.sinks is None,
    )
    check_output(sighting, output_has_sink=call.output_has_sinks, padded=call.padded)
    return sighting


def streamed_sighting(call: Call, outer: list[int], *, with_vectors: bool) -> Sighting:
    """As ``sighting_of``, of a call that ``can_stream``: nothing of its map is computed yet."""
    queries, width = call.query.shape[-2:]
    query = call.query.reshape(*outer, queries, width)
    key = call.key.reshape(outer[0], -1, call.key.shape[-2], width)
    scale = 1 / math.sqrt(width) if call.scale is None else float(call.scale)
    has_output = call.value is not None and call.output is not None
    value = value_of(call, outer[0]) if has_output else None
    output = call.output.reshape(*outer, queries, -1) if has_output and call.output is not None else None
    streamed = StreamedCall(
        query=query,
        key=key,
        scale=scale,
        mask=None if call.mask is None else whole_mask(call, outer),
        mask_of=call.mask_of,
        change=call.change,
        sinks=call.sinks,
        is_causal=call.is_causal,
        padded=call.padded,
        output_has_sink=call.output_has_sinks,
        keeps_vectors=with_vectors,
        make_whole=lambda seen: sighting_of(held(call, seen), outer, with_vectors=with_vectors),
    )
    if value is not None and output is not None and fits(streamed, value, output):
        streamed.value, streamed.output = value, output
    return Sighting(
        streamed,
        mechanism=call.mechanism,
        dtype=str(query.dtype).removeprefix("torch."),
        scale=scale,
    )


def held(call: Call, streamed: StreamedCall) -> Call:
    """The call with what stands for its arguments since it was seen."""
    seen = replace(call, query=streamed.query, key=streamed.key, mask=streamed.mask)
    if streamed.value is None:
        return seen
    return replace(seen, value=streamed.value, output=streamed.output)


def value_of(call: Call, batch: int) -> torch.Tensor | None:
    """``[batch, kv_head, key, d]``."""
    return None if call.value is None else shaped(call.value, (batch, -1, *call.value.shape[-2:]))


def shaped(tensor: torch.Tensor, shape: tuple[int, ...]) -> torch.Tensor:
    """A tensor of a shape with at most one −1, itself where it has that."""
    own = tensor.shape
    is_so = len(own) == len(shape) and all(
        size in (given, -1) for given, size in zip(own, shape, strict=True)
    )
    return tensor if is_so else tensor.reshape(shape)


def whole_mask(call: Call, outer: list[int]) -> torch.Tensor | None:
    """The mask as 4-D, from ``attn_mask``, places or ``is_causal``."""
    if call.mask_of is not None:
        shape = (*outer, call.query.shape[-2], call.key.shape[-2])
        return call.mask_of(all_places(shape, call.query.device))
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


def hidden(allowed: torch.Tensor | None, bias: torch.Tensor | None) -> torch.Tensor | None:
    """What is added to the scores: the bias, and −inf where a key may not be seen."""
    if allowed is None:
        return bias
    base = allowed.new_zeros((), dtype=torch.float32) if bias is None else bias
    return torch.where(allowed, base, -torch.inf)


def scores_of(
    query: torch.Tensor, key: torch.Tensor, scale: float, added: torch.Tensor | None
) -> torch.Tensor:
    """float32 ``q · kᵀ · scale + added``, keys repeated for their group of heads."""
    query, key = single(query), single(key)
    groups = query.shape[1] // key.shape[1]
    key = key.repeat_interleave(groups, dim=1) if groups > 1 else key
    shape = (*query.shape[:-1], key.shape[-2])
    query, key = query.flatten(0, 1), key.flatten(0, 1).mT
    if added is None:  # beta=0: what the fresh memory holds is not read
        fresh = query.new_empty((len(query), *shape[2:]))
        return fresh.baddbmm_(query, key, beta=0.0, alpha=scale).view(shape)
    return torch.baddbmm(added.to(query.dtype).expand(shape).flatten(0, 1), query, key, alpha=scale).view(
        shape
    )


def weights_of(
    scores: torch.Tensor, allowed: torch.Tensor | None, sinks: torch.Tensor | None
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """float32 ``[batch, head, query, key]``, in the memory of the scores, and the sinks' share ``[batch, head, query]``.

    A query that sees nothing has weights of 0.
    """
    if sinks is not None:
        column = sinks.float().reshape(1, -1, 1, 1).expand(*scores.shape[:-1], 1)
        whole = torch.cat([scores, column], dim=-1).softmax(-1)
        return whole[..., :-1], whole[..., -1]
    in_place = scores if scores.device.type == "cpu" else None  # fresh memory costs more than the softmax
    weights = torch.softmax(scores, -1, out=in_place)
    sees_nothing = allowed is not None and not bool(allowed.any(-1).all())
    return weights.nan_to_num_(0.0) if sees_nothing else weights, None
