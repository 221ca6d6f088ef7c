"""An opened record → what each route answers about it: JSON fields, or arrays with fields."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn.encoding.codes import (
    PRECISIONS,
    compress,
    encode_weights,
    pool_thumbnail,
    pool_width,
)
from tensorboard_plugin_attn.encoding.header import LayerEntry
from tensorboard_plugin_attn.encoding.rebuild import read_head_vectors
from tensorboard_plugin_attn.errors import DamagedFileError
from tensorboard_plugin_attn.reading.source import Source
from tensorboard_plugin_attn.record.blocks import MOST_CELLS, bands_of, vector_rows
from tensorboard_plugin_attn.serving.answers import Array, RequestError
from tensorboard_plugin_attn.serving.opened_record import OpenedRecord

__all__ = [
    "Packed",
    "absent",
    "record_result",
    "thumbnails_result",
    "vectors_result",
    "weights_result",
    "whole",
]

Packed = tuple[list[Array], dict[str, Any]]

DTYPES = {"F32": "float32", "F16": "float16", "BF16": "bfloat16", "U32": "uint32", "U8": "uint8"}


def record_result(record: OpenedRecord) -> dict[str, Any]:
    """The header, less its checksums."""
    return record.header.answer()


def thumbnails_result(record: OpenedRecord, quantity: str = "weight") -> Packed:
    """One gzip member with the max-pooled pictures of all heads, and the shape of each layer's."""
    if "thumbnails" not in record.header.spans:
        raise absent(record, "thumbnails")
    layers = [
        {"heads": layer.heads, "height": layer.thumbnail[0], "width": layer.thumbnail[1]}
        for layer in record.layers
    ]
    if quantity != "weight":
        packed = np.frombuffer(compress(contribution_pictures(record)), np.uint8)
        return [whole("thumbnails", "uint8", packed)], {"layers": layers}
    expected = sum(layer.heads * prod(layer.thumbnail) for layer in record.layers)
    packed = record.tensor("thumbnails")
    if stated_length(packed) != expected:  # its checksum was compared; whoever inflates it compares this
        raise DamagedFileError(f"its thumbnails are not {expected} bytes", path=record.header.path)
    return [whole("thumbnails", "uint8", packed)], {"layers": layers}


def contribution_pictures(record: OpenedRecord) -> bytes:
    """The max-pooled pictures of contributions, worked out now. Raises NotRecordedError, RequestError."""
    source = Source(record.header, record.read, "contribution")
    source.check_patterns()
    cells = sum(prod(layer.shape) for layer in record.layers)
    if cells > MOST_CELLS:
        message = (
            f"{cells:,} contributions are more than are worked out at once; ask for the weights of a layer"
        )
        raise RequestError(404, "too_large", message)
    pictures = []
    for number, layer in enumerate(record.layers):
        picture = np.empty((layer.heads, *layer.thumbnail), np.uint8)
        width = pool_width(layer.queries)
        for band in source.bands(number, width):
            pooled = pool_thumbnail(band.weights, layer.queries, range(band.rows.start, band.rows.stop))
            top, bottom = band.rows.start // width, -(-band.rows.stop // width)
            picture[band.heads, top:bottom] = pooled[:, top:bottom]
        pictures.append(picture.tobytes())
    return b"".join(pictures)


def weights_result(record: OpenedRecord, layer: int, head: int | None) -> Packed:
    """Row maxima and gzip members of one layer, or of one of its heads."""
    entry = find_layer(record, layer, head)
    name = f"layer.{layer}.weights"
    if entry.source == "vectors":
        return rebuilt_result(record, layer, head)
    if entry.source == "left_out":
        raise absent(record, "weights", layer)
    row_max, lengths = record.tensor(f"layer.{layer}.row_max"), record.tensor(f"layer.{layer}.member_bytes")
    if int(lengths.sum()) != record.header.spans[name].shape[0]:
        raise DamagedFileError(f"{name}, its member_bytes do not fit", path=record.header.path)
    if head is None:
        members = whole("weights", "uint8", record.tensor(name))
    else:
        start = int(lengths[:head].sum())
        row_max, lengths = row_max[head : head + 1], lengths[head : head + 1]
        itemsize = np.dtype(PRECISIONS[record.header.precision]).itemsize
        size = entry.queries * entry.keys * itemsize
        data = record.member(name, start, start + int(lengths[0]), size)
        members = Array("weights", "uint8", (len(data),), data)
    arrays = [
        whole("row_max", "float32", row_max),
        whole("member_bytes", "uint32", lengths),
        members,
        *value_norms(record, layer, head),
    ]
    return arrays, weights_fields(record, layer, head, record.header.precision)


def value_norms(record: OpenedRecord, layer: int, head: int | None) -> list[Array]:
    """The length of each key's value, float16 ``[head, key]``, where it was logged."""
    name = f"layer.{layer}.value_norm"
    if name not in record.header.spans:
        return []
    norms = record.tensor(name)
    return [whole("value_norm", "float16", norms if head is None else norms[head : head + 1])]


