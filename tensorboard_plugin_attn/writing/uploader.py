"""A spool → its store: one thread that sends what waits, in order, for as long as it takes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial

from tensorboard_plugin_attn.encoding.format import Header, read_header
from tensorboard_plugin_attn.errors import DamagedFileError
from tensorboard_plugin_attn.storing import store
from tensorboard_plugin_attn.storing.files import Files
from tensorboard_plugin_attn.storing.spool import Spool, Waiting
from tensorboard_plugin_attn.writing.series_packing import SeriesPacking

__all__ = ["Uploader"]

LONGEST_PAUSE = 60.0  # between two attempts
AWAITED_SECONDS = 0.5  # the same while somebody waits for the end
LOOK_SECONDS = 0.03  # how often to look whether all was sent
OTHER_SECONDS = 1.0  # how often to look whether the process that sends has ended
MANY_NAMES = 1000  # in a directory, which are listed once: a store gives so many for one request
LISTED_SECONDS = 5.0  # how long a listing of the store holds: another machine may write there too

Tell = Callable[[str, str], None]  # the sort of message, the message


class Uploader:
    """The store may hang, fail, be slow or away: what waits stays in the spool until it is there.

    ``files`` must have deadlines (``BoundedFiles``). ``tell`` is told each sort of trouble.
    """

    def __init__(
        self, spool: Spool, files: Files, tell: Tell, *, packing: SeriesPacking | None = None
    ) -> None:
        self.spool = spool
        self.packing = packing
        self.files = files
        self.tell = tell
        self.failure = ""
        self.asked = 0.0  # when the attempt that runs began, 0 while none does
        self.num_sent = 0
        self.starting = threading.Lock()
        self.thread: threading.Thread | None = None
        self.waking = threading.Event()  # there is more to send, or it is wanted at once
        self.hurrying = threading.Event()  # attempts are wanted now
        self.ending = threading.Event()
        self.is_awaited = False  # attempts come one after the other
        self.listed: dict[str, tuple[float, set[str]]] = {}  # directory of the store → when listed, its names

    @property
    def reason(self) -> str:
        """Why what waits was not sent; empty where nothing is known to be wrong."""
        if self.failure or not self.asked:
            return self.failure
        return f"no answer for {time.monotonic() - self.asked:.0f} s"

    def wake(self) -> None:
        """There is something to send; an interpreter that is ending leaves it in the spool."""
        self.waking.set()
        with self.starting:
            if self.thread is None and not self.ending.is_set():
                thread = threading.Thread(target=self.work, name="attention-uploads", daemon=True)
                try:
                    thread.start()
                except RuntimeError:
                    return
                self.thread = thread

    def finish(self, deadline: float) -> bool:
        """Wait until nothing of this process waits, at most until ``deadline`` (``time.monotonic``); whether so."""
        self.is_awaited = True
        self.hurrying.set()
        try:
            while self.spool.kept() or self.spool.purges_asked():
                left = deadline - time.monotonic()
                if left <= 0 or self.thread is None:
                    return False
                time.sleep(min(LOOK_SECONDS, left))
            return True
        finally:
            self.is_awaited = False

    def end(self) -> None:
        """Let the thread end; what waits is sent by the next writer."""
        self.ending.set()
        self.hurrying.set()
        self.waking.set()

    def work(self) -> None:
        """The thread: waits until it is woken, sends, waits again."""
        while not self.ending.is_set():
            self.waking.wait()
            self.waking.clear()
            try:
                self.send_all()
            except Exception as error:  # noqa: BLE001 - the spool's disk may fail too; the thread lives on
                self.trouble(error)
        self.thread = None

    def send_all(self) -> None:
        """Send until nothing waits, as the only process that does."""
        from filelock import Timeout

        while not self.spool.is_empty and not self.ending.is_set():
            try:
                with self.spool.lock():
                    self.send_waiting()
            except Timeout:
                self.failure = self.failure or "another process is sending"
                self.ending.wait(OTHER_SECONDS)

    def send_waiting(self) -> None:
        """What waits now, in order; each as often as it takes."""
        self.persist(self.purge)
        for waiting in self.spool.waiting():
            self.persist(lambda: self.purge_and_send(waiting))  # noqa: B023 - called before the next one
            if self.ending.is_set():
                return

    def persist(self, attempt: Callable[[], None]) -> None:
        """Call until it succeeds, with growing pauses, or until the thread is to end."""
        from tenacity import RetryCallState, Retrying, stop_when_event_set, wait_random_exponential

        def failed(state: RetryCallState) -> None:
            if state.outcome is not None:
                self.trouble(state.outcome.exception())

        retrying = Retrying(
            wait=wait_random_exponential(multiplier=0.5, max=LONGEST_PAUSE),
            stop=stop_when_event_set(self.ending),
            sleep=self.pause,
            before_sleep=failed,
            retry_error_callback=lambda state: None,
        )
        retrying(partial(self.timed, attempt))

    def timed(self, attempt: Callable[[], None]) -> None:
        """One attempt; when it began is known while it runs."""
        self.asked = time.monotonic()
        try:
            attempt()
            self.failure = ""
        finally:
            self.asked = 0.0

    def pause(self, seconds: float) -> None:
        """Wait between two attempts; a flush and the end of the thread cut it short."""
        self.hurrying.wait(min(seconds, AWAITED_SECONDS) if self.is_awaited else seconds)
        self.hurrying.clear()

    def trouble(self, error: BaseException | None) -> None:
        """Remember and tell why it does not work; what was known of the store no longer counts."""
        self.listed.clear()
        self.failure = f"{type(error).__name__}: {error}"
        self.tell(
            "sending",
            f"cannot send attention records to {self.spool.target} ({self.failure}); they wait in "
            f"{self.spool.directory} and are sent when it works again, training goes on",
        )

    def purge(self) -> None:
        """Delete in the store what a resumed training will write anew."""
        for part, first in self.spool.purges_asked().items():
            store.purge_steps(self.files, "", first, part=part)
            self.listed.clear()
            self.spool.purge_done(first, part)

    def purge_and_send(self, waiting: Waiting) -> None:
        """Send one record, unless the store has a newer one of its step."""
        self.purge()
        try:
            data = self.spool.read(waiting)
            if waiting.is_picture:
                self.files.write(waiting.target, [data])
                self.spool.remove(waiting)
                return
            header = read_header(lambda start, stop: data[start:stop], waiting.size, waiting.path)
        except FileNotFoundError:  # another record of its step took its place
            return
        except DamagedFileError as error:
            self.tell("damaged", f"a record in {self.spool.directory} is not whole and is not sent: {error}")
            self.spool.remove(waiting)
            return
        directory, _, name = waiting.target.rpartition("/")
        other = store.other_form(waiting.target)
        there = self.names_in(directory, name.partition(".")[0])
        forms = [form for form in (waiting.target, other) if form.rpartition("/")[2] in there]
        newer = [form for form in forms if self.is_newer(form, header)]
        if not newer:
            self.files.write(waiting.target, [data])
            there.add(name)
            self.num_sent += 1
        if newer in ([], [waiting.target]):  # ours, also where an attempt ended between writing and removing
            part = store.part_of_name(name)
            replaced = [] if part is None else store.replaced_by(name, there, part)
            for each in [other.rpartition("/")[2]] * (other in forms) + replaced:
                self.files.remove(f"{directory}/{each}")
                there.discard(each)
        self.spool.remove(waiting)
        if self.packing is not None:
            self.packing.wrote(waiting.target, header)

    def names_in(self, directory: str, step: str) -> set[str]:
        """The names in a directory of the store, at least those of a step, as listed a moment ago and since nothing failed."""
        now = time.monotonic()
        listed_at, names = self.listed.get(directory, (float("-inf"), set[str]()))
        if now - listed_at > LISTED_SECONDS:
            if len(names) >= MANY_NAMES:
                return set(self.files.names(directory, f"{step}."))
            names = {entry.name for entry in self.files.list(directory)}
            self.listed[directory] = now, names
        return names

    def is_newer(self, path: str, ours: Header) -> bool:
        """Whether the store's record of a step was logged after ours, or is ours; a damaged one is not."""
        try:
            header = read_header(partial(self.files.read, path), self.files.entry(path).size, path)
            return header.wall_time >= ours.wall_time
        except (DamagedFileError, FileNotFoundError):
            return False
