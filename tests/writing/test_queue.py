"""The queue between training and the disk: bounded, patient with a slow disk, unharmed by a failing one."""

from __future__ import annotations

import threading
import time
import warnings
from collections.abc import Callable

import pytest

from tensorboard_plugin_attn.writing import queue as write_queue
from tensorboard_plugin_attn.writing.queue import Job, Patience, WriteQueue


class Disk:
    """Keeps what is written; ``gate`` holds writes up, ``error`` makes them fail."""

    def __init__(self) -> None:
        self.written: list[str] = []
        self.gate = threading.Event()
        self.gate.set()
        self.error: Exception | None = None
        self.busy = threading.Event()

    def job(self, name: str, nbytes: int = 10) -> Job:
        def write() -> None:
            self.busy.set()
            assert self.gate.wait(20)
            if self.error is not None:
                raise self.error
            self.written.append(name)

        return Job(write, nbytes, f"runs/{name}.safetensors")


def held_up(queue: WriteQueue, disk: Disk, count: int) -> None:
    """Put so many jobs of 10 bytes while the disk does not move."""
    disk.gate.clear()
    for number in range(count):
        queue.put(disk.job(str(number)))
    assert disk.busy.wait(5)


def put_and_drain(queue: WriteQueue, jobs: list[Job]) -> None:
    for job in jobs:
        queue.put(job)
    queue.drain()


def in_thread(call: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    return thread


def test_jobs_run_in_order_in_another_thread() -> None:
    disk, queue, threads = Disk(), WriteQueue(1000), set()
    for number in range(20):
        job = disk.job(str(number))
        queue.put(Job(lambda job=job: (threads.add(threading.get_ident()), job.run())[1], 10, job.path))
    queue.drain()
    assert disk.written == [str(number) for number in range(20)]
    assert threading.get_ident() not in threads
    assert (queue.num_written, queue.num_dropped, queue.pending_bytes) == (20, 0, 0)


def test_no_thread_is_left_when_there_is_nothing_to_do() -> None:
    disk, queue = Disk(), WriteQueue(1000)
    queue.put(disk.job("a"))
    thread = queue.thread
    queue.drain()
    assert thread is not None
    thread.join(5)
    assert queue.thread is None
    queue.put(disk.job("b"))
    queue.drain()
    assert disk.written == ["a", "b"]


def test_putting_returns_at_once_while_there_is_room() -> None:
    disk, queue = Disk(), WriteQueue(30)
    held_up(queue, disk, 3)
    assert (queue.pending_bytes, disk.written) == (30, [])
    disk.gate.set()
    queue.drain()
    assert disk.written == ["0", "1", "2"]


def test_a_full_queue_and_a_healthy_disk_wait_and_lose_nothing() -> None:
    disk, queue = Disk(), WriteQueue(30)
    held_up(queue, disk, 3)
    thread = in_thread(lambda: queue.put(disk.job("waited")))
    thread.join(0.3)
    assert thread.is_alive()
    disk.gate.set()
    thread.join(5)
    queue.drain()
    assert disk.written == ["0", "1", "2", "waited"]
    assert queue.num_dropped == 0
    assert queue.seconds_waited >= 0.25


def test_the_bytes_that_wait_are_never_more_than_allowed() -> None:
    disk, queue, most = Disk(), WriteQueue(35), 0
    for number in range(50):
        queue.put(disk.job(str(number)))
        most = max(most, queue.pending_bytes)
    queue.drain()
    assert most <= 35
    assert len(disk.written) == 50


def test_a_job_larger_than_the_queue_goes_in_alone() -> None:
    disk, queue = Disk(), WriteQueue(30)
    queue.put(disk.job("huge", 500))
    queue.put(disk.job("small", 1))
    queue.drain()
    assert disk.written == ["huge", "small"]


def test_a_slow_disk_is_told_once_with_the_seconds_and_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write_queue, "SLOW_SECONDS", 0.05)
    disk, queue = Disk(), WriteQueue(10)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        for number in range(5):
            disk.gate.clear()
            threading.Timer(0.1, disk.gate.set).start()
            queue.put(disk.job(str(number)))
        queue.drain()
    assert len(disk.written) == 5
    (message,) = [str(each.message) for each in told]
    assert "held up training for 0." in message
    assert "log fewer layers, heads or probes, or a faster disk than that of runs/" in message


def test_a_disk_that_is_not_slow_is_not_told() -> None:
    disk, queue = Disk(), WriteQueue(10)
    for number in range(50):
        queue.put(disk.job(str(number)))
    queue.drain()
    assert queue.told == set()


