"""An opened record and one query, or one key → its weights, or contributions, in every head, for the maps over a picture."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn.encoding.codes import encode_weights
from tensorboard_plugin_attn.encoding.header import LayerEntry
from tensorboard_plugin_attn.errors import NotRecordedError
from tensorboard_plugin_attn.reading.source import Source
from tensorboard_plugin_attn.record.blocks import MOST_CELLS
from tensorboard_plugin_attn.serving.answers import RequestError
from tensorboard_plugin_attn.serving.opened_record import OpenedRecord
from tensorboard_plugin_attn.serving.record_results import Packed, absent, find_layer, whole

__all__ = ["maps_result"]


def maps_result(
    record: OpenedRecord, side: str, tokens: str, at: int, layer: int | None = None, quantity: str = "weight"
) -> Packed:
    """``maxima`` float32 [head] and ``codes`` uint8, layer by layer and head by head, of one query or one key.

    ``side`` is ``"query"`` or ``"key"``, ``tokens`` the list that ``at`` counts in, ``layer`` the only one that is
    wanted. Of a query there is its row of weights, or of contributions, of a key its column.

    Raises:
        RequestError: no layer has such a query or key, there are too many weights for one answer, or no contributions.
    """
    if record.header.kind == "metrics":
        raise absent(record, "weights")
    if layer is not None:
        find_layer(record, layer, None)
    chosen = list(layers_with(record, side, tokens, at, layer))
    if not chosen:
        message = f"no layer has a {side} {at} among {tokens[:40]!r}"
        raise RequestError(404, "not_recorded", message)
    if (
        side == "key"
        and sum(entry.heads * entry.queries * entry.keys for _, entry in chosen) > 4 * MOST_CELLS
    ):
        raise RequestError(
            404, "too_large", "these are more weights than are read at once; ask for one layer"
        )
    source = Source(record.header, record.read, quantity)
    try:
        source.check_patterns()
    except NotRecordedError as error:
        raise RequestError(404, "not_recorded", str(error)) from error
    maps = [weights_of(source, number, side, at) for number, _ in chosen]
    encoded = [encode_weights(each[None]) for each in maps]
    maxima = np.concatenate([row_max[0] for _, row_max in encoded])
    codes = np.concatenate([each.ravel() for each, _ in encoded])
    layers = [
        {"layer": number, "heads": len(each), "length": each.shape[1]}
        for (number, _), each in zip(chosen, maps, strict=True)
    ]
    fields = {"side": side, "at": at, "tokens": tokens, "layers": layers}
    return [whole("maxima", "float32", maxima), whole("codes", "uint8", codes)], fields


def layers_with(
    record: OpenedRecord, side: str, tokens: str, at: int, layer: int | None
) -> Iterator[tuple[int, LayerEntry]]:
    """The layers whose weights are there and have the query or key."""
    for number, entry in enumerate(record.layers):
        name, length = (entry.lists[0], entry.queries) if side == "query" else (entry.lists[1], entry.keys)
        if layer in (None, number) and entry.source != "left_out" and name == tokens and 0 <= at < length:
            yield number, entry


def weights_of(source: Source, number: int, side: str, at: int) -> NDArray[np.float32]:
    """``[head, key]`` of a query, ``[head, query]`` of a key."""
    entry = source.header.layers[number]
    is_row = side == "query"
    found = np.empty((entry.heads, entry.keys if is_row else entry.queries), np.float32)
    for band in source.bands(number, rows=np.array([at]) if is_row else None):
        if is_row:
            found[band.heads] = band.weights[:, 0]
        else:
            found[band.heads, band.rows] = band.weights[:, :, at]
    return found
