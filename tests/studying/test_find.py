"""Finding the head: planted heads are first, at one step and over all steps, with the same numbers as the metrics."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from logs.random_attention import softmax_weights

from tensorboard_plugin_attn import AttentionReader, AttentionRecord, AttentionWriter, LayerAttention
from tensorboard_plugin_attn.errors import InvalidRecordError, NotRecordedError
from tensorboard_plugin_attn.record.spans import image_span, patch_names
from tensorboard_plugin_attn.studying.find import evenly_first

TOKENS = ["[CLS]", "a", "b", "[SEP]", "a", "b", "[SEP]"]
SIZE = len(TOKENS)


def planted(
    cells: list[tuple[int, int]], share: float = 0.97, seed: int = 0, causal: bool = False
) -> np.ndarray:
    """Weights ``[2, 3, query, key]`` whose head 1.2 has a share of each row on these cells."""
    weights = np.stack([softmax_weights(3, SIZE, SIZE, seed + layer, causal=causal) for layer in range(2)])
    for query, key in cells:
        weights[1, 2, query] *= 1 - share
        weights[1, 2, query, key] += share
    return weights


def log(logdir: Path, weights: np.ndarray, step: int = 0, **options: Any) -> AttentionReader:
    layers = [LayerAttention(layer) for layer in weights]
    with AttentionWriter(logdir, precision="float32") as writer:
        writer.add_record("p", AttentionRecord(layers, TOKENS, sentence_b_start=4), step, **options)
    return AttentionReader(logdir)


PATTERNS: list[tuple[dict[str, Any], list[tuple[int, int]]]] = [
    ({"query": 4, "key": 2}, [(4, 2)]),
    ({"query": {4, 5}, "key": {1, 2}}, [(4, 1), (5, 2)]),
    ({"query": "[CLS]", "key": [1, 4]}, [(0, 1)]),
    ({"template": "previous"}, [(i, i - 1) for i in range(1, SIZE)]),
    ({"template": "next"}, [(i, i + 1) for i in range(SIZE - 1)]),
    ({"template": "first"}, [(i, 0) for i in range(1, SIZE)]),
    ({"template": "same"}, [(i, i) for i in range(SIZE)]),
    ({"template": "same_word"}, [(1, 4), (2, 5), (3, 6), (4, 1), (5, 2), (6, 3)]),
    ({"template": "induction"}, [(4, 2), (5, 3), (6, 4)]),
    ({"template": "across"}, [(1, 4), (2, 5), (4, 1), (5, 2)]),
]


@pytest.mark.parametrize(("asked", "cells"), PATTERNS, ids=str)
def test_the_planted_head_is_found_first(
    asked: dict[str, Any], cells: list[tuple[int, int]], tmp_path: Path
) -> None:
    found = log(tmp_path, planted(cells)).find(".", "p", 0, **asked)
    first = found.ranking()[0]
    assert (first.layer, first.head) == (1, 2)
    assert first.weight >= 0.97
    assert len(found.ranking()) == 6


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize(
    ("template", "metric"),
    [
        ("previous", "previous_token"),
        ("same", "same_token"),
        ("first", "first_token"),
        ("induction", "induction"),
    ],
)
def test_a_template_gives_the_metric_of_its_name(
    template: str, metric: str, causal: bool, tmp_path: Path
) -> None:
    reader = log(tmp_path, planted([], causal=causal))
    series = reader.metrics(".", "p")
    found = reader.find(".", "p", 0, template=template)
    assert found.values == pytest.approx(series.values[0, ..., series.names.index(metric)], abs=1e-6)


def test_a_pair_gives_the_number_that_tracking_it_gives(tmp_path: Path) -> None:
    reader = log(tmp_path, planted([(4, 2)]), track={"x": ({4, 5}, {0, 2})})
    series = reader.metrics(".", "p")
    found = reader.find(".", "p", 0, query={4, 5}, key={0, 2})
    assert found.values == pytest.approx(series.values[0, ..., series.names.index("x")], abs=1e-6)
    assert found.uniform == pytest.approx([2 / SIZE] * 2)


def test_all_steps_come_ends_first_and_steps_without_patterns_are_passed_over(tmp_path: Path) -> None:
    for step in range(6):
        log(tmp_path, planted([(4, 2)], share=step / 10), step, metrics_only=step == 4)
    directory = next((tmp_path / "plugins" / "attn").iterdir())
    (directory / f"{3:012d}.safetensors").write_bytes(b"cut off")
    found = list(AttentionReader(tmp_path).find_over_steps(".", "p", query=4, key=2))
    assert [each.step for each in found] == [5, 0, 2, 1]
    assert [(each.done, each.total) for each in found] == [(1, 5), (2, 5), (3, 5), (4, 5)]
    assert sorted(each.values[1, 2] for each in found) == sorted(
        AttentionReader(tmp_path).find(".", "p", step, query=4, key=2).values[1, 2] for step in (0, 1, 2, 5)
    )


@pytest.mark.parametrize("length", [0, 1, 2, 3, 10, 37])
def test_evenly_first_gives_every_item_once_and_any_beginning_is_spread_out(length: int) -> None:
    items = list(evenly_first(range(length)))
    assert sorted(items) == list(range(length))
    if length == 37:
        assert items[:5] == [36, 0, 18, 9, 27]


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({}, "pass query and key, or template as one of previous"),
        ({"query": 1}, "pass query and key"),
        ({"query": 1, "key": 1, "template": "first"}, "pass query and key"),
        ({"template": "diagonal"}, "template must be one of previous.*got 'diagonal'"),
        ({"query": "a", "key": 1}, "'a' stands at positions 1, 4"),
        ({"query": "c", "key": 1}, "'c' is not among the tokens"),
        ({"query": 99, "key": 1}, "outside the 7 tokens"),
    ],
    ids=str,
)
def test_what_cannot_be_looked_for_is_refused_with_the_reason(
    asked: dict[str, Any], why: str, tmp_path: Path
) -> None:
    reader = log(tmp_path, planted([]))
    with pytest.raises(InvalidRecordError, match=why):
        reader.find(".", "p", 0, **asked)


def test_one_sentence_has_no_other_one(tmp_path: Path) -> None:
    with AttentionWriter(tmp_path) as writer:
        writer.add_attention("p", planted([]), TOKENS, 0)
    with pytest.raises(InvalidRecordError, match="one sentence; log a pair"):
        AttentionReader(tmp_path).find(".", "p", 0, template="across")


def test_cross_attention_is_searched_by_the_tokens_of_its_axes(tmp_path: Path) -> None:
    weights = np.full((1, 2, 2, 3), 1 / 3, np.float32)
    weights[0, 1, 1] = [0, 0, 1]
    with AttentionWriter(tmp_path) as writer:
        writer.add_attention("p", weights, ["er", "geht"], 0, key_tokens=["he", "walks", "home"])
    reader = AttentionReader(tmp_path)
    assert reader.find(".", "p", 0, query="geht", key="home").ranking()[0].head == 1
    with pytest.raises(InvalidRecordError, match="different texts"):
        reader.find(".", "p", 0, template="previous")


def test_a_step_of_metrics_alone_has_no_weights_to_search(tmp_path: Path) -> None:
    reader = log(tmp_path, planted([]), metrics_only=True)
    with pytest.raises(NotRecordedError, match="head metrics only"):
        reader.find(".", "p", 0, template="first")


ROWS, COLS = 3, 4
PATCH_CELLS: list[tuple[str, tuple[int, int]]] = [
    ("left", (0, -1)),
    ("right", (0, 1)),
    ("above", (-1, 0)),
    ("below", (1, 0)),
]


def patch_log(logdir: Path, weights: np.ndarray) -> AttentionReader:
    """One layer over CLS and two pictures of 3 × 4 patches."""
    tokens = ["[CLS]", *patch_names(ROWS, COLS), *patch_names(ROWS, COLS)]
    record = AttentionRecord([LayerAttention(weights)], tokens)
    spans = [image_span(1 + at * ROWS * COLS, ROWS, COLS) for at in range(2)]
    record.axes.geometry = {"tokens": spans}
    record.axes.special_names = {"tokens": {0: "cls"}}
    with AttentionWriter(logdir, precision="float32") as writer:
        writer.add_record("p", record, 0)
    return AttentionReader(logdir)


def position(picture: int, row: int, col: int) -> int:
    return 1 + picture * ROWS * COLS + row * COLS + col


@pytest.mark.parametrize(("template", "by"), PATCH_CELLS)
def test_a_template_of_patches_is_that_neighbour_of_the_same_picture(
    template: str, by: tuple[int, int], tmp_path: Path
) -> None:
    weights = softmax_weights(3, 25, 25, 0)
    expected = [
        weights[:, position(picture, row, col), position(picture, row + by[0], col + by[1])]
        for picture in range(2)
        for row in range(ROWS)
        for col in range(COLS)
        if 0 <= row + by[0] < ROWS and 0 <= col + by[1] < COLS
    ]
    found = patch_log(tmp_path, weights).find(".", "p", 0, template=template)
    assert found.values[0] == pytest.approx(np.mean(expected, axis=0), abs=1e-6)


@pytest.mark.parametrize("template", ["row", "column"])
def test_a_template_of_a_line_is_all_its_other_patches(template: str, tmp_path: Path) -> None:
    weights = softmax_weights(3, 25, 25, 0)
    places = [(picture, row, col) for picture in range(2) for row in range(ROWS) for col in range(COLS)]
    kept = (0, 1) if template == "row" else (0, 2)
    expected = [
        sum(
            weights[:, position(*one), position(*other)]
            for other in places
            if other != one and all(one[axis] == other[axis] for axis in kept)
        )
        for one in places
    ]
    found = patch_log(tmp_path, weights).find(".", "p", 0, template=template)
    assert found.values[0] == pytest.approx(np.mean(expected, axis=0), abs=1e-6)


def test_a_text_has_no_patches_to_look_for(tmp_path: Path) -> None:
    with pytest.raises(
        InvalidRecordError, match="'left' is of patches, and no position of this probe is one"
    ):
        log(tmp_path, planted([])).find(".", "p", 0, template="left")


def test_a_rectangle_of_patches_is_a_set_of_keys(tmp_path: Path) -> None:
    weights = softmax_weights(3, 25, 25, 0)
    keys = [position(1, row, col) for row in (0, 1) for col in (1, 2)]
    found = patch_log(tmp_path, weights).find(".", "p", 0, query=range(25), key=keys)
    assert found.values[0] == pytest.approx(weights[:, :, keys].sum(-1).mean(-1), abs=1e-6)
    assert found.uniform == pytest.approx([4 / 25])
