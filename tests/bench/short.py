"""This machine → what logging costs, as ratios to a forward and a training step of a small BERT; under two minutes.

Run ``python dev.py bench --short``. Processor time of the calling thread, one thread, medians: a ratio travels from one
machine to another better than its milliseconds, which stand beside it.
"""

from __future__ import annotations

import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from bench_capture import model_of, plain_forward, probe, training_step

from tensorboard_plugin_attn import AttentionWriter

HEADS, LAYERS, LENGTH = 12, 12, 128
RUNS = 7


def processor() -> str:
    """The processor's name, as the system has it."""
    info = Path("/proc/cpuinfo")
    names = [line for line in info.read_text().splitlines() if "model name" in line] if info.exists() else []
    return names[0].split(":")[1].strip() if names else platform.processor() or platform.machine()


def seconds(action: Callable[[], Any], runs: int = RUNS) -> float:
    """Processor time of one run, the median of several after a first."""
    action()
    found = []
    for _ in range(runs):
        before = time.thread_time()
        action()
        found.append(time.thread_time() - before)
    return statistics.median(found)


def held(metrics_only: bool) -> tuple[float, int]:
    """For how long ``add_attention`` holds up its caller with 12 × 12 heads, and bytes of one record."""
    scores = np.random.default_rng(0).normal(size=(LAYERS, HEADS, LENGTH, LENGTH), scale=3).astype(np.float32)
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    weights /= weights.sum(-1, keepdims=True)
    tokens, steps = [f"t{number}" for number in range(LENGTH)], iter(range(100))
    with tempfile.TemporaryDirectory() as folder, AttentionWriter(folder) as writer:

        def log() -> None:
            writer.add_attention("probe", list(weights), tokens, next(steps), metrics_only=metrics_only)

        found = []
        for _ in range(RUNS):
            before = time.thread_time()
            log()
            found.append(time.thread_time() - before)
            writer.flush()
        size = max(path.stat().st_size for path in Path(folder).rglob("*.safetensors"))
    return statistics.median(found[1:]), size


def main() -> None:
    """Print the rows."""
    torch.set_num_threads(1)
    model = model_of("BERT")
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
    forward, probed = seconds(lambda: plain_forward(model)), seconds(lambda: probe(model))
    step = seconds(lambda: training_step(model, optimizer), 2)
    whole, size = held(metrics_only=False)
    metrics, _ = held(metrics_only=True)
    print(f"{processor()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, torch {torch.__version__}")
    print(f"unit: a forward of BERT, 6 layers × 384, 128 tokens, one thread: {forward * 1e3:.0f} ms")
    print(f"  its probe, with every weight | {probed / forward:.2f} forwards | {probed * 1e3:.0f} ms")
    print(f"  its training step, batch 16 | {step / forward:.1f} forwards | {step * 1e3:.0f} ms")
    print(
        f"  add_attention, 12 × 12 heads, 128 tokens | {whole / forward:.2f} forwards | {whole * 1e3:.0f} ms"
    )
    print(f"  the same, metrics alone | {metrics / forward:.2f} forwards | {metrics * 1e3:.0f} ms")
    print(
        f"  its record on disk | {size / (LAYERS * HEADS * LENGTH**2):.2f} byte a weight | {size / 1e6:.1f} MB"
    )


if __name__ == "__main__":
    main()
