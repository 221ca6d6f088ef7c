"""Many runs in the tab of 0.1: colours, names, what is ticked, which curves are drawn and compared, and TensorBoard's own cards."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from attention_tab import AttentionTab
from fault_logs import MANY
from logs.tensorboard_server import TensorBoardServer
from playwright.sync_api import Browser, Locator, Page, expect

pytestmark = pytest.mark.slow  # a unit test holds each of these every day

OpenFault = Callable[..., AttentionTab]
MOST_CARDS = 12

THEIR_COLOURS = """rows => Object.fromEntries(rows.map(row => [
  row.innerText.trim().split('\\n')[0],
  [...row.querySelectorAll('*')].map(element => getComputedStyle(element).backgroundColor),
]))"""
OUR_COLOURS = """rows => Object.fromEntries(rows.map(row => {
  const { backgroundColor, borderTopColor, borderTopWidth } = getComputedStyle(row.querySelector('.run-dot'));
  const name = row.querySelector('.name').textContent;
  return [name, borderTopWidth === '0px' ? backgroundColor : borderTopColor];
}))"""
# The last letters of each text lie within what clips it.
ENDS_SEEN = """names => names.map(name => {
  const texts = document.createTreeWalker(name, NodeFilter.SHOW_TEXT);
  let last = null;
  while (texts.nextNode() !== null) last = texts.currentNode;
  const range = document.createRange();
  range.setStart(last, Math.max(0, last.length - 2));
  range.setEnd(last, last.length);
  const end = range.getBoundingClientRect();
  let isSeen = end.width > 0;
  for (let at = last.parentElement; at.id !== 'attn'; at = at.parentElement) {
    const { overflowX } = getComputedStyle(at);
    if (overflowX !== 'visible') isSeen &&= end.right <= at.getBoundingClientRect().right + 1;
  }
  return isSeen;
})"""


@pytest.fixture
def time_series(browser: Browser, demo: TensorBoardServer) -> Iterator[Page]:
    """TensorBoard's own tab, with its runs and cards."""
    page = browser.new_page(viewport={"width": 1600, "height": 900})
    page.goto(f"{demo.url}?darkMode=false#timeseries")
    page.locator("tb-data-table-content-row").nth(2).wait_for()
    yield page
    page.close()


def test_a_run_has_the_colour_that_it_has_in_time_series(time_series: Page, open_demo: OpenFault) -> None:
    theirs = time_series.locator("tb-data-table-content-row").evaluate_all(THEIR_COLOURS)
    tab = open_demo("evolution")
    tab.wait_loaded()
    ours = tab.frame.locator(".run-row", has=tab.frame.locator(".run-dot")).evaluate_all(OUR_COLOURS)
    wrong = {run: (ours[run], theirs[run]) for run in ("skewed", "control") if ours[run] not in theirs[run]}
    assert wrong == {}


def test_the_writer_adds_a_handful_of_cards_to_time_series(time_series: Page) -> None:
    group = time_series.get_by_text(re.compile(r"^\s*attn\s*\d+ cards"))
    expect(group.first).to_be_visible()
    counted = re.search(r"(\d+) cards", group.first.inner_text())
    assert counted is not None
    assert int(counted[1]) <= MOST_CARDS


@pytest.mark.parametrize("where", [".run-row .name", ".legend-run"], ids=["list", "legend"])
def test_names_that_share_their_start_show_what_tells_them_apart(open_many: OpenFault, where: str) -> None:
    tab = open_many()
    search(tab).fill("seed0[0-3]")
    expect(tab.frame.locator(".run-row .name")).to_have_count(4)
    tab.settle()
    seen = tab.frame.locator(where).evaluate_all(ENDS_SEEN)
    assert len(seen) >= 4
    assert all(seen), f"the ends of {seen.count(False)} of {len(seen)} names are cut off"


def search(tab: AttentionTab) -> Locator:
    """The filter of the runs."""
    return tab.frame.locator("input[type=search]").first


def test_all_none_or_one_of_the_runs_are_ticked_by_one_press(open_many: OpenFault) -> None:
    tab = open_many()
    ticked = tab.frame.get_by_role("checkbox", name=re.compile("^Offer"), checked=True)
    expect(ticked).to_have_count(len(MANY))
    for name, count in (("None", 1), ("All", len(MANY)), (f"Only {MANY[3]}", 1)):
        press = tab.frame.get_by_role("button", name=name, exact=True)
        assert press.count() == 1, f"there is no “{name}”"
        press.click(force=True)  # "only" is seen when its row is pointed at
        expect(ticked).to_have_count(count)


def test_the_filter_takes_runs_out_of_the_curves(open_many: OpenFault) -> None:
    tab = open_many()
    search(tab).fill("seed0[01]")
    legend = tab.frame.locator(".legend-run")
    expect(legend.first).to_be_visible()
    expect(legend).to_have_count(2)


def test_more_than_eight_runs_are_drawn_together(open_many: OpenFault) -> None:
    tab = open_many()
    tab.wait_loaded()
    asked = tab.inside().evaluate(
        "performance.getEntriesByType('resource').map(({ name }) => decodeURIComponent(name))"
    )
    drawn = {run for run in MANY if any("/metrics?" in url and f"run={run}&" in url for url in asked)}
    assert drawn == set(MANY)
    expect(tab.frame.get_by_text("not drawn")).to_have_count(0)


def test_three_runs_stand_side_by_side_in_compare(open_many: OpenFault) -> None:
    tab = open_many("model", compare="same", compare_run=MANY[1])
    tab.wait_loaded()
    columns = tab.frame.locator(".view-body, .view").first.get_by_role("button", name=re.compile("seed"))
    assert columns.count() >= 3, "no column of another run beside the two"
