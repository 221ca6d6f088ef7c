"""A forward's torch functions, noted once in order → a later forward of the same model, looked at only where it attends.

Following tensors from call to call takes a third of what a capture costs, and every forward of the same model on an input of
the same shapes makes the same calls. Each call is compared with the one noted: where one differs, the forward has left
the plan, and what was seen is thrown away.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from tensorboard_plugin_attn.capturing.calls.projecting import Awaited
from tensorboard_plugin_attn.capturing.calls.sighting import MODELS_OWN, Sighting
from tensorboard_plugin_attn.capturing.calls.streamed import StreamedMap
from tensorboard_plugin_attn.capturing.session import Session
from tensorboard_plugin_attn.capturing.tracing.facts import Facts
from tensorboard_plugin_attn.capturing.tracing.flow import Flow
from tensorboard_plugin_attn.capturing.tracing.ops import COMPILED, Kind, read_op
from tensorboard_plugin_attn.capturing.watching.fused import FusedCalls
from tensorboard_plugin_attn.capturing.watching.names import ModuleNames
from tensorboard_plugin_attn.private_names import without_torch_functions

__all__ = ["Notes", "Plan", "PlannedMode"]

MOST_BYTES = 16 << 20
"""Of all maps of a forward: they are held until it has kept to its plan."""


@dataclass(frozen=True)
class Attends:
    """What is known of an attention call by where it stands."""

    name: str
    stack: str
    kind: str
    model_heads: int | None


@dataclass(frozen=True)
class Projects:
    """A linear that the last attention call's output may go through, and how many did by then."""

    found: int


Step = Attends | Projects | None


@dataclass(frozen=True)
class Plan:
    """Every call of a forward, and what is to be looked at there."""

    steps: tuple[tuple[Callable[..., Any], Step], ...]
    attending: int


@dataclass
class Notes:
    """A forward that is followed whole: its calls, those that attend, and the linears that read what these gave.

    ``is_usual``: every call that attended is one of ``scaled_dot_product_attention`` with its axes in the usual order.
    """

    calls: list[Callable[..., Any]] = field(default_factory=list)
    attending: dict[int, Attends] = field(default_factory=dict)
    projecting: dict[int, list[int]] = field(default_factory=dict)
    asked: dict[int, list[int]] = field(default_factory=dict)
    num_bytes: int = 0
    is_usual: bool = True

    def attended(self, found: Sequence[Sighting], *, is_usual: bool) -> None:
        """The last call attended."""
        self.is_usual &= is_usual and len(found) == 1
        for each in found:
            is_held = isinstance(each.weights, torch.Tensor) and each.mechanism == "sdpa"
            self.is_usual &= is_held and not each.windows and not each.padded_window
            self.num_bytes += each.weights.nbytes if is_held else 0
            self.attending[len(self.calls) - 1] = Attends(each.name, each.stack, each.kind, each.model_heads)

    def met(self, awaited: Awaited, *, is_read: bool) -> None:
        """The last call was a linear, which read what this sighting's call gave or did not."""
        for places in (self.asked, self.projecting)[: 1 + is_read]:
            places.setdefault(awaited.index, []).append(len(self.calls) - 1)

    def plan(self, session: Session) -> Plan | None:
        """How to look at the next forward; None where this one had more than the usual calls."""
        if not all(map(is_torch_own, self.calls)):
            return None
        is_all = len(self.attending) == session.count > 0 and not session.left_out
        if not is_all or not self.is_usual or self.num_bytes > MOST_BYTES or session.padding.holds_images:
            return None
        looked: dict[int, Attends | Projects] = dict(self.attending)
        for index, asked in self.asked.items():
            found = self.projecting.get(index, [])
            looked |= {place: Projects(1) for place in found[:1] if len(found) == 1}
            looked |= {place: Projects(0) for place in asked if not found}
        same: dict[Callable[..., Any], tuple[Callable[..., Any], Step]] = {}  # of a model with many calls
        steps = tuple(
            (call, looked[place]) if place in looked else same.setdefault(call, (call, None))
            for place, call in enumerate(self.calls)
        )
        return Plan(steps, len(self.attending))


