"""The spools of this user → what waits in them, in words, and its sending."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from tensorboard_plugin_attn.commands.progress import counted, duration_text, size_text
from tensorboard_plugin_attn.storing.deadline import BoundedFiles, Calls
from tensorboard_plugin_attn.storing.files import open_files
from tensorboard_plugin_attn.storing.spool import Spool, default_root, open_spools
from tensorboard_plugin_attn.writing.delivery import STORE_SECONDS
from tensorboard_plugin_attn.writing.uploader import Uploader

__all__ = ["add_spool", "describe_spool", "find_spools", "print_spools", "send_spool"]

PATIENCE_SECONDS = 60.0  # without a record arriving


def add_spool(parser: argparse.ArgumentParser) -> None:
    """The argument that says where the spools are."""
    parser.add_argument("--spool", type=Path, help="the directory that writers were given as spool=")


def find_spools(root: Path | None, logdir: str | None) -> list[Spool]:
    """The spools with something in them, of runs in a log directory, or of all."""
    spools = list(open_spools(default_root() if root is None else root))
    if logdir is None:
        return spools
    top = logdir.rstrip("/") if "://" in logdir else str(Path(logdir).expanduser().absolute())
    return [each for each in spools if each.target == top or each.target.startswith(f"{top}/")]


def print_spools(root: Path | None, logdir: str | None) -> None:
    """One line for each."""
    for spool in find_spools(root, logdir):
        print(
            f"waiting: {describe_spool(spool)}; python -m tensorboard_plugin_attn doctor --send-spool sends it"
        )


def describe_spool(spool: Spool) -> str:
    """How much waits for how long, and for what."""
    waiting = spool.waiting()
    parts = [counted(len(waiting), "record")]
    if waiting:
        oldest = duration_text(max(0, time.time() - waiting[0].order / 1e9))
        parts += [size_text(sum(each.size for each in waiting)), f"the oldest for {oldest}"]
    if (first := spool.purge_asked()) is not None:
        parts.append(f"and the deletion of steps from {first} on")
    return f"{', '.join(parts)} for {spool.target} in {spool.directory}"


def send_spool(spool: Spool, *, patience: float = PATIENCE_SECONDS) -> str:
    """Send what waits; why it could not, or nothing when all was sent."""
    calls = Calls(STORE_SECONDS)
    files = BoundedFiles(spool.target, lambda: open_files(spool.target, seconds=STORE_SECONDS), calls)
    uploader = Uploader(spool, files, lambda sort, message: None)
    uploader.wake()
    total, left, since = len(spool.waiting()), -1, time.monotonic()
    try:
        while not spool.is_empty:
            now_left = len(spool.waiting())
            since = time.monotonic() if now_left != left else since
            left = now_left
            if time.monotonic() - since > patience:
                return (
                    f"sent {total - left:,} of {counted(total, 'record')}: {uploader.reason or 'no answer'}"
                )
            print(f"\r{total - left} / {total} records sent ", end="", file=sys.stderr, flush=True)
            time.sleep(0.1)
    finally:
        uploader.end()
        print(file=sys.stderr)
    return ""
