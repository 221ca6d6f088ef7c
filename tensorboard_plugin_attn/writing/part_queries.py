"""An encoded layer of some queries → its picture on the grid of all queries, and what its metrics weigh in theirs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn.encoding.codes import pool_axis, pool_thumbnail, pool_width
from tensorboard_plugin_attn.encoding.layer import EncodedLayer
from tensorboard_plugin_attn.measuring.head_metrics import CHANGES, positions
from tensorboard_plugin_attn.measuring.part_metrics import metric_weights
from tensorboard_plugin_attn.record.layer import LayerAttention

__all__ = ["describe_queries"]


def describe_queries(
    encoded: EncodedLayer, layer: LayerAttention, names: Sequence[str], *, picture: bool
) -> None:
    """Make what a file keeps of a layer such that it merges with the other queries' files.

    Changes weigh as their rows do, here all that are informative; what a user measures himself weighs nothing.
    """
    weights = metric_weights(layer, names)
    rows = weights[:, list(names).index("entropy")] if "entropy" in names else len(positions(layer))
    for column, name in enumerate(names):
        if name in CHANGES:
            weights[:, column] = rows
    encoded.metric_weights = np.where(np.isnan(encoded.metrics), 0, weights).astype(np.float32)
    encoded.metrics = np.where(weights > 0, encoded.metrics, np.nan).astype(np.float32)
    encoded.overview = None
    if picture:
        encoded.thumbnail = pool_thumbnail(on_whole_grid(layer))
        shape = encoded.thumbnail.shape
        encoded.entry = replace(encoded.entry, thumbnail=(int(shape[1]), int(shape[2])))


def on_whole_grid(layer: LayerAttention) -> NDArray[np.float32]:
    """``[head, row, column]`` of the thumbnail of all queries, 0 where none of these lies."""
    width = pool_width(layer.num_all_queries)
    pooled = pool_axis(layer.weights, 2)
    grid = np.zeros((layer.num_heads, -(-layer.num_all_queries // width), pooled.shape[2]), np.float32)
    for row, place in enumerate(positions(layer) // width):
        np.fmax(grid[:, place], pooled[:, row], out=grid[:, place])
    return grid
