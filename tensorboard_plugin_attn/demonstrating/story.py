"""A demo's losses and probes → a log; what it finds there → a table of floors, and a served Attention tab."""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import fill
from typing import Any
from urllib.parse import quote

from tensorboard import program
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch.utils.tensorboard import SummaryWriter

from tensorboard_plugin_attn import AttentionWriter, LayerAttention

Log = Callable[[SummaryWriter, AttentionWriter, int], str]
Metric = Callable[[LayerAttention], Any]


WIDTH = 100  # of a paragraph, in characters


@dataclass(frozen=True)
class Floor:
    """A measured value and the range it must lie in."""

    what: str
    found: float
    at_least: float | None = None
    at_most: float | None = None

    @property
    def holds(self) -> bool:
        """Whether the value lies in its range; a value that is not a number does not."""
        above = self.at_least is None or self.found >= self.at_least
        below = self.at_most is None or self.found <= self.at_most
        return self.found == self.found and above and below

    @property
    def range(self) -> str:
        """The range in words such as ``≥ 0.15``."""
        parts = [("≥", self.at_least), ("≤", self.at_most)]
        return " and ".join(f"{sign} {limit:g}" for sign, limit in parts if limit is not None)


def begin(options: argparse.Namespace) -> None:
    """Say what comes."""
    print(f"{options.story}\nThe log goes to {options.logdir}\n", flush=True)


def logged_steps(steps: int, times: int) -> list[int]:
    """Step 0, the last, and about ``times`` even strides between them."""
    return sorted({*range(0, steps, max(1, steps // times)), steps})


def train(
    run: str,
    options: argparse.Namespace,
    losses: Iterator[float],
    log: Log,
    *,
    times: int,
    metrics: str | Mapping[str, Metric] = "all",
) -> None:
    """Ask for the losses one by one; log each, and about ``times`` times whatever ``log`` logs.

    ``log(events, writer, step)`` is called before the step is trained, and once after the last. It returns
    what the progress line says. ``metrics`` as in AttentionWriter.
    """
    logged = logged_steps(options.steps, times)
    with (
        SummaryWriter(options.logdir / run, purge_step=0) as events,
        AttentionWriter(events, purge_step=0, metrics=metrics) as writer,
    ):
        for step in range(options.steps + 1):
            words = log(events, writer, step) if step in logged else ""
            if step < options.steps:
                loss = next(losses)
                events.add_scalar("train/loss", loss, step)
            if words:
                print(f"{run}: step {step:3} of {options.steps}   loss {loss:5.2f}   {words}", flush=True)


def scalars(logdir: Path, run: str, tag: str) -> dict[int, float]:
    """A logged scalar, step → value."""
    events = EventAccumulator(str(logdir / run), size_guidance={"scalars": 0}).Reload()
    return {event.step: event.value for event in events.Scalars(tag)}


def table(floors: Sequence[Floor]) -> str:
    """One line a floor: what, its range, the value found, and whether it holds."""
    rows = [("measured in the log", "floor", "found", "")]
    rows += [(f.what, f.range, f"{f.found:.3g}", "holds" if f.holds else "DOES NOT HOLD") for f in floors]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return "\n".join(
        f"{what:<{widths[0]}}  {limits:>{widths[1]}}  {found:>{widths[2]}}  {verdict}".rstrip()
        for what, limits, found, verdict in rows
    )


def finish(floors: Sequence[Floor], options: argparse.Namespace, *, said: str = "", **state: str) -> int:
    """Print the floors and ``said``, what was found in words; if all floors hold, serve the log unless told not to. Returns the exit code.

    ``state`` is what the tab shows first: ``run``, ``tag``, ``metric``, ….
    """
    print(f"\n{table(floors)}\n", flush=True)
    if said:
        print(f"{fill(said, WIDTH)}\n", flush=True)
    place = "#attn" + "".join(f"&p.attn.{name}={quote(value, safe='')}" for name, value in state.items())
    holds = all(floor.holds for floor in floors)
    if not holds:
        print("A floor does not hold.")
    if options.steps < options.story_steps:
        print(f"The floors are meant for {options.story_steps} steps; this log has {options.steps}.")
    if holds and not options.no_serve:
        return serve(options.logdir, options.port, place)
    print(f"To look at the log: {command(options.logdir)}\nthen open http://localhost:6006/{place}")
    return 0 if holds else 1


def command(logdir: Path) -> str:
    """The line that serves a log from any directory, also where this environment is not active."""
    script = shutil.which("tensorboard", path=str(Path(sys.executable).parent))
    start = [script] if script else [sys.executable, "-m", "tensorboard.main"]
    join = subprocess.list2cmdline if os.name == "nt" else shlex.join
    return join([*start, "--logdir", str(logdir.absolute())])


def serve(logdir: Path, port: int, place: str) -> int:
    """Serve a log directory on this machine only, print the link to the tab, and wait for Ctrl-C."""
    tensorboard = program.TensorBoard()
    tensorboard.configure(logdir=str(logdir), host="127.0.0.1", port=port)
    try:
        url = tensorboard.launch()
    except program.TensorBoardServerException as error:
        print(f"TensorBoard did not start: {error}\nThe log is whole: {command(logdir)}")
        return 1
    print(f"TensorBoard: {url}{place}  (Ctrl-C ends it)", flush=True)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        print()
    return 0
