"""Sightings of attention in call order → layers kept or handed on, what was left out and why."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Sequence
from typing import Any

from tensorboard_plugin_attn.capturing.calls.checking import Differs, differs, fits, settle
from tensorboard_plugin_attn.capturing.calls.gating import Gates
from tensorboard_plugin_attn.capturing.calls.projecting import Awaited
from tensorboard_plugin_attn.capturing.calls.sighting import LeftOut, Sighting, in_float32
from tensorboard_plugin_attn.capturing.calls.streamed import (
    StreamedCall,
    StreamedMap,
    Streams,
    whole_sighting,
)
from tensorboard_plugin_attn.capturing.inputs.generate import decoding_of_caller, mask_of_caller
from tensorboard_plugin_attn.capturing.inputs.padding import Padding, padding_of
from tensorboard_plugin_attn.capturing.inputs.stack_lists import named_inputs
from tensorboard_plugin_attn.capturing.inputs.virtual import NO_VIRTUAL, Virtual
from tensorboard_plugin_attn.capturing.inputs.windows import Pieces, Stages
from tensorboard_plugin_attn.capturing.tracing.facts import WeightMap
from tensorboard_plugin_attn.errors import CaptureError
from tensorboard_plugin_attn.private_names import in_transform

__all__ = ["Session", "warn_left_out"]


class Session:
    """What one capture has seen so far.

    ``on_sighting`` gets each call's index and sighting; ``wanted``: indices of the calls to compute, None for all;
    ``row``: the only input of the batch that is wanted, None for all; ``virtual``: learned tokens before the input;
    ``image_token``: the id of a place that a text keeps for a patch of an image;
    ``streams``: which layers the receiver takes as blocks of rows, None: it takes none.
    ``values``: whether the lengths of values are wanted; ``follows``: whether to wait for the output projection too;
    ``gates``: what multiplies each call's output; None: nothing does. ``scatters``: windows become maps of the whole image.
    ``traced``: later forwards may continue earlier ones.
    """

    def __init__(
        self,
        on_sighting: Callable[[int, Sighting], None],
        *,
        query_key: bool = False,
        wanted: Collection[int] | None = None,
        row: int | None = None,
        virtual: Virtual = NO_VIRTUAL,
        image_token: int | None = None,
        streams: Streams | None = None,
        values: bool = False,
        follows: bool = False,
        gates: Gates | None = None,
        scatters: bool = False,
        traced: bool = False,
    ) -> None:
        self.on_sighting = on_sighting
        self.query_key = query_key
        self.wanted = None if wanted is None else frozenset(wanted)
        self.row = row
        self.streams = streams
        self.virtual = virtual
        self.image_token = image_token
        self.values = values
        self.follows = values and follows
        self.awaited: Awaited | None = None
        self.scratch: dict[Any, Any] = {}
        self.gates = gates
        self.scatters = scatters
        self.traced = traced
        self.pieces = Pieces(scatters=scatters)
        self.stages = Stages()
        self.count = 0
        self.forwards = 0
        self.decoding = ""
        self.padding = Padding()
        self.inputs: dict[str, Any] = {}
        self.modules: dict[str, None] = {}
        self.left_out: list[LeftOut] = []
        self.softmaxes: dict[tuple[str, tuple[int, ...]], None] = {}
        self.differing: list[Differs] = []
        self.fewer: dict[str, tuple[int, int]] = {}

    def begin_forward(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """The model was called: how many inputs, and which of their positions are padding."""
        self.forwards += 1
        self.decoding = self.decoding or decoding_of_caller()
        self.padding = padding_of(args, kwargs, self.image_token)
        self.inputs = named_inputs(args, kwargs)
        self.padding.virtual = self.virtual
        if self.padding.tokens is None and kwargs.get("attention_mask") is not None:
            self.padding.tokens = mask_of_caller()

    @property
    def is_wanted(self) -> bool:
        """Whether the next call is to be computed; one that is not is to be skipped."""
        return self.wanted is None or self.count in self.wanted

    def skip(self, module: str) -> None:
        """Count a call of this module that is not computed."""
        self.modules[module] = None
        self.count += 1

    def fault(self, module: str, what: str, error: Exception) -> None:
        """A fault of ours in looking at a call: noted, as it must not stop a training."""
        if not in_transform():
            self.leave_out(module, what, f"{type(error).__name__}: {error}")
        else:
            self.leave_out(module, what, "it runs in torch.vmap or another transform of torch.func")

    def hand_on(self, sightings: Sequence[Sighting]) -> None:
        """Pass on what a look found; what the receiver raises goes to the caller."""
        for sighting in sightings:
            sighting.forward = self.forwards
            self.modules[sighting.name] = None
            index = self.count
            self.count += 1
            if self.padding.holds_images:
                self.stages.name(sighting)
            with in_float32(sighting.weights):
                if isinstance(sighting.weights, StreamedMap) and not sighting.windows:
                    self.flush()
                    self.hand_on_streamed(index, sighting)
                    continue
                if isinstance(sighting.weights, StreamedMap):
                    value, output = sighting.value, sighting.output
                    whole_sighting(sighting)
                    if sighting.output_error is None and sighting.value is None:
                        sighting.value, sighting.output = value, output
                settle(sighting)
                (value, output), sighting.checked = sighting.checked, (None, None)
                if self.values:
                    sighting.measure_values(value)
                self.note_difference(sighting)
                self.note_fewer(sighting)
                self.flush()
                whole = self.stages.whole(sighting, self.padding.batch)
                for number, each in self.pieces.take(index, whole, self.inputs):
                    is_followed = self.follows and each is sighting and each.value_norm is not None
                    if is_followed and value is not None and output is not None:
                        self.awaited = Awaited(number, each, value, output)
                    else:
                        self.on_sighting(number, each)

    def flush(self) -> None:
        """Pass on the sighting that waits for its output projection, found or not."""
        awaited, self.awaited = self.awaited, None
        if awaited is not None:
            with in_float32(awaited.sighting.weights):
                self.pass_on(awaited.index, awaited.finish())

    def finish(self) -> None:
        """The block is over: pass on what waits."""
        self.flush()
        self.scratch.clear()
        for index, sighting in self.pieces.end():
            self.on_sighting(index, sighting)

    def hand_on_streamed(self, index: int, sighting: Sighting) -> None:
        """Pass on a layer that is measured by its receiver, once its output projection was seen if it can wait so long."""
        streamed = sighting.weights
        self.note_fewer(sighting)
        streamed.has_values = self.values
        value, output, sighting.value, sighting.output = sighting.value, sighting.output, None, None
        if value is not None and output is not None and fits(streamed, value, output):
            streamed.value, streamed.output, streamed.rounded = value, output, sighting.rounded
        if self.follows and isinstance(streamed, StreamedCall) and streamed.can_wait():
            streamed.wait(self.scratch if self.streams is not None and self.streams.lets_go else {})
            if streamed.value is not None and streamed.output is not None:
                self.awaited = Awaited(index, sighting, streamed.value, streamed.output)
        else:
            self.pass_on(index, sighting)

    def pass_on(self, index: int, sighting: Sighting) -> None:
        """Give the receiver a sighting; what it measured is compared here."""
        streamed = sighting.weights
        self.on_sighting(index, sighting)
        if not isinstance(streamed, StreamedMap):
            return
        if sighting.weights is not streamed:
            self.note_difference(sighting)
        for sighting.output_error, sighting.budget in streamed.compared():
            self.note_difference(sighting)

    def note_difference(self, sighting: Sighting) -> None:
        """Keep what is to be said: weights that do not give the kernel's output."""
        found = differs(sighting)
        if found is not None:
            self.differing.append(found)

    def note_fewer(self, sighting: Sighting) -> None:
        """Keep that a layer has fewer heads than the model's; a pooling to one query, not of queries and keys, may have fewer."""
        (heads, queries), whole = map(int, sighting.weights.shape[1:3]), sighting.model_heads
        if whole is None or heads >= whole:
            return
        if sighting.traces is None and queries == 1 and not isinstance(sighting.weights, StreamedMap):
            sighting.model_heads = None
        else:
            self.fewer[sighting.name] = (heads, whole)

    def see_softmax(self, found: WeightMap, shape: tuple[int, ...]) -> None:
        """A softmax was called; it stays in this list unless it meets values."""
        self.softmaxes[(found.module, shape)] = None

    def met_values(self, found: WeightMap) -> None:
        """This module's softmaxes are attention."""
        for key in [key for key in self.softmaxes if key[0] == found.module]:
            del self.softmaxes[key]

    def leave_out(self, module: str, what: str, reason: str) -> None:
        """Note a map that is no attention over tokens."""
        self.left_out.append(LeftOut(module, what, reason))

    def nothing_found(self) -> CaptureError:
        """The error of a model in which no attention was seen: what was seen, and what to do."""
        seen = list(dict.fromkeys(map(str, self.left_out)))
        seen += [
            f"a softmax of shape {list(shape)} in {module or 'the model'}" for module, shape in self.softmaxes
        ]
        ran = (
            "ran"
            if self.forwards
            else "did not run; call captured.model(**inputs) inside the with block, in its thread"
        )
        return CaptureError(
            f"no attention was captured; the model {ran}. Seen: {'; '.join(seen[:MOST_LINES]) or 'no softmax at all'}. "
            "Expected scaled_dot_product_attention, nn.MultiheadAttention, or a softmax over keys whose result is "
            "multiplied with values. A kernel of its own (flash, a CUDA extension, torch.jit) hides its weights: "
            "run the probe with attn_implementation='sdpa', or log weights with writer.add_attention."
        )


MOST_LINES = 12


def warn_left_out(left_out: Sequence[LeftOut]) -> None:
    """Name what was left out, once."""
    lines = list(dict.fromkeys(map(str, left_out)))
    if lines:
        more = f" … and {len(lines) - MOST_LINES} more" if len(lines) > MOST_LINES else ""
        warnings.warn(f"attention left out: {'; '.join(lines[:MOST_LINES])}{more}", stacklevel=4)
