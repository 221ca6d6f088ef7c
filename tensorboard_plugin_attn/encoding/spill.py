"""Bytes that wait for a record's header, which stands before them → a file without a name, or memory where there is none."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence

__all__ = ["Buffer", "Spill", "Spilled", "filled", "parts_of"]

MOST_HELD = 2 << 20  # bytes that stay in memory: a record that has no more needs no file
LEAST_SPILLED = 4 << 10
READ_BYTES = 256 << 10  # at a time: still in the cache when they are written, which whole pages are


class Unnamed:
    """A file in the temporary directory that has no name; it is gone with the last that refers to it. Raises OSError."""

    def __init__(self) -> None:
        with tempfile.TemporaryFile(prefix="attention-", buffering=0) as file:
            self.number = os.dup(file.fileno())

    def __del__(self) -> None:
        number: int | None = getattr(self, "number", None)
        if number is not None:
            os.close(number)


class Spilled:
    """Some bytes of a ``Spill``, read by their place, so that several threads may."""

    def __init__(self, file: Unnamed, start: int, size: int) -> None:
        self.file, self.start, self.size = file, start, size

    def __len__(self) -> int:
        return self.size

    def parts(self) -> Iterator[bytes]:
        """The bytes, some at a time. Raises OSError where they are gone."""
        done = 0
        while done < self.size:
            part = os.pread(self.file.number, min(READ_BYTES, self.size - done), self.start + done)
            done += there(len(part))
            yield part

    def read_into(self, room: memoryview, done: int) -> int:
        """Some of the bytes behind the first ``done``, as many as there is room for; how many. Raises OSError where they
        are gone."""
        size, start = min(len(room), self.size - done), self.start + done
        if hasattr(os, "preadv"):
            return there(os.preadv(self.file.number, [room[:size]], start))
        part = os.pread(self.file.number, size, start)
        room[: len(part)] = part
        return there(len(part))

    def __bytes__(self) -> bytes:
        return b"".join(self.parts())


def there(size: int) -> int:
    """How much was read. Raises OSError where that is nothing."""
    if not size:
        raise OSError("a file in the temporary directory was cut off while a record waited in it")
    return size


Buffer = bytes | memoryview | Spilled


def parts_of(buffers: Sequence[Buffer]) -> Iterator[bytes | memoryview]:
    """The bytes of buffers, one after another."""
    for buffer in buffers:
        if isinstance(buffer, Spilled):
            yield from buffer.parts()
        else:
            yield buffer


def filled(buffers: Sequence[Buffer]) -> Iterator[memoryview]:
    """The bytes of buffers, ``READ_BYTES`` at a time, the last of them fewer; gone when the next are asked for."""
    room, taken = memoryview(bytearray(READ_BYTES)), 0
    for buffer in buffers:
        done = 0
        while done < len(buffer):
            if isinstance(buffer, Spilled):
                size = buffer.read_into(room[taken:], done)
            else:
                part = memoryview(buffer)[done : done + READ_BYTES - taken]
                size = len(part)
                if size == READ_BYTES:
                    yield part
                else:
                    room[taken : taken + size] = part
            done += size
            taken = (taken + size) % READ_BYTES
            if not taken and (isinstance(buffer, Spilled) or size < READ_BYTES):
                yield room
    if taken:
        yield room[:taken]


class Spill:
    """Takes bytes, in one thread at a time. Nothing of the file is left however the process ends; the temporary directory is asked for it, not that of the record, which may hang."""

    def __init__(self, most_held: int = MOST_HELD) -> None:
        self.most_held = most_held
        self.held = 0
        self.size = 0
        self.file: Unnamed | None = None
        self.works = hasattr(os, "pread") and hasattr(os, "pwrite")
        self.room = bytearray()

    def put(self, data: bytes | memoryview, pieces: int = 1) -> list[Buffer]:
        """The same bytes as so many pieces of one size; the memory of a ``memoryview`` is the caller's again."""
        found, size = self.taken(data), len(data) // pieces
        if pieces == 1:
            return [found]
        if isinstance(found, Spilled):
            return [Spilled(found.file, found.start + at * size, size) for at in range(pieces)]
        return [memoryview(found)[at * size : (at + 1) * size] for at in range(pieces)]

    def taken(self, data: bytes | memoryview) -> Spilled | bytes:
        """The same bytes, put aside."""
        if self.works and len(data) >= LEAST_SPILLED and self.held + len(data) > self.most_held:
            try:
                return self.spilled(data)
            except OSError:  # it is full, or cannot be written
                self.works = False
        self.held += len(data)
        return bytes(data)

    def space(self, size: int) -> bytearray:
        """Memory of at least so many bytes, to be put from: that of the bytes before."""
        if len(self.room) < size:
            self.room = bytearray(size)
        return self.room

    def spilled(self, data: bytes | memoryview) -> Spilled:
        """The bytes, in the file. Raises OSError."""
        if self.file is None:
            self.file = Unnamed()
        start, done = self.size, 0
        while done < len(data):
            done += os.pwrite(self.file.number, data[done:], start + done)
        self.size += done
        return Spilled(self.file, start, done)
