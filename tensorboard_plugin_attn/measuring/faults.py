"""One layer → what cannot be right: another output than the kernel's, NaN, rows that miss 1, weight on masked keys."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn.measuring.cell_metrics import product
from tensorboard_plugin_attn.measuring.head_metrics import visible_lengths
from tensorboard_plugin_attn.measuring.token_patterns import padding_flags
from tensorboard_plugin_attn.record.layer import LayerAttention

__all__ = [
    "MASKED_TOLERANCE",
    "differing_fault",
    "fault",
    "hidden_keys",
    "layer_faults",
    "rows_without_padding",
    "sum_fault",
]

SUM_TOLERANCE = 0.02  # rows of bfloat16 weights miss 1 by up to 0.01
MASKED_TOLERANCE = 1e-3


def layer_faults(layer: LayerAttention) -> list[dict[str, Any]]:
    """Faults as the header lists them: which heads, which fault, and by how much at worst.

    A mask that was read off the weights themselves cannot be broken by them.
    """
    sums: NDArray[np.float32] = layer.weights @ np.ones(layer.num_keys, np.float32)
    broken: NDArray[np.bool_] = np.asarray(np.isnan(sums).any(axis=1))
    found = [differing_fault(layer), fault("nan", broken, None)]
    rows = rows_without_padding(layer)
    if rows.any():
        weights = np.nan_to_num(layer.weights) if broken.any() else layer.weights
        whole = sums if layer.sink is None else sums + layer.sink
        found.append(sum_fault(whole[:, rows], broken, may_be_empty=layer.mechanism != ""))
        found.append(masked_fault(layer, weights, rows))
    return [each for each in found if each["heads"]]


def fault(name: str, heads: NDArray[np.bool_], worst: float | None) -> dict[str, Any]:
    """One entry, without heads where there is none."""
    entry: dict[str, Any] = {"fault": name, "heads": np.flatnonzero(heads).tolist()}
    return entry if worst is None else {**entry, "worst": round(worst, 6)}


def differing_fault(layer: LayerAttention) -> dict[str, Any]:
    """Heads whose weights · values are not what the kernel returned; ``worst`` is the layer's largest difference."""
    if not layer.differing_heads or layer.output_error is None:
        return {"heads": []}
    worst = {"worst": round(layer.output_error, 6)} if np.isfinite(layer.output_error) else {}
    return {"fault": "kernel_differs", "heads": list(layer.differing_heads), **worst}


def sum_fault(sums: NDArray[np.float32], broken: NDArray[np.bool_], *, may_be_empty: bool) -> dict[str, Any]:
    """Heads with a row that, with what a sink takes, does not sum to 1; ``worst`` is the sum farthest from it.

    ``may_be_empty``: a captured row of zeros is one of a query that sees no key, which is no fault.
    """
    off = np.abs(sums - 1)
    off[(sums == 0) & may_be_empty] = 0
    off[broken] = 0
    return fault("row_sum", off.max(axis=1) > SUM_TOLERANCE, float(sums.flat[off.argmax()]))


def masked_fault(
    layer: LayerAttention, weights: NDArray[np.float32], rows: NDArray[np.bool_]
) -> dict[str, Any]:
    """Heads with weight on keys that the mask hides, or on padding; ``worst`` is the largest sum in one row."""
    hidden = hidden_keys(layer)
    padded = padding_flags(layer.key_tokens)
    if padded is not None:
        hidden = np.broadcast_to(padded, weights.shape[1:]) if hidden is None else hidden | padded
    if hidden is None:
        return {"heads": []}
    if hidden.ndim == 2:  # no row has more than all rows of its head
        whole = product(weights.reshape(len(weights), -1), hidden.astype(np.float32).reshape(-1, 1))
        if bool((whole <= MASKED_TOLERANCE).all()):
            return {"heads": []}
    subscripts = "hqk,hqk->hq" if hidden.ndim == 3 else "hqk,qk->hq"
    mass = np.einsum(subscripts, weights, hidden.astype(np.float32))[:, rows]
    return fault("masked", mass.max(axis=1) > MASKED_TOLERANCE, float(mass.max()))


def rows_without_padding(layer: LayerAttention) -> NDArray[np.bool_]:
    """The rows of real queries."""
    padded = padding_flags(layer.query_tokens)
    return np.ones(layer.num_queries, bool) if padded is None else ~padded


def hidden_keys(layer: LayerAttention) -> NDArray[np.bool_] | None:
    """``[query, key]`` or ``[head, query, key]``: keys that the layer's mask hides; None: none, or unknown."""
    keys = layer.num_keys
    window = re.fullmatch(r"window (\d+)", layer.mask or "")
    if layer.mask == "causal" or window:
        lengths = visible_lengths(layer)[:, None]
        hidden: NDArray[np.bool_] = np.arange(keys) >= lengths
        return hidden | (np.arange(keys) < lengths - int(window[1])) if window else hidden
    if layer.mask == "other" and layer.bias is not None:
        hidden = np.isneginf(layer.bias)
        return np.broadcast_to(hidden, layer.weights.shape) if hidden.any() else None
    return None
