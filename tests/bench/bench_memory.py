"""A log of 12 × 12 heads at T=128 with query and key in a real TensorBoard → memory of the page in every view.

Run ``python tests/bench/bench_memory.py [--repeats 3]``. Every view gets a new Chromium: 30 steps one by one, then 60
jumps, then rest. ``private`` is the memory footprint of Chromium's own task manager; ``resident`` adds the code that all
its processes share. The row to hold is private memory at its largest.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "browser"))

from attention_tab import tab_hash
from chromium import find_chromium
from logs.tensorboard_server import TensorBoardServer
from playwright.sync_api import sync_playwright
from uninspected import Memory, UninspectedChromium

from tensorboard_plugin_attn import AttentionRecord, AttentionWriter, LayerAttention

LAYERS, HEADS, LENGTH, SIZE, STEPS = 12, 12, 128, 64, 60
VIEWS = ("evolution", "model", "head", "neuron")

# To a step, then three frames later than the view's mark; Evolution draws another cursor and sets no mark.
TO_STEP = """async ([view, position]) => {
  const marks = () => performance.getEntriesByName(`attn:drawn:${view}`).length;
  const frame = () => new Promise(requestAnimationFrame);
  const slider = document.querySelector('input[aria-label=Step]');
  const before = marks();
  slider.value = position;
  slider.dispatchEvent(new Event('input', { bubbles: true }));
  for (let i = 0; i < 300 && marks() === before && view !== 'evolution'; i++) await frame();
  for (let i = 0; i < 3; i++) await frame();
}"""


def write_log(directory: Path) -> None:
    """Softmaxed noise; another one at every step."""
    rng = np.random.default_rng(0)
    tokens = [f"token{number}" for number in range(LENGTH)]
    with AttentionWriter(directory / "run", max_record_bytes=256 << 20) as writer:
        for step in range(STEPS):
            layers = []
            for _ in range(LAYERS):
                query, key = rng.normal(size=(2, HEADS, LENGTH, SIZE)).astype(np.float32)
                scores = query @ key.transpose(0, 2, 1) / SIZE**0.5
                weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
                weights /= weights.sum(axis=-1, keepdims=True)
                layers.append(LayerAttention(weights, query=query, key=key, scale=SIZE**-0.5))
            writer.add_record("probe", AttentionRecord(layers, tokens), step)


def measure(executable: str, url: str, view: str) -> tuple[list[Memory], Memory]:
    """After every step of a walk and of jumps; then at rest."""
    with UninspectedChromium(executable) as chromium:
        chromium.open(f"{url.rstrip('/')}/#{tab_hash({'view': view, 'run': 'run', 'tag': 'probe'})}")
        mark = f"performance.getEntriesByName('attn:drawn:{view}').length"
        chromium.wait_for(f"document.querySelector('iframe').contentWindow.{mark}")
        time.sleep(2)
        walk = range(STEPS - 2, STEPS - 32, -1)
        jumps = [each * 37 % STEPS for each in range(60)]
        sizes = []
        for position in [*walk, *jumps]:
            chromium.inside(TO_STEP, [view, position])
            sizes.append(chromium.memory())
        time.sleep(10)
        return sizes, chromium.memory()


def page_alone(executable: str, url: str, there: str) -> Memory:
    """A page that has been up for a moment."""
    with UninspectedChromium(executable) as chromium:
        chromium.open(url)
        chromium.wait_for(there)
        time.sleep(3)
        return chromium.memory()


def report(what: str, private: list[float], resident: list[float], hold: str) -> None:
    """One row."""
    print(
        f"{what:<44} private {statistics.median(private):6.0f} MiB, resident {statistics.median(resident):6.0f} MiB"
        f"  (hold {hold}; {len(private)} times, load {os.getloadavg()[0]:.1f})",
        flush=True,
    )


def main() -> None:
    """Write the log, walk through every view, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3)
    repeats = parser.parse_args().repeats
    with sync_playwright() as playwright:
        executable = find_chromium(playwright)
    print(f"{LAYERS} × {HEADS} heads, T={LENGTH}, {STEPS} steps, query and key of {SIZE}")
    with tempfile.TemporaryDirectory() as name:
        write_log(Path(name))
        with TensorBoardServer.start(logdir=name) as server:
            blank = page_alone(executable, "about:blank", "true")
            report("an empty page", [blank.private], [blank.resident], "–")
            alone = page_alone(executable, f"{server.url}#timeseries", "document.querySelector('.mdc-tab')")
            report("TensorBoard without the tab", [alone.private], [alone.resident], "–")
            for view in VIEWS:
                walked = [measure(executable, server.url, view) for _ in range(repeats)]
                most = [max(sizes, key=lambda each: each.private) for sizes, _ in walked]
                rest = [after for _, after in walked]
                hold = "private ≤ 300"
                report(f"{view}: at most", [m.private for m in most], [m.resident for m in most], hold)
                report(f"{view}: 10 s later", [m.private for m in rest], [m.resident for m in rest], hold)


if __name__ == "__main__":
    main()
