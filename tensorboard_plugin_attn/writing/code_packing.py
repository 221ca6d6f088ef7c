"""Codes of a layer that was just encoded → their gzip members, made while the next layers are computed.

So codes of one layer are held and not of all, and their memory serves the next: memory that the system hands out anew
takes as long to fill as the codes to compute.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn.encoding.codes import Members, compress, pack_heads
from tensorboard_plugin_attn.encoding.layer import EncodedLayer

__all__ = ["CodePacking"]

LEAST_BYTES = 1 << 20  # of a layer's codes; fewer are packed with their record
MOST_BYTES = 16 << 20  # of codes that wait; one layer may be larger


class CodePacking:
    """A thread for the layers of one record; where there can be none, they are packed at once."""

    def __init__(self) -> None:
        self.threads: ThreadPoolExecutor | None = None
        self.waiting: deque[tuple[Future[Members], int]] = deque()
        self.rooms: list[NDArray[np.uint8]] = []

    def room(self, shape: tuple[int, int, int]) -> NDArray[np.uint8]:
        """Memory for a layer's codes ``[head, query, key]``, that of an earlier layer where it was packed."""
        while self.rooms:
            known = self.rooms.pop()
            if known.shape == shape:
                return known
        return np.zeros(shape, np.uint8)

    def take(self, layer: EncodedLayer) -> None:
        """Pack a layer's codes, where they are large; they must not be looked at from here on."""
        codes = layer.codes
        if codes is None or codes.nbytes < LEAST_BYTES:
            return
        while self.waiting and (self.waiting[0][0].done() or self.held + codes.nbytes > MOST_BYTES):
            self.waiting.popleft()[0].exception()
        layer.pack_by(self.begin(codes))

    @property
    def held(self) -> int:
        """Bytes of codes that wait."""
        return sum(size for _, size in self.waiting)

    def begin(self, codes: NDArray[np.uint8]) -> Future[Members]:
        """Hand codes to the thread."""
        if self.threads is None:
            self.threads = ThreadPoolExecutor(1, "attention-packing")
        try:
            found = self.threads.submit(self.pack, codes)
        except RuntimeError:  # the interpreter is ending, or there are no more threads
            found = Future()
            found.set_result(self.pack(codes))
        self.waiting.append((found, codes.nbytes))
        return found

    def pack(self, codes: NDArray[np.uint8]) -> Members:
        """The work of the thread."""
        members = pack_heads(codes, compress)
        if not self.rooms and codes.dtype == np.uint8:
            self.rooms.append(codes)
        return members

    def end(self) -> None:
        """No further layer comes; what waits is packed."""
        if self.threads is not None:
            self.threads.shutdown(wait=False)
        self.waiting.clear()
        self.rooms = []