def is_torch_own(func: Callable[..., Any]) -> bool:
    """Whether a function is one of torch's, which keeps nothing of a model alive."""
    module: str = getattr(func, "__module__", None) or ""
    return isinstance(func, COMPILED) or module.partition(".")[0] == "torch"


class PlannedMode(TorchFunctionMode):
    """Compares every torch function with the plan between ``__enter__`` and ``__exit__``."""

    def __init__(self, session: Session, names: ModuleNames, plan: Plan) -> None:
        super().__init__()
        self.session = session
        self.names = names
        self.plan = plan
        self.ahead = iter(plan.steps)
        self.has_left = False
        self.fused = FusedCalls(session, names, Flow(), self.describe)
        self.now: Attends | None = None
        self.own: list[tuple[torch.Tensor, int]] = []
        names.on_model = self.begin_forward

    @property
    def has_kept(self) -> bool:
        """Whether the forward made the calls of its plan, each of them and no other."""
        is_over = next(self.ahead, None) is None
        is_all = self.session.count == self.plan.attending and not self.session.left_out
        return is_over and is_all and not self.has_left and all(own._version == n for own, n in self.own)

    def begin_forward(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """The model is called."""
        with without_torch_functions():
            self.session.begin_forward(args, kwargs)

    def see_kernel(self, kernel: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """A kernel of transformers' registry; one that hides its attention stands in no plan."""
        before = self.session.count
        result = kernel(*args, **kwargs)
        self.has_left |= self.session.count == before
        return result

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        expected, step = next(self.ahead, NOTHING)
        if expected is not func and expected != func:  # a property's getter is another object every time
            self.has_left = True
        result = func(*args, **kwargs) if kwargs else func(*args)
        if step is not None and not self.has_left:
            try:
                self.look(step, func, args, kwargs or {}, result)
            except Exception:  # noqa: BLE001 - the look that follows the whole forward says what it was
                self.has_left = True
        return result

    def look(
        self, step: Step, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], result: Any
    ) -> None:
        """A call that attends, or the linear behind it."""
        op = read_op(func, args, kwargs)
        if op is None:
            self.has_left = True
        elif isinstance(step, Attends):
            self.now = step
            found = self.fused.see(op, result) if op.kind is Kind.SDPA else []
            is_held = len(found) == 1 and not isinstance(found[0].weights, StreamedMap)
            # A router may take another part, which makes the same calls.
            is_there = self.names.name == step.name
            self.has_left = not is_held or not is_there or self.fused.has_moved
            if not self.has_left:
                self.own += counted(found[0])
                self.session.hand_on(found)
        elif step is not None and self.session.awaited is not None:
            self.session.awaited.see(op)
            self.has_left = self.session.awaited.found != step.found

    def describe(self, sighting: Sighting, query: Facts | None, key: Facts | None) -> Sighting:
        """Complete a sighting with what was known of its call when the plan was made."""
        if self.now is not None:
            sighting.name, sighting.stack = self.now.name, self.now.stack
            sighting.kind, sighting.model_heads = self.now.kind, self.now.model_heads
        return sighting


def counted(sighting: Sighting) -> list[tuple[torch.Tensor, int]]:
    """The model's own tensors in a sighting, and how often each was written into; copies where nobody counts that."""
    found: list[tuple[torch.Tensor, int]] = []
    for name in MODELS_OWN:
        tensor: torch.Tensor | None = getattr(sighting, name)
        if tensor is not None and tensor.is_inference():
            setattr(sighting, name, tensor.clone())
        elif tensor is not None:
            found.append((tensor, tensor._version))
    return found


NOTHING: tuple[None, None] = (None, None)
