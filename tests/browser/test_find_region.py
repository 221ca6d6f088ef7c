"""A region drawn in the matrix → heads found for it: by pointer and keyboard, as the reader and the route find them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
from attention_tab import AttentionTab
from logs.tensorboard_server import TensorBoardServer
from matrix_log import BRIGHT, KEY, LENGTH, LONG, QUERY, SHORT, TOKENS, matrix, point_at, write_log
from playwright.sync_api import expect

from tensorboard_plugin_attn import AttentionReader
from tensorboard_plugin_attn.serving.answers import unpack

OpenTab = Callable[..., AttentionTab]
FIND = "find heads for this region"
REGION = re.compile(r"Queries (\d+)(?:–(\d+))?, keys (\d+)(?:–(\d+))?:")


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short and a very long text."""
    return write_log(tmp_path_factory.mktemp("region"))


@pytest.fixture(scope="module")
def server(log: Path) -> Iterator[TensorBoardServer]:
    """A real TensorBoard on them."""
    with TensorBoardServer.start(logdir=log) as server:
        yield server


@pytest.fixture(params=["light", "dark"])
def dark(request: pytest.FixtureRequest) -> bool:
    """Both themes."""
    return bool(request.param == "dark")


def opened(open_tab: OpenTab, server: TensorBoardServer, **state: object) -> AttentionTab:
    """The matrix, drawn."""
    tab = open_tab(server.url, view="head", **state)
    tab.wait_drawn("head")
    return tab


def drag(tab: AttentionTab, start: tuple[float, float], end: tuple[float, float], count: int) -> None:
    """From one cell to another with the button held; cells are counted as in ``point_at``."""
    point_at(tab, *start, count)
    tab.page.mouse.down()
    point_at(tab, *end, count)
    tab.page.mouse.up()


def region(tab: AttentionTab) -> tuple[range, range]:
    """The queries and keys that the tab names."""
    match = REGION.search(tab.frame.locator(".matrix-range").inner_text())
    assert match is not None
    first, last, key, last_key = match.groups()
    return range(int(first), int(last or first) + 1), range(int(key), int(last_key or key) + 1)


def text_of(positions: range) -> str:
    """As the route takes them."""
    return f"{positions[0]}-{positions[-1]}"


def listed(tab: AttentionTab) -> dict[str, float]:
    """Head and weight of every row, in their order."""
    tab.frame.locator(".found-row").first.wait_for()
    expect(tab.frame.get_by_role("progressbar")).to_have_count(0)
    rows = tab.frame.locator(".found-row").evaluate_all("rows => rows.map(row => ({ ...row.dataset }))")
    return {row["head"]: float(row["weight"]) for row in rows}


def agrees(tab: AttentionTab, log: Path, server: TensorBoardServer, tag: str, step: int) -> None:
    """The list is what the reader finds for the region that the tab names, and what the route answers."""
    queries, keys = region(tab)
    found = AttentionReader(log).find("planted", tag, step, query=queries, key=keys)
    rows = listed(tab)
    assert list(rows) == [f"{head.layer}.{head.head}" for head in found.ranking()]
    assert list(rows.values()) == pytest.approx([head.weight for head in found.ranking()], abs=1e-6)
    asked = {"run": "planted", "tag": tag, "step": step, "query": text_of(queries), "key": text_of(keys)}
    _, arrays = unpack(server.get("find", asked).body)
    answered = np.frombuffer(arrays["values"].data, np.float32)
    assert answered == pytest.approx(found.values.ravel(), abs=1e-6)


def test_a_rectangle_drawn_with_the_pointer_is_searched_in_every_head(
    open_tab: OpenTab, server: TensorBoardServer, log: Path, dark: bool
) -> None:
    tab = opened(open_tab, server, dark=dark, **SHORT, step=10)
    drag(tab, (5.5, 3.5), (2.5, 1.5), len(TOKENS))
    assert region(tab) == (range(2, 6), range(1, 4))
    frame, cells = tab.frame.locator(".cross-region").bounding_box(), matrix(tab).bounding_box()
    assert frame is not None
    assert cells is not None
    size = cells["width"] / len(TOKENS)
    assert (frame["x"] - cells["x"], frame["y"] - cells["y"]) == pytest.approx((size, 2 * size), abs=1)
    assert (frame["width"], frame["height"]) == pytest.approx((3 * size, 4 * size), abs=1)
    tab.button(FIND).click()
    agrees(tab, log, server, "patterns", 10)
    assert len(listed(tab)) == 6
    tab.hash_has("p.attn.panel=find", "p.attn.find=2_5-1_3", "p.attn.range=2-5.1-3")
    expect(tab.frame.get_by_text("believ … s (2–5) → un, believ, able")).to_be_visible()
    tab.page.reload()
    agrees(tab, log, server, "patterns", 10)


