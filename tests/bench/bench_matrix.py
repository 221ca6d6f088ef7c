"""Heads of 4096 tokens in a real TensorBoard → how fast the matrix opens, zooms and follows the pointer.

Run ``python tests/bench/bench_matrix.py [--repeats 7] [--length 4096]``. All times are of a headless Chromium without
a GPU. "open" is from choosing the other of two heads, whose bytes are not there yet, to the mark after its pixels;
"zoom" and "hover" are from the event to the second frame after it, less the two frames that an idle page takes,
which are printed beside them.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "browser"))

from attention_tab import AttentionTab
from chromium import launch
from logs.tensorboard_server import TensorBoardServer
from playwright.sync_api import sync_playwright

from tensorboard_plugin_attn import AttentionRecord, AttentionWriter, LayerAttention

WHERE = {"run": "run", "tag": "long", "view": "head", "mode": "matrix"}

# Milliseconds from choosing a head to the view's next mark.
OPEN = """async head => {
  const marks = () => performance.getEntriesByName('attn:drawn:head');
  const frame = () => new Promise(requestAnimationFrame);
  const before = marks().length;
  const select = document.querySelector('select[aria-label=Head]');
  const started = performance.now();
  select.selectedIndex = head;
  select.dispatchEvent(new Event('change', { bubbles: true }));
  while (marks().length === before) await frame();
  return marks().at(-1).startTime - started;
}"""

# Each event's work on the main thread, and the time to the second frame after it.
EVENTS = """async ([kind, count]) => {
  const target = document.querySelector('[role=application]');
  const { left, top, width, height } = target.getBoundingClientRect();
  const frames = async () => { for (let i = 0; i < 2; i++) await new Promise(requestAnimationFrame); };
  const taken = [];
  for (let i = 0; i < count; i++) {
    const at = { clientX: left + width * (0.2 + 0.6 * i / count), clientY: top + height * 0.6, bubbles: true };
    await frames();
    const started = performance.now();
    if (kind === 'zoom') target.dispatchEvent(
      new WheelEvent('wheel', { ...at, cancelable: true, deltaY: i < count / 2 ? -120 : 120 }));
    if (kind === 'hover') target.dispatchEvent(new PointerEvent('pointermove', at));
    await frames();
    taken.push(performance.now() - started);
  }
  return taken;
}"""


def write_log(directory: Path, length: int, heads: int) -> None:
    """Causal heads with local decay and a sink."""
    rng = np.random.default_rng(0)
    distance = np.arange(length)[:, None] - np.arange(length)
    weights = np.empty((heads, length, length), np.float32)
    for head in range(heads):
        scores = rng.normal(size=(length, length)).astype(np.float32) - distance / 64
        scores[:, 0] += 4
        scores[distance < 0] = -np.inf
        weights[head] = np.exp(scores - scores.max(axis=-1, keepdims=True))
        weights[head] /= weights[head].sum(axis=-1, keepdims=True)
    record = AttentionRecord([LayerAttention(weights, mask="causal")], [f"token{at}" for at in range(length)])
    with AttentionWriter(directory / "run", max_record_bytes=1 << 30, max_queue_bytes=1 << 30) as writer:
        writer.add_record("long", record, 0)


def percentile(values: list[float], share: float) -> float:
    """The value that this share of the values does not exceed."""
    return float(np.quantile(values, share))


def report(tab: AttentionTab, length: int, heads: int) -> None:
    """Measure and print the row."""
    inside = tab.inside()
    opened = [inside.evaluate(OPEN, head) for head in range(1, heads)]
    idle = inside.evaluate(EVENTS, ["nothing", 40])
    zoom = inside.evaluate(EVENTS, ["zoom", 60])
    hover = inside.evaluate(EVENTS, ["hover", 60])
    floor = statistics.median(idle)
    print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores, T={length}, {heads - 1} heads opened")
    print(f"open    median {statistics.median(opened):6.0f} ms, worst {max(opened):.0f}   (hold 700)")
    for name, values, hold in (("zoom", zoom, "hold 25"), ("hover", hover, "no figure to hold")):
        work = [max(0.0, value - floor) for value in values]
        print(
            f"{name:7} p95    {percentile(work, 0.95):6.1f} ms over the idle {floor:.1f}, "
            f"median {statistics.median(work):.1f}   ({hold})"
        )


def main() -> None:
    """Write a log, open the tab, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--length", type=int, default=4096)
    options = parser.parse_args()
    heads = options.repeats + 1
    with tempfile.TemporaryDirectory() as directory, sync_playwright() as playwright:
        write_log(Path(directory), options.length, heads)
        with TensorBoardServer.start(logdir=directory) as server:
            browser = launch(playwright)
            tab = AttentionTab.open(browser, server.url, width=1280, **WHERE)
            tab.wait_drawn("head", timeout=60_000)
            report(tab, options.length, heads)
            tab.close()
            browser.close()


if __name__ == "__main__":
    main()
