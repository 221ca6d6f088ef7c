"""A seed → attention weights and records that look like a model's, for tests."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn import AttentionRecord, LayerAttention

SENTENCE = [
    "[CLS]",
    "the",
    "doctor",
    "asked",
    "the",
    "nurse",
    "a",
    "question",
    "because",
    "she",
    "was",
    "late",
    ".",
    "[SEP]",
]


def softmax_weights(
    heads: int, queries: int, keys: int, seed: int = 0, *, causal: bool = False
) -> NDArray[np.float32]:
    """Weights ``[head, query, key]`` whose rows sum to 1."""
    scores = np.random.default_rng(seed).normal(size=(heads, queries, keys)) * 2
    if causal:
        scores[:, np.triu(np.ones((queries, keys), bool), k=1)] = -np.inf
    weights = np.exp(scores)
    return (weights / weights.sum(axis=-1, keepdims=True)).astype(np.float32)


def token_list(length: int, prefix: str = "token") -> list[str]:
    """Distinct tokens."""
    return [f"{prefix}{position}" for position in range(length)]


def random_record(
    heads: tuple[int, ...] = (2, 2), length: int = 6, seed: int = 0, **options: Any
) -> AttentionRecord:
    """A record of self-attention with so many heads in each layer."""
    layers = [
        LayerAttention(softmax_weights(count, length, length, seed + number), name=f"layer.{number}")
        for number, count in enumerate(heads)
    ]
    return AttentionRecord(layers, token_list(length), **options)
