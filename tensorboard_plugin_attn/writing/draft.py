"""Layers, one after another → the encoded layers of one record, within a size."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn.encoding.format import probe_hash
from tensorboard_plugin_attn.encoding.layer import EncodedLayer, encode_layer
from tensorboard_plugin_attn.measuring.head_metrics import Metric
from tensorboard_plugin_attn.measuring.part_metrics import metric_weights
from tensorboard_plugin_attn.record.checks import label_layer
from tensorboard_plugin_attn.record.layer import LayerAttention
from tensorboard_plugin_attn.record.tokens import TokenAxes
from tensorboard_plugin_attn.writing.extra_metrics import ExtraMetrics
from tensorboard_plugin_attn.writing.part import Part

__all__ = ["Draft"]

FILE_SHARE = {"full": 0.85, "causal": 0.42}  # bytes in the file per byte of codes, as measured


class Draft:
    """Encodes each layer as it comes, so that the float weights of a layer can go before the next.

    A record above ``max_bytes`` keeps metrics and thumbnails of every head, and the weights of every second,
    fourth, … layer, as many as fit.
    """

    def __init__(
        self,
        axes: TokenAxes,
        metrics: Mapping[str, Metric],
        precision: str,
        max_bytes: int,
        *,
        allow_nan: bool = False,
        extra: ExtraMetrics | None = None,
        metrics_only: bool = False,
        input_hash: str | None = None,
        part: Part | None = None,
    ) -> None:
        self.axes = axes if part is None else part.axes(axes)
        self.part = part
        self.metrics = metrics
        self.precision = precision
        self.max_bytes = max_bytes
        self.allow_nan = allow_nan
        self.extra = extra or ExtraMetrics()
        self.metrics_only = metrics_only
        self.input_hash = input_hash
        self.layers: list[EncodedLayer] = []
        self.metric_weights: list[NDArray[np.float32]] = []  # of a part, [head, metric] a layer
        self.stride = 0 if metrics_only else 1

    @property
    def names(self) -> list[str]:
        """The metrics, in the order of the columns."""
        return [*self.metrics, *self.extra.names]

    def add(self, layer: LayerAttention, call: int = 0) -> None:
        """Label, check and encode the next layer, the model's attention call of a number."""
        number = len(self.layers)
        if self.part is not None:
            layer = copy(layer)
            self.part.fit(layer, self.axes, number)
        label_layer(self.axes, layer, number, allow_nan=self.allow_nan)
        keep = self.keeps(number)
        encoded = encode_layer(
            layer, self.axes, self.metrics, self.precision, keep=keep, picture=not self.metrics_only
        )
        extra = self.extra.measure(layer, self.axes, encoded.codes, call)
        encoded.metrics = np.concatenate([encoded.metrics, extra], axis=1)
        if self.part is not None:
            weights = metric_weights(layer, self.names, self.extra.changes)
            self.metric_weights.append(np.where(np.isnan(encoded.metrics), 0, weights).astype(np.float32))
        self.layers.append(encoded)
        while self.file_bytes() > self.max_bytes:
            kept = sum(encoded.codes is not None for encoded in self.layers)
            self.stride = 2 * self.stride if kept > 1 else 0
            self.leave_out_the_rest()

    def finish(self) -> str:
        """The probe's hash, once every layer is there; changes from another input become NaN.

        Raises:
            InvalidRecordError: the layers are not those of the writer's part.
        """
        if self.part is not None:
            self.part.check_layers(len(self.layers))
        while self.overview_bytes() > self.max_bytes / 2:
            for layer in self.layers:
                layer.halve_overview()
        probe = probe_hash(self.axes, self.layers)
        for column in self.extra.of_another_probe(probe, self.input_hash):
            for layer in self.layers:
                layer.metrics[:, len(self.metrics) + column] = np.nan
        return probe

    def overview_bytes(self) -> int:
        """Bytes of the pictures of long texts; 0 once a picture is one cell."""
        pictures = [each.kept_overview for each in self.layers if each.kept_overview is not None]
        return sum(picture.nbytes for picture in pictures if picture[0].size > 1)

    def keeps(self, number: int) -> bool:
        """Whether a layer's weights are among those that fit; stride 0: not even one layer fits."""
        return self.stride > 0 and number % self.stride == 0

    def leave_out_the_rest(self) -> None:
        """Drop the weights of the layers that the stride no longer keeps."""
        for number, encoded in enumerate(self.layers):
            if not self.keeps(number):
                encoded.leave_out()

    def file_bytes(self) -> float:
        """Estimated bytes of weights and vectors in the file."""
        return sum(file_share(layer) for layer in self.layers)

    @property
    def nbytes(self) -> int:
        """Bytes held in memory."""
        return sum(layer.nbytes for layer in self.layers)

    def left_out(self) -> list[dict[str, Any]]:
        """What the header says of layers without weights."""
        if self.metrics_only:
            return []
        why = f"the record would be larger than max_record_bytes={self.max_bytes}"
        return [
            {"layer": number, "what": "weights", "why": why}
            for number, layer in enumerate(self.layers)
            if layer.codes is None
        ]

    def shortfalls(self, tag: str, left_out: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
        """What to say of the record, once per tag: the name of each sort of warning and its message."""
        if left_out:
            numbers = [entry["layer"] for entry in left_out]
            yield (
                f"size {tag}",
                f"{tag!r} is larger than max_record_bytes={self.max_bytes}: layers {numbers} keep metrics and "
                f"thumbnails but no weights; raise max_record_bytes, or log fewer layers or heads",
            )
        if self.nan_layers():
            yield (
                f"nan {tag}",
                f"{tag!r} has NaN attention weights in layers {self.nan_layers()}; the record says so",
            )

    def nan_layers(self) -> list[int]:
        """The layers with NaN weights."""
        return [number for number, layer in enumerate(self.layers) if layer.nan_heads]


def file_share(layer: EncodedLayer) -> float:
    """Estimated bytes that a layer's weights and vectors take in the file."""
    if layer.codes is None:
        return 0.0
    share = FILE_SHARE.get(layer.entry.mask, 0.85) if layer.codes.itemsize == 1 else 1.0
    return share * layer.codes.nbytes + sum(array.nbytes for _, array in layer.vectors.values())
