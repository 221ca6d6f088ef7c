"""The bytes of one record file → an AttentionRecord, its tensors verified."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn.encoding.format import Header, ReadRange, read_tensor
from tensorboard_plugin_attn.encoding.header import LayerEntry
from tensorboard_plugin_attn.encoding.layer import VECTORS, decode_vector
from tensorboard_plugin_attn.encoding.rebuild import read_bands
from tensorboard_plugin_attn.record.layer import LayerAttention
from tensorboard_plugin_attn.record.record import AttentionRecord
from tensorboard_plugin_attn.record.tokens import MAIN, TokenAxes

__all__ = ["bare_layer", "read_axes", "read_layer", "read_layer_weights", "read_record", "read_vectors"]


def read_record(header: Header, read: ReadRange) -> AttentionRecord:
    """A whole record; weights that were left out are NaN. Raises DamagedFileError."""
    axes = read_axes(header)
    layers = [read_layer(header, read, number, axes) for number in range(len(header.layers))]
    record = AttentionRecord.of_checked(layers, axes)
    record.parts = header.parts
    return record


def read_layer(
    header: Header, read: ReadRange, number: int, axes: TokenAxes, *, vectors: bool = True
) -> LayerAttention:
    """One layer with its tokens. Weights that were left out are NaN; of one that is kept as query and key they are
    None, and ``weights_of`` gives its rows.

    Raises:
        DamagedFileError: its bytes are not what was written.
    """
    entry = header.layers[number]
    rebuilt = entry.source == "vectors"
    found = read_vectors(header, read, number) if vectors or rebuilt else {}
    layer = LayerAttention(
        None if rebuilt else read_layer_weights(header, read, number),
        name=entry.name,
        kind=entry.kind,
        stack=entry.stack,
        mask=entry.mask,
        scale=entry.scale,
        mechanism=entry.mechanism,
        dtype=entry.dtype,
        heads=entry.head_numbers,
        rebuild_error=entry.rebuild_error,
        output_error=entry.output_error,
        model_heads=entry.model_heads,
        query=found.get("query"),
        key=found.get("key"),
        bias=found.get("bias"),
        sink=found.get("sink"),
        value_norm=found.get("value_norm"),
    )
    layer.lse, layer.lists = found.get("lse"), entry.lists
    layer.value_norm_of = entry.value_norm_of or layer.value_norm_of
    axes.name_axes(layer)
    return layer


def bare_layer(entry: LayerEntry, axes: TokenAxes) -> LayerAttention:
    """A layer with its tokens and its mask, whose weights are all 0 and take no memory."""
    weights = np.broadcast_to(np.float32(0), (1, entry.queries, entry.keys))
    layer = LayerAttention(weights, kind=entry.kind, stack=entry.stack, mask=entry.mask)
    layer.lists = entry.lists
    axes.name_axes(layer)
    return layer


def read_axes(header: Header) -> TokenAxes:
    """The tokens of a header."""
    main = {MAIN: header.tokens[MAIN]}
    axes = TokenAxes(
        {**main, **header.tokens},
        special=[],
        sentence_b_start=header.sentence_b_start,
        words=header.words.get(MAIN),
        special_names=header.special_names,
        geometry=header.geometry,
        pictures=[picture.to_json() for picture in header.pictures],
        query_numbers=header.query_numbers,
    )
    axes.stacks |= {layer.stack: layer.query_tokens for layer in header.layers if layer.kind != "cross"}
    for name, positions in header.special.items():
        axes.specials[name][list(positions)] = True
    return axes


def read_layer_weights(
    header: Header, read: ReadRange, number: int, rows: NDArray[np.int64] | None = None
) -> NDArray[np.float32]:
    """One layer's weights ``[head, query, key]``, NaN where they were left out; only some rows when given.

    Raises:
        DamagedFileError: its bytes are not what was written.
    """
    heads, queries, keys = header.layers[number].shape
    count = queries if rows is None else len(rows)
    if header.layers[number].source == "left_out":
        return np.broadcast_to(np.float32(np.nan), (heads, count, keys))
    bands = list(read_bands(header, read, number, rows))
    if len(bands) == 1:
        return bands[0].weights
    weights = np.empty((heads, count, keys), np.float32)
    for band in bands:
        weights[band.heads, band.rows] = band.weights
    return weights


def read_vectors(header: Header, read: ReadRange, number: int) -> dict[str, NDArray[Any]]:
    """What lies beside the weights of one layer, as far as it was logged."""
    names = {name: f"layer.{number}.{name}" for name in VECTORS}
    return {
        name: decode_vector(header.spans[full].dtype, read_tensor(header, read, full))
        for name, full in names.items()
        if full in header.spans
    }
