"""A rank that is done → its group and the group's threads ended, so that the interpreter can end as usual."""

from __future__ import annotations

import gc

import torch
import torch.distributed as dist


def leave() -> None:
    """A model in a cycle of references keeps its group, and gloo's threads abort an interpreter that ends before them."""
    torch.compiler.reset()
    gc.collect()
    dist.barrier()
    dist.destroy_process_group()
    gc.collect()
