"""A head too long to be loaded whole, in a real TensorBoard: its far key is seen at once, exactly when zoomed, and in words."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pytest
from attention_tab import AttentionTab
from expected_pixels import colour_table
from logs.long_text import long_layer, long_tokens, planted_places, write_long
from logs.tensorboard_server import TensorBoardServer
from matrix_log import matrix, point_at
from playwright.sync_api import Browser, expect

LENGTH = 3000
QUERY, KEY = planted_places(LENGTH)
WHERE = {"run": "run", "tag": "long", "step": 0}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TensorBoardServer]:
    """A real TensorBoard on one layer of queries and keys."""
    logdir = tmp_path_factory.mktemp("long")
    write_long(logdir / "run", "long", LENGTH)
    with TensorBoardServer.start(logdir=logdir) as server:
        yield server


@pytest.fixture(scope="module", params=["light", "dark"])
def tab(
    request: pytest.FixtureRequest, browser: Browser, server: TensorBoardServer
) -> Iterator[AttentionTab]:
    """The Head view of the long text, which opens as a matrix by itself."""
    tab = AttentionTab.open(browser, server.url, dark=request.param == "dark", view="head", **WHERE)
    tab.wait_drawn("head")
    yield tab
    tab.close()


def planted_weight() -> float:
    """The planted weight, the same in both heads."""
    return float(long_layer(LENGTH, 1).weights_of(0, slice(QUERY, QUERY + 1))[0, KEY])


def test_the_far_key_lights_up_where_it_stands_without_a_whole_head_being_asked_for(
    tab: AttentionTab,
) -> None:
    tab.go("head", **WHERE, head=1)
    canvas = tab.canvas("Attention matrix of layer 0, head 1, at step 0")
    canvas.wait_for()
    tab.settle()
    pixels = tab.pixels(canvas)
    place = 1 + np.log2(planted_weight()) / np.log2(LENGTH)
    bright = colour_table(tab.theme)[round(255 * place)]
    rows, columns = np.nonzero(np.abs(pixels[..., :3] - bright).max(axis=-1) <= 6)
    away = np.hypot(rows / len(pixels) * LENGTH - QUERY, columns / len(pixels) * LENGTH - KEY)
    assert away.min() <= LENGTH / 256
    asked = tab.inside().evaluate("performance.getEntriesByType('resource').map(each => each.name)")
    assert not [url for url in asked if "/weights?" in url and "queries=" not in url], (
        "no whole head is asked for"
    )


def test_zoomed_it_is_one_cell_with_its_own_weight(tab: AttentionTab) -> None:
    tab.go("head", **WHERE, head=0)
    at = (QUERY + 0.5, KEY + 0.5, LENGTH)
    point_at(tab, *at)
    for _ in range(40):
        tab.page.mouse.wheel(0, -400)
        tab.settle()
    output = tab.frame.locator(".cell-title output")
    expect(output).to_have_text(re.compile(r"^1?\.\d+$"), timeout=15_000)
    expect(tab.frame.locator(".cell-title")).to_contain_text(f"tokens {QUERY} → {KEY}")
    assert abs(float(output.inner_text()) - planted_weight()) <= 0.04
    expect(tab.frame.locator(".cell-title")).to_contain_text("× uniform over the 2,701 keys it sees")


def test_a_pinned_query_has_its_row_in_words_with_what_they_hold(tab: AttentionTab) -> None:
    tab.go("head", **WHERE, head=0, query=QUERY)
    row = tab.frame.get_by_role("region", name="Row of the pinned query")
    expect(row).to_contain_text("This one key holds 100 % of the row")
    far = row.locator(f".row-word[title*='key {KEY} ·']")
    expect(far).to_have_class(re.compile("is-top"))
    expect(far).to_have_text(long_tokens(LENGTH)[KEY].strip())


def test_lines_of_any_length_are_those_of_the_pinned_query(tab: AttentionTab) -> None:
    tab.go("head", **WHERE, head=0, query=QUERY, mode="lines")
    keys = tab.frame.get_by_role("list", name="Keys with most weight").locator("li")
    expect(keys).to_have_count(1)
    expect(keys.filter(has_text=f"{KEY:,}")).to_contain_text("× uniform")
    tab.frame.get_by_label("Query token").fill("5")
    tab.frame.get_by_label("Query token").press("Enter")
    expect(keys).to_have_count(6)
    tab.hash_has("p.attn.query=5")


def test_the_row_of_many_keys_says_what_the_24_strongest_hold(tab: AttentionTab) -> None:
    tab.go("head", **WHERE, head=0, query=QUERY + 1)
    row = tab.frame.get_by_role("region", name="Row of the pinned query")
    weights = long_layer(LENGTH, 1).weights_of(0, slice(QUERY + 1, QUERY + 2))[0]
    held = round(100 * float(np.sort(weights)[-24:].sum() / weights.sum()))
    expect(row).to_contain_text(f"These 24 keys hold {held} % of the row")
    expect(row.locator(".is-top")).to_have_count(24)


def test_the_legend_says_the_scale_and_what_a_pixel_is(tab: AttentionTab) -> None:
    tab.go("head", **WHERE, head=1)
    legend = tab.frame.locator(".matrix-legend")
    expect(legend).to_contain_text("times uniform attention (1 / 3,000), logarithmic")
    expect(legend).to_contain_text("one scale for all heads and steps")
    expect(legend).to_contain_text("12 × 12")
    expect(matrix(tab)).to_be_visible()
