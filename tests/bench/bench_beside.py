"""This checkout and an older one, both with a log of their own writing → how fast the same actions are in both tabs.

Run ``python tests/bench/bench_beside.py --old DIR [--rounds 5]``; DIR holds a checkout of the older commit with its
bundle built. Both servers and both browsers run at once; every round asks one and then the other, so that load
falls on both alike. Prints medians and their ratio, and the ratio of the best of each, which load disturbs least.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "browser"))

from attention_tab import AttentionTab
from bench_views import HOVER, SCRUB, STEPS, UNTIL_DRAWN, WHERE, time_to_open
from chromium import launch
from logs.tensorboard_server import TensorBoardServer
from playwright.sync_api import Browser, Playwright, sync_playwright
from renderer_memory import renderers

HERE = Path(__file__).resolve().parents[2]
# A text of 128 tokens opens as a matrix now, and draws more lines: both tabs are asked for the same picture.
LINES = {"mode": "lines", "threshold": 0.02}
REST_MS = 2500
# A single step, layer or token takes from 50 to 100 ms by chance: some of each a round, the tab at rest in between.
REPEATS = 5
SHORT_REST_MS = 700
WRITE = "import sys; from pathlib import Path; import bench_views; bench_views.write_log(Path(sys.argv[1]))"

# The script's and the layout's work of pointer moves over the cells of a grid, in milliseconds a move.
MOVE_OVER = """async count => {
  const canvas = document.querySelector('canvas[role=img]');
  const { left, top, width, height } = canvas.getBoundingClientRect();
  const spent = [];
  for (let i = 0; i < count; i++) {
    const at = { clientX: left + width * ((.31 + .381 * i) % .9 + .05), clientY: top + height * ((.7 + .27 * i) % .9 + .05) };
    const target = document.elementFromPoint(at.clientX, at.clientY) ?? canvas;
    const started = performance.now();
    target.dispatchEvent(new PointerEvent('pointermove', { ...at, bubbles: true }));
    await new Promise(requestAnimationFrame);
    await new Promise(done => { const port = new MessageChannel(); port.port1.onmessage = done; port.port2.postMessage(0) });
    spent.push(performance.now() - started);
    await new Promise(requestAnimationFrame);
  }
  return spent.sort((a, b) => a - b)[Math.floor(count / 2)];
}"""


@dataclass
class Side:
    """One commit's server, browser and open tab, and what was measured there."""

    name: str
    url: str
    browser: Browser
    tab: AttentionTab
    found: dict[str, list[float]] = field(default_factory=dict)

    def note(self, what: str, value: float) -> None:
        """Keep one number."""
        self.found.setdefault(what, []).append(value)


@contextmanager
def opened(name: str, checkout: Path, playwright: Playwright, log: Path) -> Iterator[Side]:
    """A log by the commit's own writer, its TensorBoard, and a tab."""
    environment = {"PYTHONPATH": str(checkout)}
    paths = os.pathsep.join([str(checkout), str(Path(__file__).parent)])
    subprocess.run(
        [sys.executable, "-c", WRITE, str(log)], check=True, env={**os.environ, "PYTHONPATH": paths}
    )
    with TensorBoardServer.start(logdir=log, environment=environment) as server:
        browser = launch(playwright)
        tab = AttentionTab.open(browser, server.url, width=1280, view="model", **WHERE)
        tab.wait_drawn("model")
        yield Side(name, server.url, browser, tab)
        browser.close()


def measure(side: Side, number: int) -> None:
    """Every action once."""
    for view in ("evolution", "model"):
        side.note(f"{view}: from TensorBoard's page to drawn, ms", time_to_open(side.browser, side.url, view))
    opened_head = time_to_open(side.browser, side.url, "head", **LINES)
    side.note("head: from TensorBoard's page to drawn, ms", opened_head)
    tab, last = side.tab, STEPS - 1
    inside = tab.inside()
    for view in ("model", "head"):
        tab.go(view, **WHERE, **LINES, step=last, layer=0)
        tab.page.wait_for_timeout(REST_MS)
        for repeat in range(REPEATS):
            near = last - 1 - repeat
            side.note(f"{view}: to the step before, ms", inside.evaluate(UNTIL_DRAWN, [view, "step", near]))
            tab.page.wait_for_timeout(SHORT_REST_MS)
        for repeat in range(REPEATS):
            far = (17 + 13 * (number + repeat)) % (STEPS - 8)
            side.note(f"{view}: to a step far off, ms", inside.evaluate(UNTIL_DRAWN, [view, "step", far]))
            tab.page.wait_for_timeout(SHORT_REST_MS)
        tab.page.wait_for_timeout(REST_MS)
        tab.go(view, **WHERE, **LINES, step=last, layer=0)
        tab.page.wait_for_timeout(REST_MS)
        side.note(f"{view}: scrubbing, drawn a second", inside.evaluate(SCRUB, [view, 15]))
    tab.go("head", **WHERE, **LINES, layer=0)
    tab.page.wait_for_timeout(REST_MS)
    for repeat in range(REPEATS):
        layer = 1 + (REPEATS * number + repeat) % 11
        side.note("head: another layer, ms", inside.evaluate(UNTIL_DRAWN, ["head", "layer", layer]))
        tab.page.wait_for_timeout(SHORT_REST_MS)
        side.note("head: pointer over a token, ms", inside.evaluate(HOVER, 1 + number + repeat))
    for view in ("model", "evolution"):
        tab.go(view, **WHERE)
        tab.page.wait_for_timeout(REST_MS)
        side.note(f"{view}: pointer over a cell, ms", inside.evaluate(MOVE_OVER, 15))


def private_mib(sides: list[Side], what: str) -> None:
    """What the renderers have, each side's largest; renderers are told apart by when they came."""
    found = sorted(renderers(), key=lambda folder: int(folder.name))
    half = len(found) // len(sides)
    for number, side in enumerate(sides):
        own = found[number * half : (number + 1) * half]
        side.note(what, max(map(rss_mib, own), default=float("nan")))


def collect(side: Side) -> None:
    """Let go of what nothing refers to: when the browser does so by itself is chance, and 100 MiB either way."""
    page = side.tab.page
    session = page.context.new_cdp_session(page)
    for _ in range(2):
        session.send("HeapProfiler.collectGarbage")
    page.wait_for_timeout(REST_MS)


def rss_mib(folder: Path) -> float:
    """Anonymous memory of one process."""
    lines = (folder / "status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon:")) / 1024


def main() -> None:
    """Start both, measure in turns, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--old", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright, ExitStack() as stack:
        checkouts = {"old": given.old.resolve(), "new": HERE}
        sides = [
            stack.enter_context(opened(name, checkout, playwright, Path(folder, name)))
            for name, checkout in checkouts.items()
        ]
        for number in range(given.rounds):
            for side in sides if number % 2 == 0 else sides[::-1]:
                measure(side, number)
        private_mib(sides, "renderer's memory at the end, MiB")
        for side in sides:
            collect(side)
        private_mib(sides, "the same without what is garbage, MiB")
        old, new = (side.found for side in sides)
        print(f"{given.rounds} rounds on {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; medians")
        for what, values in old.items():
            before, now = statistics.median(values), statistics.median(new[what])
            best = max if "a second" in what else min
            ratio, of_best = now / before, best(new[what]) / best(values)
            print(
                f"{what:<46} old {before:8.1f}  new {now:8.1f}  new / old {ratio:5.2f}, best {of_best:5.2f}"
            )


if __name__ == "__main__":
    main()
