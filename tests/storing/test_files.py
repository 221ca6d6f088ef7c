"""Local directories and fsspec stores behave alike."""

from __future__ import annotations

import itertools
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest

from tensorboard_plugin_attn.storing.files import (
    Files,
    LocalFiles,
    RemoteFiles,
    open_files,
    read_whole,
    remote_entry,
)

numbers = itertools.count()


@pytest.fixture(params=["local", "memory"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Files]:
    """An empty store of each sort."""
    if request.param == "local":
        yield open_files(tmp_path / "root")
        return
    url = f"memory://files-{next(numbers)}/root"
    yield open_files(url)
    fsspec.filesystem("memory").store.clear()


def test_a_written_file_reads_back_whole_and_in_part(files: Files) -> None:
    files.write("a/b/record", [b"head", b"", b"body"])
    assert files.size("a/b/record") == 8
    assert files.read("a/b/record", 0, 8) == b"headbody"
    assert files.read("a/b/record", 2, 6) == b"adbo"
    assert files.read("a/b/record", 6, 99) == b"dy"


def test_writing_again_replaces_the_file(files: Files) -> None:
    files.write("record", [b"a long first version"])
    files.write("record", [b"second"])
    assert files.read("record", 0, 99) == b"second"
    assert [entry.name for entry in files.list("")] == ["record"]


def test_a_directory_lists_names_kinds_sizes_and_times(files: Files) -> None:
    files.write("a/one", [b"12345"])
    files.write("a/deeper/two", [b"1"])
    entries = {entry.name: entry for entry in files.list("a")}
    assert sorted(entries) == ["deeper", "one"]
    assert (entries["one"].is_directory, entries["one"].size) == (False, 5)
    assert entries["deeper"].is_directory
    assert abs(entries["one"].mtime - time.time()) < 60


def test_one_entry_is_as_its_directory_lists_it(files: Files) -> None:
    files.write("a/one", [b"12345"])
    entry = files.entry("a/one")
    assert entry == next(each for each in files.list("a") if each.name == "one")


def test_names_are_those_that_begin_so(files: Files) -> None:
    for name in ("01.x", "01.y", "011.x", "1.x", "01./z"):
        files.write(f"a/{name}", [b"1"])
    assert sorted(set(files.names("a", "01.")) - {"01."}) == ["01.x", "01.y"]


def test_a_directory_that_does_not_exist_is_empty(files: Files) -> None:
    assert files.list("nowhere/at/all") == []
    assert files.names("nowhere/at/all", "0") == []


@pytest.mark.parametrize("ask", ["size", "entry"])
def test_a_file_that_does_not_exist_is_not_found(files: Files, ask: str) -> None:
    with pytest.raises(FileNotFoundError):
        getattr(files, ask)("nowhere")


def test_removing_is_quiet_when_there_is_nothing(files: Files) -> None:
    files.write("a/one", [b"1"])
    files.remove("a/one")
    files.remove("a/one")
    assert files.list("a") == []


def test_a_path_is_shown_as_a_person_would_write_it(files: Files) -> None:
    assert files.where("a/one").endswith("/root/a/one")
    assert files.where("").rstrip("/").endswith("/root")


def test_file_urls_are_local(tmp_path: Path) -> None:
    files = open_files(f"file://{tmp_path}/x")
    assert isinstance(files, LocalFiles)
    assert files.where("y") == f"{tmp_path}/x/y"


def test_other_urls_are_remote() -> None:
    assert isinstance(open_files("memory://anything"), RemoteFiles)


def test_a_home_directory_is_expanded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert open_files("~/runs").where("a") == f"{tmp_path}/runs/a"


def test_a_link_that_leads_nowhere_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "broken").symlink_to(tmp_path / "gone")
    (tmp_path / "whole").write_bytes(b"1")
    assert [entry.name for entry in open_files(tmp_path).list("")] == ["whole"]


def test_a_write_that_fails_leaves_the_old_file_and_no_draft(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = LocalFiles(str(tmp_path))
    files.write("record", [b"first"])

    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        files.write("record", [b"second"])
    assert [path.name for path in tmp_path.iterdir()] == ["record"]
    assert (tmp_path / "record").read_bytes() == b"first"


def test_a_draft_is_hidden_and_never_under_the_final_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[str]] = []
    replace = Path.replace

    def watch(self: Path, target: Path) -> Path:
        seen.append([path.name for path in tmp_path.iterdir()])
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", watch)
    LocalFiles(str(tmp_path)).write("record", [b"1"])
    (names,) = seen
    assert len(names) == 1
    assert names[0].startswith(".record.")
    assert names[0].endswith(".tmp")


def test_only_drafts_an_hour_old_are_removed(tmp_path: Path) -> None:
    folder = tmp_path / "probe"
    folder.mkdir()
    for name in (".old.123.tmp", ".new.123.tmp", "kept.tmp", ".kept"):
        (folder / name).write_bytes(b"1")
    for name in (".old.123.tmp", "kept.tmp", ".kept"):
        os.utime(folder / name, (0, time.time() - 4000))
    LocalFiles(str(tmp_path)).remove_stale_drafts("probe")
    assert sorted(path.name for path in folder.iterdir()) == [".kept", ".new.123.tmp", "kept.tmp"]


class ShortReads:
    """A file whose reads return two bytes at a time, as raw files may."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def read(self, size: int) -> bytes:
        part, self.data = self.data[: min(size, 2)], self.data[min(size, 2) :]
        return part


@pytest.mark.parametrize(("size", "expected"), [(5, b"abcde"), (3, b"abc"), (99, b"abcdefg"), (0, b"")])
def test_short_reads_are_put_together(size: int, expected: bytes) -> None:
    assert read_whole(ShortReads(b"abcdefg"), size) == expected


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes here")
@pytest.mark.timeout(20)
def test_only_files_and_directories_are_listed_and_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "device").symlink_to("/dev/zero")
    (tmp_path / "whole").write_bytes(b"1")
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(tmp_path / "s"))
    files = open_files(tmp_path)
    assert [entry.name for entry in files.list("")] == ["whole"]
    for name in ("pipe", "device", "s"):
        with pytest.raises(OSError, match=r"pipe, socket or device|No such device or address"):
            files.read(name, 0, 10)
        with pytest.raises(FileNotFoundError):
            files.entry(name)
    listening.close()


def test_objects_of_one_second_are_told_apart_by_their_etag() -> None:
    item = {"name": "b/x", "type": "file", "size": 3, "LastModified": 7}
    one, same, other = (remote_entry({**item, "ETag": each}) for each in ('"a"', '"a"', '"b"'))
    assert one == same
    assert one.mark != other.mark
