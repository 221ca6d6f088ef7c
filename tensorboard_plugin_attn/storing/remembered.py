"""A directory of this machine → its listing, from memory while its time of change stays the same."""

from __future__ import annotations

import builtins
import os
import time
from collections.abc import Mapping
from typing import NamedTuple

from tensorboard_plugin_attn.storing.files import Entry, LocalFiles, local_entry
from tensorboard_plugin_attn.storing.store import StepFile, parse_step_file

__all__ = ["DirectoryStamp", "KnownNames", "RememberedFiles"]

SETTLED_SECONDS = (
    2.0  # a directory that changed later than this may change again within the same tick of a clock
)
TRUSTED_SECONDS = 30.0  # some mounts never change a directory's time
MOST_FILES = 200  # directories of many files are not kept in memory


KnownNames = dict[str, tuple[int, StepFile]]  # of a directory's files: the number of the file, and what it is


class DirectoryStamp(NamedTuple):
    """When a directory was changed last, and when that was looked up."""

    changed: int  # nanoseconds
    looked: float

    @property
    def is_settled(self) -> bool:
        """Whether a later change would have another time."""
        return self.changed / 1e9 < self.looked - SETTLED_SECONDS

    def holds(self, now: DirectoryStamp) -> bool:
        """Whether what was listed at this stamp is still what is there."""
        return self.is_settled and self.changed == now.changed and now.looked < self.looked + TRUSTED_SECONDS


class RememberedFiles(LocalFiles):
    """Local files; directories that did not change are not listed again."""

    def __init__(self, root: str) -> None:
        super().__init__(root)
        self.kept: dict[str, tuple[DirectoryStamp, builtins.list[Entry]]] = {}

    def stamp(self, path: str) -> DirectoryStamp | None:
        """The stamp of a directory now, None where it is not there."""
        try:
            stat = os.stat(self.where(path))  # noqa: PTH116 - called for every directory
            return DirectoryStamp(stat.st_mtime_ns, time.time())
        except OSError:
            return None

    def list(self, path: str) -> builtins.list[Entry]:
        now, kept = self.stamp(path), self.kept.get(path)
        if now is not None and kept is not None and kept[0].holds(now):
            return kept[1]
        entries = super().list(path)
        if now is not None and sum(not entry.is_directory for entry in entries) <= MOST_FILES:
            self.kept[path] = now, entries
        else:
            self.kept.pop(path, None)
        return entries

    def step_files(self, path: str, known: Mapping[str, tuple[int, StepFile]]) -> KnownNames:
        """The step files of a directory; those that are the same file under the same name as in ``known`` stay."""
        found: KnownNames = {}
        try:
            with os.scandir(self.where(path)) as items:
                for item in items:
                    name, number = item.name, item.inode()
                    same = known.get(name)
                    if same is not None and same[0] == number:
                        found[name] = same
                    elif (entry := local_entry(item)) and (step_file := parse_step_file(entry, path)):
                        found[name] = number, step_file
        except (FileNotFoundError, NotADirectoryError):
            return {}
        return found
