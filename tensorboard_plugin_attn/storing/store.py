"""Run, tag and step ⇄ the paths of record files, and what is there: one run's ``plugins/attn/`` directory."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import NamedTuple
from urllib.parse import quote, unquote

from tensorboard_plugin_attn.encoding.format import Header, ReadRange, read_header
from tensorboard_plugin_attn.encoding.merging import merge_parts
from tensorboard_plugin_attn.encoding.spill import Buffer
from tensorboard_plugin_attn.errors import DamagedFileError, InvalidRecordError
from tensorboard_plugin_attn.storing.files import Entry, Files, LocalFiles, is_passing
from tensorboard_plugin_attn.storing.pictures import PICTURES, remove_unnamed
from tensorboard_plugin_attn.storing.series import SERIES, remove_series
from tensorboard_plugin_attn.warn import tell

__all__ = [
    "PLUGIN_DIRECTORY",
    "StepFile",
    "is_own",
    "list_steps",
    "list_tags",
    "newest_forms",
    "of_part",
    "open_header",
    "open_step",
    "other_form",
    "part_of_name",
    "purge_steps",
    "record_directory",
    "remove_other_forms",
    "remove_unnamed_pictures",
    "replaced_by",
    "sorted_steps",
    "step_name",
    "tag_directory",
    "tag_of_directory",
    "write_file",
    "write_step",
]

PLUGIN_DIRECTORY = "plugins/attn"
LONGEST_NAME = 120
STEP_NAME = re.compile(r"(-?\d{11,})(\.metrics)?(?:\.part-(\d{3,})-of-(\d{3,}))?\.safetensors")
SLUG_MARK = "~"  # percent-encoding never leaves a plain one


class StepFile(NamedTuple):
    """One logged step of a tag. ``path`` is relative to the root of its Files."""

    step: int
    kind: str  # "weights" or "metrics"
    path: str
    size: int
    mtime: float
    parts: tuple[
        StepFile, ...
    ] = ()  # of a record that several ranks wrote; then ``path`` is that of the first
    mark: int = 0

    @property
    def version(self) -> str:
        """Changes whenever the file, or one of its parts, is written anew."""
        return self.of_parts("version") if self.parts else f"{self.stamp}-{self.mark:x}"

    @property
    def stamp(self) -> str:
        """Size and time of change of the file, which a copy of it keeps."""
        return self.of_parts("stamp") if self.parts else f"{self.size:x}-{int(self.mtime * 1e6):x}"

    def of_parts(self, name: str) -> str:
        """A digest of what each part's file has under a name."""
        each = " ".join(f"{part.path} {getattr(part, name)}" for part in self.parts)
        return hashlib.sha256(each.encode(errors="surrogatepass")).hexdigest()[:16]

    def now(self, entry: Entry) -> StepFile:
        """The same file as it was listed later."""
        return self._replace(size=entry.size, mtime=entry.mtime, mark=entry.mark)


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


def step_name(step: int, kind: str = "weights", part: tuple[int, int] | None = None) -> str:
    """The name of a step's file; ``part`` is a part's number and how many there are."""
    piece = "" if part is None else f".part-{part[0]:03d}-of-{part[1]:03d}"
    return f"{step:012d}{'.metrics' if kind == 'metrics' else ''}{piece}.safetensors"


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
            directory = f"{top}/{entry.name}"
            tags[tag_of_directory(files, directory)] = directory
    return dict(sorted(tags.items()))


def tag_of_directory(files: Files, directory: str) -> str:
    """The tag whose records a directory holds; that of a slug stands in its files."""
    tag = directory_tag(directory.rpartition("/")[2])
    return tag_in_file(files, directory) if tag is None else tag


def tag_in_file(files: Files, directory: str) -> str:
    """The tag that the first whole file of a directory bears; the directory's name where none does."""
    for step_file in list_steps(files, directory):
        try:
            return str(open_header(files, step_file).tag)
        except DamagedFileError:
            continue
        except OSError as error:
            if is_passing(error):
                raise
    return directory.rsplit("/", 1)[-1]


