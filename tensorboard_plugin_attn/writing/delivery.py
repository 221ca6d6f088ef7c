"""Packed records → their store: at once on a healthy disk, by way of a spool where the store may hang."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from tensorboard_plugin_attn.encoding.spill import Buffer
from tensorboard_plugin_attn.errors import WriteError
from tensorboard_plugin_attn.storing import store
from tensorboard_plugin_attn.storing.deadline import (
    BoundedFiles,
    Calls,
    Change,
    NoThreadError,
    StoreHangsError,
)
from tensorboard_plugin_attn.storing.files import Files, LocalFiles, is_remote, open_files
from tensorboard_plugin_attn.storing.spool import Spool, default_root
from tensorboard_plugin_attn.storing.store import StepFile
from tensorboard_plugin_attn.warn import tell
from tensorboard_plugin_attn.writing.queue import Patience, WriteQueue
from tensorboard_plugin_attn.writing.series_packing import SeriesPacking
from tensorboard_plugin_attn.writing.uploader import Uploader

__all__ = ["CLOSE_SECONDS", "Delivery", "close_in"]

STORE_SECONDS = 30.0  # one request to a store, and a second per 64 KiB
MOUNT_SECONDS = 5.0  # one write to a local directory, after which it counts as hanging
LEAST_SECONDS = 0.05  # for tidying where nothing may be waited for
CLOSE_SECONDS = 30.0
OVER = 1.125  # how far head metrics alone may overfill a spool

Pack = Callable[[], Sequence[Buffer]]


class Delivery:
    """Where the records of one writer go.

    A remote target's go to the spool and are sent from there; a local one's are written at once, until a write
    hangs: then they take the spool too, until everything in it has arrived.
    """

    def __init__(
        self,
        directory: str,
        max_queue_bytes: int,
        max_wait: float,
        spool: Path | None,
        max_spool_bytes: int,
        part: tuple[int, int] | None = None,
    ) -> None:
        self.part = part
        self.directory = directory
        self.is_remote = is_remote(directory)
        self.by_spool = self.is_remote
        self.patience = Patience(max_wait)
        self.stuck = threading.Event()
        self.queue = WriteQueue(max_queue_bytes, self.patience, self.stuck.set)
        self.calls = Calls(STORE_SECONDS if self.is_remote else MOUNT_SECONDS)
        self.bounded = BoundedFiles(
            directory, lambda: open_files(directory, seconds=STORE_SECONDS), self.calls
        )
        self.files: Files = self.bounded if self.is_remote else open_files(directory)
        # Of parts that of the first rank packs: it is there in any case.
        self.packing = SeriesPacking(self.bounded) if part is None or part[0] == 0 else None
        self.spool_root, self.max_spool_bytes = spool, max_spool_bytes
        self.opened_spool: Spool | None = None
        self.opened_uploader: Uploader | None = None
        self.preparing = threading.Lock()
        self.is_prepared = False
        self.num_direct = 0
        self.kept_media: set[str] = set()
        self.why = ""
        self.closing_line = ""

    @property
    def spool(self) -> Spool:
        """The spool of this target; nothing of it is made before it is needed."""
        if self.opened_spool is None:
            target = (
                self.directory.rstrip("/")
                if self.is_remote
                else str(LocalFiles(self.directory).root.absolute())
            )
            root = default_root() if self.spool_root is None else self.spool_root
            self.opened_spool = Spool(target, root, self.max_spool_bytes)
        return self.opened_spool

    @property
    def uploader(self) -> Uploader:
        """What empties the spool."""
        if self.opened_uploader is None or self.opened_uploader.ending.is_set():
            self.opened_uploader = Uploader(
                self.spool, self.bounded, self.queue.tell_once, packing=self.packing
            )
        return self.opened_uploader

    @property
    def num_written(self) -> int:
        """Records that are in the store."""
        sent = 0 if self.opened_spool is None else self.opened_spool.num_own - self.opened_spool.kept()
        return self.num_direct + sent

    def prepare_once(self, purge_step: int | None) -> None:
        """As ``prepare``, the first time; threads that log wait until what they write cannot be deleted any more."""
        with self.preparing:
            if not self.is_prepared:
                self.is_prepared = True
                self.prepare(purge_step)

    def prepare(self, purge_step: int | None) -> None:
        """Delete what is to be written anew and tidy up; a store is not waited for longer than ``max_wait``.

        A directory in which files are being deleted answers, however many there are.
        """
        if purge_step is None and not self.is_remote:
            self.calls.begin(lambda: self.tidied(None, bool))
            return
        given_up, beats = threading.Event(), [time.monotonic()]

        def is_given_up() -> bool:
            beats[0] = time.monotonic()
            return given_up.is_set()

        started = time.monotonic()
        try:
            self.calls.call(
                lambda: self.tidied(purge_step, is_given_up),
                max(self.patience.left, LEAST_SECONDS),
                alive=lambda: beats[0],
            )
        except (StoreHangsError, NoThreadError) as error:
            given_up.set()
            self.patience.spend(time.monotonic() - started)
            self.detour(error)
            if purge_step is not None and not self.is_remote:
                self.spool.purge(purge_step, self.part)

    def tidied(self, purge_step: int | None, is_given_up: Callable[[], bool]) -> None:
        """As ``tidy``; a disk that fails is told."""
        try:
            self.tidy(purge_step, is_given_up)
        except OSError as error:
            tell(f"cannot tidy {self.bounded.where(store.PLUGIN_DIRECTORY)}: {error!r}")

    def tidy(self, purge_step: int | None, is_given_up: Callable[[], bool]) -> None:
        """The work of ``prepare``; what an earlier process left in the spool is sent from now on."""
        takes_spool = self.is_remote or (self.spool.directory.exists() and not self.spool.is_empty)
        if purge_step is not None and takes_spool:
            self.spool.purge(purge_step, self.part)
        if takes_spool and self.spool.directory.exists():
            self.by_spool = True
            self.uploader.wake()
        elif not self.is_remote:
            if purge_step is not None:
                store.purge_steps(self.files, "", purge_step, is_given_up, self.part)
            store.remove_stale_drafts(self.files, "")

    def write(self, path: str, pack: Pack, smaller_path: str, pack_smaller: Pack) -> None:
        """One record, on the queue's thread; where the spool is full, the smaller form of it."""
        if self.by_spool and not self.is_remote and self.spool.is_empty:
            self.by_spool = False
            self.stuck.clear()
        buffers = pack()
        if not self.by_spool:
            try:
                self.write_at_once(path, buffers)
                self.num_direct += 1
                if self.packing is not None:
                    self.packing.wrote(path)
                return
            except StoreHangsError as error:
                self.detour(error)
        if not self.spool.has_room(sum(map(len, buffers))):
            self.queue.tell_once(
                "full",
                f"{self.spool.directory} is full (max_spool_bytes={self.max_spool_bytes}): records keep their head "
                f"metrics alone until {self.directory} takes what waits there",
            )
            path, buffers = smaller_path, pack_smaller()
            if not self.spool.has_room(sum(map(len, buffers)), over=OVER):
                raise WriteError(f"{self.spool.directory} is full (max_spool_bytes={self.max_spool_bytes})")
        self.spool.put(path, buffers)
        self.uploader.wake()

    def write_shown(
        self, media: Mapping[str, bytes], path: str, pack: Pack, smaller_path: str, pack_smaller: Pack
    ) -> None:
        """As ``write``, what the record shows before it."""
        self.keep(media)
        self.write(path, pack, smaller_path, pack_smaller)

    def keep(self, media: Mapping[str, bytes]) -> None:
        """Pictures and sounds by their paths, on the queue's thread, each once; records that name them come after."""
        for path, data in media.items():
            if path in self.kept_media:
                continue
            if not self.by_spool:
                try:
                    self.calls.call(partial(self.files.write, path, [data]), hurry=self.stuck)
                except StoreHangsError as error:
                    self.detour(error)
                except NoThreadError:
                    self.files.write(path, [data])
            if self.by_spool and self.spool.has_room(len(data)):
                self.spool.put(path, [data])
            self.kept_media.add(path)

    def write_at_once(self, path: str, buffers: Sequence[Buffer]) -> None:
        """To a local directory. Raises StoreHangsError where that does not answer."""
        if self.stuck.is_set():
            raise StoreHangsError("it does not answer")
        try:
            self.calls.call(
                lambda: self.put_in_place(path, buffers),
                hurry=self.stuck,
                change=Change.of(path, buffers),
            )
        except NoThreadError:
            self.put_in_place(path, buffers)

    def put_in_place(self, path: str, buffers: Sequence[Buffer]) -> None:
        """Write one file; of a part, other forms of its step go."""
        store.write_file(self.files, path, buffers)
        if self.part is not None:
            store.remove_other_forms(self.files, path, self.part)

    def detour(self, error: Exception) -> None:
        """From now on records take the spool."""
        self.by_spool = True
        self.why = str(error)
        self.queue.tell_once(
            "hangs",
            f"{self.directory} hangs ({error}): attention records go to {self.spool.directory} and from there to "
            f"their place when it answers, training goes on",
        )

    def spooled(self, tag: str) -> list[tuple[Files, StepFile]]:
        """The steps of a tag that wait in the spool."""
        name = store.tag_directory(tag)
        spool = self.spool
        return [
            (spool.files, StepFile(each.step, kind_of(each.target), each.path, each.size, each.order / 1e9))
            for each in spool.waiting()
            if each.path.startswith(f"{name}/")
            and not each.is_picture
            and store.part_of_name(each.target.rpartition("/")[2]) == self.part
        ]

    def finish(self, timeout: float) -> bool:
        """Wait until everything handed over is in the store, at most ``timeout`` seconds; whether so."""
        start = time.monotonic()
        before = self.queue.num_written + self.queue.num_dropped
        if not self.queue.drain(start + timeout / 2):
            if self.queue.num_written + self.queue.num_dropped == before:
                self.stuck.set()
            if not self.queue.drain(start + timeout):
                return False
        return self.opened_spool is None or self.uploader.finish(start + timeout)

    def close(self, timeout: float) -> None:
        """As ``finish``; one line says what is not in the store, and where it is."""
        self.finish(timeout)
        if self.opened_uploader is not None:
            self.opened_uploader.end()
        line = self.shortfall()
        if line and line != self.closing_line:
            uploader = self.opened_uploader
            reason = (
                (uploader.reason if uploader else "") or self.queue.reason or self.why or "there was no time"
            )
            tell(f"{line}, because {self.directory} did not take them ({reason})")
        self.closing_line = line

    def shortfall(self) -> str:
        """How many records are in the store and where the others are; nothing when all are there."""
        kept = 0 if self.opened_spool is None else self.opened_spool.kept()
        left, lost = len(self.queue.jobs), self.queue.num_dropped
        written = self.num_written
        parts = [f"{written} of {written + kept + left + lost} records written"]
        if kept and self.opened_spool is not None:
            parts.append(f"{kept} kept in {self.opened_spool.directory}")
        parts += [f"{left} not finished"] * bool(left) + [f"{lost} lost"] * bool(lost)
        return ", ".join(parts) if len(parts) > 1 else ""


def kind_of(path: str) -> str:
    """The kind of a record by the name of its file."""
    return "metrics" if ".metrics." in path else "weights"


def close_in(owner: int, delivery: Delivery, timeout: float) -> None:
    """Close in the process that owns the queue; a forked child has no thread to do it."""
    if os.getpid() == owner:
        delivery.close(timeout)
