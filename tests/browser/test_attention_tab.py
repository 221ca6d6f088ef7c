"""The tab in a real TensorBoard: active on both data paths, its state in the URL, theme, hidden, empty."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from attention_tab import AttentionTab
from expected_pixels import STOPS, rgb
from heads_grid import cell, wrong_cells
from logs.tensorboard_server import TensorBoardServer
from planted_log import PlantedLog, pattern_weights
from playwright.sync_api import Locator, Page, expect

Open = Callable[..., AttentionTab]
STATE = {"run": "second", "tag": "patterns", "step": 10, "layer": 1, "head": 5, "query": 9, "heads": "3.5"}


def host_tab(page: Page, name: str) -> Locator:
    """One of TensorBoard's own tabs."""
    return page.locator(".mdc-tab", has_text=name)


def show_theme(tab: AttentionTab, name: str) -> None:
    """Choose a theme in TensorBoard's own menu."""
    tab.page.get_by_role("button", name="Menu for changing light or dark theme").click()
    tab.page.get_by_role("menuitem", name=name, exact=True).click()


@pytest.mark.parametrize("load_fast", [True, False], ids=["data server", "python"])
def test_the_tab_is_active_and_draws_on_both_data_paths(
    planted: PlantedLog, open_tab: Open, load_fast: bool
) -> None:
    with TensorBoardServer.start(logdir=planted.directory, load_fast=load_fast) as server:
        tab = open_tab(server.url, view="model", run="planted", tag="patterns")
        tab.wait_drawn("model")
        expect(host_tab(tab.page, "Attention")).to_have_attribute("aria-selected", "true")
        for name in (
            "Compare",
            "Find head",
            "Export",
            "Copy link",
        ):  # words alone would not look like buttons
            assert tab.button(name).evaluate("button => getComputedStyle(button).borderTopWidth") == "1px"
        assert (
            wrong_cells(tab, tab.pixels(tab.canvas("Attention heads at step 250")), pattern_weights(250))
            == []
        )
        tab.after_drawing("head", tab.frame.get_by_role("tab", name="Head").click)
        expect(tab.canvas("Attention lines of layer 0 at step 250")).to_be_visible()


def test_the_state_survives_a_reload_and_a_link_opens_the_same_picture(
    tab: AttentionTab, server: TensorBoardServer, open_tab: Open
) -> None:
    tab.go("head", **STATE)
    picture = tab.pixels(tab.canvas("Attention lines of layer 1 at step 10, 2 heads"))
    assert picture[..., 3].any()
    tab.frame.get_by_role("slider", name="Hide weights below").focus()
    tab.page.keyboard.press("End")
    tab.hash_has("p.attn.threshold=0.1", "p.attn.heads=3.5", "p.attn.run=second", "p.attn.query=9")
    changed = tab.pixels(tab.canvas("Attention lines"))
    assert (changed != picture).any()
    link = tab.page.url
    other = open_tab(server.url)
    other.page.goto(link)
    other.page.reload()
    for each in (other, tab):
        if each is tab:
            each.page.reload()
        each.wait_drawn("head")
        assert (each.pixels(each.canvas("Attention lines of layer 1 at step 10, 2 heads")) == changed).all()
        expect(each.frame.locator(".place").first).to_have_attribute("title", "second / patterns")


def test_the_state_stays_when_another_tab_is_looked_at(tab: AttentionTab) -> None:
    tab.go("model", **STATE)
    tab.hash_has("p.attn.step=10")
    tab.page.evaluate("location.hash = 'timeseries'")
    expect(tab.page.locator("iframe[src*='name=attn']")).to_be_hidden()
    host_tab(tab.page, "Attention").click()
    expect(tab.frame.locator(".step-number")).to_have_text("Step 10")
    tab.hash_has("p.attn.step=10", "p.attn.run=second")


def reload(tab: AttentionTab) -> None:
    """Press TensorBoard's own button and wait for what it asks."""
    with tab.page.expect_response(lambda answer: "/data/runs" in answer.url):
        tab.page.locator(".reload-button").click()


def test_no_request_goes_out_while_the_tab_is_hidden(tab: AttentionTab) -> None:
    tab.go("model", run="planted", tag="patterns", step=0)
    tab.button("Play").click()
    tab.page.evaluate("location.hash = 'timeseries'")
    expect(tab.page.locator("iframe[src*='name=attn']")).to_be_hidden()
    reload(tab)  # what was on its way has its answer by then
    asked: list[str] = []
    tab.page.on("request", lambda request: asked.append(request.url))
    for _ in range(3):
        reload(tab)
    assert [url for url in asked if "/plugin/attn/" in url] == []
    with tab.page.expect_response(lambda answer: "/plugin/attn/index" in answer.url):
        host_tab(tab.page, "Attention").click()
    expect(tab.button("Play")).to_be_visible(timeout=20_000)  # goes on where it was, to the last step


def test_tensorboards_theme_button_redraws_the_picture_in_the_other_colours(tab: AttentionTab) -> None:
    tab.go("model", run="planted", tag="patterns", step=0)
    for name, theme in (("Dark", "dark"), ("Light", "light")):
        show_theme(tab, name)
        tab.inside().wait_for_function("theme => document.documentElement.dataset.theme === theme", arg=theme)
        tab.inside().evaluate(
            "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )
        pixels = tab.pixels(tab.canvas("Attention heads"))
        y, x = cell(tab, 0, 1)
        assert pixels[y + 20, x + 40, :3].tolist() == rgb(STOPS[theme][0])
        assert wrong_cells(tab, pixels, pattern_weights(0)) == []
        background = tab.frame.locator("body").evaluate("body => getComputedStyle(body).backgroundColor")
        assert background == {"dark": "rgb(48, 48, 48)", "light": "rgb(255, 255, 255)"}[theme]


def test_an_empty_log_directory_says_what_to_write_and_where_it_looked(
    tmp_path: Path, open_tab: Open
) -> None:
    with TensorBoardServer.start(logdir=tmp_path) as server:
        tab = open_tab(server.url)
        page = tab.frame.locator(".message-page")
        expect(page.get_by_role("heading", name="No attention logged yet")).to_be_visible()
        expect(page).to_contain_text(str(tmp_path))
        expect(page).to_contain_text('writer = AttentionWriter("runs/baseline")')
        expect(page).to_contain_text("writer.add_probe(")
        pictures = page.get_by_role("region", name="What fills this page")
        expect(pictures.locator("figcaption b")).to_have_text(["Model", "Head", "Evolution", "Neuron"])
        expect(tab.frame.get_by_role("slider", name="Step")).to_have_count(0)
