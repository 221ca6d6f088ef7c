"""One layer's attention ⇄ its encoded form: codes, row maxima, thumbnail, metrics, vectors and header entry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn.encoding.codes import encode_weights, pool_thumbnail, thumbnail_shape
from tensorboard_plugin_attn.encoding.header import LayerEntry
from tensorboard_plugin_attn.measuring.faults import layer_faults
from tensorboard_plugin_attn.measuring.head_metrics import Metric, compute_metrics
from tensorboard_plugin_attn.record.layer import LayerAttention
from tensorboard_plugin_attn.record.tokens import TokenAxes

__all__ = ["VECTORS", "EncodedLayer", "decode_vector", "encode_layer"]

VECTORS = ("query", "key", "bias")


@dataclass
class EncodedLayer:
    """What a file keeps of one layer. ``codes`` and the vectors are None where they were left out."""

    entry: LayerEntry
    metrics: NDArray[np.float32]  # [head, metric]
    thumbnail: NDArray[np.uint8]  # [head, height, width]
    codes: NDArray[Any] | None  # [head, query, key]
    row_max: NDArray[np.float32] | None  # [head, query]
    vectors: dict[str, tuple[str, NDArray[Any]]]  # name → safetensors dtype, array
    faults: list[dict[str, Any]]  # see layer_faults

    @property
    def nan_heads(self) -> list[int]:
        """The heads with NaN weights."""
        return [head for each in self.faults if each["fault"] == "nan" for head in each["heads"]]

    @property
    def nbytes(self) -> int:
        """Bytes held, before compression."""
        arrays = [
            self.metrics,
            self.thumbnail,
            self.codes,
            self.row_max,
            *(array for _, array in self.vectors.values()),
        ]
        return sum(array.nbytes for array in arrays if array is not None)

    def leave_out(self) -> None:
        """Drop weights and vectors; metrics and thumbnails stay."""
        self.codes, self.row_max, self.vectors = None, None, {}
        self.entry = replace(self.entry, weights=False, vectors=False)


def encode_layer(
    layer: LayerAttention,
    axes: TokenAxes,
    metrics: Mapping[str, Metric],
    precision: str,
    *,
    keep: bool = True,
    picture: bool = True,
) -> EncodedLayer:
    """A labelled layer (see ``TokenAxes.label``) → its encoded form.

    Without weights when ``keep`` is False, with an empty thumbnail when ``picture`` is.
    """
    shape = thumbnail_shape(layer.num_queries, layer.num_keys)
    thumbnail = pool_thumbnail(layer.weights) if picture else np.empty((0, *shape), np.uint8)
    codes, row_max = encode_weights(layer.weights, precision) if keep else (None, None)
    vectors = encode_vectors(layer) if keep else {}
    entry = header_entry(layer, axes, shape)
    return EncodedLayer(
        entry=replace(entry, weights=keep, vectors="query" in vectors),
        metrics=compute_metrics(layer, metrics),
        thumbnail=thumbnail,
        codes=codes,
        row_max=row_max,
        vectors=vectors,
        faults=layer_faults(layer),
    )


def header_entry(layer: LayerAttention, axes: TokenAxes, thumbnail: tuple[int, int]) -> LayerEntry:
    """What the header says of a layer, of which nothing is kept yet."""
    query_tokens, key_tokens = axes.names(layer)
    return LayerEntry(
        name=layer.name,
        kind=layer.kind,
        stack=layer.stack,
        heads=layer.num_heads,
        kv_heads=layer.num_kv_heads,
        queries=layer.num_queries,
        keys=layer.num_keys,
        mask=layer.mask or "other",
        scale=None if layer.scale is None else float(layer.scale),
        thumbnail=thumbnail,
        query_tokens=query_tokens,
        key_tokens=key_tokens,
        mechanism=layer.mechanism,
        dtype=layer.dtype,
        head_numbers=None if layer.heads is None else tuple(layer.heads),
        rebuild_error=None if layer.rebuild_error is None else float(layer.rebuild_error),
    )


def encode_vectors(layer: LayerAttention) -> dict[str, tuple[str, NDArray[Any]]]:
    """Query, key and bias in the model's own floating type."""
    vectors: dict[str, tuple[str, NDArray[Any]]] = {}
    for name in VECTORS:
        array = getattr(layer, name)
        if array is None:
            continue
        if name != "bias" and layer.dtype == "bfloat16":
            bits = np.ascontiguousarray(array, np.float32).view(np.uint32)
            vectors[name] = "BF16", (bits >> 16).astype(np.uint16)
        else:
            vectors[name] = ("F16" if array.dtype == np.float16 else "F32"), np.array(array, order="C")
    return vectors


def decode_vector(dtype: str, array: NDArray[Any]) -> NDArray[Any]:
    """A stored vector → float32, or float16 as stored."""
    if dtype != "BF16":
        return array
    return (array.astype(np.uint32) << 16).view(np.float32)
