"""Roots of rows of weights → their uint8 codes."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

__all__ = ["per_code", "put_codes"]

LARGEST = 255**2
HALF = np.float32(0.5)


def per_code(top: torch.Tensor) -> torch.Tensor:
    """What makes squares of codes of a row's weights: 255² over the largest of them, 0 where there is none."""
    return torch.where(top > 0, LARGEST / top, 0.0)


def put_codes(roots: torch.Tensor, broken: bool, room: NDArray[np.uint8]) -> None:
    """``255 · √(weight / row_max)``, rounded, into ``room``; NaN, of which there is none unless they are ``broken``, is 0."""
    roots = roots.nan_to_num(0.0) if broken else roots
    if roots.device.type == "cpu":
        add: Any = np.add  # the cast drops fractions, in the same pass
        add(roots.numpy(), HALF, out=room, casting="unsafe")
    else:
        room[:] = (roots + 0.5).to(torch.uint8).cpu().numpy()
