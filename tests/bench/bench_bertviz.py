"""The same records in BertViz 1.4.1 and in the tab, in turn, in one run → how fast each draws, and the ratio.

Run ``python tests/bench/bench_bertviz.py [--repeats 7] [--slow-repeats 3] [--only head-128 …] [--pictures folder]``.
BertViz gets an environment of its own under the user's cache directory; its pages are served from 127.0.0.1. Every
page has a new headless Chromium without a GPU, in turn BertViz's and ours, of 1280 × 736 pixels.

"drawn" is from navigating to the second frame after the picture is there; of ours in three ways: from a link in
TensorBoard's page that is up, from an empty page with TensorBoard's own page in it, and of the stand-alone file, which
like BertViz's page holds all it shows. The head view's threshold is 0, so that ours draws every line of the rows in
view; the model view shows heat maps, BertViz lines.

Memory is the most that the page's renderer had, of our tab with TensorBoard's own page in it. It counts the code that
all processes of Chromium share and the answers that Playwright has it keep; ``bench_memory.py`` prints what is to hold.
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "browser"))

import wide_model
from bertviz_site import VERSION, put_scripts, served, write_page
from compared_actions import ACTIONS, bertviz_drawn, bertviz_elements
from compared_pages import Bench, Measured, measure_bertviz, measure_file, measure_tab, time_with_tensorboard
from compared_rows import Hold, print_row
from logs.tensorboard_server import TensorBoardServer
from playwright.sync_api import sync_playwright
from real_weights import load_weights

from tensorboard_plugin_attn import AttentionReader, AttentionRecord, AttentionWriter, LayerAttention
from tensorboard_plugin_attn.serving.opened_record import open_record
from tensorboard_plugin_attn.serving.standalone import standalone_html

HEADS = (12, 12)
SIZE = 64  # of a head's query and key
TIMES = 3  # each action on each page
LIMIT = 60  # seconds for a page that is known not to finish; the others have ten times as long
SETTINGS = {"head": {"threshold": 0}}
WITH_TENSORBOARD, FROM_FILE = "drawn, with TensorBoard's page", "drawn, stand-alone file"
MEMORY_OF_FILE, MEMORY_OF_TENSORBOARD = "peak memory, stand-alone file", "peak memory, TensorBoard without us"
DRAWS = "BertViz draws all rows; the tab draws those in view."
Record = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Case:
    """A view at a length, and what to hold by the row's name."""

    view: str
    length: int
    is_slow: bool = False
    is_endless: bool = False
    holds: Mapping[str, Hold] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """As in ``--only``."""
        return f"{self.view}-{self.length}"


HEAD_HOLDS = {
    "drawn": Hold(8, 1500),
    "drawn, stand-alone file": Hold(ratio=8),
    "layer switch": Hold(20, 350),
    "hover a token": Hold(ours=50),
}
MODEL_HOLDS = {"drawn": Hold(ours=1500)}
NEURON_HOLDS = {"head switch": Hold(ours=150), "hover a token, expanded": Hold(ours=50)}
CASES = (
    Case("head", 64),
    Case("head", 128, is_slow=True, holds=HEAD_HOLDS),
    Case("model", 64, is_slow=True),
    Case("model", 128, is_endless=True, holds=MODEL_HOLDS),
    Case("neuron", 128, is_slow=True, holds=NEURON_HOLDS),
)


def record_of(case: Case) -> Record:
    """Weights of the packaged MiniLM on English; for the neuron view those of random query and key of 64 numbers."""
    real = load_weights(case.length)
    tokens = np.array(real.tokens)
    if case.view != "neuron":
        return {"weights": real.weights, "tokens": tokens}
    shape = (2, *HEADS, case.length, SIZE)
    query, key = (np.random.default_rng(0).normal(size=shape) * 1.5).astype(np.float32)
    weights = np.exp(query @ key.swapaxes(-1, -2) * SIZE**-0.5)
    weights /= weights.sum(-1, keepdims=True)
    return {"weights": weights, "tokens": tokens, "query": query, "key": key}


def write_log(case: Case, record: Record, logdir: Path) -> dict[str, object]:
    """Log the record; the state of the tab that shows it."""
    layers = [LayerAttention(weights) for weights in record["weights"]]
    if "query" in record:
        vectors = zip(record["weights"], record["query"], record["key"], strict=True)
        layers = [LayerAttention(w, query=q, key=k, scale=SIZE**-0.5) for w, q, k in vectors]
    with AttentionWriter(logdir / "run") as writer:
        writer.add_record(case.name, AttentionRecord(layers, record["tokens"].tolist()), 0)
    return {"run": "run", "tag": case.name, "step": 0, **SETTINGS.get(case.view, {})}


def write_file(case: Case, logdir: Path, target: Path) -> None:
    """Our stand-alone file of the record."""
    reader = AttentionReader(logdir)
    opened = open_record(reader.files, reader.find_step("run", case.name, 0))
    state = "&".join(f"p.attn.{name}={value}" for name, value in SETTINGS.get(case.view, {}).items())
    target.write_text(standalone_html(opened, "run", case.view, state), encoding="utf-8")


