"""What the Export menu saves: pictures that open without a network and look like the view, and the record's numbers."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from attention_tab import AttentionTab
from neuron_log import RUN as NEURON_RUN
from neuron_log import NeuronLog
from neuron_log import write_log as write_neuron_log
from numpy.typing import NDArray
from planted_log import HEADS, LAYERS, STEPS, TOKENS, PlantedLog, pattern_weights
from playwright.sync_api import Browser, Page, expect
from tensorboard_server import TensorBoardServer

from tensorboard_plugin_attn import AttentionReader
from tensorboard_plugin_attn.encoding import MAX_ERROR

HERE = {"run": "planted", "tag": "patterns", "step": 10, "layer": 1}
ITEMS = {
    "png": "Picture (PNG, 2×)",
    "svg": "Picture (SVG)",
    "csv": "Numbers (CSV)",
    "html": "Stand-alone page (HTML)",
}
VIEWS = {
    "evolution": {},
    "model": {},
    "head": {},
    "matrix": {"view": "head", "mode": "matrix", "head": 3},
}
SHAPES = "path, polyline, rect, image"


def save(tab: AttentionTab, kind: str, target: Path) -> Path:
    """Choose a kind in the Export menu and keep the file."""
    tab.button("Export").click()
    with tab.page.expect_download() as download:
        tab.frame.get_by_role("menuitem", name=ITEMS[kind], exact=True).click()
    assert download.value.suggested_filename.endswith(f".{kind}")
    path = target / download.value.suggested_filename
    download.value.save_as(path)
    return path


def table(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))


def at(tab: AttentionTab, name: str) -> None:
    """Open one of the views above."""
    tab.go(**{"view": name, **HERE, **VIEWS[name]})  # type: ignore[arg-type]  # a view and its state


@pytest.fixture
def offline(browser: Browser) -> Iterator[Callable[[Path], Page]]:
    """Open files in a browser that has no network."""
    context = browser.new_context(viewport={"width": 1400, "height": 900}, offline=True)

    def open_file(path: Path) -> Page:
        page = context.new_page()
        page.goto(path.as_uri())
        return page

    yield open_file
    context.close()


@pytest.mark.parametrize("name", list(VIEWS))
def test_an_svg_opens_without_a_network_and_its_texts_are_texts(
    tab: AttentionTab, offline: Callable[[Path], Page], tmp_path: Path, name: str
) -> None:
    at(tab, name)
    page = offline(save(tab, "svg", tmp_path))
    texts = page.locator("text").all_text_contents()
    assert "patterns" in texts[0]
    assert page.locator(SHAPES).count() > 1
    if name in ("head", "matrix"):
        assert [texts.count(token) for token in TOKENS] == [2 * TOKENS.count(token) for token in TOKENS]
    else:
        assert set(map(str, range(HEADS))) <= set(texts)


def test_the_lines_of_an_svg_are_curves_from_query_to_key(
    tab: AttentionTab, offline: Callable[[Path], Page], tmp_path: Path
) -> None:
    tab.go("head", **HERE, heads="0", threshold=0.5)
    page = offline(save(tab, "svg", tmp_path))
    strong = np.argwhere(pattern_weights(10)[1, 0] >= 0.5)
    assert page.locator("path").count() == len(strong)


def test_a_png_is_twice_as_large_and_shows_what_the_svg_shows(
    tab: AttentionTab, offline: Callable[[Path], Page], tmp_path: Path
) -> None:
    at(tab, "model")
    svg = offline(save(tab, "svg", tmp_path)).locator("svg")
    wanted = [2 * float(svg.get_attribute(side) or 0) for side in ("width", "height")]
    image = offline(save(tab, "png", tmp_path)).locator("img")
    found = image.evaluate("image => [image.naturalWidth, image.naturalHeight]")
    assert np.abs(np.subtract(found, wanted)).max() <= 1


def test_the_numbers_of_the_head_view_are_the_records(tab: AttentionTab, tmp_path: Path) -> None:
    at(tab, "head")
    rows = table(save(tab, "csv", tmp_path))
    wanted = pattern_weights(10)[1]
    assert len(rows) == wanted.size
    found = np.zeros_like(wanted)
    for row in rows:
        query, key = int(row["query"]), int(row["key"])
        found[int(row["head"]), query, key] = float(row["weight"])
        assert (row["query_token"], row["key_token"]) == (TOKENS[query], TOKENS[key])
    assert np.abs(found - wanted).max() <= MAX_ERROR


def test_the_numbers_of_model_and_evolution_are_the_head_metrics(
    tab: AttentionTab, planted: PlantedLog, tmp_path: Path
) -> None:
    series = AttentionReader(planted.directory).metrics("planted", "patterns")
    for view, steps in (("model", [10]), ("evolution", list(STEPS))):
        at(tab, view)
        rows = table(save(tab, "csv", tmp_path))
        assert len(rows) == len(steps) * LAYERS * HEADS
        found = np.array([[number(row[name]) for name in series.names] for row in rows])
        wanted = series.values[[list(series.steps).index(step) for step in steps]]
        np.testing.assert_allclose(found, wanted.reshape(found.shape), rtol=1e-5, atol=1e-6)


def number(text: str) -> float:
    """A field; an empty one is no number."""
    return float(text) if text else float("nan")


def test_the_page_opens_without_a_network_with_the_state_of_the_tab(
    tab: AttentionTab, offline: Callable[[Path], Page], tmp_path: Path
) -> None:
    tab.go("head", **HERE, heads="2.5", query=4)
    page = offline(save(tab, "html", tmp_path))
    expect(
        page.locator("canvas[aria-label^='Attention lines of layer 1 at step 10, 2 heads']")
    ).to_be_visible()
    expect(page.get_by_role("button", name="Unpin the")).to_be_visible()
    assert page.get_by_role("tab", name="Head").get_attribute("aria-selected") == "true"


def test_the_menu_is_worked_by_keyboard(tab: AttentionTab) -> None:
    at(tab, "head")
    button = tab.button("Export")
    button.focus()
    tab.page.keyboard.press("Enter")
    items = tab.frame.get_by_role("menuitem")
    expect(items.nth(0)).to_be_focused()
    tab.page.keyboard.press("ArrowDown")
    expect(items.nth(1)).to_be_focused()
    tab.page.keyboard.press("Escape")
    expect(items).to_have_count(0)
    expect(button).to_be_focused()


@pytest.fixture(scope="module")
def neuron_log(tmp_path_factory: pytest.TempPathFactory) -> NeuronLog:
    """Records with query and key."""
    return write_neuron_log(tmp_path_factory.mktemp("neurons"))


@pytest.fixture
def neuron_tab(neuron_log: NeuronLog, open_tab: Callable[..., AttentionTab]) -> Iterator[AttentionTab]:
    """The Neuron view on them."""
    with TensorBoardServer.start(logdir=neuron_log.directory) as server:
        state: dict[str, Any] = {"run": NEURON_RUN, "tag": "bert/pair", "step": 40, "layer": 1, "query": 9}
        tab = open_tab(server.url, view="neuron", **state)
        tab.wait_drawn("neuron")
        yield tab


def test_the_numbers_of_the_neuron_view_are_the_records(
    neuron_tab: AttentionTab, neuron_log: NeuronLog, offline: Callable[[Path], Page], tmp_path: Path
) -> None:
    rows = table(save(neuron_tab, "csv", tmp_path))
    layer = AttentionReader(neuron_log.directory).read(NEURON_RUN, "bert/pair", 40).layers[1]
    assert layer.query is not None
    assert layer.key is not None
    np.testing.assert_allclose(column(rows, "weight"), np.asarray(layer.weights)[0, 9], atol=1e-6)
    np.testing.assert_allclose(
        column(rows, "q_dot_k"), np.asarray(layer.key)[0] @ np.asarray(layer.query)[0, 9], atol=1e-4
    )
    page = offline(save(neuron_tab, "svg", tmp_path))
    assert {"query q", "q × k", "softmax", "nurse"} <= set(page.locator("text").all_text_contents())


def column(rows: list[dict[str, str]], name: str) -> NDArray[np.float64]:
    """One column as numbers."""
    return np.array([float(row[name]) for row in rows])
