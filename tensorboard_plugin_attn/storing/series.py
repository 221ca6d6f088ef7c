"""A tag's directory → its series files, and a step's metrics from them, so that its own file need not be opened."""

from __future__ import annotations

import re
import threading
import time
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from tensorboard_plugin_attn.encoding.series import PackedStep, SeriesFile, parse_series
from tensorboard_plugin_attn.errors import DamagedFileError
from tensorboard_plugin_attn.storing.files import Entry, Files, is_passing

__all__ = [
    "PACKED_STEPS",
    "SERIES",
    "ListedSeries",
    "PackedSeries",
    "list_series",
    "parse_series_names",
    "read_series",
    "remove_series",
    "series_path",
]

SERIES = "series"
PACKED_STEPS = 256
MOST_BYTES = 64 << 20
NAME = re.compile(r"(-?\d{11,})-to-(-?\d{11,})\.safetensors")
LISTED_SECONDS = 10.0  # how long a listing holds; a later series file only saves time
MOST_LISTED = 1000
MOST_LOADED = 2  # files in memory
CANDIDATES = 3  # files in whose range a step may lie


class Record(Protocol):
    """A record's file as it was listed (``StepFile``)."""

    @property
    def step(self) -> int: ...

    @property
    def path(self) -> str: ...

    @property
    def stamp(self) -> str: ...


@dataclass(frozen=True)
class ListedSeries:
    """One series file: its path, and the steps from the first to the last of which it holds those there were."""

    first: int
    last: int
    path: str
    entry: Entry


def series_path(directory: str, first: int, last: int) -> str:
    """Where the series of the steps from one to another lies below a tag's directory."""
    return f"{directory}/{SERIES}/{first:012d}-to-{last:012d}.safetensors"


def list_series(files: Files, directory: str) -> list[ListedSeries]:
    """The series files of a tag, by their first step."""
    return parse_series_names(files.list(f"{directory}/{SERIES}"), directory)


def parse_series_names(entries: Iterable[Entry], directory: str) -> list[ListedSeries]:
    """What lies in the folder of series of a tag → the series files, by their first step."""
    found = [
        ListedSeries(int(match[1]), int(match[2]), f"{directory}/{SERIES}/{entry.name}", entry)
        for entry in entries
        if not entry.is_directory and (match := NAME.fullmatch(entry.name))
    ]
    return sorted(found, key=lambda each: (each.first, each.last))


def read_series(files: Files, listed: ListedSeries) -> SeriesFile:
    """The steps of one series file. Raises DamagedFileError, OSError."""
    if listed.entry.size > MOST_BYTES:
        raise DamagedFileError(f"{listed.entry.size:,} bytes are more than a series has", path=listed.path)
    return parse_series(files.read(listed.path, 0, listed.entry.size), listed.path)


def remove_series(files: Files, directory: str, is_doomed: Callable[[ListedSeries], bool]) -> int:
    """Delete series files of a tag, which lose nothing but time; how many."""
    doomed = [each for each in list_series(files, directory) if is_doomed(each)]
    for each in doomed:
        files.remove(each.path)
    return len(doomed)


class PackedSeries:
    """Finds steps in the series files of any tag; the files used last stay in memory."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.listed: OrderedDict[tuple[int, str], tuple[float, list[ListedSeries]]] = OrderedDict()
        self.loaded: OrderedDict[tuple[int, ListedSeries], SeriesFile | None] = OrderedDict()

    def find(self, files: Files, step_file: Record) -> PackedStep | None:
        """A step as its series file has it, None where no series was made of this state of its file.

        Raises:
            OSError: passing faults alone, such as a store that hangs.
        """
        directory, _, name = step_file.path.rpartition("/")
        listed = self.list(files, directory)
        stop = bisect_right(listed, step_file.step, key=lambda each: each.first)
        for each in reversed(listed[max(0, stop - CANDIDATES) : stop]):
            if each.last >= step_file.step:
                series = self.load(files, each)
                found = None if series is None else series.find(name, step_file.stamp)
                if found is not None:
                    return found
        return None

    def list(self, files: Files, directory: str) -> list[ListedSeries]:
        """The series files of a tag, as they were some seconds ago at most."""
        key, now = (id(files), directory), time.monotonic()
        with self.lock:
            at, listed = self.listed.get(key, (0.0, []))
        if key in self.listed and now < at + LISTED_SECONDS:
            return listed
        try:
            listed = list_series(files, directory)
        except OSError as error:
            if is_passing(error):
                raise
            listed = []
        with self.lock:
            self.listed[key] = now, listed
            while len(self.listed) > MOST_LISTED:
                self.listed.popitem(last=False)
        return listed

    def load(self, files: Files, listed: ListedSeries) -> SeriesFile | None:
        """One file, None where it is gone or damaged: then the records themselves are read."""
        key = id(files), listed
        with self.lock:
            if key in self.loaded:
                self.loaded.move_to_end(key)
                return self.loaded[key]
        try:
            series = read_series(files, listed)
        except (DamagedFileError, OSError) as error:
            if is_passing(error):
                raise
            series = None
        with self.lock:
            self.loaded[key] = series
            while len(self.loaded) > MOST_LOADED:
                self.loaded.popitem(last=False)
        return series
