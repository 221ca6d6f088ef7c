"""Index events and scalars: the message, and the event files of both SummaryWriters."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from logs.random_attention import random_record
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
from tensorboard.compat.proto import summary_pb2
from tensorboard.util import tensor_util

from tensorboard_plugin_attn import AttentionWriter
from tensorboard_plugin_attn.errors import InvalidRecordError
from tensorboard_plugin_attn.measuring.head_metrics import METRICS
from tensorboard_plugin_attn.writing.summary import (
    SummarySink,
    build_summary,
    plugin_data_class,
    scalar_values,
)

NAMES = ["entropy", "confidence"]
METRIC_VALUES = np.array([[[0.5, 0.25], [0.1, np.nan]], [[0.3, 0.75], [np.nan, np.nan]]], np.float32)


def torch_writer(directory: Path) -> Any:
    from torch.utils.tensorboard import SummaryWriter

    return SummaryWriter(str(directory))


def tensorboardx_writer(directory: Path) -> Any:
    from tensorboardX import SummaryWriter

    return SummaryWriter(str(directory))


@pytest.fixture(params=[torch_writer, tensorboardx_writer], ids=["torch", "tensorboardX"])
def summary_writer(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    writer = request.param(tmp_path)
    yield writer
    writer.close()


def event_files(directory: Path) -> list[Path]:
    return sorted(directory.rglob("events.out.tfevents.*"))


def values(summary_writer: Any, directory: Path) -> list[tuple[int, Any]]:
    """(step, value) of everything in the one event file; closed first: tensorboardX flushes in its own time."""
    summary_writer.close()
    (path,) = event_files(directory)
    return [
        (event.step, value) for event in EventFileLoader(str(path)).Load() for value in event.summary.value
    ]


def test_the_message_has_the_fields_that_the_format_names() -> None:
    message = plugin_data_class()(format=1, metric=["entropy"], layer=["h.0", "h.1"])
    copy = plugin_data_class().FromString(message.SerializeToString())
    assert (copy.format, list(copy.metric), list(copy.layer)) == (1, ["entropy"], ["h.0", "h.1"])
    assert message.SerializeToString() == b"\x08\x01\x12\x07entropy\x1a\x03h.0\x1a\x03h.1"


def test_the_index_value_holds_the_metrics_and_names_them() -> None:
    summary = build_summary("doctor/she", METRIC_VALUES, NAMES, ["h.0", "h.1"], scalars=False)
    (value,) = summary.value
    assert value.tag == "attn/doctor/she"
    assert value.metadata.plugin_data.plugin_name == "attn"
    assert value.metadata.data_class == summary_pb2.DATA_CLASS_TENSOR
    np.testing.assert_array_equal(tensor_util.make_ndarray(value.tensor), METRIC_VALUES)
    content = plugin_data_class().FromString(value.metadata.plugin_data.content)
    assert (content.format, list(content.metric), list(content.layer)) == (1, NAMES, ["h.0", "h.1"])


def test_scalars_are_mean_minimum_and_maximum_over_the_heads_that_exist() -> None:
    assert dict(scalar_values(METRIC_VALUES, NAMES)) == pytest.approx(
        {
            "entropy_mean": 0.3,
            "entropy_min": 0.1,
            "entropy_max": 0.5,
            "confidence_mean": 0.5,
            "confidence_min": 0.25,
            "confidence_max": 0.75,
        }
    )


def test_a_metric_that_no_head_has_gives_no_scalar() -> None:
    assert scalar_values(np.full((2, 2, 1), np.nan, np.float32), ["induction"]) == []


def test_index_and_scalars_go_into_the_one_event_file_of_the_user(
    summary_writer: Any, tmp_path: Path
) -> None:
    summary_writer.add_scalar("loss", 2.5, 7)
    writer = AttentionWriter(summary_writer, metrics=["entropy", "confidence"], scalars=True)
    writer.add_record("doctor/she", random_record((2, 3)), 7)
    writer.flush()
    found = values(summary_writer, tmp_path)
    assert {step for step, _ in found} == {7}
    tags = [value.tag for _, value in found]
    assert tags[0] == "loss"
    assert tags[1] == "attn/doctor/she"
    assert sorted(tags[2:]) == sorted(
        f"attn/doctor/she/{name}_{part}"
        for name in ("entropy", "confidence")
        for part in ("mean", "min", "max")
    )
    assert tensor_util.make_ndarray(found[1][1].tensor).shape == (2, 3, 2)
    assert list(tmp_path.glob("plugins/attn/*/000000000007.safetensors"))


def test_scalars_agree_with_the_metrics_in_the_record(summary_writer: Any, tmp_path: Path) -> None:
    writer = AttentionWriter(summary_writer, metrics=["confidence"], scalars=True)
    record = random_record((2, 2))
    writer.add_record("probe", record, 1)
    writer.flush()
    heads = np.concatenate([METRICS["confidence"](layer) for layer in record.layers])
    found = {value.tag: value for _, value in values(summary_writer, tmp_path)}
    for part, expected in (("mean", heads.mean()), ("min", heads.min()), ("max", heads.max())):
        value = found[f"attn/probe/confidence_{part}"]
        number = value.simple_value or tensor_util.make_ndarray(value.tensor).item()
        assert number == pytest.approx(float(expected), rel=1e-6)


def test_the_summary_is_a_handful_of_cards_and_all_of_the_users_own(
    summary_writer: Any, tmp_path: Path
) -> None:
    own = {"own": lambda layer: layer.weights.max(axis=(1, 2))}
    writer = AttentionWriter(summary_writer, metrics=own)
    for step in (1, 2):
        record = random_record((2, 3))
        for layer in record.layers:
            layer.max_score = np.ones(layer.num_heads, np.float32)
        writer.add_record("probe", record, step, track={"pair": (1, 0)})
    writer.flush()
    tags = {value.tag for step, value in values(summary_writer, tmp_path) if step == 2}
    mine = {f"attn/probe/{name}_{part}" for name in ("own", "pair") for part in ("mean", "min", "max")}
    handful = {f"attn/probe/{name}" for name in ("entropy_mean", "max_score_max", "change_previous_mean")}
    assert tags == {"attn/probe"} | mine | handful


@pytest.mark.parametrize("scalars", ["all", 1, None], ids=str)
def test_scalars_that_are_none_of_the_three_are_refused(scalars: Any, tmp_path: Path) -> None:
    with pytest.raises(InvalidRecordError, match=r'scalars must be "summary", True or False, got'):
        AttentionWriter(tmp_path, scalars=scalars)


def test_scalars_can_be_turned_off(summary_writer: Any, tmp_path: Path) -> None:
    writer = AttentionWriter(summary_writer, scalars=False)
    writer.add_record("probe", random_record(), 1)
    writer.flush()
    assert [value.tag for _, value in values(summary_writer, tmp_path)] == ["attn/probe"]


def test_closing_leaves_the_users_writer_open(summary_writer: Any, tmp_path: Path) -> None:
    with AttentionWriter(summary_writer) as writer:
        writer.add_record("probe", random_record(), 1)
    summary_writer.add_scalar("loss", 1.5, 2)
    assert "loss" in [value.tag for _, value in values(summary_writer, tmp_path)]


def test_a_directory_gets_no_event_file(tmp_path: Path) -> None:
    with AttentionWriter(tmp_path) as writer:
        writer.add_record("probe", random_record(), 1)
    assert event_files(tmp_path) == []


class BrokenWriter:
    """A SummaryWriter whose inside has changed."""

    def __init__(self, directory: Path) -> None:
        self.log_dir = str(directory)
        self.flushed = 0

    def add_scalar(self, *args: object) -> None:
        """What makes it a SummaryWriter."""

    def flush(self) -> None:
        self.flushed += 1


def log_steps(writer: AttentionWriter, count: int) -> None:
    for step in range(count):
        writer.add_record("probe", random_record(), step)


def test_a_writer_that_refuses_is_told_once_and_the_records_are_written(tmp_path: Path) -> None:
    writer = AttentionWriter(BrokenWriter(tmp_path))
    with pytest.warns(RuntimeWarning) as told:
        log_steps(writer, 3)
    writer.close()
    (message,) = [str(each.message) for each in told]
    assert message.startswith("no scalars and no index event for attention: BrokenWriter refused them")
    assert "_get_file_writer" in message
    assert writer.num_written == 3
    assert len(list(tmp_path.glob("plugins/attn/probe/*.safetensors"))) == 3


def test_flushing_flushes_the_event_file_too(tmp_path: Path) -> None:
    broken = BrokenWriter(tmp_path)
    AttentionWriter(broken).flush()
    assert broken.flushed == 1


def test_a_record_with_nan_metrics_still_makes_an_index_event() -> None:
    class Sink:
        """Takes what a FileWriter takes."""

        def __init__(self) -> None:
            self.added: list[tuple[Any, int]] = []

        def _get_file_writer(self) -> Sink:
            return self

        def add_summary(self, summary: Any, step: int) -> None:
            self.added.append((summary, step))

    target = Sink()
    SummarySink(target, scalars=True).add("t", 3, np.full((1, 1, 1), np.nan, np.float32), ["induction"], [""])
    ((summary, step),) = target.added
    assert (step, [value.tag for value in summary.value]) == (3, ["attn/t"])


MESSAGE_CHECK = """
import google.protobuf
from tensorboard_plugin_attn.writing.summary import plugin_data_class
first, second = plugin_data_class(), plugin_data_class()
data = first(format=1, metric=["entropy"], layer=["h.0"]).SerializeToString()
assert data == b"\\x08\\x01\\x12\\x07entropy\\x1a\\x03h.0", data
assert list(second.FromString(data).metric) == ["entropy"]
print(google.protobuf.__version__)
"""


def run_message_check(python: str, environment: dict[str, str]) -> str:
    """The version of protobuf on which the message was built twice and parsed back."""
    done = subprocess.run(
        [python, "-c", MESSAGE_CHECK], capture_output=True, text=True, env={**os.environ, **environment}
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_message_is_built_on_the_installed_protobuf() -> None:
    assert run_message_check(sys.executable, {})


PROTOBUFS = [
    ("3.19.6", {"PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": "python"}),
    ("4.25.8", {}),
    ("7.36.2", {}),
]


@pytest.mark.slow
@pytest.mark.parametrize(("version", "environment"), PROTOBUFS, ids=[case[0] for case in PROTOBUFS])
def test_the_message_is_built_on_every_protobuf_that_tensorboard_allows(
    version: str, environment: dict[str, str], tmp_path: Path
) -> None:
    venv.create(tmp_path / "venv", with_pip=True)
    python = str(tmp_path / "venv" / "bin" / "python")
    subprocess.run([python, "-m", "pip", "install", "-q", f"protobuf=={version}", "numpy"], check=True)
    package = str(Path(__file__).parents[2])
    assert run_message_check(python, {**environment, "PYTHONPATH": package}) == version
