"""Roots of rows of weights → their uint8 codes."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

__all__ = ["Notes", "codes_at", "per_code", "put_codes"]

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


def codes_at(roots: torch.Tensor, at: NDArray[np.int64], broken: bool) -> NDArray[np.uint8]:
    """As ``put_codes``, of some of the rows ``[head, row, key]``."""
    found = np.empty((roots.shape[0], len(at), roots.shape[2]), np.uint8)
    put_codes(at_rows(roots, at), broken, found)
    return found


def at_rows(values: torch.Tensor, at: NDArray[np.int64]) -> torch.Tensor:
    """Some of the rows ``[head, row, …]``; ``values[:, at]`` goes cell by cell."""
    return values.index_select(1, torch.from_numpy(at).to(values.device))


class Notes:
    """Codes of some of a layer's rows ``[head, row, key]``, None where none are asked for; blocks of rows come in order."""

    def __init__(self, rows: NDArray[np.int64] | None, heads: int, keys: int) -> None:
        self.rows: list[int] = [] if rows is None else rows.tolist()
        self.codes = None if rows is None else np.zeros((heads, len(rows), keys), np.uint8)
        self.count = 0

    def begin(self, rows: slice) -> tuple[slice, NDArray[np.int64]]:
        """Which of the rows are the next block's, and where they stand in it."""
        first = self.count
        while self.has(rows):
            self.count += 1
        return slice(first, self.count), np.array(self.rows[first : self.count], np.int64) - rows.start

    def has(self, rows: slice) -> bool:
        """Whether some of the rows are the next block's."""
        return self.count < len(self.rows) and self.rows[self.count] < rows.stop

    def take_codes(self, rows: slice, codes: NDArray[np.uint8]) -> None:
        """A block of which all codes are made."""
        if self.codes is not None and self.has(rows):
            numbers, at = self.begin(rows)
            self.codes[:, numbers] = codes[:, at]

    def take_roots(self, rows: slice, roots: torch.Tensor, broken: bool) -> None:
        """A block of what ``put_codes`` takes."""
        if self.codes is not None and self.has(rows):
            numbers, at = self.begin(rows)
            self.codes[:, numbers, : roots.shape[2]] = codes_at(roots, at, broken)

    def take_parts(self, rows: slice, parts: torch.Tensor, top: torch.Tensor) -> None:
        """A block of weights, or what is proportional to them in each row, whose largest are ``top``."""
        if self.codes is not None and self.has(rows):
            numbers, at = self.begin(rows)
            roots = at_rows(parts, at).mul_(per_code(at_rows(top, at))[..., None]).sqrt_()
            put_codes(roots, True, self.codes[:, numbers, : roots.shape[2]])
