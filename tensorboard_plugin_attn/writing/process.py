"""This process → its rank among those that train together."""

from __future__ import annotations

import os
import sys

__all__ = ["rank"]


def rank() -> int:
    """This process's rank: torch.distributed's where it is loaded and initialised, else ``RANK``, else 0."""
    distributed = sys.modules.get("torch.distributed")
    if distributed is not None and distributed.is_available() and distributed.is_initialized():
        return int(distributed.get_rank())
    value = os.environ.get("RANK", "0")
    return int(value) if value.isdigit() else 0
