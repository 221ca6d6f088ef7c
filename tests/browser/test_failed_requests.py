"""Answers that fail or come late → what the tab says of them, the way on, and how much of the page jumps meanwhile."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from attention_tab import AttentionTab, tab_hash
from logs.tensorboard_server import TensorBoardServer
from planted_log import RUNS
from playwright.sync_api import Browser, Route, expect

VIEWS = {
    "metrics": ({"view": "evolution"}, "The head metrics cannot be loaded", "evolution"),
    "compare": (
        {"view": "model", "compare": "first", "step": 250},
        "The comparison cannot be loaded",
        "model",
    ),
}
MOST_SHIFT = 0.05
SHIFTS = """(() => {
  window.shifts = 0;
  new PerformanceObserver(list => list.getEntries().forEach(each => { window.shifts += each.value; }))
    .observe({ type: 'layout-shift', buffered: true });
})()"""


@pytest.fixture
def tab(browser: Browser) -> Iterator[AttentionTab]:
    """A page of its own, whose requests a test may answer."""
    tab = AttentionTab(browser.new_page(viewport={"width": 1280, "height": 800}))
    yield tab
    tab.close()


def go(tab: AttentionTab, server: TensorBoardServer, state: dict[str, object]) -> None:
    """Open a view of the first run."""
    place = {"run": RUNS[0], "tag": "patterns", **state}
    tab.page.goto(f"{server.url.rstrip('/')}/#{tab_hash(place)}")


@pytest.mark.parametrize("route", list(VIEWS))
def test_what_failed_is_said_and_asked_for_again(
    tab: AttentionTab, server: TensorBoardServer, route: str
) -> None:
    state, title, view = VIEWS[route]
    pattern = f"**/plugin/attn/{route}?**"
    tab.page.route(pattern, lambda each: each.fulfill(status=500, body="broken"))
    go(tab, server, state)
    heading = tab.frame.get_by_role("heading", name=title)
    expect(heading).to_be_visible()
    expect(
        tab.frame.get_by_text("TensorBoard answered 500 Internal Server Error.", exact=True)
    ).to_be_visible()
    expect(tab.frame.get_by_text("Choose another step")).to_have_count(0)
    inside, room = heading.bounding_box(), tab.frame.locator(".view").bounding_box()
    assert inside is not None
    assert room is not None
    assert inside["x"] >= room["x"] + 16
    tab.page.unroute(pattern)
    tab.button("Try again").click()
    expect(heading).to_have_count(0)
    tab.wait_drawn(view)


@pytest.mark.parametrize("view", ["model", "head"])
def test_little_of_the_page_jumps_while_late_answers_come(
    tab: AttentionTab, server: TensorBoardServer, view: str
) -> None:
    def late(route: Route) -> None:
        tab.page.wait_for_timeout(150)
        route.continue_()

    tab.page.add_init_script(SHIFTS)
    for each in ("record", "thumbnails", "weights", "metrics"):
        tab.page.route(f"**/plugin/attn/{each}?**", late)
    go(tab, server, {"view": view})
    tab.wait_drawn(view)
    tab.wait_loaded()
    assert tab.inside().evaluate("window.shifts") < MOST_SHIFT


def test_a_notice_of_a_link_is_whole(tab: AttentionTab, server: TensorBoardServer) -> None:
    go(tab, server, {"view": "model", "run": "not-there-any-more"})
    notice = tab.frame.locator(".notice span")
    expect(notice).to_contain_text("not in this log")
    overflow = notice.evaluate(
        "each => [each.scrollHeight - each.clientHeight, each.scrollWidth - each.clientWidth]"
    )
    assert max(overflow) <= 0
