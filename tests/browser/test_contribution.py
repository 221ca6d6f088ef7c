"""The switch Weight | Contribution in a real TensorBoard: every view draws, counts and names what is shown."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from attention_tab import AttentionTab
from heads_grid import wrong_cells
from logs.moved_log import expected_contributions, log_moved, moved_weights
from logs.small_log import HEADS, TOKENS, log_run
from logs.tensorboard_server import TensorBoardServer
from playwright.sync_api import Browser, Locator, expect
from shown_numbers import shown_difference, shown_weight

from tensorboard_plugin_attn import AttentionReader

HERE: dict[str, object] = {"run": ".", "tag": "moved", "step": 2}
THERE = {**HERE, "quantity": "contribution"}
MOVED, WEIGHTS = expected_contributions(2), moved_weights(2)
ROUNDING = 0.011  # of two decimals, and of codes


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log with the lengths of values, and probes without."""
    path = tmp_path_factory.mktemp("moved")
    log_moved(path)
    log_moved(path, "alone", [0, 1], of="v")
    log_run(path, "without")
    return path


@pytest.fixture(scope="module")
def server(directory: Path) -> Iterator[TensorBoardServer]:
    with TensorBoardServer.start(logdir=directory) as server:
        yield server


@pytest.fixture(scope="module", params=["light", "dark"])
def tab(
    request: pytest.FixtureRequest, browser: Browser, server: TensorBoardServer
) -> Iterator[AttentionTab]:
    tab = AttentionTab.open(browser, server.url, dark=request.param == "dark", view="model", **HERE)
    tab.wait_drawn("model")
    yield tab
    tab.close()


def switch(tab: AttentionTab, name: str) -> Locator:
    """The switch's button in the left pane."""
    return tab.frame.get_by_role("group", name="Shown").get_by_role("button", name=name, exact=True).first


def test_the_model_view_draws_contributions_of_every_head_and_weights_again(tab: AttentionTab) -> None:
    tab.go("model", **HERE)
    canvas = tab.canvas("Attention heads at step 2")
    assert wrong_cells(tab, tab.pixels(canvas), list(WEIGHTS)) == []
    tab.after_drawing("model", switch(tab, "Contribution").click)
    tab.hash_has("p.attn.quantity=contribution")
    assert wrong_cells(tab, tab.pixels(canvas), list(MOVED)) == []
    legend = tab.frame.locator(".model-legend")
    expect(legend).to_contain_text("contribution (through W_O), same scale")
    expect(tab.frame.get_by_role("heading", name="Contributions of every head at step 2")).to_be_visible()
    tab.after_drawing("model", tab.page.go_back)
    assert wrong_cells(tab, tab.pixels(canvas), list(WEIGHTS)) == []
    expect(switch(tab, "Weight")).to_have_attribute("aria-pressed", "true")
    tab.after_drawing("model", tab.page.go_forward)
    assert wrong_cells(tab, tab.pixels(canvas), list(MOVED)) == []


def test_the_lines_numbers_of_the_head_view_are_contributions(tab: AttentionTab) -> None:
    tab.go("head", **THERE, layer=1, heads=2, query=3, mode="lines")
    table = tab.frame.get_by_role("table", name="Weights")
    wanted = [shown_weight(float(value)) for value in MOVED[1, 2, 3]]
    for text in wanted:
        expect(table).to_contain_text(text)
    expect(tab.frame.locator(".head-legend").last).to_contain_text("contribution (through W_O)")
    tab.after_drawing("head", switch(tab, "Weight").click)
    for text in [shown_weight(float(value)) for value in WEIGHTS[1, 2, 3]]:
        expect(table).to_contain_text(text)
    expect(tab.frame.locator(".head-legend").last).not_to_contain_text("contribution")


def test_the_matrix_and_its_history_are_of_contributions(tab: AttentionTab) -> None:
    tab.go("head", **THERE, layer=0, head=1, mode="matrix", query=3, key=2)
    expect(tab.frame.locator(".matrix-title")).to_contain_text("contribution (through W_O) at step 2")
    panel = tab.frame.get_by_role("complementary", name="Cell")
    expect(panel.get_by_role("status")).to_have_text(shown_weight(float(MOVED[0, 1, 3, 2]), 4))
    expect(panel).not_to_contain_text("uniform")
    expect(tab.frame.get_by_role("img", name=re.compile("^Contribution of the cell over"))).to_be_visible()
    expect(tab.frame.locator(".matrix-legend")).to_contain_text("contribution (through W_O), coloured by")


