"""A log directory → a table of its runs and tags, with steps and sizes; and what waits in the spool for it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from tensorboard_plugin_attn.commands.log_directory import LoggedTag, add_log_directory, find_tags, open_log
from tensorboard_plugin_attn.commands.progress import counted, progress, size_text
from tensorboard_plugin_attn.commands.spools import add_spool, print_spools

__all__ = ["HELP", "add_arguments", "run"]

HELP = "list runs, tags, steps and sizes"
HEADINGS = ("run", "tag", "steps", "first", "last", "metrics only", "size")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What it is called with."""
    add_log_directory(parser)
    add_spool(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the table and its sums."""
    tags = [
        each for each in find_tags(open_log(arguments.logdir), arguments.run, arguments.tag) if each.steps
    ]
    print_table([HEADINGS, *(row(each) for each in progress(tags, "tags"))])
    print_spools(arguments.spool, arguments.logdir)
    runs, steps = len({each.run for each in tags}), sum(len(each.steps) for each in tags)
    size = size_text(sum(each.nbytes for each in tags))
    print(f"{counted(runs, 'run')}, {counted(len(tags), 'tag')}, {counted(steps, 'step')}, {size}")
    return 0


def row(tag: LoggedTag) -> tuple[str, ...]:
    """One line of the table."""
    steps = tag.steps
    bare = sum(each.kind == "metrics" for each in steps)
    counts = (len(steps), steps[0].step, steps[-1].step, bare)
    return (printable(tag.run), printable(tag.tag), *map(str, counts), size_text(tag.nbytes))


def printable(name: str) -> str:
    """A name on one line, whatever is in it."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in name)


def print_table(rows: Sequence[Sequence[str]]) -> None:
    """Columns side by side, names to the left and numbers to the right."""
    if len(rows) == 1:
        return
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for cells in rows:
        left = [cell.ljust(width) for cell, width in zip(cells[:2], widths[:2], strict=True)]
        right = [cell.rjust(width) for cell, width in zip(cells[2:], widths[2:], strict=True)]
        print("  ".join([*left, *right]))
