"""Directories that did not change are not listed again; those that did are."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tensorboard_plugin_attn.storing.files import Entry, LocalFiles
from tensorboard_plugin_attn.storing.remembered import DirectoryStamp, RememberedFiles


@pytest.fixture
def scanned(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The directories that were looked at on the disk."""
    found: list[str] = []
    plain = LocalFiles.list

    def counting(self: LocalFiles, path: str) -> list[Entry]:
        found.append(path)
        return plain(self, path)

    monkeypatch.setattr(LocalFiles, "list", counting)
    return found


def settled(directory: Path, seconds: float = 100) -> None:
    """As if the last change were some time ago."""
    os.utime(directory, (0, time.time() - seconds))


def names(files: RememberedFiles) -> list[str]:
    return sorted(entry.name for entry in files.list("a"))


def test_an_unchanged_directory_is_looked_at_once(tmp_path: Path, scanned: list[str]) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    settled(tmp_path / "a")
    files = RememberedFiles(str(tmp_path))
    assert names(files) == names(files) == ["b"]
    assert scanned == ["a"]


def test_a_changed_directory_is_looked_at_again(tmp_path: Path, scanned: list[str]) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    settled(tmp_path / "a")
    files = RememberedFiles(str(tmp_path))
    names(files)
    (tmp_path / "a/c").mkdir()
    assert names(files) == ["b", "c"]


def test_a_directory_that_changed_just_now_is_not_remembered(tmp_path: Path, scanned: list[str]) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    files = RememberedFiles(str(tmp_path))
    names(files)
    names(files)
    assert scanned == ["a", "a"]


def test_a_directory_of_many_files_is_not_kept_in_memory(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    for number in range(201):
        (tmp_path / f"a/{number}").touch()
    settled(tmp_path / "a")
    files = RememberedFiles(str(tmp_path))
    assert len(names(files)) == 201
    assert files.kept == {}


def test_a_directory_that_is_gone_is_empty(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    settled(tmp_path / "a")
    files = RememberedFiles(str(tmp_path))
    names(files)
    (tmp_path / "a/b").rmdir()
    (tmp_path / "a").rmdir()
    assert names(files) == []


STAMPS = [
    ("the same, soon", DirectoryStamp(1, 1000), DirectoryStamp(1, 1010), True),
    ("another time of change", DirectoryStamp(1, 1000), DirectoryStamp(2, 1010), False),
    (
        "the same, long after: some mounts never change it",
        DirectoryStamp(1, 1000),
        DirectoryStamp(1, 1031),
        False,
    ),
    (
        "changed within the tick",
        DirectoryStamp(999_000_000_000, 1000),
        DirectoryStamp(999_000_000_000, 1001),
        False,
    ),
]


@pytest.mark.parametrize(
    ("before", "now", "holds"), [each[1:] for each in STAMPS], ids=[each[0] for each in STAMPS]
)
def test_what_a_stamp_says(before: DirectoryStamp, now: DirectoryStamp, holds: bool) -> None:
    assert before.holds(now) is holds
