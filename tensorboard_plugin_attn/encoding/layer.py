"""One layer's attention ⇄ its encoded form: codes, row maxima, pictures, metrics, vectors and header entry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from copy import copy
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn.encoding.codes import (
    Compressor,
    encode_weights,
    inflate,
    pool_thumbnail,
    thumbnail_shape,
)
from tensorboard_plugin_attn.encoding.header import LayerEntry
from tensorboard_plugin_attn.encoding.members import Members, deflated, pack_heads
from tensorboard_plugin_attn.encoding.overview import LONG, SIDE, encode_log, pool_to
from tensorboard_plugin_attn.encoding.region import Rectangle, member_bands, pool_codes
from tensorboard_plugin_attn.encoding.spill import Spill
from tensorboard_plugin_attn.measuring.faults import layer_faults
from tensorboard_plugin_attn.measuring.head_metrics import Metric, compute_metrics
from tensorboard_plugin_attn.record.blocks import row_sums
from tensorboard_plugin_attn.record.layer import LayerAttention
from tensorboard_plugin_attn.record.tokens import TokenAxes

__all__ = ["VECTORS", "EncodedLayer", "decode_vector", "encode_layer", "maxima_of", "only_rows"]

VECTORS = ("query", "key", "bias", "lse", "sink", "value_norm")


@dataclass
class EncodedLayer:
    """What a file keeps of one layer. ``codes`` and the vectors are None where they were left out, or while and after
    they are ``packed``."""

    entry: LayerEntry
    metrics: NDArray[np.float32]  # [head, metric]
    thumbnail: NDArray[np.uint8]  # [head, height, width]
    codes: NDArray[Any] | None  # [head, query, key]
    row_max: NDArray[np.float32] | None  # [head, query]
    vectors: dict[str, tuple[str, NDArray[Any]]]  # name → safetensors dtype, array
    faults: list[dict[str, Any]] = field(default_factory=list)  # see layer_faults
    overview: NDArray[np.uint8] | None = None  # [head, height, width] in log codes, of long texts
    kept_rows: int | None = (
        None  # how many rows the codes have, None: all; the others are 0 and their maxima NaN
    )
    packed: Future[Members] | None = None
    noted: tuple[NDArray[np.int64], NDArray[np.uint8]] | None = None  # rows, their codes [head, row, key]

    @property
    def has_codes(self) -> bool:
        """Whether codes are kept."""
        return self.codes is not None or self.packed is not None

    def pack_by(self, packed: Future[Members]) -> None:
        """Codes will be packed by someone else and are gone from here."""
        self.codes, self.packed = None, packed

    def deflate(self, spill: Spill) -> None:
        """Make codes smaller that were packed as they are."""
        if self.packed is not None and self.packed.result().stored:
            smaller = deflated(self.packed.result(), spill)
            self.packed = Future()
            self.packed.set_result(smaller)

    def members(self, compressor: Compressor) -> Members | None:
        """The codes, packed; None where they were left out."""
        if self.packed is not None:
            return self.packed.result()
        return None if self.codes is None else pack_heads(self.codes, compressor)

    @property
    def nan_heads(self) -> list[int]:
        """The heads with NaN weights."""
        return [head for each in self.faults if each["fault"] == "nan" for head in each["heads"]]

    @property
    def kept_overview(self) -> NDArray[np.uint8] | None:
        """The picture that the file needs, None where the codes are there to be pooled."""
        return None if self.has_codes and self.kept_rows is None else self.overview

    @property
    def nbytes(self) -> int:
        """Bytes held, before compression."""
        arrays = [
            self.metrics,
            self.thumbnail,
            self.row_max,
            self.overview,
            *(array for _, array in self.vectors.values()),
        ]
        return self.code_bytes + sum(array.nbytes for array in arrays if array is not None)

    @property
    def code_bytes(self) -> int:
        """Bytes of the codes: as they are packed, else of the rows that are kept; also where they could not be packed."""
        if self.packed is not None and self.packed.done() and self.packed.exception() is None:
            return self.packed.result().nbytes
        if not self.has_codes:
            return 0
        shape = self.entry.heads, self.entry.queries, self.entry.keys
        # while they are being packed, a byte each is what they can take
        held = prod(shape) if self.codes is None else self.codes.nbytes
        return held if self.kept_rows is None else held * self.kept_rows // max(1, self.entry.queries)

    def leave_out(self) -> None:
        """Drop weights and vectors; metrics and pictures stay, that of a long text made of its codes where there is none yet.

        Raises:
            OSError: codes that were packed can no longer be read.
        """
        if self.overview is None and self.thumbnail.size and max(self.entry.shape[1:]) > LONG:
            self.overview = self.pooled_codes()
        self.codes, self.packed, self.row_max, self.vectors = None, None, None, {}
        self.entry = replace(self.entry, source="left_out", vectors=False, value_norm_of=None)

    def pooled_codes(self) -> NDArray[np.uint8] | None:
        """The picture of a long text, made of its codes; None where there are none."""
        _, queries, keys = self.entry.shape
        every = Rectangle(range(queries), range(keys), SIDE)
        if self.row_max is None or not self.has_codes:
            return None
        heads: Iterable[Iterable[tuple[int, NDArray[Any]]]]
        if self.packed is None:
            heads = ([(0, head)] for head in np.asarray(self.codes))
        else:
            heads = (
                member_bands(inflate(member), np.uint8, keys, every.queries, every.cell[0])
                for member in self.packed.result().each()
            )
        pictures = [
            pool_codes(bands, row_max, "uint8", every).codes
            for bands, row_max in zip(heads, self.row_max, strict=True)
        ]
        return np.stack(pictures)

    def halve_overview(self) -> None:
        """A picture of half the side."""
        if self.overview is not None:
            self.overview = pool_to(self.overview, max(1, -(-max(self.overview.shape[1:]) // 2)))


def encode_layer(
    layer: LayerAttention,
    axes: TokenAxes,
    metrics: Mapping[str, Metric],
    precision: str,
    *,
    keep: bool = True,
    picture: bool = True,
    source: str | None = None,
    rows: NDArray[np.int64] | None = None,
) -> EncodedLayer:
    """A labelled layer (see ``label_layer``) → its encoded form.

    ``source`` is what its weights will be read from: ``"codes"`` or ``"vectors"``; None: as the layer has them.
    Without weights when ``keep`` is False, with an empty thumbnail when ``picture`` is. ``rows``: those whose codes are
    kept, None: all.
    """
    chosen = "left_out" if not keep else source or ("vectors" if layer.weights is None else "codes")
    queries = len(axes.lists[axes.names(layer)[0]])
    shape = thumbnail_shape(queries, layer.num_keys)
    heads = [layer] if layer.weights is not None else list(single_heads(layer))
    long = picture and max(layer.num_queries, layer.num_keys) > LONG
    maxima = [each.weights.max(axis=-1) for each in heads]
    codes, row_max = (
        joined(
            *(encode_weights(each.weights, precision, top) for each, top in zip(heads, maxima, strict=True))
        )
        if chosen == "codes"
        else (None, None)
    )
    if codes is not None and row_max is not None and rows is not None:
        row_max = only_rows(codes, row_max, rows)
    vectors = encode_vectors(layer, chosen) if keep else {}
    return EncodedLayer(
        entry=replace(
            header_entry(layer, axes, shape),
            source=chosen,
            vectors="query" in vectors,
            value_norm_of=layer.value_norm_of if "value_norm" in vectors else None,
        ),
        metrics=np.concatenate(
            [compute_metrics(each, metrics, top) for each, top in zip(heads, maxima, strict=True)]
        ),
        thumbnail=np.concatenate(
            [pool_thumbnail(each.weights, queries, layer.query_numbers) for each in heads]
        )
        if picture
        else np.empty((0, *shape), np.uint8),
        codes=codes,
        row_max=row_max,
        vectors=vectors,
        faults=head_faults(heads),
        overview=np.concatenate([pool_to(encode_log(each.weights), SIDE) for each in heads])
        if long
        else None,
        kept_rows=None if rows is None or codes is None else len(rows),
    )


def only_rows(
    codes: NDArray[Any], row_max: NDArray[np.float32], rows: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Empty all rows but some, in place; the row maxima, NaN of what is gone."""
    gone = np.ones(codes.shape[1], bool)
    gone[rows] = False
    codes[:, gone] = 0 if codes.dtype == np.uint8 else np.nan
    return maxima_of(row_max, rows)


