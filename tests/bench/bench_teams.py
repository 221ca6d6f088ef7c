"""A thousand runs, 12,000 probes, 20,000 steps → how soon they are served and drawn, and what a refresh costs.

Run ``python tests/bench/bench_teams.py [--logs runs tags steps]``. The logs are hard links of one record; the server is a
TensorBoard, the pictures are those of a headless Chromium without a GPU.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "browser"))

from attention_tab import AttentionTab
from chromium import launch
from logs.many_records import add_record, log_many_runs, log_many_steps
from logs.tensorboard_server import Reply, TensorBoardServer
from playwright.sync_api import Browser, sync_playwright

REPEATS = 7
DRAWN = "view => performance.getEntriesByName(`attn:drawn:${view}`)[0].startTime"


def write_runs(logdir: Path) -> tuple[str, str, int]:
    """1,000 runs × 10 probes × 5 steps."""
    log_many_runs(
        logdir, (f"run{run:04d}" for run in range(1000)), (f"probe{tag}" for tag in range(10)), range(5)
    )
    return "run0500", "probe3", 50_000


def write_tags(logdir: Path) -> tuple[str, str, int]:
    """12,000 probes in one run."""
    log_many_runs(logdir, ["run"], (f"probe{tag:05d}" for tag in range(12_000)), range(1))
    return "run", "probe00500", 12_000


def write_steps(logdir: Path) -> tuple[str, str, int]:
    """20,000 steps of 12 × 12 heads, metrics alone."""
    log_many_steps(logdir / "run", "probe", range(0, 1_000_000, 50), layers=12, heads=12)
    return "run", "probe", 20_000


LOGS: dict[str, tuple[Callable[[Path], tuple[str, str, int]], str]] = {
    "runs": (write_runs, "model"),
    "tags": (write_tags, "model"),
    "steps": (write_steps, "evolution"),
}


def resident_mb(server: TensorBoardServer) -> float:
    """Resident memory of TensorBoard alone."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def listed(reply: Reply) -> int:
    """How many records an index names."""
    return sum(len(tag["steps"]) for tags in reply.json["runs"].values() for tag in tags.values())


def cpu_ms(server: TensorBoardServer) -> float:
    """Milliseconds of a processor that TensorBoard has used, which do not grow with what else the machine does."""
    fields = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def timed(ask: Callable[[], Any]) -> tuple[float, Any]:
    """Milliseconds and the answer."""
    started = time.perf_counter()
    answer = ask()
    return (time.perf_counter() - started) * 1000, answer


def measure(name: str, logdir: Path, browser: Browser, empty_mb: float) -> None:
    """Write one log, serve it, print its row."""
    write, view = LOGS[name]
    took, (run, tag, count) = timed(lambda: write(logdir))
    print(f"{name}: {write.__doc__} (written in {took / 1000:.0f} s)", flush=True)
    layers, heads, is_bare = (12, 12, True) if view == "evolution" else (2, 2, False)
    with TensorBoardServer.start(logdir=logdir, load_fast=False) as server:
        while listed(reply := server.get("index", {"since": ""})) < count:
            time.sleep(0.02)
        print(
            f"  served {time.monotonic() - server.started:.1f} s after the start (hold 5), {cpu_ms(server) / 1000:.1f} s of CPU"
        )
        tab = AttentionTab.open(browser, server.url, view=view)
        tab.wait_drawn(view, timeout=120_000)
        print(
            f"  first picture {tab.inside().evaluate(DRAWN, view) / 1000:.2f} s after the tab was opened (hold 2; 1.5 of steps)"
        )
        print(f"  server {resident_mb(server) - empty_mb:+.0f} MB (hold 60)")
        query = {"since": reply.json["token"]}
        etag = server.get("index", query).headers["etag"]
        used = cpu_ms(server)
        runs = [timed(lambda: server.get("index", query, If_None_Match=etag)) for _ in range(REPEATS)]
        print(
            f"  unchanged refresh {statistics.median(ms for ms, _ in runs):.0f} ms, {runs[-1][1].status} (hold 50 and 304), "
            f"{(cpu_ms(server) - used) / REPEATS:.0f} ms of CPU"
        )
        series = {"run": run, "tag": tag, "width": 512}
        took, first = timed(lambda: server.get("metrics", {**series, "since": ""}, Accept_Encoding="gzip"))
        print(f"  its series anew {took:.0f} ms, {len(first.body) / 1e6:.2f} MB")
        token = token_of(server, series)
        times, sizes, pages, used = [], [], [], 0.0
        for number in range(REPEATS):
            step = 2_000_000 + 50 * number
            add_record(logdir / run, tag, step, layers=layers, heads=heads, metrics_only=is_bare)
            before = cpu_ms(server)
            took, changes = timed(partial(server.get, "index", query, Accept_Encoding="gzip"))
            used += cpu_ms(server) - before
            query = {"since": server.get("index", query).json["token"]}
            asked = {**series, "since": token}
            before = cpu_ms(server)
            more, page = timed(partial(server.get, "metrics", asked, Accept_Encoding="gzip"))
            used += cpu_ms(server) - before
            token = token_of(server, asked)
            times.append((took, more))
            sizes.append(len(changes.body))
            pages.append(len(page.body))
        index_ms, series_ms = (statistics.median(each) for each in zip(*times, strict=True))
        print(
            f"  one new record: index {statistics.median(sizes) / 1e3:.1f} KB, {index_ms:.0f} ms (hold 4 KB); "
            f"series {statistics.median(pages) / 1e3:.1f} KB, {series_ms:.0f} ms (hold 64 KB, 100 ms); "
            f"{used / REPEATS:.0f} ms of CPU for both"
        )
        print(f"  server {resident_mb(server) - empty_mb:+.0f} MB in the end", flush=True)
        tab.close()


def token_of(server: TensorBoardServer, series: dict[str, Any]) -> str:
    """The token of a series as it is now, when all steps were read."""
    from tensorboard_plugin_attn.serving.answers import unpack

    since = str(series.get("since", ""))
    while True:
        fields, _ = unpack(server.get("metrics", {**series, "since": since}).body)
        since = fields["token"]
        if not fields["pending"]:
            return since


def main() -> None:
    """Measure the logs that are named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--logs", nargs="+", choices=LOGS, default=list(LOGS))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        browser = launch(playwright)
        empty = Path(name, "empty")
        empty.mkdir()
        with TensorBoardServer.start(logdir=empty, load_fast=False) as server:
            server.get("index")
            empty_mb = resident_mb(server)
        for log in options.logs:
            logdir = Path(name, log)
            logdir.mkdir()
            measure(log, logdir, browser, empty_mb)
            subprocess.run(["rm", "-rf", str(logdir)], check=True)


if __name__ == "__main__":
    main()
