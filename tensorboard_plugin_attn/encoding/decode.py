"""The bytes of one record file → an AttentionRecord, its tensors verified."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn.encoding.codes import PRECISIONS, decode_weights, decompress
from tensorboard_plugin_attn.encoding.format import Header, ReadRange, read_tensor
from tensorboard_plugin_attn.encoding.layer import VECTORS, decode_vector
from tensorboard_plugin_attn.errors import DamagedFileError
from tensorboard_plugin_attn.record.layer import LayerAttention
from tensorboard_plugin_attn.record.record import AttentionRecord
from tensorboard_plugin_attn.record.tokens import TokenAxes

__all__ = ["read_axes", "read_layer", "read_layer_weights", "read_record"]


def read_record(header: Header, read: ReadRange) -> AttentionRecord:
    """A whole record; weights that were left out are NaN. Raises DamagedFileError."""
    axes = read_axes(header.meta)
    layers = [read_layer(header, read, number, axes) for number in range(len(header.meta["layers"]))]
    return AttentionRecord.of_checked(layers, axes)


def read_layer(
    header: Header, read: ReadRange, number: int, axes: TokenAxes, *, vectors: bool = True
) -> LayerAttention:
    """One layer with its tokens; weights that were left out are NaN. Raises DamagedFileError."""
    entry = header.meta["layers"][number]
    kept: dict[str, Any] = read_vectors(header, read, number) if vectors else {}
    layer = LayerAttention(
        read_layer_weights(header, read, number),
        name=entry["name"],
        kind=entry["kind"],
        stack=entry["stack"],
        mask=entry["mask"],
        scale=entry["scale"],
        mechanism=entry["mechanism"],
        dtype=entry["dtype"],
        heads=entry.get("head_numbers"),
        rebuild_error=entry.get("rebuild_error"),
        **kept,
    )
    axes.name_axes(layer)
    return layer


def read_axes(meta: dict[str, Any]) -> TokenAxes:
    """The tokens of a header."""
    tokens = meta["tokens"]["tokens"]
    flags = np.zeros(len(tokens), bool)
    flags[meta["special"]["tokens"]] = True
    axes = TokenAxes(
        tokens,
        decoder_tokens=meta["tokens"].get("decoder_tokens"),
        special=flags.tolist(),
        sentence_b_start=meta["sentence_b_start"],
        words=meta.get("words", {}).get("tokens"),
    )
    axes.decoder_special[:] = False
    axes.decoder_special[meta["special"].get("decoder_tokens", [])] = True
    return axes


def read_layer_weights(
    header: Header, read: ReadRange, number: int, rows: NDArray[np.int64] | None = None
) -> NDArray[np.float32]:
    """One layer's weights ``[head, query, key]``, NaN where they were left out; only some rows when given.

    Raises:
        DamagedFileError: its bytes are not what was written.
    """
    entry = header.meta["layers"][number]
    shape = entry["heads"], entry["queries"], entry["keys"]
    if not entry["weights"]:
        return np.broadcast_to(np.float32(np.nan), shape)[:, slice(None) if rows is None else rows]
    row_max = read_tensor(header, read, f"layer.{number}.row_max")
    lengths = read_tensor(header, read, f"layer.{number}.member_bytes")
    packed = read_tensor(header, read, f"layer.{number}.weights").tobytes()
    dtype = np.dtype(PRECISIONS[header.meta["precision"]])
    stops = np.cumsum(lengths, dtype=np.int64)
    try:
        plain = b"".join(
            decompress(packed[stop - length : stop]) for length, stop in zip(lengths, stops, strict=True)
        )
        codes = np.frombuffer(plain, dtype).reshape(shape)
    except (zlib.error, ValueError) as error:
        raise DamagedFileError(
            f"the weights of layer {number} cannot be inflated ({error})", path=header.path
        ) from error
    if rows is not None and len(rows) < shape[1]:
        codes, row_max = codes[:, rows], row_max[:, rows]
    return decode_weights(codes, row_max, header.meta["precision"])


def read_vectors(header: Header, read: ReadRange, number: int) -> dict[str, NDArray[Any]]:
    """Query, key and bias of one layer, as far as they were logged."""
    names = {name: f"layer.{number}.{name}" for name in VECTORS}
    return {
        name: decode_vector(header.spans[full].dtype, read_tensor(header, read, full))
        for name, full in names.items()
        if full in header.spans
    }
