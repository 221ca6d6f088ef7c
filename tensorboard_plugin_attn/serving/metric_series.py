"""The steps of one tag → their head metrics as one series, each file read once, and as it travels."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from tensorboard_plugin_attn.errors import DamagedFileError
from tensorboard_plugin_attn.reading.series import (
    MetricBlock,
    MetricSeries,
    last_probe,
    metric_block,
    packed_block,
    stack_blocks,
)
from tensorboard_plugin_attn.serving.byte_cache import ByteCache
from tensorboard_plugin_attn.serving.opened_record import cache_key, open_latest
from tensorboard_plugin_attn.serving.record_results import Packed, whole
from tensorboard_plugin_attn.serving.tag_directory import TagDirectory
from tensorboard_plugin_attn.serving.thinned_series import ThinnedSeries
from tensorboard_plugin_attn.serving.thinning import spaced
from tensorboard_plugin_attn.storing.files import Files, is_passing
from tensorboard_plugin_attn.storing.series import PACKED_STEPS, PackedSeries
from tensorboard_plugin_attn.storing.store import StepFile, open_header
from tensorboard_plugin_attn.studying.evolution import StepFacts

__all__ = ["MetricSource", "ThinnedAsked", "packed_series"]

BLOCK_BYTES = 32 << 20
THINNED_BYTES = 48 << 20
TRIES = 4  # to find a step that can be read
BLOCK_OVERHEAD = 1600  # bytes of the objects around an array, measured


@dataclass(frozen=True)
class ThinnedAsked:
    """How a request wants a series thinned: into how many pixel columns, and which metrics (none: all)."""

    width: int
    is_log: bool = False
    metrics: tuple[str, ...] = ()


class MetricSource:
    """Reads series; the metrics of each file stay in memory, bounded in bytes."""

    def __init__(self, *, limit: int = BLOCK_BYTES) -> None:
        self.cache: ByteCache[MetricBlock] = ByteCache(limit)
        self.shared: dict[Any, Any] = {}
        self.thinned: ByteCache[ThinnedSeries] = ByteCache(THINNED_BYTES)
        self.packed = PackedSeries()

    def series(self, directory: TagDirectory, steps: Sequence[StepFile] | None = None) -> MetricSeries:
        """The series of one tag, or of some of its steps, from the files as they were listed last."""
        wanted = directory.steps.values() if steps is None else steps
        return stack_blocks(self.blocks(directory.files, wanted, len(directory.steps)))

    def blocks(self, files: Files, steps: Iterable[StepFile], logged: int) -> list[MetricBlock]:
        """The metrics of some steps of a tag of which so many are logged."""
        return [self.block(files, each, is_packed=logged >= PACKED_STEPS) for each in steps]

    def row_bytes(self, directory: TagDirectory, wanted: Sequence[str] | None) -> int:
        """Bytes of one step's values with the wanted metrics (None: all): those of the last of a few that can be read."""
        steps = list(directory.steps.values())
        for step_file in [*reversed(steps[-TRIES:]), *spaced(steps, TRIES)]:
            block = self.block(directory.files, step_file)
            if block.values is not None:
                metrics = len(block.names) if wanted is None else len(wanted)
                return math.prod(block.values.shape[:2]) * metrics * block.values.itemsize
        return 0

    def changes(self, directory: TagDirectory, asked: ThinnedAsked, since: str) -> Packed:
        """What changed of the thinned series of one tag since a token."""
        key = id(directory.files), directory.path, asked
        kept = self.thinned.get(key)
        if kept is None:
            kept = ThinnedSeries(asked.width, is_log=asked.is_log, wanted=asked.metrics)
        read = partial(self.block, directory.files, is_packed=len(directory.steps) >= PACKED_STEPS)
        packed = kept.answer(directory.steps, read, since)
        self.thinned.put(key, kept, min(kept.bytes, THINNED_BYTES))
        return packed

    def block(self, files: Files, step_file: StepFile, *, is_packed: bool = False) -> MetricBlock:
        """The metrics of one step, which ``is_packed`` where a series file may have them."""
        key = cache_key(files, step_file)
        block = self.cache.get(key)
        if block is None:
            packed = self.packed.find(files, step_file) if is_packed else None
            if packed is not None:  # soon read again
                return packed_block(packed)
            block = self.read_block(files, step_file)
            self.cache.put(key, block, BLOCK_OVERHEAD + (0 if block.values is None else block.values.nbytes))
        return block

    def read_block(self, files: Files, step_file: StepFile) -> MetricBlock:
        """The metrics of one file, or a block that says it is damaged."""
        try:
            parted = bool(step_file.parts)
            header = open_header(files, step_file) if parted else open_latest(files, step_file).header
        except (DamagedFileError, OSError) as error:
            if is_passing(error):
                raise
            return MetricBlock(step_file.step)
        block = metric_block(header)
        return replace(
            block,
            step=step_file.step,
            names=self.shared.setdefault(block.names, block.names),
            layers=self.shared.setdefault(block.layers, block.layers),
            facts=self.share(block.facts),
        )

    def share(self, facts: StepFacts) -> StepFacts:
        """The same facts, kept once where steps agree."""
        return (
            facts
            if facts.faults
            else self.shared.setdefault((facts.masks, facts.probe, facts.kind, facts.input), facts)
        )


def packed_series(series: MetricSeries) -> Packed:
    """A series as the ``metrics`` route answers it; steps are floats, JavaScript's only numbers."""
    arrays = [
        whole("values", "float32", series.values),
        whole("steps", "float64", series.steps.astype(np.float64)),
        whole("wall_times", "float64", series.wall_times),
    ]
    layers = [asdict(layer) for layer in series.entries]
    return arrays, {
        "names": series.names,
        "layers": layers,
        "damaged": series.damaged,
        "probe": last_probe(series.facts),
    }
