"""Maps over a picture, and of 80 × 64 heads, in a real TensorBoard → when they are there, and what the pointer costs.

Run ``python tests/bench/bench_maps.py [--moves 30] [--loads 5] [--only many]``. Movements of the pointer are in time of
the page's own thread on the processor (DevTools' TaskDuration in thread ticks: script, style, layout and painting),
which what else runs on the machine does not lengthen; all else is by the clock. "drawn" is from following a link in a
TensorBoard page that is up to the frame after the map holds what it holds at rest, every head in its colour; "whole
page" the same from the start of a navigation that loads TensorBoard itself. The lens follows real movements of the
pointer: frames of the page a second in 2 seconds of them, beside those of the same page left alone.
"""

from __future__ import annotations

import argparse
import itertools
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Browser, CDPSession, Locator, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "browser"))

from attention_tab import AttentionTab, picture, tab_hash
from bench_views import SCRUB
from chromium import launch
from logs.tensorboard_server import TensorBoardServer

from tensorboard_plugin_attn import AttentionRecord, AttentionWriter, LayerAttention
from tensorboard_plugin_attn.record.pictures import picture_media
from tensorboard_plugin_attn.record.spans import image_span, patch_names

PATCHES, LAYERS, HEADS, STEPS = 14, 12, 12, 16
MANY = (80, 64)
TEXT = 16
VIEWS = ("model", "evolution")
LENS_SECONDS = 2.0

# What the map held after each change, and when the frame after that came.
KEEP_MAPS = """(() => {
  const { putImageData } = CanvasRenderingContext2D.prototype;
  window.maps = [];
  CanvasRenderingContext2D.prototype.putImageData = function (...given) {
    putImageData.apply(this, given);
    const { canvas } = this;
    if (canvas.getAttribute('role') !== 'img' || canvas.closest('.grid-content') === null) return;
    const { data } = this.getImageData(0, 0, canvas.width, canvas.height);
    const kept = { data, canvas, at: NaN };
    maps.push(kept);
    requestAnimationFrame(() => kept.at = performance.timeOrigin + performance.now());
  };
})()"""
# The first of them that is the last to the pixel, with none that differs in between: its time, and the pixels.
LAST_MAP = """() => {
  const last = maps.at(-1);
  const isLast = ({ data }) => data.length === last.data.length && data.every((value, i) => value === last.data[i]);
  let first = maps.length - 1;
  while (first > 0 && isLast(maps[first - 1])) first--;
  const background = getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number);
  return { at: maps[first].at, pixels: attnTest.pixels(last.canvas), background };
}"""
COUNT_FRAMES = """() => {
  window.counted = { frames: -1, isOn: true, areas: new Set() };
  const started = performance.now();
  const count = () => {
    counted.frames++;
    counted.took = performance.now() - started;
    counted.areas.add(document.querySelector('.lens-frame').style.transform);
    if (counted.isOn) requestAnimationFrame(count);
  };
  requestAnimationFrame(count);
}"""


def softmax(scores: np.ndarray) -> np.ndarray:
    """Over the keys."""
    weights = np.exp(scores)
    return np.asarray(weights / weights.sum(axis=-1, keepdims=True))


def picture_record(rng: np.random.Generator, pixels: Image.Image) -> AttentionRecord:
    """12 × 12 heads over a photograph of 14 × 14 patches and a CLS token."""
    names = ["[CLS]", *patch_names(PATCHES, PATCHES)]
    shape = (HEADS, len(names), len(names))
    layers = [LayerAttention(softmax(rng.normal(size=shape).astype(np.float32) * 2)) for _ in range(LAYERS)]
    record = AttentionRecord(layers, names)
    media = picture_media(pixels)
    record.axes.pictures, record.axes.media = [media.entry()], {media.sha256: media}
    record.axes.geometry = {"tokens": [image_span(1, PATCHES, PATCHES, patch=(16, 16), picture=0)]}
    record.axes.special_names = {"tokens": {0: "cls"}}
    return record


def write_log(directory: Path) -> None:
    """A run over a picture, and one of very many heads."""
    rng = np.random.default_rng(0)
    pixels = Image.fromarray(rng.integers(0, 255, (28, 28, 3), np.uint8)).resize((448, 448))
    with AttentionWriter(directory / "run") as writer:
        for step in range(STEPS):
            writer.add_record("picture", picture_record(rng, pixels), step)
        base, other = rng.normal(size=(2, *MANY, TEXT, TEXT)).astype(np.float32) * 2
        for step in range(STEPS):
            tokens = [f"token{number % 11}" for number in range(TEXT)]
            writer.add_attention("many", softmax(base + other * min(1, max(0, (step - 4) / 3))), tokens, step)


