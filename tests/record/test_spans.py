"""Spans of a list: told by names, checked against the list, and where each of their positions stands."""

from __future__ import annotations

from typing import Any

import pytest

from tensorboard_plugin_attn.errors import InvalidRecordError
from tensorboard_plugin_attn.record.spans import image_span, patch_names, places_of
from tensorboard_plugin_attn.record.tokens import TokenAxes

NO_GRID = [
    ["r0c0"],
    ["r0c0", "r0c1", "r0c2"],
    ["r0c0", "r0c1", "r1c0"],
    ["r1c1", "r1c2", "r2c1", "r2c2"],
    ["the", "cat"],
]
WRONG: list[tuple[list[dict[str, Any]], str]] = [
    ([image_span(1, 2, 2)], "4 positions, got a span of 1 to 4"),
    ([image_span(0, 1, 3), image_span(2, 1, 2)], "over one that ends at 2"),
    ([{**image_span(0, 2, 2), "order": [0, 1, 1, 2]}], "each of 0 to 3 once"),
]


def test_names_of_patches_tell_a_grid_and_what_stands_beside_it() -> None:
    axes = TokenAxes(["[CLS]", "[REG0]", "[REG1]", *patch_names(2, 3), "[DIST]", "?"])
    (span,) = axes.geometry["tokens"]
    assert (span["start"], span["rows"], span["cols"], span["frames"]) == (3, 2, 3, 1)
    assert axes.special_names == {"tokens": {0: "cls", 1: "register", 2: "register", 9: "distillation"}}


@pytest.mark.parametrize("names", NO_GRID)
def test_names_that_are_no_whole_grid_tell_none(names: list[str]) -> None:
    assert TokenAxes(names).geometry == {}


@pytest.mark.parametrize(("spans", "message"), WRONG)
def test_spans_that_do_not_fit_their_list_are_refused(spans: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(InvalidRecordError, match=message):
        TokenAxes(list("abcd"), geometry={"tokens": spans})


def test_positions_of_several_frames_stand_row_by_row_frame_by_frame() -> None:
    places = places_of([image_span(1, 2, 2, frames=2)], 10)
    assert places.span.tolist() == [-1, *[0] * 8, -1]
    assert places.frame.tolist()[1:9] == [0] * 4 + [1] * 4
    assert places.row.tolist()[1:5] == [0, 0, 1, 1]
    assert places.col.tolist()[1:5] == [0, 1, 0, 1]


def test_virtual_tokens_before_a_grid_move_it() -> None:
    axes = TokenAxes(["[CLS]", *patch_names(2, 2)]).preceded_by(["v0", "v1"], has_queries=True)
    assert axes.geometry["tokens"][0]["start"] == 3
    assert axes.special_names == {"tokens": {2: "cls"}}
