"""The records of a tag → series files for the steps that have none yet, up to 256 in each."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from tensorboard_plugin_attn.encoding.series import PackedStep, pack_series, read_versions, step_of
from tensorboard_plugin_attn.errors import DamagedFileError
from tensorboard_plugin_attn.storing.files import Files
from tensorboard_plugin_attn.storing.series import PACKED_STEPS, ListedSeries, list_series, series_path
from tensorboard_plugin_attn.storing.store import StepFile, list_steps, open_header

__all__ = ["pack_directory", "read_step", "unpacked_steps"]

SERIES_BYTES = 8 << 20  # of the values in one file; of models of many heads it has fewer steps
WORTH = 0.75  # of the steps in its range that a file must hold to be left as it is
FEWEST = 16  # steps between two series files that get one of their own

ReadStep = Callable[[Files, StepFile], tuple[str, PackedStep]]


def read_step(files: Files, step_file: StepFile) -> tuple[str, PackedStep]:
    """The tag and what a series needs of one step, from its file. Raises DamagedFileError, OSError."""
    header = open_header(files, step_file)
    return header.tag, step_of(header)


def pack_directory(files: Files, directory: str, read: ReadStep = read_step) -> int:
    """Write series files for the steps of a tag that none holds, and delete those that no longer fit; how many.

    Raises:
        OSError: the files cannot be listed, read or written; the records are as they were.
    """
    steps = list_steps(files, directory)
    kept, stale = sorted_series(files, directory, steps)
    written: set[str] = set()
    for chunk in chunks_without(steps, kept):
        for part in fitting(list(readable(files, chunk, read))):
            first, last = part[0][1][2].step, part[-1][1][2].step
            path = series_path(directory, first, last)
            files.write(path, pack_series(part[0][0], [packed for _, packed in part]))
            written.add(path)
    for path in stale - written:
        files.remove(path)
    return len(written)


def unpacked_steps(files: Files, directory: str, steps: Sequence[StepFile]) -> int:
    """How many steps ``pack_directory`` would pack."""
    kept, _ = sorted_series(files, directory, steps)
    return sum(map(len, chunks_without(steps, kept)))


def sorted_series(
    files: Files, directory: str, steps: Sequence[StepFile]
) -> tuple[list[ListedSeries], set[str]]:
    """The series files that are as good as new, apart from one another, and the paths of the others."""
    kept: list[ListedSeries] = []
    stale = set()
    numbers = [each.step for each in steps]
    for listed in list_series(files, directory):
        within = steps[bisect_left(numbers, listed.first) : bisect_right(numbers, listed.last)]
        try:
            versions = read_versions(partial(files.read, listed.path), listed.entry.size, listed.path)
        except (DamagedFileError, FileNotFoundError):
            versions = {}
        valid = sum(versions.get(each.path.rpartition("/")[2]) == each.stamp for each in within)
        if valid and valid >= WORTH * len(within) and not (kept and kept[-1].last >= listed.first):
            kept.append(listed)
        else:
            stale.add(listed.path)
    return kept, stale


def chunks_without(steps: Sequence[StepFile], kept: Sequence[ListedSeries]) -> Iterator[list[StepFile]]:
    """Steps that lie in no series, 256 at a time; fewer only where a series follows."""
    ranges = iter([*kept, None])
    following = next(ranges)
    chunk: list[StepFile] = []
    for each in steps:
        while following is not None and following.last < each.step:
            if len(chunk) >= FEWEST:
                yield chunk
            chunk, following = [], next(ranges)
        if following is not None and following.first <= each.step:
            continue
        chunk.append(each)
        if len(chunk) == PACKED_STEPS:
            yield chunk
            chunk = []
    if following is not None and len(chunk) >= FEWEST:
        yield chunk


Entry = tuple[str, tuple[str, str, PackedStep]]  # the tag; name, version and step


def readable(files: Files, steps: Sequence[StepFile], read: ReadStep) -> Iterator[Entry]:
    """Those that can be read."""
    for each in steps:
        try:
            tag, packed = read(files, each)
        except (DamagedFileError, FileNotFoundError):
            continue
        if packed.step == each.step:
            yield tag, (each.path.rpartition("/")[2], each.stamp, packed)


def fitting(steps: Sequence[Entry]) -> Iterator[Sequence[Entry]]:
    """Steps → as many as fit one file at a time."""
    start, used = 0, 0
    for place, (_, (_, _, packed)) in enumerate(steps):
        if place > start and used + packed.values.nbytes > SERIES_BYTES:
            yield steps[start:place]
            start, used = place, 0
        used += packed.values.nbytes
    if start < len(steps):
        yield steps[start:]