def prepare(case: Case, folder: Path) -> dict[str, object]:
    """Write the record as a log, as BertViz's page and as our file; the tab's state."""
    record = record_of(case)
    state = write_log(case, record, folder / case.name)
    for name in ("bertviz", "ours"):
        (folder / "site" / name).mkdir(parents=True, exist_ok=True)
    theirs, ours = (folder / "site" / name / f"{case.name}.html" for name in ("bertviz", "ours"))
    write_page(case.view, record, theirs)
    write_file(case, folder / case.name, ours)
    sizes = [path.stat().st_size / 1e6 for path in (theirs, ours)]
    print(
        f"\n{case.name}: {HEADS[0]} × {HEADS[1]} heads; file of BertViz {sizes[0]:.1f} MB, ours {sizes[1]:.1f} MB"
    )
    return state


def measure(bench: Bench, case: Case, state: dict[str, object], rounds: int) -> None:
    """Both in turn, so many rounds; then the rows."""
    is_drawn = bertviz_drawn(bertviz_elements(case.view, HEADS, case.length, SIZE))
    limit = LIMIT if case.is_endless else 10 * LIMIT
    theirs, ours = defaultdict(list), defaultdict(list)
    pages: list[tuple[Measured, Measured]] = []
    for number in range(rounds):
        if number == 0 or not case.is_endless:
            times = 0 if case.is_endless else TIMES  # a click takes minutes there
            peer = measure_bertviz(bench, case.view, case.name, is_drawn, times=times, limit=limit)
            add(theirs, peer)
        tab = measure_tab(bench, case.view, state, case.name, times=TIMES)
        add(ours, tab)
        ours[WITH_TENSORBOARD].append(time_with_tensorboard(bench, case.view, state))
        file = measure_file(bench, case.view, case.name, times=TIMES)
        ours[FROM_FILE].append(file.drawn)
        ours[MEMORY_OF_FILE].append(file.peak)
        ours[MEMORY_OF_TENSORBOARD].append(tab.own_peak)
        pages.append((peer, tab))
    print_inks(case, pages)
    theirs |= {
        WITH_TENSORBOARD: theirs["drawn"],
        FROM_FILE: theirs["drawn"],
        MEMORY_OF_FILE: theirs["peak memory"],
    }
    unfinished = limit if math.isinf(peer.drawn) else None
    for name in names_of_rows(case):
        hold = case.holds.get(name, Hold())
        print_row(case.name, name, theirs[name], ours[name], hold, limit=unfinished)


def names_of_rows(case: Case) -> tuple[str, ...]:
    """What is printed, in this order; actions in the order in which they are done."""
    actions = (action.name for action in ACTIONS[case.view])
    memory = ("peak memory", MEMORY_OF_FILE, MEMORY_OF_TENSORBOARD)
    return ("drawn", WITH_TENSORBOARD, FROM_FILE, *actions, *memory)


def add(rows: dict[str, list[float]], found: Measured) -> None:
    """One page's numbers under the rows' names."""
    rows["drawn"].append(found.drawn)
    rows["peak memory"].append(found.peak)
    for name, taken in found.actions.items():
        rows[name] += taken


def print_inks(case: Case, pages: list[tuple[Measured, Measured]]) -> None:
    """How much of each picture is drawn on, so that no time is that of a blank one."""
    peer, tab = (statistics.median(page[side].ink for page in pages) for side in (0, 1))
    theirs = "nothing of BertViz's" if math.isnan(peer) else f"{peer:.0%} of BertViz's"
    print(f"{case.name}: not background: {theirs}, {tab:.0%} of our picture", flush=True)


def measure_all(bench: Bench, cases: list[Case], folder: Path, rounds: int, slow_rounds: int) -> None:
    """A log, pages and a TensorBoard for each case."""
    for case in cases:
        state = prepare(case, folder)
        with TensorBoardServer.start(logdir=folder / case.name) as server:
            bench.tensorboard = server.url
            measure(bench, case, state, slow_rounds if case.is_slow else rounds)


def measure_wide(bench: Bench, folder: Path, redraws: int) -> None:
    """The Model view of many heads, ours alone."""
    wide_model.write_log(folder / "wide", redraws + 1)
    with TensorBoardServer.start(logdir=folder / "wide") as server:
        bench.tensorboard = server.url
        taken = wide_model.measure_redraws(bench, redraws + 1)
    print()
    print_row("model-128", "redraw of 48 × 25 heads", [], taken, Hold(ours=wide_model.HOLD_MS))


def main() -> None:
    """Write records and pages, measure both, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--slow-repeats", type=int, default=3, help="where BertViz takes 10 s to be drawn")
    parser.add_argument("--only", nargs="*", help="such as head-128, or wide")
    parser.add_argument("--pictures", type=Path, help="keep screenshots of both here")
    options = parser.parse_args()
    if options.pictures is not None:
        options.pictures.mkdir(parents=True, exist_ok=True)
    print(f"BertViz {VERSION} and the tab in turn; medians (of how many) on {os.cpu_count()} cores. {DRAWS}")
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        put_scripts(folder / "site" / "scripts")
        cases = [case for case in CASES if not options.only or case.name in options.only]
        with served(folder / "site") as site:
            bench = Bench(playwright, site, options.pictures)
            measure_all(bench, cases, folder, options.repeats, options.slow_repeats)
            if not options.only or "wide" in options.only:
                measure_wide(bench, folder, options.repeats)
    print(DRAWS)


if __name__ == "__main__":
    main()
