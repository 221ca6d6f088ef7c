"""A root → the directories below it that hold plugin assets, each a run."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator

from tensorboard_plugin_attn.storing.files import Files, LocalFiles, is_passing
from tensorboard_plugin_attn.storing.store import PLUGIN_DIRECTORY

__all__ = ["run_directories"]

ASSETS, OURS = PLUGIN_DIRECTORY.split("/")


def run_directories(files: Files, *, circles: int = 0) -> Iterator[tuple[str, ...]]:
    """Every directory with a ``plugins`` directory in it, as parts below the root, the nearest first.

    Hidden directories are passed over. Links are followed; of directories that lie within themselves by links,
    ``circles`` are looked at again, as far as the system follows links.
    """
    pending: deque[tuple[tuple[str, ...], frozenset[object]]] = deque([((), frozenset())])
    while pending:
        parts, ancestors = pending.popleft()
        path = "/".join(parts)
        try:
            here = identity(files, path)
            circles -= here in ancestors
            entries = [] if here in ancestors and circles < 0 else files.list(path)
        except OSError as error:
            if is_passing(error):
                raise
            continue
        for entry in entries:
            if not entry.is_directory or entry.name.startswith("."):
                continue
            if entry.name == ASSETS:
                yield parts
            if not (parts and parts[-1] == ASSETS and entry.name == OURS):
                pending.append(((*parts, entry.name), ancestors | {here}))


def identity(files: Files, path: str) -> object:
    """What tells a directory from every other, however it was reached."""
    if isinstance(files, LocalFiles):
        stat = os.stat(files.where(path))  # noqa: PTH116 - called for every directory
        return stat.st_dev, stat.st_ino
    return path
