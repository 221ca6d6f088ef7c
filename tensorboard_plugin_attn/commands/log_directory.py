"""A log directory, local or remote → every tag in it with all its files."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from tensorboard_plugin_attn.serving.remote_root import group_directories
from tensorboard_plugin_attn.storing.files import Entry, Files, LocalFiles, RemoteFiles, open_files
from tensorboard_plugin_attn.storing.series import SERIES, ListedSeries, list_series, parse_series_names
from tensorboard_plugin_attn.storing.store import (
    StepFile,
    attention_directory,
    parse_step_file,
    sorted_steps,
    tag_of_directory,
)
from tensorboard_plugin_attn.storing.walk import run_directories

__all__ = ["LoggedTag", "add_log_directory", "find_tags", "open_log", "within"]

REQUEST_SECONDS = 60.0


@dataclass(frozen=True)
class LoggedTag:
    """One tag of one run: its directory and every file in it, ours or not."""

    files: Files
    run: str
    tag: str
    directory: str
    entries: list[Entry]
    series: list[ListedSeries] = field(default_factory=list)

    @property
    def steps(self) -> list[StepFile]:
        """The steps that TensorBoard shows."""
        return sorted_steps(self.entries, self.directory)

    @property
    def step_files(self) -> list[StepFile]:
        """Every file that is named like a step, both forms of one step too."""
        found = [parse_step_file(entry, self.directory) for entry in self.entries]
        return sorted((each for each in found if each is not None), key=lambda each: (each.step, each.kind))

    @property
    def nbytes(self) -> int:
        """Bytes of all its files."""
        files = [*self.entries, *(each.entry for each in self.series)]
        return sum(entry.size for entry in files if not entry.is_directory)


def add_log_directory(parser: argparse.ArgumentParser, *, is_needed: bool = True) -> None:
    """The arguments that say which records."""
    parser.add_argument(
        "logdir", nargs=None if is_needed else "?", help="a log directory, or a URL such as s3://bucket/runs"
    )
    parser.add_argument("--run", default="*", help="only runs of this name; * and ? stand for anything")
    parser.add_argument("--tag", default="*", help="only tags of this name; * and ? stand for anything")


def open_log(logdir: str) -> Files:
    """The files of a log directory. Raises FileNotFoundError where a local one does not exist."""
    files = open_files(logdir, seconds=REQUEST_SECONDS)
    if isinstance(files, LocalFiles) and not files.root.is_dir():
        raise FileNotFoundError(f"there is no directory {files.root}")
    return files


def find_tags(files: Files, run: str = "*", tag: str = "*") -> list[LoggedTag]:
    """The tags of the runs that match, by run and tag; one listing where the store is remote."""
    found = remote_tags(files) if isinstance(files, RemoteFiles) else local_tags(files)
    chosen = [each for each in found if fnmatchcase(each.run, run) and fnmatchcase(each.tag, tag)]
    return sorted(chosen, key=lambda each: (each.run, each.tag))


def within(files: Files, tags: list[LoggedTag]) -> list[LoggedTag]:
    """The tags that lie in the log directory itself, each once; those that links lead to elsewhere are passed over, and said."""
    if not isinstance(files, LocalFiles):
        return tags
    root, outside = Path(files.real_path("")), 0
    found: dict[Path, LoggedTag] = {}
    for tag in tags:
        place = Path(files.real_path(tag.directory))
        outside += root not in place.parents
        if root in place.parents:
            found.setdefault(place, tag)
    if outside:
        print(
            f"passed over {outside:,} tags that links lead to out of {files.where('')}; name the directory where they lie "
            f"to change their records",
            file=sys.stderr,
        )
    return list(found.values())


def local_tags(files: Files) -> Iterator[LoggedTag]:
    """By walking the directories."""
    for parts in run_directories(files):
        top = attention_directory("/".join(parts))
        for entry in files.list(top):
            if entry.is_directory and not entry.name.startswith("."):
                directory = f"{top}/{entry.name}"
                tag, entries = tag_of_directory(files, directory), files.list(directory)
                has_series = any(each.name == SERIES and each.is_directory for each in entries)
                series = list_series(files, directory) if has_series else []
                yield LoggedTag(files, "/".join(parts) or ".", tag, directory, entries, series)


def remote_tags(files: RemoteFiles) -> Iterator[LoggedTag]:
    """By one listing of everything."""
    found = files.find("")
    if not found:
        print(f"there is nothing at {files.where('')}", file=sys.stderr)
    series: dict[str, list[Entry]] = {}
    for path, entry in found:
        above, _, _ = path.rpartition("/")
        if above.endswith(f"/{SERIES}"):
            series.setdefault(above.removesuffix(f"/{SERIES}"), []).append(entry)
    for parts, directories in group_directories(found).items():
        for directory, entries in directories.items():
            tag = tag_of_directory(files, directory)
            listed = parse_series_names(series.get(directory, []), directory)
            yield LoggedTag(files, "/".join(parts) or ".", tag, directory, entries, listed)
