"""Real weights, 12 × 12 heads at T=128, one record per 100 ms → how long ``add_attention`` blocks training.

Run ``python tests/bench/bench_writer.py [--records 30]``. Prints rows ``what | hold | measured``: median and 95th
percentile in ms, to a directory, through a SummaryWriter, and of the parts of which it is made. Beside it stands
the processor time of the calling thread, which other work on a shared machine does not lengthen.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from real_weights import RealWeights, load_weights
from torch.utils.tensorboard import SummaryWriter

from tensorboard_plugin_attn import AttentionWriter, LayerAttention
from tensorboard_plugin_attn.encoding.codes import encode_weights, pool_thumbnail
from tensorboard_plugin_attn.measuring.head_metrics import METRICS, compute_metrics
from tensorboard_plugin_attn.record.checks import label_layer
from tensorboard_plugin_attn.record.tokens import TokenAxes

HOLD_MS = 40
PACE_SECONDS = 0.1


def paced(call: Callable[[int], Any], records: int) -> list[tuple[float, float]]:
    """Milliseconds and processor milliseconds of each call, one every 100 ms after a first that does not count."""
    call(0)
    blocked = []
    for number in range(1, records + 1):
        time.sleep(PACE_SECONDS)
        started, used = time.perf_counter(), time.thread_time()
        call(number)
        blocked.append(((time.perf_counter() - started) * 1000, (time.thread_time() - used) * 1000))
    return blocked


def row(what: str, hold: str, blocked: list[tuple[float, float]]) -> None:
    """Print one row."""
    (median, used), (p95, _) = np.median(blocked, axis=0), np.percentile(blocked, 95, axis=0)
    print(f"{what} | {hold} | median {median:.1f} ms, p95 {p95:.1f} ms, processor {used:.1f} ms", flush=True)


def measure_writer(what: str, target: Any, real: RealWeights, records: int, **options: Any) -> None:
    """How long ``add_attention`` blocks, when every record differs from the one before."""
    variants = [np.roll(real.weights, shift, axis=0) for shift in range(4)]

    def log(step: int) -> None:
        writer.add_attention("probe", variants[step % len(variants)], real.tokens, step)

    with AttentionWriter(target, **options) as writer:
        row(what, f"≤ {HOLD_MS} ms", paced(log, records))


def measure_parts(real: RealWeights, records: int) -> None:
    """What the time goes into."""
    axes, layers = TokenAxes(real.tokens), [LayerAttention(weights) for weights in real.weights]

    def each(part: Callable[[LayerAttention], Any]) -> Callable[[int], None]:
        def call(_: int) -> None:
            for layer in layers:
                part(layer)

        return call

    row("  of it: checks", "–", paced(each(lambda layer: label_layer(axes, layer, 0)), records))
    row("  of it: codes", "–", paced(each(lambda layer: encode_weights(layer.weights)), records))
    row("  of it: thumbnails", "–", paced(each(lambda layer: pool_thumbnail(layer.weights)), records))
    row("  of it: head metrics", "–", paced(each(lambda layer: compute_metrics(layer, METRICS)), records))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--records", type=int, default=30)
    records = parser.parse_args().records
    real = load_weights(128)
    print(f"what | hold | measured (load {os.getloadavg()[0]:.1f})")
    with tempfile.TemporaryDirectory() as scratch:
        measure_writer("add_attention, directory", Path(scratch, "a"), real, records)
        with SummaryWriter(Path(scratch, "b")) as summary_writer:
            measure_writer("add_attention, SummaryWriter and scalars", summary_writer, real, records)
        built_in = list(METRICS)
        measure_writer("add_attention without change", Path(scratch, "c"), real, records, metrics=built_in)
        measure_writer("add_attention without metrics", Path(scratch, "d"), real, records, metrics=[])
        measure_parts(real, records)


if __name__ == "__main__":
    main()
