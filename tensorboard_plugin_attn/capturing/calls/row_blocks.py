"""A layer's rows, never all of them at once: worked out of query and key, or read off a map that is there.

What measures them, a block at a time, is ``row_pass``.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from math import isqrt
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from tensorboard_plugin_attn.capturing.calls.masks import HIDDEN, split_mask
from tensorboard_plugin_attn.capturing.calls.row_pass import Pass
from tensorboard_plugin_attn.measuring.row_stats import Questions, RowStats, joined

if TYPE_CHECKING:
    from typing_extensions import Self

    from tensorboard_plugin_attn.capturing.calls.places import Places

Space = Callable[..., torch.Tensor]

__all__ = [
    "BLOCK_BYTES",
    "LEAST_ROWS",
    "Added",
    "LayerBlocks",
    "Projected",
    "RowSource",
    "computing",
]

BLOCK_BYTES = 4 << 20  # of scores at a time: what a processor's cache holds
DEVICE_BLOCK_BYTES = 16 << 20  # elsewhere, where starting to compute is what costs
LEAST_ROWS = 64  # of a block: with fewer, reading the keys is most of a product


@dataclass(frozen=True)
class Projected:
    """What the kernel's output is compared with: ``sides`` ``[head, key, 2]``, values · r and their lengths;
    ``returned`` ``[head, query]``, the output · r; ``floor``: the output type's smallest number; ``ignored``: bool
    ``[query]``, padding, of which a kernel may return anything; ``has_sink``: whether the output lacks a sink's share.
    """

    sides: torch.Tensor
    returned: torch.Tensor
    floor: float
    ignored: torch.Tensor | None = None
    has_sink: bool = True

    def errors(self, rows: slice, expected: torch.Tensor, size: torch.Tensor) -> torch.Tensor:
        """As ``checking.row_errors``, of some rows."""
        returned = self.returned[:, rows]
        error = (expected - returned).abs() / (size + self.floor)
        error = torch.where(returned.isnan() & ~expected.isnan(), torch.inf, error)
        error = error.masked_fill(expected.isnan() | (size == 0), 0.0)
        return error if self.ignored is None else error.masked_fill(self.ignored[rows], 0.0)

    def of_heads(self, numbers: Sequence[int] | slice) -> Projected:
        """Some of the heads."""
        return replace(self, sides=self.sides[numbers], returned=self.returned[numbers])


@dataclass(frozen=True)
class Added:
    """What is done to scores before the softmax, beyond a mask that has a name.

    ``change``: (scores ``[1, head, row, key]``, their places) → scores, such as a soft-cap; ``mask``: places → bool or
    additive ``[1, head or 1, row or 1, key or 1]``; ``sinks``: ``[head]``, a score that is no key's.
    """

    places: Places
    change: Callable[[torch.Tensor, Places], torch.Tensor] | None = None
    mask: Callable[[Places], torch.Tensor] | None = None
    sinks: torch.Tensor | None = None

    @property
    def is_bare(self) -> bool:
        """Whether scores enter the softmax as they are."""
        return self.change is None and self.mask is None

    def to(self, scores: torch.Tensor, rows: slice) -> torch.Tensor:
        """Scores ``[head, row, key]`` of some rows, as they enter the softmax."""
        if self.is_bare:
            return scores
        at = self.places.block(rows, scores.shape[2])
        if self.change is not None:
            scores = self.change(scores[None], at)[0]
        if self.mask is None:
            return scores
        allowed, bias = split_mask(self.mask(at))
        scores = (
            scores if bias is None else scores + bias[0].clamp(min=HIDDEN / 10)
        )  # lowest numbers hide no row
        return scores if allowed is None else scores.masked_fill_(~allowed[0], HIDDEN)

    def of_heads(self, numbers: Sequence[int] | slice) -> Added:
        """Some of the heads."""
        sinks = None if self.sinks is None else self.sinks[numbers]
        return replace(self, places=self.places.of_heads(numbers), sinks=sinks)


@dataclass(eq=False, kw_only=True)
class RowSource(ABC):
    """The rows of one layer of one input.

    ``mask``: ``"full"``, ``"causal"``, ``"window <n>"`` or ``"other"``; ``value_norm``: ``[head, key]``;
    ``keeps_vectors``: query and key were asked for; ``budget_of``: largest score → how large an error may be by
    rounding.
    """

    gives_weights: ClassVar[bool] = False

    mask: str = "full"
    projected: Projected | None = None
    budget_of: Any = None
    keeps_vectors: bool = False
    value_norm: torch.Tensor | None = None
    block_bytes: int | None = None
    rows_at_once: int | None = None
    stats: RowStats | None = field(default=None, repr=False)
    told: list[tuple[NDArray[np.float32], float]] = field(
        default_factory=list, repr=False
    )  # errors and their budget

    @property
    @abstractmethod
    def shape(self) -> tuple[int, int, int]:
        """``[head, query, key]``."""

    @property
    @abstractmethod
    def device(self) -> torch.device:
        """Where its blocks are."""

    @property
    def sinks(self) -> torch.Tensor | None:
        """A score per head that is no key's, ``[head]``."""
        return None

    @property
    def is_plain(self) -> bool:
        """Whether query, key, a mask with a name and sinks are all that its rows are made of."""
        return False

    @property
    def is_banded(self) -> bool:
        """Whether a row's last key is known before it is read."""
        return self.mask not in ("full", "other") and not self.gives_weights

    @abstractmethod
    def read(self, rows: slice, space: Space = torch.empty, *, unit: float = 1.0) -> torch.Tensor:
        """Scores that may be overwritten, or weights that may not, float32 ``[head, row, key]``; ``space``: a shape →
        memory for them, that of the rows read before; ``unit``: a factor on scores."""

    def row_scores(self, rows: slice, weights: torch.Tensor) -> torch.Tensor | None:
        """The largest scores of rows whose weights were read, ``[head, row]``, where they are known."""
        return None

    def of_heads(self, numbers: Sequence[int] | slice) -> Self:
        """Some of the heads."""
        return replace(
            self,
            projected=None if self.projected is None else self.projected.of_heads(numbers),
            value_norm=None if self.value_norm is None else self.value_norm[numbers],
            stats=None,
        )

    def blocks(self, multiple: int = 1) -> Iterator[slice]:
        """Slices of rows whose scores fit in ``block_bytes``; they begin at multiples where these fit too."""
        heads, queries, keys = self.shape
        start = 0
        while start < queries:
            rows = self.rows_at_once or self.num_rows(start, heads, keys - queries, multiple)
            stop = min(start + rows, queries)
            yield slice(start, stop)
            start = stop

    def num_rows(self, start: int, heads: int, behind: int, multiple: int = 1) -> int:
        """How many rows from ``start`` on make a block."""
        cells = self.most_bytes // (4 * heads)
        rows = max(1, cells // self.shape[2])
        if self.is_banded:  # the last row sees most, and half of a block's last square is hidden
            first = max(0, start + behind)
            rows = max(rows, (isqrt(first * first + 4 * cells) - first) // 2)
            rows = min(rows, max(2 * LEAST_ROWS, self.shape[2] // 32))
        return rows // multiple * multiple or rows

    @property
    def most_bytes(self) -> int:
        """Of the scores of a block."""
        if self.block_bytes is not None:
            return self.block_bytes
        return BLOCK_BYTES if self.device.type == "cpu" else DEVICE_BLOCK_BYTES

    def weights(self, rows: slice) -> torch.Tensor:
        """Weights of some rows, float32 ``[head, row, key]``, keys up to the last that any of them sees."""
        found = self.read(rows)
        return found if self.gives_weights else softmax(found, self.sinks)

    def weights_at(self, rows: Sequence[int] | NDArray[np.int64]) -> NDArray[np.float32]:
        """Weights of chosen rows, float32 ``[head, row, key]``."""
        heads, _, keys = self.shape
        found = np.zeros((heads, len(rows), keys), np.float32)
        with self.computing():
            for number, row in enumerate(rows):
                weights = self.weights(slice(int(row), int(row) + 1))
                found[:, number, : weights.shape[2]] = weights[:, 0].cpu().numpy()
        return found

    def whole(self) -> NDArray[np.float32]:
        """All weights, float32 ``[head, query, key]``; only for who has asked how large they are."""
        found = np.zeros(self.shape, np.float32)
        with self.computing():
            for rows in self.blocks():
                weights = self.weights(rows)
                found[:, rows, : weights.shape[2]] = weights.cpu().numpy()
        return found

    def computing(self) -> AbstractContextManager[None]:
        """See ``computing``, on the source's device."""
        return computing(self.device.type)

    def parts(self) -> list[slice]:
        """Heads to be measured one after the other, so that a block has rows enough for a product of matrices."""
        return [slice(0, self.shape[0])]

    def measure(self, questions: Questions) -> RowStats:
        """One pass over all rows."""
        parts = self.parts()
        with self.computing():
            if len(parts) == 1:
                self.stats = Pass(self, questions).run()
            else:
                self.stats = joined(
                    [
                        Pass(self.of_heads(heads), replace(questions, first_head=heads.start)).run()
                        for heads in parts
                    ]
                )
        if self.stats.error is not None:
            self.told.append((self.stats.error, self.stats.budget))
        return self.stats


@contextmanager
def computing(device: str) -> Iterator[None]:
    """Computing for ourselves: without gradients, and without autocast."""
    with torch.no_grad(), torch.autocast(device, enabled=False):
        yield


def softmax(scores: torch.Tensor, sinks: torch.Tensor | None) -> torch.Tensor:
    """Weights of scores; 0 in rows that see no key, less a sink's share."""
    if sinks is None:
        return scores.softmax(-1).masked_fill_(scores.amax(-1, keepdim=True) <= HIDDEN / 2, 0.0)
    column = sinks.float()[:, None, None].expand(*scores.shape[:-1], 1)
    return torch.cat([scores, column], -1).softmax(-1)[..., :-1]


@lru_cache(maxsize=2)
def hidden_above(rows: int, keys: int, device: torch.device) -> torch.Tensor:
    """What to add to a square of scores so that keys behind a row's own are hidden."""
    return torch.full((rows, keys), HIDDEN, device=device).triu_(1)


@dataclass(eq=False, kw_only=True)
class LayerBlocks(RowSource):
    """Rows of ``softmax(q · k · scale)``.

    ``query`` ``[head, query, d]``, ``key`` ``[kv_head, key, d]`` in the model's own type and on its device.
    """

    query: torch.Tensor
    key: torch.Tensor
    scale: float
    added: Added | None = None

    @property
    def shape(self) -> tuple[int, int, int]:
        """``[head, query, key]``."""
        return self.query.shape[0], self.query.shape[1], self.key.shape[1]

    @property
    def device(self) -> torch.device:
        """The model's."""
        return self.query.device

    @property
    def sinks(self) -> torch.Tensor | None:
        """A score per head that is no key's, ``[head]``."""
        return None if self.added is None else self.added.sinks

    @property
    def is_plain(self) -> bool:
        """Whether query, key, a mask with a name and sinks are all that its rows are made of."""
        return self.added is None or (self.added.change is None and self.added.mask is None)

    def of_heads(self, numbers: Sequence[int] | slice) -> Self:
        """Some of the heads; of a list, keys repeated for each where groups shared them; a slice, as ``parts`` has them,
        gives views."""
        groups = self.query.shape[0] // self.key.shape[0]
        if isinstance(numbers, slice):
            key = self.key[numbers.start // groups : -(-numbers.stop // groups)]
        else:
            key = self.key[[head // groups for head in numbers]]
        return replace(
            super().of_heads(numbers),
            query=self.query[numbers],
            key=key,
            added=None if self.added is None else self.added.of_heads(numbers),
        )

    def parts(self) -> list[slice]:
        """Heads to be measured one after the other: whole groups that share a key, or a part of one."""
        heads, _, keys = self.shape
        most = max(1, self.most_bytes // (4 * keys * LEAST_ROWS))
        if self.mask == "other" or most >= heads:  # how many keys a row sees is asked of all heads at once
            return super().parts()
        groups = heads // self.key.shape[0]
        count = max(
            each
            for each in range(1, most + 1)
            if heads % each == 0 and (each % groups == 0 or groups % each == 0)
        )
        return [slice(first, first + count) for first in range(0, heads, count)]

    def read(self, rows: slice, space: Space = torch.empty, *, unit: float = 1.0) -> torch.Tensor:
        """Scores of some rows, hidden keys far below all others."""
        heads, queries, keys = self.shape
        behind = keys - queries
        stop = max(1, min(keys, rows.stop + behind)) if self.is_banded else keys
        kv_heads, width = self.key.shape[0], self.key.shape[2]
        is_bare = self.added is None or self.added.is_bare
        factor = self.scale * unit if is_bare else self.scale
        query = self.query[:, rows].float().mul(factor).reshape(kv_heads, -1, width)
        key = self.key[:, :stop].float().transpose(1, 2)
        found = space((kv_heads, query.shape[1], stop), dtype=torch.float32, device=self.device)
        scores = torch.bmm(query, key, out=found).view(heads, -1, stop)
        if self.added is not None and not is_bare:
            scores = self.added.to(scores, rows)
            scores = scores if unit == 1 else scores.mul_(unit)
        if self.is_banded:
            self.hide(scores, rows, behind)
        return scores

    def hide(self, scores: torch.Tensor, rows: slice, behind: int) -> None:
        """Scores of keys behind a row's own, or before its window."""
        stop = scores.shape[2]
        first = max(0, rows.start + behind)
        if first == rows.start + behind and stop == rows.stop + behind:
            square = scores[..., first:]
            square.tril_()  # so that nothing that is hidden, such as NaN, is left
            square += hidden_above(square.shape[1], square.shape[2], scores.device)
            if self.mask == "causal":
                return
        own = torch.arange(rows.start, rows.stop, device=scores.device)[:, None] + behind
        if first != rows.start + behind or stop != rows.stop + behind:
            at = torch.arange(first, stop, device=scores.device)
            scores[..., first:].masked_fill_(at > own, HIDDEN)
        window = re.fullmatch(r"window (\d+)", self.mask)
        if window:
            until = max(0, rows.stop + behind - int(window[1]))
            at = torch.arange(until, device=scores.device)
            scores[..., :until].masked_fill_(at <= own - int(window[1]), HIDDEN)
