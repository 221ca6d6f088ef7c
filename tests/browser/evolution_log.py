"""A directory → a log in which one head becomes a previous-token head at a known step, with a control run and a loss."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from logs.random_attention import softmax_weights
from numpy.typing import NDArray

from tensorboard_plugin_attn import AttentionWriter

__all__ = [
    "DAMAGED",
    "EMERGED",
    "HEAD",
    "HEADS",
    "LAYERS",
    "METRICS_ONLY",
    "PAIR",
    "STEPS",
    "TAG",
    "write_evolution",
]

LAYERS, HEADS = 2, 4
TOKENS = ["[CLS]", "the", "nurse", "spoke", "because", "she", "was", "late", "[SEP]"]
TAG = "probe/she"
STEPS = list(range(0, 400, 10))
HEAD = (1, 2)
EMERGED = 200
METRICS_ONLY = 210
DAMAGED = 120
PAIR = "she→nurse"


def weights_at(step: int, *, emerges: bool) -> NDArray[np.float32]:
    """Still but for a little noise; one head jumps to the token before when it emerges."""
    length = len(TOKENS)
    weights = np.stack([softmax_weights(HEADS, length, length, seed=layer) for layer in range(LAYERS)])
    noise = softmax_weights(LAYERS * HEADS, length, length, seed=1000 + step).reshape(weights.shape)
    weights = (0.98 * weights + 0.02 * noise).astype(np.float32)
    if emerges and step >= EMERGED:
        before = np.eye(len(TOKENS), dtype=np.float32)[[0, *range(len(TOKENS) - 1)]]
        weights[HEAD] = 0.9 * before + 0.1 * weights[HEAD]
    return weights


def write_evolution(directory: Path) -> Path:
    """Runs ``emerging`` and ``control``; the first has a loss, a damaged step and a step of metrics alone."""
    from torch.utils.tensorboard import SummaryWriter

    for run in ("emerging", "control"):
        with (
            SummaryWriter(str(directory / run)) as events,
            AttentionWriter(events, scalars=False) as writer,
        ):
            for step in STEPS:
                weights = weights_at(step, emerges=run == "emerging")
                only = run == "emerging" and step == METRICS_ONLY
                writer.add_attention(
                    TAG, weights, TOKENS, step, track={PAIR: ("she", "nurse")}, metrics_only=only
                )
                if run == "emerging":
                    events.add_scalar("train/loss", 3 / (1 + step / 100), step)
                    events.add_scalar("learning_rate", 1e-3, step)
    (damaged,) = (directory / "emerging").rglob(f"{DAMAGED:012d}.safetensors")
    damaged.write_bytes(damaged.read_bytes()[:200])
    with AttentionWriter(directory / "single") as writer:
        writer.add_attention("one/step", weights_at(0, emerges=False), TOKENS, 0)
    return directory
