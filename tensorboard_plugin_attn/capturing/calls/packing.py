"""Documents packed into one row, a window, causality → bool ``[batch or 1, 1, query, key]`` that a kernel applies.

Positions are counted from the end of each document, since flash kernels align causal masks and windows there.
"""

from __future__ import annotations

from typing import Any

import torch

__all__ = ["Side", "positions_from_end", "starts_anew", "visible"]

Side = tuple[torch.Tensor, torch.Tensor | None]
"""``[row, position]``: how far each position is from the end of its document; its document's number, None: only one."""


def starts_anew(positions: Any, batch: int, queries: int, keys: int) -> bool:
    """Whether ``position_ids`` begin again within one row, which kernels take for packed documents.

    Positions with an axis of their own for time, height and width (M-RoPE) part no documents.
    """
    if not isinstance(positions, torch.Tensor) or batch != 1 or positions.dim() != 2:
        return False
    if positions.shape != (1, keys) or queries != keys or keys < 2:
        return False
    return bool((positions[0].diff() != 1).any()) and bool((positions[0, 1:] == 0).any())


def positions_from_end(
    ends: tuple[Any, Any], batch: int, queries: int, keys: int, device: torch.device
) -> tuple[Side, Side]:
    """Both axes; ``ends``: cumulative lengths ``[document + 1]`` of queries and keys, None where nothing is packed.

    Raises:
        ValueError: only one of both is given for axes of different lengths, or they end before the axis does.
    """
    of_queries, of_keys = ends
    if of_queries is None and of_keys is None:
        return from_end(queries, device), from_end(keys, device)
    if (of_queries is None or of_keys is None) and queries != keys:
        raise ValueError(f"cumulative lengths of one axis, for {queries} queries and {keys} keys")
    of_queries = of_keys if of_queries is None else of_queries
    of_keys = of_queries if of_keys is None else of_keys
    return (
        in_documents(of_queries.to(device), batch, queries),
        in_documents(of_keys.to(device), batch, keys),
    )


def from_end(length: int, device: torch.device) -> Side:
    """One document."""
    return torch.arange(length, 0, -1, device=device)[None], None


def in_documents(ends: torch.Tensor, batch: int, length: int) -> Side:
    """Documents that lie behind each other through all rows of the batch."""
    ends = ends.reshape(-1).long()
    total = batch * length
    if int(ends[-1]) != total:
        raise ValueError(f"cumulative lengths end at {int(ends[-1])}, and there are {total} positions")
    places = torch.arange(total, device=ends.device)
    number = torch.bucketize(places, ends[1:], right=True)
    distance = ends[1:][number] - places
    return distance.reshape(batch, length), number.reshape(batch, length)


def visible(queries: Side, keys: Side, *, causal: bool, window: int | None) -> torch.Tensor | None:
    """Which keys a query sees: of its own document, none behind it, and within the window to both sides.

    A window of w sees w − 1 positions back, and as many ahead where nothing is causal. None: all.
    """
    behind = (keys[0][:, None, :] - queries[0][:, :, None])[:, None]
    mask: torch.Tensor | None = None
    if keys[1] is not None and queries[1] is not None:
        mask = (queries[1][:, :, None] == keys[1][:, None, :])[:, None]
    if causal and queries[0].shape[-1] > 1:
        mask = behind >= 0 if mask is None else mask & (behind >= 0)
    if window is not None and window > 0:
        near = behind.abs() < window
        mask = near if mask is None else mask & near
    return mask
