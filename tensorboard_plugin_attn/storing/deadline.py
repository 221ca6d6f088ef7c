"""Calls that may hang, on a store or a mount → their results, or an error after a deadline of ours."""

from __future__ import annotations

import builtins
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple, TypeVar, cast

from tensorboard_plugin_attn.encoding.codes import crc_of
from tensorboard_plugin_attn.encoding.spill import Buffer, Spilled
from tensorboard_plugin_attn.storing.files import BYTES_PER_SECOND, Entry, Files, RemoteFiles

__all__ = ["BoundedFiles", "Calls", "Change", "NoThreadError", "StoreHangsError"]

PIECE = 1 << 20  # bytes of one request: a slow store ends it within its deadline, one that hangs does not
IDLE_SECONDS = 2.0  # a thread without work ends
MOST_HANGING = 8  # calls that may hang at once; further ones are refused until one comes back
LOOK_SECONDS = 0.05  # how often a wait looks whether it should end early

Result = TypeVar("Result")


class StoreHangsError(TimeoutError):
    """A call did not end in time, or was not begun since too many hang."""


class NoThreadError(RuntimeError):
    """No thread can be started: the interpreter is ending."""


class Change(NamedTuple):
    """What a call changes: the files of one step, or another file; ``digest`` of what is written, None for a removal."""

    place: str
    digest: int | None

    @classmethod
    def of(cls, path: str, buffers: Sequence[Buffer] | None = None) -> Change:
        """All forms of a step are one place: whoever writes one removes the other."""
        directory, _, name = path.rpartition("/")
        digest = None
        if buffers is not None:
            digest = 0
            for buffer in buffers:  # what was put aside has its CRC-32 in the header
                digest = crc_of(buffer if not isinstance(buffer, Spilled) else b"", digest)
        return cls(f"{directory}/{name.partition('.')[0]}", digest)


class Call:
    """One call that is handed to a thread; ``is_left``: nobody waits for it any more."""

    def __init__(self, function: Callable[[], Any], change: Change | None = None) -> None:
        self.function = function
        self.change = change
        self.done = threading.Event()
        self.is_left = False
        self.result: Any = None
        self.error: BaseException | None = None

    def run(self) -> None:
        """The thread's part."""
        try:
            self.result = self.function()
        except BaseException as error:  # noqa: BLE001 - raised again where the result is awaited
            self.error = error

    def wait(self, seconds: float, hurry: threading.Event | None, alive: Callable[[], float] | None) -> bool:
        """Whether it ended within ``seconds`` of its last sign of life, and before ``hurry`` was set."""
        if hurry is None and alive is None:
            return self.done.wait(seconds)
        started = time.monotonic()
        while time.monotonic() - (max(started, alive()) if alive else started) < seconds:
            if (hurry is not None and hurry.is_set()) or self.done.wait(min(LOOK_SECONDS, seconds)):
                break
        return self.done.is_set()