def list_steps(files: Files, directory: str) -> list[StepFile]:
    """The logged steps of one tag directory, by step.

    Of several forms of one step, with weights or metrics alone, as one file or in another number of parts, the one
    that was written last counts.
    """
    return sorted_steps(files.list(directory), directory)


def sorted_steps(entries: Iterable[Entry], directory: str) -> list[StepFile]:
    """What was listed of one tag directory → its steps."""
    found = (parse_step_file(entry, directory) for entry in entries)
    return newest_forms(each for each in found if each is not None)


def newest_forms(found: Iterable[StepFile]) -> list[StepFile]:
    """Files of steps in any order → one of each step, in order."""
    files = sorted(found, key=lambda each: each.step)
    is_plain = all(one.step < next_.step for one, next_ in pairwise(files))
    if is_plain and not any(".part-" in each.path for each in files):
        return files
    forms: dict[int, dict[tuple[str, int], list[StepFile]]] = {}
    for each in files:
        part = part_of_name(each.path.rpartition("/")[2])
        form = each.kind, 0 if part is None else part[1]
        forms.setdefault(each.step, {}).setdefault(form, []).append(each)
    return [newest_form(forms[step]) for step in forms]


def of_part(steps: Sequence[StepFile], part: tuple[int, int]) -> list[StepFile]:
    """The files of one part (number, of) among listed steps."""
    found = []
    for step_file in steps:
        for each in step_file.parts:
            match = STEP_NAME.fullmatch(each.path.rsplit("/", 1)[-1])
            if match and (int(match[3]), int(match[4])) == part:
                found.append(each)
    return found


def newest_form(forms: Mapping[tuple[str, int], Sequence[StepFile]]) -> StepFile:
    """One file, or the parts of the form that was written last as one StepFile; at the same time, that with weights."""
    form = max(
        forms, key=lambda each: (max(file.mtime for file in forms[each]), each[0] == "weights", each[1])
    )
    if form[1] == 0:
        return forms[form][0]
    parts = tuple(sorted(forms[form], key=lambda file: file.path))
    size, mtime = sum(part.size for part in parts), max(part.mtime for part in parts)
    return StepFile(parts[0].step, parts[0].kind, parts[0].path, size, mtime, parts)


def parse_step_file(entry: Entry, directory: str) -> StepFile | None:
    """One name of a listing → a step, or a part of one; None for a foreign name."""
    match = STEP_NAME.fullmatch(entry.name)
    if match is None or entry.is_directory:
        return None
    kind = "metrics" if match[2] else "weights"
    path = f"{directory}/{entry.name}"
    return StepFile(int(match[1]), kind, path, entry.size, entry.mtime, mark=entry.mark)


def open_header(files: Files, step_file: StepFile) -> Header:
    """The header of one step's file, or of its parts together. Raises DamagedFileError, FileNotFoundError."""
    if step_file.parts:
        return merge_parts([open_part(files, part) for part in step_file.parts], contents=False)[0]
    return open_part(files, step_file)[0]


def open_step(files: Files, step_file: StepFile) -> tuple[Header, ReadRange]:
    """The header of one step and how its bytes are read; parts are merged in memory.

    Raises:
        DamagedFileError, FileNotFoundError: a file cannot be read.
    """
    if not step_file.parts:
        return open_part(files, step_file)
    header, content = merge_parts([open_part(files, part) for part in step_file.parts])
    return header, lambda start, stop: content[start:stop]


def open_part(files: Files, step_file: StepFile) -> tuple[Header, ReadRange]:
    """One file's header, and how its bytes are read."""
    read = partial(files.read, step_file.path)
    return read_header(read, files.size(step_file.path), step_file.path), read


def write_step(
    files: Files,
    run_path: str,
    tag: str,
    step: int,
    buffers: Sequence[Buffer],
    kind: str = "weights",
    part: tuple[int, int] | None = None,
) -> None:
    """Write one record, or one part of it; the same step again replaces it, in whichever form it was logged."""
    write_file(files, f"{record_directory(run_path, tag)}/{step_name(step, kind, part)}", buffers)


