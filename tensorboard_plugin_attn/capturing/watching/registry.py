"""An opaque kernel of transformers' attention registry → its weights, from the arguments it is called with.

Kernels that call sdpa or a softmax inside are seen by the function mode; what it saw is not recorded again.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import torch

from tensorboard_plugin_attn.capturing.calls.masks import causal
from tensorboard_plugin_attn.capturing.calls.sdpa import Call
from tensorboard_plugin_attn.capturing.watching.process_wide import rerouted

__all__ = ["watched_registry"]

SEEN_ANYWAY = ("sdpa", "eager")


def watched_registry(run: Callable[..., Any]) -> AbstractContextManager[None]:
    """Every kernel that this thread calls goes through ``run(kernel, module, query, key, value, mask, **options)``."""
    return rerouted(run, passed=SEEN_ANYWAY)


def read_kernel_call(
    module: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    attention_mask: Any,
    *,
    scaling: float | None = None,
    sliding_window: int | None = None,
    softcap: float | None = None,
    is_causal: bool | None = None,
    s_aux: torch.Tensor | None = None,
    **_: Any,
) -> Call:
    """Bind what transformers hands to every kernel; tensors are ``[batch, head, token, d]``."""
    queries, keys = query.shape[-2], key.shape[-2]
    looks_back = getattr(module, "is_causal", True) if is_causal is None else is_causal
    mask = attention_mask.detach() if isinstance(attention_mask, torch.Tensor) else None
    if mask is None or mask.dim() == 2:
        mask = implied_mask(mask, queries, keys, bool(looks_back), sliding_window, query.device)
    else:
        mask = mask[..., :keys]

    def change(scores: torch.Tensor, cap: float = softcap or 1.0) -> torch.Tensor:
        return torch.tanh(scores / cap) * cap

    return Call(
        query.detach(),
        key.detach(),
        mask,
        scale=scaling,
        change=None if softcap is None else change,
        sinks=None if s_aux is None else s_aux.detach(),
        mechanism="registry",
    )


def implied_mask(
    padding: torch.Tensor | None,
    queries: int,
    keys: int,
    looks_back: bool,
    window: int | None,
    device: torch.device,
) -> torch.Tensor | None:
    """bool ``[batch or 1, 1, query, key]`` that flash kernels apply without being given it."""
    mask = None
    if looks_back and queries > 1:
        mask = causal(queries, keys, device, keys - queries)[None, None]
    if window is not None and looks_back:
        near = ~causal(queries, keys, device, keys - queries - window)[None, None]
        mask = near if mask is None else mask & near
    if padding is not None:
        seen = padding[:, None, None, -keys:].bool()
        mask = seen if mask is None else mask & seen
    return mask
