"""This machine, a log directory and the spools → what is not as it should be, and repairs of what can be."""

from __future__ import annotations

import argparse
import importlib.metadata
import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from tensorboard_plugin_attn.commands.installation import describe_fault, find_plugins
from tensorboard_plugin_attn.commands.log_directory import (
    LoggedTag,
    add_log_directory,
    find_tags,
    open_log,
    within,
)
from tensorboard_plugin_attn.commands.progress import counted, progress
from tensorboard_plugin_attn.commands.spools import add_spool, describe_spool, find_spools, send_spool
from tensorboard_plugin_attn.commands.verify import check_header, check_series
from tensorboard_plugin_attn.storing.files import STALE_SECONDS, Entry, Files
from tensorboard_plugin_attn.storing.packing import pack_directory, unpacked_steps
from tensorboard_plugin_attn.storing.store import StepFile, parse_step_file, part_of_name

__all__ = ["HELP", "Problem", "add_arguments", "run"]

HELP = "check this installation, a log directory and what waits to be sent; --repair mends what can be"
PACKAGES = ("tensorboard-plugin-attn", "tensorboard", "numpy", "protobuf", "fsspec", "s3fs", "gcsfs", "torch")
DAMAGED = ".damaged"


@dataclass(frozen=True)
class Problem:
    """Something that is not as it should be, and what mends it, where anything does; a note needs no mending."""

    message: str
    is_note: bool = False
    repair: Callable[[], object] | None = None
    repaired: str = ""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What it is called with."""
    add_log_directory(parser, is_needed=False)
    add_spool(parser)
    parser.add_argument(
        "--repair", action="store_true", help="remove drafts and replaced files, set damaged ones aside"
    )
    parser.add_argument("--send-spool", action="store_true", help="send what waits in the spool")


def run(arguments: argparse.Namespace) -> int:
    """Print what there is, the problems, and what was done."""
    print(versions())
    problems = list(check_installation())
    for problem in problems:
        print(f"problem: {problem.message}")
    found, mended = len(problems), 0
    if arguments.logdir is not None:
        files = open_log(arguments.logdir)
        tags = find_tags(files, arguments.run, arguments.tag)
        for problem in check_tags(files, within(files, tags) if arguments.repair else tags):
            found += not problem.is_note
            if arguments.repair and problem.repair is not None:
                problem.repair()
                mended += not problem.is_note
                print(f"repaired: {problem.message}: {problem.repaired}")
            else:
                print(f"{'note' if problem.is_note else 'problem'}: {problem.message}")
    unsent = check_spools(arguments)
    left = found - mended + unsent
    done = f"{counted(found + unsent, 'problem')}, {mended} repaired" if mended else counted(left, "problem")
    hint = "; --repair mends what can be" if found > mended and not arguments.repair else ""
    print("all is well" if left == 0 and not mended else f"{done}{hint if arguments.logdir else ''}")
    return 1 if left else 0


def versions() -> str:
    """What is installed, on one line."""
    found = [f"Python {platform.python_version()}"]
    for name in PACKAGES:
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    return ", ".join(found)


def check_installation() -> Iterator[Problem]:
    """Whether TensorBoard starts here, knows the plugin and finds its page."""
    try:
        names = find_plugins()
    except Exception as error:  # noqa: BLE001 - any plugin's import may fail in any way, and takes TensorBoard with it
        yield Problem(describe_fault(error))
        return
    if "tensorboard_plugin_attn.loader.AttnLoader" not in names:
        yield Problem(
            "TensorBoard does not know the plugin: install it into the environment that runs tensorboard"
        )
    from tensorboard.plugins import base_plugin

    from tensorboard_plugin_attn.loader import AttnLoader
    from tensorboard_plugin_attn.serving.assets import ENTRY, STATIC

    flags = argparse.Namespace(logdir="", logdir_spec="", reload_interval=0)
    try:
        AttnLoader().load(base_plugin.TBContext(flags=flags))
    except Exception as error:  # noqa: BLE001 - whatever it is, the tab would be missing for it
        yield Problem(f"the plugin cannot be loaded: {type(error).__name__}: {error}")
        return
    if not (STATIC / ENTRY).is_file():
        yield Problem(
            "the tab's page is missing: this checkout was never built; install a release, or build it"
        )


def check_tags(files: Files, tags: list[LoggedTag]) -> Iterator[Problem]:
    """What is wrong in the directories of tags."""
    for tag in progress(tags, "tags"):
        shown = {file.path for step in tag.steps for file in (step, *step.parts)}
        shown |= {
            file.path
            for step in tag.steps
            if misses_parts(step)
            for file in tag.step_files
            if file.step == step.step
        }
        for entry in tag.entries:
            problem = check_entry(files, tag, entry, shown)
            if problem is not None:
                yield problem
        yield from check_all_series(files, tag)


def misses_parts(step: StepFile) -> bool:
    """Whether parts of a step are missing, so that an earlier form of it may be all there is."""
    part = part_of_name(step.path.rpartition("/")[2])
    return part is not None and len(step.parts) < part[1]


def check_entry(files: Files, tag: LoggedTag, entry: Entry, shown: set[str]) -> Problem | None:
    """What is wrong with one file of a tag's directory."""
    path = f"{tag.directory}/{entry.name}"
    place, remove = files.where(path), partial(files.remove, path)
    step_file = parse_step_file(entry, tag.directory)
    if step_file is not None and path not in shown:
        return Problem(
            f"{place} was replaced by the other form of its step", repair=remove, repaired="removed"
        )
    if step_file is not None:
        fault = check_header(files, step_file)
        aside = partial(set_aside, files, path, entry.size)
        done = f"renamed to {entry.name}{DAMAGED}"
        return Problem(f"{place} is damaged: {fault}", repair=aside, repaired=done) if fault else None
    if entry.is_directory or entry.name.endswith(DAMAGED):
        return None
    if entry.name.startswith(".") and entry.name.endswith(".tmp"):
        is_stale = entry.mtime < time.time() - STALE_SECONDS
        return (
            Problem(f"{place} is what a killed writer left", repair=remove, repaired="removed")
            if is_stale
            else None
        )
    return Problem(f"{place} is not a record; it does no harm, and is left alone", is_note=True)


