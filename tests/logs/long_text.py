"""A length → one layer of heads with a planted far key, logged as queries and keys without ever making its map."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tensorboard_plugin_attn import LayerAttention
from tensorboard_plugin_attn.capturing.calls.row_blocks import LayerBlocks
from tensorboard_plugin_attn.encoding.codes import thumbnail_shape
from tensorboard_plugin_attn.encoding.format import pack_record
from tensorboard_plugin_attn.encoding.layer import EncodedLayer, encode_vectors, header_entry
from tensorboard_plugin_attn.encoding.overview import SIDE, encode_log2, width_of
from tensorboard_plugin_attn.measuring.row_stats import Questions
from tensorboard_plugin_attn.record.checks import label_layer
from tensorboard_plugin_attn.record.tokens import TokenAxes
from tensorboard_plugin_attn.storing.store import record_directory, step_name

__all__ = ["PLANTED", "long_layer", "long_tokens", "write_long"]

PLANTED = 0.9, 0.2
"""Where the query with the far key stands, and that key, in parts of the text."""


def long_tokens(length: int) -> list[str]:
    """Words that come again and again."""
    return [f" word{at * at % 97}" for at in range(length)]


def planted_places(length: int) -> tuple[int, int]:
    """The planted query and key of a text."""
    return int(PLANTED[0] * length), int(PLANTED[1] * length)


def long_layer(
    length: int, heads: int = 2, width: int = 16, dtype: type = np.float16, seed: int = 0
) -> LayerAttention:
    """A causal layer; in every head one query puts nearly all of its weight on one far key."""
    rng = np.random.default_rng(seed)
    query, key = (rng.normal(size=(heads, length, width)).astype(dtype) for _ in range(2))
    at, far = planted_places(length)
    key[:, far] = 3 * np.sign(key[:, far])
    query[:, at] = 6 * np.sign(key[:, far])
    return LayerAttention(query=query, key=key, mask="causal", scale=width**-0.5, name="h.0", dtype="float16")


def measure(one: LayerAttention) -> Any:
    """What a probe measures of a head in one pass: row sums and the picture."""
    query, key = (torch.from_numpy(each) for each in (one.query, one.key))
    blocks = LayerBlocks(query=query, key=key, scale=one.scale, mask="causal")
    cell = width_of(query.shape[1], SIDE)
    return blocks.measure(Questions(overview=(cell, cell)))


def write_long(run: Path, tag: str, length: int, *, heads: int = 2, width: int = 16, step: int = 0) -> Path:
    """Log a layer of heads as vectors, each of its own seed, with their overviews; metrics and thumbnails are empty."""
    ones = [long_layer(length, 1, width, seed=seed) for seed in range(heads)]
    measured = [measure(one) for one in ones]
    overview = np.concatenate([encode_log2(each.overview) for each in measured])
    layer = LayerAttention(
        query=np.concatenate([one.query for one in ones]), key=np.concatenate([one.key for one in ones]),
        mask="causal", scale=ones[0].scale, name="h.0", dtype="float16",
    )  # fmt: skip
    layer.lse = np.concatenate([each.lse for each in measured])
    axes = TokenAxes(long_tokens(length))
    label_layer(axes, layer, 0)
    shape = thumbnail_shape(length, length)
    encoded = EncodedLayer(
        entry=replace(header_entry(layer, axes, shape), source="vectors", vectors=True),
        metrics=np.full((heads, 1), np.nan, np.float32),
        thumbnail=np.zeros((heads, *shape), np.uint8),
        codes=None,
        row_max=None,
        vectors=encode_vectors(layer, "vectors"),
        overview=overview,
    )
    folder = run / record_directory("", tag)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / step_name(step)
    with path.open("wb") as file:
        file.writelines(pack_record(tag, step, 0.0, axes, [encoded], ["entropy"]))
    return path
