"""Run, tag and step ⇄ the paths of record files, and what is there: one run's ``plugins/attn/`` directory."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote

from tensorboard_plugin_attn.encoding.format import Header, read_header
from tensorboard_plugin_attn.encoding.header import PartEntry
from tensorboard_plugin_attn.errors import DamagedFileError, InvalidRecordError
from tensorboard_plugin_attn.storing.files import Entry, Files, LocalFiles

__all__ = [
    "PLUGIN_DIRECTORY",
    "StepFile",
    "list_own_steps",
    "list_steps",
    "list_tags",
    "open_header",
    "purge_own_steps",
    "purge_steps",
    "record_directory",
    "step_name",
    "tag_directory",
    "write_step",
]

PLUGIN_DIRECTORY = "plugins/attn"
LONGEST_NAME = 120
PART_NAME = re.compile(r"(-?\d{11,})(\.metrics)?\.part-(\d{3,})-of-(\d{3,})\.safetensors")
STEP_NAME = re.compile(r"(-?\d{11,})(\.metrics)?\.safetensors")
SLUG_MARK = "~"  # percent-encoding never leaves a plain one


@dataclass(frozen=True)
class StepFile:
    """One logged step of a tag. ``path`` is relative to the root of its Files."""

    step: int
    kind: str  # "weights" or "metrics"
    path: str
    size: int
    mtime: float

    @property
    def version(self) -> str:
        """Changes whenever the file is written anew."""
        return f"{self.size:x}-{int(self.mtime * 1e6):x}"


def tag_directory(tag: str) -> str:
    """A tag → the name of its directory: percent-encoded, or a slug and hash for long or upper-case tags.

    Raises:
        InvalidRecordError: the tag is empty or no string.
    """
    if not isinstance(tag, str) or not tag:
        raise InvalidRecordError(f"tag must be a non-empty string such as 'doctor/she', got {tag!r}")
    name = quote(tag, safe="", errors="surrogatepass").replace("~", "%7E").replace(".", "%2E")
    if len(name) <= LONGEST_NAME and tag == tag.lower():
        return name
    slug = re.sub(r"[^a-z0-9]+", "-", tag.lower()).strip("-")[:60] or "tag"
    return f"{slug}{SLUG_MARK}{hashlib.sha256(tag.encode(errors='surrogatepass')).hexdigest()[:8]}"


def directory_tag(name: str) -> str | None:
    """The name of a directory → its tag; None for a slug, whose tag only its files know."""
    try:
        return None if SLUG_MARK in name else unquote(name, errors="surrogatepass")
    except UnicodeDecodeError:  # not one of ours
        return name


def step_name(step: int, kind: str = "weights", part: PartEntry | None = None) -> str:
    """The name of a step's file, or of one part of it."""
    which = "" if part is None else f".part-{part.number:03d}-of-{part.of:03d}"
    return f"{step:012d}{'.metrics' if kind == 'metrics' else ''}{which}.safetensors"


def attention_directory(run_path: str) -> str:
    """Where a run's records lie."""
    return f"{run_path}/{PLUGIN_DIRECTORY}" if run_path else PLUGIN_DIRECTORY


def record_directory(run_path: str, tag: str) -> str:
    """Where the records of one tag lie."""
    return f"{attention_directory(run_path)}/{tag_directory(tag)}"


def list_tags(files: Files, run_path: str = "") -> dict[str, str]:
    """Tag → path of its directory, for one run; ``run_path`` is relative to the root."""
    top = attention_directory(run_path)
    tags = {}
    for entry in files.list(top):
        if entry.is_directory and not entry.name.startswith("."):
            tag = directory_tag(entry.name)
            tags[tag_in_file(files, f"{top}/{entry.name}") if tag is None else tag] = f"{top}/{entry.name}"
    return dict(sorted(tags.items()))


def tag_in_file(files: Files, directory: str) -> str:
    """The tag that the first whole file of a directory bears; the directory's name where none does."""
    for step_file in list_steps(files, directory):
        try:
            return str(open_header(files, step_file).tag)
        except (DamagedFileError, OSError):
            continue
    return directory.rsplit("/", 1)[-1]


def list_steps(files: Files, directory: str) -> list[StepFile]:
    """The logged steps of one tag directory, by step; a step with weights hides its metrics-only file."""
    found: dict[int, StepFile] = {}
    for entry in files.list(directory):
        step_file = parse_step_file(entry, directory)
        if step_file and (step_file.kind == "weights" or step_file.step not in found):
            found[step_file.step] = step_file
    return [found[step] for step in sorted(found)]


def parse_step_file(entry: Entry, directory: str) -> StepFile | None:
    """One name of a listing → a step, None for a foreign name."""
    match = STEP_NAME.fullmatch(entry.name)
    if match is None or entry.is_directory:
        return None
    kind = "metrics" if match[2] else "weights"
    return StepFile(int(match[1]), kind, f"{directory}/{entry.name}", entry.size, entry.mtime)


def open_header(files: Files, step_file: StepFile) -> Header:
    """The header of one step's file. Raises DamagedFileError, FileNotFoundError."""
    path = step_file.path
    return read_header(lambda start, stop: files.read(path, start, stop), files.size(path), path)


def write_step(
    files: Files,
    run_path: str,
    tag: str,
    step: int,
    buffers: Sequence[bytes],
    kind: str = "weights",
    part: PartEntry | None = None,
) -> None:
    """Write one record, or a part of it; the same step again replaces it."""
    files.write(f"{record_directory(run_path, tag)}/{step_name(step, kind, part)}", buffers)


def list_own_steps(files: Files, directory: str, part: PartEntry) -> list[StepFile]:
    """The steps of one tag directory that this part was logged at, by step, weights before metrics alone."""
    found: dict[int, StepFile] = {}
    for entry in files.list(directory):
        match = PART_NAME.fullmatch(entry.name)
        if match is None or (int(match[3]), int(match[4])) != (part.number, part.of):
            continue
        step, kind = int(match[1]), "metrics" if match[2] else "weights"
        if kind == "weights" or step not in found:
            found[step] = StepFile(step, kind, f"{directory}/{entry.name}", entry.size, entry.mtime)
    return [found[step] for step in sorted(found)]


def purge_own_steps(files: Files, run_path: str, first: int, part: PartEntry) -> None:
    """Delete this part's records with step ≥ ``first``; part 0 deletes those of numbers that are no more, too."""
    for directory in list_tags(files, run_path).values():
        for entry in files.list(directory):
            match = PART_NAME.fullmatch(entry.name)
            if match is not None and int(match[1]) >= first:
                number = int(match[3])
                if number == part.number or (part.number == 0 and number >= part.of):
                    files.remove(f"{directory}/{entry.name}")
            elif part.number == 0 and match is None:
                whole = parse_step_file(entry, directory)
                if whole is not None and whole.step >= first:
                    files.remove(whole.path)


def purge_steps(files: Files, run_path: str, first: int) -> int:
    """Delete a run's records with step ≥ ``first``; how many there were."""
    removed = 0
    for directory in list_tags(files, run_path).values():
        for entry in files.list(directory):
            step_file = parse_step_file(entry, directory)
            if step_file and step_file.step >= first:
                files.remove(step_file.path)
                removed += 1
    return removed


def remove_stale_drafts(files: Files, run_path: str) -> None:
    """Tidy up after a writer that was killed, on a local disk."""
    if isinstance(files, LocalFiles):
        for directory in list_tags(files, run_path).values():
            files.remove_stale_drafts(directory)
