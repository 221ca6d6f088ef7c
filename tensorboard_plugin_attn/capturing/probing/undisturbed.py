"""A model in training → the same model in a probe forward, with everything put back afterwards.

Flags, attributes and buffers of every module, submodules that a model swapped for others, and the random states of torch
(CPU and each device), numpy and python are as before, also after an exception.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
import torch
from torch import nn

from tensorboard_plugin_attn.capturing.probing.same_attributes import Held, same_attributes
from tensorboard_plugin_attn.capturing.probing.same_buffers import same_buffers
from tensorboard_plugin_attn.capturing.probing.sharded import are_spread, same_shards

__all__ = ["same_modules", "same_random_states", "undisturbed"]

ONE_AT_A_TIME = threading.RLock()


@contextmanager
def undisturbed(
    model: nn.Module, *, gradients: bool = False, modules: Sequence[nn.Module] | None = None
) -> Iterator[list[Held] | None]:
    """Evaluation mode, without gradients unless asked for, and everything as before at the end; one thread after the other.

    ``modules``: those of the model, where they were listed already. Flags and random states belong to the process: two probes at once would put back what the other had set.
    Yields what its modules hold; None where their parameters are spread over ranks.
    """
    with ExitStack() as stack:
        stack.enter_context(ONE_AT_A_TIME)
        modules = list(model.modules()) if modules is None else modules
        stack.enter_context(same_random_states())
        stack.enter_context(same_shards(modules))
        is_spread = are_spread(modules)
        stack.enter_context(same_modules(modules))
        if not is_spread:
            stack.enter_context(same_buffers(model, modules))
        stack.enter_context(torch.enable_grad() if gradients else torch.no_grad())
        yield None if is_spread else stack.enter_context(same_attributes(modules))


@contextmanager
def same_modules(modules: Sequence[nn.Module]) -> Iterator[None]:
    """Every module in evaluation mode; afterwards its training flag and submodules as before."""
    before = [
        (module, module.training, dict(module._modules) if module._modules else None) for module in modules
    ]
    try:
        for module in modules:
            set_training(module, False)
        yield
    finally:
        for module, training, children in before:
            if (module._modules or children) and module._modules != (children or {}):
                put_children_back(module, children or {})
            if training or module.training:
                set_training(module, training)


def put_children_back(module: nn.Module, children: dict[str, nn.Module | None]) -> None:
    """The submodules that a module had."""
    if not isinstance(module, torch.jit.ScriptModule):
        module._modules.clear()
        module._modules.update(children)


def set_training(module: nn.Module, is_training: bool) -> None:
    """Set a module's flag; where its class leaves that to torch, without torch's search for parameters."""
    if type(module).__setattr__ is nn.Module.__setattr__:
        module.__dict__["training"] = is_training
    else:
        module.training = is_training


@contextmanager
def same_random_states() -> Iterator[None]:
    """The random states of torch, numpy and python as before."""
    python, generator, cpu = random.getstate(), np.random.get_state(), torch.get_rng_state()
    devices = device_states()
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(generator)
        torch.set_rng_state(cpu)
        for module, states in devices:
            for index, state in enumerate(states):
                module.set_rng_state(state, index)


def device_states() -> list[tuple[Any, list[torch.Tensor]]]:
    """Random states of every accelerator that is in use."""
    result = []
    for backend in (torch.cuda, getattr(torch, "xpu", None)):
        if backend is not None and backend.is_available() and backend.is_initialized():
            result.append((backend, backend.get_rng_state_all()))
    return result
