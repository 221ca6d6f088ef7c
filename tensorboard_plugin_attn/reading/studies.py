"""Records as they lie in files → comparison, heads found, evolution: the same numbers for notebooks and the tab."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn.encoding.decode import read_axes, read_layer, read_layer_weights
from tensorboard_plugin_attn.encoding.header import Header
from tensorboard_plugin_attn.reading.series import MetricSeries
from tensorboard_plugin_attn.reading.source import Source
from tensorboard_plugin_attn.record.layer import LayerAttention
from tensorboard_plugin_attn.studying.compare import Comparison, align, compare_layer, start_warnings
from tensorboard_plugin_attn.studying.evolution import Evolution, evolve
from tensorboard_plugin_attn.studying.find import Found, Pattern, find_heads
from tensorboard_plugin_attn.studying.health import Thresholds

__all__ = ["compare_sources", "evolve_series", "find_in_source"]


def compare_sources(
    first: Source, second: Source, *, same_run: bool, starts: tuple[Header, Header] | None = None
) -> Comparison:
    """Record A and record B → what changed from A to B; ``starts`` are the first headers of two runs.

    Raises:
        IncomparableError: their inputs or their layers do not fit; it says why.
        NotRecordedError: one of them has head metrics only.
        DamagedFileError: the bytes of one are not what was written.
    """
    first.check_patterns()
    second.check_patterns()
    differing = align(first.header, second.header, same_run=same_run)
    axes = read_axes(first.header), read_axes(second.header)

    def read_pair(number: int) -> tuple[LayerAttention, LayerAttention]:
        return (
            read_layer(first.header, first.read, number, axes[0], vectors=False),
            read_layer(second.header, second.read, number, axes[1], vectors=False),
        )

    layers = [compare_layer(*read_pair(number)) for number in range(len(second.header.layers))]
    return Comparison(read_pair, layers, differing, [] if starts is None else start_warnings(*starts))


def find_in_source(source: Source, pattern: Pattern) -> Found:
    """Every head's weight on a pattern at one step.

    Raises:
        InvalidRecordError: the record cannot have the pattern.
        NotRecordedError: it has head metrics only.
        DamagedFileError: its bytes are not what was written.
    """
    source.check_patterns()

    def rows_of(layer: int, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        return read_layer_weights(source.header, source.read, layer, rows)

    return find_heads(source.header, read_axes(source.header), rows_of, pattern)


def evolve_series(series: MetricSeries, latest: Header, thresholds: Thresholds | None = None) -> Evolution:
    """The series of a probe and the header of its last readable step → evolution."""
    return evolve(series.steps, series.names, series.values, series.facts, latest, thresholds)
