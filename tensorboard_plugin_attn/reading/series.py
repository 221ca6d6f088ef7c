"""The head metrics of each step of a probe → one series over the steps, for notebooks and for the tab."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn.encoding.header import Header
from tensorboard_plugin_attn.encoding.series import Form, PackedStep
from tensorboard_plugin_attn.measuring.ragged import stack_ragged
from tensorboard_plugin_attn.studying.evolution import StepFacts, step_facts

__all__ = [
    "MetricBlock",
    "MetricSeries",
    "SeriesLayer",
    "last_probe",
    "metric_block",
    "packed_block",
    "stack_blocks",
]

NO_FACTS = StepFacts()


@dataclass(frozen=True)
class SeriesLayer:
    """What a series says of a layer."""

    name: str
    kind: str
    stack: str
    heads: int


@dataclass(frozen=True)
class MetricBlock:
    """The head metrics of one step; ``values`` None when its file could not be read."""

    step: int
    wall_time: float = 0.0
    names: tuple[str, ...] = ()
    layers: tuple[SeriesLayer, ...] = ()
    values: NDArray[np.float32] | None = None
    facts: StepFacts = NO_FACTS


@dataclass(frozen=True)
class MetricSeries:
    """Head metrics of one probe over the steps.

    ``values`` is float32 ``[step, layer, head, metric]``, NaN where a layer or head does not exist, a metric is
    not defined, or a step was not logged with it. ``layers`` are the names of the layers of the latest among the
    steps with most layers. ``damaged`` names the steps whose file cannot be read; they are not among ``steps``.
    """

    steps: NDArray[np.int64]
    wall_times: NDArray[np.float64]
    names: list[str]
    layers: list[str]
    values: NDArray[np.float32]
    damaged: list[int]
    entries: tuple[SeriesLayer, ...] = ()  # of ``layers``
    facts: list[StepFacts] = field(default_factory=list)  # of ``steps``

    def to_dataframe(self) -> Any:
        """A pandas DataFrame: one row per step, layer and head, one column per metric. Needs pandas."""
        try:
            import pandas
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(
                'to_dataframe needs pandas: pip install "tensorboard-plugin-attn[pandas]"', name="pandas"
            ) from error

        _, num_layers, num_heads, _ = self.values.shape
        index = pandas.MultiIndex.from_product(
            [self.steps.tolist(), range(num_layers), range(num_heads)], names=["step", "layer", "head"]
        )
        return pandas.DataFrame(self.values.reshape(len(index), -1), index=index, columns=self.names)


def metric_block(header: Header) -> MetricBlock:
    """The metrics of one readable step."""
    layers = (SeriesLayer(each.name, each.kind, each.stack, each.heads) for each in header.layers)
    return MetricBlock(
        header.step, header.wall_time, header.metric_names, tuple(layers), header.metrics, step_facts(header)
    )


def packed_block(packed: PackedStep) -> MetricBlock:
    """The metrics of one step that was read from a series file, of which it keeps nothing else in memory."""
    layers, facts = form_facts(packed.form)
    if packed.faults:
        facts = replace(facts, faults=packed.faults)
    return MetricBlock(packed.step, packed.wall_time, packed.form.names, layers, packed.values.copy(), facts)


@lru_cache(maxsize=256)
def form_facts(form: Form) -> tuple[tuple[SeriesLayer, ...], StepFacts]:
    """What the blocks of many steps share."""
    layers = tuple(SeriesLayer(*layer) for layer in form.layers)
    return layers, StepFacts((), form.masks, form.probe, form.kind, form.input)


def last_probe(facts: Sequence[StepFacts]) -> list[str | None] | None:
    """The hashes ``[probe, input]`` of the last of some steps; None: no step."""
    return [facts[-1].probe, facts[-1].input] if facts else None


def stack_blocks(blocks: Sequence[MetricBlock], among: Sequence[MetricBlock] | None = None) -> MetricSeries:
    """The blocks of a probe's steps, in order → one series; ``among`` others, whose metrics, layers and heads it has."""
    whole = [block for block in blocks if block.values is not None]
    others = whole if among is None else [block for block in among if block.values is not None]
    forms = {(id(block.names), id(block.layers)): block for block in others}.values()
    names = list(dict.fromkeys(name for block in forms for name in block.names))
    longest = max(reversed(others), key=lambda block: len(block.layers), default=MetricBlock(0))
    shapes = [block.values.shape for block in others if block.values is not None]
    least = max((shape[0] for shape in shapes), default=0), max((shape[1] for shape in shapes), default=0)
    values = [columns_of(block, names) for block in whole]
    return MetricSeries(
        steps=np.array([block.step for block in whole], np.int64),
        wall_times=np.array([block.wall_time for block in whole], np.float64),
        names=names,
        layers=[layer.name for layer in longest.layers],
        values=stack_ragged(values, least=(*least, len(names))),
        damaged=[block.step for block in blocks if block.values is None],
        entries=longest.layers,
        facts=[block.facts for block in whole],
    )


def columns_of(block: MetricBlock, names: Sequence[str]) -> NDArray[np.float32]:
    """A block's ``[layer, head, metric]`` with the metrics in the order of ``names``, NaN for those it lacks."""
    values = block.values if block.values is not None else np.empty((0, 0, 0), np.float32)
    if list(block.names) == list(names):
        return values
    columns = np.full((*values.shape[:2], len(names)), np.nan, np.float32)
    columns[..., [names.index(name) for name in block.names]] = values
    return columns
