"""A log directory and what to keep → the other records removed."""

from __future__ import annotations

import argparse
import re
import sys
import time
from contextlib import suppress
from functools import partial

from tensorboard_plugin_attn.commands.log_directory import (
    LoggedTag,
    add_log_directory,
    find_tags,
    open_log,
    within,
)
from tensorboard_plugin_attn.commands.progress import counted, progress, size_text
from tensorboard_plugin_attn.storing.files import LocalFiles
from tensorboard_plugin_attn.storing.pictures import PICTURES
from tensorboard_plugin_attn.storing.series import SERIES, ListedSeries, remove_series
from tensorboard_plugin_attn.storing.store import StepFile, remove_unnamed_pictures

__all__ = ["HELP", "add_arguments", "run"]

HELP = "remove records: all but the last of each tag, or those older than some days"
AGE = re.compile(r"(\d+(?:\.\d+)?)([hdw])")
UNIT_SECONDS = {"h": 3600, "d": 86_400, "w": 604_800}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What it is called with."""
    add_log_directory(parser)
    parser.add_argument(
        "--keep-last",
        type=steps_to_keep,
        metavar="N",
        help="keep the last N steps of each tag; 0 removes all",
    )
    parser.add_argument(
        "--older-than", type=age, metavar="AGE", help="remove only what is older, as 12h, 30d or 8w"
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would be removed, remove nothing")


def steps_to_keep(text: str) -> int:
    """``--keep-last`` as a number."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"expected a whole number, got {text!r}")
    return int(text)


def age(text: str) -> float:
    """``--older-than`` in seconds."""
    match = AGE.fullmatch(text)
    if match is None:
        raise argparse.ArgumentTypeError(
            f"expected a number with h, d or w, such as 12h, 30d or 8w, got {text!r}"
        )
    return float(match[1]) * UNIT_SECONDS[match[2]]


def run(arguments: argparse.Namespace) -> int:
    """Remove, or say what would be."""
    if arguments.keep_last is None and arguments.older_than is None:
        print("say what to remove: --keep-last N, --older-than AGE, or both", file=sys.stderr)
        return 2
    files = open_log(arguments.logdir)
    before = None if arguments.older_than is None else time.time() - arguments.older_than
    tags = within(files, find_tags(files, arguments.run, arguments.tag))
    doomed = [each for tag in tags for each in to_remove(tag, arguments.keep_last, before)]
    if arguments.dry_run:
        for each in doomed:
            print(files.where(each.path))
        print(
            f"would remove {counted(len(doomed), 'record')}, {size_text(sum(each.size for each in doomed))}"
        )
        return 0
    removed, freed = 0, 0
    try:
        for each in progress(doomed, "records removed"):
            files.remove(each.path)
            removed, freed = removed + 1, freed + each.size
        for tag in tags:
            steps = [each.step for each in doomed if each.path.startswith(f"{tag.directory}/")]
            if tag.series and steps:
                remove_series(files, tag.directory, partial(holds_any, steps))
        for directory in {each.path.rpartition("/")[0] for each in doomed}:
            remove_unnamed_pictures(files, directory)
    finally:
        if isinstance(files, LocalFiles):
            remove_empty(files, tags)
        word = "removed" if removed == len(doomed) else f"stopped: removed {removed:,} of"
        count = counted(len(doomed), "record")
        print(f"{word} {count}, {size_text(freed)}")
    return 0


def to_remove(tag: LoggedTag, keep_last: int | None, before: float | None) -> list[StepFile]:
    """The records of a tag that are not among the last and are old enough; both forms of a step go."""
    steps = sorted({each.step for each in tag.step_files})
    kept = set(steps[len(steps) - keep_last :] if keep_last else [])
    return [
        each for each in tag.step_files if each.step not in kept and (before is None or each.mtime < before)
    ]


def holds_any(steps: list[int], series: ListedSeries) -> bool:
    """Whether a series file may hold one of these steps; those of its steps that stay are read from their records."""
    return any(series.first <= step <= series.last for step in steps)


def remove_empty(files: LocalFiles, tags: list[LoggedTag]) -> None:
    """Remove the directories of tags that hold nothing any more."""
    for tag in tags:
        for name in (PICTURES, SERIES):
            with suppress(OSError):
                (files.root / tag.directory / name).rmdir()
        with suppress(OSError):
            (files.root / tag.directory).rmdir()
