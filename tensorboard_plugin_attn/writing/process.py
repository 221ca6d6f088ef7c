"""This process → its rank among those that train together, and whether a queue is its own."""

from __future__ import annotations

import os
import sys

from tensorboard_plugin_attn.writing.queue import WriteQueue

__all__ = ["drain_in", "rank"]


def drain_in(owner: int, queue: WriteQueue) -> None:
    """Write what is queued, in the process that owns the queue; a forked child has no thread to do it."""
    if os.getpid() == owner:
        queue.drain()


def rank() -> int:
    """This process's rank: torch.distributed's where it is loaded and initialised, else ``RANK``, else 0."""
    distributed = sys.modules.get("torch.distributed")
    if distributed is not None and distributed.is_available() and distributed.is_initialized():
        return int(distributed.get_rank())
    value = os.environ.get("RANK", "0")
    return int(value) if value.isdigit() else 0
