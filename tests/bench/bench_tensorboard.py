"""500 logged steps → how much later and larger a TensorBoard is than on an empty directory, on both data paths.

Run ``python tests/bench/bench_tensorboard.py [--steps 500] [--repeats 7]``. Seconds are from the start of the
process to the answer of ``index`` with every step and of one layer's weights; on the empty directory to the
answers that there is nothing. Each pair is measured back to back; the medians of the differences are printed.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from logs.tensorboard_server import TensorBoardServer

from tensorboard_plugin_attn import AttentionWriter

LAYERS, HEADS, LENGTH = 12, 12, 128
WHERE = {"run": "run", "tag": "probe"}


@dataclass(frozen=True)
class Figures:
    """Seconds until served, from the start and from the open port; MB resident, then and after a whole session."""

    seconds: float
    since_open: float
    served_mb: float
    session_mb: float


def write_log(directory: Path, steps: int) -> None:
    """Records of 12 × 12 heads at T=128, causal and full rows mixed."""
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(LAYERS, HEADS, LENGTH, LENGTH)).astype(np.float32) * 2
    scores[::2] += np.triu(np.full((LENGTH, LENGTH), -np.inf, np.float32), 1)
    weights = np.exp(scores)
    weights /= weights.sum(axis=-1, keepdims=True)
    tokens = [f"token{number}" for number in range(LENGTH)]
    with AttentionWriter(directory / "run") as writer:
        for step in range(steps):
            writer.add_attention("probe", weights, tokens, step)


def resident_mb(server: TensorBoardServer) -> float:
    """Resident memory of TensorBoard and its data server."""
    table = subprocess.run(
        ["ps", "-eo", "pid=,ppid=,rss="], capture_output=True, text=True, check=True
    ).stdout
    rows = [tuple(map(int, line.split())) for line in table.splitlines()]
    return sum(rss for pid, parent, rss in rows if server.process.pid in (pid, parent)) / 1024


def measure(logdir: Path, steps: int, *, load_fast: bool) -> Figures:
    """Start one TensorBoard, wait for index and layer, then look at every step."""
    with TensorBoardServer.start(logdir=logdir, load_fast=load_fast) as server:
        opened = time.monotonic()
        expected = 200 if steps else 404
        while len(server.get("index").json.get("run", {}).get("probe", {}).get("steps", [])) < steps:
            time.sleep(0.005)
        reply = server.get("weights", {**WHERE, "step": max(steps - 1, 0), "layer": 5})
        done = time.monotonic()
        if reply.status != expected:
            raise RuntimeError(f"expected {expected}, got {reply.status}: {reply.body[:200]!r}")
        served_mb = resident_mb(server)
        for step in range(max(steps, 1)):
            server.get("thumbnails", {**WHERE, "step": step})
            server.get("weights", {**WHERE, "step": step, "layer": step % LAYERS})
        server.get("metrics", WHERE)
        return Figures(done - server.started, done - opened, served_mb, resident_mb(server))


def compare(full: Path, empty: Path, steps: int, repeats: int, *, load_fast: bool) -> None:
    """Print one data path's row."""
    pairs = []
    for _ in range(repeats):
        pairs.append((measure(full, steps, load_fast=load_fast), measure(empty, 0, load_fast=load_fast)))
    later = statistics.median(a.seconds - b.seconds for a, b in pairs)
    since_open = statistics.median(a.since_open - b.since_open for a, b in pairs)
    served = statistics.median(a.served_mb - b.served_mb for a, b in pairs)
    session = statistics.median(a.session_mb - b.session_mb for a, b in pairs)
    alone = statistics.median(b.seconds for _, b in pairs)
    memory = statistics.median(b.session_mb for _, b in pairs)
    print(
        f"{'data server' if load_fast else 'python     '}  served {later:+.3f} s later (hold 0.6; empty: {alone:.2f} s; "
        f"{since_open:+.3f} s from the open port), "
        f"{served:+.1f} MB, {session:+.1f} MB after looking at every step (hold 40; empty: {memory:.0f} MB)"
    )


def time_routes(logdir: Path, steps: int) -> None:
    """Print the time of single requests, first and repeated."""
    last = {**WHERE, "step": steps - 1}
    requests = [
        ("index", {}),
        ("record", last),
        ("thumbnails", last),
        ("weights", {**last, "layer": 5}),
        ("weights", {**last, "layer": 5, "head": 3}),
        ("metrics", WHERE),
    ]
    with TensorBoardServer.start(logdir=logdir, load_fast=False) as server:
        for route, query in requests:
            times = []
            for _ in range(15):
                start = time.perf_counter()
                server.get(route, query)
                times.append((time.perf_counter() - start) * 1000)
            what = f"{route}{' of one head' if 'head' in query else ''}"
            print(f"{what:<20} first {times[0]:6.1f} ms, then {statistics.median(times[1:]):5.1f} ms")


def main() -> None:
    """Write the log, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--repeats", type=int, default=7)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        full, empty = Path(name, "full"), Path(name, "empty")
        empty.mkdir()
        write_log(full, options.steps)
        print(
            f"TensorBoard with {options.steps} steps x {LAYERS} x {HEADS}, T={LENGTH}; medians of {options.repeats} pairs, "
            f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
        )
        for load_fast in (True, False):
            compare(full, empty, options.steps, options.repeats, load_fast=load_fast)
        time_routes(full, options.steps)


if __name__ == "__main__":
    main()
