"""Calls of fused attention kernels, seen by the function mode or the registry → sightings, none twice."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch

from tensorboard_plugin_attn.capturing.calls import sdpa
from tensorboard_plugin_attn.capturing.calls.checking import differs
from tensorboard_plugin_attn.capturing.calls.flex import read_flex_call
from tensorboard_plugin_attn.capturing.calls.gating import GatedCall, of_fused, of_kernel
from tensorboard_plugin_attn.capturing.calls.nested import padded
from tensorboard_plugin_attn.capturing.calls.ordering import Order, order_of
from tensorboard_plugin_attn.capturing.calls.sighting import Sighting, in_float32
from tensorboard_plugin_attn.capturing.calls.softmax_matmul import SLICED
from tensorboard_plugin_attn.capturing.calls.streamed import StreamedMap, can_stream
from tensorboard_plugin_attn.capturing.session import Session
from tensorboard_plugin_attn.capturing.tracing.axes import leaves
from tensorboard_plugin_attn.capturing.tracing.facts import Facts
from tensorboard_plugin_attn.capturing.tracing.flow import Flow
from tensorboard_plugin_attn.capturing.tracing.ops import Kind, Op
from tensorboard_plugin_attn.capturing.watching.names import GRAPH_TASK, ModuleNames
from tensorboard_plugin_attn.capturing.watching.registry import read_kernel_call
from tensorboard_plugin_attn.measuring.row_stats import Questions
from tensorboard_plugin_attn.private_names import without_torch_functions

__all__ = ["FusedCalls"]

Take = Callable[[Sighting, Facts | None, Facts | None], Sighting]


class FusedCalls:
    """Computes the weights of fused calls aside; ``take`` completes a sighting.

    ``has_moved``: the last call's axes were others than ``[batch, head, position, d]``.
    """

    def __init__(self, session: Session, names: ModuleNames, flow: Flow, take: Take) -> None:
        self.session = session
        self.names = names
        self.flow = flow
        self.take = take
        self.sinks: torch.Tensor | None = None
        self.last: tuple[weakref.ref[torch.Tensor] | None, ...] = ()
        self.last_settings: tuple[Any, ...] = ()
        self.has_moved = False

    def see(self, op: Op, result: Any) -> list[Sighting]:
        """One call of a torch function and what it returned."""
        args, kwargs = op.args, op.kwargs
        query = args[0] if args else kwargs["query"]
        key = args[1] if len(args) > 1 else kwargs["key"]
        if op.kind is Kind.FLEX:
            call = read_flex_call(*args, **kwargs)
            call.sinks = self.sinks
        else:
            call = sdpa.read_call(*args, **kwargs)
            if self.is_repeated(query, key, args[3] if len(args) > 3 else kwargs.get("attn_mask"), call):
                if self.session.gates is not None:
                    self.session.gates.open_last()
                return []
        output = result[0] if isinstance(result, tuple) else result
        call.output = sdpa.detached(output) if isinstance(output, torch.Tensor) else None
        if query.is_nested:
            call = padded(call)
        return self.record(call, query, key)

    def see_kernel(self, kernel: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """One call of transformers' registry: run it, and record it unless the function mode could look inside."""
        if GRAPH_TASK() != -1:
            return kernel(*args, **kwargs)
        given = dict(zip(("module", "query", "key", "value", "attention_mask"), args, strict=False)) | kwargs
        before, self.sinks = self.session.count, given.get("s_aux")
        told = len(self.session.left_out)
        try:
            result = kernel(*args, **kwargs)
        finally:
            self.sinks = None
        if self.session.count == before and isinstance(given.get("query"), torch.Tensor):
            found: list[Sighting] = []
            with without_torch_functions():
                try:
                    found = self.read_kernel(given, result)
                except Exception as error:  # noqa: BLE001 - the model's own call has gone well and must not stop
                    self.session.fault(self.names.name, "attention kernel", error)
                if self.session.gates is not None:
                    result = self.session.gates.close(result, None, list(given.values()))
            self.session.hand_on(found)
        if self.session.count == before and len(self.session.left_out) == told:
            self.session.leave_out(self.names.name, "attention kernel", "no attention was seen in its call")
        return result

    def read_kernel(self, given: dict[str, Any], result: Any) -> list[Sighting]:
        """Compute an opaque kernel's weights from its arguments."""
        call = read_kernel_call(result=result, **given)
        return self.record(call, given["query"], given["key"])

    def record(self, call: sdpa.Call, query: torch.Tensor, key: torch.Tensor) -> list[Sighting]:
        """Compute one call's weights, when they are wanted."""
        if not self.session.is_wanted and self.session.gates is None:
            self.session.skip(self.names.name)
            return []
        sides = self.flow.get(query), self.flow.get(key)
        axes = None if sides[0] is None else sides[0].axes
        if axes is not None and any(atom.is_mixed for axis in axes for atom in leaves(axis)):
            self.session.leave_out(self.names.name, "attention", SLICED)
            return []
        given, call = call, sdpa.unpacked(call, axes)
        order = order_of(call, axes)
        self.has_moved = call is not given or order is not None or query.dim() != 4 or bool(call.doubts)
        call = call if order is None else order.call(call)
        if self.session.row is not None and call.mechanism == "sdpa":
            call = sdpa.of_row(call, self.session.row, self.session.padding.batch)
        padding = self.session.padding
        outer = sdpa.head_axes(
            call.query, axes, lambda: self.names.heads, padding.batch, is_windowed=padding.holds_images
        )
        outer = outer if order is None else [order.batch, order.heads]
        if self.session.gates is not None:
            self.gate(call, outer, order)
            return []
        call = as_autocast(call)
        streams = self.session.streams
        if streams is not None and can_stream(call, outer, streams, with_vectors=self.session.query_key):
            streamed = sdpa.streamed_sighting(call, outer, with_vectors=self.session.query_key)
            if call.doubts and (shown := worst_error(streamed.weights)) is not True:
                self.session.leave_out(self.names.name, "attention kernel", unknown(call, shown))
                return []
            return [self.take(streamed, *sides)]
        with in_float32(call.query):
            sighting = sdpa.sighting_of(
                call, outer, with_vectors=self.session.query_key, traced=self.session.traced
            )
        if call.doubts and (sighting.output_error is None or differs(sighting) is not None):
            error = None if sighting.output_error is None else float(sighting.output_error.max())
            self.session.leave_out(self.names.name, "attention kernel", unknown(call, error))
            return []
        return [self.take(sighting, *sides)]

    def gate(self, call: sdpa.Call, outer: list[int], order: Order | None) -> None:
        """This call's output is to be multiplied per head."""
        gates = self.session.gates
        if gates is not None:
            is_kernel = call.mechanism == "registry"
            place = of_kernel(call.query) if is_kernel else of_fused(outer, int(call.query.shape[-2]))
            place = place if order is None else order.place
            gates.open(GatedCall(self.session.count, self.names.name, *outer), place)
        self.session.skip(self.names.name)

    def is_repeated(self, query: torch.Tensor, key: torch.Tensor, mask: Any, call: sdpa.Call) -> bool:
        """Whether the last call had the same query, key and mask: one map, applied to several values."""
        parts = (query, key, mask)
        before, settings = self.last, self.last_settings
        self.last = tuple(None if part is None else weakref.ref(part) for part in parts)
        self.last_settings = (call.is_causal, call.scale)
        if len(before) != len(parts) or settings != self.last_settings:
            return False
        return all(
            part is None if old is None else part is not None and old() is part
            for old, part in zip(before, parts, strict=True)
        )


