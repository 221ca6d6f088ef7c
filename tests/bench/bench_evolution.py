"""Logs of many steps → how soon the Evolution view is drawn, and how long its hover and redraws take.

Run ``python tests/bench/bench_evolution.py [--steps 500] [--repeats 7]``. "drawn" is from following a link to the
view in a TensorBoard page that is up, to the mark after the pixels are on screen. "hover" and "redraw" are from the
event to the second animation frame after it (at 60 frames a second never below 17 ms); "work" is the time in between
in which the page computes.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, Frame, Page, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "browser"))

from chromium import launch
from logs.tensorboard_server import TensorBoardServer

from tensorboard_plugin_attn import AttentionWriter

LENGTH = 16
SETTLE_MS = 1500
PERIOD_MS = 60  # between two movements of the pointer

WATCH = """() => {
  window.timed = { frames: [] };
  for (const type of ['pointermove', 'keydown'])
    addEventListener(type, () => {
      const start = performance.now();
      requestAnimationFrame(() => requestAnimationFrame(() => timed.frames.push(performance.now() - start)));
    }, { capture: true });
}"""
DRAWN_AT = (
    """performance.timeOrigin + performance.getEntriesByName('attn:drawn:evolution').at(-1).startTime"""
)


def write_log(directory: Path, shape: tuple[int, int], steps: int, *, metrics_only: bool) -> None:
    """Random patterns of so many layers and heads, with every metric and a tracked pair."""
    rng = np.random.default_rng(0)
    base, other = rng.normal(size=(2, *shape, LENGTH, LENGTH)).astype(np.float32) * 2
    tokens = [f"token{number % 11}" for number in range(LENGTH)]
    with AttentionWriter(directory / "run") as writer:
        for step in range(steps):
            weights = np.exp(base + other * min(1.0, max(0.0, (step - 100) / 50)))
            weights /= weights.sum(axis=-1, keepdims=True)
            writer.add_attention(
                "probe",
                weights,
                tokens,
                step,
                track={"3→1": (3, 1)},
                metrics_only=metrics_only and step % 100 != 0,
            )


@contextmanager
def page_of(browser: Browser, logdir: Path) -> Iterator[Page]:
    """A TensorBoard page that shows its own views."""
    with TensorBoardServer.start(logdir=logdir) as server:
        while not server.get("index").json:
            time.sleep(0.1)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(f"{server.url.rstrip('/')}/#timeseries")
        page.wait_for_timeout(SETTLE_MS)
        yield page
        page.close()


def navigate(page: Page, hash_text: str) -> tuple[Frame, float]:
    """Follow a link to the tab; the frame, and ms until the view was drawn."""
    start = page.evaluate("hash => { const now = Date.now(); location.hash = hash; return now }", hash_text)
    page.wait_for_selector("iframe", state="attached")
    frame = next(frame for frame in page.frames if "name=attn" in frame.url)
    frame.wait_for_function("performance.getEntriesByName('attn:drawn:evolution').length > 0", timeout=60_000)
    return frame, frame.evaluate(DRAWN_AT) - start


def times(frame: Frame) -> list[float]:
    """Event to second frame, of each event so far; forgets them."""
    found: list[float] = frame.evaluate("timed.frames.splice(0)")
    return found


def hover_times(page: Page, frame: Frame) -> list[float]:
    """The pointer goes through the cells."""
    box = frame.locator(".grid-content").bounding_box()
    assert box is not None
    times(frame)
    for number in range(40):
        page.mouse.move(box["x"] + 3 + number * 11.3, box["y"] + 30 + number * 5)
        page.wait_for_timeout(PERIOD_MS)
    page.mouse.move(2, 2)
    return times(frame)


def redraw_times(page: Page, frame: Frame) -> list[float]:
    """The slider goes back step by step: every cell is drawn anew."""
    frame.get_by_role("tab", name="Evolution").focus()
    times(frame)
    for _ in range(15):
        frame.get_by_role("slider", name="Step").press("ArrowLeft")
        page.wait_for_timeout(300)
    return times(frame)


def metric_times(page: Page, frame: Frame) -> list[float]:
    """Another metric is chosen: from the choice to the drawn mark."""
    found = []
    select = frame.get_by_role("combobox", name="Metric", exact=True)
    for name in (
        "entropy",
        "confidence",
        "first_token",
        "same_token",
        "induction",
        "mean_distance",
        "max_score",
    ):
        if select.locator(f"option[value={name}]").count() == 0:
            continue
        drawn = frame.evaluate("performance.getEntriesByName('attn:drawn:evolution').length")
        start = frame.evaluate("performance.now()")
        select.select_option(name)
        frame.wait_for_function(f"performance.getEntriesByName('attn:drawn:evolution').length > {drawn}")
        mark = "performance.getEntriesByName('attn:drawn:evolution').at(-1).startTime"
        found.append(frame.evaluate(mark) - start)
        page.wait_for_timeout(200)
    return found


def row(name: str, found: list[float], hold: str) -> str:
    """One line of the report."""
    ordered = sorted(found)
    p95 = ordered[int(0.95 * (len(ordered) - 1))]
    return f"  {name:<34} median {statistics.median(found):7.1f} ms, p95 {p95:7.1f} (hold {hold})"


def measure(browser: Browser, logdir: Path, repeats: int, *, holds: tuple[str, str, str]) -> None:
    """Print one log's figures."""
    drawn = []
    for _ in range(repeats):
        with page_of(browser, logdir) as page:
            frame, took = navigate(page, "attn&p.attn.view=evolution")
            drawn.append(took)
    print(row("drawn from following the link", drawn, holds[0]))
    with page_of(browser, logdir) as page:
        frame, _ = navigate(page, "attn&p.attn.view=evolution")
        page.wait_for_timeout(SETTLE_MS)
        frame.evaluate(WATCH)
        print(row("hover, to the second frame", hover_times(page, frame), holds[1]))
        print(row("redraw at another step", redraw_times(page, frame), holds[2]))
        print(row("redraw with another metric", metric_times(page, frame), holds[2]))


def main() -> None:
    """Write the logs, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--logs", type=Path, help="keep the logs here and use those that are there")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        browser = launch(playwright)
        for shape, holds in (((12, 12), ("1000", "50", "300")), ((40, 40), ("-", "50", "300"))):
            logdir = (options.logs or Path(name)) / f"{shape[0]}x{shape[1]}"
            if not logdir.exists():
                write_log(logdir, shape, options.steps, metrics_only=shape[0] > 12)
            print(f"{options.steps} steps x {shape[0]} x {shape[1]} heads, load {os.getloadavg()[0]:.1f}")
            measure(browser, logdir, options.repeats if shape[0] == 12 else 1, holds=holds)
        browser.close()


if __name__ == "__main__":
    main()
