"""An attention mask, or masked scores → which keys a query may see, what is added to its scores, and the mask's kind."""

from __future__ import annotations

import functools

import torch

__all__ = ["HIDDEN", "causal", "causal_parts", "kind_of", "seen_in_scores", "split_mask"]

HIDDEN = -1e30  # of a key that a mask hides; finite, so that 0 · score is 0
HIDDEN_BELOW = -5000.0
"""Scores at or below this are masked: models hide keys with −10000, −65504, the dtype's lowest number or −inf."""


@functools.lru_cache(maxsize=8)
def causal(queries: int, keys: int, device: torch.device | str = "cpu", offset: int = 0) -> torch.Tensor:
    """bool ``[query, key]``: key ≤ query + offset; the same tensor every time, not to be written to."""
    return torch.ones(queries, keys, dtype=torch.bool, device=device).tril(offset)


@functools.lru_cache(maxsize=8)
def causal_parts(queries: int, keys: int, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """The mask of ``is_causal``, ``[1, 1, query, key]``: keys that may be seen, and what hides the others; as ``causal``."""
    allowed = causal(queries, keys, device)[None, None]
    return allowed, torch.where(allowed, torch.zeros((), dtype=torch.float32, device=device), -torch.inf)


def split_mask(mask: torch.Tensor | None) -> tuple[torch.Tensor | None, torch.Tensor | None]:
    """A bool or additive mask → (keys that may be seen, finite additive part); None for either when it says nothing."""
    if mask is None:
        return None, None
    if mask.dtype == torch.bool:
        return (None if bool(mask.all()) else mask), None
    mask = mask.float()
    allowed = seen_in_scores(mask)
    if allowed is None:
        return None, mask if bool(mask.any()) else None
    finite = torch.where(allowed, mask, 0.0)
    return allowed, finite if bool(finite.any()) else None


def seen_in_scores(scores: torch.Tensor) -> torch.Tensor | None:
    """Scores as they entered the softmax → keys that may be seen; None when all may.

    Where finite numbers hide every key of a query they hide none, as the softmax sees differences alone.
    """
    allowed = scores > HIDDEN_BELOW
    if bool(allowed.all()):
        return None
    sees_nothing = ~allowed.any(-1, keepdim=True)
    if bool(sees_nothing.any()):
        allowed = allowed | (sees_nothing & (scores > -torch.inf))
    return None if bool(allowed.all()) else allowed


def kind_of(allowed: torch.Tensor | None) -> str:
    """bool ``[*, query, key]`` of one input → ``full``, ``causal``, ``window <n>`` or ``other``."""
    if allowed is None or bool(allowed.all()):
        return "full"
    queries, keys = allowed.shape[-2:]
    flat = allowed.reshape(-1, queries, keys)
    first = flat[0]
    if len(flat) > 1 and not bool((flat == first).all()):
        return "other"
    offset = keys - queries
    if torch.equal(first, causal(queries, keys, first.device, offset)):
        return "causal"
    width = int(first[-1].sum())
    band = causal(queries, keys, first.device, offset) & ~causal(queries, keys, first.device, offset - width)
    return f"window {width}" if width and torch.equal(first, band) else "other"
