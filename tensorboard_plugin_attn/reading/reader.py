"""A log directory → its runs, tags, steps, records and head metrics, for notebooks and scripts."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from tensorboard_plugin_attn.encoding.decode import read_record
from tensorboard_plugin_attn.encoding.header import Header
from tensorboard_plugin_attn.errors import DamagedFileError, NotRecordedError, spell_out
from tensorboard_plugin_attn.reading.series import (
    MetricBlock,
    MetricSeries,
    metric_block,
    packed_block,
    stack_blocks,
)
from tensorboard_plugin_attn.reading.source import Source, check_quantity
from tensorboard_plugin_attn.reading.studies import compare_sources, evolve_series, find_in_source
from tensorboard_plugin_attn.record.record import AttentionRecord
from tensorboard_plugin_attn.storing.files import open_files
from tensorboard_plugin_attn.storing.series import PACKED_STEPS, PackedSeries
from tensorboard_plugin_attn.storing.store import StepFile, list_steps, list_tags, open_header, open_step
from tensorboard_plugin_attn.storing.walk import run_directories
from tensorboard_plugin_attn.studying.compare import Comparison
from tensorboard_plugin_attn.studying.evolution import Evolution
from tensorboard_plugin_attn.studying.find import Found, evenly_first, parse_pattern
from tensorboard_plugin_attn.studying.health import Thresholds
from tensorboard_plugin_attn.studying.rollout import Rollout, roll_out

if TYPE_CHECKING:
    from tensorboard_plugin_attn.showing.shown import Shown

__all__ = ["AttentionReader"]


class AttentionReader:
    """Reads what AttentionWriter wrote below a directory or fsspec URL.

    Examples:
        >>> reader = AttentionReader("runs")
        >>> record = reader.read("baseline", "doctor/she", 60)
        >>> record.layers[5].weights[3]  # float32 [query, key] of layer 5, head 3
    """

    def __init__(self, logdir: str | os.PathLike[str]) -> None:
        self.files = open_files(logdir)

    def runs(self) -> list[str]:
        """The runs with attention, named as TensorBoard names them; ``"."`` is the directory itself."""
        paths = ["/".join(parts) for parts in run_directories(self.files)]
        return sorted(path or "." for path in paths if self.logged_tags(path))

    def tags(self, run: str) -> list[str]:
        """The probes of a run. Raises NotRecordedError."""
        tags = self.logged_tags(run_path(run))
        if not tags:
            raise NotRecordedError(
                f"no attention recorded for run {run!r}; recorded runs: {spell_out(self.runs())}"
            )
        return tags

    def steps(self, run: str, tag: str) -> list[int]:
        """The logged steps of a probe, in order. Raises NotRecordedError."""
        return [step_file.step for step_file in self.step_files(run, tag)]

    def read(self, run: str, tag: str, step: int) -> AttentionRecord:
        """One record; ``layers[i].weights`` is float32 ``[head, query, key]``.

        Raises:
            NotRecordedError: run, tag or step was never logged; the message says what was.
            DamagedFileError: the file is not whole.
        """
        source = self.source(run, tag, step)
        return read_record(source.header, source.read)

    def metrics(self, run: str, tag: str) -> MetricSeries:
        """Every head's metrics at every logged step. Raises NotRecordedError."""
        return stack_blocks(self.blocks(run, tag))

    def evolution(self, run: str, tag: str, thresholds: Thresholds | None = None) -> Evolution:
        """What emerged when (``marks()``), the role of each head at each step, hints at what may be wrong.

        Raises NotRecordedError.
        """
        series = stack_blocks(self.blocks(run, tag))
        return evolve_series(series, self.source(run, tag, int(series.steps[-1])).header, thresholds)

    def compare(
        self, first: tuple[str, str, int], second: tuple[str, str, int], *, quantity: str = "weight"
    ) -> Comparison:
        """Two records, each as (run, tag, step) → what every head gained and lost from the first to the second.

        Args:
            quantity: ``"contribution"`` compares ``weight · value_norm[key]`` by its row's sum (Kobayashi et al. 2020).

        Raises:
            IncomparableError: they are of inputs that do not align; it says why.
            NotRecordedError: one was never logged, with head metrics only, or without ``value_norm``.
            InvalidRecordError: there is no such quantity.
            DamagedFileError: a file is not whole.

        Examples:
            >>> reader.compare(("a", "doctor/she", 0), ("a", "doctor/she", 60)).ranking()[0]
        """
        same_run = first[0] == second[0]
        starts = None if same_run else (self.first_header(*first[:2]), self.first_header(*second[:2]))
        check_quantity(quantity)
        one, other = (replace(self.source(*each), quantity=quantity) for each in (first, second))
        return compare_sources(one, other, same_run=same_run, starts=starts)

    def find(
        self,
        run: str,
        tag: str,
        step: int,
        *,
        query: Any = None,
        key: Any = None,
        template: str | None = None,
        quantity: str = "weight",
    ) -> Found:
        """Every head's weight from some queries on some keys, or on a template's cells, at one step.

        Args:
            query: a position, a token, a set of them, or a ``range`` of positions.
            key: the same.
            template: ``"previous"``, ``"same"``, ``"next"``, ``"first"``, ``"same_word"``, ``"induction"`` or
                ``"across"`` (the sentences of a pair), instead of query and key; of patches ``"left"``, ``"right"``,
                ``"above"``, ``"below"``, ``"row"`` and ``"column"`` (the others of it).
            quantity: ``"contribution"`` sums ``weight · value_norm[key]`` by its row's sum.

        Raises:
            InvalidRecordError: the probe has no such tokens, or cannot have the template; no such quantity.
            NotRecordedError: it was never logged, with head metrics only, or without ``value_norm``.
            DamagedFileError: the file is not whole.

        Examples:
            >>> reader.find("a", "doctor/she", 60, query="she", key="nurse").ranking()[:5]
            >>> reader.find("a", "doctor/she", 60, query=range(9, 12), key=range(2, 6)).ranking()  # a region
        """
        check_quantity(quantity)
        source = replace(self.source(run, tag, step), quantity=quantity)
        return find_in_source(source, parse_pattern(template, query, key))

    def find_over_steps(
        self,
        run: str,
        tag: str,
        *,
        query: Any = None,
        key: Any = None,
        template: str | None = None,
        quantity: str = "weight",
    ) -> Iterator[Found]:
        """``find`` at every readable step with weights, the last and the first step first, then those between.

        Each carries ``done`` and ``total``, for a bar of progress. Raises as ``find``.
        """
        check_quantity(quantity)
        pattern = parse_pattern(template, query, key)
        steps = [each for each in self.step_files(run, tag) if each.kind == "weights"]
        for done, step_file in enumerate(evenly_first(steps), start=1):
            with suppress(DamagedFileError):
                found = find_in_source(replace(self.open_source(step_file), quantity=quantity), pattern)
                yield replace(found, done=done, total=len(steps))

    def rollout(
        self,
        run: str,
        tag: str,
        step: int,
        *,
        stack: str | None = None,
        heads: Literal["mean", "max", "min"] = "mean",
        discard: float = 0.0,
    ) -> Rollout:
        """What reaches each position through all layers of one stack (Abnar & Zuidema 2020).

        Args:
            stack: such as ``"vision"``; None: the only one, or the only one with an image.
            heads: how a layer's heads become one map.
            discard: the share of each layer's smallest weights that counts as 0.

        Raises:
            InvalidRecordError: the stack has no rollout, such as one of windows or of pooled stages; it says why.
            NotRecordedError: it was never logged, or with head metrics only.
            DamagedFileError: the file is not whole.

        Examples:
            >>> reader.rollout("a", "cat", 60).over_picture(query=0)  # of [CLS], [row, column]
        """
        source = self.source(run, tag, step)
        source.check_patterns()
        return roll_out(source.header, source.bands, stack=stack, heads=heads, discard=discard)

    def to_html(
        self, run: str, tag: str, step: int, *, view: str = "model", layer: int = 0, head: int = 0
    ) -> str:
        """One record as one HTML file with the tab's own views, that opens from disk without server or network.

        Args:
            view: the one that is open at first: ``"evolution"``, ``"model"``, ``"head"`` or ``"neuron"``.
                Histories have every step, of very many an even choice; patterns are those of this one step.
                Query and key travel with the Neuron view alone: those of ``layer``, and of its neighbours
                as long as the file stays below 6 MB.
            layer: the one that is selected at first.
            head: the same.

        Raises:
            NotRecordedError: run, tag or step was never logged.
            RequestError: there is no such view, or the frontend is not built.
            DamagedFileError: the file is not whole.

        Examples:
            >>> Path("nurse.html").write_text(reader.to_html("a", "doctor/she", 60), encoding="utf-8")
        """
        # Imported here: it brings in TensorBoard, which nothing else of this module needs.
        from tensorboard_plugin_attn.serving.metric_series import MetricSource
        from tensorboard_plugin_attn.serving.opened_record import open_record
        from tensorboard_plugin_attn.serving.page_contents import Beside, held_series
        from tensorboard_plugin_attn.serving.standalone import standalone_html

        record = open_record(self.files, self.find_step(run, tag, step))
        steps = self.step_files(run, tag)
        series, held = held_series(MetricSource(), self.files, steps, record)
        state = f"p.attn.layer={layer:d}&p.attn.head={head:d}"
        return standalone_html(record, run, view, state, Beside(series, held, len(steps)))

    def show(
        self,
        run: str,
        tag: str,
        step: int | None = None,
        *,
        view: Literal["evolution", "model", "head", "neuron"] = "model",
        save: str | os.PathLike[str] | None = None,
        layer: int | None = None,
        head: int | None = None,
    ) -> Shown:
        """A run, or one of its records, in a notebook's cell, with the tab's own views.

        Args:
            step: one record; None: the run, with a slider over its steps. The page has every step's metrics, and the
                patterns of as many steps, evenly spaced, as it holds in 6 MB.
            view: of a run also ``"evolution"``. Query and key are those of one record, of a run the last.
            save: also write the page to this file.

        Raises:
            NotRecordedError: run, tag or step was never logged.
            InvalidRecordError: there is no such ``view``.

        Examples:
            >>> reader.show("a", "doctor/she", view="evolution")
            >>> reader.show("a", "doctor/she", 60, view="head")
        """
        from tensorboard_plugin_attn.showing.page import check_view, page_of_run, page_of_step
        from tensorboard_plugin_attn.showing.show import selected
        from tensorboard_plugin_attn.showing.shown import Shown

        check_view(view, is_run=step is None)
        state = selected(layer, head, None)
        page = (
            page_of_run(self, run, tag, view, state)
            if step is None
            else page_of_step(self, run, tag, step, view, state)
        )
        return Shown(page).written(save).display()

    def blocks(self, run: str, tag: str) -> list[MetricBlock]:
        """The metrics of each step of a tag. Raises DamagedFileError where none can be read."""
        steps, packed = self.step_files(run, tag), PackedSeries()
        blocks = [self.block(each, packed if len(steps) >= PACKED_STEPS else None) for each in steps]
        if all(block.values is None for block in blocks):
            damaged = [block.step for block in blocks]
            raise DamagedFileError(f"no step of run {run!r}, tag {tag!r} can be read: {damaged}")
        return blocks

    def block(self, step_file: StepFile, packed: PackedSeries | None) -> MetricBlock:
        """The metrics of one step, from a series file where one has them; without values where it is damaged."""
        found = None if packed is None else packed.find(self.files, step_file)
        if found is not None:
            return packed_block(found)
        try:
            return metric_block(open_header(self.files, step_file))
        except DamagedFileError:
            return MetricBlock(step_file.step)

    def first_header(self, run: str, tag: str) -> Header:
        """The header of the first logged step."""
        return open_header(self.files, self.step_files(run, tag)[0])

    def source(self, run: str, tag: str, step: int) -> Source:
        """One record, opened."""
        return self.open_source(self.find_step(run, tag, step))

    def open_source(self, step_file: StepFile) -> Source:
        """One file, opened."""
        return Source(*open_step(self.files, step_file))

    def logged_tags(self, path: str) -> list[str]:
        """The tags of a run that have steps; a writer that failed or purged may leave empty directories."""
        tags = list_tags(self.files, path)
        return [tag for tag, directory in tags.items() if list_steps(self.files, directory)]

    def step_files(self, run: str, tag: str) -> list[StepFile]:
        """The files of a tag, or an error that lists the tags."""
        tags = list_tags(self.files, run_path(run))
        found = list_steps(self.files, tags[tag]) if tag in tags else []
        if not found:
            raise NotRecordedError(
                f"no attention recorded for run {run!r}, tag {tag!r}; recorded tags: {spell_out(self.tags(run))}"
            )
        return found

    def find_step(self, run: str, tag: str, step: int) -> StepFile:
        """The file of a step, or an error that lists the steps."""
        files = {step_file.step: step_file for step_file in self.step_files(run, tag)}
        if step not in files:
            raise NotRecordedError(
                f"no attention recorded for run {run!r}, tag {tag!r}, step {step}; recorded steps: {spell_out(list(files))}"
            )
        return files[step]


def run_path(run: str) -> str:
    """The name of a run → its directory below the root."""
    return "" if run == "." else run
