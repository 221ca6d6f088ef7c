"""Query, key, scale and mask of one head → what the Neuron view shows of them, worked out one number at a time."""

from __future__ import annotations

import math
from typing import Any

__all__ = ["expected_neuron"]

LEAST_PAIRS = 4


def visible(query: int, key: int, *, causal: bool) -> bool:
    """Whether the mask lets the query see the key."""
    return key <= query if causal else True


def expected_neuron(vectors: dict[str, Any], scale: float, *, causal: bool = False) -> dict[str, Any]:
    """For each query its sums, weights and orders; for each distance the mean products."""
    return {
        "causal": causal,
        "queries": [
            expected_query(vectors, scale, query, causal=causal) for query in range(len(vectors["query"]))
        ],
        **expected_distances(vectors, causal=causal),
    }


def expected_query(vectors: dict[str, Any], scale: float, query: int, *, causal: bool) -> dict[str, Any]:
    """q · k, softmax and the order of the dimensions for every key; null for a key that is not seen."""
    rows = [products(vectors, query, key) for key in range(len(vectors["key"]))]
    seen = [visible(query, key, causal=causal) for key in range(len(rows))]
    bias = vectors.get("bias") or [[0.0] * len(rows)] * (query + 1)
    scores = [sum(row) * scale + bias[query][key] for key, row in enumerate(rows)]
    shares = [math.exp(score) if sees else 0.0 for score, sees in zip(scores, seen, strict=True)]
    return {
        "sums": [sum(row) if sees else None for row, sees in zip(rows, seen, strict=True)],
        "weights": [round(share / sum(shares), 9) for share in shares],
        "orders": [sorted(range(len(row)), key=lambda i: (-row[i], i)) for row in rows],
    }


def expected_distances(vectors: dict[str, Any], *, causal: bool) -> dict[str, Any]:
    """Distances, key less query, with enough pairs, and the mean product of each dimension there."""
    queries, keys = len(vectors["query"]), len(vectors["key"])
    found: dict[int, list[list[float]]] = {}
    for query in range(queries):
        for key in range(keys):
            if visible(query, key, causal=causal):
                found.setdefault(key - query, []).append(products(vectors, query, key))
    kept = {distance: rows for distance, rows in sorted(found.items()) if len(rows) >= LEAST_PAIRS}
    means = [[sum(part) / len(rows) for part in zip(*rows, strict=True)] for rows in kept.values()]
    return {"distances": list(kept), "means": means}


def products(vectors: dict[str, Any], query: int, key: int) -> list[float]:
    """q × k, dimension by dimension."""
    return [q * k for q, k in zip(vectors["query"][query], vectors["key"][key], strict=True)]
