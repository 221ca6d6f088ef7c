"""What a probe costs: against a plain forward of the same input, in memory, and as a share of a training step.

A BERT and a GPT-2 of 6 layers × 384, 12 heads, one input of 128 tokens, one thread. User CPU time, medians of
alternating pairs; the machine's load stands beside them.
"""

from __future__ import annotations

import os
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from itertools import accumulate
from typing import Any

LAYERS, WIDTH, HEADS, LENGTH, TRAINING_BATCH = 6, 384, 12, 128, 16
PAIRS, REPEATS = 7, 8
MIB = 1 << 20


def model_of(name: str) -> Any:
    """A randomly initialised model in training mode."""
    import torch
    import transformers

    torch.manual_seed(0)
    if name == "GPT-2":
        config = transformers.GPT2Config(
            n_embd=WIDTH, n_layer=LAYERS, n_head=HEADS, vocab_size=2000, bos_token_id=1, eos_token_id=1
        )
        return transformers.GPT2Model(config).train()
    sizes = {"hidden_size": WIDTH, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS}
    return transformers.BertModel(
        transformers.BertConfig(vocab_size=2000, intermediate_size=4 * WIDTH, **sizes)
    ).train()


def ids(batch: int) -> dict[str, Any]:
    import torch

    return {"input_ids": torch.arange(batch * LENGTH).reshape(batch, LENGTH) % 2000}


def plain_forward(model: Any) -> None:
    """What any look at the model costs."""
    import torch

    model.eval()
    with torch.no_grad():
        model(**ids(1))
    model.train()


def probe(model: Any) -> None:
    """The same forward, with every layer's weights, output check and lengths of values computed and let go."""
    from tensorboard_plugin_attn.capturing import Row, probe_rows

    probe_rows(model, ids(1), [Row(0, lambda _, layer: None)], values=True)


def training_step(model: Any, optimizer: Any) -> None:
    model(**ids(TRAINING_BATCH))[0].square().mean().backward()
    optimizer.step()
    optimizer.zero_grad()


def user_seconds(action: Callable[[], Any], repeats: int = REPEATS) -> float:
    """User CPU seconds of one run, this process alone."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    for _ in range(repeats):
        action()
    return (resource.getrusage(resource.RUSAGE_SELF).ru_utime - before) / repeats


def ratio(one: Callable[[], Any], other: Callable[[], Any]) -> tuple[float, float, float]:
    """Median of one / other over alternating pairs, and the median seconds of each."""
    one(), other()
    pairs = []
    for number in range(PAIRS):
        if number % 2:
            first = user_seconds(one)
            pairs.append((first, user_seconds(other)))
        else:
            second = user_seconds(other)
            pairs.append((user_seconds(one), second))
    return (
        statistics.median(a / b for a, b in pairs),
        statistics.median(a for a, _ in pairs),
        statistics.median(b for _, b in pairs),
    )


def peak_mib(action: Callable[[], Any]) -> float:
    """The most memory that tensors held during a call, above that before it; read off every allocation."""
    from torch.profiler import ProfilerActivity, profile

    action()
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as seen:
        action()
    events = [event for event in seen.profiler.kineto_results.events() if event.name() == "[memory]"]
    held = accumulate(event.nbytes() for event in sorted(events, key=lambda event: event.start_ns()))
    return max(held, default=0) / MIB


def add_probe_row(model: Any, batch: int) -> tuple[float, float, float]:
    """This thread's and wall seconds per record for which ``add_probe`` holds up the training, and how many plain forwards
    of one input that is."""
    from tensorboard_plugin_attn import AttentionWriter

    tags = [f"probe/{number}" for number in range(batch)]
    tokens = [[f"t{number}" for number in range(LENGTH)]] * batch
    seconds, walls, times = [], [], []
    with tempfile.TemporaryDirectory() as folder, AttentionWriter(folder) as writer:
        for step in range(3 * PAIRS + 1):
            started, before = time.perf_counter(), time.thread_time()
            writer.add_probe(tags, model, ids(batch), tokens, step)
            seconds.append((time.thread_time() - before) / batch)
            walls.append((time.perf_counter() - started) / batch)
            writer.flush()
            before = time.thread_time()
            plain_forward(model)
            times.append(seconds[-1] / (time.thread_time() - before))
    return statistics.median(seconds[1:]), statistics.median(walls[1:]), statistics.median(times[1:])


def report(name: str) -> None:
    """Print the rows of one model."""
    import torch

    model = model_of(name)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
    times, probed, plain = ratio(lambda: probe(model), lambda: plain_forward(model))
    extra = peak_mib(lambda: probe(model)) - peak_mib(lambda: plain_forward(model))
    training_step(model, optimizer)
    step = user_seconds(lambda: training_step(model, optimizer), 2)
    print(f"{name}, {LAYERS} × {WIDTH}, {LENGTH} tokens, user CPU time")
    print(
        f"  probe with values / plain eval forward | ≤ 1.3 × | {times:.3f} × ({probed * 1e3:.1f} / {plain * 1e3:.1f} ms)"
    )
    print(f"  extra peak memory of a probe | ≤ 16 MiB | {extra:.1f} MiB")
    print(
        f"  training step, batch {TRAINING_BATCH} | – | {step * 1e3:.0f} ms, a probe is {probed / step:.1%} of it"
    )
    for batch in (1, 8):
        cpu, wall, times = add_probe_row(model, batch)
        if batch == 1:
            print(f"  add_probe / plain eval forward | ≤ 1.8 × | {times:.3f} ×")
        print(
            f"  add_probe blocks, batch of {batch}, per record | – | {wall * 1e3:.1f} ms, processor {cpu * 1e3:.1f} ms, "
            f"{cpu / step:.1%} of a training step",
            flush=True,
        )


def main() -> None:
    import torch

    torch.set_num_threads(1)
    print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores, torch {torch.__version__}, one thread")
    for name in ("BERT", "GPT-2"):
        report(name)


if __name__ == "__main__":
    main()
