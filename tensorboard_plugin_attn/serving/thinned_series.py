"""The steps of one tag and a width in pixels → its thinned series, and what of it changed since a token."""

from __future__ import annotations

import re
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from tensorboard_plugin_attn.reading.series import MetricBlock, last_probe, stack_blocks
from tensorboard_plugin_attn.serving.record_results import Packed, whole
from tensorboard_plugin_attn.serving.thinning import EXACT, FEW, Columns, ThinRow, columns_over, thin_column
from tensorboard_plugin_attn.storing.store import StepFile

__all__ = ["ThinnedSeries"]

READ_SECONDS = 0.5  # after which the steps that were not read yet are left for the next request
TOKEN = re.compile(r"([0-9a-f]{8})-([0-9]{1,15})")

ReadBlock = Callable[[StepFile], MetricBlock]


@dataclass
class Column:
    """The steps of one pixel column, what is drawn of them, and the generation in which that changed."""

    files: list[StepFile]
    changed: int
    is_first: bool  # then the first step of all is a row of its own
    rows: list[ThinRow] = field(default_factory=list)
    damaged: list[int] = field(default_factory=list)
    is_whole: bool = False


class ThinnedSeries:
    """One tag's series in at most ``width`` columns; only columns whose files changed are read again."""

    def __init__(self, width: int, *, is_log: bool = False, wanted: tuple[str, ...] = ()) -> None:
        self.width = width
        self.is_log = is_log
        self.wanted = wanted  # metrics; none: all
        self.lock = threading.Lock()
        self.identity = secrets.token_hex(4)
        self.generation = 0
        self.oldest = 0  # the first generation from which changes are known
        self.axis: Columns | None = None
        self.steps: Mapping[int, StepFile] = {}
        self.columns: dict[int, Column] = {}
        self.gone: dict[int, int] = {}  # column → generation
        self.names: dict[str, None] = {}
        self.shape: Any = None

    def answer(self, steps: Mapping[int, StepFile], read: ReadBlock, since: str) -> Packed:
        """The rows that changed since a token, all for a token that is not known, after reading for some time."""
        with self.lock:
            end = time.monotonic() + READ_SECONDS
            self.place(steps)
            self.read(read, end)
            return self.packed(since)

    def place(self, steps: Mapping[int, StepFile]) -> None:
        """Sort the steps into columns."""
        if steps is self.steps or steps == self.steps:
            return
        self.steps = steps
        self.generation += 1
        axis = columns_over(min(steps), max(steps), self.width, is_log=self.is_log) if steps else self.axis
        if axis != self.axis:
            self.axis, self.columns, self.gone = axis, {}, {}
            self.oldest = self.generation
        found: dict[int, list[StepFile]] = {}
        for step, step_file in steps.items():
            found.setdefault(axis.of(step) if axis is not None else 0, []).append(step_file)
        for number in self.columns.keys() - found.keys():
            del self.columns[number]
            self.gone[number] = self.generation
        first = min(found, default=0)
        for number, files in found.items():
            known, is_first = self.columns.get(number), number == first
            if known is None or known.files != files or known.is_first != is_first:
                self.columns[number] = Column(files, self.generation, is_first)
                self.gone.pop(number, None)

    def read(self, read: ReadBlock, end: float) -> None:
        """The last step of every column that is new, then all steps of as many as fit in the time, newest first."""
        new = [column for column in self.columns.values() if not column.is_whole]
        if new:
            self.generation += 1
        for column in new:
            if not column.rows:
                self.fill(column, column.files if len(column.files) <= FEW else column.files[-1:], read)
        for column in sorted(new, key=lambda each: -each.files[-1].step):
            if not column.is_whole and time.monotonic() < end:
                self.fill(column, column.files, read)

    def fill(self, column: Column, files: list[StepFile], read: ReadBlock) -> None:
        """Make the rows of a column from some of its files."""
        blocks = [self.chosen(read(each)) for each in files]
        readable = [block for block in blocks if block.values is not None]
        rows = thin_column(readable)
        if column.is_first and readable and rows[0].part != EXACT:
            rows = [ThinRow(readable[0], EXACT, readable[0].step), *rows]
        column.rows = rows
        column.damaged = [block.step for block in blocks if block.values is None]
        column.is_whole = len(files) == len(column.files)
        column.changed = self.generation

    def chosen(self, block: MetricBlock) -> MetricBlock:
        """A block with the wanted metrics alone."""
        self.names.update(dict.fromkeys(block.names))
        if not self.wanted or block.values is None:
            return block
        columns = [block.names.index(name) for name in self.wanted if name in block.names]
        return replace(
            block, names=tuple(block.names[each] for each in columns), values=block.values[..., columns]
        )

    def packed(self, since: str) -> Packed:
        """Arrays and fields of the answer."""
        rows = list(self.rows())
        blocks = [row.block for *_, row in rows]
        shape = stack_blocks([], blocks)
        if (shape.names, shape.entries) != self.shape:
            self.shape, self.oldest = (shape.names, shape.entries), self.generation
        known = self.known(since)
        chosen = [each for each in rows if known is None or each[1].changed > known]
        series = stack_blocks([row.block for *_, row in chosen], blocks)
        arrays = [
            whole("values", "float32", series.values),
            whole("steps", "float64", np.array([row.place for *_, row in chosen], np.float64)),
            whole("wall_times", "float64", series.wall_times),
            whole("columns", "float64", np.array([number for number, *_ in chosen], np.float64)),
            whole("parts", "uint8", np.array([row.part for *_, row in chosen], np.uint8)),
        ]
        layers = [asdict(layer) for layer in series.entries]
        return arrays, {
            **self.fields(known),
            "names": series.names,
            "layers": layers,
            "known": list(self.names),
            "probe": last_probe([block.facts for block in blocks]),
        }

    def rows(self) -> Iterator[tuple[int, Column, ThinRow]]:
        """Every row with its column, in order."""
        for number, column in sorted(self.columns.items()):
            yield from ((number, column, row) for row in column.rows)

    def known(self, since: str) -> int | None:
        """The generation of a token; None where it is of another series, or too old."""
        match = TOKEN.fullmatch(since)
        if match is None or match[1] != self.identity or not self.oldest <= int(match[2]) <= self.generation:
            return None
        return int(match[2])

    def fields(self, known: int | None) -> dict[str, Any]:
        """What is told beside the arrays."""
        gone = [] if known is None else [number for number, at in self.gone.items() if at > known]
        return {
            "damaged": [step for _, column in sorted(self.columns.items()) for step in column.damaged],
            "token": f"{self.identity}-{self.generation}",
            "whole": known is None,
            "gone": sorted(gone),
            "pending": sum(len(each.files) for each in self.columns.values() if not each.is_whole),
            "thinned": any(row.part != EXACT for *_, row in self.rows()),
            "logged": len(self.steps),
        }

    @property
    def bytes(self) -> int:
        """What it holds, about."""
        arrays = (row.block.values for *_, row in self.rows())
        return sum(0 if each is None else each.nbytes for each in arrays) + 200 * len(self.steps)