def check_all_series(files: Files, tag: LoggedTag) -> Iterator[Problem]:
    """Damaged series files of a tag, and steps that no series holds."""
    for each in tag.series:
        fault = check_series(files, each)
        if fault:
            remove = partial(files.remove, each.path)
            yield Problem(f"{files.where(each.path)} is damaged: {fault}", repair=remove, repaired="removed")
    missing = unpacked_steps(files, tag.directory, tag.steps)
    if missing:
        yield Problem(
            f"{files.where(tag.directory)}: {missing:,} steps are in no series, so that their history comes slowly",
            is_note=True,
            repair=partial(pack_directory, files, tag.directory),
            repaired="packed",
        )


def set_aside(files: Files, path: str, size: int) -> None:
    """Give a damaged file a name that is not listed."""
    files.write(f"{path}{DAMAGED}", [files.read(path, 0, size)])
    files.remove(path)


def check_spools(arguments: argparse.Namespace) -> int:
    """Say what waits, send it when that is wanted; how many spools still have something old in them."""
    unsent = 0
    for spool in find_spools(arguments.spool, arguments.logdir):
        if arguments.send_spool:
            fault = send_spool(spool)
            print(f"problem: {spool.target}: {fault}" if fault else f"sent what waited for {spool.target}")
            unsent += bool(fault)
            continue
        waiting = spool.waiting()
        is_old = not waiting or waiting[0].order / 1e9 < time.time() - STALE_SECONDS
        print(f"{'problem' if is_old else 'waiting'}: {describe_spool(spool)}; --send-spool sends it")
        unsent += is_old
    return unsent
