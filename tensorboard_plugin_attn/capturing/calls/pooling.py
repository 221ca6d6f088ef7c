"""Rows of weights → the largest of each cell of a picture."""

from __future__ import annotations

import torch

__all__ = ["merge_rows", "pool", "pool_rows"]


def merge_rows(picture: torch.Tensor, weights: torch.Tensor, rows: slice, height: int, width: int) -> None:
    """Take rows ``[head, row, key]`` into a picture whose cells are so many rows high and keys wide."""
    for cell in range(rows.start // height, (rows.stop - 1) // height + 1):
        first = max(cell * height, rows.start) - rows.start
        inside = pool(weights[:, first : (cell + 1) * height - rows.start].amax(1), width)
        part = picture[:, cell, : inside.shape[1]]
        torch.maximum(part, inside, out=part)


def pool_rows(weights: torch.Tensor, height: int) -> torch.Tensor:
    """The maximum of each ``height`` neighbouring rows of ``[head, row, key]``."""
    if height == 1:
        return weights
    whole = weights.shape[1] // height * height
    parts = [torch.unflatten(weights[:, :whole], 1, (-1, height)).amax(2)] if whole else []
    parts += [weights[:, whole:].amax(1, keepdim=True)] if whole < weights.shape[1] else []
    return parts[0] if len(parts) == 1 else torch.cat(parts, 1)


def pool(rows: torch.Tensor, width: int) -> torch.Tensor:
    """The maximum of each ``width`` neighbours along the last axis."""
    if width == 1:
        return rows
    whole = rows.shape[-1] // width * width
    parts = [torch.nn.functional.max_pool1d(rows[..., :whole], width)] if whole else []
    parts += [rows[..., whole:].amax(-1, keepdim=True)] if whole < rows.shape[-1] else []
    return parts[0] if len(parts) == 1 else torch.cat(parts, -1)
