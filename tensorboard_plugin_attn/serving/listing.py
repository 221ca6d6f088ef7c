"""Log directories → the runs, tags and steps logged below them, walked in the background, kept in memory."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, TypeVar

from tensorboard_plugin_attn.errors import spell_out
from tensorboard_plugin_attn.serving.answers import RequestError
from tensorboard_plugin_attn.serving.index_changes import IndexChanges, ListedTag, describe_steps
from tensorboard_plugin_attn.serving.looking import Busy
from tensorboard_plugin_attn.serving.remote_root import SCAN_SECONDS, RemoteScan, group_directories
from tensorboard_plugin_attn.serving.roots import Root
from tensorboard_plugin_attn.serving.tag_directory import TagDirectory, Tags, tell
from tensorboard_plugin_attn.storing.deadline import BoundedFiles, Calls, NoThreadError, StoreHangsError
from tensorboard_plugin_attn.storing.files import (
    Entry,
    Files,
    RemoteFiles,
    is_passing,
    is_remote,
    open_files,
)
from tensorboard_plugin_attn.storing.remembered import RememberedFiles
from tensorboard_plugin_attn.storing.store import StepFile, list_tags, sorted_steps, tag_of_directory
from tensorboard_plugin_attn.storing.walk import run_directories

__all__ = ["Listing"]

ANSWER_SECONDS = 2.5  # within which every request is answered, whatever a store does
REFUSE_SECONDS = 5.0  # after a request to a store that hung
REST = 5  # times as long as a walk took until the next one
LOOK_REST = 20  # times as long as a look at all known directories took until the next one
SHOW_SECONDS = 0.5  # how often a long walk shows what it has found so far
LONE_SURROGATE = re.compile("[\ud800-\udfff]")

Value = TypeVar("Value")


class LastListed(NamedTuple):
    """What was answered last, and what it was made of."""

    runs: dict[str, Tags]
    old: set[int]
    directories: list[TagDirectory]
    steps: list[dict[int, StepFile]]
    tags: dict[tuple[str, str], ListedTag]


class Listing:
    """What is logged below some roots: found by ``walk``, kept up to date by ``index`` and ``find_step``.

    ``circles``: how many directories that lie within themselves by links are looked at again.
    """

    def __init__(
        self,
        roots: Sequence[Root],
        *,
        open_root: Callable[[str], Files] | None = None,
        circles: int = 0,
    ) -> None:
        self.roots = roots
        self.circles = circles
        self.open_root = open_root or open_log_directory
        self.scans = {root: RemoteScan(partial(self.scan, root)) for root in roots if is_remote(root.path)}
        self.opened: dict[Root, Files] = {}
        self.found: dict[Root, dict[str, Tags]] = {}
        self.runs: dict[str, Tags] = {}
        self.walked = threading.Event()
        self.stopped = threading.Event()
        self.changes = IndexChanges()
        self.last: LastListed | None = None
        self.busy = Busy()
        self.is_looking = False  # in between requests
        self.looks = Calls(ANSWER_SECONDS, refuse_seconds=REFUSE_SECONDS)

    def start(self, interval: float) -> None:
        """Walk now and every ``interval`` seconds in a thread that ends with the process; 0: only once."""
        thread = threading.Thread(
            target=self.keep_walking, args=(interval,), name="AttentionListing", daemon=True
        )
        thread.start()

    def stop(self) -> None:
        """End the thread after its current walk."""
        self.stopped.set()

    def keep_walking(self, interval: float) -> None:
        """The thread's work."""
        self.is_looking = interval > 0
        while not self.stopped.is_set():
            started = time.monotonic()
            self.walk()
            took = time.monotonic() - started
            if not interval or self.look_until(time.monotonic() + max(interval, REST * took), interval):
                return

    def look_until(self, end: float, interval: float) -> bool:
        """Look at all known directories every ``interval`` seconds until it is time to walk; whether it was stopped."""
        took = 0.0
        while (left := end - time.monotonic()) > 0:
            if self.stopped.wait(min(left, max(interval, LOOK_REST * took))):
                return True
            started = time.monotonic()
            look_at(self.directories())
            took = time.monotonic() - started
        return self.stopped.is_set()

    def directories(self) -> list[TagDirectory]:
        """Of all tags."""
        return [directory for tags in self.runs.values() for directory in tags.values()]

    def walk(self) -> None:
        """Look through every root for runs and tags; a root that cannot be read keeps what it had."""
        for root in self.roots:
            if root not in self.scans:
                try:
                    self.walk_root(root)
                except OSError as error:
                    tell(f"cannot read {root.path}: {error!r}")
        self.walked.set()
        for root, scan in self.scans.items():
            if not scan.refresh(SCAN_SECONDS) and scan.error is not None:
                tell(f"cannot read {root.path}: {scan.error!r}")

    def walk_root(self, root: Root) -> None:
        """Find the runs with records below one root, and their tags."""
        if root not in self.opened:
            self.opened[root] = self.open_root(root.path)
        files, known, found = self.opened[root], self.found.get(root, {}), {}
        shown = 0.0
        for parts in run_directories(files, circles=self.circles):
            run = root.run_name(parts)
            tags = list_run(files, "/".join(parts), known.get(run, {}))
            if tags:
                found[run] = tags
                if run not in known and time.monotonic() > shown + SHOW_SECONDS:
                    self.publish(root, {**known, **found})
                    shown = time.monotonic()
        self.publish(root, found)

    def scan(self, root: Root) -> None:
        """List everything below a remote root."""
        if root not in self.opened:
            self.opened[root] = self.open_root(root.path)
        files, known, found = self.opened[root], self.found.get(root, {}), {}
        for parts, directories in group_directories(find_files(files)).items():
            run = root.run_name(parts)
            tags = remote_tags(files, directories, known.get(run, {}))
            if tags:
                found[run] = tags
        self.publish(root, found)

    def publish(self, root: Root, found: dict[str, Tags]) -> None:
        """Show what was found; of two runs of the same name the later root's counts, as in TensorBoard."""
        self.found[root] = found
        runs = {run: tags for each in self.roots for run, tags in self.found.get(each, {}).items()}
        if runs != self.runs:
            self.runs = {run: runs[run] for run in sorted(runs)}

    @property
    def has_records(self) -> bool:
        """Whether anything was found, from memory."""
        return bool(self.runs)

    def index(self) -> dict[str, Any]:
        """Steps, file times, versions and kinds of every tag of every run, known directories listed anew.

        Tags of a store that does not answer now are those of the last listing, and have ``"old": true``.

        Raises:
            RequestError: 503 a store does not answer and nothing is known yet.
        """
        index: dict[str, Any] = {}
        for (run, tag), listed in self.listed().items():
            index.setdefault(run, {})[tag] = describe_steps(list(listed.steps.values()), is_old=listed.is_old)
        return index

    def index_since(self, since: str) -> dict[str, Any]:
        """What changed of the index since a token that an earlier answer gave. Raises RequestError 503."""
        return self.changes.answer(self.listed(), since)

    def listed(self) -> dict[tuple[str, str], ListedTag]:
        """Every tag that has steps, known directories listed anew; of very many, the busy ones. Raises RequestError 503."""
        old, runs, last = self.wait(), self.runs, self.last
        is_same = last is not None and last.runs is runs
        directories = last.directories if last is not None and is_same else self.directories()
        old = old | self.look(directories)
        steps = [directory.steps for directory in directories]
        if last is not None and is_same:
            changed = [
                each
                for each, now, before in zip(directories, steps, last.steps, strict=True)
                if now is not before
            ]
            for directory in changed:
                self.busy.note(directory)
            if not changed and last.old == old:
                return last.tags
        places = ((run, tag) for run, tags in runs.items() for tag in tags)
        listed = {
            place: ListedTag(found, id(directory.files) in old)
            for place, directory, found in zip(places, directories, steps, strict=True)
            if found
        }
        self.last = LastListed(runs, old, directories, steps, listed)
        return listed

    def look(self, directories: Sequence[TagDirectory]) -> set[int]:
        """List again what changed; where a directory of this machine does not answer, as on a mount that hangs, all of
        them: they are as they were."""
        try:
            self.looks.call(partial(self.busy.look if self.is_looking else look_at, directories))
        except (StoreHangsError, NoThreadError) as error:
            tell(f"a log directory does not answer ({error}); what is shown is as it was")
            local = (files for root, files in self.opened.items() if not is_remote(root.path))
            return {id(files) for files in local}
        return set()

    def wait(self) -> set[int]:
        """Wait for the first walk and for fresh listings of stores, not for long; the stores that are not fresh.

        Raises:
            RequestError: 503 a store has never been listed, and nothing is known.
        """
        end = time.monotonic() + ANSWER_SECONDS
        if len(self.scans) < len(self.roots):
            self.walked.wait(ANSWER_SECONDS)
        old = [root for root, scan in self.scans.items() if not scan.refresh(max(0, end - time.monotonic()))]
        errors = {root: self.scans[root].error for root in old if root not in self.found}
        unknown = [root.path for root, error in errors.items() if error is None or is_passing(error)]
        if unknown and not self.runs:
            raise RequestError(503, "busy", f"{unknown[0]} does not answer; nothing is known of it yet")
        return {id(self.opened[root]) for root in old if root in self.opened}

    def find_tag(self, run: str, tag: str) -> TagDirectory:
        """The directory of a tag. Raises RequestError 404 with the runs or tags there are."""
        if look_up(self.runs, run) is None:
            self.wait()
        tags = look_up(self.runs, run)
        if tags is None:
            raise not_recorded("run", f"no attention recorded for run {run!r}", list(self.runs))
        directory = look_up(tags, tag)
        if directory is None:
            raise not_recorded("tag", f"no attention recorded for run {run!r}, tag {tag!r}", list(tags))
        self.busy.note(directory)
        return directory

    def find_step(self, run: str, tag: str, step: int) -> tuple[Files, StepFile]:
        """The file of a step as it is now. Raises RequestError 404 with the steps there are."""
        directory = self.find_tag(run, tag)
        if step not in directory.steps:
            directory.refresh()
        steps = directory.steps
        if step not in steps:
            message = f"no attention recorded for run {run!r}, tag {tag!r}, step {step}"
            raise not_recorded("step", message, list(steps))
        return directory.files, steps[step]