class Calls:
    """Threads that run calls; one whose call hangs is left alone, and another takes its place.

    After a call that hung, further ones are refused for ``refuse_seconds``, unless one comes back.
    """

    def __init__(
        self, seconds: float, *, most_hanging: int = MOST_HANGING, refuse_seconds: float = 0.0
    ) -> None:
        self.seconds = seconds
        self.refuse_seconds = refuse_seconds
        self.hung_at = float("-inf")
        self.most_hanging = most_hanging
        self.lock = threading.Lock()
        self.idle: list[SimpleQueue[Call]] = []
        self.hanging = 0
        self.late: Counter[Change] = Counter()  # changes that were given up and may still happen

    def call(
        self,
        function: Callable[[], Result],
        seconds: float | None = None,
        hurry: threading.Event | None = None,
        alive: Callable[[], float] | None = None,
        change: Change | None = None,
    ) -> Result:
        """What ``function`` gives within ``seconds`` and before ``hurry`` is set; its errors are raised.

        With ``alive``, when it last gave a sign of life (``time.monotonic``), the seconds count from there. A
        ``change`` is refused while an earlier, other one of its place hangs: that would undo it when it comes back.

        Raises:
            StoreHangsError: it did not end in time, too many calls hang already, or one that would undo it.
            NoThreadError: no thread can be started.
        """
        if time.monotonic() < self.hung_at + self.refuse_seconds:
            raise StoreHangsError("it did not answer a moment ago")
        if self.hanging >= self.most_hanging:
            raise StoreHangsError(f"{self.hanging} calls to it hang")
        if change is not None and self.is_threatened(change):
            raise StoreHangsError("an earlier change of the same file has not come back")
        call, allowed = Call(function, change), self.seconds if seconds is None else seconds
        self.worker().put(call)
        if not call.wait(allowed, hurry, alive):
            with self.lock:
                call.is_left = not call.done.is_set()
                self.hanging += call.is_left
                if change is not None:
                    self.late[change] += call.is_left
                self.hung_at = time.monotonic() if call.is_left else self.hung_at
            if call.is_left:
                raise StoreHangsError(f"it has not answered for {allowed:.3g} s")
        if call.error is not None:
            raise call.error
        self.hung_at = float("-inf")
        return cast(Result, call.result)

    def is_threatened(self, change: Change) -> bool:
        """Whether another change of its place was given up and may still happen."""
        with self.lock:
            return any(late.place == change.place and late.digest != change.digest for late in +self.late)

    def begin(self, function: Callable[[], object]) -> None:
        """As ``call``, without waiting; what it gives or raises is nobody's."""
        with suppress(NoThreadError):
            self.worker().put(Call(function))

    def worker(self) -> SimpleQueue[Call]:
        """The queue of a thread that has nothing to do."""
        with self.lock:
            if self.idle:
                return self.idle.pop()
        queue: SimpleQueue[Call] = SimpleQueue()
        try:
            threading.Thread(target=self.work, args=(queue,), name="attention-store", daemon=True).start()
        except RuntimeError as error:
            raise NoThreadError(str(error)) from error
        return queue

    def work(self, queue: SimpleQueue[Call]) -> None:
        """A thread: one call after another, until there has been none for a while."""
        while True:
            try:
                call = queue.get(timeout=IDLE_SECONDS)
            except Empty:
                with self.lock:
                    if queue in self.idle:
                        self.idle.remove(queue)
                        return
                continue
            call.run()
            with self.lock:
                call.done.set()
                self.hanging -= call.is_left
                if call.is_left and call.change is not None:
                    self.late[call.change] -= 1
                    self.late += Counter()  # forgets what has come back
                if isinstance(call.error, TimeoutError):  # its own client gave up
                    self.hung_at = time.monotonic()
                self.idle.append(queue)


class BoundedFiles:
    """The files of a store that may hang: opened when first needed, and every call ends.

    Raises:
        StoreHangsError: from every method but ``where``.
    """

    def __init__(self, place: str, open_store: Callable[[], Files], calls: Calls) -> None:
        self.place = place.rstrip("/")
        self.open_store = open_store
        self.calls = calls
        self.opening = threading.Lock()
        self.files: Files | None = None

    def where(self, path: str) -> str:
        return f"{self.place}/{path}" if path else self.place

    def opened(self) -> Files:
        """The store itself."""
        with self.opening:
            if self.files is None:
                self.files = self.open_store()
            return self.files

    def list(self, path: str) -> list[Entry]:
        return self.calls.call(lambda: self.opened().list(path))

    def find(self, path: str) -> builtins.list[tuple[str, Entry]]:
        """As ``RemoteFiles.find``."""
        return self.calls.call(lambda: cast(RemoteFiles, self.opened()).find(path))

    def names(self, path: str, start: str) -> builtins.list[str]:
        return self.calls.call(lambda: self.opened().names(path, start))

    def size(self, path: str) -> int:
        return self.calls.call(lambda: self.opened().size(path))

    def entry(self, path: str) -> Entry:
        return self.calls.call(lambda: self.opened().entry(path))

    def read(self, path: str, start: int, stop: int) -> bytes:
        parts = []
        for first in range(start, stop, PIECE):
            last = min(first + PIECE, stop)
            parts.append(self.calls.call(partial(self.read_piece, path, first, last)))
            if len(parts[-1]) < last - first:
                break
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def read_piece(self, path: str, start: int, stop: int) -> bytes:
        """One request."""
        return self.opened().read(path, start, stop)

    def write(self, path: str, buffers: Sequence[Buffer]) -> None:
        seconds = self.calls.seconds + sum(map(len, buffers)) / BYTES_PER_SECOND
        self.calls.call(lambda: self.opened().write(path, buffers), seconds, change=Change.of(path, buffers))

    def remove(self, path: str) -> None:
        self.calls.call(lambda: self.opened().remove(path), change=Change.of(path))
