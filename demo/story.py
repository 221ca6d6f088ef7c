"""A demo's losses and probes → a log; what it finds there → a table of floors, and a served Attention tab."""

from __future__ import annotations

import argparse
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tensorboard import program
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch.utils.tensorboard import SummaryWriter

from tensorboard_plugin_attn import AttentionWriter

Log = Callable[[SummaryWriter, AttentionWriter, int], str]


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


def parser(story: str, *, steps: int, logdir: str) -> argparse.ArgumentParser:
    """The options that every demo has; ``story`` is its docstring."""
    made = argparse.ArgumentParser(description=story.split("\n")[0])
    made.add_argument(
        "--steps", type=positive, default=steps, help="training steps of each run (%(default)s)"
    )
    made.add_argument("--logdir", type=Path, default=Path(logdir), help="where to log (%(default)s)")
    made.add_argument("--seed", type=int, default=0, help="the same seed gives the same log (%(default)s)")
    made.add_argument("--no-serve", action="store_true", help="do not start TensorBoard at the end")
    made.add_argument("--port", type=int, default=0, help="port of TensorBoard (a free one)")
    return made


def positive(text: str) -> int:
    """A whole number above zero, read from an option."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number above 0, got {text}")
    return number


def logged_steps(steps: int, times: int) -> list[int]:
    """Step 0, the last, and about ``times`` even strides between them."""
    return sorted({*range(0, steps, max(1, steps // times)), steps})


def train(run: str, options: argparse.Namespace, losses: Iterator[float], log: Log, *, times: int) -> None:
    """Ask for the losses one by one; log each, and about ``times`` times whatever ``log`` logs.

    ``log(events, writer, step)`` is called before the step is trained, and once after the last. It returns
    what the progress line says.
    """
    logged = logged_steps(options.steps, times)
    with (
        SummaryWriter(options.logdir / run, purge_step=0) as events,
        AttentionWriter(events, purge_step=0) as writer,
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


def finish(floors: Sequence[Floor], options: argparse.Namespace) -> int:
    """Print the floors; if all hold, serve the log unless told not to. Returns the exit code."""
    print(f"\n{table(floors)}\n", flush=True)
    if not all(floor.holds for floor in floors):
        print(f"A floor does not hold. To look at the log: tensorboard --logdir {options.logdir}")
        return 1
    if not options.no_serve:
        serve(options.logdir, options.port)
    return 0


def serve(logdir: Path, port: int) -> None:
    """Serve a log directory on this machine only, print the link to the tab, and wait for Ctrl-C."""
    tensorboard = program.TensorBoard()
    tensorboard.configure(logdir=str(logdir), host="127.0.0.1", port=port)
    print(f"TensorBoard: {tensorboard.launch()}#attn  (Ctrl-C ends it)", flush=True)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        print()