def weights_fields(record: OpenedRecord, layer: int, head: int | None, precision: str) -> dict[str, Any]:
    """What is said of weights beside their bytes."""
    entry = record.layers[layer]
    return {
        "layer": layer,
        "head": head,
        "heads": entry.heads if head is None else 1,
        "queries": entry.queries,
        "keys": entry.keys,
        "precision": precision,
    }


def rebuilt_result(record: OpenedRecord, layer: int, head: int | None) -> Packed:
    """The same of a layer that is kept as query and key: its rows are worked out and encoded now, head by head."""
    entry = record.layers[layer]
    heads = range(entry.heads) if head is None else [head]
    cells = len(heads) * entry.queries * entry.keys
    if cells > MOST_CELLS:
        message = (
            f"{cells:,} weights are more than are worked out at once; ask for single heads, or for regions"
        )
        raise RequestError(404, "too_large", message)
    found = [rebuilt_head(record, layer, each) for each in heads]
    members = [member for _, member in found]
    data = b"".join(members)
    arrays = [
        whole("row_max", "float32", np.stack([row_max for row_max, _ in found])),
        whole("member_bytes", "uint32", np.array(list(map(len, members)), np.uint32)),
        Array("weights", "uint8", (len(data),), data),
        *value_norms(record, layer, head),
    ]
    return arrays, weights_fields(record, layer, head, "uint8")


def rebuilt_head(record: OpenedRecord, layer: int, head: int) -> tuple[NDArray[np.float32], bytes]:
    """Row maxima and the gzip member of one head's codes, worked out in bands."""
    entry = record.layers[layer]
    vectors = read_head_vectors(record.header, record.read, layer, head)
    codes = np.empty((entry.queries, entry.keys), np.uint8)
    row_max = np.empty(entry.queries, np.float32)
    for band in bands_of(entry.queries, entry.keys):
        encoded = encode_weights(vector_rows(vectors, np.arange(entry.queries)[band])[None])
        codes[band], row_max[band] = encoded[0][0], encoded[1][0]
    return row_max, compress(codes)


def stated_length(member: NDArray[np.uint8]) -> int:
    """How many bytes a gzip member says that it holds, modulo 2³²: its last four bytes."""
    return int.from_bytes(member[-4:].tobytes(), "little")


def vectors_result(record: OpenedRecord, layer: int, head: int) -> Packed:
    """Query and key of one head, and its bias where there is one."""
    entry = find_layer(record, layer, head)
    if f"layer.{layer}.query" not in record.header.spans:
        raise absent(record, "query and key", layer)
    kv_head = head * entry.kv_heads // entry.heads
    arrays = [slab(record, layer, "query", head), slab(record, layer, "key", kv_head)]
    if f"layer.{layer}.bias" in record.header.spans:
        arrays.append(slab(record, layer, "bias", head))
    return arrays, {"layer": layer, "head": head, "kv_head": kv_head, "scale": entry.scale}


def slab(record: OpenedRecord, layer: int, name: str, head: int) -> Array:
    """One head of a tensor ``[head, row, column]``; axes that a broadcast bias lacks have length 1."""
    span = record.header.spans[f"layer.{layer}.{name}"]
    heads, *shape = (1,) * (3 - len(span.shape)) + span.shape
    size = (span.stop - span.start) // heads
    start = size * (head if heads > 1 else 0)
    data = record.part(f"layer.{layer}.{name}", start, start + size)
    return Array(name, DTYPES[span.dtype], tuple(shape), data)


def whole(name: str, dtype: str, array: NDArray[Any]) -> Array:
    """A numpy array as it travels; it is not copied, so it may not change any more."""
    data = np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
    return Array(name, dtype, array.shape, data)


def find_layer(record: OpenedRecord, layer: int, head: int | None) -> LayerEntry:
    """The header's entry of a layer. Raises RequestError 404 where there is no such layer or head."""
    if not 0 <= layer < len(record.layers):
        message = f"no layer {layer}; recorded layers: 0 to {len(record.layers) - 1}"
        raise RequestError(404, "not_recorded", message, layers=len(record.layers))
    entry = record.layers[layer]
    if head is not None and not 0 <= head < entry.heads:
        message = f"no head {head} in layer {layer}; recorded heads: 0 to {entry.heads - 1}"
        raise RequestError(404, "not_recorded", message, heads=entry.heads)
    return entry


def absent(record: OpenedRecord, what: str, layer: int | None = None) -> RequestError:
    """404 for what the file of an existing step does not hold, with the reason."""
    header = record.header
    if header.kind == "metrics":
        return RequestError(404, "metrics_only", f"step {header.step} was logged with head metrics only")
    where = "" if layer is None else f" of layer {layer}"
    reasons = [each.why for each in header.left_out if each.layer == layer]
    if reasons:
        return RequestError(404, "left_out", f"{what}{where} left out: {reasons[0]}")
    hint = "; pass query_key=True when logging" if what == "query and key" else ""
    return RequestError(404, "not_recorded", f"no {what}{where} in this record{hint}")
