"""In every view Tab reaches each control once, in the order of the page, and what has the focus can be seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from attention_tab import AttentionTab
from logs.tensorboard_server import TensorBoardServer
from neuron_log import RUN as NEURON_RUN
from neuron_log import write_log as write_neuron_log
from playwright.sync_api import expect

OpenTab = Callable[..., AttentionTab]
PLANTED: dict[str, Any] = {"run": "planted", "tag": "patterns", "step": 10, "layer": 1}
STUDY: dict[str, Any] = {"run": "a", "tag": "she", "step": 60, "layer": 1, "head": 2}
STATES: dict[str, tuple[str, dict[str, Any]]] = {
    "evolution": ("changing_server", {**STUDY, "view": "evolution"}),
    "model": ("server", {**PLANTED, "view": "model"}),
    "compare": ("changing_server", {**STUDY, "view": "model", "compare": "first"}),
    "compare matrix": ("changing_server", {**STUDY, "view": "model", "compare": "first", "change": "matrix"}),
    "head": ("server", {**PLANTED, "view": "head", "query": 9}),
    "matrix": ("server", {**PLANTED, "view": "head", "mode": "matrix", "query": 3, "key": 2}),
    "find": ("changing_server", {**STUDY, "view": "head", "panel": "find", "find": "4-2"}),
    "hints": ("changing_server", {**STUDY, "run": "nan", "view": "model", "panel": "health"}),
    "neuron": ("neuron_server", {"run": NEURON_RUN, "tag": "bert/pair", "step": 40, "view": "neuron"}),
    "collapsed": (
        "neuron_server",
        {"run": NEURON_RUN, "tag": "bert/pair", "step": 40, "view": "neuron", "columns": "collapsed"},
    ),
}
# Numbers all that Tab should reach and gives the first of them the focus.
NUMBER = """() => {
  const found = [...document.querySelectorAll('#attn :is(a[href], button, summary, input, select, textarea, [tabindex])')]
    .filter(element => element.tabIndex >= 0 && !element.disabled && element.checkVisibility({ visibilityProperty: true }));
  found.forEach((element, at) => { element.dataset.stop = at });
  found[0].focus();
  return found.map(element => element.getAttribute('aria-label') ?? element.innerText.replaceAll('\\n', ' ').slice(0, 60));
}"""
# Its place, and whether it, a part of it or what stands for it is outlined.
FOCUSED = """() => {
  const element = document.activeElement;
  const outlined = each => {
    const { outlineStyle, outlineWidth } = getComputedStyle(each);
    return outlineStyle === 'solid' && parseFloat(outlineWidth) >= 2;
  };
  const standIns = [element, ...element.querySelectorAll('*'), element.nextElementSibling];
  const isRinged = element.closest('.head-buttons') !== null && document.querySelector('.grid-ring.pointed') !== null;
  return [Number(element.dataset.stop ?? -1), isRinged || standIns.some(each => each !== null && outlined(each))];
}"""


@pytest.fixture(scope="module")
def neuron_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TensorBoardServer]:
    """A TensorBoard on records with query and key."""
    log = write_neuron_log(tmp_path_factory.mktemp("neurons"))
    with TensorBoardServer.start(logdir=log.directory) as server:
        yield server


@pytest.mark.parametrize("name", list(STATES))
def test_tab_reaches_every_control_in_order_and_its_focus_is_seen(
    request: pytest.FixtureRequest, open_tab: OpenTab, name: str
) -> None:
    server, state = STATES[name]
    tab = open_tab(request.getfixturevalue(server).url, **state)
    tab.frame.get_by_role("slider", name="Step", exact=True).wait_for()
    tab.wait_drawn(str(state["view"]))
    tab.wait_loaded()
    names = tab.inside().evaluate(NUMBER)
    assert len(names) > 15
    tab.page.keyboard.press("Tab")
    tab.page.keyboard.press("Shift+Tab")
    reached: list[int] = []
    unseen: list[str] = []
    for _ in names:
        place, is_seen = tab.inside().evaluate(FOCUSED)
        reached.append(place)
        if not is_seen:
            unseen.append(names[place])
        tab.page.keyboard.press("Tab")
    assert [names[at] for at in range(len(names)) if at not in reached] == []
    assert unseen == []
    assert reached == sorted(reached)


@pytest.mark.parametrize("panel", ["find", "health"])
def test_escape_closes_a_panel_and_gives_the_focus_back(
    open_tab: OpenTab, changing_server: TensorBoardServer, panel: str
) -> None:
    tab = open_tab(changing_server.url, **STUDY | {"run": "nan", "view": "model"})
    tab.wait_drawn("model")
    switch = tab.button("Find head") if panel == "find" else tab.frame.locator(".switch.has-hints")
    switch.focus()
    tab.page.keyboard.press("Enter")
    opened = tab.frame.locator("#attn-panel")
    expect(opened).to_be_focused()
    tab.page.keyboard.press("Tab")
    tab.page.keyboard.press("Escape")
    expect(opened).to_have_count(0)
    expect(switch).to_be_focused()


def test_escape_closes_the_menu_of_runs_and_the_folded_pane(
    open_tab: OpenTab, server: TensorBoardServer
) -> None:
    tab = open_tab(server.url, width=900, view="model", **PLANTED)
    tab.wait_drawn("model")
    place = tab.frame.locator("button.place")
    place.focus()
    tab.page.keyboard.press("Enter")
    expect(tab.frame.get_by_role("menuitemradio", checked=True)).to_be_focused()
    tab.page.keyboard.press("ArrowDown")
    tab.page.keyboard.press("Escape")
    expect(tab.frame.get_by_role("menu")).to_have_count(0)
    expect(place).to_be_focused()
    pane = tab.button("Runs, probes and display")
    pane.focus()
    tab.page.keyboard.press("Enter")
    tab.frame.get_by_role("region", name="Probes").wait_for()
    tab.page.keyboard.press("Escape")
    expect(tab.frame.get_by_role("region", name="Probes")).to_have_count(0)
    expect(pane).to_be_focused()


def test_a_heading_of_the_table_of_changes_sorts_by_enter(
    open_tab: OpenTab, changing_server: TensorBoardServer
) -> None:
    tab = open_tab(changing_server.url, **STUDY, view="evolution")
    tab.frame.locator(".changes tbody tr").first.wait_for()
    heading = tab.frame.get_by_role("columnheader", name="Size")
    heading.get_by_role("button").focus()
    tab.page.keyboard.press("Enter")
    expect(heading).to_have_attribute("aria-sort", "descending")


def test_a_pattern_is_found_and_its_head_opened_by_keys_alone(
    open_tab: OpenTab, changing_server: TensorBoardServer
) -> None:
    tab = open_tab(changing_server.url, **STUDY | {"layer": 0, "head": 0}, view="model")
    tab.wait_drawn("model")
    tab.button("Find head").focus()
    tab.page.keyboard.press("Enter")
    tab.frame.get_by_label("Look for heads that attend").focus()
    tab.page.keyboard.type("Previous")
    tab.frame.locator(".found-row").first.wait_for()
    expect(tab.frame.get_by_role("progressbar")).to_have_count(0)
    best = tab.frame.locator(".found-row").first
    head = str(best.get_attribute("data-head")).split(".")
    best.focus()
    tab.page.keyboard.press("Enter")
    tab.hash_has("p.attn.view=head", f"p.attn.layer={head[0]}")


def test_a_dimension_is_followed_pinned_and_left_by_keys(
    open_tab: OpenTab, neuron_server: TensorBoardServer
) -> None:
    tab = open_tab(neuron_server.url, run=NEURON_RUN, tag="bert/pair", step=40, view="neuron")
    tab.wait_drawn("neuron")
    dimension = tab.frame.get_by_role("slider", name="Dimension")
    dimension.focus()
    tab.page.keyboard.press("ArrowRight")
    tab.page.keyboard.press("ArrowRight")
    expect(dimension).to_have_attribute("aria-valuenow", "1")
    tab.page.keyboard.press("Enter")
    tab.inside().wait_for_function(
        "document.querySelector('.neuron-captions').innerText.includes('dimension')"
    )
    tab.page.keyboard.press("Escape")
    expect(dimension).to_have_attribute("aria-valuetext", "no dimension")
