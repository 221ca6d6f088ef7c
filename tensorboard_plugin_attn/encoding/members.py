"""Codes of heads, rows after rows → a gzip member of each, in which rows are deflated, or stored where that takes little
more.

Deflating takes a quarter of the time of a plain forward, and codes of weights that are spread out are hardly smaller for
it. Keys that a mask hides take a few bytes a row all the same: the codes of a row are a stored block, its zeros a
deflated one.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn.encoding.codes import Compressor, Deflater, compress, crc_of, new_deflater
from tensorboard_plugin_attn.encoding.spill import Buffer, Spill, parts_of

__all__ = ["HeadPacker", "MemberPacker", "Members", "deflated", "pack_heads", "stored_rows"]

HEAD = b"\x1f\x8b\x08\0\0\0\0\0\x04\xff"  # of a gzip member without a name or a time
OPEN = b"\0"  # a stored block begins
SHUT = b"\0\0\xff\xff"  # … and is empty
END = b"\x03\0"  # the last block, empty
HEADER = 4  # bytes of a stored block's length
LONGEST = 0xFFFF  # bytes of a stored block
LEAST_ZEROS = 24  # that are worth a block of their own
GROUP = 16  # rows that are stored alike
TRIED = 4  # rows that are deflated to see what it gains, whenever a head has twice as many …
TRIED_BYTES = 2 << 10  # … or as many as have so many bytes
LEAST_GAIN = 0.25


@dataclass(frozen=True)
class Members:
    """The gzip members of a layer's heads, one after another, in pieces; and the bytes of each member.

    ``stored``: whether rows of them are stored, so that they would be smaller deflated.
    """

    pieces: tuple[Buffer, ...]
    sizes: tuple[int, ...]
    stored: bool = False

    @property
    def nbytes(self) -> int:
        """Bytes in the file."""
        return sum(self.sizes)

    def each(self) -> Iterator[bytes]:
        """The member of each head. Raises OSError where they can no longer be read."""
        rest, waiting = parts_of(self.pieces), bytearray()
        for size in self.sizes:
            while len(waiting) < size:
                waiting += next(rest)
            yield bytes(waiting[:size])
            del waiting[:size]


def pack_heads(codes: NDArray[Any], compressor: Compressor) -> Members:
    """Codes ``[head, query, key]`` → one gzip member per head."""
    members = tuple(compressor(head) for head in codes)
    return Members(members, tuple(map(len, members)))


def deflated(members: Members, spill: Spill) -> Members:
    """The same members, smaller. Raises OSError where they can no longer be read."""
    pieces, sizes = list[Buffer](), list[int]()
    for each in members.each():
        member = compress(zlib.decompress(each, 31))
        pieces += spill.put(member)
        sizes.append(len(member))
    return Members(tuple(pieces), tuple(sizes))


class HeadPacker:
    """The member of one head. Blocks begin at whole bytes wherever one way of writing rows ends and another begins."""

    def __init__(self) -> None:
        self.pieces: list[Buffer] = [HEAD]
        self.crc = 0
        self.size = 0
        self.deflater: Deflater | None = None
        self.is_deflating = False
        self.stores = True
        self.rows = 0
        self.next_try = 0

    def look(self, rows: NDArray[np.uint8], tries: Deflater) -> None:
        """Whether the next rows are to be stored, as they tell themselves, or the rows before."""
        if self.rows >= self.next_try:
            self.stores = not gains(rows, tries)
            self.next_try = 2 * (self.rows + len(rows))
        self.rows += len(rows)

    def count(self, rows: NDArray[np.uint8]) -> None:
        """Rows that are added."""
        self.crc, self.size = crc_of(rows, self.crc), self.size + rows.nbytes

    def deflate(self, rows: NDArray[np.uint8]) -> bytes:
        """Some rows, or the beginning of them; the rest comes later."""
        if self.deflater is None:
            self.deflater = new_deflater()
        self.is_deflating = True
        return self.deflater.compress(rows)

    def pause(self) -> bytes:
        """What is left of the rows that were deflated, up to a whole byte; what comes refers to none of them."""
        if not self.is_deflating or self.deflater is None:
            return b""
        self.is_deflating = False
        return self.deflater.flush(zlib.Z_FULL_FLUSH)

    def finish(self) -> bytes:
        """The end of the member."""
        tail = self.crc.to_bytes(4, "little") + (self.size & 0xFFFFFFFF).to_bytes(4, "little")
        return self.pause() + END + tail


class MemberPacker:
    """The members of a layer's heads; ``stores``: rows that deflating makes little smaller are stored, if a block can be so
    long."""

    def __init__(self, heads: int, spill: Spill, *, stores: bool) -> None:
        self.heads = [HeadPacker() for _ in range(heads)]
        self.spill = spill
        self.stores = stores
        self.has_stored = False
        self.tries = new_deflater()  # to make one takes longer than to use it

    def add(self, first: int, codes: NDArray[np.uint8], stop: int) -> None:
        """Rows ``[head, row, key]`` of the heads from ``first`` on; from the key ``stop`` on all are 0."""
        heads = self.heads[first : first + len(codes)]
        self.stores = self.stores and codes.shape[2] <= LONGEST
        stored = []
        for at, (head, rows) in enumerate(zip(heads, codes, strict=True)):
            head.count(rows)
            if self.stores:
                head.look(rows[:, :stop], self.tries)
            if self.stores and head.stores:
                stored.append(at)
            deflated = head.pause() if self.stores and head.stores else head.deflate(rows)
            if deflated:
                head.pieces += self.spill.put(deflated)
        if not stored:
            return
        self.has_stored = True
        found = stored_rows(codes if len(stored) == len(codes) else codes[stored], stop, self.spill.space)
        for at, piece in zip(stored, self.spill.put(found.reshape(-1).data, len(found)), strict=True):
            heads[at].pieces.append(piece)

    @property
    def is_quick(self) -> bool:
        """Whether the rows that came last were all stored, which takes no longer than to hand them to another thread."""
        return self.stores and all(head.stores for head in self.heads)

    def finish(self) -> Members:
        """The members, once all rows are there."""
        for head in self.heads:
            head.pieces.append(head.finish())
        sizes = tuple(sum(map(len, head.pieces)) for head in self.heads)
        pieces = tuple(piece for head in self.heads for piece in head.pieces)
        self.heads.clear()
        return Members(pieces, sizes, self.has_stored)


def gains(rows: NDArray[np.uint8], tries: Deflater) -> bool:
    """Whether rows get smaller by a quarter, as the last of them tell, which see most."""
    few = max(1, min(TRIED, TRIED_BYTES // max(1, rows.shape[1])))
    some = np.ascontiguousarray(rows[-few:])
    size = len(tries.compress(some)) + len(tries.flush(zlib.Z_FULL_FLUSH))
    return size < (1 - LEAST_GAIN) * some.size


def stored_rows(
    codes: NDArray[np.uint8], stop: int, space: Callable[[int], bytearray] = bytearray
) -> NDArray[np.uint8]:
    """Rows ``[head, row, key]``, all 0 from the key ``stop`` on → ``[head, byte]``, what stands for them in a member."""
    heads, count, keys = codes.shape
    groups = []
    for row in range(0, count, GROUP):
        rows = slice(row, min(row + GROUP, count))
        until = stop - (count - rows.stop)  # where each row sees one key more than that before
        if until < 1 or codes[:, rows, until:stop].any():
            until = stop
        until = until if keys - until >= LEAST_ZEROS else keys
        groups.append((rows, until, run_of(keys - until)))
    sizes = [(rows.stop - rows.start) * (HEADER + until + len(run)) for rows, until, run in groups]
    size = len(OPEN) + sum(sizes) + len(SHUT)
    found = np.frombuffer(space(heads * size), np.uint8, heads * size).reshape(heads, size)
    found[:, 0] = OPEN[0]
    found[:, -len(SHUT) :] = np.frombuffer(SHUT, np.uint8)
    start = len(OPEN)
    for (rows, until, run), taken in zip(groups, sizes, strict=True):
        unit = taken // (rows.stop - rows.start)
        part = np.ndarray(
            (heads, rows.stop - rows.start, unit), np.uint8, found, start, (size, unit, 1)
        )  # a view
        length = until.to_bytes(2, "little") + (until ^ LONGEST).to_bytes(2, "little")
        part[..., :HEADER] = np.frombuffer(length, np.uint8)
        part[..., HEADER : HEADER + until] = codes[:, rows, :until]
        part[..., HEADER + until :] = np.frombuffer(run, np.uint8)
        start += taken
    return found


@lru_cache(maxsize=1 << 12)
def run_of(zeros: int) -> bytes:
    """So many zeros as a block, and the beginning of a stored block behind them."""
    if not zeros:
        return OPEN
    packer = zlib.compressobj(9, zlib.DEFLATED, -15, 9, zlib.Z_FIXED)
    packed = packer.compress(bytes(zeros)) + packer.flush(zlib.Z_SYNC_FLUSH)
    return packed[: -len(SHUT)]
