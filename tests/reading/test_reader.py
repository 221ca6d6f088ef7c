"""AttentionReader: runs, tags, steps, records and metrics, and what it says of what is not there."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pytest
from logs.random_attention import random_record, softmax_weights, token_list

from tensorboard_plugin_attn import AttentionReader, AttentionWriter
from tensorboard_plugin_attn.errors import DamagedFileError, NotRecordedError
from tensorboard_plugin_attn.measuring.head_metrics import METRICS

numbers = itertools.count()


@pytest.fixture(params=["local", "memory"])
def root(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty log directory of each sort."""
    if request.param == "local":
        yield str(tmp_path)
        return
    yield f"memory://reader-{next(numbers)}"
    fsspec.filesystem("memory").store.clear()


def log(directory: object, tag: str = "probe", steps: Sequence[int] = (0, 10), **options: Any) -> None:
    """Log a random record at some steps; the seed is the step."""
    with AttentionWriter(str(directory), **options) as writer:
        for step in steps:
            writer.add_record(tag, random_record((2, 3), seed=step), step)


def test_runs_tags_and_steps_are_found_locally_and_remotely(root: str) -> None:
    log(root)
    log(f"{root}/baseline", "doctor/she", [5])
    log(f"{root}/sweep/lr=0.1", "Doctor/She", [30, 20])
    reader = AttentionReader(root)
    assert reader.runs() == [".", "baseline", "sweep/lr=0.1"]
    assert reader.tags(".") == ["probe"]
    assert reader.tags("sweep/lr=0.1") == ["Doctor/She"]
    assert reader.steps("sweep/lr=0.1", "Doctor/She") == [20, 30]


def test_a_record_comes_back_locally_and_remotely(root: str) -> None:
    log(root, steps=[3])
    record, expected = AttentionReader(root).read(".", "probe", 3), random_record((2, 3), seed=3)
    assert record.tokens == expected.tokens
    for layer, original in zip(record.layers, expected.layers, strict=True):
        assert layer.weights.dtype == np.float32
        assert np.abs(layer.weights - original.weights).max() <= 0.00197
        assert layer.name == original.name


def test_steps_that_are_written_later_are_seen(root: str) -> None:
    reader = AttentionReader(root)
    assert reader.runs() == []
    log(root, steps=[0])
    assert reader.steps(".", "probe") == [0]
    log(root, steps=[1])
    assert reader.steps(".", "probe") == [0, 1]


def test_purging_and_replacing_work_remotely_too(root: str) -> None:
    log(root, steps=[0, 1, 2])
    log(root, steps=[1], purge_step=2)
    assert AttentionReader(root).steps(".", "probe") == [0, 1]


def test_metrics_of_every_step_are_one_array(tmp_path: Path) -> None:
    log(tmp_path, steps=[0, 10, 20], metrics=["entropy", "confidence"])
    series = AttentionReader(tmp_path).metrics(".", "probe")
    assert (series.steps.tolist(), series.names, series.damaged) == (
        [0, 10, 20],
        ["entropy", "confidence"],
        [],
    )
    assert series.layers == ["layer.0", "layer.1"]
    assert series.values.shape == (3, 2, 3, 2)
    for row, step in enumerate((0, 10, 20)):
        for number, layer in enumerate(random_record((2, 3), seed=step).layers):
            found = series.values[row, number, : layer.num_heads]
            np.testing.assert_allclose(found[:, 0], METRICS["entropy"](layer), rtol=1e-6)
            np.testing.assert_allclose(found[:, 1], METRICS["confidence"](layer), rtol=1e-6)
    assert np.isnan(series.values[:, 0, 2]).all()
    assert (np.diff(series.wall_times) >= 0).all()


def test_steps_logged_with_other_metrics_are_padded_with_nan(tmp_path: Path) -> None:
    log(tmp_path, steps=[0], metrics=["entropy"])
    log(tmp_path, steps=[1], metrics=["confidence", "entropy"])
    series = AttentionReader(tmp_path).metrics(".", "probe")
    assert series.names == ["entropy", "confidence"]
    assert np.isnan(series.values[0, ..., 1]).all()
    assert not np.isnan(series.values[1, 0, 0]).any()
    assert not np.isnan(series.values[:, 0, 0, 0]).any()


def test_your_own_metric_is_read_back_by_its_name(tmp_path: Path) -> None:
    log(tmp_path, steps=[0], metrics={"first_row": lambda layer: layer.weights[:, 0, 0]})
    series = AttentionReader(tmp_path).metrics(".", "probe")
    column = series.names.index("first_row")
    expected = random_record((2, 3)).layers[1].weights[:, 0, 0]
    np.testing.assert_array_equal(series.values[0, 1, :, column], expected)


