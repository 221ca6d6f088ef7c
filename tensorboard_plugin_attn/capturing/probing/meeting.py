"""How the ranks take part in one probe → each sighting with all heads of its layer, and what no rank can see alone."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import nn

from tensorboard_plugin_attn.capturing.calls.sighting import Sighting
from tensorboard_plugin_attn.capturing.probing.sharded import is_sharded
from tensorboard_plugin_attn.capturing.probing.tensor_parallel import head_counts, is_split, splitting_group
from tensorboard_plugin_attn.capturing.watching.names import ModuleNames
from tensorboard_plugin_attn.errors import CaptureError
from tensorboard_plugin_attn.warn import tell

if TYPE_CHECKING:
    from tensorboard_plugin_attn.capturing.probing.collectives import Collectives

__all__ = ["Meeting", "RankWork", "num_ranks"]

WAIT_SECONDS = 30.0
POINT_TO_POINT = ("send", "recv", "batch_isend_irecv")
told: set[str] = set()


@dataclass(frozen=True)
class Meeting:
    """Who runs the forward and who gets what it shows.

    ``is_alone``: this rank alone runs it; ``receives``: this rank keeps what it sees; ``receiver``: the rank that
    gets the heads of tensor parallelism, None: each; ``keeps_own``: each rank keeps what is its own, without
    any exchange.
    """

    is_alone: bool = False
    receives: bool = True
    receiver: int | None = 0
    keeps_own: bool = False


def num_ranks() -> int:
    """The number of ranks that train together, 1 where no group was made."""
    distributed = torch.distributed
    if not (distributed.is_available() and distributed.is_initialized()):
        return 1
    return int(distributed.get_world_size())


class RankWork:
    """What one probe forward does with the other ranks; nothing at all where there are none.

    ``error``: why what this rank got is not all of the layers, None where it is.
    """

    def __init__(self, model: nn.Module, names: ModuleNames, meeting: Meeting) -> None:
        self.model = model
        self.names = names
        self.meeting = meeting
        self.error: CaptureError | None = None
        self.is_distributed = num_ranks() > 1
        self.gathers = (
            self.is_distributed and not meeting.is_alone and not meeting.keeps_own and is_split(model)
        )
        self.seen: dict[str, int] = {}
        self.collectives: Collectives

    @property
    def looks(self) -> bool:
        """Whether this rank computes what the model attends to, for itself or for another."""
        return self.meeting.receives or self.gathers

    @property
    def exchanges(self) -> bool:
        """Whether weights may be spread over ranks."""
        return self.is_distributed and not self.meeting.is_alone

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Collectives are watched while the model runs."""
        if not self.is_distributed:
            yield
            return
        from tensorboard_plugin_attn.capturing.probing.collectives import Collectives

        self.collectives = Collectives(lambda: self.names.running, is_alone=self.meeting.is_alone)
        with ExitStack() as stack:
            if not self.meeting.is_alone:
                stack.enter_context(told_when_waiting(self.collectives))
            stack.enter_context(self.collectives.watch())
            yield
        self.check_stages()

    def whole(self, sighting: Sighting) -> Sighting | None:
        """A sighting with all heads of its layer; None where another rank gets it, or it cannot be made whole."""
        if not self.is_distributed or self.meeting.is_alone:
            return sighting
        self.seen[sighting.name] = self.seen.get(sighting.name, 0) + 1
        if is_sharded(sighting.weights):
            from tensorboard_plugin_attn.capturing.probing.gathering import without_dtensors

            sighting = without_dtensors(sighting, whole=not self.meeting.keeps_own)
            return sighting if self.meeting.receives else None
        if self.meeting.keeps_own:
            return sighting
        if self.gathers:
            return self.with_all_heads(sighting)
        self.check_exchange(sighting)
        return sighting

    def with_all_heads(self, sighting: Sighting) -> Sighting | None:
        """The heads of the group over which the layer's projections are split."""
        from tensorboard_plugin_attn.capturing.probing.gathering import gathered, is_same_on_all, joined

        try:
            group = splitting_group(self.names.running)
            if group is None:
                return sighting if self.meeting.receives else None
            parts = gathered(sighting, group, self.meeting.receiver)
        except ValueError as error:
            self.fail(f"the heads of {sighting.name or 'the model'} cannot be gathered: {error}")
            return None
        if parts is None:
            return None
        own, total = parts[0].weights.shape[1], sum(part.weights.shape[1] for part in parts)
        counts = head_counts(self.model, self.names.running)
        is_declared = total in counts and own not in counts
        return joined(parts) if is_declared or not is_same_on_all(parts) else parts[0]

    def check_exchange(self, sighting: Sighting) -> None:
        """Heads that the ranks exchanged for this layer are not all here, unless as many are as it declares."""
        heads = int(sighting.weights.shape[1])
        counts = head_counts(self.model, self.names.running)
        if self.exchanges_heads() and heads not in counts:
            of = f" of {max(counts)}" if counts else ""
            self.fail(
                f"{sighting.name or 'the model'} exchanges heads between ranks (all_to_all), and this rank has only "
                f"{heads}{of} of them"
            )

    def exchanges_heads(self) -> bool:
        """Whether the module that attends now, or the one around it, sent anything from all ranks to all."""
        near = self.names.running[-2:]
        return any(
            "all_to_all" in name and (not where or not near or where[-1] in near or near[-1] in where)
            for name, where in self.collectives.met
        )

    def check_stages(self) -> None:
        """A rank that hands states on to the next one has only some of the layers, and runs each of them once."""
        if not self.seen or not any(name.startswith(POINT_TO_POINT) for name, _ in self.collectives.met):
            return
        twice = [name for name, count in self.seen.items() if count > 1]
        if twice:
            self.error = self.error or CaptureError(
                f"{twice[0] or 'the model'} ran {self.seen[twice[0]]} times in a pipeline's probe; probe with a "
                f"schedule of one microbatch, which has made a step before (the first one tries the shapes out)"
            )
        elif not self.meeting.keeps_own:
            self.fail(
                f"the model hands states from rank to rank (send, recv), and this rank has only its own "
                f"{len(self.seen)} layers"
            )

    def fail(self, reason: str) -> None:
        """Keep the first reason, and say the way out."""
        self.error = self.error or CaptureError(
            f"{reason}; let every rank write what it has: AttentionWriter(…, part=Part(rank, number_of_ranks, "
            f"heads=…, layers=… or queries=…)), with the model's own numbers"
        )


@contextmanager
def told_when_waiting(collectives: Collectives) -> Iterator[None]:
    """A forward of all ranks that waits for one of them is told, once."""
    done = threading.Event()
    rank = torch.distributed.get_rank()

    def wait() -> None:
        while not done.wait(min(1.0, WAIT_SECONDS / 4)):
            waited = time.monotonic() - collectives.since
            if collectives.met and waited >= WAIT_SECONDS and "waiting" not in told:
                told.add("waiting")
                tell(
                    f"a probe of all ranks has been waiting for {WAIT_SECONDS:.0f} s in {collectives.met[-1][0]} on rank {rank}: most "
                    f"likely another rank did not call add_probe for this step (is it behind `if rank == 0:`?), "
                    f"called it with other tags or inputs, or left it with an error"
                )

    thread = threading.Thread(target=wait, name="attention-probe-wait", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