class Work:
    """Processor time of the page's own thread between two questions."""

    def __init__(self, session: CDPSession) -> None:
        self.session = session
        session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def total(self) -> dict[str, float]:
        """Milliseconds so far, by kind."""
        metrics = {
            each["name"]: each["value"] for each in self.session.send("Performance.getMetrics")["metrics"]
        }
        return {
            name: 1000 * metrics[f"{name}Duration"] for name in ("Task", "Script", "Layout", "RecalcStyle")
        }

    def of(self, act: Callable[[], object]) -> dict[str, float]:
        """What an action costs until the page is at rest."""
        before = self.total()
        act()
        after = self.total()
        return {name: after[name] - before[name] for name in after}


def report(what: str, values: list[float], unit: str, hold: str) -> None:
    """One row."""
    ordered = sorted(values)
    p90 = ordered[int(0.9 * (len(ordered) - 1))]
    print(
        f"{what:<56} median {statistics.median(values):6.1f} {unit}, p90 {p90:6.1f}  "
        f"({len(values)} times, hold {hold}, load {os.getloadavg()[0]:.1f})",
        flush=True,
    )


def places(target: Locator, moves: int) -> Iterator[tuple[float, float]]:
    """Points across an element, each beyond the one before it."""
    box = target.bounding_box()
    assert box is not None
    for number in range(moves):
        part = (number + 0.5) / moves
        yield (
            box["x"] + box["width"] * part,
            box["y"] + box["height"] * ((0.3 + 0.381 * number) % 0.94 + 0.03),
        )


def measure_moves(tab: AttentionTab, work: Work, what: str, target: Locator, moves: int) -> None:
    """Pointer movements over an element."""
    found: list[dict[str, float]] = []
    for x, y in places(target, moves):

        def act(x: float = x, y: float = y) -> None:
            tab.page.mouse.move(x, y)
            tab.settle()
            tab.settle()

        found.append(work.of(act))
    idle = statistics.median(work.of(lambda: (tab.settle(), tab.settle()))["Task"] for _ in range(5))
    report(what, [each["Task"] - idle for each in found], "ms", "≤ 11")
    parts = {name: statistics.median(each[name] for each in found) for name in found[0]}
    print("    " + ", ".join(f"{name} {value:.1f}" for name, value in parts.items()) + f"; idle {idle:.1f}")


def until_rest(tab: AttentionTab) -> None:
    """Wait until what is wanted in advance has been fetched."""
    tab.page.wait_for_load_state("networkidle")
    tab.page.wait_for_timeout(1500)


# From the event to the first frame in which the chosen maps are on the canvas.
PICK = """async at => {
  const frame = () => new Promise(requestAnimationFrame);
  const chip = document.querySelector('.patch-grid');
  const { left, top, width, height } = chip.getBoundingClientRect();
  const marks = () => performance.getEntriesByName('attn:drawn:model').length;
  const [column, row] = [at % 14, Math.floor(at / 14)];
  const where = { clientX: left + (column + .5) * width / 14, clientY: top + (row + .5) * height / 14, bubbles: true };
  const canvas = document.querySelector('.grid-content canvas');
  const context = canvas.getContext('2d');
  const put = context.putImageData.bind(context);
  let drawn = 0;
  context.putImageData = (...all) => { put(...all); drawn = performance.now(); };
  const started = performance.now();
  chip.dispatchEvent(new MouseEvent('click', where));
  for (let i = 0; i < 30; i++) await frame();
  delete context.putImageData;
  return drawn - started;
}"""


def measure_scrubbing(tab: AttentionTab, view: str, where: dict[str, object]) -> None:
    """Steps that were fetched in advance."""
    rates = []
    for _ in range(3):
        tab.go(view, **where, step=STEPS - 1)
        until_rest(tab)
        rates.append(tab.inside().evaluate(SCRUB, [view, 15]))
    report(f"{view}, image: scrubbing", rates, "fps", "≥ 30")


def measure_picture(tab: AttentionTab, work: Work, moves: int) -> None:
    """Every view of heads that attend within a picture."""
    where = {"run": "run", "tag": "picture", "layer": 0, "head": 0}
    tab.go("head", **where)
    until_rest(tab)
    measure_moves(
        tab,
        work,
        "head, image: choosing a patch, 12 heads",
        tab.frame.locator(".image-large .patch-grid"),
        moves,
    )
    tile = tab.frame.locator(".map-tile-picture").first
    measure_moves(tab, work, "head, image: reading a tile, 12 heads", tile, moves)
    measure_scrubbing(tab, "head", where)
    tab.go("model", **where)
    until_rest(tab)
    grid = tab.frame.locator(".grid-content")
    measure_moves(tab, work, "model, image: over the grid", grid, moves)
    patches = [3 + 13 * each % 196 for each in range(8)]
    first = [tab.inside().evaluate(PICK, at) for at in patches]
    report("model, image: 144 maps of a patch, asked for", first, "ms", "-")
    again = [tab.inside().evaluate(PICK, at) for at in patches]
    report("model, image: the same, kept", again, "ms", "≤ 60")
    measure_scrubbing(tab, "model", where)


