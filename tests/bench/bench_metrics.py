"""Head metrics over many steps, metrics-only logging, find, compare → how long each takes.

Run ``python tests/bench/bench_metrics.py [--records 30]``. Prints rows ``what | hold | measured``: medians, and
beside them the processor time, which other work on a shared machine does not lengthen.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from real_weights import load_weights

from tensorboard_plugin_attn import AttentionReader, AttentionWriter
from tensorboard_plugin_attn.serving.answers import binary_answer
from tensorboard_plugin_attn.serving.listing import Listing
from tensorboard_plugin_attn.serving.metric_series import MetricSource
from tensorboard_plugin_attn.serving.roots import Root
from tensorboard_plugin_attn.serving.study_results import EvolutionAsked, evolution_result
from tensorboard_plugin_attn.storing.store import open_header

STEPS = 500
PACE_SECONDS = 0.1


def timed(call: Callable[[], Any], repeats: int) -> tuple[float, float]:
    """Median milliseconds and processor milliseconds, after a first call that does not count."""
    call()
    times = []
    for _ in range(repeats):
        started, used = time.perf_counter(), time.process_time()
        call()
        times.append(((time.perf_counter() - started) * 1000, (time.process_time() - used) * 1000))
    return statistics.median(wall for wall, _ in times), statistics.median(used for _, used in times)


def row(what: str, hold: str, wall: float, used: float) -> None:
    """Print one row."""
    print(f"{what} | {hold} | {wall:.3g} ms, processor {used:.3g} ms", flush=True)


def measure_logging(directory: Path, records: int) -> None:
    """How long a metrics-only record of 12 × 12 heads at T=128 blocks, one per 100 ms."""
    real = load_weights(128)
    variants = [np.roll(real.weights, shift, axis=0) for shift in range(4)]
    blocked = []
    with AttentionWriter(directory) as writer:
        for step in range(records + 1):
            time.sleep(PACE_SECONDS)
            started, used = time.perf_counter(), time.thread_time()
            writer.add_attention(
                "probe", variants[step % 4], real.tokens, step, metrics_only=True, track={"pair": (5, 3)}
            )
            blocked.append(((time.perf_counter() - started) * 1000, (time.thread_time() - used) * 1000))
    wall, used = np.median(blocked[1:], axis=0)
    row("metrics-only logging, 12 × 12, T=128", "≤ 25 ms", wall, used)


def measure_series(directory: Path) -> None:
    """500 steps × 12 × 12 heads × all metrics: headers read, evolution worked out and packed."""
    real = load_weights(32)
    rng = np.random.default_rng(0)
    with AttentionWriter(directory) as writer:
        for step in range(STEPS):
            noisy = real.weights * np.exp(rng.normal(size=(12, 12, 1, 1)) * 0.02)
            weights = noisy / noisy.sum(axis=-1, keepdims=True)
            writer.add_attention("probe", weights, real.tokens, step, metrics_only=True)
    reader = AttentionReader(directory)
    files = reader.step_files(".", "probe")
    wall, used = timed(lambda: [open_header(reader.files, each) for each in files], 7)
    row("metric series read warm, a record", "≤ 0.15 ms", wall / STEPS, used / STEPS)
    listing = Listing([Root(str(directory))])
    listing.walk()
    found = listing.find_tag(".", "probe")
    latest = open_header(reader.files, files[-1])
    source = MetricSource()
    series = source.series(found)
    row("the same in TensorBoard, from memory, all", "–", *timed(lambda: source.series(found), 7))
    answer = timed(lambda: binary_answer(*evolution_result(series, latest, EvolutionAsked())), 7)
    row(f"evolution of {STEPS} steps × 144 heads × {len(series.names)} metrics", "≤ 1000 ms", *answer)


def measure_search(directory: Path) -> None:
    """Find and compare at T=512."""
    real = load_weights(512)
    with AttentionWriter(directory, max_record_bytes=1 << 30) as writer:
        for step in range(2):
            writer.add_attention("probe", np.roll(real.weights, step, axis=1), real.tokens, step)
    reader = AttentionReader(directory)
    for name, asked in {
        "query and key": {"query": 300, "key": 20},
        "template previous": {"template": "previous"},
        "template induction": {"template": "induction"},
        "half of all cells": {"query": set(range(256)), "key": set(range(256, 512))},
    }.items():
        find = timed(lambda asked=asked: reader.find(".", "probe", 1, **asked), 7)  # type: ignore[misc] - lambda
        row(f"find at one step, T=512, 12 × 12, {name}", "≤ 500 ms", *find)
    compare = timed(lambda: reader.compare((".", "probe", 0), (".", "probe", 1)), 3)
    row("compare two steps, T=512, 12 × 12", "–", *compare)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--records", type=int, default=30)
    records = parser.parse_args().records
    print(f"what | hold | measured (load {os.getloadavg()[0]:.1f})")
    with tempfile.TemporaryDirectory() as scratch:
        measure_logging(Path(scratch, "a"), records)
        measure_series(Path(scratch, "b"))
        measure_search(Path(scratch, "c"))


if __name__ == "__main__":
    main()
