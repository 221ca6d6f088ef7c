"""Records as they lie in files → comparison, heads found, evolution: the same numbers for notebooks and the tab."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn.encoding.codes import pool_width
from tensorboard_plugin_attn.encoding.decode import bare_layer, read_axes, read_layer_weights
from tensorboard_plugin_attn.encoding.header import Header
from tensorboard_plugin_attn.encoding.rebuild import Band, read_bands
from tensorboard_plugin_attn.reading.series import MetricSeries
from tensorboard_plugin_attn.reading.source import Source
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

    def pairs(number: int) -> Iterator[tuple[Band, Band]]:
        multiple = pool_width(second.header.layers[number].queries)
        return zip(first.bands(number, multiple), second.bands(number, multiple), strict=True)

    def difference(number: int) -> NDArray[np.float32]:
        weights = read_layer_weights(second.header, second.read, number)
        return np.asarray(weights - read_layer_weights(first.header, first.read, number))

    layers = [
        compare_layer(
            bare_layer(first.header.layers[number], axes[0]),
            bare_layer(entry, axes[1]),
            pairs(number),
            entry.heads,
        )
        for number, entry in enumerate(second.header.layers)
    ]
    warnings = [*missing_parts(first.header), *missing_parts(second.header)]
    return Comparison(
        difference, layers, differing, warnings + ([] if starts is None else start_warnings(*starts))
    )


def missing_parts(header: Header) -> list[str]:
    """What to say of a record that lacks some of its parts."""
    if header.parts is None or len(header.parts[0]) == header.parts[1]:
        return []
    return [f"step {header.step} has {len(header.parts[0])} of {header.parts[1]} parts; the rest is empty"]


def find_in_source(source: Source, pattern: Pattern) -> Found:
    """Every head's weight on a pattern at one step.

    Raises:
        InvalidRecordError: the record cannot have the pattern.
        NotRecordedError: it has head metrics only.
        DamagedFileError: its bytes are not what was written.
    """
    source.check_patterns()

    def rows_of(layer: int, rows: NDArray[np.int64]) -> Iterator[Band]:
        return read_bands(source.header, source.read, layer, rows)

    return find_heads(source.header, read_axes(source.header), rows_of, pattern)


def evolve_series(series: MetricSeries, latest: Header, thresholds: Thresholds | None = None) -> Evolution:
    """The series of a probe and the header of its last readable step → evolution."""
    return evolve(series.steps, series.names, series.values, series.facts, latest, thresholds)