def maxima_of(row_max: NDArray[np.float32], rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Row maxima ``[head, query]``, NaN but of some rows."""
    known = np.full_like(row_max, np.nan)
    known[:, rows] = row_max[:, rows]
    return known


def single_heads(layer: LayerAttention) -> Iterator[LayerAttention]:
    """A layer of vectors → one layer of weights for each head, one at a time."""
    for head in range(layer.num_heads):
        kv_head = head * layer.num_kv_heads // layer.num_heads
        one = copy(layer)
        one.weights = layer.weights_of(head)[None]
        one.query, one.key = layer.query[head : head + 1], layer.key[kv_head : kv_head + 1]
        for name in ("lse", "sink", "value_norm", "max_score"):
            value = getattr(layer, name)
            setattr(one, name, None if value is None else value[head : head + 1])
        one.bias = None if layer.bias is None else np.broadcast_to(layer.bias, layer.shape)[head : head + 1]
        one.heads = None
        yield one


def joined(*parts: tuple[NDArray[Any], NDArray[np.float32]]) -> tuple[NDArray[Any], NDArray[np.float32]]:
    """Codes and row maxima of several heads → those of the layer."""
    codes, row_max = zip(*parts, strict=True)
    return parts[0] if len(parts) == 1 else (np.concatenate(codes), np.concatenate(row_max))


def head_faults(heads: list[LayerAttention]) -> list[dict[str, Any]]:
    """Faults of a layer, or of heads that came one by one, numbered as in their layer."""
    if len(heads) == 1:
        return layer_faults(heads[0])
    found: dict[str, dict[str, Any]] = {}
    for number, head in enumerate(heads):
        for each in layer_faults(head):
            known = found.setdefault(each["fault"], {**each, "heads": []})
            known["heads"].append(number)
    return list(found.values())


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
        model_heads=None if layer.model_heads is None else int(layer.model_heads),
        output_error=None if layer.output_error is None else float(layer.output_error),
    )


def encode_vectors(
    layer: LayerAttention, source: str, names: Sequence[str] = VECTORS
) -> dict[str, tuple[str, NDArray[Any]]]:
    """What lies beside codes or in their place, query and key in the model's own floating type."""
    vectors: dict[str, tuple[str, NDArray[Any]]] = {}
    for name in VECTORS:
        array = getattr(layer, name) if name in names else None
        if array is None:
            continue
        if name == "value_norm":
            vectors[name] = encode_norm(array)
        elif name in ("query", "key") and layer.dtype == "bfloat16":
            bits = np.ascontiguousarray(array, np.float32).view(np.uint32)
            vectors[name] = "BF16", (bits >> 16).astype(np.uint16)
        else:
            vectors[name] = ("F16" if array.dtype == np.float16 else "F32"), np.array(array, order="C")
    if source == "vectors" and "lse" not in vectors:
        vectors["lse"] = "F32", row_sums(layer)
    return vectors


def encode_norm(norm: Any) -> tuple[str, NDArray[np.float16]]:
    """Lengths of values as they are stored."""
    return "F16", np.array(np.minimum(norm, 65504), np.float16, order="C")


def decode_vector(dtype: str, array: NDArray[Any]) -> NDArray[Any]:
    """A stored vector → float32, or float16 as stored."""
    if dtype != "BF16":
        return array
    return (array.astype(np.uint32) << 16).view(np.float32)
