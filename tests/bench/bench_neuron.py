"""A layer of 12 heads with query and key at T=128 in a real TensorBoard → how fast the Neuron view draws.

Run ``python tests/bench/bench_neuron.py [--repeats 11] [--length 128]``. All times are of a headless Chromium without
a GPU; marks are set when a selection's pixels are on screen. Prints medians beside the numbers to hold.
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

from attention_tab import AttentionTab, tab_hash
from chromium import launch
from logs.tensorboard_server import TensorBoardServer
from playwright.sync_api import Browser, sync_playwright

from tensorboard_plugin_attn import AttentionRecord, AttentionWriter, LayerAttention

LAYERS, HEADS, SIZE = 2, 12, 64
WHERE = {"run": "run", "tag": "probe"}

# Milliseconds from an action to the view's next mark. Each head is new to the browser.
SWITCH = """async head => {
  const marks = () => performance.getEntriesByName('attn:drawn:neuron');
  const frame = () => new Promise(requestAnimationFrame);
  const before = marks().length;
  const select = document.querySelector('select[aria-label=Head]');
  const started = performance.now();
  select.selectedIndex = head;
  select.dispatchEvent(new Event('change', { bubbles: true }));
  while (marks().length === before) await frame();
  const taken = marks().at(-1).startTime - started;
  for (let i = 0; i < 3; i++) await frame();
  return taken;
}"""

EXPAND = """async () => {
  const marks = () => performance.getEntriesByName('attn:drawn:neuron');
  const frame = () => new Promise(requestAnimationFrame);
  const press = async name => {
    const before = marks().length;
    const started = performance.now();
    [...document.querySelectorAll('button')].find(button => button.textContent === name).click();
    while (marks().length === before) await frame();
    return marks().at(-1).startTime - started;
  };
  await press('Collapsed');
  for (let i = 0; i < 5; i++) await frame();
  const taken = await press('Expanded');
  for (let i = 0; i < 5; i++) await frame();
  return taken;
}"""

# From the pointer's move to the second frame after it.
HOVER = """async ([selector, x, y]) => {
  const target = document.querySelector(selector);
  const { left } = target.getBoundingClientRect();
  const { top } = document.querySelector('.neuron-picture').getBoundingClientRect();
  const started = performance.now();
  target.dispatchEvent(new PointerEvent('pointermove', { clientX: left + x, clientY: top + y, bubbles: true }));
  for (let i = 0; i < 2; i++) await new Promise(requestAnimationFrame);
  return performance.now() - started;
}"""
QUERY_TOKENS = '[role=listbox][aria-label="Query tokens"]'


def write_log(directory: Path, length: int) -> None:
    """Causal layers whose weights are made of random query and key."""
    rng = np.random.default_rng(0)
    layers = []
    for _ in range(LAYERS):
        query, key = rng.normal(size=(2, HEADS, length, SIZE)).astype(np.float32) * 1.5
        scores = query @ key.transpose(0, 2, 1) * SIZE**-0.5 + np.triu(np.full((length, length), -np.inf), 1)
        weights = np.exp(scores - scores.max(-1, keepdims=True))
        weights /= weights.sum(-1, keepdims=True)
        layers.append(LayerAttention(weights.astype(np.float32), query=query, key=key, scale=SIZE**-0.5))
    with AttentionWriter(directory / "run", max_record_bytes=2**30) as writer:
        writer.add_record("probe", AttentionRecord(layers, [f"token{number}" for number in range(length)]), 0)


def report(what: str, values: list[float], hold: str) -> None:
    """One row: the median, the range, and the number to hold."""
    print(
        f"{what:<44} {statistics.median(values):7.1f} ms   (hold {hold}; {min(values):.1f} to {max(values):.1f}, "
        f"{len(values)} times, load {os.getloadavg()[0]:.1f})",
        flush=True,
    )


def time_to_open(browser: Browser, url: str) -> float:
    """Milliseconds from navigating to the view, TensorBoard's own page being up, to its first mark."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    tab = AttentionTab(page)
    page.goto(f"{url}#timeseries")
    page.locator(".mdc-tab", has_text="Attention").wait_for()
    page.wait_for_load_state("networkidle")
    link = tab_hash({"view": "neuron", **WHERE})
    started = page.evaluate(
        "hash => { location.hash = hash; return performance.timeOrigin + performance.now() }", link
    )
    page.wait_for_selector("iframe", state="attached")
    tab.wait_drawn("neuron")
    drawn = tab.inside().evaluate(
        "performance.timeOrigin + performance.getEntriesByName('attn:drawn:neuron')[0].startTime"
    )
    tab.close()
    return float(drawn - started)


def measure(tab: AttentionTab, repeats: int) -> None:
    """Head switches, expanding, hovering a query token and a dimension."""
    tab.wait_drawn("neuron")
    tab.page.wait_for_load_state("networkidle")
    inside = tab.inside()
    switches = [inside.evaluate(SWITCH, 1 + each) for each in range(min(repeats, HEADS - 1))]
    report("neuron: head switch, not fetched before", switches, "≤ 150; BertViz 7454")
    report("neuron: expand", [inside.evaluate(EXPAND) for _ in range(repeats)], "–; BertViz 1236")
    rows = [inside.evaluate(HOVER, [QUERY_TOKENS, 30, 12 + 24 * (each % 8)]) for each in range(repeats)]
    report("neuron: hover a query, to the second frame", rows, "≤ 50; BertViz 419")
    places = [inside.evaluate(HOVER, [".dimension-pointer", 4 + 6 * each, 60]) for each in range(repeats)]
    report("neuron: hover a dimension, to the second frame", places, "≤ 50; BertViz –")


def main() -> None:
    """Write the log, open the tab, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--repeats", type=int, default=11)
    parser.add_argument("--length", type=int, default=128)
    arguments = parser.parse_args()
    print(f"{HEADS} heads of {SIZE} dimensions, T={arguments.length}; medians on {os.cpu_count()} cores")
    print("BertViz draws all rows, this view those in sight.")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        write_log(Path(folder), arguments.length)
        browser = launch(playwright)
        with TensorBoardServer.start(logdir=folder) as server:
            opened = [time_to_open(browser, server.url) for _ in range(min(7, arguments.repeats))]
            report("neuron: from navigating to drawn", opened, "–; BertViz 10300")
            tab = AttentionTab.open(browser, server.url, width=1280, view="neuron", **WHERE)
            measure(tab, arguments.repeats)
            tab.close()
        browser.close()


if __name__ == "__main__":
    main()
