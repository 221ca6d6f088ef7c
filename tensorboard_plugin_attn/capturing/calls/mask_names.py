"""Which keys a query may see, some rows at a time → ``full``, ``causal`` or ``window <n>``, or no name."""

from __future__ import annotations

from collections.abc import Callable

import torch

from tensorboard_plugin_attn.capturing.calls.masks import HIDDEN_BELOW, seen_in_scores

__all__ = ["mask_name", "name_of", "scores_mask_name"]

ROWS_AT_ONCE = 512
SeenOf = Callable[[slice], "torch.Tensor | None"]
"""Rows → bool ``[row, key]``, None: they are not alike in all heads, or something is added."""


def name_of(queries: int, keys: int, seen_of: SeenOf, rows_at_once: int = ROWS_AT_ONCE) -> str | None:
    """The name of a mask, None: another."""
    if queries > keys or not queries:
        return None
    last = seen_of(slice(queries - 1, queries))
    if last is None:
        return None
    width = int(last.sum())
    lengths = {"full": queries + keys, "causal": keys, f"window {width}": width}
    possible = {"full", "causal", f"window {width}"} if width < keys else {"full", "causal"}
    for start in range(0, queries, rows_at_once):
        seen = seen_of(slice(start, min(start + rows_at_once, queries)))
        if seen is None:
            return None
        own = torch.arange(start, start + len(seen), device=seen.device)[:, None] + keys - queries
        at = torch.arange(keys, device=seen.device)
        for name in list(possible):
            expected = torch.ones_like(seen) if name == "full" else (at <= own) & (at > own - lengths[name])
            if not torch.equal(seen, expected):
                possible.discard(name)
        if not possible:
            return None
    return next(name for name in ("full", "causal", f"window {width}") if name in possible)


def mask_name(mask: torch.Tensor, rows_at_once: int = ROWS_AT_ONCE) -> str | None:
    """The name of a mask ``[query, key]``, bool or additive."""

    def seen_of(rows: slice) -> torch.Tensor | None:
        part = mask[rows]
        if mask.dtype == torch.bool:
            return part
        seen = part > HIDDEN_BELOW
        return None if bool(part.masked_fill(~seen, 0.0).any()) else seen

    queries, keys = mask.shape
    return name_of(queries, keys, seen_of, rows_at_once)


def scores_mask_name(
    queries: int, keys: int, scores_of: Callable[[slice], torch.Tensor], rows_at_once: int
) -> str | None:
    """The name of the mask of scores ``[head, row, key]``, which must be alike in all heads."""

    def seen_of(rows: slice) -> torch.Tensor | None:
        scores = scores_of(rows)
        seen = seen_in_scores(scores)
        if seen is None:
            return torch.ones(scores.shape[1:], dtype=torch.bool, device=scores.device)
        return seen[0] if bool((seen == seen[:1]).all()) else None

    return name_of(queries, keys, seen_of, rows_at_once)
