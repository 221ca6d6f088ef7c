"""Tags and steps ⇄ paths, and what is listed, opened and purged."""

from __future__ import annotations

import os
import string
import time
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from logs.random_attention import random_record
from make_fixtures import FOLDER

from tensorboard_plugin_attn import AttentionReader, AttentionWriter
from tensorboard_plugin_attn.errors import DamagedFileError, InvalidRecordError
from tensorboard_plugin_attn.storing.files import LocalFiles
from tensorboard_plugin_attn.storing.store import (
    directory_tag,
    list_steps,
    list_tags,
    open_header,
    purge_steps,
    step_name,
    tag_directory,
    write_step,
)

SAMPLE = (FOLDER / "records" / "pair.safetensors").read_bytes()
HARD_TAGS = [
    "doctor/she",
    "doctor\\she",
    "a b  c",
    "v1.2",
    ".",
    "..",
    "../..",
    "../../../etc/passwd",
    "/absolute",
    ".hidden",
    "trailing.",
    " ",
    "%2F",
    "%2f",
    "a%2fb",
    "~",
    "~home",
    "plugins",
    "con",
    "nul\x00",
    "line\nbreak",
    "na\u00efve",
    "nai\u0308ve",
    "日本語",
    "👩‍🚀",
    "\ud800",
    "שלום",
    "Doctor/She",
    "DOCTOR/SHE",
    "doctor/She",
    "x" * 300,
    "x" * 299,
    "é" * 150,
    "x" * 120,
    "x" * 121,
    "İ",
    "ß",
    "ẞ",
]


def test_hard_tags_have_different_directories_on_any_file_system() -> None:
    names = [tag_directory(tag).casefold() for tag in HARD_TAGS]
    assert len(set(names)) == len(HARD_TAGS)


SAFE = set(string.ascii_letters + string.digits + "-_%~")


@given(st.text(st.characters(), min_size=1, max_size=200))
@example("..")
@example("a" * 120)
@example("A" * 400)
def test_a_tags_directory_is_one_plain_short_name(tag: str) -> None:
    name = tag_directory(tag)
    assert set(name) <= SAFE
    assert 1 <= len(name.encode()) <= 120


@given(st.text(st.characters(), min_size=1, max_size=60))
@example("%41")
@example("~")
def test_a_tag_comes_back_from_its_directory_or_is_told_by_its_files(tag: str) -> None:
    name = tag_directory(tag)
    assert directory_tag(name) == (None if "~" in name else tag)
    if tag == tag.lower() and len(tag.encode(errors="surrogatepass")) <= 40:
        assert directory_tag(name) == tag


@pytest.mark.parametrize("tag", ["", None, 7, b"bytes"])
def test_what_is_no_tag_is_refused_with_an_example(tag: object) -> None:
    with pytest.raises(InvalidRecordError, match="tag must be a non-empty string such as 'doctor/she', got"):
        tag_directory(tag)  # type: ignore[arg-type] - what a user may pass


def test_hard_tags_are_logged_each_in_its_own_directory_below_plugins_attn(tmp_path: Path) -> None:
    run = tmp_path / "parent" / "run"
    record = random_record((1,), length=2)
    with AttentionWriter(run) as writer:
        for step, tag in enumerate(HARD_TAGS):
            writer.add_record(tag, record, step)
    written = [Path(folder, name) for folder, _, names in os.walk(tmp_path) for name in names]
    assert len(written) == len(HARD_TAGS)
    assert {path.parent.parent for path in written} == {run / "plugins" / "attn"}
    reader = AttentionReader(run)
    assert sorted(reader.tags(".")) == sorted(HARD_TAGS)
    assert [reader.steps(".", tag) for tag in HARD_TAGS] == [[step] for step in range(len(HARD_TAGS))]


STEPS = [0, 1, 999_999_999_999, 10**15, -1, -(10**13)]


@pytest.mark.parametrize("kind", ["weights", "metrics"])
@pytest.mark.parametrize("step", STEPS)
def test_a_step_comes_back_from_its_file_name(step: int, kind: str, tmp_path: Path) -> None:
    (tmp_path / step_name(step, kind)).write_bytes(SAMPLE)
    (found,) = list_steps(LocalFiles(str(tmp_path)), ".")
    assert (found.step, found.kind, found.size) == (step, kind, len(SAMPLE))


def test_steps_are_listed_in_order_of_number(tmp_path: Path) -> None:
    files = LocalFiles(str(tmp_path))
    for step in STEPS:
        write_step(files, "run", "probe", step, [SAMPLE])
    (directory,) = list_tags(files, "run").values()
    assert [found.step for found in list_steps(files, directory)] == sorted(STEPS)


FOREIGN_NAMES = [
    "notes.txt",
    "3.safetensors",
    ".000000000003.safetensors.ab.tmp",
    "000000000003.safetensors.bak",
    "x",
]