def look_at(directories: Sequence[TagDirectory]) -> None:
    """List again those that changed."""
    for directory in directories:
        directory.look()


def list_run(files: Files, run_path: str, known: Tags) -> Tags:
    """The tags of one run that have steps; what cannot be listed now stays as it was."""
    try:
        paths = list_tags(files, run_path)
    except Exception as error:  # noqa: BLE001 - remote stores raise errors of their own
        tell(f"cannot list {files.where(run_path)}: {error!r}")
        return known
    tags = {}
    for tag, path in paths.items():
        same = tag in known and known[tag].path == path
        tags[tag] = known[tag] if same else TagDirectory(files, path)
    for directory in tags.values():
        directory.refresh(is_forced=False, is_walk=True)
    return {tag: directory for tag, directory in tags.items() if directory.steps}


def open_log_directory(path: str) -> Files:
    """A log directory for a server: a store answers in time or not at all, a local directory is remembered."""
    if not is_remote(path):
        return RememberedFiles(path.removeprefix("file://"))
    calls = Calls(ANSWER_SECONDS / 2, refuse_seconds=REFUSE_SECONDS)
    return BoundedFiles(path, lambda: open_files(path, seconds=SCAN_SECONDS), calls)


def find_files(files: Files) -> list[tuple[str, Entry]]:
    """Everything below a remote root; the listing thread is one of its own and has time."""
    store = files.opened() if isinstance(files, BoundedFiles) else files
    if not isinstance(store, RemoteFiles):
        raise TypeError(f"{files.where('')} is no store")
    return store.find("")


def remote_tags(files: Files, directories: Mapping[str, Sequence[Entry]], known: Tags) -> Tags:
    """The tags of one run from the files in their directories."""
    named = {directory.path: tag for tag, directory in known.items()}
    tags: Tags = {}
    for path, entries in directories.items():
        steps = sorted_steps(entries, path)
        if steps:
            tag = named.get(path)
            if tag is None:
                tag = tag_of_directory(files, path)
            tags[tag] = known[tag] if tag in known and known[tag].path == path else TagDirectory(files, path)
            tags[tag].put(steps)
    return dict(sorted(tags.items()))


def look_up(named: Mapping[str, Value], name: str) -> Value | None:
    """The value of a name as it came in a URL, where a lone surrogate can only be U+FFFD."""
    if name in named:
        return named[name]
    same = (value for known, value in named.items() if LONE_SURROGATE.sub("\ufffd", known) == name)
    return next(same, None)


def not_recorded(what: str, message: str, recorded: Sequence[Any]) -> RequestError:
    """404 with what there is instead."""
    return RequestError(
        404,
        "not_recorded",
        f"{message}; recorded {what}s: {spell_out(recorded)}",
        **{f"{what}s": list(recorded)},
    )
