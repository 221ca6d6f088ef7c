"""A call whose map is too large, or whose vectors are to be kept → what stands for its weights: blocks of rows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from tensorboard_plugin_attn.capturing.calls.checking import budget, projection, uses_tf32
from tensorboard_plugin_attn.capturing.calls.mask_names import mask_name, scores_mask_name
from tensorboard_plugin_attn.capturing.calls.places import Change, MaskOf, Places, mask_at
from tensorboard_plugin_attn.capturing.calls.row_blocks import Added, LayerBlocks, Projected, RowSource

if TYPE_CHECKING:
    from tensorboard_plugin_attn.capturing.calls.sdpa import Call
    from tensorboard_plugin_attn.capturing.calls.sighting import Sighting

__all__ = [
    "HELD_BYTES",
    "MOST_WHOLE_BYTES",
    "StreamedCall",
    "StreamedMap",
    "Streams",
    "can_stream",
    "is_streamed",
    "whole_sighting",
]

MOST_WHOLE_BYTES = 64 << 20  # of a layer's float32 weights
HELD_BYTES = 32 << 20  # of query, key and value, copied until the output projection was seen

Positions = torch.Tensor | slice


@dataclass(frozen=True)
class Streams:
    """Which layers a receiver takes as blocks of rows, though they could be held whole.

    ``better``: (``[head, query, key]``, key heads, bytes of query and key) → whether to have it as vectors; ``above``:
    bytes of float32 weights beyond which rows that are made of query, key and a mask alone are taken so; ``lets_go``: it
    keeps nothing of a layer's tensors when it returns, so that the next layer's may take their memory.
    """

    better: Callable[[tuple[int, int, int], int, int], bool]
    above: int | None = None
    lets_go: bool = False


@dataclass(eq=False, kw_only=True)
class StreamedMap(ABC):
    """In a Sighting the weights ``[batch, head, query, key]`` that nobody has read yet.

    ``value`` ``[batch, kv_head, key, d]`` and ``output`` ``[batch, head, query, d]`` are None where they cannot be
    compared; ``make_whole`` computes the sighting of this at once, for what cannot be read in blocks. ``has_values``: whether
    the lengths of values are asked for; ``norms`` ``[batch, head, key]``: these behind the output projection, where it
    was seen.
    """

    keeps_vectors: bool
    make_whole: Callable[[Any], Sighting]
    value: torch.Tensor | None = None
    output: torch.Tensor | None = None
    rounded: torch.dtype | None = None
    padded: torch.Tensor | None = None
    output_has_sink: bool = True
    has_values: bool = False
    norms: torch.Tensor | None = None
    compared_before: list[dict[str, Any]] | None = None
    measured: list[tuple[NDArray[np.float32], float]] = field(default_factory=list)

    @property
    @abstractmethod
    def shape(self) -> torch.Size:
        """``[batch, head, query, key]``."""

    @property
    @abstractmethod
    def device(self) -> torch.device:
        """The model's."""

    def __len__(self) -> int:
        return int(self.shape[0])

    @abstractmethod
    def layer(self, batch: int, queries: Positions, keys: Positions) -> RowSource | None:
        """One input, padding cropped; None where it leaves weight on what was cropped."""

    def compared_with(self, batch: int, queries: Positions, keys: Positions) -> dict[str, Any]:
        """What the output of one input is compared with, and the lengths of its values."""
        if self.compared_before is not None:
            return self.part_of(self.compared_before[batch], batch, queries, keys)
        if self.value is None or self.output is None:
            return {}
        value = self.value[batch if len(self.value) > 1 else 0][:, keys]
        padded = None if self.padded is None else self.padded[batch][queries]
        has_sink = self.output_has_sink
        projected = projected_of(
            self.shape[1], value, self.output[batch][:, queries], padded, has_sink=has_sink
        )
        norms = projected.sides[..., 1] if self.norms is None else self.norms[batch][:, keys]
        return {
            "projected": projected,
            "budget_of": partial(
                budget, self.output.dtype, is_tf32=uses_tf32(self.output), rounded=self.rounded
            ),
            "value_norm": norms if self.has_values else None,
        }

    def compare_now(self) -> None:
        """Take what is compared before the model changes its values or its output."""
        every = slice(None)
        self.compared_before = [self.compared_with(batch, every, every) for batch in range(len(self))]

    def part_of(
        self, whole: dict[str, Any], batch: int, queries: Positions, keys: Positions
    ) -> dict[str, Any]:
        """What was taken of one input, at some of its positions."""
        if not whole:
            return whole
        projected: Projected = whole["projected"]
        norms = projected.sides[..., 1] if self.norms is None else self.norms[batch]
        return whole | {
            "projected": replace(
                projected,
                sides=projected.sides[:, keys],
                returned=projected.returned[:, queries],
                ignored=None if projected.ignored is None else projected.ignored[queries],
            ),
            "value_norm": norms[:, keys] if self.has_values else None,
        }

    def compared(self) -> Iterator[tuple[torch.Tensor, float]]:
        """Of each layer that was measured: how far weights · values are from the output, and the budget."""
        for error, allowed in self.measured:
            yield torch.from_numpy(error)[None], allowed


