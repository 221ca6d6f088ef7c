"""A probe forward in one thread → the collectives that its model calls: noted, or refused before they start.

Every private name of torch.distributed that this needs stands here.
"""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
import torch.distributed
from torch import nn
from torch.overrides import TorchFunctionMode

from tensorboard_plugin_attn.errors import CaptureError

__all__ = ["Collectives", "Met"]

METHODS = {  # of ProcessGroup, which every function of torch.distributed ends in → the name people know
    "_allgather_base": "all_gather_into_tensor",
    "_reduce_scatter_base": "reduce_scatter_tensor",
    "_start_coalescing": "batch_isend_irecv or another coalesced collective",
    "all_gather_single": "all_gather_into_tensor",
    "all_gather_single_coalesced": "all_gather_into_tensor",
    "all_to_all_single": "all_to_all_single",
    "allgather": "all_gather",
    "allgather_coalesced": "all_gather",
    "allgather_into_tensor_coalesced": "all_gather_into_tensor",
    "allreduce": "all_reduce",
    "allreduce_coalesced": "all_reduce_coalesced",
    "alltoall": "all_to_all",
    "alltoall_base": "all_to_all_single",
    "barrier": "barrier",
    "broadcast": "broadcast",
    "gather": "gather",
    "monitored_barrier": "monitored_barrier",
    "recv": "recv",
    "recv_anysource": "recv",
    "reduce": "reduce",
    "reduce_scatter": "reduce_scatter",
    "reduce_scatter_single": "reduce_scatter_tensor",
    "reduce_scatter_single_coalesced": "reduce_scatter_tensor",
    "reduce_scatter_tensor_coalesced": "reduce_scatter_tensor",
    "scatter": "scatter",
    "send": "send",
}
FUNCTIONAL = ("_c10d_functional", "_c10d_functional_autograd", "c10d_functional")  # what compilers can trace
LOCAL = ("wait_tensor", "_wrap_tensor_autograd")
OPERATORS = (torch._ops.OpOverload, torch._ops.OpOverloadPacket)
Met = tuple[str, tuple[nn.Module, ...]]  # a collective and the modules that were running, outermost first

watching: dict[int, Collectives] = {}  # thread → what watches it
guard = threading.Lock()
originals: dict[str, Any] = {}


class Collectives(TorchFunctionMode):
    """Watches the collectives of one thread, among groups of more than one rank.

    Args:
        running: gives the modules that run now, outermost first.
        is_alone: whether the other ranks stay away, so that a collective would wait for ever.

    ``met``: the collectives so far; ``since``: when the last one began, in ``time.monotonic`` seconds.
    """

    def __init__(self, running: Callable[[], list[nn.Module]], *, is_alone: bool) -> None:
        super().__init__()
        self.running = running
        self.is_alone = is_alone
        self.met: list[Met] = []
        self.since = time.monotonic()

    @contextmanager
    def watch(self) -> Iterator[None]:
        """From here on, until the block ends."""
        with ExitStack() as stack:
            stack.enter_context(patched(self))
            stack.enter_context(self)
            yield

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        kwargs = {} if kwargs is None else kwargs
        if isinstance(func, OPERATORS):
            space, _, name = qualified(func).partition("::")
            if space in FUNCTIONAL and name not in LOCAL and size_of((*args, *kwargs.values())) > 1:
                self.meet(name)
        return func(*args, **kwargs)

    def meet(self, name: str) -> None:
        """A collective is about to start."""
        self.met.append((name, tuple(self.running())))
        self.since = time.monotonic()
        if self.is_alone:
            raise CaptureError(
                f"rank {torch.distributed.get_rank()} probes alone and the model calls {name} "
                f"{where(self.running())}, which waits for the other ranks; call add_probe on every rank with "
                f'ranks="all" (the callbacks take ranks="all" too)'
            )


def qualified(func: Any) -> str:
    """``namespace::operator`` of an operator, without its overload."""
    packet = func.overloadpacket if isinstance(func, torch._ops.OpOverload) else func
    return str(packet._qualified_op_name)


def size_of(values: tuple[Any, ...]) -> int:
    """How many ranks the group has that a functional collective names; 2 where that cannot be told."""
    resolve: Any = vars(torch.distributed.distributed_c10d)["_resolve_process_group"]
    for value in reversed(values):
        if isinstance(value, torch.distributed.ProcessGroup):
            return int(value.size())
        if isinstance(value, str):
            try:
                return int(resolve(value).size())
            except (RuntimeError, ValueError):  # it is another string, such as the reduction
                continue
    return 2


def where(running: list[nn.Module]) -> str:
    """The innermost module of the user's, for a message."""
    return f"in {type(running[-1]).__name__}" if running else "outside its modules"


@contextmanager
def patched(mine: Collectives) -> Iterator[None]:
    """The methods of ProcessGroup tell what watches their thread; they are torch's own again at the end."""
    thread = threading.get_ident()
    with guard:
        before = watching.get(thread)
        watching[thread] = mine
        if not originals:
            patch()
    try:
        yield
    finally:
        with guard:
            if before is not None:
                watching[thread] = before
            else:
                del watching[thread]
            if not watching:
                restore()


def patch() -> None:
    """Put a telling method in the place of each."""
    kind = torch.distributed.ProcessGroup
    for method, name in METHODS.items():
        if method in vars(kind):
            originals[method] = vars(kind)[
                method
            ]  # not getattr, which takes off what binds it to an instance
            setattr(kind, method, telling(getattr(kind, method), name))


def restore() -> None:
    """torch's own methods again."""
    for method, original in originals.items():
        setattr(torch.distributed.ProcessGroup, method, original)
    originals.clear()


def telling(original: Callable[..., Any], name: str) -> Callable[..., Any]:
    """A method that tells first what watches its thread."""

    @functools.wraps(original)
    def method(group: Any, *args: Any, **kwargs: Any) -> Any:
        mine = watching.get(threading.get_ident())
        if mine is not None and group.size() > 1:
            mine.meet(name)
        return original(group, *args, **kwargs)

    return method
