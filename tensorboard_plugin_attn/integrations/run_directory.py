"""Where a training would log, and its first step → where it may, so that no run holds two trainings."""

from __future__ import annotations

from itertools import count
from typing import Any

from tensorboard_plugin_attn.storing.files import Files, open_files
from tensorboard_plugin_attn.storing.store import list_steps, list_tags
from tensorboard_plugin_attn.warn import tell
from tensorboard_plugin_attn.writing.arguments import resolve_target

__all__ = ["directory_of", "own_run"]


def own_run(directory: str, step: int) -> str | None:
    """The directory below, where a training logs that must not be mixed with what lies here; None: here.

    Args:
        step: at which the training begins; after 0 it goes on with the newest of what lies there.
    """
    try:
        runs = used_runs(open_files(directory))
    except OSError:  # the writer says what fails
        return None
    if step > 0:
        return below(directory, runs[-1]) if len(runs) > 1 else None
    if not runs:
        return None
    place = below(directory, f"run-{len(runs) + 1}")
    tell(
        f"{directory} holds attention records of an earlier training, and this one begins at step 0: it is logged to "
        f"{place}; give each training a directory of its own, or pass purge_step=0 to delete the earlier records"
    )
    return place


def directory_of(target: Any) -> str:
    """The directory of a directory, a URL or a SummaryWriter."""
    return resolve_target(target)[0]


def below(directory: str, run: str) -> str:
    """A directory or URL below another."""
    return f"{directory.rstrip('/')}/{run}"


def used_runs(files: Files) -> list[str]:
    """Which of the directory itself, ``run-2``, ``run-3``, … hold records."""
    runs: list[str] = []
    for number in count(1):
        run = "" if number == 1 else f"run-{number}"
        if not any(list_steps(files, path) for path in list_tags(files, run).values()):
            return runs
        runs.append(run)
    return runs
