"""A log directory → its runs, tags, steps, records and head metrics, for notebooks and scripts."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn.errors import DamagedFileError, NotRecordedError
from tensorboard_plugin_attn.files import open_files
from tensorboard_plugin_attn.read_record import read_record
from tensorboard_plugin_attn.record import AttentionRecord
from tensorboard_plugin_attn.store import StepFile, list_steps, list_tags, open_header
from tensorboard_plugin_attn.walk import run_directories

__all__ = ["AttentionReader", "MetricSeries"]


@dataclass(frozen=True)
class MetricSeries:
    """Head metrics of one probe over the steps.

    ``values`` is float32 ``[step, layer, head, metric]``, NaN where a head does not exist, a metric is not
    defined, or a step was not logged with it. ``damaged`` names the steps whose file cannot be read; they are
    not among ``steps``.
    """

    steps: NDArray[np.int64]
    wall_times: NDArray[np.float64]
    names: list[str]
    layers: list[str]
    values: NDArray[np.float32]
    damaged: list[int]

    def to_dataframe(self) -> Any:
        """A pandas DataFrame: one row per step, layer and head, one column per metric. Needs pandas."""
        import pandas

        _, num_layers, num_heads, _ = self.values.shape
        index = pandas.MultiIndex.from_product(
            [self.steps.tolist(), range(num_layers), range(num_heads)], names=["step", "layer", "head"]
        )
        return pandas.DataFrame(self.values.reshape(len(index), -1), index=index, columns=self.names)


class AttentionReader:
    """Reads what AttentionWriter wrote below a directory or fsspec URL.

    Example:
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
                f"no attention recorded for run {run!r}; recorded runs: {listed(self.runs())}"
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
        step_file = self.find_step(run, tag, step)
        header = open_header(self.files, step_file)
        return read_record(header, lambda start, stop: self.files.read(step_file.path, start, stop))

    def metrics(self, run: str, tag: str) -> MetricSeries:
        """Every head's metrics at every logged step. Raises NotRecordedError."""
        headers, damaged = [], []
        for step_file in self.step_files(run, tag):
            try:
                headers.append((step_file.step, open_header(self.files, step_file)))
            except DamagedFileError:
                damaged.append(step_file.step)
        if not headers:
            raise DamagedFileError(f"no step of run {run!r}, tag {tag!r} can be read: {damaged}")
        names = ordered_union(header.meta["metrics"] for _, header in headers)
        last = headers[-1][1].meta["layers"]
        return MetricSeries(
            steps=np.array([step for step, _ in headers]),
            wall_times=np.array([header.meta["wall_time"] for _, header in headers]),
            names=names,
            layers=[entry["name"] for entry in last],
            values=stack_metrics([(header.meta["metrics"], header.metrics) for _, header in headers], names),
            damaged=damaged,
        )

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
                f"no attention recorded for run {run!r}, tag {tag!r}; recorded tags: {listed(self.tags(run))}"
            )
        return found

    def find_step(self, run: str, tag: str, step: int) -> StepFile:
        """The file of a step, or an error that lists the steps."""
        files = {step_file.step: step_file for step_file in self.step_files(run, tag)}
        if step not in files:
            raise NotRecordedError(
                f"no attention recorded for run {run!r}, tag {tag!r}, step {step}; recorded steps: {listed(files)}"
            )
        return files[step]


def run_path(run: str) -> str:
    """The name of a run → its directory below the root."""
    return "" if run == "." else run


def stack_metrics(
    records: list[tuple[list[str], NDArray[np.float32]]], names: list[str]
) -> NDArray[np.float32]:
    """Metrics ``[layer, head, metric]`` of each step, with their names → ``[step, layer, head, metric]``."""
    layers = max(values.shape[0] for _, values in records)
    heads = max(values.shape[1] for _, values in records)
    stacked = np.full((len(records), layers, heads, len(names)), np.nan, np.float32)
    for row, (own_names, values) in enumerate(records):
        columns = [names.index(name) for name in own_names]
        stacked[row, : values.shape[0], : values.shape[1], columns] = np.moveaxis(values, -1, 0)
    return stacked


def ordered_union(lists: Iterable[list[str]]) -> list[str]:
    """Every name once, in the order of first appearance."""
    return list(dict.fromkeys(name for names in lists for name in names))


def listed(names: Iterable[Any]) -> str:
    """Names for a message, the first twenty spelled out."""
    found = [str(name) for name in names]
    more = f" and {len(found) - 20} more" if len(found) > 20 else ""
    return (", ".join(found[:20]) or "none") + more
