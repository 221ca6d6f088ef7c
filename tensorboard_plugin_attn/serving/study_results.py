"""Series, comparisons and found heads → the arrays and fields of the routes for evolution."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn.encoding.codes import compress
from tensorboard_plugin_attn.encoding.header import Header
from tensorboard_plugin_attn.errors import DamagedFileError, InvalidRecordError, NotRecordedError
from tensorboard_plugin_attn.measuring.ragged import stack_ragged
from tensorboard_plugin_attn.reading.series import MetricSeries
from tensorboard_plugin_attn.reading.source import Source
from tensorboard_plugin_attn.reading.studies import compare_sources, evolve_series, find_in_source
from tensorboard_plugin_attn.serving.answers import Array, RequestError
from tensorboard_plugin_attn.serving.metric_series import packed_series
from tensorboard_plugin_attn.serving.opened_record import OpenedRecord
from tensorboard_plugin_attn.serving.record_results import Packed, absent, whole
from tensorboard_plugin_attn.studying.compare import Comparison
from tensorboard_plugin_attn.studying.emergence import FACTOR, SMALLEST
from tensorboard_plugin_attn.studying.evolution import SHAPE, UNTOLD, Evolution, became_words
from tensorboard_plugin_attn.studying.find import Found, Pattern
from tensorboard_plugin_attn.studying.health import Thresholds
from tensorboard_plugin_attn.studying.roles import ROLE_METRICS, ROLES
from tensorboard_plugin_attn.studying.rollout import roll_out

__all__ = ["EvolutionAsked", "compare_result", "evolution_result", "find_result", "rollout_result"]

FIND_SECONDS = 0.4  # after which the rest of the steps is left for the next request


@dataclass(frozen=True)
class EvolutionAsked:
    """What an Evolution request may choose."""

    smallest: float = SMALLEST
    factor: float = FACTOR
    thresholds: Thresholds = field(default_factory=Thresholds)


def evolution_result(series: MetricSeries, latest: Header, asked: EvolutionAsked) -> Packed:
    """What the ``metrics`` route answers, and marks, roles, baseline and hints beside it."""
    evolution = evolve_series(series, latest, asked.thresholds)
    arrays, fields = packed_series(series)
    return [*arrays, *evolution_arrays(evolution)], {
        **fields,
        **evolution_fields(evolution, latest, asked),
        "kinds": [facts.kind for facts in series.facts],
    }


def evolution_arrays(evolution: Evolution) -> list[Array]:
    """Marks ``[layer, head, metric]``, roles ``[step, layer, head]`` and the baseline ``[layer, metric]``."""
    emergence = evolution.emergence
    found = emergence.index >= 0
    steps = np.where(found, evolution.steps[np.maximum(emergence.index, 0)], np.nan)
    return [
        whole("mark_step", "float64", steps),
        whole("mark_before", "float32", emergence.before),
        whole("mark_after", "float32", emergence.after),
        whole("mark_noise", "float32", emergence.noise),
        whole("scales", "float32", emergence.scales),
        whole("roles", "uint8", evolution.roles.roles),
        whole("role_scores", "float32", evolution.roles.scores),
        whole("baseline", "float32", evolution.baseline),
    ]


def evolution_fields(evolution: Evolution, latest: Header, asked: EvolutionAsked) -> dict[str, Any]:
    """The same in words, and the limits that were used."""
    return {
        "roles": [*ROLES, "unclassified"],
        "marks": evolution.marks_json(asked.smallest, asked.factor),
        "smallest": asked.smallest,
        "factor": asked.factor,
        "became": became_words(evolution.pairs),
        "untold": list(UNTOLD),
        "shape": list(SHAPE),
        "role_metrics": list(ROLE_METRICS),
        "hints": [hint.as_json() for hint in evolution.hints],
        "thresholds": asdict(asked.thresholds),
        "probe_changes": evolution.probe_changes,
        "track": [pair.to_json() for pair in latest.track],
    }


def compare_result(
    first: OpenedRecord,
    second: OpenedRecord,
    starts: tuple[OpenedRecord, OpenedRecord] | None,
    quantity: str = "weight",
) -> Packed:
    """What every head gained and lost from the first record to the second, of weight or of contribution.

    ``starts`` are the first records of two runs; None: both are of one run.
    """
    check_patterns(first)
    check_patterns(second)
    headers = None if starts is None else (starts[0].header, starts[1].header)
    one, other = source(first, quantity), source(second, quantity)
    comparison = compare_sources(one, other, same_run=starts is None, starts=headers)
    return comparison_arrays(comparison), comparison_fields(comparison)


def comparison_arrays(comparison: Comparison) -> list[Array]:
    """``[layer, head]`` each, and one gzip member with all pictures."""
    pictures = compress(b"".join(layer.picture.tobytes() for layer in comparison.layers))
    return [
        whole("change", "float32", comparison.change),
        whole("layer_change", "float32", comparison.layer_change),
        *(
            whole(name, dtype, by_head([getattr(layer, name) for layer in comparison.layers], dtype))
            for name, dtype in (
                ("query", "uint32"),
                ("key", "uint32"),
                ("before", "float32"),
                ("after", "float32"),
            )
        ),
        Array("pictures", "uint8", (len(pictures),), pictures),
    ]


def comparison_fields(comparison: Comparison) -> dict[str, Any]:
    """The shapes of the pictures, what differs, and the heads by change."""
    return {
        "layers": [
            dict(zip(("heads", "height", "width"), layer.picture.shape, strict=True))
            for layer in comparison.layers
        ],
        "differing": comparison.differing,
        "warnings": comparison.warnings,
        "ranking": [[row.layer, row.head] for row in comparison.ranking()],
    }


def by_head(layers: Sequence[NDArray[Any]], dtype: str) -> NDArray[Any]:
    """Layers of ``[head]`` → ``[layer, head]``; 0 or NaN where a head does not exist."""
    return stack_ragged(layers, fill=np.nan if dtype == "float32" else 0, dtype=dtype)


def find_result(
    steps: Sequence[int],
    open_step: Callable[[int], OpenedRecord],
    pattern: Pattern,
    quantity: str = "weight",
) -> Packed:
    """Every head's weight, or contributions, on a pattern at the steps asked for, in that order, as many as fit in the time.

    Of several steps, those without patterns or with a damaged file are told as skipped.
    """
    started = time.monotonic()
    found: list[Found] = []
    skipped: list[dict[str, Any]] = []
    left = list(steps)
    while left and (len(left) == len(steps) or time.monotonic() - started < FIND_SECONDS):
        step = left.pop(0)
        try:
            record = open_step(step)
            check_patterns(record)
            found.append(found_at(record, pattern, quantity))
        except (DamagedFileError, NotRecordedError, RequestError) as error:
            if len(steps) == 1 or getattr(error, "status", 422) in (400, 503):
                raise
            skipped.append({"step": step, "reason": str(error)})
    too_large = sorted({number for each in found for number in each.too_large})
    return found_arrays(found), {"skipped": skipped, "left": left, "too_large": too_large}


def found_at(record: OpenedRecord, pattern: Pattern, quantity: str) -> Found:
    """Every head's weight or contributions at one step; a pattern that this probe cannot have is a bad request."""
    try:
        return find_in_source(source(record, quantity), pattern)
    except InvalidRecordError as error:
        raise RequestError(400, "bad_request", str(error)) from error


