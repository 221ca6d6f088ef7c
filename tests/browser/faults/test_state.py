"""What one does in the tab of 0.1 and what then goes wrong: playing, going back, a head that is shown alone, rows that jump."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from attention_tab import AttentionTab, tab_hash
from fault_logs import LONG, MOVED, STEPS
from logs.tensorboard_server import TensorBoardServer
from playwright.sync_api import Browser, Route, expect

pytestmark = pytest.mark.slow  # a unit test holds each of these every day

OpenFault = Callable[..., AttentionTab]
LAYER, HEAD = MOVED
CHANGED = f"Layer {LAYER} head {HEAD}"
ANSWER_LATE_MS = 400
PLAYED_MS = 30_000

# Where the names of the probes stand, each time that one of them moves.
WATCH_ROWS = """() => {
  window.rowPlaces = [];
  const look = () => {
    const now = [...document.querySelectorAll('.probe-row .name')].map(row => Math.round(row.getBoundingClientRect().top)).join();
    if (now !== '' && now !== window.rowPlaces.at(-1)) window.rowPlaces.push(now);
    requestAnimationFrame(look);
  };
  look();
}"""

# The tokens of the rows whose middle is what one sees there.
IN_VIEW = """rows => rows.flatMap(row => {
  const { left, right, top, bottom } = row.getBoundingClientRect();
  const seen = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
  return row.contains(seen) ? [row.textContent.trim()] : [];
})"""


def test_playing_in_evolution_goes_to_the_last_step(open_demo: OpenFault) -> None:
    tab = open_demo("evolution", step=0)
    tab.button("Play").click()
    expect(tab.frame.locator(".step-number")).to_have_text(f"Step {STEPS[-1]}", timeout=PLAYED_MS)


def test_back_leads_from_a_pattern_to_the_view_that_it_was_opened_in(
    browser: Browser, demo: TensorBoardServer
) -> None:
    tab = AttentionTab(browser.new_page())
    tab.page.goto(f"{demo.url}#{tab_hash({'run': 'skewed', 'tag': 'doctor/she'})}")
    tab.wait_drawn("evolution")
    tab.button(CHANGED).click()
    tab.hash_has("p.attn.view=model")
    tab.page.go_back()
    address = tab.page.url
    assert "#attn" in address, f"Back left TensorBoard for {address}"
    expect(tab.frame.get_by_role("tab", name="Evolution")).to_have_attribute("aria-selected", "true")
    tab.close()


def test_the_matrix_shows_the_head_that_was_shown_alone(open_demo: OpenFault) -> None:
    tab = open_demo("head", layer=LAYER)
    tab.button("Head 3").dblclick()
    tab.button("Matrix").click()
    expect(tab.frame.locator(".view")).to_contain_text(f"Layer {LAYER} · Head 3")


def test_the_names_of_the_probes_stay_in_place_when_the_run_changes(open_demo: OpenFault) -> None:
    def late(route: Route) -> None:
        tab.page.wait_for_timeout(ANSWER_LATE_MS)
        route.continue_()

    tab = open_demo("evolution")
    tab.wait_loaded()
    tab.page.route(re.compile(r"/attn/(record|texts)\?"), late)
    tab.inside().evaluate(f"({WATCH_ROWS})()")
    tab.frame.locator(".run-row button", has_text="control").first.click()
    expect(tab.frame.locator(".run-row[data-selected=true]")).to_contain_text("control")
    tab.wait_loaded()
    places = tab.inside().evaluate("rowPlaces")
    assert len(places) == 1, f"the rows jumped {len(places) - 1} times"


def test_a_pinned_token_is_in_view(open_demo: OpenFault) -> None:
    at = LONG - 8
    tab = open_demo("head", run="odd", tag="long", layer=0, mode="lines", query=at)
    tab.wait_loaded()
    queries = tab.frame.get_by_role("listbox", name="Query tokens").get_by_role("option")
    expect(queries.first).to_be_visible()
    tab.settle()
    seen = queries.evaluate_all(IN_VIEW)
    assert f"token{at}" in seen, f"of 128 tokens these are in view: {seen[0]} to {seen[-1]}"


def test_a_step_of_metrics_alone_is_not_blamed_on_the_size_of_the_record(open_demo: OpenFault) -> None:
    tab = open_demo("head", run="sparse", tag="sparse", step=10, drawn=False)
    expect(tab.frame.get_by_text("metrics only; nearest pattern")).to_be_visible()
    expect(tab.frame.get_by_text("max_record_bytes")).to_have_count(0)
