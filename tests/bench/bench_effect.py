"""What contribution and effect cost: beside a probe, beside a plain forward, and in a file.

A GPT-2 of 12 layers × 384, 12 heads; one thread, user CPU time, medians of alternating pairs. Run
``python tests/bench/bench_effect.py``. Prints rows ``what | hold | measured``.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import transformers
from bench_capture import user_seconds

from tensorboard_plugin_attn import AttentionWriter
from tensorboard_plugin_attn.capturing import head_effects
from tensorboard_plugin_attn.capturing.effect.ablation import without
from tensorboard_plugin_attn.capturing.effect.prefix import Prefix
from tensorboard_plugin_attn.storing.files import LocalFiles
from tensorboard_plugin_attn.storing.store import list_steps, open_header

LAYERS, HEADS, WIDTH, BATCH = 12, 12, 384, 12
PAIRS = 9


def model_of() -> Any:
    """A randomly initialised GPT-2 that returns a loss."""
    torch.manual_seed(0)
    config = transformers.GPT2Config(
        n_embd=WIDTH, n_layer=LAYERS, n_head=HEADS, vocab_size=2000, bos_token_id=1, eos_token_id=1
    )
    return transformers.GPT2LMHeadModel(config).eval()


def inputs_of(batch: int, length: int) -> dict[str, torch.Tensor]:
    ids = torch.arange(batch * length).reshape(batch, length) % 2000
    return {"input_ids": ids, "labels": ids}


def plain(model: Any, inputs: dict[str, torch.Tensor]) -> None:
    """What any look at the model costs."""
    with torch.no_grad():
        model(**inputs)


def ratio(one: Callable[[], Any], other: Callable[[], Any]) -> tuple[float, float, float]:
    """Median of one / other over alternating pairs, and the median seconds of each."""
    one(), other()
    pairs = []
    for number in range(PAIRS):
        order = (one, other) if number % 2 else (other, one)
        seconds = {action: user_seconds(action, 1) for action in order}
        pairs.append((seconds[one], seconds[other]))
    median = statistics.median
    return median(a / b for a, b in pairs), median(a for a, _ in pairs), median(b for _, b in pairs)


def row(what: str, hold: float | None, measured: float, unit: str, more: str = "") -> None:
    """Print one row."""
    limit = "–" if hold is None else f"≤ {hold:g} {unit}"
    print(f"{what} | {limit} | {measured:.3g} {unit}{more}", flush=True)


def contribution(model: Any, folder: str) -> None:
    """By how much logging contributions makes add_probe slower: this thread's time, nothing written meanwhile."""
    inputs, tokens = inputs_of(1, 128), [f"t{number}" for number in range(128)]
    steps = iter(range(1_000_000))
    shares = []
    with AttentionWriter(folder) as writer:

        def seconds(values: bool) -> float:
            before = time.thread_time()
            writer.add_probe(
                "with" if values else "without", model, inputs, tokens, next(steps), values=values
            )
            spent = time.thread_time() - before
            writer.flush()
            return spent

        seconds(True), seconds(False)
        for number in range(2 * PAIRS):
            order = (True, False) if number % 2 else (False, True)
            found = {values: seconds(values) for values in order}
            shares.append(found[True] / found[False])
    row("contribution, of add_probe", 4, 100 * (statistics.median(shares) - 1), "%")


def size(folder: str) -> None:
    """The part of a record that the lengths of values take."""
    files = LocalFiles(folder)
    step_file = list_steps(files, "plugins/attn/with")[0]
    header = open_header(files, step_file)
    norms = [span for name, span in header.spans.items() if name.endswith("value_norm")]
    share = sum(span.stop - span.start for span in norms) / step_file.size
    row("value_norm, of a record at T = 128", 4, 100 * share, "%", f" ({step_file.size / 1024:.0f} KiB)")


def main() -> None:
    torch.set_num_threads(1)
    print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores, torch {torch.__version__}, one thread")
    model = model_of()
    with tempfile.TemporaryDirectory() as folder:
        contribution(model, folder)
        size(str(Path(folder)))
    long = inputs_of(1, 128)
    times, one, other = ratio(lambda: head_effects(model, long, "loss"), lambda: plain(model, long))
    row("effect, of a plain forward at T = 128", 3, times, "×", f" ({one * 1e3:.0f} / {other * 1e3:.0f} ms)")
    short, batch = inputs_of(1, 32), inputs_of(BATCH, 32)
    ablation = ratio(lambda: head_effects(model, short, "loss", ablate=True), lambda: plain(model, batch))
    more = f" ({ablation[1] * 1e3:.0f} / {ablation[2] * 1e3:.0f} ms)"
    row("effect and 144 ablations at T = 32, of a forward of 12", 15, ablation[0], "×", more)
    sums(model, short)


def sums(model: Any, inputs: dict[str, torch.Tensor]) -> None:
    """What the effects and ablations of all heads sum to, beside the loss's change without any head: they need not agree."""
    effects = head_effects(model, inputs, "loss", ablate=True)
    first, exactly = (
        sum(float(values[:, column].sum()) for values in effects.by_call.values()) for column in (0, 1)
    )
    every = [(call.number, head) for call in effects.by_call for head in range(call.heads)]
    change = effects.objective - without(model, inputs, "loss", every, 0, Prefix())
    row(
        "sum of first-order effects, of the loss with all heads less without", None, first, f"of {change:.3g}"
    )
    row("sum of ablations, of the same", None, exactly, f"of {change:.3g}")


if __name__ == "__main__":
    main()
