"""A root → the directories with plugin assets."""

from __future__ import annotations

import sys
from pathlib import Path

import fsspec
import pytest

from tensorboard_plugin_attn.storing.files import open_files
from tensorboard_plugin_attn.storing.walk import run_directories


def found(root: object, circles: int = 0) -> list[tuple[str, ...]]:
    return sorted(run_directories(open_files(str(root)), circles=circles))


def make(root: Path, *paths: str) -> None:
    for path in paths:
        (root / path).mkdir(parents=True)


def test_runs_are_found_at_any_depth_and_at_the_root(tmp_path: Path) -> None:
    make(tmp_path, "plugins/attn", "a/plugins/attn", "b/c/d/plugins/attn", "empty/deep")
    assert found(tmp_path) == [(), ("a",), ("b", "c", "d")]


def test_a_run_may_lie_within_a_run(tmp_path: Path) -> None:
    make(tmp_path, "a/plugins/attn/probe", "a/eval/plugins/attn/probe")
    assert found(tmp_path) == [("a",), ("a", "eval")]


def test_hidden_directories_are_passed_over(tmp_path: Path) -> None:
    make(tmp_path, ".trash/a/plugins/attn", "a/.cache/plugins/attn", "b/plugins/attn")
    assert found(tmp_path) == [("b",)]


def test_our_own_directories_are_not_searched(tmp_path: Path) -> None:
    make(tmp_path, "a/plugins/attn/plugins/attn/probe")
    assert found(tmp_path) == [("a",)]


def test_links_are_followed(tmp_path: Path) -> None:
    make(tmp_path, "elsewhere/a/plugins/attn", "root")
    (tmp_path / "root/linked").symlink_to(tmp_path / "elsewhere")
    assert found(tmp_path / "root") == [("linked", "a")]


@pytest.mark.timeout(20)
def test_links_in_a_circle_end(tmp_path: Path) -> None:
    make(tmp_path, "a/b/plugins/attn")
    (tmp_path / "a/b/back").symlink_to(tmp_path)
    (tmp_path / "a/self").symlink_to(tmp_path / "a")
    assert ("a", "b") in found(tmp_path)


@pytest.mark.skipif(sys.platform != "linux", reason="the number of links is Linux's")
@pytest.mark.timeout(60)
def test_circles_are_followed_as_far_as_they_may_and_the_system_does(tmp_path: Path) -> None:
    make(tmp_path, "a/plugins/attn", "b/plugins/attn")
    (tmp_path / "a/up").symlink_to(tmp_path)
    assert found(tmp_path) == [("a",), ("b",)]
    assert {("a",), ("b",), ("a", "up", "a"), ("a", "up", "b")} <= set(found(tmp_path, 3))
    assert len(found(tmp_path, 3)) <= 8
    assert len(found(tmp_path, 1000)) == 2 * 41  # Linux follows 40 links
    for number in range(4):
        (tmp_path / f"b/up{number}").symlink_to(tmp_path)
    assert len(found(tmp_path, 200)) < 1000


def test_nothing_is_found_where_there_is_no_directory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    assert found(tmp_path / "gone") == []
    assert found(tmp_path / "file") == []


def test_remote_roots_are_walked_too() -> None:
    store = fsspec.filesystem("memory")
    store.pipe_file("/walk/a/plugins/attn/probe/000000000000.safetensors", b"x")
    store.pipe_file("/walk/b/notes.txt", b"x")
    try:
        assert found("memory://walk") == [("a",)]
    finally:
        store.store.clear()
