"""A remote log directory → its runs, tags and steps, by one listing of everything below it, in the background."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

from tensorboard_plugin_attn.storing.deadline import Calls
from tensorboard_plugin_attn.storing.files import Entry
from tensorboard_plugin_attn.storing.store import PLUGIN_DIRECTORY

__all__ = ["SCAN_SECONDS", "Listed", "RemoteScan", "group_directories"]

MIDDLE = tuple(PLUGIN_DIRECTORY.split("/"))
SCAN_SECONDS = 60.0  # for one listing

Listed = dict[tuple[str, ...], dict[str, list[Entry]]]  # run's parts → directory → its files


def group_directories(found: Iterable[tuple[str, Entry]]) -> Listed:
    """Every file below a root → the files of each tag's directory, by run; hidden directories are passed over."""
    listed: Listed = {}
    for path, entry in found:
        *parts, plugins, attn, tag, _ = ("", "", "", *path.split("/"))[-max(4, path.count("/") + 1) :]
        if (plugins, attn) != MIDDLE or tag.startswith(".") or any(part.startswith(".") for part in parts):
            continue
        if any(parts[place : place + 2] == list(MIDDLE) for place in range(len(parts))):
            continue
        directory = path.rpartition("/")[0]
        listed.setdefault(tuple(parts), {}).setdefault(directory, []).append(entry)
    return listed


class RemoteScan:
    """Lists a store, one listing at a time; who wants it fresh waits for a while and then takes what there is."""

    def __init__(self, scan: Callable[[], None]) -> None:
        self.scan = scan
        self.calls = Calls(SCAN_SECONDS)
        self.changed = threading.Condition()
        self.is_running = False
        self.error: Exception | None = None

    def refresh(self, seconds: float) -> bool:
        """Whether the listing is fresh, after a wait of at most ``seconds``."""
        with self.changed:
            if not self.is_running:
                self.is_running = True
                threading.Thread(target=self.run, name="AttentionScan", daemon=True).start()
            self.changed.wait_for(lambda: not self.is_running, seconds)
            return not self.is_running and self.error is None

    def run(self) -> None:
        """The thread's work."""
        error: Exception | None = None
        try:
            self.calls.call(self.scan)
        except Exception as caught:  # noqa: BLE001 - remote stores raise errors of their own
            error = caught
        with self.changed:
            self.error, self.is_running = error, False
            self.changed.notify_all()
