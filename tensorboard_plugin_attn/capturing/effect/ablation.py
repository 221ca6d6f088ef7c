"""A model, one input and an objective → objective(1) − objective(0) of every head, exactly: one head at a time is 0.

Several heads share a forward where the objective can be had of each row of a batch: a batch of the same input, in
which each row lacks another head. One row that lacks none shows whether its value is that of the input alone. The last
layer comes first: each forward takes from the one before what both compute before their first missing head.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from tensorboard_plugin_attn.capturing.calls.gating import GatedCall, Gates
from tensorboard_plugin_attn.capturing.effect.gate import run_gated
from tensorboard_plugin_attn.capturing.effect.objective import Objective, value_of
from tensorboard_plugin_attn.capturing.effect.prefix import Prefix
from tensorboard_plugin_attn.capturing.effect.rows import RowLosses, repeated, rows_of

__all__ = ["exact"]

AT_ONCE = 12
QUIET_SECONDS = 5.0
SHOW_SECONDS = 0.5
AGREES = 64
"""How many roundings a row of a batch may be from the input alone."""

Head = tuple[int, int]  # a call's number, and a head of it


def exact(
    model: nn.Module,
    inputs: Any,
    objective: Objective,
    calls: Sequence[GatedCall],
    row: int = 0,
    progress: Any = None,
) -> dict[GatedCall, torch.Tensor]:
    """For each attention call ``[head]``, float64: the objective less the objective without that head.

    Above five seconds ``done / total`` is said on stderr, or by ``progress(done, total)``; an interrupt ends it.
    """
    heads = [(call.number, head) for call in reversed(calls) for head in range(call.heads)]
    whole = without(model, inputs, objective, [], row, Prefix())
    found: dict[Head, float] = {}
    told = Told(len(heads), progress)
    size = 1 + min(AT_ONCE, len(heads))
    batch = repeated(inputs, size) if size > 2 and all(call.batch == 1 for call in calls) else None
    prefix = Prefix()
    while len(found) < len(heads):
        left = heads[len(found) :]
        shared = None
        if batch is not None and len(left) > 1:
            shared = together(model, batch, size, objective, left[: size - 1], whole, prefix)
        if shared is None and batch is not None:
            batch, prefix = None, Prefix()
        if shared is None:
            shared = {left[0]: without(model, inputs, objective, left[:1], row, prefix)}
        found |= shared
        told.tell(len(found))
    told.end()
    return {
        call: torch.tensor(
            [whole - found[call.number, head] for head in range(call.heads)],
            dtype=torch.float64,
            device="cpu",
        )
        for call in calls
    }


def without(
    model: nn.Module, inputs: Any, objective: Objective, heads: Sequence[Head], row: int, prefix: Prefix
) -> float:
    """The objective where these heads of one input give 0."""
    gates = zeroed([(row, *head) for head in heads], prefix)
    with prefix:
        return float(run_gated(model, inputs, gates, lambda outputs: value_of(objective, outputs)))


def zeroed(lacking: Sequence[tuple[int, int, int]], prefix: Prefix) -> Gates:
    """Gates that are 0 for each (row, call, head), and 1 else; the prefix ends at the first."""
    by_call: dict[int, list[tuple[int, int]]] = {}
    for row, number, head in lacking:
        by_call.setdefault(number, []).append((row, head))

    def gate_of(call: GatedCall, states: torch.Tensor) -> torch.Tensor | None:
        if call.number not in by_call:
            return None
        prefix.end()
        gate = torch.ones(call.batch, call.heads, dtype=states.dtype, device=states.device)
        for row, head in by_call[call.number]:
            gate[row if call.batch > 1 else 0, head] = 0
        return gate

    return Gates(gate_of, takes_gradients=False)


def together(
    model: nn.Module,
    batch: Any,
    size: int,
    objective: Objective,
    heads: Sequence[Head],
    whole: float,
    prefix: Prefix,
) -> dict[Head, float] | None:
    """The objective without each of several heads, by one forward of an input repeated; None where rows cannot be told apart."""
    losses = RowLosses(size)

    def read(outputs: Any) -> list[float] | None:
        if isinstance(objective, str):
            return losses.of(outputs)
        values = [value_of(objective, each) for each in rows_of(outputs, size)]
        return [float(value) for value in values]

    gates = zeroed([(row + 1, *head) for row, head in enumerate(heads)], prefix)
    try:
        with losses, prefix:
            values = run_gated(model, batch, gates, read)
    except (RuntimeError, TypeError, ValueError, IndexError, KeyError):  # a model that takes no such batch
        return None
    dtype = torch.get_default_dtype()
    if values is None or abs(values[0] - whole) > AGREES * torch.finfo(dtype).eps * max(1.0, abs(whole)):
        return None
    return dict(zip(heads, values[1 : len(heads) + 1], strict=True))


class Told:
    """Says how far it has come once it takes longer than five seconds."""

    def __init__(self, total: int, progress: Any) -> None:
        self.total = total
        self.progress = progress
        self.started = self.shown = time.monotonic()
        self.has_shown = False

    def tell(self, done: int) -> None:
        """So many heads are done."""
        if self.progress is not None:
            self.progress(done, self.total)
        elif time.monotonic() - self.started > QUIET_SECONDS and time.monotonic() - self.shown > SHOW_SECONDS:
            self.shown, self.has_shown = time.monotonic(), True
            print(f"\rablation: {done} / {self.total} heads", end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        """The line is gone."""
        if self.has_shown:
            print("\r" + " " * 40 + "\r", end="", file=sys.stderr, flush=True)
