"""Stand-alone HTML files, opened from disk without a network: the same picture as the tab's, whatever the tokens are."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from attention_tab import WATCH, AttentionTab, picture
from downloads import save as save_item
from logs.random_attention import softmax_weights
from logs.tensorboard_server import TensorBoardServer
from numpy.typing import NDArray
from planted_log import HOSTILE, STEPS, PlantedLog
from playwright.sync_api import Browser, Page, expect

from tensorboard_plugin_attn import AttentionReader, AttentionRecord, AttentionWriter, LayerAttention

MEGABYTE = 1_000_000
DRAWN = "performance.getEntries().some(({name}) => name.startsWith('attn:drawn:'))"
PIXELS = "canvas => attnTest.pixels(canvas)"
CANVASES = {"model": "Attention heads at step", "head": "Attention lines of layer"}


@contextmanager
def opened(browser: Browser, path: Path, *, dark: bool = False) -> Iterator[Page]:
    """A file in a browser that has no network; what it asks for beside itself, and its errors, fail."""
    scheme = "dark" if dark else "light"
    context = browser.new_context(viewport={"width": 1600, "height": 800}, color_scheme=scheme, offline=True)
    page, asked, errors = context.new_page(), list[str](), list[str]()
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.add_init_script(WATCH)
    page.goto(path.as_uri())
    while not page.evaluate(DRAWN):  # the page's policy forbids what waits inside it
        page.wait_for_timeout(50)
    yield page
    context.close()
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
    assert errors == []


def save(logdir: Path, target: Path, tag: str, step: int, view: str) -> Path:
    """The HTML of a record of the planted run."""
    target.write_text(AttentionReader(logdir).to_html("planted", tag, step, view=view), encoding="utf-8")
    return target


def canvas(page: Page, view: str) -> NDArray[np.uint8]:
    """The pixels of a view's canvas."""
    found = page.locator(f"canvas[role=img][aria-label^='{CANVASES[view]}']")
    return picture(found.evaluate(PIXELS))


@pytest.mark.parametrize("view", list(CANVASES))
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_file_shows_the_very_pixels_of_the_tab(
    browser: Browser,
    server: TensorBoardServer,
    planted: PlantedLog,
    tmp_path: Path,
    open_tab: Callable[..., AttentionTab],
    view: str,
    dark: bool,
) -> None:
    width = 1600
    where = {"run": "planted", "tag": "patterns", "step": 10}
    tab = open_tab(server.url, dark=dark, width=width, height=900, view=view, **where)
    tab.wait_drawn(view)
    with opened(
        browser, save(planted.directory, tmp_path / "a.html", "patterns", 10, view), dark=dark
    ) as page:
        page.set_viewport_size(tab.inside().evaluate("({ width: innerWidth, height: innerHeight })"))
        page.wait_for_timeout(300)
        wanted = tab.pixels(tab.canvas(CANVASES[view]))
        found = canvas(page, view)
        assert found.shape == wanted.shape
        if view == "model":  # below a pattern lies its history, which has one step here
            found, wanted = found[:20], wanted[:20]
        assert np.array_equal(found, wanted)


def test_tokens_that_are_markup_stay_text(browser: Browser, planted: PlantedLog, tmp_path: Path) -> None:
    with opened(browser, save(planted.directory, tmp_path / "a.html", "hostile/<i>", 0, "head")) as page:
        queries = page.get_by_role("listbox", name="Query tokens").get_by_role("option")
        expect(queries).to_have_count(len(HOSTILE))
        assert queries.all_inner_texts()[1].startswith("</script><img src=x onerror=")
        assert page.title() == "Attention"
        assert page.locator("img").count() == 0


def test_every_view_that_the_file_holds_has_a_tab_and_says_what_it_lacks(
    browser: Browser, planted: PlantedLog, tmp_path: Path
) -> None:
    with opened(browser, save(planted.directory, tmp_path / "a.html", "translation", 0, "model")) as page:
        assert page.get_by_role("tab").all_inner_texts() == ["Evolution", "Model", "Head"]
        page.get_by_role("tab", name="Head").click()
        page.get_by_label("Layer", exact=True).select_option(index=1)
        expect(page.locator("canvas[aria-label^='Attention lines of layer 1']")).to_be_visible()
        for name in ("Compare", "Find head", "Copy link"):
            assert page.get_by_role("button", name=name).count() == 0


