"""Positions of the queries whose rows are wanted → which rows of a layer are kept, and how the record says so."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn.errors import InvalidRecordError
from tensorboard_plugin_attn.record.tokens import TokenAxes

__all__ = ["ChosenRows"]


@dataclass(frozen=True)
class ChosenRows:
    """The queries whose weights are kept exactly; ``numbers`` None: all of them."""

    numbers: tuple[int, ...] | None = None

    @classmethod
    def of(cls, queries: Sequence[int] | None, axes: TokenAxes) -> ChosenRows:
        """What ``queries=`` was given. Raises InvalidRecordError where no list has such a position."""
        if queries is None:
            return cls()
        longest = max(len(names) for names in axes.lists.values())
        try:
            given: Any = queries if isinstance(queries, Iterable) else [queries]
            numbers = sorted({operator.index(each) for each in given})
        except TypeError as error:
            raise InvalidRecordError(
                f"queries must be a range or a list of positions, got {queries!r}"
            ) from error
        if not numbers or numbers[0] < 0 or numbers[-1] >= longest:
            raise InvalidRecordError(
                f"queries must be positions from 0 to {longest - 1}, got {numbers[:20] or 'none'}"
            )
        return cls(tuple(numbers))

    def rows(self, queries: int) -> NDArray[np.int64] | None:
        """The rows of a layer of so many queries; None: all."""
        if self.numbers is None:
            return None
        return np.array([each for each in self.numbers if each < queries], np.int64)

    def share(self, queries: int) -> float:
        """How much of a layer's codes that is."""
        rows = self.rows(queries)
        return 1.0 if rows is None else len(rows) / queries

    def reason(self, queries: int) -> str:
        """Why rows of a layer are not in the record."""
        rows = self.rows(queries)
        return f"queries= chose {queries if rows is None else len(rows):,} of {queries:,} rows"
