"""An opened record → its numbers as one ``.npz`` file that ``numpy.load`` opens without pickle."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from math import prod
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn.encoding.decode import read_vectors
from tensorboard_plugin_attn.encoding.rebuild import read_bands
from tensorboard_plugin_attn.record.blocks import MOST_CELLS
from tensorboard_plugin_attn.serving.opened_record import OpenedRecord

__all__ = ["record_npz"]

FAST = 1  # deflate's level: of dense weights the higher ones save 3 % in three times the time


def record_npz(record: OpenedRecord) -> bytes:
    """Names, tokens, head metrics, and of every layer its weights and vectors as far as they were logged.

    Weights go in bands of rows, so that a long text needs no more memory than a short one.

    Raises:
        DamagedFileError: the file is not whole.
    """
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=FAST) as archive:
        for name, array in arrays_of(record):
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)
        for number in range(len(record.layers)):
            if why_left_out(record, number) is None:
                with archive.open(f"layer.{number}.weights.npy", "w", force_zip64=True) as member:
                    write_weights(member, record, number)
    return file.getvalue()


def why_left_out(record: OpenedRecord, number: int) -> str | None:
    """Why the file has no weights of a layer, None where it has."""
    layer = record.layers[number]
    if layer.source == "left_out":
        return next(
            (each.why for each in record.header.left_out if each.layer == number), "not in the record"
        )
    if prod(layer.shape) <= MOST_CELLS:
        return None
    instead = "; query, key and lse give its rows" if layer.source == "vectors" else ""
    return f"{prod(layer.shape):,} weights are more than the {MOST_CELLS:,} of a layer that are put into a file{instead}"


def left_out_of(record: OpenedRecord) -> list[str]:
    """What is said of each layer without weights."""
    reasons = {number: why_left_out(record, number) for number in range(len(record.layers))}
    return [f"layer.{number}.weights: {why}" for number, why in reasons.items() if why is not None]


def write_weights(member: IO[bytes], record: OpenedRecord, number: int) -> None:
    """One layer's weights ``[head, query, key]`` as numpy writes an array, a band at a time."""
    head = {"descr": "<f4", "fortran_order": False, "shape": record.layers[number].shape}
    np.lib.format.write_array_header_1_0(member, head)
    for band in read_bands(record.header, record.read, number):
        member.write(np.ascontiguousarray(band.weights).tobytes())


def arrays_of(record: OpenedRecord) -> Iterator[tuple[str, NDArray[Any]]]:
    """The arrays by name, in the words of ``AttentionRecord``."""
    header = record.header
    yield "tag", np.array(header.tag)
    yield "step", np.array(header.step)
    for axis, tokens in header.tokens.items():
        yield axis, np.array(tokens, np.str_)
    for field in ("name", "kind", "stack", "mask"):
        yield f"layer_{field}s", np.array([getattr(layer, field) for layer in header.layers], np.str_)
    for axis, positions in header.special.items():
        yield f"special_{axis}", np.array(positions, np.int64)
    if header.sentence_b_start is not None:
        yield "sentence_b_start", np.array(header.sentence_b_start)
    yield "metric_names", np.array(header.metric_names, np.str_)
    yield "head_metrics", header.metrics
    yield "left_out", np.array(left_out_of(record), np.str_)
    for number, entry in enumerate(header.layers):
        if entry.source == "left_out":
            continue
        if entry.head_numbers is not None:
            yield f"layer.{number}.heads", np.array(entry.head_numbers, np.int64)
        if entry.scale is not None:
            yield f"layer.{number}.scale", np.array(entry.scale, np.float64)
        for name, array in read_vectors(header, record.read, number).items():
            yield f"layer.{number}.{name}", np.asarray(array, np.float32)
