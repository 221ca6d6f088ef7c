"""A log of 12 × 12 heads at T=128 in a real TensorBoard → how fast Model and Head draw.

Run ``python tests/bench/bench_views.py [--repeats 7]``. All times are of a headless Chromium without a GPU; marks
are set when a selection's pixels are on screen. Prints medians beside the numbers to hold.
"""

from __future__ import annotations

import argparse
import gzip
import os
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "browser"))

from attention_tab import AttentionTab, tab_hash
from chromium import launch
from logs.tensorboard_server import TensorBoardServer
from playwright.sync_api import Browser, Playwright, sync_playwright

import tensorboard_plugin_attn
from tensorboard_plugin_attn import AttentionWriter

LAYERS, HEADS, LENGTH, STEPS = 12, 12, 128, 60
WHERE = {"run": "run", "tag": "probe"}

# Milliseconds from an action to the view's next mark; with a share, that much of a frame after one began.
UNTIL_DRAWN = """async ([view, kind, value, share]) => {
  const marks = () => performance.getEntriesByName(`attn:drawn:${view}`);
  const frame = () => new Promise(requestAnimationFrame);
  if (share !== undefined) {
    await frame();
    await new Promise(done => setTimeout(done, 16.7 * share));
  }
  const before = marks().length;
  const started = performance.now();
  const element = document.querySelector(kind === 'step' ? 'input[aria-label=Step]' : 'select[aria-label=Layer]');
  if (kind === 'step') element.value = value; else element.selectedIndex = value;
  element.dispatchEvent(new Event(kind === 'step' ? 'input' : 'change', { bubbles: true }));
  while (marks().length === before) await frame();
  const taken = marks().at(-1).startTime - started;
  for (let i = 0; i < 3; i++) await frame();
  return taken;
}"""

# One step a frame, back and forth → drawn selections a second.
SCRUB = """async ([view, count]) => {
  const slider = document.querySelector('input[aria-label=Step]');
  const frame = () => new Promise(requestAnimationFrame);
  performance.clearMarks();
  let position = Number(slider.value), way = -1;
  for (let i = 0; i < count; i++) {
    if (position + way < 0 || position + way > Number(slider.max)) way = -way;
    slider.value = position += way;
    slider.dispatchEvent(new Event('input', { bubbles: true }));
    await frame();
  }
  for (let i = 0; i < 20; i++) await frame();
  const drawn = performance.getEntriesByName(`attn:drawn:${view}`);
  return (drawn.length - 1) / (drawn.at(-1).startTime - drawn[0].startTime) * 1000;
}"""

# From the pointer's move over a token to the second frame after it.
HOVER = """async row => {
  const list = document.querySelector('[role=listbox][aria-label="Query tokens"]');
  const { left, top } = list.getBoundingClientRect();
  const started = performance.now();
  const at = { clientX: left + 40, clientY: top + 32 * row + 16, bubbles: true };
  list.dispatchEvent(new PointerEvent('pointermove', at));
  for (let i = 0; i < 2; i++) await new Promise(requestAnimationFrame);
  return performance.now() - started;
}"""


def write_log(directory: Path) -> None:
    """Rows of softmaxed noise, every second layer causal."""
    rng = np.random.default_rng(0)
    tokens = [f"token{number}" for number in range(LENGTH)]
    with AttentionWriter(directory / "run") as writer:
        for step in range(STEPS):
            scores = rng.normal(size=(LAYERS, HEADS, LENGTH, LENGTH)).astype(np.float32) * 2
            scores[::2] += np.triu(np.full((LENGTH, LENGTH), -np.inf, np.float32), 1)
            weights = np.exp(scores)
            writer.add_attention("probe", weights / weights.sum(axis=-1, keepdims=True), tokens, step)


def report(what: str, values: list[float], unit: str, hold: str) -> None:
    """One row: the median, the range, and the number to hold."""
    low, high = min(values), max(values)
    print(
        f"{what:<48} {statistics.median(values):8.1f} {unit:<5} (hold {hold}; {low:.1f} to {high:.1f}, "
        f"{len(values)} times, load {os.getloadavg()[0]:.1f})",
        flush=True,
    )