def unknown(call: sdpa.Call, error: float | None) -> str:
    """Why a kernel with arguments that we do not know is left out."""
    shown = (
        "its output cannot be compared"
        if error is None
        else f"without them its output would be another one (by {error:.2g})"
    )
    return f"it was called with {', '.join(call.doubts)}, which may change attention, and {shown}"


def worst_error(streamed: StreamedMap) -> float | bool | None:
    """True where the rows of all inputs give the output; else by how much they miss it, None: nobody knows."""
    if streamed.output is None:
        return None
    for batch in range(len(streamed)):
        blocks = streamed.layer(batch, slice(None), slice(None))
        stats = None if blocks is None else blocks.measure(Questions())
        if stats is None or stats.error is None:
            return None
        if (stats.error > stats.budget).any():
            return float(stats.error.max())
    streamed.measured.clear()
    return True


def as_autocast(call: sdpa.Call) -> sdpa.Call:
    """The call with query and key as autocast hands them to the kernel."""
    device = call.query.device.type
    if not torch.is_autocast_enabled(device) or call.query.dtype == torch.float64:
        return call
    dtype = torch.get_autocast_dtype(device)
    value = None if call.value is None else call.value.to(dtype)
    return replace(call, query=call.query.to(dtype), key=call.key.to(dtype), value=value)
