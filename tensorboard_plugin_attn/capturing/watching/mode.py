"""Every torch function a model calls, seen while it runs → sightings of attention, handed on in call order.

One TorchFunctionMode, of one thread. The model's own call always runs first and unchanged; what is captured is
computed aside.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode
from torch.utils.hooks import RemovableHandle

from tensorboard_plugin_attn.capturing.calls.kinds import kind_by_flow
from tensorboard_plugin_attn.capturing.calls.projecting import Awaited
from tensorboard_plugin_attn.capturing.calls.sighting import Sighting
from tensorboard_plugin_attn.capturing.session import Session
from tensorboard_plugin_attn.capturing.tracing.contraction import READERS, read_contraction
from tensorboard_plugin_attn.capturing.tracing.facts import Facts, Weights
from tensorboard_plugin_attn.capturing.tracing.flow import Flow
from tensorboard_plugin_attn.capturing.tracing.following import AT_ONCE, Following, every_tensor
from tensorboard_plugin_attn.capturing.tracing.ops import QUIET, SIMPLE, Kind, Op, changes, read_op
from tensorboard_plugin_attn.capturing.tracing.softmaxes import COMPLETING, softmax_made
from tensorboard_plugin_attn.capturing.watching.elsewhere import ELSEWHERE, elsewhere
from tensorboard_plugin_attn.capturing.watching.fused import FusedCalls
from tensorboard_plugin_attn.capturing.watching.multihead import MULTIHEAD
from tensorboard_plugin_attn.capturing.watching.names import GRAPH_TASK, ModuleNames, model_heads
from tensorboard_plugin_attn.capturing.watching.planned import Notes, Plan, PlannedMode
from tensorboard_plugin_attn.capturing.watching.process_wide import eager
from tensorboard_plugin_attn.capturing.watching.registry import watched_registry
from tensorboard_plugin_attn.capturing.watching.softmax_calls import SoftmaxCalls
from tensorboard_plugin_attn.private_names import without_torch_functions

__all__ = ["AttentionMode", "keeping_to", "watching"]

FOLLOWED = (torch.Tensor, tuple, list)
FUSED = frozenset((Kind.SDPA, Kind.FLEX))
HOOKING = frozenset((torch.Tensor.register_hook, torch.Tensor.register_post_accumulate_grad_hook))
LINEAR = frozenset((Kind.PROJECT, Kind.MATMUL))
DIVIDING = frozenset((Kind.DIVIDE, Kind.MULTIPLY))
TELLING = FUSED | LINEAR | frozenset(READERS) | frozenset(COMPLETING) | {Kind.SUM}
"""What a look must be taken at; everything else carries facts on."""
ADDING = frozenset((torch.addmm, torch.Tensor.addmm))
UNSEEN = Kind.SDPA
"""Stands for a function that is not among the common ones."""
ONLY_QUIET: dict[Callable[..., Any], Kind | None] = dict.fromkeys(QUIET)
COMMON = dict(ONLY_QUIET)
"""Functions that may be followed at once, and with None those that no look is taken at; found as they are met."""
READS_SCORES = frozenset((Kind.EXP, Kind.EXP2, Kind.SOFTMAX, Kind.SOFTMIN, Kind.LOG_SOFTMAX))


@contextmanager
def watching(
    model: nn.Module, session: Session, names: ModuleNames | None = None, notes: Notes | None = None
) -> Iterator[None]:
    """Hand every attention call that this thread makes inside, and the names of the model's modules, to a session.

    ``notes``: get the calls of a forward, for later ones.
    """
    names = ModuleNames(model) if names is None else names
    mode = AttentionMode(session, names, notes)
    with elsewhere(model) as ran_elsewhere, watched(session, names, mode):
        yield
    mode.softmaxes.finish()
    for name in ran_elsewhere:
        session.leave_out(name, "attention", ELSEWHERE)


@contextmanager
def keeping_to(plan: Plan, session: Session, names: ModuleNames) -> Iterator[PlannedMode]:
    """The same of a forward that is expected to make the calls of a plan, all of which this thread has made before."""
    mode = PlannedMode(session, names, plan)
    with watched(session, names, mode):
        yield mode


@contextmanager
def watched(session: Session, names: ModuleNames, mode: AttentionMode | PlannedMode) -> Iterator[None]:
    """A mode looks at the calls inside."""
    with names.watched(), eager(names.modules), watched_registry(mode.see_kernel), mode:
        yield
    session.finish()


class AttentionMode(TorchFunctionMode):
    """Watches every torch function between ``__enter__`` and ``__exit__``."""

    def __init__(self, session: Session, names: ModuleNames, notes: Notes | None = None) -> None:
        super().__init__()
        self.session = session
        self.names = names
        self.notes = notes
        names.on_model = self.begin_forward
        self.common = COMMON if session.gates is None else ONLY_QUIET
        self.flow = Flow()
        self.following = Following(self.flow)
        self.fused = FusedCalls(session, names, self.flow, self.describe)
        self.see_kernel = self.fused.see_kernel
        self.softmaxes = SoftmaxCalls(session, names, self.flow, self.describe)

    def begin_forward(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """The model is called: its inputs are where tensors descend from."""
        with without_torch_functions():
            self.session.begin_forward(args, kwargs)
            self.flow.begin(every_tensor((args, kwargs)))

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        if self.notes is not None:
            self.notes.calls.append(func)
        kind = self.common.get(func, UNSEEN)
        if kind is None or GRAPH_TASK() != -1:  # in a backward pass, checkpointing computes a forward again
            return func(*args, **kwargs) if kwargs else func(*args)
        kwargs = {} if kwargs is None else kwargs
        if kind is not UNSEEN and not ((kwargs or len(args) > 3) and changes(kind, args, kwargs)):
            result = func(*args, **kwargs)
            if not self.is_followed(func, kind, args, kwargs, result):
                self.see(read_op(func, args, kwargs), result)
            return result
        if self.session.gates is not None and func in HOOKING:
            return RemovableHandle(
                OrderedDict()
            )  # a hook would be called by a backward that is not the user's
        op = read_op(func, args, kwargs)
        if op is None:
            return func(*args, **kwargs)
        if op.kind in AT_ONCE and func in SIMPLE:
            COMMON[func] = op.kind
        if op.kind is Kind.MULTIHEAD and self.names.multihead is None:
            return self.inside_multihead(args, kwargs)
        if op.changes:
            self.before_change(op)
        result = func(*args, **kwargs)
        self.see(op, result)
        if self.session.gates is not None and isinstance(result, FOLLOWED):
            return self.gated(op, result)
        return result

    def is_followed(
        self,
        func: Callable[..., Any],
        kind: Kind,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        result: Any,
    ) -> bool:
        """Whether nothing more is to be done for a call."""
        if func in ADDING and len(args) == 3:
            args = (args[1], args[2], args[0])
        awaited = self.session.awaited if kind is Kind.PROJECT else None
        try:
            if awaited is not None and awaited.may_be(args[0], self.flow.get):
                return False
            return self.following.at_once(kind, args, kwargs, result)
        except Exception:  # noqa: BLE001 - as below; the look that follows says what it was
            return False

    def see(self, op: Op | None, result: Any) -> None:
        """Look at what a call gave, and hand on the attention that it completed."""
        if op is None or not (isinstance(result, FOLLOWED) or op.kind is Kind.ASSIGN):
            return
        try:
            found = self.look(op, result)
        except Exception as error:  # noqa: BLE001 - the model's own call has gone well and must not stop
            self.session.fault(self.names.name, op.name, error)
        else:
            if found:
                self.session.hand_on(found)

    def gated(self, op: Op, result: Any) -> Any:
        """What a call returns, each head's output times its gate where the call is attention."""
        gates = self.session.gates
        if gates is None:
            return result
        gates.check(op, result, lambda: self.names.name)
        facts = self.flow.get(result[0] if isinstance(result, tuple | list) and result else result)
        changed = gates.close(result, facts, op.operands())
        if changed is not result and facts is not None:
            self.flow.put(changed[0] if isinstance(changed, tuple | list) else changed, facts)
        return changed

    def inside_multihead(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """nn.MultiheadAttention: the same code again, its inner calls seen."""
        heads = args[4] if len(args) > 4 else kwargs["num_heads"]
        self.names.multihead = int(heads)
        try:
            with self:
                return MULTIHEAD(*args, **kwargs)
        finally:
            self.names.multihead = None

    def before_change(self, op: Op) -> None:
        """Copy what is about to be overwritten, as by ``dropout(inplace=True)``: a softmax's result, its scores, or what a sighting waits with."""
        written = op.written
        if self.session.awaited is not None:
            self.session.awaited.secure(written)
        facts = self.flow.get(written)
        if facts is None:
            return
        if isinstance(facts.role, Weights):
            facts.role.map.result.secure()
        elif op.kind in READS_SCORES and written is op.first:
            op.overwritten = written.detach().clone()

    def look(self, op: Op, result: Any) -> list[Sighting]:
        """Note what a call's results are; the attention that it completed."""
        kind = op.kind
        if kind not in TELLING:
            self.following.follow(op, result)
            return []
        if self.session.awaited is not None and kind in LINEAR:
            self.see_linear(self.session.awaited, op)
        if kind in READERS:
            contraction = read_contraction(op)
            if contraction is not None:
                return self.softmaxes.see_contraction(op, contraction, result)
        found: list[Sighting] = []
        if kind in FUSED:
            found = self.fused.see(op, result)
            if self.notes is not None:
                self.notes.attended(found, is_usual=kind is Kind.SDPA and not self.fused.has_moved)
        elif kind in COMPLETING:
            made = softmax_made(op, self.flow, result)
            if made is not None:
                self.softmaxes.see_softmax(made, result)
                return []
            if kind in DIVIDING:
                found = self.softmaxes.see_late_division(op)
        self.following.follow(op, result)
        if kind is Kind.SUM:
            found = self.softmaxes.see_weighted_sum(op, result)
        return found

    def see_linear(self, awaited: Awaited, op: Op) -> None:
        """A linear, which may be the output projection of the call before."""
        before = awaited.found
        awaited.see(op, self.flow.get)
        if self.notes is not None:
            self.notes.met(awaited, is_read=awaited.found > before)

    def describe(self, sighting: Sighting, query: Facts | None, key: Facts | None) -> Sighting:
        """Complete a sighting with what is known of where it was seen."""
        holds_images = self.session.padding.holds_images
        running = self.names.running if holds_images else self.names.innermost
        sighting.name = self.names.name_of(running)
        sighting.stack = self.names.stack(sighting.name)
        sighting.model_heads = model_heads(running)
        if holds_images:
            windows = self.names.windows(running)
            sighting.windows = windows if self.session.scatters else ()
            sighting.padded_window = any(each.is_padded(sighting.weights.shape[-2:]) for each in windows)
        sighting.kind = kind_by_flow(query, key, sighting)
        if self.names.multihead is not None:
            sighting.mechanism = "multi_head_attention_forward"
        return sighting
