"""Tokens of a text that come again, and the rows' own places → sums over few cells of rows of weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from tensorboard_plugin_attn.measuring.row_stats import Questions

if TYPE_CHECKING:
    from tensorboard_plugin_attn.capturing.calls.row_blocks import RowSource

__all__ = ["Picks", "Repeats", "repeats_of"]

MOST_PAIRS = 4 << 20
MOST_SHARE = 1 / 24  # of the map's cells; where there are more, a product with all of them is faster
MOST_KEPT = 2048  # cells of a block that layers and heads share
MOST_QUERIES = 16384  # of these layers: what outlives a block leaves holes in memory

Cells = tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]


@dataclass(frozen=True, eq=False)
class Repeats:
    """``keys``: the earlier occurrences of each row's token, row after row; ``rows``: of each the row; ``starts``
    ``[row + 1]``: where each row's begin."""

    keys: torch.Tensor
    rows: torch.Tensor
    starts: NDArray[np.int64]

    def cells(self, rows: slice) -> tuple[torch.Tensor, torch.Tensor]:
        """Of some rows, counted from the first of them: the row of each cell, and its key."""
        some = slice(int(self.starts[rows.start]), int(self.starts[rows.stop]))
        return self.rows[some].long() - rows.start, self.keys[some].long()


class Picks:
    """Of rows ``[head, row, key]``: the first key, the neighbours, and, with ``repeats``, the token's earlier occurrences
    and the keys behind these. What a mask hides for certain is not among the ``names``."""

    def __init__(self, source: RowSource, repeats: Repeats | None, kept: dict[Any, Any]) -> None:
        self.repeats, self.kept, self.device = repeats, kept, source.device
        self.offsets = (-1, 0) if source.is_banded else (-1, 0, 1)
        self.names = ["first", *(f"offset {by}" for by in self.offsets)]
        self.names += [] if repeats is None else ["earlier", "after"]
        self.is_kept = source.shape[1] <= MOST_QUERIES

    def sums(self, rows: slice, parts: torch.Tensor, origin: int) -> torch.Tensor:
        """``[head, name, row]`` of a block's ``parts``, whose first row stands at ``origin`` among the keys."""
        heads, count, stop = parts.shape
        row, key, cell, to = self.cells(rows, stop, origin)
        is_whole = parts.is_contiguous()
        cells = parts.view(heads, -1).index_select(1, cell) if is_whole else parts[:, row, key]
        found = parts.new_zeros(heads, len(self.names) * count)
        return found.index_add_(1, to, cells).view(heads, -1, count)

    def cells(self, rows: slice, stop: int, origin: int) -> Cells:
        """Row and key of each cell, its number in a block, and which sum it belongs to."""
        at = (Picks, rows.start, rows.stop, stop, origin, len(self.names), self.device)
        known: Cells | None = self.kept.get(at)
        if known is None:
            known = self.new_cells(rows, stop, origin)
            if self.is_kept and len(known[0]) <= MOST_KEPT:
                self.kept[at] = known
        return known

    def new_cells(self, rows: slice, stop: int, origin: int) -> Cells:
        """The same, not seen before."""
        own = torch.arange(rows.stop - rows.start, device=self.device)
        found = [(own, torch.zeros_like(own))]
        for by in self.offsets:
            key = own + (origin + by)
            inside = (key >= 0) & (key < stop)
            found.append((own[inside], key[inside]))
        if self.repeats is not None:
            row, key = self.repeats.cells(rows)
            found += [(row, key), (row, key + 1)]
        to = [row + number * len(own) for number, (row, _) in enumerate(found)]
        rows_of, keys_of = (torch.cat(each) for each in zip(*found, strict=True))
        return rows_of, keys_of, rows_of * stop + keys_of, torch.cat(to)


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
