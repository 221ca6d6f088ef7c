"""What a writer is given → checked: targets, layers and steps."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from tensorboard_plugin_attn import AttentionWriter
from tensorboard_plugin_attn.errors import InvalidRecordError
from tensorboard_plugin_attn.writing.arguments import check_step, resolve_target, split_layers

STEPS = [3, np.int64(3), np.int32(3), np.uint8(3), torch.tensor(3), np.array(3), np.array([3]), True + 2]


@pytest.mark.parametrize("step", STEPS, ids=[type(step).__name__ for step in STEPS])
def test_integers_of_every_kind_are_steps(step: Any) -> None:
    assert check_step(step) == 3
    assert type(check_step(step)) is int


NO_STEPS = [None, 0.5, 3.0, np.float64(3), "3", torch.tensor(3.5), torch.tensor([1, 2]), np.arange(2)]


@pytest.mark.parametrize("step", NO_STEPS, ids=[repr(step) for step in NO_STEPS])
def test_what_is_no_integer_is_no_step(step: Any) -> None:
    with pytest.raises(InvalidRecordError, match="global_step must be an integer, got "):
        check_step(step)


@pytest.mark.parametrize("step", [2**53, -(2**53), 2**63, 10**30])
def test_a_step_that_no_browser_can_tell_from_its_neighbours_is_refused(step: int) -> None:
    with pytest.raises(InvalidRecordError, match=r"global_step must be within ±9007199254740991, got"):
        check_step(step)


@pytest.mark.parametrize("value", [-1, float("nan"), "1", None, True])
@pytest.mark.parametrize("name", ["max_record_bytes", "max_queue_bytes", "max_wait", "max_spool_bytes"])
def test_a_limit_that_is_none_is_refused(name: str, value: object, tmp_path: Path) -> None:
    with pytest.raises(InvalidRecordError, match=f"{name} must be a number from 0 on, got"):
        AttentionWriter(tmp_path, **{name: value})


SUMMARY_WRITERS = [
    ("torch's", SimpleNamespace(log_dir="runs/a", add_scalar=print)),
    ("tensorboardX's", SimpleNamespace(logdir="runs/a", add_scalar=print)),
    ("with a Path", SimpleNamespace(log_dir=Path("runs/a"), add_scalar=print)),
]


@pytest.mark.parametrize(
    "target", [case[1] for case in SUMMARY_WRITERS], ids=[case[0] for case in SUMMARY_WRITERS]
)
def test_a_summary_writer_gives_its_directory(target: Any) -> None:
    assert resolve_target(target) == (str(Path.cwd() / "runs/a"), target)


TARGETS = [
    ("runs/a", str(Path.cwd() / "runs/a")),
    (Path("runs/a"), str(Path.cwd() / "runs/a")),
    ("file:///runs/a", "/runs/a"),
    ("s3://bucket/runs/a", "s3://bucket/runs/a"),
]


@pytest.mark.parametrize(("target", "expected"), TARGETS)
def test_a_directory_or_url_has_no_summary_writer(target: Any, expected: str) -> None:
    assert resolve_target(target) == (expected, None)


@pytest.mark.parametrize("target", [None, 7, object(), SimpleNamespace(log_dir="runs")])
def test_a_target_that_is_none_is_refused(target: object) -> None:
    with pytest.raises(
        InvalidRecordError, match="must be a directory, an fsspec URL or a SummaryWriter, got"
    ):
        resolve_target(target)


def test_layers_come_from_arrays_and_sequences() -> None:
    weights = np.zeros((3, 2, 4, 4))
    for given in (weights, list(weights), tuple(weights), torch.tensor(weights), iter(weights)):
        assert [tuple(layer.shape) for layer in split_layers(given)] == [(2, 4, 4)] * 3


@pytest.mark.parametrize("weights", [None, (), [], np.zeros((0, 2, 4, 4)), (None, None)])
def test_weights_that_an_sdpa_model_returns_name_capture(weights: Any) -> None:
    with pytest.raises(InvalidRecordError, match=r"capture\(model\)"):
        split_layers(weights)


@pytest.mark.parametrize(
    ("shape", "told"),
    [
        ((5, 5), r"\[layer, head, query, key\], got an array of shape \(5, 5\)$"),
        ((3, 5, 5), r"got an array of shape \(3, 5, 5\); of one layer pass \[weights\]"),
    ],
)
def test_an_array_of_another_rank_is_told_by_its_own_shape(shape: tuple[int, ...], told: str) -> None:
    with pytest.raises(InvalidRecordError, match=told):
        split_layers(np.full(shape, 0.2))


class AllLayers:
    """An array of all layers that is neither numpy's nor torch's."""

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return np.full((2, 3, 4, 4), 0.25, dtype or np.float64)


def test_anything_that_becomes_an_array_is_split_into_layers() -> None:
    assert [layer.shape for layer in split_layers(AllLayers())] == [(3, 4, 4)] * 2