def test_a_region_chosen_by_keyboard_is_searched_by_keyboard(
    open_tab: OpenTab, server: TensorBoardServer, log: Path
) -> None:
    tab = opened(open_tab, server, **SHORT, step=250, query=4, key=1)
    matrix(tab).focus()
    for press in ("Shift+ArrowDown", "Shift+ArrowDown", "Shift+ArrowRight"):
        tab.page.keyboard.press(press)
    assert region(tab) == (range(4, 7), range(1, 3))
    tab.page.keyboard.press("Tab")
    expect(tab.button("show as lines")).to_be_focused()
    tab.page.keyboard.press("Tab")
    expect(tab.button(FIND)).to_be_focused()
    tab.page.keyboard.press("Enter")
    expect(tab.frame.get_by_role("complementary", name="Find head")).to_be_focused()
    agrees(tab, log, server, "patterns", 250)
    tab.page.keyboard.press("Escape")
    expect(tab.button(FIND)).to_be_focused()


def test_a_region_of_thousands_of_tokens_has_a_short_address(
    open_tab: OpenTab, server: TensorBoardServer, log: Path
) -> None:
    tab = opened(open_tab, server, **LONG, head=1)
    asked: list[str] = []
    tab.page.on("request", lambda request: asked.append(request.url))
    drag(tab, (LENGTH * 0.2, LENGTH * 0.1), (LENGTH * 0.9, LENGTH * 0.6), LENGTH)
    queries, keys = region(tab)
    assert len(queries) > 2000
    assert len(keys) > 1000
    assert QUERY in queries
    assert KEY in keys
    tab.button(FIND).click()
    agrees(tab, log, server, "long", 0)
    assert listed(tab)["0.1"] == pytest.approx(BRIGHT / len(queries), abs=0.002 / len(queries))
    [url] = [url for url in asked if "/find?" in url]
    assert f"query={text_of(queries)}&key={text_of(keys)}" in unquote(url)
    assert len(url) < 200
    tab.hash_has(f"p.attn.find={queries[0]}_{queries[-1]}-{keys[0]}_{keys[-1]}")


def test_in_a_zoomed_matrix_dragging_moves_and_with_shift_it_draws(
    open_tab: OpenTab, server: TensorBoardServer, log: Path
) -> None:
    tab = opened(open_tab, server, **LONG, head=1)
    point_at(tab, QUERY + 0.5, KEY + 0.5, LENGTH)
    for _ in range(20):
        tab.page.mouse.wheel(0, -200)
    pair = tab.frame.locator(".cell-title h2")
    expect(pair).to_have_text(f"token{QUERY} → token{KEY}")
    box = matrix(tab).bounding_box()
    assert box is not None
    x = box["x"] + box["width"] * (KEY + 0.5) / LENGTH
    y = box["y"] + box["height"] * (QUERY + 0.5) / LENGTH
    tab.page.keyboard.down("Shift")
    tab.page.mouse.down()
    tab.page.mouse.move(x + 48, y + 96, steps=3)
    tab.page.mouse.up()
    tab.page.keyboard.up("Shift")
    assert region(tab) == (range(QUERY, QUERY + 3), range(KEY, KEY + 2))
    tab.button(FIND).click()
    agrees(tab, log, server, "long", 0)
    tab.page.mouse.move(x, y)
    tab.page.mouse.down()
    tab.page.mouse.move(x + 96, y + 48, steps=3)
    tab.page.mouse.up()
    tab.page.mouse.move(x, y)
    expect(pair).to_have_text(f"token{QUERY - 1} → token{KEY - 2}")
    assert region(tab) == (range(QUERY, QUERY + 3), range(KEY, KEY + 2))


def test_in_a_long_text_tokens_are_found_by_their_positions(
    open_tab: OpenTab, server: TensorBoardServer
) -> None:
    tab = opened(open_tab, server, **LONG, head=1, panel="find", find=f"{QUERY}_{QUERY + 2}-{KEY}")
    expect(tab.frame.get_by_text(f"{QUERY}–{QUERY + 2}", exact=True)).to_be_visible()
    keys = tab.frame.get_by_role("listbox", name="To keys")
    tab.frame.get_by_role("searchbox", name="Filter to keys").fill("1030-1032, 7")
    expect(keys.get_by_role("option")).to_have_text(["token7", "token1030", "token1031", "token1032"])
    keys.get_by_role("option").nth(3).click()
    tab.hash_has(f"p.attn.find={QUERY}_{QUERY + 2}-1032_1033")
    assert listed(tab)["0.1"] == pytest.approx(BRIGHT / 3, abs=0.002)
