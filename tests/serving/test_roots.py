"""Roots: read as TensorBoard reads its flags, runs named as TensorBoard names them."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import pytest
from tensorboard.backend.event_processing import data_ingester, plugin_event_multiplexer

from tensorboard_plugin_attn.serving.roots import Root, parse_logdir_spec, parse_roots

SPECS = [
    "/a",
    "/a,/b",
    "first:/a,second:/b",
    "first:relative/path",
    "/foo:bar/baz",
    "name:/path:with/a/colon",
    "s3://bucket/logs",
    "mem:memory://logs",
    "name:s3://bucket/a,gs://bucket/b",
    "~/logs",
    "x:~/logs",
    "/a/../b/./c",
    "one:/a,two:/a",
]


@pytest.mark.parametrize("spec", SPECS)
def test_a_spec_is_read_as_tensorboard_reads_it(spec: str) -> None:
    theirs = data_ingester._parse_event_files_spec(spec)
    assert {root.path: root.group for root in parse_logdir_spec(spec)} == theirs


def test_an_empty_part_of_a_spec_is_passed_over() -> None:
    assert [root.group for root in parse_logdir_spec("a:/x,,b:/y,")] == ["a", "b"]


@pytest.mark.parametrize("group", [None, "old", "old/er"])
def test_runs_are_named_as_tensorboard_names_them(tmp_path: Path, group: str | None) -> None:
    places: list[tuple[str, ...]] = [(), ("a",), ("a", "b"), ("with space", "ü")]
    for parts in places:
        run = tmp_path.joinpath(*parts)
        run.mkdir(parents=True, exist_ok=True)
        (run / "events.out.tfevents.1.host").touch()
    multiplexer = plugin_event_multiplexer.EventMultiplexer().AddRunsFromDirectory(str(tmp_path), group)
    root = Root(str(tmp_path), group)
    assert {root.run_name(parts) for parts in places} == set(multiplexer.Runs())


def test_the_log_directory_counts_before_a_spec() -> None:
    flags = argparse.Namespace(logdir="~/logs", logdir_spec="a:/b")
    assert parse_roots(flags) == [Root(os.path.expanduser("~/logs"))]  # noqa: PTH111 - what TensorBoard does


@pytest.mark.parametrize("flags", [None, argparse.Namespace(), argparse.Namespace(logdir="", logdir_spec="")])
def test_without_a_log_directory_there_are_no_roots(flags: argparse.Namespace | None) -> None:
    assert parse_roots(flags) == []
