"""The matrix of the Head view in a real TensorBoard: nothing bright vanishes, numbers are the record's, ranges, keyboard."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

import numpy as np
import pytest
from attention_tab import AttentionTab
from expected_pixels import colour_table
from logs.tensorboard_server import TensorBoardServer
from matrix_log import (
    BRIGHT,
    KEY,
    LENGTH,
    LONG,
    QUERY,
    SHORT,
    STEPS,
    TOKENS,
    matrix,
    point_at,
    short_weights,
    write_log,
)
from playwright.sync_api import Browser, Locator, expect

from tensorboard_plugin_attn.encoding.codes import MAX_ERROR

THREE_POINTS = re.compile(r"^\S+ \S+ \S+$")
ROUNDING = 0.005
"""Of two decimals."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TensorBoardServer]:
    """A real TensorBoard on a short and a very long text."""
    with TensorBoardServer.start(logdir=write_log(tmp_path_factory.mktemp("matrix"))) as server:
        yield server


def opened(browser: Browser, url: str, *, dark: bool) -> Iterator[AttentionTab]:
    """A tab that has drawn the short text's matrix; closed at the end."""
    tab = AttentionTab.open(browser, url, dark=dark, view="head", **SHORT)
    tab.wait_drawn("head")
    yield tab
    tab.close()


@pytest.fixture(scope="module")
def tab(browser: Browser, server: TensorBoardServer) -> Iterator[AttentionTab]:
    """One open page for the tests of this module; light."""
    yield from opened(browser, server.url, dark=False)


@pytest.fixture(scope="module", params=["light", "dark"])
def themed_tab(
    request: pytest.FixtureRequest, browser: Browser, server: TensorBoardServer
) -> Iterator[AttentionTab]:
    """The same in both themes."""
    yield from opened(browser, server.url, dark=request.param == "dark")


def weight_shown(tab: AttentionTab) -> float:
    """The number of the panel."""
    return float(tab.frame.locator(".cell-title output").inner_text())


def pair_shown(tab: AttentionTab) -> Locator:
    """The tokens of the panel."""
    return tab.frame.locator(".cell-title h2")


def test_the_one_bright_cell_of_4096_tokens_is_on_screen_at_the_mark(themed_tab: AttentionTab) -> None:
    themed_tab.keep_pictures()
    themed_tab.go("head", **LONG, head=1)
    name, pixels = themed_tab.kept_pictures()[-1]
    assert name == "Attention matrix of layer 0, head 7, at step 0"
    bright = colour_table(themed_tab.theme)[round(255 * (1 + math.log(BRIGHT, LENGTH)))]  # times uniform
    rows, columns = np.nonzero(np.abs(pixels[..., :3] - bright).max(axis=-1) <= 3)
    away = np.hypot(rows / len(pixels) * LENGTH - QUERY, columns / len(pixels) * LENGTH - KEY)
    cells_a_pixel = LENGTH / len(pixels)
    assert 1 <= len(rows) <= 4, "the bright cell fills a pixel, at most four at their corner"
    assert away.max() <= 2 * cells_a_pixel


def test_the_other_head_has_no_such_cell(themed_tab: AttentionTab) -> None:
    themed_tab.keep_pictures()
    themed_tab.go("head", **LONG, head=0)
    name, pixels = themed_tab.kept_pictures()[-1]
    assert "head 3" in name
    zero = colour_table(themed_tab.theme)[0]
    assert np.abs(pixels[:, 2:, :3] - zero).max() <= 1


