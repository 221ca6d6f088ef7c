"""This checkout and an older one, both with a log of their own writing → how fast the same actions are in both tabs.

Run ``python tests/bench/bench_beside.py --old DIR [--rounds 3] [--actions opening steps scrubbing …]``; DIR
holds a checkout of the older commit with its bundle built. Both servers and both browsers run at once; every single
sample is taken of one and then of the other, who is first changes each time, so that load and chance fall on both
alike. Each opening is a new page with an empty cache. Prints of each how many samples, their medians and middle
halves, and the ratio of the medians with the range in which 90 of 100 draws of as many samples leave it. "work" is
the time of the page's own thread on the processor: by the clock a pointer's move takes the frame that it waits for.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "browser"))

import numpy as np
from attention_tab import AttentionTab
from bench_maps import Work
from bench_views import SCRUB, STEPS, UNTIL_DRAWN, WHERE, time_to_open
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
# To a step far off the answers of the server count, an opening is all of a page: from 12 of each on a median holds.
FAR_REPEATS = OPENINGS = 4
SCRUBS = 4
SCRUBBED_STEPS = 15
MOVES = 15
SHORT_REST_MS = 700
# After a step far off its neighbours are fetched in advance.
FAR_REST_MS = 1500
DRAWS = 2000
WRITE = "import sys; from pathlib import Path; import bench_views; bench_views.write_log(Path(sys.argv[1]))"

# Pointer moves all over an element, each shown before the next.
MOVE_OVER = """async ([selector, count]) => {
  const element = document.querySelector(selector);
  const { left, top, width, bottom } = element.getBoundingClientRect();
  const height = Math.min(bottom, innerHeight) - top;
  for (let i = 0; i < count; i++) {
    const at = { clientX: left + width * ((.31 + .381 * i) % .9 + .05), clientY: top + height * ((.7 + .27 * i) % .9 + .05) };
    const target = document.elementFromPoint(at.clientX, at.clientY) ?? element;
    target.dispatchEvent(new PointerEvent('pointermove', { ...at, bubbles: true }));
    for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
  }
}"""
GRID, TOKENS = "canvas[role=img]", '[role=listbox][aria-label="Query tokens"]'


@dataclass
class Side:
    """One commit's server, browser and open tab, and what was measured there."""

    name: str
    url: str
    browser: Browser
    tab: AttentionTab
    work: Work
    found: dict[str, list[float]] = field(default_factory=dict)

    def note(self, what: str, value: float) -> None:
        """Keep one number."""
        self.found.setdefault(what, []).append(value)


@contextmanager
def opened(name: str, checkout: Path, playwright: Playwright, log: Path) -> Iterator[Side]:
    """A log by the commit's own writer, its TensorBoard, and a tab."""
    environment = {"PYTHONPATH": str(checkout)}
    paths = os.pathsep.join([str(checkout), str(Path(__file__).parent)])
    if not log.exists():
        subprocess.run(
            [sys.executable, "-c", WRITE, str(log)], check=True, env={**os.environ, "PYTHONPATH": paths}
        )
    with TensorBoardServer.start(logdir=log, environment=environment) as server:
        browser = launch(playwright)
        tab = AttentionTab.open(browser, server.url, width=1280, view="model", **WHERE)
        tab.wait_drawn("model")
        work = Work(tab.page.context.new_cdp_session(tab.page))
        yield Side(name, server.url, browser, tab, work)
        browser.close()


Sides = Sequence[Side]


def in_turns(sides: Sides, repeats: int) -> Iterator[tuple[int, Side]]:
    """Each side once for every repeat; who is first changes each time."""
    for repeat in range(repeats):
        yield from ((repeat, side) for side in (sides if repeat % 2 == 0 else sides[::-1]))


def share_of(repeat: int, repeats: int) -> float:
    """Where in a frame an action comes: evenly over it, the same for each side; by chance it would be up to 17 ms."""
    return (repeat + 0.5) / repeats


def go(sides: Sides, view: str, **state: object) -> None:
    """Both tabs to the same place, at rest."""
    for side in sides:
        side.tab.go(view, **WHERE, **state)
    for side in sides:
        side.tab.page.wait_for_timeout(REST_MS / len(sides))


def measure_opening(sides: Sides, number: int) -> None:
    """Each view from TensorBoard's own page, in a new page."""
    for view, state in {"evolution": {}, "model": {}, "head": LINES}.items():
        for _, side in in_turns(sides, OPENINGS):
            opened = time_to_open(side.browser, side.url, view, **state)
            side.note(f"{view}: from TensorBoard's page to drawn, ms", opened)


def measure_steps(sides: Sides, number: int) -> None:
    """Single steps, fetched in advance."""
    last = STEPS - 1
    for view in ("model", "head"):
        go(sides, view, **LINES, step=last, layer=0)
        for repeat, side in in_turns(sides, REPEATS):
            asked = [view, "step", last - 1 - repeat, share_of(repeat, REPEATS)]
            near = side.tab.inside().evaluate(UNTIL_DRAWN, asked)
            side.note(f"{view}: to the step before, ms", near)
            side.tab.page.wait_for_timeout(SHORT_REST_MS)


