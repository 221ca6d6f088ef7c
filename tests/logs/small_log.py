"""A directory → small attention records in it, and the weights that were logged."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn import AttentionRecord, AttentionWriter, LayerAttention
from tensorboard_plugin_attn.encoding.format import container, header_crc, read_header
from tensorboard_plugin_attn.storing.store import step_name

LAYERS, HEADS, TOKENS = 2, 3, ["[CLS]", "the", "nurse", "spoke", "[SEP]"]


def sample_weights(step: int = 0, *, length: int = len(TOKENS)) -> NDArray[np.float32]:
    """Weights ``[layer, head, query, key]`` that differ from step to step."""
    scores = np.random.default_rng(abs(step)).normal(size=(LAYERS, HEADS, length, length)) * 2
    weights = np.exp(scores)
    return (weights / weights.sum(axis=-1, keepdims=True)).astype(np.float32)


def log_run(
    directory: str | os.PathLike[str], tag: str = "probe", steps: Iterable[int] = (0, 1, 2), **options: Any
) -> None:
    """Log one probe at some steps, through the writer."""
    with AttentionWriter(os.fspath(directory), **options) as writer:
        for step in steps:
            writer.add_attention(tag, sample_weights(step), TOKENS, step)


def strip_to_metrics(path: Path) -> Path:
    """Replace a record's file by one with its head metrics alone; its new name."""
    header = read_header(lambda start, stop: path.read_bytes()[start:stop], path.stat().st_size)
    data = header.metrics.tobytes()
    layers = [
        {**layer, "source": "left_out", "weights": False, "vectors": False}
        for layer in header.answer()["layers"]
    ]
    crc32 = {"head_metrics": zlib.crc32(data), "header": ""}
    meta = {**header.answer(), "kind": "metrics", "layers": layers, "crc32": crc32}
    meta["crc32"]["header"] = header_crc(meta)
    target = path.with_name(step_name(header.step, "metrics"))
    target.write_bytes(b"".join(container(meta, {"head_metrics": ("F32", header.metrics.shape, data)})))
    path.unlink()
    return target


def log_grouped_vectors(directory: str | os.PathLike[str], *, bias: bool = False) -> LayerAttention:
    """Log a layer of 4 query heads and 2 key heads with its vectors, as probe ``vectors`` at step 0."""
    rng = np.random.default_rng(7)
    query, key = rng.normal(size=(4, 5, 8)), rng.normal(size=(2, 5, 8))
    scores = np.einsum("hqd,hkd->hqk", query, np.repeat(key, 2, axis=0)) * 8**-0.5
    added = np.tril(np.ones((1, 5, 5))) - 1 if bias else 0
    weights = np.exp(scores + added)
    layer = LayerAttention(
        (weights / weights.sum(axis=-1, keepdims=True)).astype(np.float32),
        query=query.astype(np.float32),
        key=key.astype(np.float32),
        scale=8**-0.5,
        bias=added.astype(np.float32) if isinstance(added, np.ndarray) else None,
    )
    with AttentionWriter(os.fspath(directory)) as writer:
        writer.add_record("vectors", AttentionRecord([layer], TOKENS), 0)
    return layer
