"""Real weights, 12 × 12 heads at T=128 and causal T=1024 → bytes per weight, largest error, and warm reads.

Run ``python tests/bench/bench_storage.py``. Prints rows ``what | hold | measured``.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from real_weights import RealWeights, load_weights

from tensorboard_plugin_attn import AttentionReader, AttentionWriter
from tensorboard_plugin_attn.encoding.codes import decompress
from tensorboard_plugin_attn.serving.opened_record import OpenedRecord, open_record
from tensorboard_plugin_attn.serving.record_results import weights_result
from tensorboard_plugin_attn.storing.files import LocalFiles
from tensorboard_plugin_attn.storing.store import list_steps, open_header

CASES: list[tuple[str, int, bool, float, float, float]] = [
    # name, length, causal, bytes a weight with row maxima, of the whole file, ms for one head
    ("T=128", 128, False, 0.85, 1.05, 1),
    ("causal T=1024", 1024, True, 0.42, 0.45, 5),
]
MAX_ERROR = 0.00197
HEADER_MS = 0.15


def row(what: str, hold: float | None, measured: float, unit: str) -> None:
    """Print one row."""
    limit = "–" if hold is None else f"≤ {hold:g} {unit}".strip()
    print(f"{what} | {limit} | {f'{measured:.5g} {unit}'.strip()}", flush=True)


def warm_ms(call: Callable[[], Any], repeats: int = 101) -> float:
    """Median milliseconds after a first call that does not count."""
    times = []
    for _ in range(repeats + 1):
        started = time.perf_counter()
        call()
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times[1:])


def measure(name: str, real: RealWeights, directory: Path, holds: tuple[float, float, float]) -> None:
    """Log one record and measure what came of it."""
    with AttentionWriter(directory, max_record_bytes=1 << 30) as writer:
        writer.add_attention("probe", real.weights, real.tokens, 0)
    files = LocalFiles(str(directory))
    (step_file,) = list_steps(files, "plugins/attn/probe")
    header = open_header(files, step_file)
    parts = [span for key, span in header.spans.items() if key.startswith("layer.")]
    layers = sum(span.stop - span.start for span in parts)
    row(f"bytes per weight, weights and row maxima, {name}", holds[0], layers / real.weights.size, "B")
    row(f"bytes per weight, whole file, {name}", holds[1], step_file.size / real.weights.size, "B")
    row(f"largest error, {name}", MAX_ERROR, largest_error(directory, real), "")
    opened = open_record(files, step_file)
    row(f"one head read and inflated warm, {name}", holds[2], warm_ms(partial(read_head, opened)), "ms")
    hold = HEADER_MS if len(real.tokens) == 128 else None  # a long list of tokens is most of a header
    row(f"header and metrics read warm, {name}", hold, warm_ms(partial(open_header, files, step_file)), "ms")


def read_head(opened: OpenedRecord) -> bytes:
    """The codes of one head, as the server reads and a browser inflates them."""
    arrays, _ = weights_result(opened, 5, 3)
    return decompress(bytes(arrays[2].data))


def largest_error(directory: Path, real: RealWeights) -> float:
    """Over every weight of the record."""
    layers = AttentionReader(directory).read(".", "probe", 0).layers
    return max(
        float(np.abs(layer.weights - weights).max())
        for layer, weights in zip(layers, real.weights, strict=True)
    )


def main() -> None:
    print(f"what | hold | measured (load {os.getloadavg()[0]:.1f})")
    for name, length, causal, *holds in CASES:
        with tempfile.TemporaryDirectory() as scratch:
            measure(name, load_weights(length, causal=causal), Path(scratch), (holds[0], holds[1], holds[2]))


if __name__ == "__main__":
    main()
