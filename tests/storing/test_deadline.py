"""Calls end by their result, their error or their deadline; what hangs is left behind."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from tensorboard_plugin_attn.storing.deadline import (
    BoundedFiles,
    Calls,
    Change,
    NoThreadError,
    StoreHangsError,
)
from tensorboard_plugin_attn.storing.files import LocalFiles


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """Opens at the test's end, so that no thread stays."""
    event = threading.Event()
    yield event
    event.set()


def fail() -> None:
    raise KeyError("of the store's own")


def test_a_result_and_an_error_come_through() -> None:
    calls = Calls(60)
    assert calls.call(lambda: 7) == 7
    with pytest.raises(KeyError, match="of the store's own"):
        calls.call(fail)


def test_a_call_that_hangs_ends_by_its_deadline_and_the_next_is_made(gate: threading.Event) -> None:
    calls = Calls(0.05)
    with pytest.raises(StoreHangsError, match=r"not answered for 0\.05 s"):
        calls.call(gate.wait)
    assert calls.call(lambda: 7, seconds=60) == 7


def test_a_call_may_be_hurried(gate: threading.Event) -> None:
    calls, hurry = Calls(60), threading.Event()
    threading.Timer(0.05, hurry.set).start()
    with pytest.raises(StoreHangsError):
        calls.call(gate.wait, hurry=hurry)


STEP = "tag/000000000005"


@pytest.mark.parametrize(
    ("path", "buffers", "is_made"),
    [
        (f"{STEP}.safetensors", [b"new"], False),
        (f"{STEP}.metrics.safetensors", [b"new"], False),
        (f"{STEP}.safetensors", None, False),
        (f"{STEP}.safetensors", [b"o", b"ld"], True),  # the same once more does no harm
        ("tag/000000000006.safetensors", [b"new"], True),
    ],
)
def test_what_a_hung_change_would_undo_waits_until_it_comes_back(
    path: str, buffers: list[bytes] | None, is_made: bool, gate: threading.Event
) -> None:
    calls, change = Calls(60), Change.of(path, buffers)
    with pytest.raises(StoreHangsError):
        calls.call(gate.wait, seconds=0.02, change=Change.of(f"{STEP}.safetensors", [b"old"]))
    if is_made:
        assert calls.call(lambda: 7, change=change) == 7
    else:
        with pytest.raises(StoreHangsError, match="earlier change of the same file"):
            calls.call(lambda: 7, change=change)
    gate.set()
    end = time.monotonic() + 60
    while calls.hanging and time.monotonic() < end:
        time.sleep(0.01)
    assert calls.call(lambda: 7, change=change) == 7


def test_too_many_that_hang_are_not_joined_by_more_until_one_comes_back(gate: threading.Event) -> None:
    calls = Calls(0.02, most_hanging=2)
    for _ in range(2):
        with pytest.raises(StoreHangsError, match="not answered"):
            calls.call(gate.wait)
    with pytest.raises(StoreHangsError, match="2 calls to it hang"):
        calls.call(lambda: 7)
    gate.set()
    end = time.monotonic() + 60
    while calls.hanging and time.monotonic() < end:
        time.sleep(0.01)
    assert calls.call(lambda: 7, seconds=60) == 7


def test_after_one_that_hung_others_are_refused_for_a_while(gate: threading.Event) -> None:
    calls = Calls(0.02, refuse_seconds=3600)
    with pytest.raises(StoreHangsError):
        calls.call(gate.wait)
    with pytest.raises(StoreHangsError, match="a moment ago"):
        calls.call(lambda: 7, seconds=60)


def test_threads_are_used_again_and_end_when_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tensorboard_plugin_attn.storing.deadline.IDLE_SECONDS", 0.05)
    calls = Calls(60)
    threads = {calls.call(threading.get_ident) for _ in range(20)}
    assert len(threads) == 1
    end = time.monotonic() + 60
    while calls.idle and time.monotonic() < end:
        time.sleep(0.01)
    assert calls.idle == []
    assert calls.call(lambda: 7) == 7


def test_where_no_thread_can_start_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: threading.Thread) -> None:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(NoThreadError, match="interpreter shutdown"):
        Calls(60).call(lambda: 7)


def test_a_long_read_is_made_of_pieces(
    tmp_path: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tensorboard_plugin_attn.storing.deadline.PIECE", 4)
    inner = LocalFiles(str(tmp_path))
    inner.write("a", [b"0123456789"])
    files = BoundedFiles(str(tmp_path), lambda: inner, Calls(60))
    assert [files.read("a", 0, 10), files.read("a", 3, 5), files.read("a", 8, 99), files.read("a", 4, 4)] == [
        b"0123456789", b"34", b"89", b"",
    ]  # fmt: skip


def test_a_store_is_opened_when_it_is_first_needed(tmp_path: pytest.TempPathFactory) -> None:
    opened: list[LocalFiles] = []

    def open_store() -> LocalFiles:
        opened.append(LocalFiles(str(tmp_path)))
        return opened[-1]

    files = BoundedFiles("s3://bucket/runs/", open_store, Calls(60))
    assert (files.where("a"), files.where(""), opened) == ("s3://bucket/runs/a", "s3://bucket/runs", [])
    assert files.list("") == files.list("") == []
    assert len(opened) == 1
