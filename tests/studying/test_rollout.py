"""Rollout: the product of all layers against one spelled out, and refused with the reason where it would be wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from logs.random_attention import softmax_weights
from numpy.typing import NDArray

from tensorboard_plugin_attn import AttentionReader, AttentionRecord, AttentionWriter, LayerAttention
from tensorboard_plugin_attn.errors import InvalidRecordError, NotRecordedError
from tensorboard_plugin_attn.record.spans import patch_names

NAMES = ["[CLS]", *patch_names(2, 3)]
SIZE = len(NAMES)
WAYS = [("mean", 0.0), ("max", 0.0), ("min", 0.0), ("mean", 0.5), ("max", 0.9)]


def layers(count: int = 3, **options: Any) -> list[LayerAttention]:
    return [
        LayerAttention(softmax_weights(2, SIZE, SIZE, seed), name=f"blocks.{seed}.attn", **options)
        for seed in range(count)
    ]


def log(root: Path, given: list[LayerAttention], tokens: Any = NAMES, **options: Any) -> AttentionReader:
    with AttentionWriter(root, precision="float32", **options) as writer:
        writer.add_record("p", AttentionRecord(given, tokens), 0)
    return AttentionReader(root)


def spelled_out(maps: list[NDArray[np.float32]], way: str, discard: float) -> NDArray[np.float64]:
    """Row by row, as the paper has it."""
    rolled = np.eye(SIZE)
    for heads in maps:
        fused = getattr(heads, way)(0).astype(np.float64)
        for place in np.argsort(fused, axis=None)[: int(discard * fused.size)]:
            fused[place // SIZE, place % SIZE] = 0
        passed = np.zeros((SIZE, SIZE))
        for query in range(SIZE):
            for key in range(SIZE):
                passed[query, key] = (fused[query, key] + (query == key)) / (fused[query].sum() + 1)
        rolled = passed @ rolled
    return rolled


@pytest.mark.parametrize(("way", "discard"), WAYS)
def test_the_layers_are_multiplied_last_one_first(way: str, discard: float, tmp_path: Path) -> None:
    given = layers()
    reader = log(tmp_path, given)
    found = reader.rollout(".", "p", 0, heads=way, discard=discard)
    expected = spelled_out([layer.weights for layer in given], way, discard)
    assert found.weights == pytest.approx(expected, abs=1e-5)
    assert found.weights.sum(-1) == pytest.approx(np.ones(SIZE), abs=1e-5)
    assert (found.layers, found.tokens) == ([0, 1, 2], NAMES)
    assert found.over_picture(query=0) == pytest.approx(expected[0, 1:].reshape(2, 3), abs=1e-5)


def test_patches_in_another_order_stand_where_they_are_on_the_picture(tmp_path: Path) -> None:
    record = AttentionRecord(layers(), NAMES)
    record.axes.geometry["tokens"][0]["order"] = order = [5, 4, 3, 2, 1, 0]
    with AttentionWriter(tmp_path) as writer:
        writer.add_record("p", record, 0)
    found = AttentionReader(tmp_path).rollout(".", "p", 0)
    assert found.over_picture(1).ravel()[order] == pytest.approx(found.weights[1, 1:])


def test_a_record_of_two_stacks_is_rolled_out_stack_by_stack(tmp_path: Path) -> None:
    words = ["a", "b", "c"]
    text = [LayerAttention(softmax_weights(2, 3, 3, 9), stack="text", name=f"text.{n}") for n in range(2)]
    reader = log(tmp_path, [*text, *layers(stack="vision")], {"text": words, "vision": NAMES})
    assert reader.rollout(".", "p", 0).layers == [2, 3, 4], "the one with the picture"
    assert reader.rollout(".", "p", 0, stack="text").tokens == words
    with pytest.raises(InvalidRecordError, match="stack must be one of 'text', 'vision', got 'audio'"):
        reader.rollout(".", "p", 0, stack="audio")


def of_some(given: list[LayerAttention], *numbers: int) -> list[LayerAttention]:
    return [given[number] for number in numbers]


WINDOW = softmax_weights(2, SIZE, SIZE, 1) * np.kron(np.eye(2), np.ones((4, 4)))[:SIZE, :SIZE]
WINDOW = np.float32(WINDOW / WINDOW.sum(-1, keepdims=True))
REFUSED: list[tuple[str, list[LayerAttention], dict[str, Any], str]] = [
    ("windows", [*layers(1), LayerAttention(WINDOW, mask="other", name="blocks.1.attn")], {}, "layers 1 a patch sees only"),
    ("layers between", of_some(layers(6), 2, 5), {}, "only the model's layers 2, 5"),
    ("layers before", of_some(layers(6), 4, 5), {}, "only the model's layers 4, 5"),
    ("weights left out", layers(), {"max_record_bytes": 1}, "the weights of layers 0, 1, 2 are not in the record"),
]  # fmt: skip


@pytest.mark.filterwarnings("ignore:.*max_record_bytes")
@pytest.mark.parametrize(
    ("given", "options", "reason"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_what_has_no_rollout_is_refused_with_the_reason(
    given: list[LayerAttention], options: dict[str, Any], reason: str, tmp_path: Path
) -> None:
    reader = log(tmp_path, given, **options)
    with pytest.raises(InvalidRecordError, match=reason):
        reader.rollout(".", "p", 0)


def test_stages_that_pool_patches_have_none(tmp_path: Path) -> None:
    pooled = LayerAttention(softmax_weights(2, SIZE, 3, 8), stack="vision", name="stages.1")
    pooled.lists = ("tokens", "pooled")
    given = [*layers(1, stack="vision"), pooled]
    reader = log(tmp_path, given, {"vision": NAMES, "pooled": ["a", "b", "c"]})
    with pytest.raises(InvalidRecordError, match="7, 3 positions, such as stages that pool"):
        reader.rollout(".", "p", 0)


@pytest.mark.parametrize(
    ("options", "told"),
    [({"heads": "median"}, "heads must be one of mean, max, min"), ({"discard": 1.0}, "from 0 to below 1")],
)
def test_arguments_that_mean_nothing_are_refused(options: dict[str, Any], told: str, tmp_path: Path) -> None:
    reader = log(tmp_path, layers())
    with pytest.raises(InvalidRecordError, match=told):
        reader.rollout(".", "p", 0, **options)


def test_a_step_of_metrics_alone_has_none(tmp_path: Path) -> None:
    with AttentionWriter(tmp_path) as writer:
        writer.add_record("p", AttentionRecord(layers(), NAMES), 0, metrics_only=True)
    with pytest.raises(NotRecordedError, match="head metrics only"):
        AttentionReader(tmp_path).rollout(".", "p", 0)
