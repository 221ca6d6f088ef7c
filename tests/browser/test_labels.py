"""Visible text at 900 and 1600 pixels → no two pieces overlap, and none leaves what holds it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from attention_tab import AttentionTab
from planted_log import TOKENS
from playwright.sync_api import Browser
from tensorboard_server import TensorBoardServer
from text_boxes import layout_faults

SHE = TOKENS.index("she")
STATES = {
    "patterns": {"tag": "patterns", "layer": 2, "head": 7, "query": SHE},
    "lines": {
        "tag": "patterns",
        "thumbnails": "lines",
        "sort": "entropy",
        "metric": "mean_distance",
        "dim": 2,
    },
    "long": {"tag": "long/128", "step": 0, "query": 126, "threshold": 0.035, "specials": "mute"},
    "pair": {"tag": "pair/she", "step": 250, "sentences": "ba", "key": 2, "specials": "mute"},
    "translation": {"tag": "translation", "step": 250, "layer": 4},
    "ragged": {"tag": "ragged", "step": 10, "layer": 3, "key": 1},
    "hostile": {"tag": "hostile/<i>", "query": 11},
    "damaged": {"tag": "damaged", "step": 0},
}


@pytest.fixture(scope="module", params=[900, 1600])
def sized_tab(
    request: pytest.FixtureRequest, browser: Browser, server: TensorBoardServer
) -> Iterator[AttentionTab]:
    """An open page of either width."""
    tab = AttentionTab.open(
        browser, server.url, width=request.param, view="model", run="planted", tag="patterns"
    )
    tab.wait_drawn("model")
    yield tab
    tab.close()


@pytest.mark.parametrize("view", ["model", "head"])
@pytest.mark.parametrize("state", STATES)
def test_no_label_overlaps_another_or_leaves_its_container(
    sized_tab: AttentionTab, view: str, state: str
) -> None:
    sized_tab.go(view, run="planted", **STATES[state])
    if state == "damaged":
        sized_tab.frame.get_by_role("slider", name="Step").press("ArrowRight")
        sized_tab.frame.locator(".step-problem").wait_for()
    assert layout_faults(sized_tab.inside()) == []


def test_no_label_of_the_folded_panes_menus_overlaps_another(sized_tab: AttentionTab) -> None:
    sized_tab.go("head", run="planted", tag="patterns")
    if sized_tab.page.viewport_size == {"width": 1600, "height": 800}:
        assert sized_tab.frame.get_by_role("complementary", name="Runs, probes and display").is_visible()
        return
    sized_tab.button("Runs, probes and display").click()
    pane = sized_tab.frame.get_by_role("complementary", name="Runs, probes and display")
    pane.wait_for()
    assert layout_faults(sized_tab.inside(), "#attn-pane") == []
    sized_tab.page.keyboard.press("Escape")
    sized_tab.frame.locator(".place").press("Enter")
    sized_tab.frame.get_by_role("menu", name="Run and probe").wait_for()
    assert layout_faults(sized_tab.inside(), ".place-menu") == []
