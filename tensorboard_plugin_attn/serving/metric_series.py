"""The steps of one tag → their head metrics as one array ``[step, layer, head, metric]``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn.errors import DamagedFileError
from tensorboard_plugin_attn.serving.answers import Array
from tensorboard_plugin_attn.serving.byte_cache import ByteCache
from tensorboard_plugin_attn.serving.listing import TagDirectory
from tensorboard_plugin_attn.serving.opened_record import cache_key, open_latest
from tensorboard_plugin_attn.storing.files import Files, is_passing
from tensorboard_plugin_attn.storing.store import StepFile
from tensorboard_plugin_attn.studying.evolution import StepFacts, step_facts

__all__ = ["MetricSeries", "MetricSource", "stack_blocks"]

BLOCK_BYTES = 32 << 20
BLOCK_OVERHEAD = 1600  # bytes of the objects around an array, measured
NO_FACTS = StepFacts()
LAYER_FIELDS = ("name", "kind", "stack", "heads")


@dataclass(frozen=True)
class MetricBlock:
    """The head metrics of one step; ``values`` None when its file could not be read."""

    step: int
    wall_time: float = 0.0
    names: tuple[str, ...] = ()
    layers: tuple[tuple[Any, ...], ...] = ()
    values: NDArray[np.float32] | None = None
    facts: StepFacts = NO_FACTS


@dataclass(frozen=True)
class MetricSeries:
    """Head metrics over the steps of one tag; NaN where a step lacks a layer, head or metric."""

    names: list[str]
    layers: list[dict[str, Any]]
    steps: NDArray[np.float64]
    wall_times: NDArray[np.float64]
    values: NDArray[np.float32]
    damaged: list[int]
    facts: list[StepFacts]

    def packed(self) -> tuple[list[Array], dict[str, Any]]:
        """As the ``metrics`` route answers it."""
        arrays = [
            Array("values", "float32", self.values.shape, self.values.tobytes()),
            Array("steps", "float64", self.steps.shape, self.steps.tobytes()),
            Array("wall_times", "float64", self.wall_times.shape, self.wall_times.tobytes()),
        ]
        return arrays, {"names": self.names, "layers": self.layers, "damaged": self.damaged}


class MetricSource:
    """Reads series; the metrics of each file stay in memory, bounded in bytes."""

    def __init__(self, *, limit: int = BLOCK_BYTES) -> None:
        self.cache: ByteCache[MetricBlock] = ByteCache(limit)
        self.shared: dict[Any, Any] = {}

    def series(self, directory: TagDirectory) -> MetricSeries:
        """The series of one tag, from the files as they were listed last."""
        return stack_blocks([self.block(directory.files, each) for each in directory.steps.values()])

    def block(self, files: Files, step_file: StepFile) -> MetricBlock:
        """The metrics of one step."""
        key = cache_key(files, step_file)
        block = self.cache.get(key)
        if block is None:
            block = self.read_block(files, step_file)
            self.cache.put(key, block, BLOCK_OVERHEAD + (0 if block.values is None else block.values.nbytes))
        return block

    def read_block(self, files: Files, step_file: StepFile) -> MetricBlock:
        """The metrics of one file, or a block that says it is damaged."""
        try:
            header = open_latest(files, step_file).header
        except (DamagedFileError, OSError) as error:
            if is_passing(error):
                raise
            return MetricBlock(step_file.step)
        names = tuple(header.meta["metrics"])
        layers = tuple(tuple(layer[name] for name in LAYER_FIELDS) for layer in header.meta["layers"])
        return MetricBlock(
            step_file.step,
            float(header.meta["wall_time"]),
            self.shared.setdefault(names, names),
            self.shared.setdefault(layers, layers),
            header.metrics,
            self.share(step_facts(header.meta)),
        )

    def share(self, facts: StepFacts) -> StepFacts:
        """The same facts, kept once where steps agree."""
        return (
            facts if facts.faults else self.shared.setdefault((facts.masks, facts.probe, facts.kind), facts)
        )


def stack_blocks(blocks: Sequence[MetricBlock]) -> MetricSeries:
    """Blocks → one series. Layers are those of the latest step among the ones with most layers."""
    whole = [block for block in blocks if block.values is not None]
    names = list(dict.fromkeys(name for block in whole for name in block.names))
    longest = max(reversed(whole), key=lambda block: len(block.layers), default=MetricBlock(0))
    heads = max((block.values.shape[1] for block in whole if block.values is not None), default=0)
    values = np.full((len(whole), len(longest.layers), heads, len(names)), np.nan, np.float32)
    for target, block in zip(values, whole, strict=True):
        if block.values is None:
            continue
        layers, count, _ = block.values.shape
        columns = slice(None) if list(block.names) == names else [names.index(name) for name in block.names]
        target[:layers, :count, columns] = block.values
    return MetricSeries(
        names=names,
        layers=[dict(zip(LAYER_FIELDS, layer, strict=True)) for layer in longest.layers],
        steps=np.array([block.step for block in whole], np.float64),
        wall_times=np.array([block.wall_time for block in whole], np.float64),
        values=values,
        damaged=[block.step for block in blocks if block.values is None],
        facts=[block.facts for block in whole],
    )
