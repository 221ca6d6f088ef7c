"""A log of pictures and one of 80 × 64 heads in a real TensorBoard → how much the page computes per movement of the pointer.

Run ``python tests/bench/bench_hover.py [--moves 30] [--only many]``. "work" is the time of the page's own thread on the processor
(DevTools' TaskDuration in thread ticks: script, style, layout and painting), which what else runs on the machine does
not lengthen; a redraw and scrubbing are by the clock.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import CDPSession, Locator, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "browser"))

from attention_tab import AttentionTab
from bench_views import SCRUB
from chromium import launch
from logs.tensorboard_server import TensorBoardServer

from tensorboard_plugin_attn import AttentionRecord, AttentionWriter, LayerAttention
from tensorboard_plugin_attn.record.pictures import picture_media
from tensorboard_plugin_attn.record.spans import image_span, patch_names

PATCHES, LAYERS, HEADS, STEPS = 14, 12, 12, 16
MANY = (80, 64)
TEXT = 16


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


def measure_many(tab: AttentionTab, work: Work, moves: int) -> None:
    """Both maps of very many heads."""
    for view in ("model", "evolution"):
        tab.go(view, run="run", tag="many")
        until_rest(tab)
        measure_moves(tab, work, f"{view}: over 80 × 64 heads", tab.frame.locator(".grid-content"), moves)


def main() -> None:
    """Write the log, open the tab, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--moves", type=int, default=30)
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
            for part, measure in {"picture": measure_picture, "many": measure_many}.items():
                if options.only in (None, part):
                    measure(tab, work, options.moves)
            tab.close()
        browser.close()


if __name__ == "__main__":
    main()
