"""Records that wait for their store ⇄ files in a directory of this machine, which outlive the process.

A spool's directory holds one folder per store and run (named by a hash of its address, which stands in ``target``),
in it one folder per tag, in that the records as they will be in the store, with the order in front of their names.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tensorboard_plugin_attn.encoding.spill import Buffer
from tensorboard_plugin_attn.storing.files import LocalFiles
from tensorboard_plugin_attn.storing.pictures import PICTURES, is_picture
from tensorboard_plugin_attn.storing.store import PLUGIN_DIRECTORY, is_own

__all__ = ["Spool", "Waiting", "default_root", "form_key", "open_spools"]

NAME = re.compile(r"(\d{20})\.(-?\d{11,}\..*safetensors|pictures\.[0-9a-f]{64})")
MOST_OWN = 1000  # held in memory before looking which of them were sent
TARGET, LOCK = "target", "lock"
PURGE = re.compile(r"purge(?:-(\d+)-of-(\d+))?")

Part = tuple[int, int] | None


@dataclass(frozen=True)
class Waiting:
    """One record in a spool. ``path`` is where it is in the spool, ``target`` where it belongs in the store."""

    order: int  # nanoseconds when it was put there
    path: str
    target: str
    size: int

    @property
    def is_picture(self) -> bool:
        """Whether it is a picture or a sound that records name."""
        return is_picture(self.target)

    @property
    def step(self) -> int:
        """Its training step."""
        return int(self.target.rsplit("/", 1)[-1].partition(".")[0])


class Spool:
    """What waits for one target, within ``max_bytes``."""

    def __init__(self, target: str, root: Path, max_bytes: int = 1 << 30) -> None:
        self.target = target
        self.directory = root / hashlib.sha256(target.encode(errors="surrogatepass")).hexdigest()[:16]
        self.root = root
        self.max_bytes = max_bytes
        self.files = LocalFiles(str(self.directory))
        self.changing = threading.Lock()
        self.used: int | None = None
        self.last_order = 0
        self.own: dict[str, Waiting] = {}
        self.num_own = 0

    def open(self) -> None:
        """Make its directory, for this user alone."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.root.parent == Path(tempfile.gettempdir()):
            check_own(self.root)
        self.directory.mkdir(mode=0o700, exist_ok=True)
        check_own(self.directory)
        if not (self.directory / TARGET).exists():
            self.files.write(TARGET, [self.target.encode(errors="surrogatepass")])

    def has_room(self, nbytes: int, over: float = 1.0) -> bool:
        """Whether so many bytes more fit in ``over`` times its size."""
        if self.used is None or self.used + nbytes > self.max_bytes * over:
            self.used = sum(each.size for each in self.waiting())
        return self.used + nbytes <= self.max_bytes * over

    def put(self, target: str, buffers: Sequence[Buffer]) -> None:
        """Keep a record until it is sent; one of the same step that this process put there before goes."""
        self.open()
        with self.changing:
            self.last_order = order = max(time.time_ns(), self.last_order + 1)
            tag, _, name = target.removeprefix(f"{PLUGIN_DIRECTORY}/").partition("/")
            name = name.replace("/", ".")
            waiting = Waiting(order, f"{tag}/{order:020d}.{name}", target, sum(map(len, buffers)))
            self.files.write(waiting.path, buffers)
            self.used = (self.used or 0) + waiting.size
            if waiting.is_picture:
                return
            older = self.own.pop(form_key(target), None)
            if older is None or not self.exists(older):
                self.num_own += 1
            else:
                self.remove(older)
            self.own[form_key(target)] = waiting
            if len(self.own) > MOST_OWN:
                self.forget_sent()

    def waiting(self) -> list[Waiting]:
        """Every record in it, whoever put it there, in the order in which they came."""
        found = [
            Waiting(
                int(match[1]),
                f"{tag.name}/{each.name}",
                f"{PLUGIN_DIRECTORY}/{tag.name}/{match[2].replace(f'{PICTURES}.', f'{PICTURES}/')}",
                each.size,
            )
            for tag in self.files.list("")
            if tag.is_directory
            for each in self.files.list(tag.name)
            if (match := NAME.fullmatch(each.name))
        ]
        return sorted(found, key=lambda each: (each.order, each.target))

    def kept(self) -> int:
        """How many of the records that this process put there are still there."""
        with self.changing:
            self.forget_sent()
            return len(self.own)

    def forget_sent(self) -> None:
        """Hold in memory what is still there."""
        self.own = {key: each for key, each in self.own.items() if self.exists(each)}

    def exists(self, waiting: Waiting) -> bool:
        """Whether it was not sent yet."""
        return (self.directory / waiting.path).exists()

    def read(self, waiting: Waiting) -> bytes:
        """The bytes of its file. Raises FileNotFoundError when another process sent it."""
        return self.files.read(waiting.path, 0, waiting.size)

    def remove(self, waiting: Waiting) -> None:
        """It was sent, or is not wanted any more."""
        self.files.remove(waiting.path)
        self.used = max(0, (self.used or 0) - waiting.size)
        with suppress(OSError):  # others lie there too
            (self.directory / waiting.path).parent.rmdir()

    def purge(self, first: int, part: Part = None) -> None:
        """Forget the records with step ≥ ``first``, and have them deleted in the store before anything is sent.

        The writer of a ``part`` (number, of) does so for its own.
        """
        self.open()
        for each in self.waiting():
            if not each.is_picture and each.step >= first and is_own(each.target.rpartition("/")[2], part):
                self.remove(each)
        asked = self.purges_asked().get(part, first)
        self.files.write(purge_name(part), [str(min(first, asked)).encode()])

    def purges_asked(self) -> dict[Part, int]:
        """Part, or None for everything → the step from which on the store's records are still to be deleted."""
        asked: dict[Part, int] = {}
        for entry in self.files.list(""):
            if match := PURGE.fullmatch(entry.name):
                part = None if match[1] is None else (int(match[1]), int(match[2]))
                with suppress(FileNotFoundError):  # done meanwhile
                    asked[part] = int((self.directory / entry.name).read_text())
        return asked

    def purge_done(self, first: int, part: Part = None) -> None:
        """The store's records from ``first`` on are deleted."""
        if self.purges_asked().get(part) == first:
            self.files.remove(purge_name(part))

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.purges_asked() and not self.waiting()

    def lock(self) -> Any:
        """One process at a time sends what is there; released when that process ends, however it ends."""
        from filelock import FileLock

        return FileLock(self.directory / LOCK, timeout=0, thread_local=False)


