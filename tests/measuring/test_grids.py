"""Metrics over patches: each against a loop over all pairs, and what counts one-dimensionally stays empty."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from tensorboard_plugin_attn import LayerAttention
from tensorboard_plugin_attn.measuring.grids import GRID_METRICS, num_rows, own_metrics
from tensorboard_plugin_attn.measuring.head_metrics import METRICS
from tensorboard_plugin_attn.record.checks import label_layer
from tensorboard_plugin_attn.record.spans import image_span, patch_names, sound_span
from tensorboard_plugin_attn.record.tokens import TokenAxes

ROWS, COLS, PREFIX = 3, 4, 2
COUNT = PREFIX + ROWS * COLS
PATCH = (8.0, 16.0)
ONE_DIMENSIONAL = "previous_token", "same_token", "next_token", "first_token", "duplicate_token", "induction"
STEPS = {"patch_left": (0, -1), "patch_right": (0, 1), "patch_above": (-1, 0), "patch_below": (1, 0)}


def image_axes() -> TokenAxes:
    return TokenAxes(
        ["[CLS]", "[REG0]", *patch_names(ROWS, COLS)],
        geometry={"tokens": [image_span(PREFIX, ROWS, COLS, patch=PATCH)]},
        special_names={"tokens": {0: "cls", 1: "register"}},
    )


def random_layer(axes: TokenAxes, queries: Any = None, seed: int = 0) -> LayerAttention:
    count = len(axes.tokens)
    weights = np.random.default_rng(seed).dirichlet(np.full(count, 0.2), (2, count)).astype(np.float32)
    layer = LayerAttention(weights if queries is None else weights[:, queries])
    label_layer(axes, layer, 0)
    return layer


def place(cell: int) -> tuple[int, int]:
    return divmod(cell, COLS)


def by_hand(weights: np.ndarray, wanted: Any, counts: Any = lambda row, col: True) -> float:
    """Mean over patches of Σ A'·wanted(down, right)."""
    found = []
    for query in range(ROWS * COLS):
        own = weights[PREFIX + query, PREFIX:] / weights[PREFIX + query, PREFIX:].sum()
        row, col = place(query)
        if counts(row, col):
            found.append(
                sum(own[key] * wanted(place(key)[0] - row, place(key)[1] - col) for key in range(ROWS * COLS))
            )
    return float(np.mean(found))


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("patch_distance", lambda down, right: math.hypot(down * PATCH[0], right * PATCH[1])),
        ("same_row", lambda down, right: down == 0 and right != 0),
        ("same_column", lambda down, right: right == 0 and down != 0),
    ],
)
def test_a_metric_of_a_grid_is_that_of_a_loop_over_all_pairs(name: str, wanted: Any) -> None:
    layer = random_layer(image_axes())
    expected = [by_hand(weights, wanted) for weights in layer.weights]
    assert GRID_METRICS[name](layer) == pytest.approx(expected, abs=1e-5)


def test_the_mean_distance_of_patches_is_counted_in_patches() -> None:
    layer = random_layer(image_axes())
    expected = [by_hand(weights, math.hypot) for weights in layer.weights]
    assert METRICS["mean_distance"](layer) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("name", STEPS)
def test_a_neighbour_is_one_patch_away_and_never_beyond_a_row_s_end(name: str) -> None:
    down, right = STEPS[name]
    layer = random_layer(image_axes())
    expected = [
        by_hand(
            weights,
            lambda row, col: (row, col) == (down, right),
            lambda row, col: 0 <= row + down < ROWS and 0 <= col + right < COLS,
        )
        for weights in layer.weights
    ]
    assert GRID_METRICS[name](layer) == pytest.approx(expected, abs=1e-5)


def test_masses_are_of_the_keys_that_are_named_so() -> None:
    layer = random_layer(image_axes())
    assert GRID_METRICS["cls_mass"](layer) == pytest.approx(layer.weights[..., 0].mean(1))
    assert GRID_METRICS["register_mass"](layer) == pytest.approx(layer.weights[..., 1].mean(1))
    assert GRID_METRICS["image_mass"](layer) == pytest.approx(layer.weights[..., 2:].sum(-1).mean(1))
    assert GRID_METRICS["cls_to_image"](layer) == pytest.approx(layer.weights[:, 0, 2:].sum(-1))
    assert np.isnan(GRID_METRICS["text_mass"](layer)).all()


@pytest.mark.parametrize("name", ONE_DIMENSIONAL)
def test_what_counts_in_one_dimension_is_empty_on_an_image(name: str) -> None:
    assert np.isnan(METRICS[name](random_layer(image_axes()))).all()


def test_placeholders_of_an_image_in_a_text_are_no_repeated_word() -> None:
    names = ["look", *["<image>"] * 4, "a", "cat", "a", "cat"]
    axes = TokenAxes(names, geometry={"tokens": [image_span(1, 2, 2)]})
    plain = TokenAxes(names)
    weights = np.full((1, 9, 9), 1 / 9, np.float32)
    layer, unaware = LayerAttention(weights), LayerAttention(weights.copy())
    label_layer(axes, layer, 0)
    label_layer(plain, unaware, 0)
    assert METRICS["duplicate_token"](layer) == pytest.approx(1 / 9)
    assert METRICS["duplicate_token"](unaware) > 1 / 9
    assert GRID_METRICS["text_to_image"](layer) == pytest.approx(4 / 9)
    assert "text_mass" in own_metrics(axes)


def test_an_explicit_order_says_where_each_patch_is() -> None:
    axes = image_axes()
    order = np.random.default_rng(1).permutation(ROWS * COLS)
    moved = image_axes()
    moved.geometry["tokens"][0]["order"] = order.tolist()
    layer, scattered = random_layer(axes), random_layer(moved)
    at = np.concatenate([[0, 1], PREFIX + order])
    scattered.weights = layer.weights[:, at][:, :, at]
    for name in ("patch_distance", *STEPS, "same_row", "same_column"):
        assert GRID_METRICS[name](scattered) == pytest.approx(GRID_METRICS[name](layer), rel=1e-5, abs=1e-6)


def test_a_sound_s_distance_is_in_seconds() -> None:
    axes = TokenAxes(list("abcd"), geometry={"tokens": [sound_span(0, 4, 0.5)]})
    layer = LayerAttention(np.eye(4, k=1, dtype=np.float32)[None] + np.diag([0, 0, 0, 1]).astype(np.float32))
    label_layer(axes, layer, 0)
    assert list(own_metrics(axes)) == ["seconds_distance"]
    assert GRID_METRICS["seconds_distance"](layer) == pytest.approx(0.375)
    assert METRICS["next_token"](layer) == pytest.approx(1)


@pytest.mark.parametrize("name", [*GRID_METRICS, "mean_distance"])
def test_parts_of_the_queries_weigh_what_they_are_a_mean_over(name: str) -> None:
    axes = image_axes()
    function = {**METRICS, **GRID_METRICS}[name]
    whole = random_layer(axes)
    totals, counts = np.zeros(2), np.zeros(2)
    for queries in (range(5), range(5, COUNT)):
        part = image_axes()
        part.query_numbers = {"tokens": list(queries)}
        layer = random_layer(part, list(queries))
        weight = num_rows(layer, name)
        totals += np.where(weight > 0, np.nan_to_num(function(layer)) * weight, 0)
        counts += weight
    expected = function(whole)
    assert (counts > 0).tolist() == (~np.isnan(expected)).tolist()
    assert (totals / np.maximum(counts, 1))[counts > 0] == pytest.approx(
        expected[~np.isnan(expected)], abs=1e-5
    )
