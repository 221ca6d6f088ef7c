"""Bytes that are put aside come back, and memory takes them where there is no file for them."""

from __future__ import annotations

import errno
import os
import tempfile
import tracemalloc
from pathlib import Path

import pytest

from tensorboard_plugin_attn.encoding.spill import READ_BYTES, Spill, Spilled, filled, parts_of
from tensorboard_plugin_attn.storing.files import LocalFiles, RemoteFiles

DATA = os.urandom(1 << 20)


def full(*args: object, **options: object) -> int:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_what_is_put_aside_is_read_piece_by_piece() -> None:
    put = Spill(0)
    one, two = put.put(DATA)[0], put.put(bytearray(DATA[::-1]), 4)
    assert isinstance(one, Spilled)
    assert [len(each) for each in two] == [len(DATA) // 4] * 4
    assert b"".join(parts_of([b"<", one, memoryview(b"|"), *two])) == b"<" + DATA + b"|" + DATA[::-1]
    assert bytes(one) == DATA


@pytest.mark.parametrize("is_old", [False, True])
@pytest.mark.parametrize("head", [0, 1, READ_BYTES - 1, READ_BYTES, 2 * READ_BYTES + 3])
def test_all_but_the_last_bytes_come_in_pieces_of_one_size(
    monkeypatch: pytest.MonkeyPatch, head: int, *, is_old: bool
) -> None:
    if is_old:
        monkeypatch.delattr(os, "preadv", raising=False)
    put = Spill(0)
    given = [DATA[:head], *put.put(DATA, 2), memoryview(DATA), b"", *put.put(DATA[:7000]), b"tail"]
    found = [bytes(each) for each in filled(given)]
    assert b"".join(found) == b"".join(map(bytes, given))
    assert {len(each) for each in found[:-1]} == {READ_BYTES}
    assert 0 < len(found[-1]) <= READ_BYTES
    assert list(filled([])) == []
    assert put.file is not None
    os.ftruncate(put.file.number, 5)
    with pytest.raises(OSError, match="cut off"):
        list(filled(given))


def test_little_stays_in_memory() -> None:
    put = Spill(len(DATA))
    assert put.put(DATA) == [DATA]
    assert put.put(b"abcdef", 3) == [b"ab", b"cd", b"ef"]
    assert put.file is None
    assert isinstance(put.put(DATA)[0], Spilled)


@pytest.mark.parametrize("what", ["pwrite", "TemporaryFile"])
def test_memory_takes_what_no_file_takes(monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    put = Spill(0)
    first = put.put(DATA)[0] if what == "pwrite" else DATA
    monkeypatch.setattr(os if what == "pwrite" else tempfile, what, full)
    room = bytearray(DATA)
    found = put.put(memoryview(room), 2)
    room[:] = bytes(len(room))  # its memory is used again
    assert b"".join(parts_of([first, *found])) == DATA + DATA


def test_a_write_that_takes_only_some_bytes_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda file, data, at: whole(file, data[: 300 << 10], at))
    assert bytes(Spill(0).put(memoryview(DATA))[0]) == DATA


def test_a_file_that_was_cut_off_is_told() -> None:
    put = Spill(0)
    found = put.put(DATA)[0]
    assert put.file is not None
    os.ftruncate(put.file.number, 5)
    with pytest.raises(OSError, match="cut off"):
        bytes(found)


def test_nothing_of_it_is_seen_or_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    put = Spill(0)
    put.put(DATA)
    assert os.name == "nt" or list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("files", [LocalFiles, RemoteFiles])
def test_files_take_what_was_put_aside(tmp_path: Path, files: type) -> None:
    root = str(tmp_path) if files is LocalFiles else "memory://spill"
    store = files(root)
    store.write("a/b", [b"head", *Spill(0).put(DATA, 2), b"tail"])
    assert store.read("a/b", 0, len(DATA) + 8) == b"head" + DATA + b"tail"


@pytest.mark.parametrize(("most_held", "least", "most"), [(0, 0.0, 1.0), (1 << 30, 16.0, 18.0)])
def test_memory_is_held_for_what_stays_in_it_alone(most_held: int, least: float, most: float) -> None:
    tracemalloc.start()
    try:
        put, kept, room = Spill(most_held), [], bytearray(DATA)
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(16):
            kept += put.put(memoryview(room), 4)
        held = (tracemalloc.get_traced_memory()[0] - before) / len(DATA)
    finally:
        tracemalloc.stop()
    assert least <= held <= most
    assert sum(map(len, kept)) == 16 * len(DATA)
