"""Layers, one after another → the encoded layers of one record, within a size."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from functools import partial
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn.encoding.format import probe_hash
from tensorboard_plugin_attn.encoding.header import ModelLayers
from tensorboard_plugin_attn.encoding.layer import EncodedLayer, encode_layer
from tensorboard_plugin_attn.encoding.streamed import encode_streamed
from tensorboard_plugin_attn.errors import spell_out
from tensorboard_plugin_attn.measuring.head_metrics import METRICS, Metric, compute_metrics
from tensorboard_plugin_attn.measuring.part_metrics import metric_weights
from tensorboard_plugin_attn.measuring.ragged import stack_ragged
from tensorboard_plugin_attn.measuring.row_stats import RowStats
from tensorboard_plugin_attn.record.checks import check_range, label_layer
from tensorboard_plugin_attn.record.layer import LayerAttention
from tensorboard_plugin_attn.record.tokens import TokenAxes
from tensorboard_plugin_attn.writing.aside import Aside, Labelled, Rooms
from tensorboard_plugin_attn.writing.chosen_rows import ChosenRows
from tensorboard_plugin_attn.writing.code_packing import CodePacking
from tensorboard_plugin_attn.writing.extra_metrics import ExtraMetrics
from tensorboard_plugin_attn.writing.given_maps import in_blocks
from tensorboard_plugin_attn.writing.history import Reference
from tensorboard_plugin_attn.writing.keeping import Keeping, Shares, beside_bytes, maxima_bytes
from tensorboard_plugin_attn.writing.part import Part
from tensorboard_plugin_attn.writing.room import Room
from tensorboard_plugin_attn.writing.row_codes import spaced_rows

__all__ = ["Draft"]

MOST_NAMED = 8
ROUNDED = 1 - 1e-9  # what fits exactly may be a sum that is rounded up


class Draft:
    """Encodes each layer as it comes, so that the float weights of a layer can go before the next; small ones where
    ``aside`` has room wait until ``settle`` is called, by whichever thread.

    A record above ``max_bytes`` keeps metrics and thumbnails of every head, and the weights of the layers that fit:
    small ones first, of equal ones evenly spaced.
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
        keep: str = "auto",
        queries: Sequence[int] | None = None,
        aside: Aside | None = None,
    ) -> None:
        self.axes = axes if part is None else part.axes(axes)
        self.part = part
        self.metrics = metrics
        self.precision = precision
        self.max_bytes = max_bytes
        self.chosen = ChosenRows.of(queries, self.axes)
        self.keeping = Keeping(keep, metrics_only=metrics_only, chosen=self.chosen)
        self.allow_nan = allow_nan
        self.extra = extra or ExtraMetrics()
        self.metrics_only = metrics_only
        self.input_hash = input_hash
        self.model_layers: int | None = None
        self.missing: list[str] = []  # modules of the same stacks in which nothing was seen
        self.layers: list[EncodedLayer] = []
        self.aside = aside
        self.rooms = Rooms() if aside is None else aside.rooms
        self.waiting: deque[Labelled] = deque()
        self.lock = threading.RLock()
        self.is_finished = False
        self.failure: Exception | None = None
        self.early: list[
            int
        ] = []  # columns of the metrics that are measured in the call, where others are not
        self.layer_names: list[str] = []
        self.masks: list[tuple[int, int, str]] = []  # queries, keys, mask
        self.promised: Reference | None = None
        self.gone: list[int] = []  # changes that cannot be told
        self.metric_weights: list[NDArray[np.float32]] = []  # of a part, [head, metric] a layer
        self.room = Room(0 if metrics_only else max_bytes)
        self.shares = Shares()  # of all layers
        self.packing = CodePacking(max_bytes)
        self.scratch: dict[Any, Any] = {}

    @property
    def names(self) -> list[str]:
        """The metrics, in the order of the columns."""
        return [*self.metrics, *self.extra.names]

    @property
    def is_by_rows(self) -> bool:
        """Whether one pass over rows gives all that is kept: no metric of your own, no neighbours in an image, no floats."""
        own = any(METRICS.get(name) is not each for name, each in self.metrics.items())
        return not own and not self.axes.geometry and self.precision == "uint8"

    def add(self, layer: LayerAttention, call: int = 0) -> None:
        """Label and check the next layer, the model's attention call of a number, and encode it or let it wait."""
        number, given = len(self.masks), layer.weights
        if self.part is not None:
            layer = copy(layer)
            self.part.fit(layer, self.axes, number)
        else:
            layer = in_blocks(layer, number)
        label_layer(self.axes, layer, number, allow_nan=self.allow_nan)
        source, size = self.keeping.source_of(layer, self.precision)
        if source == "codes":
            size += maxima_bytes(layer)
        beside = beside_bytes(layer, len(self.names), has_picture=not self.metrics_only)
        dropped = self.room.take(number, size, beside)
        shares = self.keeping.shares(layer, self.precision, source, size, beside)
        self.shares = Shares(*map(sum, zip(self.shares, shares, strict=True)))
        self.extra.find_pairs(layer, self.axes)
        if self.aside is not None and not dropped and self.aside.takes(layer):
            metrics = None if self.aside.measures is None else self.measure(layer, call, self.aside.measures)
            self.waiting.append(Labelled(self.aside.own(layer, given), number, call, source, metrics=metrics))
        else:
            self.settle()
            self.aside = None
            self.take(Labelled(layer, number, call, source, is_kept=number not in dropped))
        self.layer_names.append(layer.name)
        self.masks.append((layer.num_queries, layer.num_keys, layer.mask or "other"))
        for each in dropped:
            self.layers[each].leave_out()

    def measure(self, layer: LayerAttention, call: int, wants: Callable[[str], bool]) -> NDArray[np.float32]:
        """``[head, metric]`` of a layer with its weights: what is wanted, and NaN in the columns that are measured later."""
        self.early = [column for column, name in enumerate(self.metrics) if wants(name)]
        names = list(self.metrics)
        chosen = {names[column]: self.metrics[names[column]] for column in self.early}
        own = np.full((layer.num_heads, len(names)), np.nan, np.float32)
        maxima = layer.weights.max(axis=-1) if "confidence" in chosen else None
        own[:, self.early] = compute_metrics(layer, chosen, maxima)
        return np.concatenate([own, self.extra.measure(layer, self.axes, None, call)], axis=1)

    @property
    def late(self) -> dict[str, Metric]:
        """The metrics that are not measured in the call, though others are."""
        return {
            name: each for column, (name, each) in enumerate(self.metrics.items()) if column not in self.early
        }

    def take(self, labelled: Labelled) -> None:
        """Encode the next layer."""
        encoded, layer = self.encode(labelled), labelled.layer
        if labelled.metrics is None:
            extra = self.extra.measure(layer, self.axes, self.compared(layer, encoded), labelled.call)
            encoded.metrics = np.concatenate([encoded.metrics, extra], axis=1)
        else:
            late = [column for column in range(len(self.metrics)) if column not in self.early]
            labelled.metrics[:, late] = encoded.metrics
            encoded.metrics = labelled.metrics
        if self.part is not None:
            weights = metric_weights(layer, self.names, self.extra.changes)
            self.metric_weights.append(np.where(np.isnan(encoded.metrics), 0, weights).astype(np.float32))
        self.packing.take(encoded)
        self.layers.append(encoded)

    def settle(self) -> None:
        """Encode what waits, once, whichever thread asks first.

        Raises:
            Exception: as it was raised there, each time.
        """
        with self.lock:
            if self.failure is not None:
                raise self.failure
            try:
                while self.waiting:
                    first = self.waiting[0]
                    if first.metrics is None:  # an interrupt may have ended the last try, at any point
                        self.extra.only(len(self.layers))
                    if first.number == len(self.layers):
                        self.take(first)
                    self.rooms.give(self.waiting.popleft().layer.weights)
                if self.is_finished:
                    self.wind_up()
            except Exception as error:
                self.failure = error
                self.waiting.clear()
                raise

    def encode(self, labelled: Labelled) -> EncodedLayer:
        """A layer in the form that it is kept in."""
        layer, source, is_kept = labelled.layer, labelled.source, labelled.is_kept
        picture, rows = not self.metrics_only, self.chosen.rows(layer.num_queries)
        if layer.blocks is None:
            metrics = self.metrics if labelled.metrics is None else self.late
            return encode_layer(
                layer, self.axes, metrics, self.precision,
                keep=is_kept, picture=picture, source=source, rows=rows,
            )  # fmt: skip
        chosen = source if is_kept else "left_out"
        is_coded = chosen == "codes" and self.precision == "uint8"
        packing = self.packing.layer(layer.shape, whole=rows is None) if is_coded else None
        encoded = encode_streamed(
            layer,
            self.axes,
            self.metrics,
            self.precision,
            source=chosen,
            picture=picture,
            moved=bool(self.extra.contributions),
            rows=rows,
            check=partial(self.check, layer),
            codes_to=packing,
            noted=spaced_rows(layer) if self.extra.changes and source == "codes" else None,
            scratch=self.scratch,
        )
        if packing is not None:
            encoded.pack_by(packing.end())
        return encoded

    def compared(self, layer: LayerAttention, encoded: EncodedLayer) -> NDArray[np.uint8] | None:
        """The codes of the rows that tell how much a layer changes, where they are at hand."""
        if not self.extra.changes:
            return None
        rows, (noted, encoded.noted) = spaced_rows(layer), (encoded.noted, None)
        if noted is not None and np.array_equal(noted[0], rows):  # as they were known before it was measured
            return noted[1]
        codes = encoded.codes if encoded.kept_rows is None else None
        return codes[:, rows] if codes is not None and codes.dtype == np.uint8 else None

    def check(self, layer: LayerAttention, stats: RowStats) -> None:
        """Refuse weights that are none. Raises InvalidRecordError."""
        if layer.blocks.gives_weights:
            broken = () if self.allow_nan else np.flatnonzero(np.isnan(stats.total).any(axis=1)).tolist()
            check_range(
                stats.lowest,
                float(np.nan_to_num(stats.largest, nan=0.0, posinf=np.inf).max()),
                broken,
                len(self.layers),
            )

    def finish(self) -> str:
        """The probe's hash, once every layer is there or waits; changes from another input become NaN.

        Raises:
            InvalidRecordError: the layers are not those of the writer's part.
        """
        if self.part is not None:
            self.part.check_layers(len(self.masks))
        probe = probe_hash(self.axes, self.masks)
        self.gone = [len(self.metrics) + each for each in self.extra.of_another_probe(probe, self.input_hash)]
        for metrics in self.measured:
            metrics[:, self.gone] = np.nan
        self.is_finished = True
        if not self.waiting:
            self.wind_up()
        return probe

    def wind_up(self) -> None:
        """Every layer is encoded."""
        if self.promised is not None:
            self.promised.settle = None
        self.packing.end()
        self.scratch.clear()
        for metrics in self.measured:
            metrics[:, self.gone] = np.nan
        while self.overview_bytes() > self.max_bytes / 2:
            for layer in self.layers:
                layer.halve_overview()

    def fit(self) -> None:
        """Deflate rows that were stored, where the record would be larger than it may be; in the writing thread."""
        with self.lock:
            kept = [
                layer.nbytes - (0 if layer.overview is None else layer.overview.nbytes)
                for layer in self.layers
            ]
            if sum(kept) > self.max_bytes:
                for layer in self.layers:
                    layer.deflate(self.packing.spill)

    @property
    def measured(self) -> list[NDArray[np.float32]]:
        """The metrics of each layer, as far as they are there."""
        waiting = [each.metrics for each in self.waiting if each.metrics is not None]
        return [*(layer.metrics for layer in self.layers), *waiting]

    def told(self) -> tuple[NDArray[np.float32], list[str]]:
        """``[layer, head, metric]`` of the metrics that are there, and their names."""
        found, names = stack_ragged(self.measured), self.names
        if self.waiting:
            columns = [*self.early, *range(len(self.metrics), len(names))]
            found, names = found[..., columns], [names[column] for column in columns]
        return found, names

    @property
    def metric_bytes(self) -> int:
        """Bytes of the metrics alone, also of those that are not there yet."""
        heads = [layer.entry.heads for layer in self.layers] + [each.layer.num_heads for each in self.waiting]
        return 4 * sum(heads) * len(self.names)

    def reference(self, step: int, probe: str) -> Reference:
        """What later records of the tag are compared with."""
        is_there = len(self.extra.rows) == len(self.masks)
        self.promised = self.extra.kept(step, probe, self.input_hash, None if is_there else self.settle)
        return self.promised

    def overview_bytes(self) -> int:
        """Bytes of the pictures of long texts; 0 once a picture is one cell."""
        pictures = [each.kept_overview for each in self.layers if each.kept_overview is not None]
        return sum(picture.nbytes for picture in pictures if picture[0].size > 1)

    @property
    def nbytes(self) -> int:
        """Bytes held in memory."""
        with self.lock:
            return sum(layer.nbytes for layer in self.layers) + sum(each.nbytes for each in self.waiting)

    def left_out(self) -> list[dict[str, Any]]:
        """What the header says of layers without weights."""
        if self.metrics_only:
            return []
        why = f"the record would be larger than max_record_bytes={self.max_bytes}"
        return [
            {"layer": number, "what": "weights", "why": why}
            if layer.entry.source == "left_out"
            else {"layer": number, "what": "rows", "why": self.chosen.reason(layer.entry.queries)}
            for number, layer in enumerate(self.layers)
            if layer.entry.source == "left_out" or layer.kept_rows is not None
        ]

    def shortfalls(self, tag: str, left_out: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
        """What to say of the record, once per tag: the name of each sort of warning and its message."""
        numbers = [entry["layer"] for entry in left_out if entry["what"] == "weights"]
        if numbers:
            yield (
                f"size {tag}",
                f"{tag!r} is larger than max_record_bytes={self.max_bytes}: layers {numbers} keep metrics and "
                f"thumbnails but no weights; {self.what_would_fit()}",
            )
        if self.missing:
            yield (
                f"layers {tag}",
                f"{tag!r} has {len(set(self.layer_names))} of the model's {self.model_layers} "
                f"layers of attention: nothing was seen in {spell_out(self.missing, MOST_NAMED)}, which did not "
                f"run or hides its kernel; the record says so",
            )
        if self.nan_layers():
            yield (
                f"nan {tag}",
                f"{tag!r} has NaN attention weights in layers {self.nan_layers()}; the record says so",
            )

    def what_would_fit(self) -> str:
        """The limit for all weights, and the layers, or how many heads or rows, that fit the one there is."""
        needed = ceil(self.room.needed)
        kept = sorted(self.room.kept)
        heads = min(layer.entry.heads for layer in self.layers)
        few = int(ROUNDED * (self.max_bytes - self.shares.beside_heads) / self.shares.head)
        ways = [f"max_record_bytes={needed}"]
        ways += [f"layers={kept}"] if kept else []
        ways += [f"heads=range({few}), of {heads}"] if 0 < few < heads else []
        rows = int(ROUNDED * (self.room.limit - self.shares.beside_rows) / self.shares.row)
        ways += [f"queries= of at most {rows} positions"] if rows > 0 else []
        return f"all would fit with {' or '.join(ways)}"

    def layer_count(self) -> ModelLayers | None:
        """How many layers the model has, where that is known."""
        return None if self.model_layers is None else ModelLayers(self.model_layers, len(self.missing))

    def nan_layers(self) -> list[int]:
        """The layers with NaN weights."""
        return [number for number, layer in enumerate(self.layers) if layer.nan_heads]
