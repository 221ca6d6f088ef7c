"""Queries and keys of one head → its rows, whatever the keys' type and however many are read at a time."""

from __future__ import annotations

import numpy as np
import pytest

from tensorboard_plugin_attn.record import blocks
from tensorboard_plugin_attn.record.blocks import Vectors, multiply, vector_rows

QUERIES, KEYS, WIDTH = 30, 37, 8
CASES = [
    (mask, bias, rows)
    for mask in ("causal", "full", "window 4")
    for bias in (None, 1, QUERIES)
    for rows in ([5], [0, 17, 29])
]


@pytest.mark.parametrize(("mask", "bias", "rows"), CASES)
def test_rows_of_half_keys_are_those_of_all_keys_at_once(
    mask: str, bias: int | None, rows: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    query, key = (rng.normal(size=(count, WIDTH)).astype(np.float16) for count in (QUERIES, KEYS))
    added = None if bias is None else rng.normal(size=(bias, KEYS)).astype(np.float32)
    scores = query.astype(float) @ key.astype(float).T * WIDTH**-0.5 + (0 if added is None else added)
    own, at = np.arange(QUERIES)[:, None] + KEYS - QUERIES, np.arange(KEYS)
    hidden = {"full": at < 0, "causal": at > own, "window 4": (at > own) | (at <= own - 4)}[mask]
    weights = np.where(hidden, 0, np.exp(scores))
    expected = (weights / weights.sum(1, keepdims=True))[rows]
    monkeypatch.setattr(blocks, "KEY_BYTES", 5 * 4 * WIDTH)
    for dtype in (np.float16, np.float32):
        vectors = Vectors(query, key.astype(dtype), None, mask, added)
        np.testing.assert_allclose(vector_rows(vectors, np.array(rows)), expected, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
@pytest.mark.parametrize(
    ("rows", "keys", "width"), [(1, 1, 1), (3, 15, 8), (8, 1000, 64), (64, 1024, 64), (300, 2048, 64)]
)
def test_products_in_pieces_are_those_of_the_whole(rows: int, keys: int, width: int, dtype: type) -> None:
    rng = np.random.default_rng(rows)
    query, key = (
        rng.normal(size=(rows, width)).astype(np.float32),
        rng.normal(size=(keys, width)).astype(dtype),
    )
    found = np.full((rows, keys), np.nan, np.float32)
    multiply(query, key, found)
    np.testing.assert_allclose(found, query.astype(float) @ key.astype(float).T, atol=1e-4)
