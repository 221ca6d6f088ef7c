"""This process → its rank among those that train together and who says so."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import sys
from dataclasses import dataclass
from typing import Any

from tensorboard_plugin_attn.warn import tell

__all__ = ["Post", "Standing", "claim", "standing"]

LAUNCHERS = (  # the rank's variable, the variables of the number of ranks, and whether that number must be known
    ("RANK", ("WORLD_SIZE",), False),
    ("SLURM_PROCID", ("SLURM_STEP_NUM_TASKS", "SLURM_NTASKS"), True),
    ("OMPI_COMM_WORLD_RANK", ("OMPI_COMM_WORLD_SIZE",), False),
    ("MV2_COMM_WORLD_RANK", ("MV2_COMM_WORLD_SIZE",), False),
    ("PMI_RANK", ("PMI_SIZE",), False),
    ("PMIX_RANK", (), False),
)
MOST_RANKS = 1 << 24  # PMIx writes "any rank" as a number near 2³²


@dataclass(frozen=True)
class Standing:
    """A rank and who says it; ``said_by`` is empty where nobody does, so that rank 0 is a guess."""

    rank: int
    said_by: str = ""


class Post:
    """Whether a writer writes: it was made in this process, and on rank 0 unless every rank is to write.

    The rank is asked for whenever it matters, since a group is often made after the writer; what a group said
    counts when it is gone.
    """

    def __init__(self, *, every_rank: bool) -> None:
        self.every_rank = every_rank
        self.is_off = os.environ.get("ATTN_MODE", "").lower() == "off"
        self.owner = os.getpid()
        self.told: set[str] = set()
        self.has_claimed = False
        self.last = standing()

    @property
    def standing(self) -> Standing:
        """The rank, and who says so or said so last."""
        now = standing()
        if now.said_by or not self.last.said_by:
            self.last = now
        return self.last

    @property
    def writes(self) -> bool:
        """False where ``ATTN_MODE=off``, in a forked child, and on ranks that do not write."""
        return not self.is_off and self.is_here and (self.every_rank or self.standing.rank == 0)

    @property
    def is_here(self) -> bool:
        """False in a forked child."""
        return os.getpid() == self.owner

    @property
    def is_sure(self) -> bool:
        """Whether the rank is more than a guess."""
        return bool(self.standing.said_by)

    @property
    def may_be_alone(self) -> bool:
        """Whether this is likely the only process: nobody names a rank, and Python's multiprocessing did not start it."""
        return self.is_sure or multiprocessing.parent_process() is None

    def explain(self) -> None:
        """Say once that nothing is written where that may not be meant; ranks of a group are silent."""
        where = self.standing
        if self.is_off or self.told or (where.rank and not self.every_rank and where.said_by == GROUP):
            return
        if not self.is_here:
            if where.rank and not self.every_rank:
                return
            message = (
                f"this AttentionWriter writes nothing: it was made in process {self.owner}, and this is its fork "
                f"{os.getpid()}; make the writer in the process that logs"
            )
        else:
            message = (
                f"this AttentionWriter writes nothing: {where.said_by}={where.rank} says that this is rank "
                f"{where.rank}, and rank 0 writes; if the processes do not train together, unset {where.said_by} or "
                f"pass all_ranks=True, with a directory for each"
            )
        self.told.add(message)
        tell(message)

    def tell_shared(self, directory: str, part: int | None) -> None:
        """Several ranks that write to one directory, or one part of it, overwrite each other: said once."""
        if not self.every_rank or self.has_claimed:
            return
        which = "" if part is None else f" part {part}"
        first, own = claim(f"{directory}{which}"), self.standing.rank
        self.has_claimed = first is not None
        if first is not None and first != own:
            tell(
                f"ranks {first} and {own} both write{which} to {directory}, and of each step only the last one "
                f"stays; give every rank a directory of its own (all_ranks=True), or a part of its own: "
                f"AttentionWriter(…, part=Part({own}, number_of_ranks, heads=…, layers=… or queries=…))"
            )


GROUP = "torch.distributed"


def group() -> Any:
    """``torch.distributed`` where it is loaded and initialised, else None."""
    distributed = sys.modules.get("torch.distributed")
    if distributed is not None and distributed.is_available() and distributed.is_initialized():
        return distributed
    return None


def standing() -> Standing:
    """This process's rank: torch.distributed's, else that of the launcher's variables, else 0."""
    distributed = group()
    if distributed is not None:
        return Standing(int(distributed.get_rank()), GROUP)
    for name, sizes, needs_size in LAUNCHERS:
        rank = number(name)
        if rank is None:
            continue
        size = next((size for each in sizes if (size := number(each)) is not None), None)
        if size is None and needs_size:
            continue
        if size is not None and (rank >= size or (needs_size and size < 2)):
            continue  # left over from another job
        return Standing(rank, name)
    return Standing(0)


def number(name: str) -> int | None:
    """A variable that holds a rank or a count, else None."""
    value = os.environ.get(name, "")
    return int(value) if value.isdigit() and int(value) < MOST_RANKS else None


def claim(place: str) -> int | None:
    """The rank that says first, over the group's store, that it writes to a place; None without a group.

    Asks the store alone and waits for no rank.
    """
    distributed = group()
    if distributed is None:
        return None
    name = hashlib.sha256(place.encode(errors="surrogatepass")).hexdigest()[:16]
    try:
        store = distributed.distributed_c10d._get_default_store()  # torch has no public name for it
        return int(store.compare_set(f"attention-writer/{name}", "", str(distributed.get_rank())))
    except Exception:  # noqa: BLE001 - whatever a store cannot do, the training goes on
        return None