def test_a_failing_disk_drops_counts_and_tells_once_with_path_and_reason() -> None:
    disk, queue = Disk(), WriteQueue(1000)
    disk.error = OSError(28, "No space left on device")
    with pytest.warns(RuntimeWarning) as told:
        put_and_drain(queue, [disk.job(str(number)) for number in range(5)])
    (message,) = [str(each.message) for each in told]
    assert "cannot write runs/0.safetensors" in message
    assert "No space left on device" in message
    assert "training goes on" in message
    assert (queue.num_written, queue.num_dropped) == (0, 5)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_disk_that_works_again_is_written_to_again() -> None:
    disk, queue = Disk(), WriteQueue(1000)
    disk.error = OSError(5, "Input/output error")
    queue.put(disk.job("lost"))
    queue.drain()
    disk.error = None
    queue.put(disk.job("kept"))
    queue.drain()
    assert (disk.written, queue.num_written, queue.num_dropped) == (["kept"], 1, 1)
    assert not queue.failing


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_full_queue_and_a_failing_disk_drop_without_waiting() -> None:
    disk, queue = Disk(), WriteQueue(30)
    disk.error = OSError(5, "Input/output error")
    queue.put(disk.job("fails"))
    queue.drain()
    held_up(queue, disk, 3)
    started = time.monotonic()
    queue.put(disk.job("dropped"))
    assert time.monotonic() - started < 1
    assert queue.num_dropped == 2
    disk.error = None
    disk.gate.set()
    queue.drain()
    assert disk.written == ["0", "1", "2"]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_waiting_ends_when_the_disk_begins_to_fail() -> None:
    disk, queue = Disk(), WriteQueue(30)
    held_up(queue, disk, 3)
    thread = in_thread(lambda: queue.put(disk.job("later")))
    thread.join(0.2)
    assert thread.is_alive()
    disk.error = OSError(28, "No space left on device")
    disk.gate.set()
    thread.join(5)
    assert not thread.is_alive()
    queue.drain()
    assert queue.num_written + queue.num_dropped == 4


def test_errors_of_any_kind_count_as_a_failing_disk() -> None:
    disk, queue = Disk(), WriteQueue(100)
    disk.error = KeyError("a remote store's own error")
    with pytest.warns(RuntimeWarning, match="a remote store's own error"):
        put_and_drain(queue, [disk.job("a")])
    assert queue.num_dropped == 1


def test_where_no_thread_can_start_jobs_run_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: threading.Thread) -> None:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    disk, queue = Disk(), WriteQueue(100)
    queue.put(disk.job("a"))
    queue.put(disk.job("b"))
    queue.drain()
    assert disk.written == ["a", "b"]


def test_a_disk_that_hangs_is_waited_for_as_long_as_patience_lasts_and_once() -> None:
    disk, stuck = Disk(), threading.Event()
    queue = WriteQueue(30, Patience(0.4), stuck.set)
    held_up(queue, disk, 3)
    for number in range(20):
        queue.put(disk.job(f"more{number}"))
    assert stuck.is_set()
    assert queue.patience.left == 0
    assert queue.seconds_waited < 10 * 0.4
    assert queue.num_dropped == 20
    disk.gate.set()
    queue.drain()


def test_whoever_frees_a_stuck_write_within_half_of_the_patience_loses_nothing() -> None:
    disk = Disk()
    queue = WriteQueue(30, Patience(60), disk.gate.set)
    queue.patience.left = 0.4
    held_up(queue, disk, 3)
    queue.put(disk.job("more"))
    queue.drain()
    assert disk.written == ["0", "1", "2", "more"]


def test_without_patience_a_smaller_job_takes_the_place_of_one_that_does_not_fit() -> None:
    disk = Disk()
    queue = WriteQueue(30, Patience(0))
    held_up(queue, disk, 3)
    for number in range(5):
        large = disk.job(f"large{number}", 20)
        queue.put(Job(large.run, 20, large.path, smaller=disk.job(f"small{number}", 10)))
    disk.gate.set()
    queue.drain()
    assert disk.written == ["0", "1", "2", "small0", "small1", "small2"]
    assert queue.num_dropped == 2


def test_a_drain_ends_at_its_deadline() -> None:
    disk, queue = Disk(), WriteQueue(1000)
    held_up(queue, disk, 1)
    assert not queue.drain(time.monotonic() + 0.1)
    disk.gate.set()
    assert queue.drain()


def test_quick_answers_cost_no_patience() -> None:
    patience, done = Patience(60), threading.Event()
    done.set()
    assert all(patience.wait(done) for _ in range(1000))
    assert patience.left == 60
