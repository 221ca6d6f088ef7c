"""Rows of weights → the largest of each cell of a picture."""

from __future__ import annotations

import torch

__all__ = ["merge_rows", "pool", "pool_rows"]

FEW = 4


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
    parts = []
    if whole and width <= FEW:  # a reduction of so few is slow
        found = rows[..., :whole:width]
        for offset in range(1, width):
            found = torch.maximum(found, rows[..., offset:whole:width])
        parts.append(found)
    elif whole:
        parts.append(rows[..., :whole].reshape(*rows.shape[:-1], -1, width).amax(-1))
    parts += [rows[..., whole:].amax(-1, keepdim=True)] if whole < rows.shape[-1] else []
    return parts[0] if len(parts) == 1 else torch.cat(parts, -1)
