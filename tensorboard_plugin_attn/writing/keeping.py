"""A layer and ``keep`` → whether its codes or its queries and keys are kept, and how many bytes that will take."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import NamedTuple

import numpy as np

from tensorboard_plugin_attn.encoding.codes import PRECISIONS, thumbnail_shape
from tensorboard_plugin_attn.encoding.layer import VECTORS
from tensorboard_plugin_attn.encoding.streamed import MOST_REBUILD_ERROR, measure_rebuilding
from tensorboard_plugin_attn.record.layer import LayerAttention
from tensorboard_plugin_attn.writing.chosen_rows import ChosenRows

__all__ = ["KEEP", "Keeping", "Shares", "beside_bytes", "code_bytes"]

KEEP = ("auto", "weights", "vectors")
EVERY_ROW = ChosenRows()
HEADER_BYTES = 400  # of one layer's entry
FILE_SHARE = {"full": 0.85, "causal": 0.42}  # bytes in the file per byte of codes, as measured


class Shares(NamedTuple):
    """Of the estimated bytes of layers: those of one row of codes, and those that stay with fewer rows; those of one head,
    and those that stay with fewer heads."""

    row: float = 0.0
    beside_rows: float = 0.0
    head: float = 0.0
    beside_heads: float = 0.0


@dataclass(frozen=True)
class Keeping:
    """What is kept of a layer: ``"auto"``: the smaller one, ``"weights"`` or ``"vectors"``, where they can be had."""

    keep: str = "auto"
    metrics_only: bool = False
    chosen: ChosenRows = EVERY_ROW

    def streams(self, precision: str, shape: tuple[int, int, int], key_heads: int, vector_bytes: int) -> bool:
        """Whether to have a layer as query and key, since these are what will be kept.

        ``shape`` is ``[head, query, key]``, ``vector_bytes`` those of query and key.
        """
        if self.metrics_only or self.keep == "weights":
            return False
        beside = 4 * shape[0] * shape[1]
        smaller = vector_bytes + beside < self.chosen.share(shape[1]) * code_bytes(shape, "causal", precision)
        return self.keep == "vectors" or (precision == "uint8" and smaller)

    def source_of(self, layer: LayerAttention, precision: str) -> tuple[str, float]:
        """``"codes"`` or ``"vectors"``, and the estimated bytes in the file."""
        beside = vector_bytes(layer)
        if layer.weights is None and layer.blocks is None:
            return "vectors", beside + lse_bytes(layer)
        codes = self.chosen.share(layer.num_queries) * code_bytes(
            layer.shape, layer.mask or "other", precision
        )
        if layer.blocks is None or (layer.blocks.gives_weights and layer.blocks.vectors is None):
            return self.of_weights(layer, codes, beside)
        vectors = beside + lse_bytes(layer)
        if layer.query is None:
            return "codes", codes + beside
        codes += beside if layer.blocks.keeps_vectors else 0
        wants = self.keep == "vectors" or (self.keep == "auto" and precision == "uint8" and vectors < codes)
        if not wants or self.metrics_only:
            return "codes", codes
        measure_rebuilding(layer)
        is_exact = layer.rebuild_error is not None and layer.rebuild_error <= MOST_REBUILD_ERROR
        if is_exact and layer.blocks.gives_weights:
            layer.blocks = layer.blocks.vectors
        return ("vectors", vectors) if is_exact else ("codes", codes)

    def shares(
        self, layer: LayerAttention, precision: str, source: str, size: float, beside: float
    ) -> Shares:
        """What fewer rows or heads would save of a layer's ``size``, kept as ``source``, and of what is ``beside`` it.

        With fewer rows a layer of vectors may be kept as codes; with fewer heads each has a key of its own.
        """
        queries, heads, kv_heads = layer.num_queries, layer.num_heads, layer.num_kv_heads
        row = code_bytes(layer.shape, layer.mask or "other", precision) / queries
        if source == "codes":
            beside_rows = size - self.chosen.share(queries) * queries * row
        else:
            beside_rows = size if self.keep == "vectors" else maxima_bytes(layer)
        has_vectors = source == "vectors" or layer.blocks is None or layer.blocks.keeps_vectors
        key = vector_bytes(layer, "key") if has_vectors and kv_heads < heads else 0.0
        bias = vector_bytes(layer, "bias") if has_vectors else 0.0  # it may be that of all heads
        head = (size + beside - HEADER_BYTES - key - bias) / heads + key / kv_heads
        return Shares(row, beside_rows, head, HEADER_BYTES + bias)

    def of_weights(self, layer: LayerAttention, codes: float, beside: float) -> tuple[str, float]:
        """The same of a layer that came with its weights: they are kept, unless vectors are asked for and good."""
        error = layer.rebuild_error
        is_exact = layer.query is not None and error is not None and error <= MOST_REBUILD_ERROR
        is_known = layer.mask != "other" or layer.bias is not None
        if self.keep == "vectors" and is_exact and is_known and not self.metrics_only:
            return "vectors", beside + lse_bytes(layer)
        return "codes", codes + beside


def code_bytes(shape: tuple[int, int, int], mask: str, precision: str) -> float:
    """Estimated bytes of a layer's codes in the file."""
    share = FILE_SHARE.get(mask, 0.85) if precision == "uint8" else 1.0
    return share * np.dtype(PRECISIONS[precision]).itemsize * prod(shape)


def beside_bytes(layer: LayerAttention, metrics: int, *, has_picture: bool) -> float:
    """Estimated bytes of what a record has of a layer whether its weights are kept or not."""
    shape = (layer.num_heads, *thumbnail_shape(layer.num_queries, layer.num_keys))
    picture = code_bytes(shape, layer.mask or "other", "uint8") if has_picture else 0.0
    return HEADER_BYTES + 4 * layer.num_heads * metrics + picture


def maxima_bytes(layer: LayerAttention) -> float:
    """Bytes of each row's largest weight, which lie beside codes."""
    return 4.0 * layer.num_heads * layer.num_queries


def vector_bytes(layer: LayerAttention, *names: str) -> float:
    """Estimated bytes of what lies beside a layer's codes or in their place, or of some of it."""
    total = 0.0
    for name in names or VECTORS:
        array = getattr(layer, name)
        if array is not None:
            is_half = name == "value_norm" or (name in ("query", "key") and layer.dtype == "bfloat16")
            total += array.size * (2 if is_half else array.itemsize)
    return total


def lse_bytes(layer: LayerAttention) -> float:
    """Bytes of the row sums, where they are not among the vectors yet."""
    return 4.0 * layer.num_heads * layer.num_queries if layer.lse is None else 0.0
