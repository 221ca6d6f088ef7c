"""A call whose map is too large, or whose vectors are to be kept → what stands for its weights: blocks of rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from math import prod
from typing import TYPE_CHECKING

import torch

from tensorboard_plugin_attn.capturing.calls.checking import budget, projection, uses_tf32
from tensorboard_plugin_attn.capturing.calls.row_blocks import LayerBlocks, Projected, mask_name

if TYPE_CHECKING:
    from tensorboard_plugin_attn.capturing.calls.sdpa import Call
    from tensorboard_plugin_attn.capturing.calls.sighting import Sighting

__all__ = ["MOST_WHOLE_BYTES", "StreamedMap", "Streams", "whole_sighting"]

MOST_WHOLE_BYTES = 64 << 20  # of a layer's float32 weights

Positions = torch.Tensor | slice
Streams = Callable[[tuple[int, int, int], int, int], bool]
"""``[head, query, key]``, key heads, bytes of query and key → whether to stream a layer that could be held whole."""


@dataclass(eq=False)
class StreamedMap:
    """In a Sighting the weights ``[batch, head, query, key]`` that nobody has computed yet.

    ``value`` and ``output`` are None where they cannot be compared; ``make_whole`` computes the sighting at once, for
    a mask that has no name.
    """

    query: torch.Tensor
    key: torch.Tensor
    scale: float
    mask: torch.Tensor | None
    is_causal: bool
    value: torch.Tensor | None
    output: torch.Tensor | None
    keeps_vectors: bool
    make_whole: Callable[[], Sighting]
    measured: list[LayerBlocks] = field(default_factory=list)

    @property
    def shape(self) -> torch.Size:
        """``[batch, head, query, key]``."""
        return torch.Size([*self.query.shape[:3], self.key.shape[2]])

    @property
    def device(self) -> torch.device:
        """The model's."""
        return self.query.device

    def __len__(self) -> int:
        return int(self.query.shape[0])

    def layer(self, batch: int, queries: Positions, keys: Positions) -> LayerBlocks | None:
        """One input, padding cropped; None where its mask has no name, or leaves weight on what was cropped."""
        batch = batch if len(self) > 1 else 0
        name = self.mask_kind(batch, queries, keys)
        if name is None:
            return None
        query, key = self.query[batch][:, queries], self.key[batch][:, keys]
        projected, budget_of = None, None
        if self.value is not None and self.output is not None:
            value = self.value[batch if len(self.value) > 1 else 0][:, keys]
            projected = projected_of(query.shape[0], value, self.output[batch][:, queries])
            budget_of = partial(budget, self.output.dtype, is_tf32=uses_tf32(self.output))
        return LayerBlocks(
            query, key, self.scale, name, projected, budget_of, self.keeps_vectors, told=self.measured
        )

    def mask_kind(self, batch: int, queries: Positions, keys: Positions) -> str | None:
        """The name of one input's mask among the positions that are kept."""
        if self.mask is None:
            if not self.is_causal:
                return "full" if isinstance(keys, slice) else None
            return "causal" if is_prefix(queries) and is_prefix(keys) else None
        mask = self.mask[batch if len(self.mask) > 1 else 0]
        if mask.shape[0] != 1 or mask.shape[1:] != self.shape[2:]:
            return None
        one = mask[0]
        if not isinstance(keys, slice):
            gone = torch.ones(one.shape[1], dtype=torch.bool, device=one.device)
            gone[keys] = False
            padding = one[queries][:, gone]
            if bool((padding if padding.dtype == torch.bool else padding > -torch.inf).any()):
                return None
        return mask_name(one[queries][:, keys])

    def compared(self) -> Iterator[tuple[torch.Tensor, float]]:
        """Of each layer that was measured: how far weights · values are from the output, and the budget."""
        for blocks in self.measured:
            if blocks.stats is not None and blocks.stats.error is not None:
                yield torch.from_numpy(blocks.stats.error)[None], blocks.stats.budget


def is_prefix(positions: Positions) -> bool:
    """Whether the kept positions are the first ones."""
    if isinstance(positions, slice):
        return positions == slice(None)
    return bool((positions == torch.arange(len(positions), device=positions.device)).all())


def projected_of(heads: int, value: torch.Tensor, output: torch.Tensor) -> Projected:
    """Values ``[kv_head, key, d]`` and output ``[head, query, d]``, projected as ``checking.row_errors`` does."""
    groups = heads // value.shape[0]
    signs = projection(heads, value.shape[-1]).to(value.device)[::groups]
    values = value.float()
    sides = torch.stack([(values * signs[:, None]).sum(-1), values.norm(dim=-1)], dim=-1)
    returned = torch.stack(
        [
            (one.float() * sign).sum(-1)
            for one, sign in zip(output, signs.repeat_interleave(groups, 0), strict=True)
        ]
    )
    return Projected(sides.repeat_interleave(groups, 0), returned, torch.finfo(output.dtype).tiny)


def can_stream(call: Call, outer: list[int], wants: Streams) -> bool:
    """Whether a call is a plain softmax(q · k) under a mask, and too large or better kept as vectors."""
    if call.change is not None or call.sinks is not None or call.doubts or call.padded is not None:
        return False
    queries, keys = call.query.shape[-2], call.key.shape[-2]
    if not queries or (call.is_causal and queries != keys) or call.query.is_nested:
        return False
    if call.mask is not None and (call.mask.dim() != 4 or call.query.dim() != 4):
        return False
    key_heads = prod(call.key.shape[:-2]) // outer[0]
    size = (outer[1] * queries + key_heads * keys) * call.query.shape[-1] * call.query.element_size()
    shape = (outer[1], queries, keys)
    return 4 * prod(shape) > MOST_WHOLE_BYTES or wants(shape, key_heads, size)


def whole_sighting(sighting: Sighting) -> None:
    """Give a sighting its weights after all."""
    assert isinstance(sighting.weights, StreamedMap)
    whole = sighting.weights.make_whole()
    for name in WHOLE:
        setattr(sighting, name, getattr(whole, name))


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
)
