"""A model and the inputs of a probe → how long its layers are, from one forward for each shape of the inputs."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

from tensorboard_plugin_attn.capturing import AxisLengths, Row, no_whole_map, nothing_handed, probe_rows
from tensorboard_plugin_attn.writing.decoder_ids import decoder_named
from tensorboard_plugin_attn.writing.probe_tokens import batch_size

__all__ = ["axis_lengths"]

known: WeakKeyDictionary[Any, dict[Any, AxisLengths]] = WeakKeyDictionary()


def axis_lengths(model: Any, inputs: Any, row: int, windows: str | None = None) -> AxisLengths:
    """How long the axes of each stack are, padding cropped.

    Raises:
        CaptureError: no attention was seen.
        InvalidRecordError: every layer's maps are windows of the input.
    """
    by_shape = known.setdefault(model, {})
    key = (row, windows, *shapes(inputs))
    if key not in by_shape:
        by_shape[key] = counted(model, inputs, row, windows)
    return by_shape[key]


def shapes(inputs: Any) -> list[Any]:
    """What of the inputs decides how long the layers are: shapes, how much of them is padding, grids."""
    named = inputs.items() if isinstance(inputs, Mapping) else enumerate([inputs])
    return [
        (
            str(name),
            tuple(getattr(value, "shape", ())),
            str(value.tolist()) if "mask" in str(name) or "grid" in str(name) else "",
        )
        for name, value in named
        if hasattr(value, "shape")
    ]


def counted(model: Any, inputs: Any, row: int, windows: str | None) -> AxisLengths:
    """One forward that disturbs nothing, and warns of nothing: the probe's own will."""
    lengths = AxisLengths()
    receiver = Row(row, lambda _, layer: lengths.add(layer), inputs=batch_size(inputs))
    with decoder_named(model, inputs), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        session = probe_rows(model, inputs, [receiver], windows=windows)
    if receiver.error is not None:
        raise receiver.error
    if not receiver.handed:
        raise no_whole_map(receiver.windows) if receiver.windows else nothing_handed(session, None)
    return lengths