def test_foreign_names_are_no_steps(tmp_path: Path) -> None:
    for name in FOREIGN_NAMES:
        (tmp_path / name).write_bytes(SAMPLE)
    (tmp_path / "000000000004.safetensors").mkdir()
    assert list_steps(LocalFiles(str(tmp_path)), ".") == []


def test_a_step_with_weights_hides_its_metrics(tmp_path: Path) -> None:
    files = LocalFiles(str(tmp_path))
    write_step(files, "", "probe", 3, [SAMPLE], "metrics")
    write_step(files, "", "probe", 3, [SAMPLE])
    write_step(files, "", "probe", 4, [SAMPLE], "metrics")
    found = list_steps(files, "plugins/attn/probe")
    assert [(each.step, each.kind) for each in found] == [(3, "weights"), (4, "metrics")]


def test_a_version_changes_when_the_file_is_written_anew(tmp_path: Path) -> None:
    files = LocalFiles(str(tmp_path))
    write_step(files, "", "probe", 3, [SAMPLE])
    path = tmp_path / "plugins/attn/probe/000000000003.safetensors"
    (first,) = list_steps(files, "plugins/attn/probe")
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 2000))
    (second,) = list_steps(files, "plugins/attn/probe")
    assert first.version != second.version


@pytest.mark.parametrize("in_place", [False, True])
def test_a_version_changes_when_another_record_has_the_same_size_and_time(
    in_place: bool, tmp_path: Path
) -> None:
    files = LocalFiles(str(tmp_path))
    write_step(files, "", "probe", 3, [b"one"])
    path = tmp_path / "plugins/attn/probe/000000000003.safetensors"
    (first,) = list_steps(files, "plugins/attn/probe")
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    time.sleep(0.02)  # the tick of a file system's clock
    if in_place:
        path.write_bytes(b"two")
    else:
        write_step(files, "", "probe", 3, [b"two"])
    os.utime(path, ns=times)
    (second,) = list_steps(files, "plugins/attn/probe")
    assert first.version != second.version
    assert first.stamp == second.stamp


def test_a_slug_directory_takes_its_tag_from_the_first_whole_file(tmp_path: Path) -> None:
    files = LocalFiles(str(tmp_path))
    write_step(files, "", "Doctor/She", 1, [b"damaged"])
    write_step(files, "", "Doctor/She", 2, [SAMPLE])
    assert list_tags(files).keys() == {"doctor/she"}  # what the golden file says of itself


def test_a_slug_directory_of_damaged_files_is_listed_by_its_own_name(tmp_path: Path) -> None:
    files = LocalFiles(str(tmp_path))
    write_step(files, "", "Doctor/She", 1, [b"damaged"])
    (name,) = list_tags(files)
    assert name == tag_directory("Doctor/She")


@pytest.mark.parametrize("name", ["%FF", "%ed%a0", "100%", "%zz", "a b", "UPPER"])
def test_a_foreign_directory_does_not_hide_the_others(name: str, tmp_path: Path) -> None:
    files = LocalFiles(str(tmp_path))
    write_step(files, "", "probe", 1, [SAMPLE])
    (tmp_path / "plugins/attn" / name).mkdir()
    tags = list_tags(files)
    assert tags["probe"] == "plugins/attn/probe"
    assert len(tags) == 2


def test_hidden_directories_and_plain_files_are_no_tags(tmp_path: Path) -> None:
    (tmp_path / "plugins/attn/.cache").mkdir(parents=True)
    (tmp_path / "plugins/attn/readme.txt").write_text("hello")
    assert list_tags(LocalFiles(str(tmp_path))) == {}


def test_a_header_is_opened_with_its_path(tmp_path: Path) -> None:
    files = LocalFiles(str(tmp_path))
    write_step(files, "run", "probe", 1, [SAMPLE])
    write_step(files, "run", "probe", 2, [SAMPLE[:-5]])
    whole, cut = list_steps(files, "run/plugins/attn/probe")
    assert open_header(files, whole).tag == "doctor/she"
    with pytest.raises(DamagedFileError) as caught:
        open_header(files, cut)
    assert caught.value.path == "run/plugins/attn/probe/000000000002.safetensors"


def test_purging_removes_our_later_steps_of_one_run_and_nothing_else(tmp_path: Path) -> None:
    files = LocalFiles(str(tmp_path))
    for run in ("a", "b"):
        for tag in ("one", "Two"):
            for step in (0, 10, 20):
                write_step(files, run, tag, step, [SAMPLE])
    write_step(files, "a", "one", 10, [SAMPLE], "metrics")
    note = tmp_path / "a/plugins/attn/one/000000000099.txt"
    note.write_text("mine")
    assert purge_steps(files, "a", 10) == 4
    steps = {
        (run, Path(path).name): [found.step for found in list_steps(files, path)]
        for run in ("a", "b")
        for path in list_tags(files, run).values()
    }
    slug = tag_directory("Two")
    assert steps == {("a", "one"): [0], ("a", slug): [0], ("b", "one"): [0, 10, 20], ("b", slug): [0, 10, 20]}
    assert note.exists()