def test_the_file_holds_the_histories_and_says_of_other_steps_that_it_has_no_pattern(
    browser: Browser, planted: PlantedLog, tmp_path: Path
) -> None:
    with opened(browser, save(planted.directory, tmp_path / "a.html", "patterns", 10, "evolution")) as page:
        slider = page.get_by_role("slider", name="Step", exact=True)
        assert int(slider.get_attribute("max") or 0) == len(STEPS) - 1
        page.get_by_role("tab", name="Model").click()
        slider.press("ArrowRight")
        expect(page.get_by_text("This file holds the patterns of some steps")).to_be_visible()
        page.get_by_role("button", name="step 10").click()
        expect(page.get_by_text("This file holds the patterns of some steps")).to_have_count(0)


def test_a_comparison_is_held_with_both_of_its_records(
    browser: Browser, server: TensorBoardServer, open_tab: Callable[..., AttentionTab], tmp_path: Path
) -> None:
    where = {"run": "planted", "tag": "patterns", "step": STEPS[-1], "compare": "first"}
    tab = open_tab(server.url, view="model", layer=1, head=2, **where)
    tab.wait_drawn("model")
    with opened(browser, save_item(tab, "html", tmp_path)) as page:
        expect(page.get_by_text(re.compile("^What changed from step"))).to_be_visible()
        expect(page.get_by_text("omparing …")).to_have_count(0)
        changes = page.locator("canvas[aria-label='Matrix of what layer 1 head 2 gained and lost']")
        expect(changes).to_be_visible()


@pytest.fixture(scope="module")
def dense(tmp_path_factory: pytest.TempPathFactory) -> AttentionReader:
    """12 layers of 12 heads and 128 tokens with query and key of 64 dimensions, none of which compress well."""
    logdir = tmp_path_factory.mktemp("dense")
    random = np.random.default_rng(0)
    layers = [
        LayerAttention(
            softmax_weights(12, 128, 128, seed),
            query=random.normal(size=(12, 128, 64)).astype(np.float32),
            key=random.normal(size=(12, 128, 64)).astype(np.float32),
            scale=0.125,
        )
        for seed in range(12)
    ]
    with AttentionWriter(logdir / "run") as writer:
        writer.add_record("dense", AttentionRecord(layers, [f"token{n}" for n in range(128)]), 0)
    return AttentionReader(logdir)


@pytest.mark.parametrize("view", ["evolution", "model", "head", "neuron"])
def test_twelve_layers_of_twelve_heads_and_128_tokens_are_less_than_six_megabytes(
    browser: Browser, dense: AttentionReader, tmp_path: Path, view: str
) -> None:
    path = tmp_path / "dense.html"
    path.write_text(dense.to_html("run", "dense", 0, view=view, layer=7), encoding="utf-8")
    assert path.stat().st_size < 6 * MEGABYTE
    with opened(browser, path) as shown:
        assert picture(shown.locator("canvas[role=img]").first.evaluate(PIXELS))[..., 3].max() > 200


def test_a_page_without_room_for_every_layers_query_and_key_says_which_it_has(
    browser: Browser, dense: AttentionReader, tmp_path: Path
) -> None:
    path = tmp_path / "dense.html"
    path.write_text(dense.to_html("run", "dense", 0, view="neuron", layer=7, head=3), encoding="utf-8")
    with opened(browser, path) as page:
        expect(page.locator("canvas[aria-label*='layer 7 head 3']")).to_be_visible()
        page.get_by_label("Layer", exact=True).select_option(index=2)
        expect(
            page.get_by_role("heading", name="Query and key of layer 2 are not in this file")
        ).to_be_visible()
        expect(page.get_by_text(re.compile(r"^Of this record layers? .*7 ha(s|ve) them"))).to_be_visible()
        page.get_by_label("Layer", exact=True).select_option(index=7)
        expect(page.locator("canvas[aria-label*='layer 7 head 3']")).to_be_visible()