def test_a_dataframe_has_a_row_per_step_layer_and_head(tmp_path: Path) -> None:
    log(tmp_path, steps=[0, 10], metrics=["entropy", "confidence"])
    series = AttentionReader(tmp_path).metrics(".", "probe")
    frame = series.to_dataframe()
    assert list(frame.columns) == ["entropy", "confidence"]
    assert list(frame.index.names) == ["step", "layer", "head"]
    assert len(frame) == 2 * 2 * 3
    assert frame.loc[(10, 1, 2), "confidence"] == pytest.approx(series.values[1, 1, 2, 1])


def damage(directory: Path, step: int, tag: str = "probe") -> Path:
    """Cut a record off in the middle."""
    path = directory / "plugins/attn" / tag / f"{step:012d}.safetensors"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return path


def test_a_damaged_step_is_listed_and_named_and_all_others_work(tmp_path: Path) -> None:
    log(tmp_path, steps=[0, 10, 20])
    damage(tmp_path, 10)
    reader = AttentionReader(tmp_path)
    assert reader.steps(".", "probe") == [0, 10, 20]
    with pytest.raises(
        DamagedFileError, match=r"probe/000000000010\.safetensors: the file has .* bytes"
    ) as caught:
        reader.read(".", "probe", 10)
    assert caught.value.path == "plugins/attn/probe/000000000010.safetensors"
    assert len(reader.read(".", "probe", 20).layers) == 2
    series = reader.metrics(".", "probe")
    assert (series.steps.tolist(), series.damaged) == ([0, 20], [10])


def test_metrics_of_nothing_but_damaged_steps_say_which(tmp_path: Path) -> None:
    log(tmp_path, steps=[0, 10])
    damage(tmp_path, 0)
    damage(tmp_path, 10)
    with pytest.raises(DamagedFileError, match=r"no step of run '\.', tag 'probe' can be read: \[0, 10\]"):
        AttentionReader(tmp_path).metrics(".", "probe")


UNKNOWN: list[tuple[tuple[str, str, int], str]] = [
    (("b", "probe", 0), r"no attention recorded for run 'b'; recorded runs: \., a$"),
    ((".", "other", 0), r"for run '\.', tag 'other'; recorded tags: probe$"),
    ((".", "probe", 3), r"for run '\.', tag 'probe', step 3; recorded steps: 0, 10$"),
    (("plugins", "probe", 0), r"no attention recorded for run 'plugins'"),
]


@pytest.mark.parametrize(("place", "message"), UNKNOWN)
def test_what_nobody_logged_is_answered_with_what_was(
    place: tuple[str, str, int], message: str, tmp_path: Path
) -> None:
    log(tmp_path)
    log(tmp_path / "a")
    with pytest.raises(NotRecordedError, match=message):
        AttentionReader(tmp_path).read(*place)


def test_a_long_list_of_what_there_is_is_cut_and_says_so(tmp_path: Path) -> None:
    with AttentionWriter(tmp_path) as writer:
        for step in range(30):
            writer.add_attention("probe", [softmax_weights(1, 2, 2)], token_list(2), step)
    with pytest.raises(NotRecordedError, match=r"recorded steps: 0, 1, .*, 18, 19 and 10 more$"):
        AttentionReader(tmp_path).read(".", "probe", 99)


def test_a_tag_whose_steps_were_all_purged_is_gone(tmp_path: Path) -> None:
    log(tmp_path / "a")
    log(tmp_path / "a", "kept", [0])
    log(tmp_path / "b")
    AttentionWriter(tmp_path / "b", purge_step=0).close()
    (tmp_path / "a/plugins/attn/empty").mkdir()
    reader = AttentionReader(tmp_path)
    assert (reader.runs(), reader.tags("a")) == (["a"], ["kept", "probe"])
    for ask in (
        reader.tags,
        lambda run: reader.metrics(run, "probe"),
        lambda run: reader.steps(run, "probe"),
    ):
        with pytest.raises(NotRecordedError, match="no attention recorded for run 'b'"):
            ask("b")


def test_an_empty_directory_has_no_runs(tmp_path: Path) -> None:
    assert AttentionReader(tmp_path).runs() == []
    with pytest.raises(NotRecordedError, match="recorded runs: none"):
        AttentionReader(tmp_path).tags(".")
