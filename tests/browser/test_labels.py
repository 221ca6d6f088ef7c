"""Visible text of every view and state at 900 and 1600 pixels → no two pieces overlap, and none leaves what holds it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from attention_tab import AttentionTab
from evolution_log import DAMAGED, METRICS_ONLY, TAG, write_evolution
from logs.tensorboard_server import TensorBoardServer
from planted_log import TOKENS
from playwright.sync_api import Browser
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
OF_HEAD = {
    "matrix": {"tag": "patterns", "mode": "matrix", "layer": 1, "head": 3, "query": SHE, "key": 5},
    "long matrix": {"tag": "long/128", "mode": "matrix", "query": 126, "key": 3},
    "horizontal": {"tag": "patterns", "layout": "horizontal", "query": SHE},
    "horizontal pair": {"tag": "pair/she", "layout": "horizontal", "sentences": "ba", "key": 2},
}
OF_CAPTURED = {
    "model": {"tag": "bert", "view": "model", "layer": 1, "query": 9, "sentences": "ab"},
    "closed head": {"tag": "gpt2", "view": "model", "open": 0},
    "encoder-decoder": {"tag": "bart", "view": "model", "layer": 5, "query": 2},
    "cross": {"tag": "bart", "view": "head", "layer": 5, "query": 2},
    "causal matrix": {"tag": "gpt2", "view": "head", "mode": "matrix", "query": 8, "key": 4},
    "expanded": {"tag": "bert", "view": "neuron", "layer": 1, "query": 9, "key": 2},
    "expanded cross": {"tag": "bart", "view": "neuron", "layer": 5, "query": 2},
    "collapsed": {"tag": "gpt2", "view": "neuron", "query": 8, "columns": "collapsed"},
    "evolution": {"tag": "bart", "view": "evolution"},
}
"""Of captured models, each with its view."""
VIEWS = ("evolution", "model", "head", "neuron")


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


@pytest.mark.parametrize("state", OF_HEAD)
def test_no_label_of_a_matrix_or_of_tokens_side_by_side_overlaps_another(
    sized_tab: AttentionTab, state: str
) -> None:
    sized_tab.go("head", run="planted", **OF_HEAD[state])
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


@pytest.mark.parametrize(("apart", "faults"), [(8, 1), (24, 0)])
def test_turned_labels_overlap_only_where_their_letters_do(browser: Browser, apart: int, faults: int) -> None:
    page = browser.new_page()
    label = (
        "<span style='position: absolute; left: {}px; top: 99px; transform: rotate(-52deg)'>because</span>"
    )
    page.set_content(f"<div id='attn'>{label.format(99)}{label.format(99 + apart)}</div>")
    assert len(layout_faults(page.main_frame)) == faults
    page.close()


@pytest.mark.parametrize("width", [900, 1600])
@pytest.mark.parametrize("state", OF_CAPTURED)
def test_no_label_of_a_captured_model_overlaps_another(
    captured_tab: AttentionTab, state: str, width: int
) -> None:
    there = {"view": "model", **OF_CAPTURED[state]}
    before = captured_tab.page.viewport_size
    captured_tab.page.set_viewport_size({"width": width, "height": 800})
    captured_tab.go(**there, step=40)
    captured_tab.settle()
    assert layout_faults(captured_tab.inside()) == []
    captured_tab.page.set_viewport_size(before)


@pytest.fixture(scope="module")
def faulty_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TensorBoardServer]:
    """A TensorBoard on a log with a damaged step and a step of metrics alone."""
    logdir = write_evolution(tmp_path_factory.mktemp("faulty"))
    with TensorBoardServer.start(logdir=logdir) as server:
        yield server


@pytest.mark.parametrize("width", [900, 1600])
@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize(
    ("step", "panel"),
    [(DAMAGED, "cannot be read"), (METRICS_ONLY, "has no patterns")],
    ids=["damaged", "metrics"],
)
def test_no_label_beside_a_step_without_a_picture_overlaps_another(
    open_tab: Callable[..., AttentionTab],
    faulty_server: TensorBoardServer,
    width: int,
    view: str,
    step: int,
    panel: str,
) -> None:
    tab = open_tab(faulty_server.url, width=width, view=view, run="emerging", tag=TAG, step=step)
    if view == "evolution":
        tab.wait_drawn(view)
    else:
        tab.frame.get_by_text(f"Step {step} {panel}").wait_for()
    tab.settle()
    assert layout_faults(tab.inside()) == []


@pytest.mark.parametrize("width", [900, 1600])
def test_no_label_of_an_empty_log_overlaps_another(
    open_tab: Callable[..., AttentionTab],
    start_tensorboard: Callable[..., TensorBoardServer],
    tmp_path: Path,
    width: int,
) -> None:
    tab = open_tab(start_tensorboard(logdir=tmp_path).url, width=width)
    tab.frame.get_by_role("heading", name="No attention logged yet").wait_for()
    assert layout_faults(tab.inside()) == []
