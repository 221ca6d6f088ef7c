"""Tokens and what is known of them → the labels of each layer's axes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from logs.random_attention import softmax_weights, token_list

from tensorboard_plugin_attn import LayerAttention
from tensorboard_plugin_attn.errors import InvalidRecordError
from tensorboard_plugin_attn.record.checks import label_layer
from tensorboard_plugin_attn.record.tokens import TokenAxes

REFUSED: list[tuple[str, dict[str, Any], str]] = [
    (
        "one string",
        {"tokens": "the cat"},
        r"tokens must be a list of strings, got the one string 'the cat'; split",
    ),
    (
        "ids",
        {"tokens": [101, 102]},
        r"tokens must be strings, got int at position 0; use tokenizer\.convert_ids",
    ),
    ("nothing", {"tokens": None}, r"tokens must be a list of strings, got NoneType"),
    ("no tokens", {"tokens": []}, r"tokens is empty; pass one token per position"),
    ("decoder ids", {"decoder_tokens": ["a", 3]}, r"decoder_tokens must be strings, got int at position 1"),
    ("too few flags", {"special": [True]}, r"one bool per entry of tokens \(3\), got 1"),
    ("sentence outside", {"sentence_b_start": 3}, r"between 1 and 2, got 3"),
    ("sentence at 0", {"sentence_b_start": 0}, r"between 1 and 2, got 0"),
    ("too few words", {"words": [0]}, r"words must have one entry per token \(3\), got 1"),
]


@pytest.mark.parametrize(
    ("options", "message"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED]
)
def test_bad_tokens_are_refused_with_what_was_expected(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidRecordError, match=message):
        TokenAxes(**{"tokens": ["a", "b", "c"], **options})


SPECIAL: list[tuple[str, Any, list[bool]]] = [
    ("well-known ones", None, [True, False, True]),
    ("none of them", [], [False, False, False]),
    ("chosen strings", {"the"}, [False, True, False]),
    ("one string", "the", [False, True, False]),
    ("flags", [False, True, True], [False, True, True]),
    ("numpy flags", np.array([True, False, False]), [True, False, False]),
]


@pytest.mark.parametrize(
    ("special", "expected"), [case[1:] for case in SPECIAL], ids=[case[0] for case in SPECIAL]
)
def test_special_tokens_are_guessed_named_or_flagged(special: Any, expected: list[bool]) -> None:
    assert TokenAxes(["[CLS]", "the", "[SEP]"], special=special).special.tolist() == expected


def test_named_special_tokens_count_for_the_decoder_too_and_flags_do_not() -> None:
    tokens, decoder_tokens = ["a", "</s>"], ["<s>", "b"]
    assert TokenAxes(tokens, decoder_tokens=decoder_tokens, special=["b"]).decoder_special.tolist() == [
        False,
        True,
    ]
    flagged = TokenAxes(tokens, decoder_tokens=decoder_tokens, special=[True, False])
    assert flagged.decoder_special.tolist() == [True, False]


def test_a_causal_mask_is_read_off_the_weights() -> None:
    axes, causal = TokenAxes(token_list(5)), LayerAttention(softmax_weights(2, 5, 5, causal=True))
    full = LayerAttention(softmax_weights(2, 5, 5))
    label_layer(axes, causal, 0)
    label_layer(axes, full, 1)
    assert (causal.mask, full.mask) == ("causal", "full")


def test_a_single_token_has_a_full_mask() -> None:
    layer = LayerAttention(np.ones((3, 1, 1), np.float32))
    label_layer(TokenAxes(["a"]), layer, 0)
    assert layer.mask == "full"


@pytest.mark.parametrize("mask", ["full", "causal", "window 128", "other"])
def test_a_mask_that_is_given_is_kept(mask: str) -> None:
    layer = LayerAttention(softmax_weights(1, 3, 3), mask=mask)
    label_layer(TokenAxes(token_list(3)), layer, 0)
    assert layer.mask == mask


@pytest.mark.parametrize("mask", ["window", "window x", "sliding", ""])
def test_an_unknown_mask_is_refused_with_those_there_are(mask: str) -> None:
    with pytest.raises(
        InvalidRecordError, match=f"full, causal, window <n> or other, got '{mask}' for layer 4"
    ):
        label_layer(TokenAxes(token_list(3)), LayerAttention(softmax_weights(1, 3, 3), mask=mask), 4)


def test_too_few_tokens_name_layer_axis_and_lengths() -> None:
    with pytest.raises(
        InvalidRecordError, match=r"layer 2 has 5 query positions but tokens has 4 entries; pass one"
    ):
        label_layer(TokenAxes(token_list(4)), LayerAttention(softmax_weights(1, 5, 5)), 2)


def test_a_rectangular_layer_without_key_tokens_says_how_to_give_them() -> None:
    with pytest.raises(InvalidRecordError, match=r"7 key positions but tokens has 5.*needs key_tokens"):
        label_layer(TokenAxes(token_list(5)), LayerAttention(softmax_weights(1, 5, 7)), 0)


def test_head_numbers_must_fit_the_heads() -> None:
    layer = LayerAttention(softmax_weights(3, 2, 2), heads=[0, 7])
    with pytest.raises(InvalidRecordError, match=r"one number per head \(3\), got \[0, 7\] for layer 1"):
        label_layer(TokenAxes(token_list(2)), layer, 1)