def measure_jumps(sides: Sides, number: int) -> None:
    """Steps that were not fetched in advance."""
    for view in ("model", "head"):
        go(sides, view, **LINES, step=STEPS - 1, layer=0)
        for repeat, side in in_turns(sides, FAR_REPEATS):
            position = (17 + 13 * (FAR_REPEATS * number + repeat)) % (STEPS - 8)
            asked = [view, "step", position, share_of(repeat, FAR_REPEATS)]
            far = side.tab.inside().evaluate(UNTIL_DRAWN, asked)
            side.note(f"{view}: to a step far off, ms", far)
            side.tab.page.wait_for_timeout(FAR_REST_MS)


def measure_scrubbing(sides: Sides, number: int) -> None:
    """The slider drawn along from the last step, whose neighbours were fetched in advance."""
    last = STEPS - 1
    for view in ("model", "head"):
        go(sides, view, **LINES, step=last, layer=0)
        for _, side in in_turns(sides, SCRUBS):
            inside = side.tab.inside()
            rate = inside.evaluate(SCRUB, [view, SCRUBBED_STEPS])
            side.note(f"{view}: scrubbing, drawn a second", rate)
            inside.evaluate(UNTIL_DRAWN, [view, "step", last])
            side.tab.page.wait_for_timeout(FAR_REST_MS)


def note_moves(side: Side, what: str, selector: str) -> None:
    """Processor time of moves over an element, a move."""
    inside = side.tab.inside()
    spent = side.work.of(lambda: inside.evaluate(MOVE_OVER, [selector, MOVES]))
    side.note(f"{what}, ms of work", spent["Task"] / MOVES)


def measure_layers(sides: Sides, number: int) -> None:
    """Layers of the Head view, and the pointer over its tokens."""
    go(sides, "head", **LINES, layer=0)
    for repeat, side in in_turns(sides, REPEATS):
        inside, layer = side.tab.inside(), 1 + (REPEATS * number + repeat) % 11
        asked = ["head", "layer", layer, share_of(repeat, REPEATS)]
        side.note("head: another layer, ms", inside.evaluate(UNTIL_DRAWN, asked))
        side.tab.page.wait_for_timeout(SHORT_REST_MS)
        note_moves(side, "head: pointer over a token", TOKENS)


def measure_pointing(sides: Sides, number: int) -> None:
    """The pointer over the cells of the grids."""
    for view in ("model", "evolution"):
        go(sides, view)
        for _, side in in_turns(sides, REPEATS):
            note_moves(side, f"{view}: pointer over a cell", GRID)


def private_mib(sides: Sides, what: str) -> None:
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


def measure_memory(sides: Sides, number: int) -> None:
    """What the actions so far left in the renderers."""
    in_order = sorted(sides, key=lambda side: side.name, reverse=True)  # the old one's browser came first
    private_mib(in_order, "renderer's memory after a round, MiB")
    for side in sides:
        collect(side)
    private_mib(in_order, "the same without what is garbage, MiB")


ACTIONS = {
    "opening": measure_opening,
    "steps": measure_steps,
    "jumps": measure_jumps,
    "scrubbing": measure_scrubbing,
    "layers": measure_layers,
    "pointing": measure_pointing,
    "memory": measure_memory,
}


def ratio_range(old: list[float], new: list[float]) -> tuple[float, float]:
    """Between which 90 of 100 ratios of medians lie, drawn with replacement from the samples themselves."""
    rng = np.random.default_rng(0)
    medians = [np.median(rng.choice(values, (DRAWS, len(values))), axis=1) for values in (old, new)]
    low, high = np.quantile(medians[1] / medians[0], [0.05, 0.95])
    return float(low), float(high)


def spread(values: list[float]) -> str:
    """The median and the middle half."""
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    return f"{middle:7.1f} ({low:.0f} to {high:.0f})"


def report(what: str, old: list[float], new: list[float]) -> None:
    """One row."""
    low, high = ratio_range(old, new)
    ratio = statistics.median(new) / statistics.median(old)
    print(
        f"{what:<46} {len(old):>3} each  old {spread(old):<22} new {spread(new):<22} "
        f"new / old {ratio:5.2f} ({low:.2f} to {high:.2f})"
    )


def main() -> None:
    """Start both, measure in turns, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--old", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--actions", nargs="+", choices=ACTIONS, default=[*ACTIONS], help="only these")
    parser.add_argument("--logs", type=Path, help="keep both logs here and use those that are there")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright, ExitStack() as stack:
        checkouts = {"old": given.old.resolve(), "new": HERE}
        logs = given.logs or Path(folder)
        sides = [
            stack.enter_context(opened(name, checkout, playwright, logs / name))
            for name, checkout in checkouts.items()
        ]
        for number in range(given.rounds):
            for name in given.actions:
                ACTIONS[name](sides if number % 2 == 0 else sides[::-1], number)
        print(f"{given.rounds} rounds on {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; medians")
        for what, values in sides[0].found.items():
            report(what, values, sides[1].found[what])


if __name__ == "__main__":
    main()
