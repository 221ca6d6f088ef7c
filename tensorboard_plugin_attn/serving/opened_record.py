"""Run, tag, step and version → an opened record: its checked header, kept in memory, and verified bytes."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from numpy.typing import NDArray

from tensorboard_plugin_attn.encoding.codes import check_member
from tensorboard_plugin_attn.encoding.format import Header, ReadRange, read_header, read_tensor
from tensorboard_plugin_attn.encoding.header import LayerEntry
from tensorboard_plugin_attn.errors import DamagedFileError
from tensorboard_plugin_attn.serving.answers import RequestError
from tensorboard_plugin_attn.serving.byte_cache import ByteCache
from tensorboard_plugin_attn.serving.listing import Listing
from tensorboard_plugin_attn.storing.files import Files, LocalFiles, is_passing
from tensorboard_plugin_attn.storing.store import StepFile, open_step

__all__ = ["OpenedRecord", "OpenedRecords", "cache_key", "open_latest", "open_record"]

HEADER_BYTES = 8 << 20
MERGED_BYTES = 256 << 20  # of records that lie in parts, contents included
PARSED_PER_RAW = 5  # bytes in memory per byte of JSON, measured on 12 layers and 128 tokens

Result = TypeVar("Result")


@dataclass
class OpenedRecord:
    """One file whose header was read. Bytes that it hands out were compared with their checksums once."""

    files: Files
    step_file: StepFile
    header: Header
    verified: set[tuple[str, int]] = field(default_factory=set)
    merged: ReadRange | None = None  # the bytes of a record that lies in parts

    @property
    def layers(self) -> tuple[LayerEntry, ...]:
        """The header's entries of the layers."""
        return self.header.layers

    def tensor(self, name: str) -> NDArray[Any]:
        """A whole tensor."""
        array = read_tensor(self.header, self.read, name)
        self.verified.add((name, 0))
        return array

    def part(self, name: str, start: int, stop: int) -> bytes:
        """Some bytes of a tensor; the first time the whole of it is read and checked."""
        if (name, 0) not in self.verified:
            return self.tensor(name).tobytes()[start:stop]
        base = self.header.spans[name].start
        return self.read(base + start, base + stop)

    def member(self, name: str, start: int, stop: int, size: int) -> bytes:
        """One gzip member of a tensor, of ``size`` bytes; the first time it is inflated, which checks it."""
        base = self.header.spans[name].start
        data = self.read(base + start, base + stop)
        if (name, start + 1) not in self.verified:
            try:
                check_member(data, size)
            except zlib.error as error:
                raise DamagedFileError(f"in {name}: {error}", path=self.header.path) from error
            self.verified.add((name, start + 1))
        return data

    def read(self, start: int, stop: int) -> bytes:
        """Bytes of the file."""
        if self.merged is not None:
            return self.merged(start, stop)
        return self.files.read(self.step_file.path, start, stop)


class OpenedRecords:
    """Opens the records that a listing knows; headers stay in memory, bounded in bytes."""

    def __init__(self, listing: Listing, *, limit: int = HEADER_BYTES) -> None:
        self.listing = listing
        self.cache: ByteCache[OpenedRecord] = ByteCache(limit)
        self.merged: ByteCache[OpenedRecord] = ByteCache(MERGED_BYTES)

    def use(
        self, run: str, tag: str, step: int, version: str | None, result: Callable[[OpenedRecord], Result]
    ) -> tuple[Result, str]:
        """What ``result`` makes of a record, and the record's version.

        Raises:
            RequestError: 404 nothing such was logged; 410 ``version`` is gone.
            DamagedFileError: the file is cut off, altered or foreign.
        """
        files, step_file = self.current(run, tag, step)
        if version is not None and version != step_file.version:
            files, step_file = self.relisted(run, tag, step)
            if version != step_file.version:
                raise gone(run, tag, step, version, step_file.version)
        try:
            return result(self.open(files, step_file)), step_file.version
        except (DamagedFileError, OSError) as error:
            if is_passing(error):
                raise
            # It may have been written anew between two reads, or within the tick of the file system's clock.
            self.cache.drop(cache_key(files, step_file))
            files, step_file = self.relisted(run, tag, step)
            if version is not None and version != step_file.version:
                raise gone(run, tag, step, version, step_file.version) from None
        try:
            return result(self.open(files, step_file)), step_file.version
        except OSError as error:
            if is_passing(error):
                raise
            raise DamagedFileError(f"it cannot be read: {error}", path=step_file.path) from error

    def current(self, run: str, tag: str, step: int) -> tuple[Files, StepFile]:
        """A step's file as it is now; of a remote one, as it was when last listed."""
        files, step_file = self.listing.find_step(run, tag, step)
        if not isinstance(files, LocalFiles):
            return files, step_file
        if step_file.parts:
            return self.relisted(run, tag, step)
        try:
            entry = files.entry(step_file.path)
        except OSError:
            return self.relisted(run, tag, step)
        return files, step_file.now(entry)

    def relisted(self, run: str, tag: str, step: int) -> tuple[Files, StepFile]:
        """A step's file after its directory was listed anew."""
        self.listing.find_tag(run, tag).refresh()
        return self.listing.find_step(run, tag, step)

    def open(self, files: Files, step_file: StepFile) -> OpenedRecord:
        """A record, from memory when the file has not changed."""
        key = cache_key(files, step_file)
        cache = self.merged if step_file.parts else self.cache
        kept = cache.get(key)
        if kept is not None:
            return kept
        record = open_record(files, step_file)
        raw = min(span.start for span in record.header.spans.values())
        content = 0 if record.merged is None else max(span.stop for span in record.header.spans.values())
        cache.put(key, record, raw * PARSED_PER_RAW + record.header.metrics.nbytes + content)
        return record


def cache_key(files: Files, step_file: StepFile) -> tuple[int, str, str]:
    """What tells one state of one file from every other."""
    return id(files), step_file.path, step_file.version


def open_record(files: Files, step_file: StepFile) -> OpenedRecord:
    """Read and check the header of one file.

    Raises:
        DamagedFileError: the file cannot be read, or is not one that this package wrote.
    """
    if step_file.parts:
        header, merged = open_step(files, step_file)
        return OpenedRecord(files, step_file, header, merged=merged)
    read = partial(files.read, step_file.path)
    return OpenedRecord(files, step_file, read_header(read, step_file.size, step_file.path))


def open_latest(files: Files, step_file: StepFile) -> OpenedRecord:
    """Open a file that may have been written anew since it was listed. Raises DamagedFileError, OSError."""
    try:
        return open_record(files, step_file)
    except (DamagedFileError, OSError):
        if step_file.parts:
            raise
        entry = files.entry(step_file.path)
        newer = step_file.now(entry)
        if newer.version == step_file.version:
            raise
        return open_record(files, newer)


def gone(run: str, tag: str, step: int, asked: str, current: str) -> RequestError:
    """410 with the version there is now."""
    message = f"run {run!r}, tag {tag!r}, step {step} was written anew: version {asked!r} is gone"
    return RequestError(410, "gone", f"{message}, ask for {current!r}", version=current)
