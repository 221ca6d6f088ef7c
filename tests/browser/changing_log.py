"""A directory → a log in which it is known which head changed when, what attends where, and what is broken."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
from logs.random_attention import softmax_weights
from numpy.typing import NDArray

from tensorboard_plugin_attn import AttentionWriter, LayerAttention
from tensorboard_plugin_attn.record.tokens import TokenAxes

__all__ = ["HE", "MOVED", "PAIR", "SHE", "SICK", "STEPS", "write_log"]

SHE = ["[CLS]", "the", "nurse", "said", "she", "was", "late", "[SEP]"]
HE = ["he" if token == "she" else token for token in SHE]
STEPS = tuple(range(0, 100, 10))
LAYERS, HEADS = 2, 4
PAIR = (4, 2)
"""Query and key, she and nurse, of what one head comes to attend to."""
MOVED = (1, 2, 50)
"""Layer, head and first step of that."""
SICK = {"nan": (30, 0, 3), "entropy_collapse": (60, 1, 1), "masked": (40, 1, 2)}
"""Step, layer and head of the one fault of a run."""


def weights_at(step: int, run: str, tag: str) -> NDArray[np.float32]:
    """Weights ``[layer, head, query, key]``: layer 0 never changes, layer 1 drifts, one head moves."""
    length = len(SHE)
    seed = {"a": 0, "b": 1000}.get(run, 0) + (7 if tag == "he" else 0)
    still = softmax_weights(HEADS, length, length, 1 + seed)
    drift = softmax_weights(HEADS, length, length, 2 + seed)
    other = softmax_weights(HEADS, length, length, 3 + seed)
    share = np.float32(step / 1000)
    drifting = drift * (1 - share) + other * share
    _, head, since = MOVED
    if step >= since:
        drifting[head, PAIR[0]] *= np.float32(0.1) / (1 - drifting[(head, *PAIR)])
        drifting[(head, *PAIR)] = np.float32(0.9)
    return np.stack([still, drifting])


def sick_weights(kind: str, step: int) -> NDArray[np.float32]:
    """The same with one fault from its step on."""
    weights = weights_at(0, "a", "she") + np.float32(0)
    weights[1] = weights[1] * (1 - step / 5000) + step / 5000 / len(SHE)
    first, layer, head = SICK[kind]
    if step < first:
        return weights
    if kind == "nan":
        weights[layer, head, 1, 2] = np.nan
    elif kind == "entropy_collapse":
        keys = [(3 * query + 4) % len(SHE) for query in range(len(SHE))]
        weights[layer, head] = np.eye(len(SHE), dtype=np.float32)[keys]
    return weights


def causal(weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """No weight on later keys."""
    kept = np.tril(weights)
    return np.asarray(kept / kept.sum(axis=-1, keepdims=True), np.float32)


def write_log(directory: Path) -> Path:
    """Runs a and b with probes she and he (a also ``short``), and one run for every fault."""
    for run in ("a", "b"):
        with AttentionWriter(directory / run) as writer:
            for step in STEPS:
                for tag, tokens in (("she", SHE), ("he", HE)):
                    track = {"she → nurse": PAIR} if tag == "she" else None
                    writer.add_attention(tag, weights_at(step, run, tag), tokens, step, track=track)
    with AttentionWriter(directory / "a") as writer:
        short = softmax_weights(HEADS, 3, 3, 5)
        writer.add_attention("short", np.stack([short, short]), SHE[:3], STEPS[-1])
    for kind in SICK:
        write_sick(directory, kind)
    return directory


def write_sick(directory: Path, kind: str) -> None:
    """One run with one fault."""
    with AttentionWriter(directory / kind) as writer, warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        for step in STEPS:
            weights = sick_weights(kind, step)
            draft = writer.draft(
                "she", step, TokenAxes(SHE), None, allow_nan=True
            )  # as captured: may be broken
            for layer in weights if kind != "masked" else leaking_layers(weights, step):
                draft.add(LayerAttention(layer, mask="causal" if kind == "masked" else None))
            writer.hand_over("she", draft, step)


def leaking_layers(weights: NDArray[np.float32], step: int) -> list[NDArray[np.float32]]:
    """Causal layers, of which one head sees later keys from its step on."""
    layers = [causal(each) for each in weights]
    since, layer, head = SICK["masked"]
    if step >= since:
        layers[layer][head] = weights[layer, head]
    return layers
