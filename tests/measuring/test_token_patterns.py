"""Cells of templates, and padding, on texts small enough to draw."""

from __future__ import annotations

import numpy as np
import pytest

from tensorboard_plugin_attn.measuring.token_patterns import TEMPLATES, Grid, padding_flags, template_cells

TEXT = ["[CLS]", "a", "b", "a", "b"]
PAIR = Grid(
    ["[CLS]", "a", "[SEP]", "b", "[SEP]"],
    ["[CLS]", "a", "[SEP]", "b", "[SEP]"],
    special=np.array([True, False, True, False, True]),
    sentence_b_start=3,
)

CELLS = {
    "previous": [(1, 0), (2, 1), (3, 2), (4, 3)],
    "same": [(0, 0), (1, 1), (2, 2), (3, 3), (4, 4)],
    "next": [(0, 1), (1, 2), (2, 3), (3, 4)],
    "first": [(1, 0), (2, 0), (3, 0), (4, 0)],
    "same_word": [(1, 3), (2, 4), (3, 1), (4, 2)],
    "induction": [(3, 2), (4, 3)],
}


def drawn(cells: np.ndarray | None) -> list[tuple[int, ...]]:
    """The cells as pairs (query, key)."""
    assert cells is not None
    return [tuple(cell) for cell in np.argwhere(cells).tolist()]


@pytest.mark.parametrize("template", sorted(CELLS))
def test_a_template_has_the_cells_that_its_name_says(template: str) -> None:
    assert drawn(template_cells(template, Grid(TEXT, TEXT))) == CELLS[template]


def test_across_joins_the_words_of_both_sentences_and_no_special_tokens() -> None:
    assert drawn(template_cells("across", PAIR)) == [(1, 3), (3, 1)]


def test_across_needs_a_second_sentence() -> None:
    assert template_cells("across", Grid(TEXT, TEXT)) is None


def test_words_of_several_pieces_are_the_same_word_as_a_whole() -> None:
    tokens = ["doc", "##tor", "doc", "##k", "doc", "##tor"]
    grid = Grid(tokens, tokens, words=[0, 0, 1, 1, 2, 2])
    assert drawn(template_cells("same_word", grid)) == [
        (0, 4), (0, 5), (1, 4), (1, 5), (4, 0), (4, 1), (5, 0), (5, 1),
    ]  # fmt: skip


@pytest.mark.parametrize("template", sorted(set(TEMPLATES) - {"first"}))
def test_cross_attention_has_no_offsets(template: str) -> None:
    assert template_cells(template, Grid(TEXT, TEXT, is_cross=True)) is None


def test_every_query_of_cross_attention_may_look_at_the_first_key() -> None:
    assert drawn(template_cells("first", Grid(["x", "y"], TEXT, is_cross=True))) == [(0, 0), (1, 0)]


@pytest.mark.parametrize(
    ("tokens", "padding"),
    [
        (["a", "b", "[PAD]", "[PAD]"], [False, False, True, True]),
        (["<pad>", "<pad>", "a"], [True, True, False]),
        (["<pad>", "a", "b"], None),
        (["a", "[PAD]", "b"], None),
        (["a", "b"], None),
        (["[PAD]", "[PAD]"], None),
        ([], None),
    ],
    ids=str,
)
def test_padding_is_at_the_end_or_a_longer_start_and_never_everything(
    tokens: list[str], padding: list[bool] | None
) -> None:
    found = padding_flags(tokens)
    assert (None if found is None else found.tolist()) == padding
