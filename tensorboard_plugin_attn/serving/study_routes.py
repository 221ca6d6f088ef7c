"""Queries about many records → answers: evolution of a probe, comparison of two records, heads found, scalars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from tensorboard import context
from tensorboard.backend.experiment_id import WSGI_ENVIRON_KEY
from werkzeug import wrappers

from tensorboard_plugin_attn.encoding.header import Header
from tensorboard_plugin_attn.errors import DamagedFileError, InvalidRecordError
from tensorboard_plugin_attn.reading.series import MetricSeries
from tensorboard_plugin_attn.serving.answers import Answer, RequestError, binary_answer, digest, json_answer
from tensorboard_plugin_attn.serving.background_evolution import MOST_STEPS, BackgroundEvolution
from tensorboard_plugin_attn.serving.byte_cache import ByteCache
from tensorboard_plugin_attn.serving.listing import Listing, not_recorded
from tensorboard_plugin_attn.serving.metric_series import MetricSource, ThinnedAsked, packed_series
from tensorboard_plugin_attn.serving.opened_record import OpenedRecord, OpenedRecords
from tensorboard_plugin_attn.serving.page_contents import Beside, Compared, held_series
from tensorboard_plugin_attn.serving.query import (
    integer,
    integers,
    number,
    positions,
    quantity_asked,
    text,
    where,
)
from tensorboard_plugin_attn.serving.record_results import Packed, whole
from tensorboard_plugin_attn.serving.scalars import list_scalars, read_scalars
from tensorboard_plugin_attn.serving.study_results import (
    EvolutionAsked,
    compare_result,
    evolution_result,
    find_result,
    rollout_result,
)
from tensorboard_plugin_attn.serving.tag_directory import TagDirectory
from tensorboard_plugin_attn.serving.thinning import spaced
from tensorboard_plugin_attn.storing.store import StepFile
from tensorboard_plugin_attn.studying.find import Pattern, parse_pattern
from tensorboard_plugin_attn.studying.health import THRESHOLD_NAMES, parse_thresholds

__all__ = ["EvolutionRoutes"]

Arguments = Mapping[str, str]

KEPT_BYTES = 32 << 20
WHOLE_BYTES = 8 << 20  # of the values of a series that is asked for without a width
MOST_PIXELS = 8192


class EvolutionRoutes:
    """Answers from a listing, opened records, metric series and TensorBoard's data provider (None: there is none)."""

    def __init__(
        self, listing: Listing, records: OpenedRecords, metrics: MetricSource, provider: Any = None
    ) -> None:
        self.listing = listing
        self.records = records
        self.series = metrics
        self.provider = provider
        self.kept: ByteCache[Answer] = ByteCache(KEPT_BYTES)
        self.background = BackgroundEvolution(metrics, lambda *at: self.opened(*at).header)

    def metrics(self, arguments: Arguments) -> Answer:
        """The head metrics of all steps of one tag; with ``evolution``: marks, roles and hints too."""
        directory = self.listing.find_tag(text(arguments, "run"), text(arguments, "tag"))
        for name, route in {"width": self.thinned, "steps": self.exact}.items():
            if name in arguments and "evolution" not in arguments:
                directory.refresh(is_forced=False)
                return route(arguments, directory)
        if arguments.get("evolution") == "only":
            directory.refresh(is_forced=False)
            return self.facts(arguments, directory)
        directory.refresh()
        versions = " ".join(step_file.version for step_file in directory.steps.values())
        if "evolution" in arguments:
            return self.evolution(arguments, directory, versions)
        steps, told = self.held(arguments, directory, len(directory.steps))
        arrays, fields = only_values(packed_series(self.series.series(directory, steps)), arguments)
        etag = digest(f"{arguments.get('values')} {versions}".encode())
        return binary_answer(arrays, {**fields, **told}, etag=etag)

    def held(
        self, arguments: Arguments, directory: TagDirectory, most: int
    ) -> tuple[list[StepFile], dict[str, Any]]:
        """Every step where their values fit an answer, else evenly spaced ones and the last; how many there are."""
        steps = list(directory.steps.values())
        wanted = text(arguments, "values").split(",") if "values" in arguments else None
        fitting = min(most, WHOLE_BYTES // max(1, self.series.row_bytes(directory, wanted)))
        if len(steps) <= fitting:
            return steps, {"logged": len(steps), "thinned": False}
        kept = spaced(steps, max(1, fitting - 1))
        return [*kept, *steps[-1:]] if kept[-1] is not steps[-1] else kept, {
            "logged": len(steps),
            "thinned": True,
        }

    def thinned(self, arguments: Arguments, directory: TagDirectory) -> Answer:
        """The series in ``width`` pixel columns, or what of it changed since a token."""
        asked = thinned_asked(arguments)
        arrays, fields = self.series.changes(directory, asked, arguments.get("since", ""))
        known_metrics(asked.metrics, fields["known"])
        return binary_answer(arrays, fields, shrinks=True)

    def exact(self, arguments: Arguments, directory: TagDirectory) -> Answer:
        """The series of the steps that ``steps`` names."""
        wanted = integers(arguments, "steps")
        steps = directory.steps
        absent = [step for step in wanted if step not in steps]
        if absent:
            message = (
                f"run {text(arguments, 'run')!r}, tag {text(arguments, 'tag')!r} has no step {absent[0]}"
            )
            raise not_recorded("step", message, list(steps))
        series = self.series.series(directory, [steps[step] for step in sorted(set(wanted))])
        return binary_answer(*only_values(packed_series(series), arguments), shrinks=True)

    def facts(self, arguments: Arguments, directory: TagDirectory) -> Answer:
        """Marks, roles, baseline and hints alone, worked out in the background over evenly spaced steps."""
        run, tag = text(arguments, "run"), text(arguments, "tag")
        packed = self.background.answer(
            directory, evolution_asked(arguments), arguments.get("since", ""), (run, tag)
        )
        return binary_answer(*packed, shrinks=True)

    def evolution(self, arguments: Arguments, directory: TagDirectory, versions: str) -> Answer:
        """From memory when neither files nor thresholds have changed."""
        asked = evolution_asked(arguments)
        etag = digest(f"{asked} {arguments.get('values')} {versions}".encode())
        key = id(directory.files), directory.path, etag
        kept = self.kept.get(key)
        if kept is None:
            steps, told = self.held(arguments, directory, MOST_STEPS)
            series = self.series.series(directory, steps)
            arrays, fields = only_values(
                evolution_result(series, self.latest(arguments, series), asked), arguments
            )
            kept = binary_answer(arrays, {**fields, **told}, etag=etag)
            self.kept.put(key, kept, len(kept.content))
        return kept

    def latest(self, arguments: Arguments, series: MetricSeries) -> Header:
        """The header of the last step that can be read."""
        run, tag = text(arguments, "run"), text(arguments, "tag")
        if not len(series.steps):
            raise DamagedFileError(f"no step of run {run!r}, tag {tag!r} can be read: {series.damaged}")
        return self.opened(run, tag, int(series.steps[-1])).header

    def compare(self, arguments: Arguments) -> Answer:
        """What changed from record A (``run``, ``tag``, ``step``) to record B (the same names with ``_b``)."""
        first, second = where(arguments), second_record(arguments)
        asked, quantity = (arguments.get("v"), arguments.get("v_b")), quantity_asked(arguments)

        def with_second(one: OpenedRecord) -> tuple[Packed, str]:
            return self.records.use(
                *second, asked[1], lambda other: self.compared(first, one, second, other, quantity)
            )

        ((arrays, fields), version_b), version = self.records.use(*first, asked[0], with_second)
        return binary_answer(arrays, fields, immutable=None not in asked, etag=f"{version}.{version_b}")

    def compared(
        self,
        first: tuple[str, str, int],
        one: OpenedRecord,
        second: tuple[str, str, int],
        other: OpenedRecord,
        quantity: str = "weight",
    ) -> Packed:
        """Two opened records; of different runs, their first records say whether they start alike."""
        if first[0] == second[0]:
            return compare_result(one, other, None, quantity)
        starts = self.first_record(*first[:2]), self.first_record(*second[:2])
        return compare_result(one, other, starts, quantity)

    def first_record(self, run: str, tag: str) -> OpenedRecord:
        """The first logged record of a probe."""
        return self.opened(run, tag, min(self.listing.find_tag(run, tag).steps))

    def opened(self, run: str, tag: str, step: int, version: str | None = None) -> OpenedRecord:
        """One record as it is now."""
        return self.records.use(run, tag, step, version, lambda record: record)[0]

    def find(self, arguments: Arguments) -> Answer:
        """Every head's weight on a pattern, at one step or at several."""
        pattern = pattern_asked(arguments)
        run, tag = text(arguments, "run"), text(arguments, "tag")
        steps = integers(arguments, "steps" if "steps" in arguments else "step")
        asked = arguments.get("v") if len(steps) == 1 else None
        arrays, fields = find_result(
            steps, lambda step: self.opened(run, tag, step, asked), pattern, quantity_asked(arguments)
        )
        return binary_answer(arrays, fields, immutable=asked is not None)

    def rollout(self, arguments: Arguments) -> Answer:
        """What reaches each position through all layers of one stack."""
        asked, stack, heads = arguments.get("v"), arguments.get("stack"), arguments.get("heads", "mean")
        discard = number(arguments, "discard") if "discard" in arguments else 0.0

        def rolled(record: OpenedRecord) -> Packed:
            return rollout_result(record, stack, heads, discard)

        (arrays, fields), version = self.records.use(*where(arguments), asked, rolled)
        return binary_answer(arrays, fields, immutable=asked is not None, etag=version)

    def beside(self, request: wrappers.Request, record: OpenedRecord) -> Beside:
        """What a stand-alone page of the record holds beside it: the probe's series, record A, the run's scalars.

        Record A is the one that ``run_a``, ``tag_a`` and ``step_a`` name; there is none without ``step_a``.
        """
        arguments = request.args
        run, tag, step = where(arguments)
        directory = self.listing.find_tag(run, tag)
        logged = list(directory.steps.values())
        series, held = held_series(self.series, directory.files, logged, record)
        compared = None
        if "step_a" in arguments:
            place = arguments.get("run_a", run), arguments.get("tag_a", tag), integer(arguments, "step_a")
            other = self.opened(*place)
            both = place, other, (run, tag, step), record
            moved = [source.header.has_contributions for source in (other, record)]
            compared = Compared(
                place[0],
                other,
                self.compared(*both),
                self.compared(*both, "contribution") if all(moved) else None,
            )
        return Beside(series, held, len(logged), compared, self.shown_scalar(request, run))

    def shown_scalar(self, request: wrappers.Request, run: str) -> dict[str, Any]:
        """The scalar that ``scalar`` names, else a loss or the first of the run; none without any."""
        asking = context.from_environ(request.environ)
        experiment = request.environ.get(WSGI_ENVIRON_KEY, "")
        tags = list_scalars(self.provider, asking, experiment, run)
        wanted = request.args.get("scalar")
        losses = [tag for tag in tags if "loss" in tag.lower()]
        chosen = wanted if wanted in tags else next(iter([*losses, *tags]), None)
        if chosen is None:
            return {}
        return {chosen: read_scalars(self.provider, asking, experiment, run, chosen)}

    def scalars(self, request: wrappers.Request) -> Answer:
        """The scalars of a run, or one of them over the steps."""
        run, tag = text(request.args, "run"), request.args.get("tag")
        asking = context.from_environ(request.environ)
        experiment = request.environ.get(WSGI_ENVIRON_KEY, "")
        if tag is None:
            return json_answer({"run": run, "tags": list_scalars(self.provider, asking, experiment, run)})
        return json_answer(read_scalars(self.provider, asking, experiment, run, tag))


def second_record(arguments: Arguments) -> tuple[str, str, int]:
    """Record B of a comparison; run and tag are those of A unless they are given."""
    run, tag = text(arguments, "run"), text(arguments, "tag")
    return arguments.get("run_b", run), arguments.get("tag_b", tag), integer(arguments, "step_b")


def only_values(packed: Packed, arguments: Arguments) -> Packed:
    """The same with the values of the metrics that ``values`` names, where a query has it. Raises RequestError 400."""
    if "values" not in arguments:
        return packed
    arrays, fields = packed
    wanted = text(arguments, "values").split(",")
    known_metrics(wanted, fields["names"])
    columns = [fields["names"].index(name) for name in wanted]
    values = np.frombuffer(arrays[0].data, np.float32).reshape(arrays[0].shape)[..., columns]
    return [whole("values", "float32", values), *arrays[1:]], {**fields, "value_names": wanted}


def known_metrics(wanted: Sequence[str], known: Sequence[str]) -> None:
    """Raise RequestError 400 for a name that is no metric of a series."""
    unknown = [name for name in wanted if name not in known]
    if unknown:
        message = (
            f"values must be metrics with commas between them, got {unknown[0][:40]!r}; "
            f"metrics: {', '.join(known)}"
        )
        raise RequestError(400, "bad_request", message, parameter="values")


def thinned_asked(arguments: Arguments) -> ThinnedAsked:
    """Width, axis and metrics of a query. Raises RequestError 400."""
    width, axis = integer(arguments, "width"), arguments.get("axis", "linear")
    if not 1 <= width <= MOST_PIXELS:
        message = f"width must be pixels from 1 to {MOST_PIXELS}, got {width}"
        raise RequestError(400, "bad_request", message, parameter="width")
    if axis not in ("linear", "log"):
        raise RequestError(
            400, "bad_request", f"axis must be linear or log, got {axis[:40]!r}", parameter="axis"
        )
    metrics = tuple(text(arguments, "values").split(",")) if "values" in arguments else ()
    return ThinnedAsked(width, axis == "log", metrics)


def evolution_asked(arguments: Arguments) -> EvolutionAsked:
    """The thresholds that a query names, the others as they are."""
    given = {name: number(arguments, name) for name in THRESHOLD_NAMES if name in arguments}
    marks = {name: number(arguments, name) for name in ("smallest", "factor") if name in arguments}
    return EvolutionAsked(**marks, thresholds=parse_thresholds(given))


def pattern_asked(arguments: Arguments) -> Pattern:
    """A template, or positions of queries and keys. Raises RequestError 400."""
    query, key = (positions(arguments, name) if name in arguments else None for name in ("query", "key"))
    try:
        pattern = parse_pattern(arguments.get("template"), query, key)
    except InvalidRecordError as error:
        raise RequestError(400, "bad_request", str(error)) from error
    if "axes" not in arguments:
        return pattern
    query_tokens, _, key_tokens = arguments["axes"].partition(",")
    return Pattern(pattern.template, query, key, (query_tokens, key_tokens))
