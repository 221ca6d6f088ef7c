"""Queries and keys → rows of weights: masks, shared key heads, biases, sinks, any rows, in bands."""

from __future__ import annotations

import numpy as np
import pytest
from logs.random_attention import token_list

from tensorboard_plugin_attn import AttentionRecord, LayerAttention
from tensorboard_plugin_attn.errors import InvalidRecordError
from tensorboard_plugin_attn.record import blocks
from tensorboard_plugin_attn.record.blocks import bands_of, row_sums

HEADS, KV_HEADS, QUERIES, KEYS, SIZE = 4, 2, 6, 9, 8


def vectors(queries: int = QUERIES, keys: int = KEYS) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    return rng.normal(size=(HEADS, queries, SIZE)).astype(np.float32), rng.normal(
        size=(KV_HEADS, keys, SIZE)
    ).astype(np.float32)


def expected(
    query: np.ndarray, key: np.ndarray, scale: float, hidden: np.ndarray, bias: np.ndarray
) -> np.ndarray:
    """The definition in double precision."""
    scores = np.einsum("hqd,hkd->hqk", query.astype(np.float64), np.repeat(key, 2, axis=0)) * scale + bias
    scores[:, hidden] = -np.inf
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


def hidden_by(mask: str, queries: int, keys: int) -> np.ndarray:
    query, key = np.arange(queries)[:, None] + keys - queries, np.arange(keys)
    if mask == "causal":
        return key > query
    return (key > query) | (key <= query - 3) if mask == "window 3" else np.zeros((queries, keys), bool)


@pytest.mark.parametrize("mask", ["full", "causal", "window 3"])
@pytest.mark.parametrize("given", [None, "bias", "sink"])
def test_rows_are_the_softmax_of_the_scores(mask: str, given: str | None) -> None:
    query, key = vectors()
    bias = (
        np.random.default_rng(1).normal(size=(1, QUERIES, KEYS)) if given == "bias" else np.zeros((1, 1, 1))
    )
    sink = np.full((HEADS, QUERIES), 0.25) if given == "sink" else None
    layer = LayerAttention(
        query=query,
        key=key,
        mask=mask,
        scale=0.3,
        sink=sink,
        kind="cross",
        bias=bias if given == "bias" else None,
    )
    record = AttentionRecord([layer], token_list(KEYS), decoder_tokens=token_list(QUERIES))
    whole = expected(query, key, 0.3, hidden_by(mask, QUERIES, KEYS), bias) * (0.75 if given == "sink" else 1)
    for rows in (slice(None), slice(1, 4), slice(None, None, 2), slice(-1, None)):
        for head in range(HEADS):
            found = record.layers[0].weights_of(head, rows)
            assert found == pytest.approx(whole[head, rows], abs=1e-6)
    record.layers[0].lse = row_sums(record.layers[0])
    assert record.layers[0].weights_of(-1) == pytest.approx(whole[-1], abs=1e-6)


def test_some_queries_see_the_keys_up_to_their_own_positions() -> None:
    query, key = vectors(KEYS, KEYS)
    whole = expected(query, key, 0.3, hidden_by("causal", KEYS, KEYS), np.zeros((1, 1, 1)))
    kept = [0, 3, 8]
    layer = LayerAttention(query=query[:, kept], key=key, mask="causal", scale=0.3)
    layer.query_numbers = kept
    assert layer.weights_of(2) == pytest.approx(whole[2, kept], abs=1e-6)


def test_bands_cover_all_rows_once_and_stay_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "BAND_BYTES", 4 * 10 * 7)
    assert list(bands_of(20, 10)) == [slice(0, 7), slice(7, 14), slice(14, 20)]
    assert list(bands_of(20, 10, 3)) == [slice(0, 6), slice(6, 12), slice(12, 18), slice(18, 20)]
    assert list(bands_of(3, 10**6)) == [slice(0, 1), slice(1, 2), slice(2, 3)]


WRONG: list[tuple[str, dict[str, object], str]] = [
    ("nothing", {}, "needs weights, or query and key"),
    ("query alone", {"query": vectors()[0]}, "needs weights, or query and key"),
    ("no mask", dict(zip(("query", "key"), vectors(KEYS, KEYS), strict=True)), "pass mask"),
    (
        "an irregular mask without a bias",
        {**dict(zip(("query", "key"), vectors(KEYS, KEYS), strict=True)), "mask": "other"},
        "what its mask hides",
    ),
    (
        "a sink of another shape",
        {"weights": np.ones((1, KEYS, KEYS)), "sink": np.ones((1, 2))},
        r"sink must be \[1, 9\], got \(1, 2\)",
    ),
    (
        "more heads than the model",
        {"weights": np.ones((3, KEYS, KEYS)), "model_heads": 2},
        "more than model_heads=2",
    ),
]


@pytest.mark.parametrize(("options", "said"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG])
def test_a_layer_that_does_not_say_what_it_is_is_refused(options: dict[str, object], said: str) -> None:
    with pytest.raises(InvalidRecordError, match=said):
        AttentionRecord([LayerAttention(**options)], token_list(KEYS))  # type: ignore[arg-type] - a table of cases


def test_a_head_that_does_not_exist_is_an_index_error() -> None:
    with pytest.raises(IndexError, match="no head 1 in a layer of 1"):
        LayerAttention(np.ones((1, 2, 2))).weights_of(1)