def test_nothing_is_drawn_for_a_muted_token(themed_tab: AttentionTab) -> None:
    themed_tab.go("head", **SHORT, step=0, layer=1, head=2, specials="mute", numbers=0)
    pixels = themed_tab.pixels(themed_tab.canvas("Attention matrix"))
    cell = len(pixels) // len(TOKENS)
    specials = [TOKENS.index("[CLS]"), TOKENS.index("[SEP]")]
    middles = pixels[cell // 2 :: cell, cell // 2 :: cell, :3].astype(int)
    weights = short_weights(0)[1, 2]
    wanted = colour_table(themed_tab.theme)[np.round(255 * np.sqrt(weights)).astype(int)]
    muted = np.zeros(middles.shape[:2], bool)
    muted[specials] = muted[:, specials] = True
    assert len({tuple(colour) for colour in middles[muted]}) == 1, "one colour, whatever the weight"
    np.testing.assert_allclose(middles[~muted], wanted[~muted], atol=5)


def test_only_one_head_of_a_long_text_is_asked_for(tab: AttentionTab) -> None:
    asked: list[str] = []
    tab.page.on("request", lambda request: asked.append(request.url))
    tab.go("head", **LONG, head=1)
    weights = [url for url in asked if "/weights?" in url and "tag=long" in url]
    assert all("head=" in url for url in weights)


@pytest.mark.parametrize(("step", "query", "key"), [(0, 1, 4), (250, 6, 2), (10, 7, 7)])
def test_the_pointed_weight_is_the_records(tab: AttentionTab, step: int, query: int, key: int) -> None:
    tab.go("head", **SHORT, step=step, layer=1, head=2)
    point_at(tab, query + 0.5, key + 0.5, len(TOKENS))
    expect(tab.frame.locator(".cell-title")).to_contain_text(f"layer 1 · head 2 · step {step}")
    assert abs(weight_shown(tab) - short_weights(step)[1, 2, query, key]) <= MAX_ERROR + ROUNDING
    rows = tab.frame.locator(".cell-bars li")
    expect(rows).to_have_count(len(TOKENS))
    for number, text in enumerate(rows.locator("> :last-child").all_inner_texts()):
        assert abs(float(text) - short_weights(step)[1, 2, query, number]) <= MAX_ERROR + ROUNDING


def test_a_clicked_cell_is_followed_over_every_step(tab: AttentionTab) -> None:
    tab.go("head", **SHORT, step=0, layer=0, head=1)
    point_at(tab, 4.5, 1.5, len(TOKENS))
    tab.page.mouse.down()
    tab.page.mouse.up()
    tab.hash_has("p.attn.query=4", "p.attn.key=1")
    line = tab.frame.locator(".cell-chart polyline")
    plot = float(tab.frame.locator(".cell-chart svg").get_attribute("height") or "") - 24
    expect(line).to_have_attribute("points", THREE_POINTS)
    points = [tuple(map(float, point.split(","))) for point in (line.get_attribute("points") or "").split()]
    for (_, height), step in zip(points, STEPS, strict=True):
        assert abs(1 - height / plot - short_weights(step)[0, 1, 4, 1]) <= MAX_ERROR + 0.002
    across = [x for x, _ in points]
    assert (across[1] - across[0]) / (across[2] - across[0]) == pytest.approx(10 / 250, abs=0.005)


def test_the_wheel_zooms_on_the_cell_under_the_pointer(tab: AttentionTab) -> None:
    tab.go("head", **LONG, head=1)
    point_at(tab, QUERY + 0.5, KEY + 0.5, LENGTH)
    expect(tab.frame.get_by_role("img", name="The whole matrix")).to_have_count(0)
    for _ in range(20):
        tab.page.mouse.wheel(0, -200)
    expect(tab.frame.get_by_role("img", name="The whole matrix")).to_be_visible()
    expect(pair_shown(tab)).to_have_text(f"token{QUERY} → token{KEY}")
    assert abs(weight_shown(tab) - BRIGHT) <= MAX_ERROR + ROUNDING
    bright = colour_table(tab.theme)[round(255 * (1 + math.log(BRIGHT, LENGTH)))]
    pixels = tab.pixels(tab.canvas("Attention matrix"))
    assert (np.abs(pixels[..., :3] - bright).max(axis=-1) <= 3).sum() > 500, (
        "a cell of 48 pixels, less its number"
    )


def test_dragging_along_the_tokens_chooses_a_range_to_see_as_lines(tab: AttentionTab) -> None:
    tab.go("head", **LONG, head=1)
    axis = tab.frame.locator("[data-axis=query]").bounding_box()
    assert axis is not None
    x, height = axis["x"] + 20, axis["height"]
    tab.page.mouse.move(x, axis["y"] + height * 0.5)
    tab.page.mouse.down()
    tab.page.mouse.move(x, axis["y"] + height * 0.502, steps=2)
    tab.page.mouse.move(x, axis["y"] + height * 0.505, steps=2)
    tab.page.mouse.up()
    tab.after_drawing("head", tab.button("show as lines").click)
    first = tab.frame.get_by_role("listbox", name="Query tokens").get_by_role("option").first
    assert abs(int(first.inner_text().removeprefix("token")) - LENGTH / 2) <= LENGTH / 400
    expect(tab.frame.get_by_text("weight on keys out of the range")).to_be_visible()
    tab.after_drawing("head", tab.button("Whole text").click)
    expect(first).to_have_text("token0")


def test_the_keyboard_moves_zooms_selects_and_chooses(tab: AttentionTab) -> None:
    tab.go("head", **SHORT, step=0, layer=0, head=0, query=4, key=1)
    matrix(tab).focus()
    tab.page.keyboard.press("ArrowRight")
    expect(pair_shown(tab)).to_have_text("nurse → believ")
    tab.page.keyboard.press("ArrowUp")
    expect(pair_shown(tab)).to_have_text("able → believ")
    tab.page.keyboard.press("Enter")
    tab.hash_has("p.attn.query=3", "p.attn.key=2")
    tab.page.keyboard.press("+")
    expect(tab.frame.get_by_role("img", name="The whole matrix")).to_be_visible()
    tab.page.keyboard.press("0")
    expect(tab.frame.get_by_role("img", name="The whole matrix")).to_have_count(0)
    for _ in range(2):
        tab.page.keyboard.press("Shift+ArrowDown")
    tab.page.keyboard.press("Shift+ArrowRight")
    expect(tab.frame.get_by_text("Queries 3–5, keys 2–3:")).to_be_visible()
    tab.hash_has("p.attn.range=3-5.2-3")
    tab.page.keyboard.press("Escape")
    expect(tab.frame.get_by_text("Queries 3–5")).to_have_count(0)
    tab.hash_has("p.attn.step=0")


def test_pieces_of_a_word_are_merged_mean_over_queries_and_sum_over_keys(tab: AttentionTab) -> None:
    tab.go("head", **SHORT, step=0, layer=0, head=0, words=1)
    point_at(tab, 1.5, 2.5, 5)
    expect(pair_shown(tab)).to_have_text("unbelievable → nurses")
    expected = short_weights(0)[0, 0, 1:4, 4:6].sum(axis=1).mean()
    assert abs(weight_shown(tab) - expected) <= 2 * MAX_ERROR + ROUNDING


@pytest.mark.parametrize(("button", "made"), [("Mean", np.mean), ("Max", np.max)])
def test_heads_are_drawn_as_one(tab: AttentionTab, button: str, made: object) -> None:
    tab.go("head", **{**SHORT, "mode": "lines"}, step=10, layer=1, query=6)
    tab.button(button).click()
    cells = tab.frame.get_by_role("table", name="Weights").get_by_role("row", name="nurse", exact=True)
    found = float(cells.get_by_role("cell").first.inner_text())
    expected = made(short_weights(10)[1, :, 6, 4])  # type: ignore[operator]  # numpy's mean or max
    assert abs(found - expected) <= MAX_ERROR + ROUNDING
    tab.button(button).click()
    expect(tab.frame.get_by_text("3 of 3 heads")).to_be_visible()
