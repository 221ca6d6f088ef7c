"""The words of a command line → what a demo is run with; imports nothing heavy."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

__all__ = ["add_options", "parser"]


def parser(story: str, *, steps: int, logdir: str) -> argparse.ArgumentParser:
    """A parser of the options that every demo has; ``story`` is its docstring."""
    made = argparse.ArgumentParser(description=first_line(story))
    add_options(made, story, steps=steps, logdir=logdir)
    return made


def add_options(parser: argparse.ArgumentParser, story: str, *, steps: int, logdir: str) -> None:
    """Add the options that every demo has."""
    parser.add_argument(
        "--steps", type=whole(1), default=steps, help="training steps of each run (%(default)s)"
    )
    parser.add_argument("--logdir", type=directory, default=logdir, help="where to log (%(default)s)")
    parser.add_argument(
        "--seed", type=whole(0), default=0, help="the same seed gives the same log (%(default)s)"
    )
    parser.add_argument("--no-serve", action="store_true", help="do not start TensorBoard at the end")
    parser.add_argument("--port", type=whole(0, 65535), default=0, help="port of TensorBoard (a free one)")
    parser.set_defaults(story=first_line(story), story_steps=steps)


def first_line(story: str) -> str:
    """What a docstring says first."""
    return story.split("\n")[0]


def whole(least: int, most: int = 2**63 - 1) -> Callable[[str], int]:
    """Reads a whole number in a range from an option."""

    def read(text: str) -> int:
        if not text.isdecimal() or not least <= int(text) <= most:
            span = f"from {least} on" if most > 65535 else f"from {least} to {most}"
            raise argparse.ArgumentTypeError(f"expected a whole number {span}, got {text}")
        return int(text)

    return read


def directory(text: str) -> Path:
    """A directory, or a path where one can be made, read from an option."""
    path = Path(text)
    existing = next(each for each in (path, *path.absolute().parents) if each.exists())
    if not existing.is_dir():
        raise argparse.ArgumentTypeError(f"expected a directory, but {existing} is a file")
    return path