@dataclass(eq=False, kw_only=True)
class StreamedCall(StreamedMap):
    """``query`` ``[batch, head, query, d]`` and ``key``; ``mask``: a tensor that broadcasts to the map; ``mask_of``: of
    places instead; ``change`` of scores before the mask; ``sinks``: one score per head that is no key's."""

    query: torch.Tensor
    key: torch.Tensor
    scale: float
    mask: torch.Tensor | None = None
    mask_of: MaskOf | None = None
    change: Change | None = None
    sinks: torch.Tensor | None = None
    is_causal: bool = False

    @property
    def shape(self) -> torch.Size:
        """``[batch, head, query, key]``."""
        return torch.Size([*self.query.shape[:3], self.key.shape[2]])

    def can_wait(self) -> bool:
        """Whether it is small enough, and plain enough, to be read after its call."""
        if self.output is None or self.change is not None or self.mask_of is not None:
            return False
        given = (self.query, self.key, self.value, self.output, self.bare_mask())
        return sum(each.numel() * each.element_size() for each in given if each is not None) <= HELD_BYTES

    def wait(self, scratch: dict[Any, torch.Tensor]) -> None:
        """Copy what the model may change after its call; ``scratch``: memory of the call before that may
        be used again."""
        self.compare_now()
        mask = self.bare_mask()
        self.mask = None if mask is None else mask.clone()
        for name in ("query", "key"):
            given, room = getattr(self, name), scratch.get(name)
            if room is None or (room.shape, room.dtype, room.device) != (
                given.shape,
                given.dtype,
                given.device,
            ):
                room = scratch[name] = torch.empty_like(given, memory_format=torch.contiguous_format)
            setattr(self, name, room.copy_(given))

    def bare_mask(self) -> torch.Tensor | None:
        """The mask, one for all inputs or heads where they share it in memory."""
        if self.mask is None:
            return None
        shared = [slice(0, 1) if self.mask.stride(axis) == 0 else slice(None) for axis in (0, 1)]
        return self.mask[tuple(shared)]

    @property
    def device(self) -> torch.device:
        """The model's."""
        return self.query.device

    def layer(self, batch: int, queries: Positions, keys: Positions) -> LayerBlocks | None:
        """One input, padding cropped; None where it leaves weight on what was cropped."""
        batch = batch if len(self) > 1 else 0
        places = self.places(batch, queries, keys)
        if not isinstance(keys, slice) and self.reaches(places):
            return None
        name, is_bare = self.mask_kind(places, batch, queries, keys)
        added = None
        if not is_bare or self.change is not None or self.sinks is not None:
            mask = None if is_bare else self.mask_rows
            added = Added(places, self.change, mask, None if self.sinks is None else self.sinks.flatten())
        return LayerBlocks(
            query=self.query[batch][:, queries],
            key=self.key[batch][:, keys],
            scale=self.scale,
            mask=name,
            added=added,
            keeps_vectors=self.keeps_vectors,
            told=self.measured,
            **self.compared_with(batch, queries, keys),
        )

    def places(self, batch: int, queries: Positions, keys: Positions) -> Places:
        """Of one input, the positions that are kept."""
        _, heads, every_query, every_key = self.shape
        number = partial(torch.arange, device=self.device)
        at = number(every_key)[keys]
        return Places(
            number(batch, batch + 1), number(heads), number(every_query)[queries], at, isinstance(keys, slice)
        )

    def mask_rows(self, places: Places) -> torch.Tensor:
        """The mask, bool or additive, at some places."""
        if self.mask_of is not None:
            return self.mask_of(places)
        if self.mask is not None:
            return mask_at(self.mask, places)
        return (places.key <= places.query[:, None])[None, None]  # causal, aligned to the upper left

    def reaches(self, places: Places) -> bool:
        """Whether a query that is kept sees a key that is not."""
        if self.mask is None and self.mask_of is None and not self.is_causal:
            return True
        gone = torch.ones(self.shape[3], dtype=torch.bool, device=self.device)
        gone[places.key] = False
        others = replace(places, key=gone.nonzero()[:, 0], is_every_key=False)
        for start in range(0, len(places.query), ROWS_AT_ONCE):
            rows = slice(start, start + ROWS_AT_ONCE)
            mask = self.mask_rows(others.block(rows, len(others.key)))
            if bool((mask if mask.dtype == torch.bool else mask > -torch.inf).any()):
                return True
        return False

    def mask_kind(self, places: Places, batch: int, queries: Positions, keys: Positions) -> tuple[str, bool]:
        """What one input's mask is among the positions that are kept, and whether it is nothing but that."""
        if self.mask is None and self.mask_of is None:
            if not self.is_causal:
                return "full", True
            if self.shape[2] == self.shape[3] and is_prefix(queries) and is_prefix(keys):
                return "causal", True
        elif self.mask is not None:
            mask = self.mask[batch if len(self.mask) > 1 else 0]
            if len(mask) == 1 and mask.shape[1:] == self.shape[2:]:
                name = mask_name(mask[0][queries][:, keys])
                if name is not None:
                    return name, True
        return self.hiding(places) or "other", False

    def hiding(self, places: Places) -> str | None:
        """The name of what a mask hides, alike in all heads, whatever it adds elsewhere."""
        every = len(places.key)

        def scores_of(rows: slice) -> torch.Tensor:
            mask = self.mask_rows(places.block(rows, every))[0]
            mask = torch.where(mask, 0.0, -torch.inf) if mask.dtype == torch.bool else mask.float()
            return mask.expand(-1, rows.stop - rows.start, every)

        return scores_mask_name(len(places.query), every, scores_of, ROWS_AT_ONCE // 8)


ROWS_AT_ONCE = 512


def is_prefix(positions: Positions) -> bool:
    """Whether the kept positions are the first ones."""
    if isinstance(positions, slice):
        return positions == slice(None)
    return bool((positions == torch.arange(len(positions), device=positions.device)).all())


def projected_of(
    heads: int,
    value: torch.Tensor,
    output: torch.Tensor,
    padded: torch.Tensor | None = None,
    *,
    has_sink: bool = True,
) -> Projected:
    """Values ``[kv_head, key, d]`` and output ``[head, query, d]``, projected as ``checking.row_errors`` does."""
    groups = heads // value.shape[0]
    signs = projection(heads, value.shape[-1]).to(value.device)[::groups, None]
    values = value.float()
    sides = torch.stack([torch.bmm(signs, values.mT)[:, 0], values.norm(dim=-1)], dim=-1)
    returned = torch.bmm(signs.repeat_interleave(groups, 0), output.float().mT)[:, 0]
    floor = torch.finfo(output.dtype).tiny
    return Projected(sides.repeat_interleave(groups, 0), returned, floor, padded, has_sink)


def is_streamed(shape: tuple[int, int, int], key_heads: int, vector_bytes: int, streams: Streams) -> bool:
    """Whether a map ``[head, query, key]`` is too large, or better kept as vectors."""
    return 4 * prod(shape) > MOST_WHOLE_BYTES or (
        vector_bytes > 0 and streams.better(shape, key_heads, vector_bytes)
    )


def can_stream(call: Call, outer: list[int], streams: Streams, *, with_vectors: bool) -> bool:
    """Whether a call is to be read in blocks; one that could be held whole must be made of its vectors alone."""
    queries, keys = call.query.shape[-2], call.key.shape[-2]
    if not queries or not keys or call.query.is_nested:
        return False
    key_heads = prod(call.key.shape[:-2]) // outer[0]
    size = (outer[1] * queries + key_heads * keys) * call.query.shape[-1] * call.query.element_size()
    shape = (outer[1], queries, keys)
    is_plain = call.change is None and call.mask_of is None and not call.doubts
    if is_plain and streams.above is not None and not (with_vectors and call.mask is not None):
        return 4 * prod(shape) > streams.above or is_streamed(shape, key_heads, size, streams)
    return is_streamed(shape, key_heads, size if is_plain else 0, streams)


def whole_sighting(sighting: Sighting) -> None:
    """Give a sighting its weights after all."""
    streamed = sighting.weights
    assert isinstance(streamed, StreamedMap)
    whole = streamed.make_whole(streamed)
    for name in WHOLE:
        setattr(sighting, name, getattr(whole, name))
    if sighting.output_error is None:
        sighting.value, sighting.output = streamed.value, streamed.output
    if streamed.norms is not None:
        sighting.value_norm = streamed.norms


WHOLE = (
    "weights",
    "query",
    "key",
    "bias",
    "allowed",
    "row_scores",
    "traces",
    "value",
    "output",
    "output_error",
    "budget",
    "sink",
    "is_whole",
    "mask",
    "lengths",
)