def test_compare_is_of_contributions(tab: AttentionTab, directory: Path) -> None:
    tab.go("model", **THERE, compare="first", rank="change")
    best = AttentionReader(directory).compare((".", "moved", 0), (".", "moved", 2), quantity="contribution")
    first = best.ranking()[0]
    row = tab.frame.locator(".change-row, [data-head]").filter(has_text=shown_weight(first.change)).first
    expect(row).to_be_visible()
    difference = shown_difference(first.after - first.before)
    expect(tab.frame.locator(".model").get_by_text(difference).first).to_be_visible()
    expect(tab.frame.locator(".model-main .model-hint").first).to_have_text(
        "contribution at B minus contribution at A"
    )


def test_find_ranks_heads_by_contribution(tab: AttentionTab, directory: Path) -> None:
    tab.go("model", **THERE, panel="find", find="3-2")
    rows = tab.frame.locator(".found-row")
    rows.first.wait_for()
    expect(tab.frame.get_by_role("list", name="Heads by contribution")).to_be_visible()
    expect(tab.frame.get_by_role("progressbar")).to_have_count(0)
    found = AttentionReader(directory).find(".", "moved", 2, query=3, key=2, quantity="contribution")
    listed = rows.evaluate_all("rows => rows.map(row => [row.dataset.head, Number(row.dataset.weight)])")
    assert [head for head, _ in listed] == [f"{each.layer}.{each.head}" for each in found.ranking()]
    np.testing.assert_allclose(
        [weight for _, weight in listed], [each.weight for each in found.ranking()], atol=1e-6
    )


def test_evolution_offers_the_metrics_over_contributions(tab: AttentionTab) -> None:
    tab.go("evolution", **HERE, metric="first_token")
    metric = tab.frame.get_by_label("Metric", exact=True)
    expect(metric.locator("option", has_text="ontribution")).to_have_count(0)
    tab.after_drawing("evolution", switch(tab, "Contribution").click)
    expect(metric).to_have_value("contribution_first_token")
    expect(
        tab.frame.get_by_role("heading", name="Contribution of the first token of every head")
    ).to_be_visible()
    tab.after_drawing("evolution", switch(tab, "Weight").click)
    expect(metric).to_have_value("first_token")


def test_a_record_without_lengths_greys_the_switch_and_says_why(tab: AttentionTab) -> None:
    tab.go("model", **{**THERE, "tag": "without"})
    expect(switch(tab, "Contribution")).to_be_disabled()
    expect(tab.frame.get_by_role("group", name="Shown").locator("xpath=..")).to_contain_text(
        "add_probe stores"
    )
    expect(tab.frame.locator(".model-legend")).to_contain_text("weight, same scale")
    tab.go("model", **{**THERE, "tag": "alone", "step": 1})
    expect(tab.frame.locator(".model-legend")).to_contain_text("contribution (value alone)")


def test_exports_say_what_they_hold(tab: AttentionTab) -> None:
    tab.go("head", **THERE, layer=1, mode="lines")
    tab.button("Export").click()
    with tab.page.expect_download() as download:
        tab.frame.get_by_role("menuitem", name="Numbers (CSV)").click()
    assert "contribution" in download.value.suggested_filename
    lines = Path(download.value.path()).read_text(encoding="utf-8-sig").splitlines()
    assert lines[0].split(",")[-1] == "contribution"
    assert len(lines) == 1 + HEADS * len(TOKENS) ** 2
    found = np.array([float(line.rsplit(",", 1)[1]) for line in lines[1:]])
    np.testing.assert_allclose(found, MOVED[1].ravel(), atol=1e-5)


def test_a_page_saved_from_the_tab_has_contributions_too(
    directory: Path, offline: Callable[[Path], object], tmp_path: Path
) -> None:
    page = tmp_path / "page.html"
    page.write_text(AttentionReader(directory).to_html(".", "moved", 2), encoding="utf-8")
    shown = offline(page)
    shown.get_by_role("button", name="Contribution", exact=True).click()  # type: ignore[attr-defined]  # a Page
    legend = shown.locator(".model-legend")  # type: ignore[attr-defined]  # a Page
    expect(legend).to_contain_text("contribution (through W_O)")
