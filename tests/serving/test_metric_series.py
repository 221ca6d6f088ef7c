"""Metric series: every step in its row, gaps as NaN, damaged files named and left out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from logs.small_log import HEADS, LAYERS, log_run, strip_to_metrics

from tensorboard_plugin_attn import AttentionReader
from tensorboard_plugin_attn.reading.series import MetricBlock, MetricSeries, SeriesLayer, stack_blocks
from tensorboard_plugin_attn.serving.answers import pack, unpack
from tensorboard_plugin_attn.serving.listing import Listing
from tensorboard_plugin_attn.serving.metric_series import MetricSource, packed_series
from tensorboard_plugin_attn.serving.roots import Root


def series_of(logdir: Path, source: MetricSource | None = None) -> MetricSeries:
    """The series of the probe below a directory."""
    listing = Listing([Root(str(logdir))])
    listing.walk()
    return (source or MetricSource()).series(listing.find_tag(".", "probe"))


def block(step: int, names: tuple[str, ...], shape: tuple[int, int], fill: float) -> MetricBlock:
    """The metrics of one made-up step."""
    layers = tuple(SeriesLayer(f"l{number}", "self", "", shape[1]) for number in range(shape[0]))
    return MetricBlock(step, 1.0, names, layers, np.full((*shape, len(names)), fill, np.float32))


def test_the_series_is_what_the_reader_reads(tmp_path: Path) -> None:
    log_run(tmp_path, steps=[0, 5, 9])
    series, expected = series_of(tmp_path), AttentionReader(tmp_path).metrics(".", "probe")
    np.testing.assert_array_equal(series.values, expected.values)
    assert series.values.shape == (3, LAYERS, HEADS, len(expected.names))
    assert series.names == expected.names
    assert series.steps.tolist() == [0, 5, 9]
    np.testing.assert_array_equal(series.wall_times, expected.wall_times)


def test_the_series_survives_its_transport(tmp_path: Path) -> None:
    log_run(tmp_path)
    series = series_of(tmp_path)
    fields, arrays = unpack(pack(*packed_series(series)))
    values = np.frombuffer(arrays["values"].data, np.float32).reshape(arrays["values"].shape)
    np.testing.assert_array_equal(values, series.values)
    assert np.frombuffer(arrays["steps"].data, np.float64).tolist() == [0, 1, 2]
    assert fields["names"] == series.names
    assert [layer["heads"] for layer in fields["layers"]] == [HEADS] * LAYERS
    assert fields["damaged"] == []


def test_steps_with_other_metrics_layers_or_heads_are_padded_with_nan() -> None:
    series = stack_blocks([block(0, ("a", "b"), (1, 3), 1.0), block(1, ("b", "c"), (2, 2), 2.0)])
    assert series.names == ["a", "b", "c"]
    assert series.layers == ["l0", "l1"]
    nan = np.nan
    np.testing.assert_array_equal(series.values[0, 0], [[1, 1, nan]] * 3)
    np.testing.assert_array_equal(series.values[0, 1], [[nan] * 3] * 3)
    np.testing.assert_array_equal(series.values[1, 1], [[nan, 2, 2]] * 2 + [[nan] * 3])


def test_a_damaged_step_is_named_and_the_others_stay(tmp_path: Path) -> None:
    log_run(tmp_path)
    path = next(tmp_path.rglob("*000001.safetensors"))
    path.write_bytes(path.read_bytes()[:-9])
    series = series_of(tmp_path)
    assert (series.steps.tolist(), series.damaged) == ([0, 2], [1])


def test_steps_of_metrics_alone_are_rows_like_the_others(tmp_path: Path) -> None:
    log_run(tmp_path)
    before = series_of(tmp_path)
    strip_to_metrics(next(tmp_path.rglob("*000001.safetensors")))
    np.testing.assert_array_equal(series_of(tmp_path).values, before.values)


def test_a_file_written_anew_since_the_listing_is_no_damage(tmp_path: Path) -> None:
    log_run(tmp_path)
    listing = Listing([Root(str(tmp_path))])
    listing.walk()
    log_run(tmp_path, steps=[1], precision="float32")
    series = MetricSource().series(listing.find_tag(".", "probe"))
    assert (series.steps.tolist(), series.damaged) == ([0, 1, 2], [])


def test_a_tag_with_only_damaged_steps_gives_an_empty_series(tmp_path: Path) -> None:
    log_run(tmp_path, steps=[4])
    next(tmp_path.rglob("*.safetensors")).write_bytes(b"x")
    series = series_of(tmp_path)
    assert (series.values.shape, series.names, series.damaged) == ((0, 0, 0, 0), [], [4])


def test_a_file_is_read_once_until_it_changes(tmp_path: Path) -> None:
    log_run(tmp_path)
    listing = Listing([Root(str(tmp_path))])
    listing.walk()
    source, directory = MetricSource(), listing.find_tag(".", "probe")
    first = source.series(directory)
    blocks = [source.block(directory.files, each) for each in directory.steps.values()]
    assert all(
        again is before
        for again, before in zip(
            [source.block(directory.files, each) for each in directory.steps.values()], blocks, strict=True
        )
    )
    log_run(tmp_path, steps=[1], metrics=["entropy"])
    directory.refresh()
    second = source.series(directory)
    assert np.isnan(second.values[1, :, :, first.names.index("confidence")]).all()


@pytest.mark.parametrize("limit", [0, 2000])
def test_a_small_memory_changes_nothing_but_speed(tmp_path: Path, limit: int) -> None:
    log_run(tmp_path)
    source = MetricSource(limit=limit)
    np.testing.assert_array_equal(series_of(tmp_path, source).values, series_of(tmp_path).values)
    assert source.cache.used <= limit
