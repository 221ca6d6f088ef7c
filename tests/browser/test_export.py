"""What the Export menu saves: pictures that open without a network and look like the view, and the record's numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from attention_tab import AttentionTab
from downloads import save, table
from logs.random_attention import random_record
from logs.tensorboard_server import TensorBoardServer
from planted_log import HEADS, LAYERS, STEPS, TOKENS, PlantedLog, pattern_weights
from playwright.sync_api import Page, expect

from tensorboard_plugin_attn import AttentionReader, AttentionWriter
from tensorboard_plugin_attn.encoding.codes import MAX_ERROR

HERE = {"run": "planted", "tag": "patterns", "step": 10, "layer": 1}
VIEWS = {
    "evolution": {},
    "model": {},
    "head": {},
    "matrix": {"view": "head", "mode": "matrix", "head": 3},
}
SHAPES = "path, polyline, rect, image"


def at(tab: AttentionTab, name: str) -> None:
    """Open one of the views above."""
    tab.go(**{"view": name, **HERE, **VIEWS[name]})  # type: ignore[arg-type]  # a view and its state


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


def test_a_picture_has_no_number_for_a_token_that_is_filtered_out(
    tab: AttentionTab, offline: Callable[[Path], Page], tmp_path: Path
) -> None:
    tab.go("head", **{**HERE, "tag": "pair/she"}, query=6, sentences="ba")
    texts = offline(save(tab, "svg", tmp_path)).locator("text").all_text_contents()
    assert len([text for text in texts if re.fullmatch(r"\.\d\d", text)]) == 4 * 6


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


def test_the_npz_is_the_whole_record(tab: AttentionTab, planted: PlantedLog, tmp_path: Path) -> None:
    at(tab, "matrix")
    record = AttentionReader(planted.directory).read("planted", "patterns", 10)
    with np.load(save(tab, "npz", tmp_path), allow_pickle=False) as found:
        for layer in range(LAYERS):
            assert np.array_equal(found[f"layer.{layer}.weights"], record.layers[layer].weights)
        assert found["tokens"].tolist() == TOKENS


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
    expect(page.get_by_role("button", name="pinned: the, unpin")).to_be_visible()
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
def many_heads(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TensorBoardServer]:
    """A TensorBoard on a model of so many heads that each is one cell."""
    directory = tmp_path_factory.mktemp("many")
    with AttentionWriter(directory / "run") as writer:
        for step in (0, 10):
            writer.add_record("probe", random_record((64,) * 60, seed=step, length=4), step)
    with TensorBoardServer.start(logdir=directory) as server:
        yield server


@pytest.mark.parametrize("view", ["model", "evolution"])
def test_the_legend_of_a_map_of_heads_says_what_its_colours_are(
    open_tab: Callable[..., AttentionTab],
    many_heads: TensorBoardServer,
    offline: Callable[[Path], Page],
    tmp_path: Path,
    view: str,
) -> None:
    tab = open_tab(many_heads.url, view=view, run="run", tag="probe", step=10)
    tab.wait_drawn(view)
    tab.wait_loaded()
    shown = tab.frame.locator(".legend-item").first.inner_text().split("\n")[0].strip()
    texts = offline(save(tab, "svg", tmp_path)).locator("text").all_text_contents()
    assert shown in texts
    assert not [text for text in texts if "below: " in text or "lasting change" in text]


def test_a_saved_comparison_names_the_layers_that_it_leaves_out(
    open_tab: Callable[..., AttentionTab],
    changing_server: TensorBoardServer,
    offline: Callable[[Path], Page],
    tmp_path: Path,
) -> None:
    tab = open_tab(changing_server.url, view="model", run="a", tag="she", step=60, compare="first")
    tab.wait_drawn("model")
    tab.frame.locator(".change-row").first.wait_for()
    folded = tab.frame.get_by_role("button", name="heads without a difference")
    left_out = folded.inner_text().removesuffix(", folded")
    texts = offline(save(tab, "svg", tmp_path)).locator("text").all_text_contents()
    assert f"{left_out}, not drawn" in texts
    folded.click()
    texts = offline(save(tab, "svg", tmp_path)).locator("text").all_text_contents()
    assert not [text for text in texts if "not drawn" in text]