def write_file(files: Files, path: str, buffers: Sequence[Buffer]) -> None:
    """Write one record's file, and remove the other form of its step."""
    files.write(path, buffers)
    files.remove(other_form(path))


def other_form(path: str) -> str:
    """The path of a step with weights → that of the same step with head metrics alone, and back."""
    directory, _, name = path.rpartition("/")
    plain = name.replace(".metrics.", ".")
    return f"{directory}/{plain if plain != name else name.replace('.', '.metrics.', 1)}"


def purge_steps(
    files: Files,
    run_path: str,
    first: int,
    is_given_up: Callable[[], bool] = bool,
    part: tuple[int, int] | None = None,
) -> int:
    """Delete a run's records with step ≥ ``first``; how many files there were. It stops where ``is_given_up``.

    A writer of a ``part`` (number, of) deletes those of its number; that of part 0 also those that no rank will
    write any more: of numbers from ``of`` on, and whole files. Directories that are links to others keep theirs, which is
    told.
    """
    removed = 0
    top = attention_directory(run_path)
    for tag in files.list(top):
        directory = f"{top}/{tag.name}"
        if not tag.is_directory or tag.name.startswith("."):
            continue
        if tag.is_link:
            tell(
                f"{files.where(directory)} is a link: purge_step deletes nothing in the directory that it leads to"
            )
            continue
        if is_given_up():
            return removed
        before = removed
        entries = files.list(directory)
        for entry in entries:
            step_file = parse_step_file(entry, directory)
            if is_given_up():
                return removed
            if step_file and step_file.step >= first and is_own(entry.name, part):
                files.remove(step_file.path)
                removed += 1
        own = {entry.name for entry in entries if not entry.is_link}
        if SERIES in own:
            remove_series(files, directory, lambda each: each.last >= first)
        if removed > before and part is None and PICTURES in own:
            remove_unnamed_pictures(files, directory)
    return removed


def remove_unnamed_pictures(files: Files, directory: str) -> int:
    """Delete the pictures of a tag that no record of it names any more; how many there were."""
    headers = (open_header(files, each) for each in list_steps(files, directory))
    return remove_unnamed(files, directory, headers)


def remove_other_forms(files: Files, path: str, part: tuple[int, int]) -> None:
    """Delete what an earlier writer left of a part's step in another number of parts, as far as it is this part's to do."""
    directory, _, name = path.rpartition("/")
    for each in replaced_by(name, [entry.name for entry in files.list(directory)], part):
        files.remove(f"{directory}/{each}")


def replaced_by(name: str, names: Iterable[str], part: tuple[int, int]) -> list[str]:
    """The names in a directory that the file of a part takes the place of: its step in another number of parts."""
    matches = [match for match in map(STEP_NAME.fullmatch, names) if match]
    return [
        match[0]
        for match in matches
        if match[1] == name.partition(".")[0] and int(match[4] or 0) != part[1] and is_own(match[0], part)
    ]


def part_of_name(name: str) -> tuple[int, int] | None:
    """The name of a file → its part (number, of), None where it is whole or no record."""
    match = STEP_NAME.fullmatch(name)
    return None if match is None or match[3] is None else (int(match[3]), int(match[4]))


def is_own(name: str, part: tuple[int, int] | None) -> bool:
    """Whether a file is one that the writer of a part, or of everything, may delete."""
    match = STEP_NAME.fullmatch(name)
    if part is None or match is None:
        return True
    number = None if match[3] is None else int(match[3])
    return number == part[0] or (part[0] == 0 and (number is None or number >= part[1]))


def remove_stale_drafts(files: Files, run_path: str) -> None:
    """Tidy up after a writer that was killed, on a local disk."""
    if isinstance(files, LocalFiles):
        top = attention_directory(run_path)
        for entry in files.list(top):
            if entry.is_directory:
                files.remove_stale_drafts(f"{top}/{entry.name}")
