"""A record's head metrics → an index event and scalars in the user's own event file.

The index event makes run and tag known to TensorBoard at once. Nothing else depends on it: steps and patterns
come from the record files.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from numpy.typing import NDArray

from tensorboard_plugin_attn.errors import InvalidRecordError
from tensorboard_plugin_attn.measuring.contribution import CONTRIBUTIONS
from tensorboard_plugin_attn.measuring.head_metrics import CHANGES, METRICS
from tensorboard_plugin_attn.private_names import file_writer_of
from tensorboard_plugin_attn.warn import tell

__all__ = ["PLUGIN_NAME", "Scalars", "SummarySink", "build_summary", "check_scalars", "plugin_data_class"]

Scalars = bool | Literal["summary"]
PLUGIN_NAME = "attn"
SUMMARY = ("entropy_mean", "max_score_max", "change_previous_mean")
MESSAGE = "tensorboard_plugin_attn.PluginData"
METADATA_FORMAT = 1


def plugin_data_class() -> Any:
    """The message ``PluginData``, from a descriptor that protobuf 3.19.6 and 7 both load."""
    pool = descriptor_pool.Default()
    try:
        descriptor = pool.FindMessageTypeByName(MESSAGE)
    except KeyError:
        pool.AddSerializedFile(plugin_data_file().SerializeToString())
        descriptor = pool.FindMessageTypeByName(MESSAGE)
    if hasattr(message_factory, "GetMessageClass"):
        return message_factory.GetMessageClass(descriptor)
    factory: Any = message_factory.MessageFactory(pool)
    return factory.GetPrototype(descriptor)  # protobuf before 4.22


def plugin_data_file() -> Any:
    """``message PluginData { int32 format = 1; repeated string metric = 2; repeated string layer = 3; }``"""
    file = descriptor_pb2.FileDescriptorProto(
        name="tensorboard_plugin_attn/plugin_data.proto", package="tensorboard_plugin_attn", syntax="proto3"
    )
    message = file.message_type.add(name="PluginData")
    field = descriptor_pb2.FieldDescriptorProto
    for number, (name, kind, label) in enumerate(
        [
            ("format", field.TYPE_INT32, field.LABEL_OPTIONAL),
            ("metric", field.TYPE_STRING, field.LABEL_REPEATED),
            ("layer", field.TYPE_STRING, field.LABEL_REPEATED),
        ],
        start=1,
    ):
        message.field.add(name=name, number=number, type=kind, label=label)
    return file


def build_summary(
    tag: str,
    metrics: NDArray[np.float32],
    metric_names: Sequence[str],
    layer_names: Sequence[str],
    *,
    scalars: Scalars,
) -> Any:
    """Metrics ``[layer, head, metric]`` → a Summary: the index value, and the scalars that are wanted."""
    from tensorboard.compat.proto import summary_pb2
    from tensorboard.util import tensor_util

    content = plugin_data_class()(format=METADATA_FORMAT, metric=metric_names, layer=layer_names)
    metadata = summary_pb2.SummaryMetadata(
        plugin_data=summary_pb2.SummaryMetadata.PluginData(
            plugin_name=PLUGIN_NAME, content=content.SerializeToString()
        ),
        data_class=summary_pb2.DATA_CLASS_TENSOR,
    )
    summary = summary_pb2.Summary()
    summary.value.add(tag=f"attn/{tag}", metadata=metadata, tensor=tensor_util.make_tensor_proto(metrics))
    if scalars is not False:
        for name, value in scalar_values(metrics, metric_names, is_summary=scalars == "summary"):
            summary.value.add(tag=f"attn/{tag}/{name}", simple_value=value)
    return summary


def check_scalars(scalars: Any) -> Scalars:
    """``"summary"``, True or False, or an error."""
    if scalars is True or scalars is False or scalars == "summary":
        checked: Scalars = scalars
        return checked
    raise InvalidRecordError(f'scalars must be "summary", True or False, got {scalars!r}')


def scalar_values(
    metrics: NDArray[np.float32], metric_names: Sequence[str], *, is_summary: bool = False
) -> list[tuple[str, float]]:
    """``<metric>_mean``, ``_min`` and ``_max`` over all heads; none for a metric that no head has.

    A summary holds those of the user's own metrics and tracked pairs, and of the built-in ones a handful.
    """
    values = []
    for column, name in enumerate(metric_names):
        heads = metrics[..., column][~np.isnan(metrics[..., column])]
        is_whole = not is_summary or not is_built_in(name)
        if heads.size:
            for suffix, value in (("mean", heads.mean()), ("min", heads.min()), ("max", heads.max())):
                if is_whole or f"{name}_{suffix}" in SUMMARY:
                    values.append((f"{name}_{suffix}", float(value)))
    return values


def is_built_in(name: str) -> bool:
    """Whether a metric is one of those of which a summary has a handful."""
    return name in METRICS or name in CHANGES or name in CONTRIBUTIONS


class SummarySink:
    """The event file of a SummaryWriter, torch's or tensorboardX's; a second one is never opened."""

    def __init__(self, summary_writer: Any, *, scalars: Scalars) -> None:
        self.summary_writer = summary_writer
        self.scalars = scalars
        self.is_broken = False

    def add(
        self,
        tag: str,
        step: int,
        metrics: NDArray[np.float32],
        metric_names: Sequence[str],
        layer_names: Sequence[str],
    ) -> None:
        """Write one record's index event and scalars; a failure is told once and stops nothing."""
        if self.is_broken or self.is_closed:
            return
        try:
            summary = build_summary(tag, metrics, metric_names, layer_names, scalars=self.scalars)
            self.file_writer().add_summary(self.translate(summary), step)
        except Exception as error:  # noqa: BLE001 a private part of a library that may change
            self.is_broken = True
            tell(
                f"no scalars and no index event for attention: {type(self.summary_writer).__name__} refused them "
                f"({error!r}); the records themselves are written"
            )

    def wants(self, name: str) -> bool:
        """Whether a metric has a scalar."""
        if self.scalars != "summary":
            return self.scalars is True
        return not is_built_in(name) or any(each.startswith(f"{name}_") for each in SUMMARY)

    @property
    def is_closed(self) -> bool:
        """Whether the user closed the SummaryWriter: writing to it now would open a second event file."""
        return getattr(self.summary_writer, "file_writer", self) is None

    def file_writer(self) -> Any:
        """The writer of raw summaries; no SummaryWriter has a public one."""
        return file_writer_of(self.summary_writer)

    def translate(self, summary: Any) -> Any:
        """The summary in the message class that this writer takes."""
        if not type(self.summary_writer).__module__.startswith("tensorboardX"):
            return summary
        from tensorboardX.proto.summary_pb2 import Summary

        return Summary.FromString(summary.SerializeToString())

    def flush(self) -> None:
        """Flush the event file."""
        if not self.is_closed:
            self.summary_writer.flush()
