"""Jobs of known size → one background thread that runs them in order, bounded in bytes."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from tensorboard_plugin_attn.warn import tell

__all__ = ["Job", "WriteQueue"]

SLOW_SECONDS = 1.0


@dataclass(frozen=True)
class Job:
    """One file to write: ``run`` compresses and writes it, ``path`` is where, for messages."""

    run: Callable[[], None]
    nbytes: int
    path: str


class WriteQueue:
    """A healthy disk that is slow makes ``put`` wait; a failing one makes it drop, and training goes on."""

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.num_written = 0
        self.num_dropped = 0
        self.seconds_waited = 0.0
        self.jobs: deque[Job] = deque()
        self.pending_bytes = 0
        self.failing = False
        self.changed = threading.Condition()
        self.thread: threading.Thread | None = None
        self.told: set[str] = set()

    def put(self, job: Job) -> None:
        """Hand over a job; wait while the queue is full, unless the disk fails."""
        with self.changed:
            started = time.monotonic()
            while self.is_full(job) and not self.failing:
                self.changed.wait(0.1)
            self.seconds_waited += time.monotonic() - started
            if self.is_full(job):
                self.num_dropped += 1
                return
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

    def drain(self) -> None:
        """Wait until every job has run."""
        with self.changed:
            while self.jobs:
                self.changed.wait(0.1)
