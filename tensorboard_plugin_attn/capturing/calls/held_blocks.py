"""A map that is there, such as a model's own softmax or an array that was logged → its rows, a block at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from tensorboard_plugin_attn.capturing.calls.masks import HIDDEN, seen_in_scores
from tensorboard_plugin_attn.capturing.calls.row_blocks import LayerBlocks, RowSource, Space
from tensorboard_plugin_attn.measuring.row_stats import Questions, RowStats, with_sink
from tensorboard_plugin_attn.record.checks import to_numpy, weights_shape
from tensorboard_plugin_attn.record.layer import LayerAttention

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["MapBlocks", "in_full_precision", "layer_in_blocks"]

ROUNDED = 0.005
"""What rounding to half precision may take from a sum of 1."""
DIFFERS = 0.05
"""More than rounding scores to half precision changes a weight."""


@dataclass(eq=False, kw_only=True)
class MapBlocks(RowSource):
    """Rows of ``held`` ``[head, query, key]``, of any type, on any device and in any order of memory; never written to.

    ``scores``: of the same shape, as they entered the softmax, None: not known; ``is_masked``: where a weight is 0 a
    key was hidden after they were computed. ``vectors``: the same rows worked out of query and key, if these are all
    that they are made of. ``rounded_sum``: more than that missing of a row's sum is a sink's share; None: nothing is.
    """

    gives_weights = True

    held: torch.Tensor
    scores: torch.Tensor | None = None
    is_masked: bool = False
    vectors: LayerBlocks | None = None
    rounded_sum: float | None = None

    @property
    def shape(self) -> tuple[int, int, int]:
        """``[head, query, key]``."""
        heads, queries, keys = self.held.shape
        return heads, queries, keys

    @property
    def device(self) -> torch.device:
        """The map's."""
        return self.held.device

    def of_heads(self, numbers: Sequence[int] | slice) -> Self:
        """Some of the heads."""
        return replace(
            super().of_heads(numbers),
            held=self.held[numbers],
            scores=None if self.scores is None else self.scores[numbers],
            vectors=None if self.vectors is None else self.vectors.of_heads(numbers),
        )

    def read(self, rows: slice, space: Space = torch.empty, *, unit: float = 1.0) -> torch.Tensor:
        """Weights of some rows; those of half precision are computed again from their scores."""
        weights = self.held[:, rows].float()
        if self.held.dtype.itemsize >= 4 or self.scores is None:
            return weights
        return in_full_precision(weights, self.scores_of(rows, weights))

    def scores_of(self, rows: slice, weights: torch.Tensor) -> torch.Tensor:
        """Scores of some rows, −inf where a key was hidden after they were computed."""
        assert self.scores is not None
        scores = self.scores[:, rows].float()
        return scores.masked_fill(weights == 0, -torch.inf) if self.is_masked else scores

    def row_scores(self, rows: slice, weights: torch.Tensor) -> torch.Tensor | None:
        """The largest score of a key that each row may see, ``[head, row]``."""
        if self.scores is None:
            return None
        scores = self.scores_of(rows, weights)
        allowed = seen_in_scores(scores)
        return (scores if allowed is None else scores.masked_fill(~allowed, HIDDEN)).amax(-1)

    def measure(self, questions: Questions) -> RowStats:
        """One pass over all rows; what is missing of their sums is a sink's."""
        stats = super().measure(questions)
        if self.rounded_sum is not None:
            self.stats = stats = with_sink(stats, self.rounded_sum)
        return stats


def in_full_precision(weights: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
    """Weights of half precision, computed again from their scores; as they were where these say something else."""
    mass = weights.sum(-1, keepdim=True)
    again = scores.softmax(-1) * torch.where((mass - 1).abs() < ROUNDED, 1.0, mass)
    again = again.nan_to_num(0.0)
    return again if bool((again - weights).abs().max() < DIFFERS) else weights


def layer_in_blocks(layer: LayerAttention[Any], index: int) -> MapBlocks:
    """The weights of a layer that came with them, torch or anything with ``__array__``, as they lie in memory.

    Raises:
        InvalidRecordError: they are not ``[head, query, key]`` of one input.
    """
    held = weights_shape(layer.weights, index)
    if not isinstance(held, torch.Tensor):
        held = torch.from_numpy(readable(held))
    norm = None if layer.value_norm is None else torch.as_tensor(layer.value_norm, device=held.device)
    blocks = MapBlocks(held=held.detach(), mask=layer.mask or "full", value_norm=norm)
    if layer.mask is None:
        with blocks.computing():
            blocks.mask = mask_of(blocks)
    return blocks


def readable(array: Any) -> np.ndarray[Any, Any]:
    """An array as torch takes it: of a type that it knows, with steps forward, and not marked as read-only."""
    array = to_numpy(array)
    result: np.ndarray[Any, Any] = array
    if array.dtype not in (np.float16, np.float32, np.float64) or min(array.strides, default=0) < 0:
        return np.ascontiguousarray(array, np.float32)
    if array.flags.writeable:
        return result
    interface = dict(array.__array_interface__)
    interface["data"] = (interface["data"][0], False)  # nobody writes to it; torch would warn
    result = np.asarray(SimpleNamespace(__array_interface__=interface, base=array))
    return result  # noqa: RET504 numpy says Any of it


def mask_of(blocks: MapBlocks) -> str:
    """``"causal"`` when no query of a square layer gives weight to a later key, else ``"full"``."""
    _, queries, keys = blocks.shape
    if queries != keys or queries == 1 or bool((blocks.held[:, 0, 1:] > 0).any()):
        return "full"
    for rows in blocks.blocks():
        reach = blocks.held[:, rows].amax(0)
        own = torch.arange(rows.start, rows.stop, device=blocks.device)[:, None]
        if bool(((reach > 0) & (torch.arange(keys, device=blocks.device) > own)).any()):
            return "full"
    return "causal"