@contextmanager
def opened(playwright: Playwright) -> Iterator[Browser]:
    """A browser of its own, so that its renderer is new."""
    browser = launch(playwright)
    yield browser
    browser.close()


def time_to_open(browser: Browser, url: str, view: str, **state: object) -> float:
    """Milliseconds from navigating to the view, TensorBoard's own page being up, to its first mark."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    tab = AttentionTab(page)
    page.goto(f"{url}#timeseries")
    page.locator(".mdc-tab", has_text="Attention").wait_for()
    page.wait_for_load_state("networkidle")
    link = tab_hash({"view": view, **WHERE, **state})
    started = page.evaluate(
        "hash => { location.hash = hash; return performance.timeOrigin + performance.now() }", link
    )
    page.wait_for_selector("iframe", state="attached")
    tab.wait_drawn(view)
    drawn = tab.inside().evaluate(
        "view => performance.timeOrigin + performance.getEntriesByName(`attn:drawn:${view}`)[0].startTime",
        view,
    )
    tab.close()
    return float(drawn - started)


def until_rest(tab: AttentionTab) -> None:
    """Wait until what is wanted in advance has been fetched."""
    tab.page.wait_for_load_state("networkidle")
    tab.page.wait_for_timeout(1500)


def measure_model(tab: AttentionTab, repeats: int) -> None:
    """Step changes from the cache and without it, scrubbing."""
    last = STEPS - 1
    tab.go("model", **WHERE, step=last)
    until_rest(tab)
    inside = tab.inside()
    near = [inside.evaluate(UNTIL_DRAWN, ["model", "step", last - 1 - each]) for each in range(repeats)]
    report("model: step change, fetched in advance", near, "ms", "≤ 100")
    jumps = [each * 37 % STEPS for each in range(1, repeats + 1)]
    far = [inside.evaluate(UNTIL_DRAWN, ["model", "step", position]) for position in jumps]
    report("model: step change, a jump", far, "ms", "–")
    rates = []
    for _ in range(repeats):
        tab.go("model", **WHERE, step=last)
        until_rest(tab)
        rates.append(inside.evaluate(SCRUB, ["model", 15]))
    report("model: scrubbing", rates, "fps", "≥ 30")


def measure_head(tab: AttentionTab, repeats: int) -> None:
    """Layer switches and hovering."""
    tab.go("head", **WHERE, layer=0, mode="lines")
    until_rest(tab)
    inside = tab.inside()
    switches = [inside.evaluate(UNTIL_DRAWN, ["head", "layer", 1 + each % 11]) for each in range(repeats)]
    report("head: layer switch", switches, "ms", "≤ 350")
    hovers = [inside.evaluate(HOVER, row) for row in range(1, 1 + max(repeats, 9))]
    report("head: hover to the second frame", hovers, "ms", "≤ 50")


def report_bundle() -> None:
    """Size of the built module, compressed."""
    static = Path(tensorboard_plugin_attn.__file__).parent / "static"
    for script in sorted(static.glob("*.js")):  # the first picture needs the first alone
        hold = "; hold ≤ 150" if script.name == "index.js" else ""
        size = len(gzip.compress(script.read_bytes())) / 1000
        print(f"{script.name:<48} {size:8.1f} KB    (gzip{hold})")


def main() -> None:
    """Write the log, open the tab, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--repeats", type=int, default=7)
    repeats = parser.parse_args().repeats
    print(f"{LAYERS} × {HEADS} heads, T={LENGTH}, {STEPS} steps; medians on {os.cpu_count()} cores")
    report_bundle()
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        write_log(Path(name))
        with TensorBoardServer.start(logdir=name) as server:
            views: dict[str, tuple[str, Callable[..., Any]]] = {
                "model": ("≤ 1500", measure_model),
                "head": ("≤ 1500", measure_head),
            }
            for view, (hold, measure) in views.items():
                with opened(playwright) as browser:
                    opens = [time_to_open(browser, server.url, view) for _ in range(repeats)]
                    report(f"{view}: from TensorBoard's page to drawn", opens, "ms", hold)
                    tab = AttentionTab.open(browser, server.url, width=1280, view="model", **WHERE)
                    tab.wait_drawn("model")
                    measure(tab, repeats)
                    tab.close()


if __name__ == "__main__":
    main()