def count_heads(pixels: NDArray[np.uint8], background: list[int]) -> int:
    """Cells of a map ``[row, column, rgba]`` in another colour than the page's, which parts rows and columns."""
    is_drawn = (pixels[..., :3] != background).any(axis=-1)
    rows, columns = (starts(is_drawn.any(axis=axis)) for axis in (1, 0))
    return int(is_drawn[np.ix_(rows, columns)].sum())


def starts(mask: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Where each run of true values begins."""
    return np.flatnonzero(mask & ~np.concatenate([[False], mask[:-1]]))


def time_to_draw(browser: Browser, url: str, view: str, *, is_up: bool) -> float:
    """Milliseconds until the map of a view is whole, in a new page with an empty cache."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.add_init_script(KEEP_MAPS)
    tab = AttentionTab(page)
    link = tab_hash({"view": view, "run": "run", "tag": "many"})
    if is_up:
        page.goto(f"{url}#timeseries")
        page.locator(".mdc-tab", has_text="Attention").wait_for()
        until_rest(tab)
        begin = "hash => { location.hash = hash; return performance.timeOrigin + performance.now() }"
        started = page.evaluate(begin, link)
    else:
        page.goto(f"{url}#{link}")
        started = page.evaluate("performance.timeOrigin")
    page.wait_for_selector("iframe", state="attached", timeout=30_000)
    tab.wait_drawn(view)
    until_rest(tab)
    found = tab.inside().evaluate(LAST_MAP)
    heads = count_heads(picture(found["pixels"]), found["background"])
    if heads != MANY[0] * MANY[1]:
        raise SystemExit(f"{view}: {heads} heads are drawn")
    tab.close()
    return float(found["at"] - started)


def frames_per_second(tab: AttentionTab, target: Locator, *, is_moving: bool) -> float:
    """Of the page, while the pointer goes over a map or rests beside it."""
    tab.page.mouse.move(2, 2)
    inside = tab.inside()
    inside.evaluate(COUNT_FRAMES)
    until = time.monotonic() + LENS_SECONDS
    if is_moving:
        points = itertools.cycle(list(places(target, 100)))
        while time.monotonic() < until:
            tab.page.mouse.move(*next(points))
    else:
        tab.page.wait_for_timeout(1000 * LENS_SECONDS)
    frames, took, areas = inside.evaluate(
        "(counted.isOn = false, [counted.frames, counted.took, counted.areas.size])"
    )
    if is_moving and areas < 10 * LENS_SECONDS:
        raise SystemExit(f"the lens was at {areas} places")
    return float(1000 * frames / took)


def measure_lens(tab: AttentionTab, view: str, target: Locator, times: int) -> None:
    """The lens, each time beside the page left alone."""
    found: dict[bool, list[float]] = {False: [], True: []}
    for _ in range(times):
        for is_moving, rates in found.items():
            rates.append(frames_per_second(tab, target, is_moving=is_moving))
    idle = statistics.median(found[False])
    report(f"{view}: 80 × 64 heads, page left alone", found[False], "fps", "-")
    report(f"{view}: 80 × 64 heads, lens follows the pointer", found[True], "fps", f"{idle:.1f}")


def measure_many(tab: AttentionTab, work: Work, moves: int, loads: int) -> None:
    """Both maps of very many heads."""
    for view in VIEWS:
        tab.go(view, run="run", tag="many")
        until_rest(tab)
        target = tab.frame.locator(".grid-content")
        measure_moves(tab, work, f"{view}: over 80 × 64 heads", target, moves)
        measure_lens(tab, view, target, loads)


def measure_loads(browser: Browser, url: str, loads: int) -> None:
    """Both maps in new pages, of a TensorBoard that has read its log."""
    for view in VIEWS:
        for what, is_up, hold in (("drawn", True, "≤ 1000"), ("whole page", False, "-")):
            time_to_draw(browser, url, view, is_up=is_up)
            taken = [time_to_draw(browser, url, view, is_up=is_up) for _ in range(loads)]
            report(f"{view}: 80 × 64 heads, {what}", taken, "ms", hold)


def main() -> None:
    """Write the log, open the tab, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--moves", type=int, default=30)
    parser.add_argument(
        "--loads", type=int, default=5, help="pages opened of each map, and how often the lens is moved"
    )
    parser.add_argument("--only", choices=["picture", "many"], help="one of the two parts")
    parser.add_argument("--log", type=Path, help="keep the log here and use the one that is there")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        log = options.log or Path(name)
        if not (log / "run").exists():
            write_log(log)
        browser = launch(playwright)
        with TensorBoardServer.start(logdir=log) as server:
            tab = AttentionTab.open(browser, server.url, view="model", run="run", tag="picture")
            tab.wait_drawn("model")
            work = Work(tab.page.context.new_cdp_session(tab.page))
            if options.only != "many":
                measure_picture(tab, work, options.moves)
            if options.only != "picture":
                measure_many(tab, work, options.moves, options.loads)
            tab.close()
            if options.only != "picture":
                measure_loads(browser, server.url, options.loads)
        browser.close()


if __name__ == "__main__":
    main()