def rollout_result(record: OpenedRecord, stack: str | None, heads: str, discard: float) -> Packed:
    """The rollout of one stack; one that there cannot be is a bad request that says why."""
    check_patterns(record)
    try:
        found = roll_out(
            record.header, source(record, "weight").bands, stack=stack, heads=heads, discard=discard
        )
    except InvalidRecordError as error:
        raise RequestError(400, "bad_request", str(error)) from error
    return [whole("weights", "float32", found.weights)], {"stack": found.stack, "layers": found.layers}


def found_arrays(found: Sequence[Found]) -> list[Array]:
    """``[step, layer, head]``, NaN where a step has no such layer or head."""
    values = stack_ragged([each.values for each in found], least=(0, 0))
    uniform = found[0].uniform if found else np.empty(0, np.float32)
    return [
        whole("values", "float32", values),
        whole("steps", "float64", np.array([each.step for each in found], np.float64)),
        whole("uniform", "float32", uniform),
    ]


def check_patterns(record: OpenedRecord) -> None:
    """Raise RequestError 404 where a step has head metrics only."""
    if record.header.kind == "metrics":
        raise absent(record, "weights")


def source(record: OpenedRecord, quantity: str) -> Source:
    """An opened record as comparisons and searches take it."""
    return Source(record.header, record.read, quantity)
