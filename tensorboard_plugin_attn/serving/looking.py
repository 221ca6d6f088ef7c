"""Known tag directories → those that a request looks at: all of few, of many those that are busy, within half a second."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from tensorboard_plugin_attn.serving.tag_directory import TagDirectory

__all__ = ["Busy"]

LOOK_SECONDS = 0.5  # of one request; what it did not come to is looked at first by the next
MOST_LOOKED_AT = 1000  # for one request; to ask when one changed takes 10 µs, of a network mount far more


class Busy:
    """The directories that changed or were asked for last; all others are looked at in between requests."""

    def __init__(self, most: int = MOST_LOOKED_AT) -> None:
        self.most = most
        self.lock = threading.Lock()
        self.directories: dict[TagDirectory, None] = {}
        self.start = 0

    def note(self, directory: TagDirectory) -> None:
        """This one changed, or was asked for."""
        with self.lock:
            self.directories.pop(directory, None)
            self.directories[directory] = None
            if len(self.directories) > self.most:
                del self.directories[next(iter(self.directories))]

    def look(self, known: Sequence[TagDirectory]) -> None:
        """Look at what there is to look at before an answer, as far as the time goes."""
        wanted, end = self.among(known), time.monotonic() + LOOK_SECONDS
        start = self.start % max(1, len(wanted))
        for number, directory in enumerate([*wanted[start:], *wanted[:start]]):
            if time.monotonic() > end:
                self.start = start + number
                return
            directory.look()
        self.start = 0

    def among(self, known: Sequence[TagDirectory]) -> Sequence[TagDirectory]:
        """What to look at before an answer."""
        if len(known) <= self.most:
            return known
        with self.lock:
            return list(self.directories)
