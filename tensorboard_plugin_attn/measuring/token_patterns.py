"""The tokens of a layer's two axes → which cells ``[query, key]`` a named pattern has, and which tokens are padding."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn.record.spans import Places

__all__ = [
    "PATCHES",
    "TEMPLATES",
    "Grid",
    "after_earlier_occurrences",
    "earlier_occurrences",
    "padding_flags",
    "template_cells",
]

PADDING_TOKENS = frozenset(["[PAD]", "<pad>", "<|pad|>"])

Cells = NDArray[np.bool_]  # [query, key]


@dataclass(frozen=True)
class Grid:
    """What a pattern is found from: the tokens of both axes and what is known of them."""

    query_tokens: Sequence[str]
    key_tokens: Sequence[str]
    is_cross: bool = False
    special: NDArray[np.bool_] | None = None  # of the keys
    sentence_b_start: int | None = None
    words: Sequence[int | None] | None = None
    places: Places | None = None  # of the keys, where some of them are patches of images

    @property
    def shape(self) -> tuple[int, int]:
        """Number of queries and keys."""
        return len(self.query_tokens), len(self.key_tokens)

    @property
    def is_square(self) -> bool:
        """Whether query i and key i are the same token."""
        return not self.is_cross and len(self.query_tokens) == len(self.key_tokens)


def template_cells(template: str, grid: Grid) -> Cells | None:
    """The cells of a template, None where this layer cannot have it: offsets in cross-attention, no second sentence, no patches.

    Raises KeyError for an unknown template.
    """
    build = TEMPLATES[template]
    if template != "first" and not grid.is_square:
        return None
    return build(grid)


def previous(grid: Grid) -> Cells:
    """Key i−1 of query i."""
    return np.eye(*grid.shape, k=-1, dtype=bool)


def same(grid: Grid) -> Cells:
    """Key i of query i."""
    return np.eye(*grid.shape, dtype=bool)


def following(grid: Grid) -> Cells:
    """Key i+1 of query i."""
    return np.eye(*grid.shape, k=1, dtype=bool)


def first(grid: Grid) -> Cells:
    """Key 0 of every query but itself."""
    cells = np.zeros(grid.shape, bool)
    cells[0 if grid.is_cross else 1 :, 0] = True
    return cells


def same_word(grid: Grid) -> Cells:
    """Keys that belong to another occurrence of the query's word, before or after it."""
    words = grid.words or [None] * len(grid.key_tokens)
    pieces: dict[int, list[str]] = {}
    for word, token in zip(words, grid.key_tokens, strict=True):
        if word is not None:
            pieces.setdefault(word, []).append(token)
    texts = [
        (token,) if word is None else tuple(pieces[word])
        for word, token in zip(words, grid.key_tokens, strict=True)
    ]
    places = [(position, -1) if word is None else (-1, word) for position, word in enumerate(words)]
    return equal(texts) & ~equal(places)


def induction(grid: Grid) -> Cells:
    """The key after an earlier occurrence of the query's token."""
    return after_earlier_occurrences(grid.key_tokens)


def across(grid: Grid) -> Cells | None:
    """Keys of the other sentence of a pair; special tokens belong to neither."""
    if grid.sentence_b_start is None:
        return None
    second = np.arange(len(grid.key_tokens)) >= grid.sentence_b_start
    plain = np.ones(len(second), bool) if grid.special is None else ~grid.special
    cells: Cells = (second[:, None] != second) & plain[:, None] & plain
    return cells


def neighbour(down: int, right: int) -> Callable[[Grid], Cells | None]:
    """The patch so many rows and columns away, of the same image and frame."""

    def cells(grid: Grid) -> Cells | None:
        if grid.places is None:
            return None
        row, col = grid.places.row, grid.places.col
        wanted = (row[:, None] + down == row) & (col[:, None] + right == col)
        return np.asarray(wanted & one_frame(grid.places))

    return cells


def line(axis: str) -> Callable[[Grid], Cells | None]:
    """The other patches of the same row, or column, of the same image and frame."""

    def cells(grid: Grid) -> Cells | None:
        if grid.places is None:
            return None
        at = getattr(grid.places, axis)
        found: Cells = (at[:, None] == at) & one_frame(grid.places)
        np.fill_diagonal(found, False)
        return found

    return cells


def one_frame(places: Places) -> Cells:
    """``[i, j]``: both are patches of one frame of one image."""
    span, frame = places.span, places.frame
    return np.asarray((span[:, None] == span) & (frame[:, None] == frame) & (span >= 0))


TEMPLATES: dict[str, Callable[[Grid], Cells | None]] = {
    "previous": previous,
    "same": same,
    "next": following,
    "first": first,
    "same_word": same_word,
    "induction": induction,
    "across": across,
    "left": neighbour(0, -1),
    "right": neighbour(0, 1),
    "above": neighbour(-1, 0),
    "below": neighbour(1, 0),
    "row": line("row"),
    "column": line("col"),
}
PATCHES = ("left", "right", "above", "below", "row", "column")
"""The templates of two dimensions: of patches."""


def earlier_occurrences(tokens: Sequence[str]) -> Cells:
    """``[query, key]``: key is an earlier occurrence of the query's token."""
    return np.tril(equal(tokens), k=-1)


def after_earlier_occurrences(tokens: Sequence[str]) -> Cells:
    """``[query, key]``: key follows an earlier occurrence of the query's token."""
    cells = np.zeros((len(tokens), len(tokens)), bool)
    cells[:, 1:] = earlier_occurrences(tokens)[:, :-1]
    return cells


def equal(items: Sequence[object]) -> Cells:
    """``[i, j]``: items i and j are equal."""
    known: dict[object, int] = {}
    numbers = np.array([known.setdefault(item, len(known)) for item in items])
    return np.asarray(numbers[:, None] == numbers)


def padding_flags(tokens: Sequence[str]) -> NDArray[np.bool_] | None:
    """Which tokens pad the end, or (two or more: a lone first one may start a decoder) the start; None: none."""
    if not tokens or not (tokens[-1] in PADDING_TOKENS or all(t in PADDING_TOKENS for t in tokens[:2])):
        return None
    flags = np.array([token in PADDING_TOKENS for token in tokens])
    plain = np.flatnonzero(~flags)
    if not len(plain):
        return None
    flags[plain[0] : plain[-1]] = False
    flags[: plain[0] if plain[0] < 2 else 0] = False
    return flags
