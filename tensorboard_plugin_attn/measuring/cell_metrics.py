"""A layer without padding, images or sinks → the metrics that are sums over its cells, all by one product of matrices.

What each cell counts in each metric depends on tokens and mask alone, so that all layers of a text share it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn.measuring.token_patterns import (
    after_earlier_occurrences,
    earlier_occurrences,
    padding_flags,
)
from tensorboard_plugin_attn.record.blocks import MOST_PRODUCTS, visible_range
from tensorboard_plugin_attn.record.layer import LayerAttention

__all__ = ["CELL_METRICS", "cell_metrics", "product"]

MOST_CELLS = 1 << 17  # above, what all cells count takes more than 6 MiB
OFFSETS = {"previous_token": -1, "same_token": 0, "next_token": 1}
PATTERNS = {"duplicate_token": earlier_occurrences, "induction": after_earlier_occurrences}


CELL_METRICS = frozenset(
    (*OFFSETS, *PATTERNS, "first_token", "special_tokens", "mean_distance", "confidence")
)


class Counts(NamedTuple):
    """What each cell counts in each metric, ``[cell, name]``, over how many rows its mean is, and of which rows."""

    names: tuple[str, ...]
    cells: NDArray[np.float32]
    over: NDArray[np.float32]  # [name]
    rows: NDArray[np.float32]  # [query], 0 or 1


def cell_metrics(
    layer: LayerAttention, maxima: NDArray[np.float32] | None = None
) -> dict[str, NDArray[np.float32]]:
    """Built-in metrics, name → float32 ``[head]``; nothing of a layer that needs more care, or that has NaN.

    ``maxima``: the largest weight of each row, ``[head, query]``, if known.
    """
    if not is_plain(layer):
        return {}
    special = layer.key_special.tobytes() if layer.key_special.any() else b""
    counts = counts_of(tuple(layer.key_tokens), special, layer.num_queries, layer.mask or "full", layer.kind)
    sums = product(layer.weights.reshape(layer.num_heads, -1), counts.cells)
    if not counts.names or not np.isfinite(sums).all():
        return {}
    found = dict(zip(counts.names, (sums / counts.over).T, strict=True))
    total = found.pop("total")
    if maxima is not None:
        found["confidence"] = maxima @ counts.rows / counts.rows.sum()
    if "mean_distance" in found:
        known = total > 0
        found["mean_distance"] = np.where(known, found["mean_distance"] / np.where(known, total, 1), np.nan)
    return found


def product(left: NDArray[np.float32], right: NDArray[np.float32]) -> NDArray[np.float32]:
    """``left @ right`` of a long common axis, in pieces that stay in the caches and are no work for several threads:
    starting them takes longer than the product, and they compete with the training."""
    piece = max(64, MOST_PRODUCTS // max(1, len(left) * right.shape[1]))
    whole = left.shape[1] // piece * piece
    total: NDArray[np.float32] = left[:, whole:] @ right[whole:]
    if whole:
        pieces = left[:, :whole].reshape(len(left), -1, piece).swapaxes(0, 1)
        total = total + (pieces @ right[:whole].reshape(-1, piece, right.shape[1])).sum(axis=0)
    return total


def is_plain(layer: LayerAttention) -> bool:
    """Whether tokens and mask say what each cell counts."""
    return (
        layer.weights is not None
        and layer.num_queries * layer.num_keys <= MOST_CELLS
        and layer.mask in ("full", "causal")
        and layer.sink is None
        and layer.query_numbers is None
        and not (layer.query_spans or layer.key_spans)
        and padding_flags(layer.query_tokens) is None
        and padding_flags(layer.key_tokens) is None
    )


@lru_cache(maxsize=4)  # self- and cross-attention of an encoder-decoder
def counts_of(tokens: tuple[str, ...], special: bytes, queries: int, mask: str, kind: str) -> Counts:
    """What is counted on these tokens; ``special``: bool ``[key]`` as bytes, empty where there are none."""
    keys = len(tokens)
    rows, at = several_keys(queries, keys, mask), np.arange(keys)
    own = np.arange(queries) + (max(keys - queries, 0) if kind == "self" else 0)
    asked = rows[:, None] & np.ones(keys, bool)
    cells = {"first_token": asked & (at == 0) & (own[:, None] > 0 if kind == "self" else True)}
    if special:
        cells["special_tokens"] = asked & np.frombuffer(special, bool)
    if kind == "self":
        cells |= {name: asked & (at == own[:, None] + by) for name, by in OFFSETS.items()}
    if kind == "self" and queries == keys:
        cells |= {name: asked & pattern(tokens) for name, pattern in PATTERNS.items()}
    over = {name: each.any(axis=1).sum() for name, each in cells.items() if each.any()}
    counts: dict[str, NDArray[Any]] = {"total": asked} if rows.any() else {}
    if kind == "self" and rows.any():
        counts["mean_distance"] = np.abs(own[:, None] - at) * asked
    counts |= {name: cells[name] for name in over}
    flat = [each.ravel().astype(np.float32) for each in counts.values()]
    return Counts(
        tuple(counts),
        np.stack(flat, axis=1) if flat else np.empty((queries * keys, 0), np.float32),
        np.array([over.get(name, 1) for name in counts], np.float32),
        rows.astype(np.float32),
    )


def several_keys(queries: int, keys: int, mask: str) -> NDArray[np.bool_]:
    """Which queries see more than one key."""
    first, stop = visible_range(mask, queries, keys, np.arange(queries))
    return np.full(queries, keys > 1) if first is None or stop is None else np.asarray(stop - first > 1)
