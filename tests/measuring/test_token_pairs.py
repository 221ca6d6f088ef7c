"""Pairs of tokens, as positions, strings or sets, and what is said of those that cannot be found."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tensorboard_plugin_attn.errors import InvalidRecordError
from tensorboard_plugin_attn.measuring.token_pairs import Pair, TrackedPairs, parse_pairs, resolve_pair
from tensorboard_plugin_attn.record.layer import LayerAttention

TOKENS = ["[CLS]", "the", "Ġdoctor", "the", "she"]


@pytest.mark.parametrize(
    ("query", "key", "pair"),
    [
        ("she", "Ġdoctor", Pair((4,), (2,))),
        ("she", "doctor", Pair((4,), (2,))),
        (-1, 0, Pair((4,), (0,))),
        ({1, 3}, ["she", 2], Pair((1, 3), (2, 4))),
        (np.int64(4), range(2), Pair((4,), (0, 1))),
    ],
    ids=str,
)
def test_positions_tokens_and_sets_are_found(query: Any, key: Any, pair: Pair) -> None:
    assert resolve_pair(query, key, TOKENS, TOKENS) == pair


def test_a_token_of_several_positions_is_refused_with_its_positions() -> None:
    with pytest.raises(InvalidRecordError, match=r"'the' stands at positions 1, 3.*\{1, 3\} for all"):
        resolve_pair("the", "she", TOKENS, TOKENS)


@pytest.mark.parametrize("wrong", [1.5, None, True, [["a"]]], ids=str)
def test_what_is_neither_position_nor_token_is_refused(wrong: Any) -> None:
    with pytest.raises(InvalidRecordError, match="must be a position, a token or a set"):
        resolve_pair(wrong, "she", TOKENS, TOKENS)


@pytest.mark.parametrize(
    ("query", "why"), [("he", "not among the tokens"), (9, "outside the 5 tokens"), ([], "empty set")]
)
def test_what_is_not_there_is_said(query: Any, why: str) -> None:
    reason = resolve_pair(query, "she", TOKENS, TOKENS)
    assert isinstance(reason, str)
    assert why in reason


def test_the_mass_is_the_mean_over_queries_of_the_sum_over_keys() -> None:
    weights = np.array([[[0.1, 0.2, 0.7], [0.5, 0.25, 0.25]]], np.float32)
    assert Pair((0, 1), (0, 2)).mass(LayerAttention(weights)) == pytest.approx([(0.8 + 0.75) / 2])


def test_a_pair_is_measured_where_the_axes_have_it_and_described_with_its_positions() -> None:
    pairs = TrackedPairs({"x": ("er", "he")})
    weights = np.full((2, 1, 1), 0.5, np.float32)
    cross = pairs.measure(LayerAttention(weights), ("decoder_tokens", "tokens"), ["er"], ["he"])
    own = pairs.measure(LayerAttention(weights), ("tokens", "tokens"), ["he"], ["he"])
    assert cross.tolist() == [[0.5], [0.5]]
    assert np.isnan(own).all()
    assert pairs.described() == [
        {"name": "x", "axes": ["decoder_tokens", "tokens"], "queries": [0], "keys": [0]}
    ]


def test_a_pair_that_no_layer_has_is_refused() -> None:
    pairs = TrackedPairs({"x": ("he", "she")})
    pairs.measure(LayerAttention(np.ones((1, 5, 5), np.float32)), ("tokens", "tokens"), TOKENS, TOKENS)
    with pytest.raises(InvalidRecordError, match=r"track 'x'.*'he' is not among"):
        pairs.described()


@pytest.mark.parametrize(
    ("track", "why"),
    [
        (["she"], "must be a dict"),
        ({"entropy": (1, 2)}, "no metric has"),
        ({"": (1, 2)}, "no metric has"),
        ({"x": "she"}, "must be .query, key."),
        ({"x": (1, 2, 3)}, "must be .query, key."),
    ],
    ids=str,
)
def test_a_mapping_of_another_shape_is_refused(track: Any, why: str) -> None:
    with pytest.raises(InvalidRecordError, match=why):
        parse_pairs(track, ["entropy"])
