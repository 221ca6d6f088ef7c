"""Codes of rows as they are measured → the gzip members of their heads, made while further rows are computed.

So neither all codes of a layer are held nor is their memory asked of the system anew, which takes as long as computing
them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from math import prod
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn.encoding.codes import compress
from tensorboard_plugin_attn.encoding.layer import EncodedLayer
from tensorboard_plugin_attn.encoding.members import MemberPacker, Members, pack_heads
from tensorboard_plugin_attn.encoding.overview import LONG
from tensorboard_plugin_attn.encoding.spill import Spill

__all__ = ["CodePacking", "LayerPacking"]

LEAST_BYTES = 1 << 20  # of a layer's codes; fewer are packed with their record
MOST_BYTES = 2 << 20  # of codes that wait; those of one layer that is there as a whole may be more

Result = TypeVar("Result")


class CodePacking:
    """A thread for the layers of one record; where there can be none, they are packed at once.

    Rows of long texts may be stored, as far as ``most_stored`` bytes are not yet taken.
    """

    def __init__(self, most_stored: int = 0) -> None:
        self.most_stored = most_stored
        self.taken = 0
        self.spill = Spill()
        self.threads: ThreadPoolExecutor | None = None
        self.waiting: deque[tuple[Future[Any], int]] = deque()
        self.rooms: list[NDArray[np.uint8]] = []

    def layer(self, shape: tuple[int, int, int], *, whole: bool = True) -> LayerPacking | None:
        """What takes the codes ``[head, query, key]`` of a layer, rows after rows; None where they are few. ``whole``: of
        all rows."""
        if prod(shape) < LEAST_BYTES:
            return None
        stores = whole and max(shape[1:]) > LONG and self.taken < self.most_stored
        return LayerPacking(self, shape[0], stores=stores)

    def take(self, layer: EncodedLayer) -> None:
        """Pack a layer's codes, where they are large; they must not be looked at from here on."""
        codes = layer.codes
        if codes is not None and codes.nbytes >= LEAST_BYTES:
            layer.pack_by(self.begin(partial(pack_heads, codes, compress), codes.nbytes))

    def begin(self, work: Callable[[], Result], held: int) -> Future[Result]:
        """Hand work to the thread that holds so many bytes, once there is room for them."""
        while self.waiting and (self.waiting[0][0].done() or self.held + held > MOST_BYTES):
            self.waiting.popleft()[0].exception()
        if self.threads is None:
            self.threads = ThreadPoolExecutor(1, "attention-packing")
        try:
            found = self.threads.submit(work)
        except RuntimeError:  # the interpreter is ending, or there are no more threads
            found = Future()
            found.set_result(work())
        self.waiting.append((found, held))
        return found

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits."""
        return all(future.done() for future, _ in self.waiting)

    @property
    def held(self) -> int:
        """Bytes of codes that wait."""
        return sum(size for _, size in self.waiting)

    def room(self, size: int) -> NDArray[np.uint8]:
        """Memory for so many codes, that of codes that were packed where there is any."""
        while self.rooms:
            known = self.rooms.pop()
            if len(known) >= size:
                return known
        return np.empty(size, np.uint8)

    def end(self) -> None:
        """No further layer comes; what waits is packed."""
        if self.threads is not None:
            self.threads.shutdown(wait=False)
        self.waiting.clear()
        self.rooms = []


class LayerPacking:
    """The codes of one layer: a member of each head, to which rows are added in the thread."""

    def __init__(self, packing: CodePacking, heads: int, *, stores: bool = False) -> None:
        self.packing = packing
        self.packer = MemberPacker(heads, packing.spill, stores=stores)
        self.failure: Exception | None = None

    def room(self, shape: tuple[int, int, int]) -> NDArray[np.uint8]:
        """As ``CodeTaker``."""
        return self.packing.room(prod(shape))[: prod(shape)].reshape(shape)

    def take(self, head: int, row: int, codes: NDArray[np.uint8], stop: int) -> None:
        """As ``CodeTaker``; rows come in order."""
        if self.packer.is_quick and self.packing.is_idle:
            self.add(head, codes, stop)
        else:
            self.packing.begin(partial(self.add, head, codes, stop), codes.nbytes)

    def add(self, first: int, codes: NDArray[np.uint8], stop: int) -> None:
        """Some rows, in the thread."""
        try:
            self.packer.add(first, codes, stop)
        except Exception as error:  # noqa: BLE001 whatever it is, ``finish`` raises it
            self.failure = error
        if isinstance(codes.base, np.ndarray):
            self.packing.rooms.append(codes.base)

    def end(self) -> Future[Members]:
        """No further rows come."""
        return self.packing.begin(self.finish, 0)

    def finish(self) -> Members:
        """The members, in the thread."""
        if self.failure is not None:
            raise self.failure
        found = self.packer.finish()
        self.packing.taken += found.nbytes
        return found
