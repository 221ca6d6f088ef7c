"""Names that torch, transformers and tensorboard do not promise to keep, each in one place.

Every import is made when it is needed: who only reads records needs none of these packages. A test for each says that
it still exists.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import CodeType
from typing import Any

__all__ = [
    "file_writer_of",
    "graph_task",
    "in_transform",
    "module_call",
    "registered_kernels",
    "reshard_fsdp1",
    "without_torch_functions",
]


def without_torch_functions() -> AbstractContextManager[None]:
    """Torch functions called inside are seen by no function mode."""
    import torch

    return torch._C.DisableTorchFunction()


def graph_task() -> Callable[[], int]:
    """A function that tells which backward pass runs in this thread; −1 for none."""
    import torch

    task: Callable[[], int] = torch._C._current_graph_task_id
    return task


def module_call() -> CodeType:
    """The code in whose frame a module, its ``self``, is called with its hooks."""
    from torch.nn import Module

    return Module._call_impl.__code__


def in_transform() -> bool:
    """Whether torch.vmap or another transform of torch.func runs."""
    import torch

    return torch._C._functorch.maybe_current_level() is not None


def registered_kernels() -> list[dict[str, Callable[..., Any]]]:
    """transformers' attention kernels by name: its registry's own changes, then those that every registry has.

    A model may have a registry of its own, which looks its kernels up among the latter. Empty where transformers was
    not imported.
    """
    registry = getattr(sys.modules.get("transformers.modeling_utils"), "ALL_ATTENTION_FUNCTIONS", None)
    found = (getattr(registry, name, None) for name in ("_local_mapping", "_global_mapping"))
    return [each for each in found if isinstance(each, dict)]


def reshard_fsdp1(module: Any, handle: Any) -> None:
    """Let go of the parameters that an FSDP1 module gathered."""
    from torch.distributed.fsdp._runtime_utils import _reshard

    _reshard(module, handle, free_unsharded_flat_param=True)


def file_writer_of(summary_writer: Any) -> Any:
    """The file writer behind a SummaryWriter, which alone writes events that are no scalars."""
    return summary_writer._get_file_writer()
