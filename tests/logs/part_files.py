"""The files of a record's parts, read one by one → the whole record that they make."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn import AttentionRecord
from tensorboard_plugin_attn.encoding.decode import read_record
from tensorboard_plugin_attn.encoding.header import Header
from tensorboard_plugin_attn.storing import store
from tensorboard_plugin_attn.storing.files import LocalFiles

__all__ = ["Files", "read_parts", "whole_weights"]

Files = list[tuple[Header, AttentionRecord]]


def read_parts(directory: Path, tag: str, step: int) -> Files:
    """Header and record of each part's file, in the order of their numbers."""
    folder = directory / "plugins" / "attn" / tag
    files = LocalFiles(str(folder))
    found = []
    for path in sorted(folder.glob(f"{step:012d}.part-*")):
        name = path.name
        header = store.read_header(lambda a, b, name=name: files.read(name, a, b), files.size(name), name)
        found.append((header, read_record(header, lambda a, b, name=name: files.read(name, a, b))))
    return found


def whole_weights(parts: Files, shape: tuple[int, ...]) -> list[NDArray[np.float32]]:
    """The layers ``[head, query, key]`` of all parts, NaN where none has anything."""
    layers: dict[int, Any] = {}
    for header, record in parts:
        part = header.part
        assert part is not None
        for index, layer in enumerate(record.layers):
            number = index if part.layers is None else part.layers[index]
            whole = layers.setdefault(number, np.full(shape, np.nan, np.float32))
            heads = range(shape[0]) if part.heads is None else part.heads
            queries = range(shape[1]) if part.queries is None else part.queries
            whole[np.ix_(list(heads), list(queries))] = layer.weights
    return [layers[number] for number in sorted(layers)]
