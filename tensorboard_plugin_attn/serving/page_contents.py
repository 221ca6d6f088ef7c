"""The files of a probe, a record to compare with and scalars → what a stand-alone page holds beside its record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tensorboard_plugin_attn.reading.series import stack_blocks
from tensorboard_plugin_attn.serving.metric_series import MetricSource
from tensorboard_plugin_attn.serving.opened_record import OpenedRecord
from tensorboard_plugin_attn.serving.record_results import Packed
from tensorboard_plugin_attn.serving.study_results import EvolutionAsked, evolution_result
from tensorboard_plugin_attn.serving.thinning import spaced
from tensorboard_plugin_attn.storing.files import Files
from tensorboard_plugin_attn.storing.store import StepFile

__all__ = ["Beside", "Compared", "held_series"]

SERIES_BYTES = 12 << 20  # of the metrics of all steps; with more of them, steps are left out evenly


@dataclass(frozen=True)
class Compared:
    """Record A of a comparison: where it is, itself, and what changed from it to the page's record.

    ``moved``: the same of contributions; None: one of the records has none.
    """

    run: str
    record: OpenedRecord
    changes: Packed
    moved: Packed | None = None


@dataclass(frozen=True)
class Beside:
    """``series`` and ``steps`` are those of the page's probe; ``logged`` counts the steps in the log.

    ``is_alone``: one record without runs, probes and steps to choose from. ``others``: further records of the probe,
    whose patterns the page has as far as there is room, evenly spaced.
    """

    series: Packed | None = None
    steps: Sequence[StepFile] = ()
    logged: int = 0
    compared: Compared | None = None
    scalars: Mapping[str, Any] = field(default_factory=dict)
    is_alone: bool = False
    others: Sequence[OpenedRecord] = ()


def held_series(
    source: MetricSource, files: Files, steps: Sequence[StepFile], record: OpenedRecord
) -> tuple[Packed, list[StepFile]]:
    """The series of a probe with marks, roles and hints, and the steps that are in it: the record's always."""
    most = max(2, SERIES_BYTES // max(1, record.header.metrics.nbytes))
    held = {each.step: each for each in [*spaced(steps, most), *steps[-1:], record.step_file]}
    kept = [each for each in steps if each.step in held]
    series = stack_blocks(source.blocks(files, kept, len(steps)))
    return evolution_result(series, record.header, EvolutionAsked()), kept
