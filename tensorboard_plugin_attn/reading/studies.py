"""Records as they lie in files → comparison, heads found, evolution: the same numbers for notebooks and the tab."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import prod

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn.encoding.codes import pool_width
from tensorboard_plugin_attn.encoding.decode import bare_layer, read_axes
from tensorboard_plugin_attn.encoding.header import Header
from tensorboard_plugin_attn.encoding.overview import decode_log
from tensorboard_plugin_attn.encoding.rebuild import Band, read_overview
from tensorboard_plugin_attn.errors import IncomparableError
from tensorboard_plugin_attn.reading.series import MetricSeries
from tensorboard_plugin_attn.reading.source import Source
from tensorboard_plugin_attn.record.blocks import MOST_CELLS
from tensorboard_plugin_attn.studying.compare import (
    Comparison,
    LayerComparison,
    align,
    compare_layer,
    compare_pictures,
    start_warnings,
)
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
        NotRecordedError: one of them has head metrics only, or no contributions where these are asked for.
        DamagedFileError: the bytes of one are not what was written.
    """
    first.check_patterns()
    second.check_patterns()
    large = [number for number in range(len(second.header.layers)) if is_large(second.header, number)]
    if large and second.quantity != "weight":
        raise IncomparableError(f"{size_text(second.header, large)}; their overviews are of weights")
    differing = align(first.header, second.header, same_run=same_run)
    axes = read_axes(first.header), read_axes(second.header)

    def pairs(number: int) -> Iterator[tuple[Band, Band]]:
        multiple = pool_width(second.header.layers[number].queries)
        return zip(first.bands(number, multiple), second.bands(number, multiple), strict=True)

    def difference(number: int) -> NDArray[np.float32]:
        if is_large(second.header, number):
            raise IncomparableError(
                f"{size_text(second.header, [number])}; read rows of either record instead"
            )
        return np.asarray(second.whole(number) - first.whole(number))

    def compared(number: int) -> LayerComparison:
        bare = [
            bare_layer(each.header.layers[number], names)
            for each, names in zip((first, second), axes, strict=True)
        ]
        entry = second.header.layers[number]
        if is_large(second.header, number):
            tokens = bare[1].query_tokens, bare[1].key_tokens
            return compare_pictures(entry, tokens, picture_pairs(first, second, number))
        return compare_layer(bare[0], bare[1], pairs(number), entry.heads)

    layers = [compared(number) for number in range(len(second.header.layers))]
    warnings = [*missing_parts(first.header), *missing_parts(second.header), *large_layers(second.header)]
    return Comparison(
        difference, layers, differing, warnings + ([] if starts is None else start_warnings(*starts))
    )


def is_large(header: Header, number: int) -> bool:
    """A layer has more weights than are worked out one by one."""
    return prod(header.layers[number].shape) > MOST_CELLS


def large_layers(header: Header) -> list[str]:
    """What to say of layers that were compared by their pictures."""
    numbers = [number for number in range(len(header.layers)) if is_large(header, number)]
    if not numbers:
        return []
    return [
        f"{size_text(header, numbers)}: their change is that of their overviews, where both records have them"
    ]


def size_text(header: Header, numbers: list[int]) -> str:
    """How large some layers are."""
    named = ", ".join(map(str, numbers))
    largest = max(prod(header.layers[number].shape) for number in numbers)
    return f"layers {named} have up to {largest:,} weights, more than the {MOST_CELLS:,} that are compared one by one"


def picture_pairs(
    first: Source, second: Source, number: int
) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Each head's overview in both records, as weights; none where one has none or another grid."""
    entry = second.header.layers[number]
    if entry.overview is None or first.header.layers[number].overview != entry.overview:
        return
    for head in range(entry.heads):
        one, other = (read_overview(each.header, each.read, number, head) for each in (first, second))
        if one is not None and other is not None:
            yield decode_log(one), decode_log(other)


def missing_parts(header: Header) -> list[str]:
    """What to say of a record that lacks some of its parts."""
    if header.parts is None or len(header.parts[0]) == header.parts[1]:
        return []
    return [f"step {header.step} has {len(header.parts[0])} of {header.parts[1]} parts; the rest is empty"]


def find_in_source(source: Source, pattern: Pattern) -> Found:
    """Every head's weight on a pattern at one step, or its contributions.

    Raises:
        InvalidRecordError: the record cannot have the pattern.
        NotRecordedError: it has head metrics only, or no contributions where these are asked for.
        DamagedFileError: its bytes are not what was written.
    """
    source.check_patterns()

    def rows_of(layer: int, rows: NDArray[np.int64]) -> Iterator[Band]:
        return source.bands(layer, rows=rows)

    found = find_heads(source.header, read_axes(source.header), rows_of, pattern)
    if source.quantity == "weight":
        return found
    return replace(found, uniform=np.full_like(found.uniform, np.nan))  # it depends on each head's values


def evolve_series(series: MetricSeries, latest: Header, thresholds: Thresholds | None = None) -> Evolution:
    """The series of a probe and the header of its last readable step → evolution."""
    return evolve(series.steps, series.names, series.values, series.facts, latest, thresholds)
