"""Series files: the same numbers as the records, never those of a record that was written anew, and none needed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from logs.small_log import TOKENS, log_run, sample_weights, strip_to_metrics

from tensorboard_plugin_attn import AttentionReader, AttentionWriter
from tensorboard_plugin_attn.commands.command_line import main
from tensorboard_plugin_attn.encoding.series import SeriesFile, parse_series
from tensorboard_plugin_attn.errors import AttentionError, DamagedFileError
from tensorboard_plugin_attn.reading.series import MetricSeries
from tensorboard_plugin_attn.storing import packing
from tensorboard_plugin_attn.storing.files import LocalFiles
from tensorboard_plugin_attn.storing.packing import pack_directory, unpacked_steps
from tensorboard_plugin_attn.storing.series import PackedSeries, list_series
from tensorboard_plugin_attn.storing.store import list_steps, open_header, purge_steps

DIRECTORY = "plugins/attn/probe"


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four steps a file."""
    for module in ("storing.packing", "storing.series", "writing.series_packing", "reading.reader"):
        monkeypatch.setattr(f"tensorboard_plugin_attn.{module}.PACKED_STEPS", 4)
    monkeypatch.setattr(packing, "FEWEST", 1)


def packed_steps(root: Path) -> list[int]:
    """The steps that are found in series files, each with the numbers of its record."""
    files, found = LocalFiles(str(root)), PackedSeries()
    steps = []
    for step_file in list_steps(files, DIRECTORY):
        packed = found.find(files, step_file)
        if packed is not None:
            header = open_header(files, step_file)
            np.testing.assert_array_equal(packed.values, header.metrics)
            assert (packed.step, packed.wall_time, packed.form.kind) == (
                header.step,
                header.wall_time,
                header.kind,
            )
            steps.append(packed.step)
    return steps


def ranges(root: Path) -> list[tuple[int, int]]:
    return [(each.first, each.last) for each in list_series(LocalFiles(str(root)), DIRECTORY)]


def without_series(root: Path) -> MetricSeries:
    for path in root.rglob("series/*"):
        path.unlink()
    return AttentionReader(root).metrics(".", "probe")


