"""A model's own softmax whose map is too large, or whose vectors are to be kept → its rows, a block at a time."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import torch

from tensorboard_plugin_attn.capturing.calls.checking import EXACT_SUM, ROUNDED_SUM
from tensorboard_plugin_attn.capturing.calls.held_blocks import MapBlocks
from tensorboard_plugin_attn.capturing.calls.mask_names import scores_mask_name
from tensorboard_plugin_attn.capturing.calls.row_blocks import BLOCK_BYTES, LayerBlocks
from tensorboard_plugin_attn.capturing.calls.sighting import Sighting
from tensorboard_plugin_attn.capturing.calls.softmax_matmul import Layout, sighting_of, vectors_of
from tensorboard_plugin_attn.capturing.calls.streamed import Positions, StreamedMap, Streams, is_streamed
from tensorboard_plugin_attn.capturing.tracing.axes import arranged, holds
from tensorboard_plugin_attn.capturing.tracing.facts import WeightMap

__all__ = ["HeldMap", "held_sighting"]


@dataclass(eq=False, kw_only=True)
class HeldMap(StreamedMap):
    """``held`` ``[batch, head, query, key]``: the model's own tensor, and its ``scores`` where they are known; ``vectors``:
    query ``[batch, head, query, d]``, key ``[batch, kv_head, key, d]`` and scale of these."""

    held: torch.Tensor
    scores: torch.Tensor | None
    is_masked: bool
    vectors: tuple[torch.Tensor, torch.Tensor, float] | None
    rounded_sum: float

    @property
    def shape(self) -> torch.Size:
        """``[batch, head, query, key]``."""
        return self.held.shape

    @property
    def device(self) -> torch.device:
        """The model's."""
        return self.held.device

    def layer(self, batch: int, queries: Positions, keys: Positions) -> MapBlocks | None:
        """One input, padding cropped; None where it leaves weight on what was cropped."""
        batch = batch if len(self) > 1 else 0
        queries, keys = neighbours(queries), neighbours(keys)
        if self.reaches(batch, queries, keys):
            return None
        compared = self.compared_with(batch, queries, keys)
        blocks = MapBlocks(
            held=self.held[batch][:, queries][:, :, keys],
            scores=None if self.scores is None else self.scores[batch][:, queries][:, :, keys],
            is_masked=self.is_masked,
            rounded_sum=self.rounded_sum,
            keeps_vectors=self.keeps_vectors,
            told=self.measured,
            **compared,
        )
        blocks.mask = "other" if self.scores is None else self.mask_kind(blocks)
        if self.vectors is not None and blocks.mask != "other":
            query, key, scale = self.vectors
            blocks.vectors = LayerBlocks(
                query=query[batch][:, queries],
                key=key[batch][:, keys],
                scale=scale,
                mask=blocks.mask,
                keeps_vectors=self.keeps_vectors,
                told=self.measured,
                **compared,
            )
        return blocks

    def reaches(self, batch: int, queries: Positions, keys: Positions) -> bool:
        """Whether a query that is kept gives weight to a key that is not."""
        if keys == slice(None):
            return False
        gone = torch.ones(self.shape[3], dtype=torch.bool, device=self.device)
        gone[keys] = False
        weights = self.held[batch][:, queries]
        step = rows_at_once(self.shape)
        return any(
            bool((weights[:, start : start + step][:, :, gone] > 0).any())
            for start in range(0, weights.shape[1], step)
        )

    def mask_kind(self, blocks: MapBlocks) -> str:
        """The name of one input's mask, read off its scores."""

        def scores_of(rows: slice) -> torch.Tensor:
            return blocks.scores_of(rows, blocks.held[:, rows] if self.is_masked else blocks.held[:0])

        _, queries, keys = blocks.shape
        return scores_mask_name(queries, keys, scores_of, rows_at_once(self.shape)) or "other"


def rows_at_once(shape: torch.Size) -> int:
    """How many rows of all heads make a block."""
    return max(1, BLOCK_BYTES // (4 * shape[1] * shape[3]))


def neighbours(positions: Positions) -> Positions:
    """Positions that follow each other as a slice, of which a tensor has a view."""
    if isinstance(positions, slice) or not len(positions):
        return positions
    first, last = int(positions[0]), int(positions[-1])
    is_run = last - first == len(positions) - 1 and bool((positions.diff() == 1).all())
    return slice(first, last + 1) if is_run else positions


def held_sighting(
    layout: Layout, found: WeightMap, *, with_vectors: bool, streams: Streams
) -> Sighting | None:
    """As ``softmax_matmul.sighting_of``, of a map that is to be read in blocks; None: of any other."""
    kept = found.weights
    if kept is None:
        return None
    _, heads, queries, keys = (prod(atom.size for atom in part) for part in layout.parts)
    if not heads * queries * keys:
        return None
    vector_bytes = key_heads = 0
    vectors = None
    if found.product is not None:
        operands = found.product.operands()
        key_heads, vector_bytes = heads, sum(each.numel() * each.element_size() for each in operands)
    if not is_streamed((heads, queries, keys), key_heads, vector_bytes, streams):
        return None
    held = arranged(kept.detach(), found.axes, layout.parts)
    scores = None
    if found.scores is not None and holds(found.axes, found.scores_axes):
        scores = arranged(found.scores.detach(), found.scores_axes, layout.parts)
        scores = scores if scores.shape == held.shape else None
    if found.product is not None:
        sides = vectors_of(found.product, layout, held)
        vectors = None if sides is None else (*sides, found.product.scale)
    model_dtype = kept.dtype if found.product is None else found.product.contraction.left.dtype
    dtype = str(model_dtype).removeprefix("torch.")
    streamed = HeldMap(
        held=held,
        scores=scores,
        is_masked=found.is_masked,
        vectors=vectors,
        rounded_sum=ROUNDED_SUM.get(dtype, EXACT_SUM),
        keeps_vectors=with_vectors,
        make_whole=lambda _: sighting_of(layout, found, with_vectors=with_vectors),
    )
    scale = None if found.product is None else found.product.scale
    sighting = Sighting(streamed, mechanism=found.mechanism, dtype=dtype, scale=scale)
    sighting.knows_mask = scores is not None
    return sighting
