"""Maps over a picture in a real TensorBoard: a planted patch lights up over its very place, in every view and export."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from attention_tab import WATCH, AttentionTab, picture
from downloads import save
from heads_grid import cells
from logs.tensorboard_server import TensorBoardServer
from numpy.typing import NDArray
from picture_log import FRAMES, GRIDS, HEADS, LAYERS, STEPS, WORDS, heard, looked_at, write_log
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tensorboard_plugin_attn import AttentionReader

# Of the colour scales at their ends: all the weight, gained and lost.
FULL = {"light": (8, 48, 107), "dark": (234, 246, 255)}
GAINED = {"light": (8, 64, 127), "dark": (191, 225, 255)}
LOST = {"light": (143, 45, 4), "dark": (255, 193, 158)}
OPAQUE = {"run": "seen", "step": 0, "opacity": 1, "top": 0}


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_log(tmp_path_factory.mktemp("pictures"))


@pytest.fixture(scope="module")
def pictures(log: Path) -> Iterator[TensorBoardServer]:
    with TensorBoardServer.start(logdir=log) as server:
        yield server


@pytest.fixture(scope="module", params=["light", "dark"])
def tab(
    request: pytest.FixtureRequest, browser: Browser, pictures: TensorBoardServer
) -> Iterator[AttentionTab]:
    """One page in each theme, which the tests move."""
    tab = AttentionTab.open(
        browser, pictures.url, dark=request.param == "dark", view="head", tag="square", **OPAQUE
    )
    tab.wait_drawn("head")
    yield tab
    tab.close()


def lit(pixels: NDArray[np.uint8], colour: tuple[int, int, int]) -> tuple[int, int, int, int] | None:
    """First and last row, first and last column of the pixels of a colour, which are a filled box; None: there are none."""
    found = (np.abs(pixels[..., :3].astype(int) - colour) <= 1).all(axis=-1)
    rows, columns = np.flatnonzero(found.any(axis=1)), np.flatnonzero(found.any(axis=0))
    if not len(rows):
        return None
    box = int(rows[0]), int(rows[-1]), int(columns[0]), int(columns[-1])
    assert found[box[0] : box[1] + 1, box[2] : box[3] + 1].all()
    return box


def place(shape: tuple[int, ...], grid: tuple[int, int], patch: tuple[int, int]) -> tuple[int, int, int, int]:
    """Where a patch lies on a picture of so many pixels."""
    rows = np.floor(np.arange(grid[0] + 1) * shape[0] / grid[0] + 0.5).astype(int)
    columns = np.floor(np.arange(grid[1] + 1) * shape[1] / grid[1] + 0.5).astype(int)
    (row, column) = patch
    return int(rows[row]), int(rows[row + 1]) - 1, int(columns[column]), int(columns[column + 1]) - 1


def tile(tab: AttentionTab, layer: int, head: int) -> NDArray[np.uint8]:
    canvas = tab.canvas(f"Map of {layer}.{head}")
    expect(canvas).to_be_visible()
    return tab.pixels(canvas)


def picture_is_there(tab: AttentionTab) -> None:
    """Wait for the photograph: until it has come, patches lie on one colour."""
    whole = "canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.buffer"
    count = f"canvas => new Set(new Uint32Array({whole})).size"
    for _ in range(100):
        if tab.canvas("The picture").evaluate(count) > 50:
            return
        tab.page.wait_for_timeout(100)
    raise AssertionError("no picture came")


@pytest.mark.parametrize("name", GRIDS)
def test_in_head_each_tile_lights_the_planted_patch_over_the_photograph(tab: AttentionTab, name: str) -> None:
    for layer in range(LAYERS):
        tab.go("head", **{**OPAQUE, "tag": name, "layer": layer})
        picture_is_there(tab)
        tab.settle()
        for head in range(HEADS):
            pixels = tile(tab, layer, head)
            patch = looked_at(GRIDS[name], layer, head, 0)
            assert lit(pixels, FULL[tab.theme]) == place(pixels.shape, GRIDS[name], patch), (layer, head)
            assert len(np.unique(pixels.reshape(-1, 4), axis=0)) > 20  # the photograph lies below


@pytest.mark.parametrize("name", GRIDS)
def test_a_click_on_a_patch_makes_it_the_query_and_a_chip_too(tab: AttentionTab, name: str) -> None:
    tab.go("head", **{**OPAQUE, "tag": name, "layer": 0})
    large = tab.frame.get_by_role("application", name=re.compile("The picture, to choose a patch"))
    box = large.bounding_box()
    assert box is not None
    rows, cols = GRIDS[name]
    large.click(position={"x": box["width"] * 2.5 / cols, "y": box["height"] * 3.5 / rows})
    tab.hash_has(f"p.attn.query={1 + 3 * cols + 2}")
    expect(tab.frame.locator(".image-readout")).to_contain_text("patch row 3, column 2")
    tab.page.keyboard.press("ArrowRight")
    expect(tab.frame.locator(".image-readout")).to_contain_text("patch row 3, column 3")
    tab.button("CLS").click()
    tab.hash_has("p.attn.query=0")


@pytest.mark.parametrize("name", GRIDS)
def test_in_model_each_cell_lights_the_planted_patch(tab: AttentionTab, name: str) -> None:
    tab.go("model", **{**OPAQUE, "tag": name})
    expect(tab.frame.get_by_role("heading", name=re.compile("Where “CLS” looks"))).to_be_visible()
    tab.wait_loaded()
    tab.settle()
    rows, cols = GRIDS[name]
    pixels = tab.pixels(tab.canvas("Attention heads at step"))
    button = tab.frame.locator(".head-buttons button").first
    high, wide = (int(button.evaluate(f"button => button.offset{side}")) for side in ("Height", "Width"))
    side = min(wide, high)
    across = side // cols * cols
    down = round(across * rows / cols)
    for (layer, head), (top, left) in cells(tab).items():
        if head < 0:
            continue
        y, x = top + (side - down) // 2, left + (side - across) // 2
        found = lit(pixels[y : y + down, x : x + across], FULL[tab.theme])
        assert found == place((down, across), (rows, cols), looked_at((rows, cols), layer, head, 0)), (
            layer,
            head,
        )


@pytest.mark.parametrize("name", GRIDS)
def test_compare_colours_the_patch_that_was_left_and_the_one_that_was_won(
    tab: AttentionTab, name: str
) -> None:
    where = {**OPAQUE, "tag": name, "step": STEPS[1], "compare": "first", "layer": 1, "head": 2}
    tab.go("model", **where)
    canvas = tab.canvas("Gained and lost over the picture")
    expect(canvas).to_be_visible(timeout=20_000)
    tab.wait_loaded()
    tab.settle()
    pixels = tab.pixels(canvas)
    before, after = (looked_at(GRIDS[name], 1, 2, step) for step in STEPS)
    assert lit(pixels, LOST[tab.theme]) == place(pixels.shape, GRIDS[name], before)
    assert lit(pixels, GAINED[tab.theme]) == place(pixels.shape, GRIDS[name], after)


@pytest.mark.parametrize("name", GRIDS)
def test_an_exported_svg_holds_the_photograph_with_the_patch_lit(
    tab: AttentionTab, name: str, tmp_path: Path
) -> None:
    tab.go("head", **{**OPAQUE, "tag": name, "layer": 1})
    picture_is_there(tab)
    text = save(tab, "svg", tmp_path).read_text(encoding="utf-8")
    images = [
        np.asarray(Image.open(io.BytesIO(base64.b64decode(found))).convert("RGB"))
        for found in re.findall(r"data:image/png;base64,([^\"]+)", text)
    ]
    assert len(images) == 1 + HEADS + 1  # the photograph, the heads, their mean
    for head, pixels in enumerate(images[1:-1]):
        patch = looked_at(GRIDS[name], 1, head, 0)
        assert lit(pixels, FULL[tab.theme]) == place(pixels.shape, GRIDS[name], patch), head
        assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 20


def test_a_stand_alone_page_keeps_the_photograph(
    tab: AttentionTab, tmp_path: Path, offline: Callable[[Path], Page]
) -> None:
    tab.go("head", **{**OPAQUE, "tag": "wide", "layer": 1})
    page = offline(save(tab, "html", tmp_path))
    page.evaluate(WATCH)
    canvas = page.locator("canvas[role=img][aria-label='Map of 1.0']")
    expect(canvas).to_be_visible()
    page.wait_for_timeout(500)
    pixels = picture(canvas.evaluate("canvas => attnTest.pixels(canvas)"))
    assert lit(pixels, FULL["light"]) == place(pixels.shape, GRIDS["wide"], looked_at(GRIDS["wide"], 1, 0, 0))
    assert len(np.unique(pixels.reshape(-1, 4), axis=0)) > 20


def test_without_pixels_there_are_patches_alone_on_screen_and_in_every_export(
    tab: AttentionTab, tmp_path: Path, log: Path
) -> None:
    tab.go("head", **{**OPAQUE, "tag": "private", "layer": 0})
    expect(tab.frame.get_by_text("No picture was stored")).to_be_visible()
    pixels = tile(tab, 0, 1)
    assert lit(pixels, FULL[tab.theme]) == place(
        pixels.shape, GRIDS["wide"], looked_at(GRIDS["wide"], 0, 1, 0)
    )
    assert len(np.unique(pixels.reshape(-1, 4), axis=0)) == 2
    assert not (log / "seen" / "plugins" / "attn" / "private" / "pictures").exists()
    text = save(tab, "html", tmp_path).read_text(encoding="utf-8")
    page = re.search(r'id="attn-embedded">(.*?)</script>', text, re.DOTALL)
    assert page is not None
    assert [name for name in json.loads(page[1])["answers"] if name.startswith("picture")] == []
    svg = save(tab, "svg", tmp_path).read_text(encoding="utf-8")
    for found in re.findall(r"data:image/png;base64,([^\"]+)", svg):
        exported = np.asarray(Image.open(io.BytesIO(base64.b64decode(found))).convert("RGB"))
        assert (
            len(np.unique(exported.reshape(-1, 3), axis=0)) <= 2 + 1
        )  # a mean over heads has a second strength


def test_the_strip_has_a_frame_for_each_step_which_leads_there(tab: AttentionTab) -> None:
    tab.go("head", **{**OPAQUE, "tag": "square", "layer": 0})
    for step in STEPS:
        expect(tab.button(f"Step {step}, 1.00")).to_be_visible(timeout=10_000)
    tab.button(f"Step {STEPS[1]}, 1.00").click()
    tab.hash_has(f"p.attn.step={STEPS[1]}")


def test_a_planted_second_lights_up_over_its_very_time_and_its_tone_above_it(tab: AttentionTab) -> None:
    tab.go("head", run="seen", tag="sound", step=0, layer=1, map_scale="own")
    canvas = tab.canvas("Words over seconds")
    expect(tab.canvas("Spectrogram")).to_be_visible()
    tab.settle()
    pixels, tones = tab.pixels(canvas), tab.pixels(tab.canvas("Spectrogram"))
    words, width = range(1, len(WORDS)), pixels.shape[1]
    assert pixels.shape[0] == len(words)
    assert tones.shape[1] == width >= FRAMES
    frames = np.arange(width) * FRAMES // width
    ink = np.abs(tones[..., :3].astype(int) - tones[0, -1, :3]).sum(axis=(0, 2))
    for row, word in enumerate(words):
        is_heard = (heard(word).start <= frames) & (frames < heard(word).stop)
        is_lit = (np.abs(pixels[row, :, :3].astype(int) - FULL[tab.theme]) <= 1).all(axis=-1)
        assert np.array_equal(is_lit, is_heard), word
        silence = (heard(word).stop + 1 <= frames) & (frames < heard(word).stop + 4)
        assert ink[is_heard].min() > ink[silence].max(), word


def test_the_rollout_over_the_layers_is_the_readers(tab: AttentionTab, log: Path) -> None:
    tab.go("head", **{**OPAQUE, "tag": "square", "layer": 0})
    tab.frame.get_by_label("Rollout over the layers").select_option("Mean of the heads")
    rolled = tab.frame.get_by_role("button", name="Rollout over 2 layers, mean of the heads")
    found = AttentionReader(log).rollout("seen", "square", STEPS[0])
    share = found.over_picture(0).sum()
    expect(rolled).to_have_accessible_name(
        f"Rollout over 2 layers, mean of the heads, image {share:.2f}".replace(" 0.", " .")
    )
    pixels = tab.pixels(tab.canvas("Map of rollout"))
    for layer, head in np.ndindex(LAYERS, HEADS):
        row, column = looked_at(GRIDS["square"], layer, head, 0)
        assert found.over_picture(0)[row, column] > 0
        box = place(pixels.shape, GRIDS["square"], (row, column))
        assert not np.array_equal(pixels[box[0], box[2]], pixels[0, 0])
    tab.frame.get_by_label("Rollout over the layers").select_option("Off")
    expect(rolled).to_have_count(0)
