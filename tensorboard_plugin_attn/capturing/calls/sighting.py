"""One attention call that a mechanism saw → a LayerAttention with weights ``[batch, head, query, key]``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import torch

from tensorboard_plugin_attn.capturing.calls.checking import in_float32, settle
from tensorboard_plugin_attn.capturing.calls.held_blocks import MapBlocks
from tensorboard_plugin_attn.capturing.calls.masks import kind_of
from tensorboard_plugin_attn.capturing.calls.row_blocks import LayerBlocks, RowSource
from tensorboard_plugin_attn.capturing.calls.streamed import StreamedMap, whole_sighting
from tensorboard_plugin_attn.record.layer import LayerAttention
from tensorboard_plugin_attn.warn import tell

__all__ = ["MODELS_OWN", "LeftOut", "Sighting", "in_float32", "traces_of"]


@dataclass(frozen=True)
class LeftOut:
    """A map that was seen and is no attention over tokens, and why."""

    module: str
    what: str
    reason: str

    def __str__(self) -> str:
        return f"{self.module or 'the model'}: {self.what}: {self.reason}"


MODELS_OWN = ("query", "key", "bias", "allowed")
"""What of a sighting may be the model's own tensors, which it may write into later."""


@dataclass(eq=False)
class Sighting:
    """What one attention call computed; all tensors detached.

    ``weights`` float32 ``[batch, head, query, key]``, or a StreamedMap in their place; ``allowed`` (bool) and ``bias`` (finite, float32)
    broadcast to it; ``query`` ``[batch, head, query, d]``, ``key`` ``[batch, kv_head, key, d]``.
    ``row_scores``: ``[batch, head, query]``, the largest score of a key that the query may see.
    ``traces``: the first features of every key, ``[batch, key, feature]``, by which a later step of a generation is
    known to continue this one; none of them where no later step is looked for.
    ``mask``: what it is among all queries and keys, None: ``allowed`` says.
    ``value`` ``[batch, kv_head, key, d]`` and ``output`` ``[batch, head, query, d]``: what the call was given and
    returned, without dropout, until they have been compared. ``output_error``: ``[batch, head, query]``, how far
    weights · values are from the output, None where that could not be seen; ``worst``: these errors and the largest of
    them; ``budget``: how far rounding may put them, weights that were ``rounded`` to a coarser type since their softmax
    included. ``sink``: ``[batch, head, query]``, the share of each row that goes to no key; ``is_whole``: there is none, as
    its softmax was of these keys alone. ``lengths``: ``[batch, kv_head, key]`` of the values, where they were compared. ``value_norm``: ``[batch, head, key]``,
    the length of each key's value; ``value_norm_of``: ``"vWo"`` behind the output projection. ``checked``: value and
    output once they have been compared, until the sighting is handed on. ``windows``: what the running modules say of windows
    over an image, where these are to become one map; ``padded_window``: it is the only one, and larger than the image; ``grid``: the rows and columns of that map.
    """

    weights: Any  # a tensor, or the StreamedMap that stands for it
    mechanism: str
    dtype: str
    kind: str = "self"
    name: str = ""
    stack: str = ""
    forward: int = 0
    scale: float | None = None
    query: torch.Tensor | None = None
    key: torch.Tensor | None = None
    bias: torch.Tensor | None = None
    allowed: torch.Tensor | None = None
    row_scores: torch.Tensor | None = None
    traces: torch.Tensor | None = None
    knows_mask: bool = True
    mask: str | None = None
    value: torch.Tensor | None = None
    output: torch.Tensor | None = None
    output_error: torch.Tensor | None = None
    worst: tuple[torch.Tensor, float] | None = None
    budget: float = 0.0
    rounded: torch.dtype | None = None
    sink: torch.Tensor | None = None
    is_whole: bool = False
    lengths: torch.Tensor | None = None
    model_heads: int | None = None
    value_norm: torch.Tensor | None = None
    value_norm_of: str = "v"
    checked: tuple[torch.Tensor | None, torch.Tensor | None] = (None, None)
    windows: Sequence[Any] = ()
    padded_window: bool = False
    grid: tuple[int, int] | None = None

    @property
    def largest_error(self) -> float | None:
        """The largest of ``output_error``; None where there is none."""
        if self.output_error is None:
            return None
        if self.worst is None or self.worst[0] is not self.output_error:
            self.worst = self.output_error, float(self.output_error.max())
        return self.worst[1]

    def layer(self) -> LayerAttention[torch.Tensor]:
        """The whole batch as a LayerAttention of torch tensors."""
        mask = self.mask_of(self.allowed) if self.knows_mask else None
        layer = self.described(self.weights, self.query, self.key, self.bias, self.allowed, mask)
        layer.max_score = None if self.row_scores is None else self.row_scores.amax(-1)
        layer.sink, layer.value_norm, layer.value_norm_of = self.sink, self.value_norm, self.value_norm_of
        if self.output_error is not None:
            self.compare(layer, self.output_error.amax((0, 2)))
        return layer

    def row(
        self, batch: int, queries: torch.Tensor | slice, keys: torch.Tensor | slice
    ) -> LayerAttention[Any]:
        """One input of the batch, padding cropped: weights ``[head, query, key]``."""
        if isinstance(self.weights, StreamedMap):
            blocks = self.weights.layer(batch, queries, keys)
            if blocks is not None:
                return self.streamed(blocks)
            whole_sighting(self)
            settle(self)
        batch = batch if self.weights.shape[0] > 1 else 0
        weights = self.weights[batch]
        is_cropped = not isinstance(queries, slice) or not isinstance(keys, slice)
        if is_cropped:
            weights = weights[:, queries][:, :, keys]
        allowed = picked(self.allowed, batch, queries, keys)
        layer = self.described(
            weights,
            None if self.query is None else at(self.query[batch], queries),
            None if self.key is None else at(self.key[batch], keys),
            picked(self.bias, batch, queries, keys),
            allowed,
            self.mask_of(allowed, is_cropped=is_cropped) if self.knows_mask else None,
        )
        if self.row_scores is not None and weights.shape[1]:
            layer.max_score = at(self.row_scores[batch], queries).amax(-1)
        if self.sink is not None:
            layer.sink = at(self.sink[batch], queries)
        self.tell_values(layer, batch, keys)
        if self.output_error is None or not weights.shape[1]:
            return layer
        worst = self.largest_error if len(self.output_error) == 1 and not is_cropped else None
        if worst is not None and worst <= self.budget:
            layer.output_error, layer.differing_heads = worst, []
        else:
            self.compare(layer, at(self.output_error[batch], queries).amax(-1))
        return layer

    def mask_of(self, allowed: torch.Tensor | None, *, is_cropped: bool = False) -> str:
        """The mask's name among the positions that are kept."""
        return kind_of(allowed) if self.mask is None or is_cropped else self.mask

    def streamed(self, blocks: RowSource) -> LayerAttention[Any]:
        """A layer that is measured in blocks; with query and key where these rebuild it."""
        vectors = blocks.vectors if isinstance(blocks, MapBlocks) else blocks
        known = vectors if isinstance(vectors, LayerBlocks) and vectors.is_plain else None
        if known is None and blocks.keeps_vectors:
            tell(
                f"layer {self.name!r}: query and key are not kept, as something is added to their scores and its weights "
                f"take {4 * prod(blocks.shape) >> 20} MiB; log fewer heads=, or a shorter text"
            )
        given: Any = blocks  # in the place of weights, until the next line but one
        layer: LayerAttention[Any] = LayerAttention(
            given,
            name=self.name,
            kind=self.kind,
            stack=self.stack,
            mask=blocks.mask,
            query=None if known is None else known.query,
            key=None if known is None else known.key,
            scale=self.scale,
            mechanism=self.mechanism,
            dtype=self.dtype,
            model_heads=self.model_heads,
            value_norm=blocks.value_norm,
        )
        layer.weights, layer.blocks, layer.value_norm_of = None, blocks, self.value_norm_of
        return layer

    def measure_values(self, value: torch.Tensor | None) -> None:
        """Set ``value_norm`` where the values are known; heads that share values have the same."""
        batch, heads, _, keys = self.weights.shape
        if value is None or value.dim() != 4 or value.shape[-2] != keys or heads % value.shape[1]:
            return
        if value.shape[0] in (1, batch) and value.is_floating_point():
            norm = value.float().norm(dim=-1) if self.lengths is None else self.lengths
            self.lengths = None
            if value.shape[1] != heads:
                norm = norm.repeat_interleave(heads // value.shape[1], 1)
            self.value_norm = norm if len(norm) == batch else norm.expand(batch, -1, -1)

    def tell_values(self, layer: LayerAttention[Any], batch: int, keys: torch.Tensor | slice) -> None:
        """Give a layer of one input the lengths of its values."""
        if self.value_norm is not None:
            layer.value_norm, layer.value_norm_of = at(self.value_norm[batch], keys), self.value_norm_of

    def compare(self, layer: LayerAttention[torch.Tensor], errors: torch.Tensor) -> None:
        """Give a layer the largest of its heads' errors, and the heads above the budget."""
        layer.output_error = worst = float(errors.max())
        layer.differing_heads = (
            [] if worst <= self.budget else (errors > self.budget).nonzero()[:, 0].tolist()
        )

    def described(
        self,
        weights: torch.Tensor,
        query: torch.Tensor | None,
        key: torch.Tensor | None,
        bias: torch.Tensor | None,
        allowed: torch.Tensor | None,
        mask: str | None,
    ) -> LayerAttention[torch.Tensor]:
        """Weights and vectors with all that is known of the call, the rebuilt row compared."""
        if mask == "other" and allowed is not None and query is not None:
            bias = torch.where(allowed, 0.0 if bias is None else bias, -torch.inf)
        layer: LayerAttention[torch.Tensor] = LayerAttention(
            weights,
            name=self.name,
            kind=self.kind,
            stack=self.stack,
            mask=mask,
            query=query,
            key=key,
            scale=self.scale,
            bias=bias if query is not None else None,
            mechanism=self.mechanism,
            dtype=self.dtype,
            model_heads=self.model_heads,
        )
        if query is not None and key is not None:
            layer.rebuild_error = rebuild_error(layer, allowed)
        return layer


def traces_of(key: torch.Tensor) -> torch.Tensor:
    """The first features of the first head's keys, ``[batch, key, feature]``."""
    return key[:, 0, :, :TRACED].detach().to(torch.float32, copy=True)


TRACED = 16


def at(tensor: torch.Tensor, positions: torch.Tensor | slice) -> torch.Tensor:
    """Some positions of the second axis; all of them without another view."""
    return tensor if isinstance(positions, slice) and positions == EVERY else tensor[:, positions]


EVERY = slice(None)


def picked(
    tensor: torch.Tensor | None, batch: int, queries: torch.Tensor | slice, keys: torch.Tensor | slice
) -> torch.Tensor | None:
    """One input of a broadcastable ``[batch, head, query, key]`` tensor, its lengths cropped where it has them."""
    if tensor is None:
        return None
    tensor = tensor.reshape((1,) * (4 - tensor.dim()) + tuple(tensor.shape))
    row = tensor[batch if tensor.shape[0] > 1 else 0]
    if isinstance(queries, slice) and isinstance(keys, slice) and queries == keys == EVERY:
        return row
    row = row[:, queries] if row.shape[1] > 1 else row
    return row[:, :, keys] if row.shape[2] > 1 else row


def rebuild_error(layer: LayerAttention[torch.Tensor], allowed: torch.Tensor | None) -> float:
    """Largest |softmax(q·k·scale + bias + mask) − weights| over all heads of the last query that sees a key."""
    if not layer.weights.numel():
        return 0.0
    last = last_seeing(allowed, int(layer.weights.shape[-2]))
    rows = slice(last, last + 1)
    query, key, weights = layer.query[..., rows, :].float(), layer.key.float(), layer.weights[..., rows, :]
    groups = query.shape[-3] // key.shape[-3]
    key = key.repeat_interleave(groups, dim=-3) if groups > 1 else key
    scores = query @ key.transpose(-1, -2) * (1.0 if layer.scale is None else layer.scale)
    if layer.bias is not None:
        scores = scores + (layer.bias[..., rows, :] if layer.bias.shape[-2] > 1 else layer.bias)
    if allowed is not None:
        seen = allowed[..., rows, :] if allowed.shape[-2] > 1 else allowed
        scores = scores.masked_fill(~seen, -torch.inf)
    return float((torch.nan_to_num(scores.softmax(-1)) - weights).abs().max())


def last_seeing(allowed: torch.Tensor | None, queries: int) -> int:
    """The last query that may see a key in every input and head."""
    if allowed is None or allowed.shape[-2] == 1:
        return queries - 1
    sees = allowed.any(-1).reshape(-1, queries).all(0).nonzero()
    return int(sees[-1]) if len(sees) else queries - 1
