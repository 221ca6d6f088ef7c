"""An opaque kernel of transformers' attention registry → its weights, from the arguments it is called with.

Kernels that call sdpa or a softmax inside are seen by the function mode; what it saw is not recorded again.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import torch

from tensorboard_plugin_attn.capturing.calls.packing import positions_from_end, starts_anew, visible
from tensorboard_plugin_attn.capturing.calls.places import Change
from tensorboard_plugin_attn.capturing.calls.sdpa import Call
from tensorboard_plugin_attn.capturing.watching.process_wide import rerouted

__all__ = ["read_kernel_call", "watched_registry"]

SEEN_ANYWAY = ("sdpa", "eager")
HARMLESS = frozenset(
    (
        "cache_position",
        "deterministic",
        "implementation",
        "labels",
        "layer_idx",
        "logits_to_keep",
        "max_length_k",
        "max_length_q",
        "num_items_in_batch",
        "output_attentions",
        "output_hidden_states",
        "output_router_logits",
        "return_dict",
        "target_dtype",
        "training",
        "use_cache",
    )
)
"""Arguments that change nothing in the weights: what a model is asked to return, and how the kernel works."""


def watched_registry(run: Callable[..., Any]) -> AbstractContextManager[None]:
    """Every kernel that this thread calls goes through ``run(kernel, module, query, key, value, mask, **options)``."""
    return rerouted(run, passed=SEEN_ANYWAY)


def read_kernel_call(
    module: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    value: Any = None,
    attention_mask: Any = None,
    *,
    result: Any = None,
    scaling: float | None = None,
    dropout: float = 0.0,
    softcap: float | None = None,
    s_aux: torch.Tensor | None = None,
    position_bias: torch.Tensor | None = None,
    **options: Any,
) -> Call:
    """Bind what transformers hands to every kernel; tensors are ``[batch, head, token, d]``.

    ``result``: what the kernel returned, its states ``[batch, token, head, d]`` first.
    """
    mask, doubts = kernel_mask(module, query, key, attention_mask, options)
    padded = None
    if isinstance(attention_mask, torch.Tensor) and attention_mask.dim() == 2:
        padded = ~attention_mask[:, -query.shape[-2] :].bool()
        padded = padded if padded.shape == (query.shape[0], query.shape[-2]) else None
    has_value = isinstance(value, torch.Tensor) and not dropout
    return Call(
        query.detach(),
        key.detach(),
        mask if position_bias is None else with_bias(mask, position_bias.detach()),
        scale=scaling,
        change=capped(softcap),
        sinks=None if s_aux is None else s_aux.detach(),
        mechanism="registry",
        value=value.detach() if has_value else None,
        output=states_of(result, query, value) if has_value else None,
        padded=padded,
        doubts=doubts,
    )


def capped(softcap: float | None) -> Change | None:
    """``tanh(scores / cap) · cap``; None without a cap, which kernels write as 0 too."""
    cap = softcap or None
    return None if cap is None else lambda scores, _: torch.tanh(scores / cap) * cap


def with_bias(mask: torch.Tensor | None, bias: torch.Tensor) -> torch.Tensor:
    """A mask and what is added to the scores, as one that is added."""
    if mask is None:
        return bias
    hidden = torch.where(mask, 0.0, -torch.inf) if mask.dtype == torch.bool else mask.float()
    return bias.float() + hidden


def states_of(result: Any, query: torch.Tensor, value: torch.Tensor) -> torch.Tensor | None:
    """What a kernel returned as ``[batch, head, query, d]``; None where its layout is not the usual one."""
    states = result[0] if isinstance(result, tuple | list) and len(result) else result
    batch, heads, queries, _ = query.shape
    if not isinstance(states, torch.Tensor) or states.numel() != batch * queries * heads * value.shape[-1]:
        return None
    if states.shape[:2] != (batch, queries):
        return None
    return states.detach().reshape(batch, queries, heads, value.shape[-1]).transpose(1, 2)


def kernel_mask(
    module: Any, query: torch.Tensor, key: torch.Tensor, given: Any, options: dict[str, Any]
) -> tuple[torch.Tensor | None, tuple[str, ...]]:
    """The mask that a kernel applies, and what was given that may change it and is not known to us."""
    batch, queries, keys = query.shape[0], query.shape[-2], key.shape[-2]
    causal, window = options.pop("is_causal", None), options.pop("sliding_window", None)
    ends = options.pop("cu_seq_lens_q", None), options.pop("cu_seq_lens_k", None)
    positions = options.pop("position_ids", None)
    doubts = [
        name
        for name, option in options.items()
        if name not in HARMLESS and option is not None and option is not False
    ]
    mask: torch.Tensor | None
    if isinstance(given, torch.Tensor) and given.dim() > 2:
        whole, fits = written_out(given.detach(), queries, keys)
        return whole, (*doubts, *(() if fits else (f"an attention_mask of {tuple(given.shape)}",)))
    padding = None
    if isinstance(given, torch.Tensor) and given.shape[0] == batch and given.shape[-1] >= keys:
        padding = given.detach()[:, -keys:].bool()
    elif given is not None:
        what = tuple(given.shape) if isinstance(given, torch.Tensor) else type(given).__name__
        doubts.append(f"an attention_mask of {what}")
    if padding is not None:  # as flash kernels do: a padding mask parts inputs, so that nothing else does
        ends, positions = (None, None), None
    if all(one is None for one in ends) and starts_anew(positions, batch, queries, keys):
        starts = (positions[0] == 0).nonzero()[:, 0]
        ends = (torch.cat([starts, starts.new_tensor([keys])]),) * 2
    sides = positions_from_end(ends, batch, queries, keys, query.device)
    looks_back = getattr(module, "is_causal", True) if causal is None else causal
    mask = visible(*sides, causal=bool(looks_back), window=window)
    if padding is not None:
        seen = padding[:, None, None].to(query.device)
        mask = seen if mask is None else mask & seen
    return mask, tuple(doubts)


def written_out(mask: torch.Tensor, queries: int, keys: int) -> tuple[torch.Tensor, bool]:
    """A mask ``[batch, head, query, key]`` and whether it is of these lengths; longer ones are cut as models do."""
    mask = mask[:, None] if mask.dim() == 3 else mask
    fits = mask.shape[-2] in (1, queries) and mask.shape[-1] in (1, keys)
    return mask[..., :keys], fits
