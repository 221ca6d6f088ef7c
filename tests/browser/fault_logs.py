"""A directory → logs on which each fault of the tab of 0.1 shows, written by names that 0.1 has too.

Run as a program, with the name of a log and a directory, it writes with the package that is imported, and says which.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from logs.random_attention import SENTENCE as TOKENS
from logs.random_attention import softmax_weights
from numpy.typing import NDArray

import tensorboard_plugin_attn
from tensorboard_plugin_attn import AttentionRecord, AttentionWriter, LayerAttention

__all__ = ["HEADS", "LATE", "LAYERS", "LOGS", "LONG", "MANY", "MOVED", "STEPS", "TOKENS"]

SHE, NURSE = TOKENS.index("she"), TOKENS.index("nurse")
PAIR = "she→nurse"
STEPS = range(0, 97, 8)
LAYERS, HEADS = 6, 12
MOVED = (5, 3)
"""Layer and head of the largest change; some others of the last two layers follow it."""
FOLLOWERS = ((5, 8), (4, 7))
PROBES = ("she", "he", "it", "they", "one")
SICK_STEPS, COLLAPSED, BROKEN = range(0, 100, 10), 30, 60
LATE = range(123_456_789, 993_456_789, 72_500_000)
LONG = 128
MANY = tuple(f"sweeps/bert-base-uncased-wikipedia-lr3e-4-decay.01-seed{seed:02}" for seed in range(12))


def weights_at(step: int, shift: float, probe: str = "she") -> NDArray[np.float32]:
    """Still heads, of which some come to look from "she" to "nurse" by a share that grows until step 48."""
    length = len(TOKENS)
    seed = PROBES.index(probe)
    weights = softmax_weights(LAYERS * HEADS, length, length, seed).reshape(LAYERS, HEADS, length, length)
    for place, (layer, head) in enumerate((MOVED, *FOLLOWERS)):
        share = np.float32(shift * min(1, step / 48) * (1 - 0.2 * place))
        weights[layer, head, SHE] *= 1 - share
        weights[layer, head, SHE, NURSE] += share
    return weights


def write_demo(directory: Path) -> None:
    """Runs like those of the main demo, whose scalars are written as by default, and a run for each other fault."""
    from torch.utils.tensorboard import SummaryWriter

    for run, shift in (("skewed", 0.8), ("control", 0.0)):
        with SummaryWriter(str(directory / run)) as events, AttentionWriter(events) as writer:
            for step in STEPS:
                events.add_scalar("train/loss", 2 / (1 + step / 10), step)
                weights = weights_at(step, shift)
                writer.add_attention("doctor/she", weights, TOKENS, step, track={PAIR: (SHE, NURSE)})
        with AttentionWriter(directory / run) as writer:
            for probe in PROBES[1:]:
                writer.add_attention(f"doctor/{probe}", weights_at(0, shift, probe), TOKENS, 0)
    for write in (write_lengths, write_late, write_sick, write_odd, write_sizes):
        write(directory)


def write_lengths(directory: Path) -> None:
    """Of one probe a run of 96 steps and one of a million."""
    small = softmax_weights(8, 6, 6, 1).reshape(2, 4, 6, 6)
    other = softmax_weights(8, 6, 6, 2).reshape(2, 4, 6, 6)
    for run, tag, steps in (
        ("short", "lengths", STEPS),
        ("longer", "lengths", [1_000_000 * number // 12 for number in range(13)]),
    ):
        with AttentionWriter(directory / run) as writer:
            for step in steps:
                share = np.float32(step / steps[-1])
                writer.add_attention(tag, small * (1 - share) + other * share, list("abcdef"), step)


def write_late(directory: Path) -> None:
    """Steps of nine digits, a head that changes and a loss beside it."""
    from torch.utils.tensorboard import SummaryWriter

    with (
        SummaryWriter(str(directory / "late")) as events,
        AttentionWriter(events, scalars=False) as writer,
    ):
        for number, step in enumerate(LATE):
            events.add_scalar("train/loss", 2 / (1 + number), step)
            weights = weights_at(8 * number, 0.8)[4:]
            writer.add_attention("late", weights, TOKENS, step, track={PAIR: (SHE, NURSE)})


def write_sick(directory: Path) -> None:
    """A model of two layers: at one step the scores of the first grow, later a head of the second is NaN."""
    import torch

    torch.manual_seed(0)
    first, second = model = two_layers()
    tokens = torch.randn(1, 8, 16)
    with AttentionWriter(directory / "sick") as writer, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for step in SICK_STEPS:
            with torch.no_grad():
                if step == COLLAPSED:
                    first.query.weight *= 400
                if step == BROKEN:
                    second.query.weight[0, 0] = float("nan")
            writer.add_probe("sick", model, tokens, TOKENS[:8], step)


def two_layers() -> Any:
    """Layers of four heads, both on the same input: what befalls the first leaves the second as it was."""
    import torch
    from torch.nn.functional import scaled_dot_product_attention

    class Layer(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.query, self.key, self.value = (torch.nn.Linear(16, 16) for _ in range(3))

        def forward(self, given: Any) -> Any:
            query, key, value = (
                each(given).view(1, 8, 4, 4).transpose(1, 2) for each in (self.query, self.key, self.value)
            )
            return scaled_dot_product_attention(query, key, value).transpose(1, 2).reshape(1, 8, 16)

    class TwoLayers(torch.nn.ModuleList):
        def forward(self, given: Any) -> Any:
            return sum(layer(given) for layer in self)

    return TwoLayers([Layer(), Layer()])


def write_odd(directory: Path) -> None:
    """A step of metrics alone, a translation whose layers come as they are called, some heads, a long text."""
    with AttentionWriter(directory / "sparse") as writer:
        for step in (0, 10, 20):
            weights = softmax_weights(4, 6, 6, step)[None]
            writer.add_attention("sparse", weights, list("abcdef"), step, metrics_only=step == 10)
    with AttentionWriter(directory / "odd") as writer:
        writer.add_record("translation", translation(), 0)
        some = LayerAttention(softmax_weights(3, 6, 6), heads=[1, 3, 5])
        writer.add_record("some-heads", AttentionRecord([some, some], list("abcdef")), 0)
        long = softmax_weights(2, LONG, LONG)[None]
        writer.add_attention("long", long, [f"token{number}" for number in range(LONG)], 0)


def translation() -> AttentionRecord:
    """Three layers of each kind; the decoder's own attention and the one across take turns, as a model calls them."""
    source, target = list("abcde"), list("uvwxyz")
    called = [("encoder", "self")] * 3 + [("decoder", "self"), ("decoder", "cross")] * 3
    sizes = {("encoder", "self"): (5, 5), ("decoder", "self"): (6, 6), ("decoder", "cross"): (6, 5)}
    layers = [
        LayerAttention(
            softmax_weights(4, *sizes[stack, kind], number),
            name=f"{stack}.layers.{number if stack == 'encoder' else (number - 3) // 2}.{kind}_attn",
            kind=kind,
            stack=stack,
        )
        for number, (stack, kind) in enumerate(called)
    ]
    return AttentionRecord(layers, source, decoder_tokens=target)


def write_sizes(directory: Path) -> None:
    """One head alone, and 80 layers of 64; two steps, between which the heads change."""
    for run, layers, heads in (("tiny", 1, 1), ("large", 80, 64)):
        with AttentionWriter(directory / run) as writer:
            for step in (0, 10):
                weights = softmax_weights(layers * heads, 6, 6, step).reshape(layers, heads, 6, 6)
                writer.add_attention(run, weights, list("abcdef"), step)


def write_many(directory: Path) -> None:
    """Runs whose long names differ at their ends."""
    for number, run in enumerate(MANY):
        with AttentionWriter(directory / run) as writer:
            for step in (0, 10, 20):
                weights = softmax_weights(4, 6, 6, 100 * number + step).reshape(2, 2, 6, 6)
                writer.add_attention("probe", weights, list("abcdef"), step)


LOGS: dict[str, Callable[[Path], None]] = {"demo": write_demo, "many": write_many}

if __name__ == "__main__":
    LOGS[sys.argv[1]](Path(sys.argv[2]))
    print(tensorboard_plugin_attn.__file__)