def test_the_writer_packs_every_so_many_steps_and_the_reader_reads_the_same(tmp_path: Path) -> None:
    log_run(tmp_path, steps=range(-3, 7))
    assert ranges(tmp_path) == [(-3, 0), (1, 4)]
    assert packed_steps(tmp_path) == list(range(-3, 5))
    found = AttentionReader(tmp_path).metrics(".", "probe")
    evolution = AttentionReader(tmp_path).evolution(".", "probe")
    expected = without_series(tmp_path)
    for name in ("steps", "wall_times", "values"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
    assert (found.names, found.entries, found.facts) == (expected.names, expected.entries, expected.facts)
    assert evolution.steps.tolist() == list(range(-3, 7))


def test_what_was_packed_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log_run(tmp_path, steps=range(9))
    opened: list[int] = []

    def noted(files: Any, step_file: Any) -> Any:
        opened.append(step_file.step)
        return open_header(files, step_file)

    monkeypatch.setattr("tensorboard_plugin_attn.reading.reader.open_header", noted)
    assert AttentionReader(tmp_path).metrics(".", "probe").steps.tolist() == list(range(9))
    assert opened == [8]


def test_steps_that_a_killed_writer_left_are_packed_by_the_next(tmp_path: Path) -> None:
    log_run(tmp_path, steps=range(3))
    log_run(tmp_path, steps=range(3, 6))
    assert ranges(tmp_path) == []
    log_run(tmp_path, steps=range(6, 10))
    assert ranges(tmp_path) == [(0, 3), (4, 7)]


def test_a_step_that_is_written_anew_is_read_from_its_record(tmp_path: Path) -> None:
    log_run(tmp_path, steps=range(4))
    with AttentionWriter(tmp_path) as writer:
        writer.add_attention("probe", sample_weights(99), TOKENS, 2)
    assert packed_steps(tmp_path) == [0, 1, 3]
    found = AttentionReader(tmp_path).metrics(".", "probe")
    np.testing.assert_array_equal(found.values, without_series(tmp_path).values)


def test_a_step_whose_other_form_is_written_is_read_from_its_record(tmp_path: Path) -> None:
    log_run(tmp_path, steps=range(4))
    strip_to_metrics(tmp_path / DIRECTORY / f"{1:012d}.safetensors")
    assert packed_steps(tmp_path) == [0, 2, 3]


def test_a_series_of_which_little_still_holds_is_made_anew(tmp_path: Path) -> None:
    log_run(tmp_path, steps=range(8))
    log_run(tmp_path, steps=range(3))
    files = LocalFiles(str(tmp_path))
    assert unpacked_steps(files, DIRECTORY, list_steps(files, DIRECTORY)) == 4
    assert pack_directory(files, DIRECTORY) == 1
    assert (ranges(tmp_path), packed_steps(tmp_path)) == ([(0, 3), (4, 7)], list(range(8)))
    assert pack_directory(files, DIRECTORY) == 0


def test_steps_between_two_series_get_one_of_their_own(tmp_path: Path) -> None:
    log_run(tmp_path, steps=[0, 1, 2, 3, 20, 21, 22, 23])
    log_run(tmp_path, steps=[10, 11])
    files = LocalFiles(str(tmp_path))
    assert pack_directory(files, DIRECTORY) == 1
    assert ranges(tmp_path) == [(0, 3), (10, 11), (20, 23)]


def test_a_purge_and_a_deleted_record_leave_no_numbers_behind(tmp_path: Path) -> None:
    log_run(tmp_path, steps=range(8))
    purge_steps(LocalFiles(str(tmp_path)), "", 5)
    assert (ranges(tmp_path), packed_steps(tmp_path)) == ([(0, 3)], [0, 1, 2, 3])
    (tmp_path / DIRECTORY / f"{0:012d}.safetensors").unlink()
    assert AttentionReader(tmp_path).metrics(".", "probe").steps.tolist() == [1, 2, 3, 4]


def test_a_model_of_many_heads_has_fewer_steps_in_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_run(tmp_path, steps=range(3))
    size = open_header(files := LocalFiles(str(tmp_path)), list_steps(files, DIRECTORY)[0]).metrics.nbytes
    monkeypatch.setattr(packing, "SERIES_BYTES", 2 * size)
    log_run(tmp_path, steps=range(3, 7))
    assert ranges(tmp_path) == [(0, 1), (2, 3)]
    assert packed_steps(tmp_path) == [0, 1, 2, 3]


def test_steps_of_several_forms_lie_in_one_file(tmp_path: Path) -> None:
    log_run(tmp_path, steps=range(2))
    with AttentionWriter(tmp_path, metrics=["entropy"]) as writer:
        writer.add_attention("probe", sample_weights(2)[:1], TOKENS, 2)
        writer.add_attention("probe", sample_weights(3)[:1] * 0.5, TOKENS, 3)
    pack_directory(LocalFiles(str(tmp_path)), DIRECTORY)
    assert packed_steps(tmp_path) == [0, 1, 2, 3]
    found = AttentionReader(tmp_path).metrics(".", "probe")
    expected = without_series(tmp_path)
    np.testing.assert_array_equal(found.values, expected.values)
    assert found.facts == expected.facts
    assert found.facts[3].faults


CHANGES: dict[str, Callable[[bytes], bytes]] = {
    "cut": lambda data: data[:-1],
    "cut in the header": lambda data: data[:50],
    "empty": lambda data: b"",
    "a bit in the header": lambda data: data.replace(b"entropy", b"entropz", 1),
    "a bit in the numbers": lambda data: data[:-3] + bytes([data[-3] ^ 1]) + data[-2:],
    "a newer format": lambda data: data.replace(b'\\"format\\":2', b'\\"format\\":3', 1),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_damaged_series_is_named_and_the_records_are_read(change: str, tmp_path: Path) -> None:
    log_run(tmp_path, steps=range(5))
    expected = AttentionReader(tmp_path).metrics(".", "probe")
    (path,) = tmp_path.rglob("series/*")
    path.write_bytes(CHANGES[change](path.read_bytes()))
    with pytest.raises(AttentionError):
        parse_series(path.read_bytes(), "there")
    assert packed_steps(tmp_path) == []
    np.testing.assert_array_equal(AttentionReader(tmp_path).metrics(".", "probe").values, expected.values)
    assert main(["verify", str(tmp_path)]) == 1
    assert main(["doctor", str(tmp_path), "--repair"]) == 0
    assert packed_steps(tmp_path) == [0, 1, 2, 3]
    assert main(["verify", str(tmp_path)]) == 0


def test_pruning_removes_the_numbers_too_and_ls_counts_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log_run(tmp_path, steps=range(9))
    main(["ls", str(tmp_path)])
    size = sum(path.stat().st_size for path in tmp_path.rglob("*.safetensors"))
    assert f"{size / 1000:.1f} KB"[:4] in capsys.readouterr().out.splitlines()[-1]
    main(["prune", str(tmp_path), "--keep-last", "4"])
    assert (ranges(tmp_path), packed_steps(tmp_path)) == ([], [])
    main(["prune", str(tmp_path), "--keep-last", "0"])
    assert not (tmp_path / DIRECTORY).exists()


def test_a_series_of_someone_elses_is_right_or_damaged(tmp_path: Path) -> None:
    from serving.test_wrong_headers import WRONG, mutated, places, rewritten

    log_run(tmp_path, steps=range(4))
    (path,) = tmp_path.rglob("series/*")
    content, metas = path.read_bytes(), []
    rewritten(content, lambda meta: metas.append(meta) or meta)
    for where in places(metas[0]):
        for value in WRONG:
            changed = rewritten(content, lambda meta, at=where, to=value: mutated(meta, at, to))
            try:
                assert isinstance(parse_series(changed), SeriesFile)
            except DamagedFileError:
                continue
