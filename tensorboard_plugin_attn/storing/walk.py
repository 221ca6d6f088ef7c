"""A root → the directories below it that hold plugin assets, each a run."""

from __future__ import annotations

import os
from collections.abc import Iterator

from tensorboard_plugin_attn.storing.files import Files, LocalFiles, is_passing
from tensorboard_plugin_attn.storing.store import PLUGIN_DIRECTORY

__all__ = ["run_directories"]

ASSETS, OURS = PLUGIN_DIRECTORY.split("/")


def run_directories(files: Files) -> Iterator[tuple[str, ...]]:
    """Every directory with a ``plugins`` directory in it, as parts below the root.

    Hidden directories are passed over. Links are followed, as TensorBoard does, but not in circles.
    """
    pending: list[tuple[tuple[str, ...], frozenset[object]]] = [((), frozenset())]
    while pending:
        parts, ancestors = pending.pop()
        path = "/".join(parts)
        try:
            here = identity(files, path)
            entries = [] if here in ancestors else files.list(path)
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