def purge_name(part: Part) -> str:
    """The file that says that a purge of a part, or of everything, is still to be done."""
    return "purge" if part is None else f"purge-{part[0]:d}-of-{part[1]:d}"


def form_key(target: str) -> str:
    """Equal for the two forms of one step: with weights, and of head metrics alone."""
    return target.replace(".metrics.", ".")


def default_root() -> Path:
    """The spools of this user: in the cache directory, in the temporary one where that cannot be written."""
    from platformdirs import user_cache_path

    place = user_cache_path("tensorboard-plugin-attn", appauthor=False)
    there = next((each for each in (place, *place.parents) if each.exists()), place)
    if os.access(there, os.W_OK):
        return place / "spool"
    user = os.getuid() if hasattr(os, "getuid") else "user"
    return Path(tempfile.gettempdir()) / f"tensorboard-plugin-attn-{user}"


def check_own(place: Path) -> None:
    """Raise PermissionError where a directory is another user's, or a link that may lead anywhere."""
    if hasattr(os, "getuid") and (place.is_symlink() or place.stat().st_uid != os.getuid()):
        raise PermissionError(f"{place} is not a directory of your own; pass another one as spool=")


def open_spools(root: Path) -> Iterator[Spool]:
    """Every spool in a directory that has anything in it."""
    for entry in sorted(LocalFiles(str(root)).list(""), key=lambda each: each.name):
        try:
            target = (root / entry.name / TARGET).read_bytes().decode(errors="surrogatepass")
        except OSError:
            continue
        spool = Spool(target, root)
        if not spool.is_empty:
            yield spool
