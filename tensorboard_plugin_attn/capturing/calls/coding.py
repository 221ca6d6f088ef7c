"""Roots of rows of weights → their uint8 codes."""

from __future__ import annotations

from typing import Any

import torch
from numpy.typing import NDArray

__all__ = ["codes_of", "inverse"]


def inverse(top: torch.Tensor) -> torch.Tensor:
    """One over the largest weight of each row, 0 where there is none."""
    return torch.where(top > 0, 1 / top, 0.0)


def codes_of(roots: torch.Tensor, broken: bool, room: torch.Tensor, half: torch.Tensor) -> NDArray[Any]:
    """Roots of weights by their row's largest → what becomes uint8 codes by dropping fractions, in ``room``; NaN, of which
    there is none unless they are ``broken``, is 0. ``half`` is one."""
    codes = torch.add(half, roots, alpha=255, out=room)
    if broken:
        codes.nan_to_num_(0.0)
    return codes.numpy() if roots.device.type == "cpu" else codes.to(torch.uint8).cpu().numpy()
