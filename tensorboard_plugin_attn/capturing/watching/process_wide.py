"""What a capture changes for the whole process → changed once for all threads, and put back by the last to leave.

Captures of several threads end in any order: each one that put back what it had found would leave what another set.
"""

from __future__ import annotations

import functools
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

import torch
from torch import nn

from tensorboard_plugin_attn.private_names import registered_kernels

__all__ = ["eager", "rerouted"]

Run = Callable[..., Any]


class Shared:
    """A context manager that the first thread enters and the last one leaves."""

    def __init__(self, make: Callable[[], AbstractContextManager[Any]]) -> None:
        self.make = make
        self.lock = threading.Lock()
        self.users = 0
        self.stack = ExitStack()

    @contextmanager
    def used(self) -> Iterator[None]:
        """It is entered while anyone is inside."""
        with self.lock:
            if self.users == 0:
                self.stack.enter_context(self.make())
            self.users += 1
        try:
            yield
        finally:
            with self.lock:
                self.users -= 1
                if self.users == 0:
                    self.stack.close()


@contextmanager
def quiet_hooks() -> Iterator[None]:
    """Compiled submodules warn that they call global hooks twice, which whoever follows the modules does not mind."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Using `torch.compile.module.` when there are global")
        yield


UNCOMPILED = Shared(lambda: torch.compiler.set_stance("force_eager"))
QUIET_HOOKS = Shared(quiet_hooks)


@contextmanager
def eager(modules: Iterable[nn.Module]) -> Iterator[None]:
    """torch.compile stands aside: compiled modules run as they were written."""
    with ExitStack() as stack:
        if any("_orig_mod" in module._modules for module in modules):
            stack.enter_context(QUIET_HOOKS.used())
        if hasattr(torch.compiler, "set_stance"):  # torch 2.6
            stack.enter_context(UNCOMPILED.used())
        yield


class Registry:
    """transformers' registered kernels, each of which asks who watches it in the thread that calls it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.watching: dict[int, list[Run]] = {}
        self.wrapped: list[tuple[dict[str, Run], str, Run, Run]] = []

    def enter(self, run: Run, passed: Iterable[str]) -> None:
        """Kernels that this thread calls go through ``run`` from here on, but for those that are passed over."""
        with self.lock:
            self.watching[threading.get_ident()] = [*self.watching.get(threading.get_ident(), ()), run]
            ours = [wrapper for *_, wrapper in self.wrapped]
            for kernels in registered_kernels():
                for name in set(kernels) - set(passed):
                    kernel = kernels[name]
                    if any(kernel is one for one in ours):
                        continue
                    wrapper = functools.wraps(kernel)(functools.partial(self.call, kernel))
                    self.wrapped.append((kernels, name, kernel, wrapper))
                    kernels[name] = wrapper

    def leave(self, run: Run) -> None:
        """This thread's kernels do without ``run``; the registry is as before when nobody watches."""
        with self.lock:
            thread = threading.get_ident()
            others = [one for one in self.watching.pop(thread, ()) if one is not run]
            if others:
                self.watching[thread] = others
            if self.watching:
                return
            for kernels, name, kernel, wrapper in self.wrapped:
                if kernels.get(name) is wrapper:  # else somebody registered another kernel since
                    kernels[name] = kernel
            self.wrapped = []

    def call(self, kernel: Run, *args: Any, **kwargs: Any) -> Any:
        """Run a kernel, watched by whoever watches this thread."""
        for run in self.watching.get(threading.get_ident(), ()):
            kernel = functools.partial(run, kernel)
        return kernel(*args, **kwargs)


REGISTRY = Registry()


@contextmanager
def rerouted(run: Run, passed: Iterable[str]) -> Iterator[None]:
    """Every registered kernel that this thread calls goes through ``run(kernel, *args, **kwargs)``."""
    REGISTRY.enter(run, passed)
    try:
        yield
    finally:
        REGISTRY.leave(run)
