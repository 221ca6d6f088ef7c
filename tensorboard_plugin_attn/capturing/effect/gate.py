"""A model, one input and an objective → ∂objective/∂gate of every head, at gates of 1 (Michel et al. 2019, with sign)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import nn

from tensorboard_plugin_attn.capturing.calls.gating import GatedCall, Gates
from tensorboard_plugin_attn.capturing.effect.objective import Objective, value_of
from tensorboard_plugin_attn.capturing.probing.forward import run
from tensorboard_plugin_attn.capturing.probing.meeting import Meeting, RankWork
from tensorboard_plugin_attn.capturing.probing.same_inputs import same_inputs
from tensorboard_plugin_attn.capturing.probing.undisturbed import undisturbed
from tensorboard_plugin_attn.capturing.session import Session
from tensorboard_plugin_attn.capturing.watching.mode import watching
from tensorboard_plugin_attn.capturing.watching.names import ModuleNames
from tensorboard_plugin_attn.errors import CaptureError

__all__ = ["first_order", "run_gated"]

HOOKS = ("_backward_hooks", "_backward_pre_hooks")


def first_order(
    model: nn.Module, inputs: Any, objective: Objective, row: int = 0
) -> tuple[float, dict[GatedCall, torch.Tensor]]:
    """The objective, and for each attention call the gradient through its gates, ``[head]``.

    Parameters ask for no gradient meanwhile, so that only what depends on a gate is kept; no hook of the user's on
    a backward pass is called, and no ``.grad`` is written.

    Raises:
        CaptureError: no gradient can be had, and why.
    """
    leaves: dict[GatedCall, torch.Tensor] = {}

    def gate_of(call: GatedCall, states: torch.Tensor) -> torch.Tensor:
        dtype = torch.float64 if states.dtype == torch.float64 else torch.float32
        gate = torch.ones(call.batch, call.heads, dtype=dtype, device=states.device, requires_grad=True)
        leaves[call] = gate
        return gate

    def read(outputs: Any) -> tuple[float, list[torch.Tensor | None]]:
        value = value_of(objective, outputs)
        if not leaves:
            raise CaptureError("effect: no attention was seen, so that there is no head to weigh")
        if not value.requires_grad:
            raise CaptureError(
                "effect: the objective has no gradient: the model or the function computes it without one "
                "(no_grad, detach, item(), an argmax)"
            )
        return float(value.detach()), list(
            torch.autograd.grad(value, list(leaves.values()), allow_unused=True)
        )

    value, gradients = run_gated(model, inputs, Gates(gate_of, takes_gradients=True), read)
    found = {}
    for (call, gate), gradient in zip(leaves.items(), gradients, strict=True):
        whole = torch.zeros_like(gate) if gradient is None else gradient
        found[call] = whole.detach()[row if call.batch > 1 else 0]
    return value, found


def run_gated(model: nn.Module, inputs: Any, gates: Gates, read: Callable[[Any], Any]) -> Any:
    """What ``read`` makes of the outputs of one undisturbed forward whose heads are multiplied with ``gates``."""
    session = Session(lambda index, sighting: None, wanted=(), gates=gates)
    modules, names = list(model.modules()), ModuleNames(model)
    ranks = RankWork(model, names, Meeting(is_alone=True))
    with ExitStack() as stack:
        stack.enter_context(torch.inference_mode(False))
        stack.enter_context(same_inputs(model, inputs))
        stack.enter_context(undisturbed(model, gradients=gates.takes_gradients))
        if gates.takes_gradients:
            stack.enter_context(same_tensors(modules))
            stack.enter_context(silent(modules))
            stack.enter_context(frozen(model))
        try:
            with ranks.watch(), watching(model, session, names):
                outputs = run(model, inputs)
        except NotImplementedError as error:  # a kernel that asks whether there will be a backward
            if not gates.takes_gradients:
                raise
            raise CaptureError(f"effect: the model cannot run with gradients here: {error}") from error
        try:
            return read(outputs)
        except CaptureError:
            raise
        except RuntimeError as error:
            if not gates.takes_gradients:
                raise
            raise CaptureError(f"effect: the backward pass could not run: {error}") from error


@contextmanager
def frozen(model: nn.Module) -> Iterator[None]:
    """Parameters that ask for no gradient, and do again afterwards."""
    trained = [each for each in model.parameters() if each.requires_grad and each.is_leaf]
    try:
        for parameter in trained:
            parameter.requires_grad_(False)
        yield
    finally:
        for parameter in trained:
            parameter.requires_grad_(True)


@contextmanager
def silent(modules: Sequence[nn.Module]) -> Iterator[None]:
    """No module's hooks on a backward pass are called.

    Raises:
        CaptureError: there are such hooks for all modules of the process, which are nobody's to set aside.
    """
    every = nn.modules.module
    if any(getattr(every, f"_global{name}", None) for name in HOOKS):
        raise CaptureError(
            "effect: hooks on the backward pass of all modules are registered (register_module_full_backward_hook), "
            "and the gradient of a probe would call them; remove them, or log without effect"
        )
    kept = [
        (module, name, vars(module)[name]) for module in modules for name in HOOKS if vars(module).get(name)
    ]
    try:
        for module, name, _ in kept:
            vars(module)[name] = OrderedDict()
        yield
    finally:
        for module, name, hooks in kept:
            vars(module)[name] = hooks


@contextmanager
def same_tensors(modules: Sequence[nn.Module]) -> Iterator[None]:
    """A tensor that a module keeps of a forward, such as its last weights, keeps no graph alive: it is as before."""
    before = [(module, dict(vars(module))) for module in modules]
    try:
        yield
    finally:
        for module, attributes in before:
            for name, value in list(vars(module).items()):
                if (
                    isinstance(value, torch.Tensor)
                    and value.grad_fn is not None
                    and attributes.get(name) is not value
                ):
                    if name in attributes:
                        vars(module)[name] = attributes[name]
                    else:
                        del vars(module)[name]
