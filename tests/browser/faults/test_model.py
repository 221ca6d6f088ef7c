"""Model and Compare as 0.1 drew them: small cells in an empty page, head 0.0, layers numbered by their calls, what covers what."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from attention_tab import AttentionTab
from fault_logs import MOVED
from heads_grid import cells, covered
from playwright.sync_api import expect

pytestmark = pytest.mark.slow  # a unit test holds each of these every day

OpenFault = Callable[..., AttentionTab]
GRID = "Attention heads at step"
OLD_CELL = 42

SCROLLED = """([frame]) => [frame.scrollWidth - frame.clientWidth, frame.scrollHeight - frame.clientHeight]"""
TEXT_BOXES = """all => all.flatMap(element => {
  const range = document.createRange();
  range.selectNodeContents(element);
  const { left, right, top, bottom } = range.getBoundingClientRect();
  return element.textContent.trim() === '' ? [] : [[element.textContent, left, right, top, bottom]];
})"""


def cell_width(tab: AttentionTab) -> float:
    """Of the first head's cell."""
    box = tab.button("Layer 0 head 0").bounding_box()
    assert box is not None
    return box["width"]


@pytest.mark.parametrize(
    ("run", "tag", "width", "height", "least"),
    [("skewed", "doctor/she", 2560, 1440, 2), ("tiny", "tiny", 1600, 900, 4)],
    ids=["6 × 12 heads", "one head"],
)
def test_cells_grow_with_the_room_that_there_is(
    open_demo: OpenFault, run: str, tag: str, width: int, height: int, least: float
) -> None:
    tab = open_demo("model", run=run, tag=tag, width=width, height=height)
    tab.wait_loaded()
    assert cell_width(tab) >= least * OLD_CELL


@pytest.mark.parametrize("view", ["model", "evolution"])
def test_all_heads_of_80_layers_are_seen_at_once(open_demo: OpenFault, view: str) -> None:
    tab = open_demo(view, run="large", tag="large")
    tab.wait_loaded()
    beyond = tab.frame.locator(".heads-grid").evaluate_all(SCROLLED)
    assert max(beyond) <= 0, f"{beyond} pixels of the heads are out of view"


def thumbnail_size(tab: AttentionTab) -> tuple[int, int]:
    """Width and height of the first head's pattern: up to where the paper shows."""
    pixels = tab.pixels(tab.canvas(GRID))
    top, left = cells(tab)[0, 0]
    width = int(cell_width(tab))
    whole = (pixels[top:, left : left + width] != pixels[-1, -1]).any(axis=-1)
    rows = whole.any(axis=1)
    height = int(rows.argmin())
    columns = (pixels[top : top + height, left:] != pixels[-1, -1]).any(axis=-1).any(axis=0)
    return int(columns.argmin()), height


def test_thumbnails_are_square(open_demo: OpenFault) -> None:
    tab = open_demo("model", height=600)
    tab.wait_loaded()
    width, height = thumbnail_size(tab)
    assert height == width


@pytest.mark.parametrize("state", [{}, {"compare": "first"}], ids=["Model", "Compare"])
def test_the_head_that_changed_most_is_opened(open_demo: OpenFault, state: dict[str, str]) -> None:
    tab = open_demo("model", **state)
    chosen = tab.frame.get_by_role("complementary").or_(tab.frame.get_by_role("region"))
    heading = chosen.get_by_role("heading", name="· Head ").first
    expect(heading).to_contain_text(f"Layer {MOVED[0]} · Head {MOVED[1]}")


def test_layers_of_a_decoder_are_numbered_as_the_model_numbers_them(open_demo: OpenFault) -> None:
    tab = open_demo("model", run="odd", tag="translation")
    assert tab.frame.locator(".grid-heading").all_inner_texts() == ["Encoder", "Decoder", "Cross"]
    assert tab.frame.locator(".grid-layer").all_inner_texts() == 3 * ["0", "1", "2"]


def test_a_head_that_is_nan_does_not_look_like_one_of_zeros(open_demo: OpenFault) -> None:
    tab = open_demo("model", run="sick", tag="sick")
    tab.wait_loaded()
    tab.settle()
    pixels = tab.pixels(tab.canvas(GRID))
    top, left = cells(tab)[1, 0]
    side = min(int(cell_width(tab)), OLD_CELL) - 6
    inside = pixels[top + 3 : top + side, left + 3 : left + side].reshape(-1, 4)
    assert len(np.unique(inside, axis=0)) > 1, "the cell is of one colour, that of 0"


def test_the_caption_over_logged_heads_lies_over_nothing(open_demo: OpenFault) -> None:
    tab = open_demo("model", run="odd", tag="some-heads")
    tab.settle()
    boxes = tab.frame.locator(".grid-columns > *").evaluate_all(TEXT_BOXES)
    box = tab.canvas(GRID).bounding_box()
    assert box is not None
    over = [
        (one[0], other[0])
        for at, one in enumerate(boxes)
        for other in boxes[:at]
        if min(one[2], other[2]) - max(one[1], other[1]) > 1
    ]
    assert over == []


@pytest.mark.parametrize("head", [0, 1])
def test_the_tip_leaves_most_of_the_grid_free(open_demo: OpenFault, head: int) -> None:
    tab = open_demo("model", run="short", tag="lengths", width=1280)
    tab.button(f"Layer 0 head {head}").hover()
    tip = tab.frame.get_by_role("tooltip")
    expect(tip).to_be_visible()
    assert covered(tip, tab.canvas(GRID)) < 0.5
