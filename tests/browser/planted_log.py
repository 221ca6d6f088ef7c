"""A directory → a log of planted patterns in it: what every head shows at every step is known beforehand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from logs.random_attention import SENTENCE as TOKENS
from logs.random_attention import softmax_weights
from numpy.typing import NDArray

from tensorboard_plugin_attn import AttentionRecord, AttentionWriter, LayerAttention

__all__ = [
    "HEADS",
    "HOSTILE",
    "LAYERS",
    "RUNS",
    "STEEP",
    "STEPS",
    "TOKENS",
    "PlantedLog",
    "pattern_weights",
    "steep_weights",
    "write_log",
]

RUNS = ("planted", "second")
STEPS = (0, 10, 250)
LAYERS, HEADS = 3, 12
BRIGHT = (3, 9)
"""Query and key of the one bright cell."""

STEEP = (1, 126)
"""Query and key of the one strong line among 128 tokens."""

HOSTILE = [
    "[CLS]",
    "</script><img src=x onerror=parent.document.title='owned'>",
    "<b>bold</b>",
    "&lt;amp&gt;",
    "שלום\u202eעולם",
    "مرحبا",
    "👩‍👩‍👧‍👦",
    "\ud83d",
    "\x00\x07\x1b[31m",
    "\u200b",
    "",
    "x" * 10_000,
    "${alert(1)}",
    "Ġ▁##",
    "[SEP]",
]

Pattern = Callable[[int], NDArray[np.float32]]


def identity(length: int) -> NDArray[np.float32]:
    """Each token attends to itself."""
    return np.eye(length, dtype=np.float32)


def previous(length: int) -> NDArray[np.float32]:
    """Each token attends to the one before it, the first to itself."""
    return np.eye(length, dtype=np.float32)[[0, *range(length - 1)]]


def first(length: int) -> NDArray[np.float32]:
    """Each token attends to the first."""
    return np.eye(length, dtype=np.float32)[[0] * length]


def bright_cell(length: int) -> NDArray[np.float32]:
    """One query attends to one key, all others evenly."""
    weights = uniform(length)
    weights[BRIGHT[0]] = 0
    weights[BRIGHT] = 1
    return weights


def uniform(length: int) -> NDArray[np.float32]:
    """Each token attends to all evenly."""
    return np.full((length, length), 1 / length, np.float32)


def noise(seed: int) -> Pattern:
    """Softmax of noise."""
    return lambda length: softmax_weights(1, length, length, seed)[0]


PATTERNS: tuple[Pattern, ...] = (identity, previous, first, bright_cell, uniform, *map(noise, range(7)))


def pattern_at(layer: int, head: int, step: int, run: str = RUNS[0]) -> Pattern:
    """The pattern of a head of the probe ``patterns``: the next one at each step, layer and run."""
    return PATTERNS[(head + STEPS.index(step) + layer + RUNS.index(run)) % len(PATTERNS)]


def pattern_weights(step: int, run: str = RUNS[0]) -> NDArray[np.float32]:
    """Weights ``[layer, head, query, key]`` of the probe ``patterns``."""
    length = len(TOKENS)
    return np.stack(
        [
            np.stack([pattern_at(layer, head, step, run)(length) for head in range(HEADS)])
            for layer in range(LAYERS)
        ]
    )


def steep_weights() -> NDArray[np.float32]:
    """12 heads of 128 tokens: head 0 has one strong line from top to bottom, the others are noise."""
    weights = softmax_weights(HEADS, 128, 128, 1)
    weights[0] = uniform(128)
    weights[0, STEEP[0]] = 0
    weights[(0, *STEEP)] = 1
    return weights


def pair_record(seed: int) -> AttentionRecord:
    """Two sentences of six and five tokens."""
    tokens = ["[CLS]", "who", "was", "late", "?", "[SEP]", "she", "was", "late", "[SEP]"]
    layers = [
        LayerAttention(softmax_weights(4, len(tokens), len(tokens), seed + layer)) for layer in range(2)
    ]
    return AttentionRecord(layers, tokens, sentence_b_start=6)


def translation_record(seed: int) -> AttentionRecord:
    """Two layers each of encoder, decoder and cross-attention."""
    source, target = ["the", "nurse", "was", "late", "</s>"], ["<s>", "die", "Schwester", "kam", "zu", "spät"]
    shapes = {
        ("encoder", "self"): (len(source), len(source)),
        ("decoder", "self"): (len(target), len(target)),
        ("decoder", "cross"): (len(target), len(source)),
    }
    layers = [
        LayerAttention(
            softmax_weights(4, *shape, seed + 7 * number, causal=kind == "self" and stack == "decoder"),
            name=f"{stack}.{number}.{kind}",
            kind=kind,
            stack=stack,
        )
        for (stack, kind), shape in shapes.items()
        for number in range(2)
    ]
    return AttentionRecord(layers, source, decoder_tokens=target)


def ragged_record(seed: int) -> AttentionRecord:
    """Layers of 3, 12, 1 and 20 heads."""
    layers = [LayerAttention(softmax_weights(heads, 6, 6, seed + heads)) for heads in (3, 12, 1, 20)]
    return AttentionRecord(layers, ["a", "b", "c", "d", "e", "f"])


@dataclass(frozen=True)
class PlantedLog:
    """Where the log lies, and its one file that cannot be read."""

    directory: Path
    damaged: Path


def write_log(directory: Path) -> PlantedLog:
    """Write two runs of ``patterns``, and in the first all other probes; step 10 of ``damaged`` is cut off."""
    for run in RUNS:
        with AttentionWriter(directory / run) as writer:
            for step in STEPS:
                writer.add_attention("patterns", pattern_weights(step, run), TOKENS, step)
    with AttentionWriter(directory / RUNS[0]) as writer:
        length = len(HOSTILE)
        writer.add_attention("hostile/<i>", softmax_weights(4, length, length)[None], HOSTILE, 0)
        writer.add_attention("long/128", steep_weights()[None], [f"token{n}" for n in range(128)], 0)
        for step in STEPS:
            writer.add_record("pair/she", pair_record(step), step)
            writer.add_record("translation", translation_record(step), step)
            writer.add_record("ragged", ragged_record(step), step)
            writer.add_attention("damaged", pattern_weights(step), TOKENS, step)
    cut = directory / RUNS[0] / "plugins" / "attn" / "damaged" / f"{STEPS[1]:012d}.safetensors"
    cut.write_bytes(cut.read_bytes()[:900])
    return PlantedLog(directory, cut)
