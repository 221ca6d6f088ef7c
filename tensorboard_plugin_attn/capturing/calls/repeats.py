"""Tokens of a text that come again → of rows of weights, the masses on earlier occurrences and on the keys behind them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from tensorboard_plugin_attn.measuring.row_stats import Questions

__all__ = ["Repeats", "repeats_of"]

MOST_PAIRS = 4 << 20
MOST_SHARE = 1 / 24  # of the map's cells; where there are more, a product with all of them is faster


@dataclass(frozen=True, eq=False)
class Repeats:
    """``keys``: the earlier occurrences of each row's token, row after row; ``rows``: of each the row; ``starts``
    ``[row + 1]``: where each row's begin."""

    keys: torch.Tensor
    rows: torch.Tensor
    starts: NDArray[np.int64]

    def masses(self, rows: slice, parts: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Of rows ``[head, row, key]``: their masses on the token's earlier occurrences, and on the keys behind these."""
        heads, count, stop = parts.shape
        found = parts.new_zeros(2, heads, count)
        some = slice(int(self.starts[rows.start]), int(self.starts[rows.stop]))
        row, keys = self.rows[some].long() - rows.start, self.keys[some].long()
        if len(keys):
            for by, mass in enumerate(found):
                if parts.is_contiguous():
                    cells = parts.view(heads, -1).index_select(1, row * stop + keys + by)
                else:
                    cells = parts[:, row, keys + by]
                mass.index_add_(1, row, cells)
        return found[0], found[1]


def repeats_of(questions: Questions) -> Repeats | None:
    """The repeats among a text's tokens, worked out once for all its layers; None where they are too many, or unknown."""
    if questions.numbers is None:
        return None
    if Repeats not in questions.kept:
        questions.kept[Repeats] = found_in(questions.numbers)
    known: Repeats | None = questions.kept[Repeats]
    return known


def found_in(numbers: NDArray[np.int64]) -> Repeats | None:
    """The same, not seen before."""
    order = np.argsort(numbers, kind="stable")
    is_first = np.ones(len(order), bool)
    is_first[1:] = numbers[order[1:]] != numbers[order[:-1]]
    begins = np.flatnonzero(is_first)[
        np.cumsum(is_first) - 1
    ]  # where each one's occurrences begin in the order
    group, earlier = np.empty_like(order), np.empty_like(order)
    group[order], earlier[order] = begins, np.arange(len(order)) - begins
    starts = np.concatenate([[0], np.cumsum(earlier)])
    if starts[-1] > min(MOST_PAIRS, MOST_SHARE * len(numbers) ** 2):
        return None
    within = np.arange(starts[-1]) - np.repeat(starts[:-1], earlier)
    keys = order[np.repeat(group, earlier) + within]
    rows = np.repeat(np.arange(len(numbers), dtype=np.int32), earlier)
    return Repeats(torch.from_numpy(keys.astype(np.int32)), torch.from_numpy(rows), starts)
