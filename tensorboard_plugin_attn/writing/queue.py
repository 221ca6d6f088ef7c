"""Jobs of known size → one background thread that runs them in order, bounded in bytes."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from tensorboard_plugin_attn.warn import tell

__all__ = ["Job", "Patience", "WriteQueue"]

SLOW_SECONDS = 1.0
MOST_ASIDE = 16  # jobs that wait, above which no further work is put off
QUICK_SECONDS = 0.2  # an answer within this is not counted as waiting for a store


@dataclass(frozen=True)
class Job:
    """One file to write: ``run`` compresses and writes it, ``path`` is where, for messages.

    ``smaller`` takes its place where there is no room and none will be soon.
    """

    run: Callable[[], None]
    nbytes: int
    path: str
    smaller: Job | None = None


class Patience:
    """How long a store that does not answer may still hold up training: ``seconds`` over a writer's whole life."""

    def __init__(self, seconds: float) -> None:
        self.left = float(seconds)

    def spend(self, seconds: float) -> None:
        """Training was held up."""
        self.left = max(0.0, self.left - seconds)

    def wait(self, done: threading.Event) -> bool:
        """Whether something is done, after a wait of what is left; quick answers cost nothing."""
        started = time.monotonic()
        is_done = done.wait(self.left)
        took = time.monotonic() - started
        if not is_done or took > QUICK_SECONDS:
            self.spend(took)
        return is_done


class WriteQueue:
    """A healthy disk that is slow makes ``put`` wait; a failing one makes it drop, and training goes on.

    A job that does not end at all makes it wait for half of ``patience``; then ``on_stuck`` is called, which may
    free it, and for the other half.
    """

    def __init__(
        self, max_bytes: int, patience: Patience | None = None, on_stuck: Callable[[], None] = lambda: None
    ) -> None:
        self.max_bytes = max_bytes
        self.patience = Patience(float("inf")) if patience is None else patience
        self.on_stuck = on_stuck
        self.num_written = 0
        self.num_dropped = 0
        self.seconds_waited = 0.0
        self.jobs: deque[Job] = deque()
        self.pending_bytes = 0
        self.failing = False
        self.reason = ""
        self.changed = threading.Condition()
        self.thread: threading.Thread | None = None
        self.told: set[str] = set()

    def room_aside(self) -> int:
        """Bytes that may wait for work still to be done on them: half of the queue, and none where it stands still."""
        with self.changed:
            if self.failing or len(self.jobs) >= MOST_ASIDE:
                return 0
            return max(0, self.max_bytes // 2 - self.pending_bytes)

    def put(self, job: Job) -> None:
        """Hand over a job; wait while the queue is full, unless the disk fails or hangs."""
        with self.changed:
            started = time.monotonic()
            self.wait_for_room(job)
            self.seconds_waited += time.monotonic() - started
            if self.is_full(job):
                if job.smaller is None or self.pending_bytes + job.smaller.nbytes > 2 * self.max_bytes:
                    self.num_dropped += 1
                    return
                job = job.smaller
            self.jobs.append(job)
            self.pending_bytes += job.nbytes
            self.start_thread()
            self.changed.notify_all()
        if self.seconds_waited > SLOW_SECONDS:
            self.tell_once(
                "slow",
                f"writing attention records has held up training for {self.seconds_waited:.1f} s; log fewer layers, "
                f"heads or probes, or a faster disk than that of {job.path}",
            )

    def wait_for_room(self, job: Job) -> None:
        """Wait while jobs end; time in which none ends is taken from the patience."""
        while self.is_full(job) and not self.failing and self.patience.left > 0:
            first, looked = self.jobs[0], time.monotonic()
            before = self.patience.left
            while self.jobs and self.jobs[0] is first and not self.failing:
                waited = time.monotonic() - looked
                if waited >= before:
                    break
                if waited >= before / 2:
                    self.on_stuck()
                self.changed.wait(min(0.1, before / 4))
            if self.jobs and self.jobs[0] is first and not self.failing:
                self.patience.spend(before)

    def is_full(self, job: Job) -> bool:
        """Whether a job must wait; one larger than the queue goes in when the queue is empty."""
        return self.pending_bytes > 0 and self.pending_bytes + job.nbytes > self.max_bytes

    def start_thread(self) -> None:
        """A thread runs while there are jobs, and none holds up the interpreter's exit."""
        if self.thread is not None:
            return
        try:
            thread = threading.Thread(target=self.work, name="attention-writer", daemon=True)
            thread.start()
            self.thread = thread
        except RuntimeError:  # the interpreter is ending, or there are no more threads
            self.work()

    def work(self) -> None:
        """Run jobs until there are none; the thread then ends."""
        while True:
            with self.changed:
                if not self.jobs:
                    self.thread = None
                    self.changed.notify_all()
                    return
                job = self.jobs[0]
            self.run(job)
            with self.changed:
                self.jobs.popleft()
                self.pending_bytes -= job.nbytes
                self.changed.notify_all()

    def run(self, job: Job) -> None:
        """Write one file; a failure is counted and told once."""
        try:
            job.run()
            self.num_written += 1
            self.failing = False
        except Exception as error:  # noqa: BLE001 a remote store may raise anything, and training goes on
            self.num_dropped += 1
            self.failing = True
            self.reason = f"{type(error).__name__}: {error}"
            self.tell_once(
                "failing",
                f"cannot write {job.path}: {error!r}; attention records are dropped until it works again, "
                f"training goes on",
            )

    def tell_once(self, what: str, message: str) -> None:
        """One warning of each sort."""
        if what not in self.told:
            self.told.add(what)
            tell(message)

    def drain(self, deadline: float = float("inf")) -> bool:
        """Wait until every job has run, at most until ``deadline`` (``time.monotonic``); whether so."""
        with self.changed:
            while self.jobs and time.monotonic() < deadline:
                self.changed.wait(0.1)
            return not self.jobs
