"""Cross-attention ``[head, query, key]`` over the frames of a sound → when each word is said, and which heads tell it.

Each key's weights are z-scored over the words, smoothed over frames and averaged over heads; dynamic time warping then gives
each word its frames: Whisper's way to word times (Radford et al. 2023, ``openai/whisper``). What differs: the deviation of a
frame counts for no less than a tenth of the head's mean weight, else the noise of a long silence decides where words are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn.errors import InvalidRecordError
from tensorboard_plugin_attn.record.layer import LayerAttention
from tensorboard_plugin_attn.record.record import AttentionRecord

__all__ = ["AlignedWord", "AlignmentHead", "align_words", "alignment_heads", "warped"]

SMOOTHED = 7  # frames of the median filter
SILENT = 0.1  # of a head's mean weight: differences below say nothing
NEAR = 0.2  # seconds beside a word's own frames

Matrix = NDArray[np.float32]


@dataclass(frozen=True)
class AlignedWord:
    """A position of the decoder, its name, the seconds in which it is heard, and the one with the most weight in them."""

    query: int
    token: str
    start: float
    end: float
    peak: float


@dataclass(frozen=True)
class AlignmentHead:
    """A head of cross-attention, and the share of its weight within 0.2 s of the path that suits it best."""

    layer: int
    head: int
    score: float


def align_words(
    record: AttentionRecord,
    *,
    heads: Sequence[tuple[int, int]] | None = None,
    queries: slice | Sequence[int] = slice(None),
    smoothed: int = SMOOTHED,
) -> list[AlignedWord]:
    """When each position of the decoder is heard, by the cross-attention of the heads that align.

    Args:
        record: with cross-attention whose keys are frames of a sound.
        heads: pairs ``(layer, head)``, the layers counted as in ``record.layers``; None: the best tenth of
            ``alignment_heads``, at least one.
        queries: the positions that say a word, in order; a position attends to the word that it is about to say.
        smoothed: width of the median filter over frames, 1 for none.

    Raises:
        InvalidRecordError: there is no such layer, head or position.
    """
    ranked = alignment_heads(record, queries=queries)
    if heads is None:
        heads = [(each.layer, each.head) for each in ranked[: max(1, len(ranked) // 10)]]
    known = {(each.layer, each.head) for each in ranked}
    strangers = sorted(set(heads) - known)
    if strangers or not heads:
        raise InvalidRecordError(
            f"heads must be pairs (layer, head) of cross-attention over a sound, got {strangers or list(heads)}; "
            f"there are {sorted(known)}"
        )
    first = record.layers[heads[0][0]]
    span = sound_of(first)
    assert span is not None
    at = slice(int(span["start"]), int(span["start"]) + int(span["length"]))
    rows = positions(first, queries)
    maps = np.stack([np.asarray(record.layers[layer].weights)[head][rows, at] for layer, head in heads])
    path = warped(prepared(maps, smoothed))
    seconds, offset = float(span["seconds"]), float(span.get("offset", 0.0))
    words = []
    for number, row in enumerate(rows):
        frames = path[1][path[0] == number]
        start, end = offset + frames[0] * seconds, offset + (frames[-1] + 1) * seconds
        weights = maps[:, number, frames[0] : frames[-1] + 1].mean(axis=0)
        peak = offset + (frames[0] + int(weights.argmax()) + 0.5) * seconds
        words.append(AlignedWord(int(row), first.query_tokens[row], float(start), float(end), float(peak)))
    return words


def alignment_heads(
    record: AttentionRecord, *, queries: slice | Sequence[int] = slice(None)
) -> list[AlignmentHead]:
    """Every head of cross-attention over a sound, the one that aligns best first.

    Its score is the share of its weight, a mean over words, within 0.2 s of the frames that its own best path gives the
    word: near 1 for a head that goes through the sound word by word.

    Raises:
        InvalidRecordError: the record has no cross-attention whose keys are frames of a sound.
    """
    found = []
    for number, layer in enumerate(record.layers):
        span = sound_of(layer)
        if span is None:
            continue
        at = slice(int(span["start"]), int(span["start"]) + int(span["length"]))
        for head, weights in enumerate(np.asarray(layer.weights)[:, positions(layer, queries), at]):
            found.append(AlignmentHead(number, head, on_path(weights, float(span["seconds"]))))
    if not found:
        raise InvalidRecordError(
            "no layer of this record is cross-attention over a sound; log it with "
            'tokens={"audio": SoundTokens(), "decoder": tokenizer}'
        )
    return sorted(found, key=lambda each: -each.score)


def sound_of(layer: LayerAttention) -> dict[str, Any] | None:
    """The sound among the keys of a layer of cross-attention; None where there is none."""
    if layer.kind != "cross":
        return None
    return next((dict(span) for span in layer.key_spans if span["kind"] == "sound"), None)


def positions(layer: LayerAttention, queries: slice | Sequence[int]) -> NDArray[np.int64]:
    """The chosen queries by their numbers. Raises InvalidRecordError where there are none such."""
    every = np.arange(layer.num_queries)
    try:
        chosen = every[queries if isinstance(queries, slice) else np.array(queries, np.int64)]
    except IndexError:
        chosen = every[:0]
    if not len(chosen):
        raise InvalidRecordError(
            f"queries must be some of the {layer.num_queries} positions of the decoder, got {queries!r}"
        )
    return chosen


def on_path(weights: Matrix, seconds: float) -> float:
    """The share of ``[word, frame]`` weights within ``NEAR`` of each word's frames on their own best path."""
    words, frames = warped(prepared(weights[None], SMOOTHED))
    beside = round(NEAR / seconds)
    shares = []
    for word, row in enumerate(weights):
        own = frames[words == word]
        total = float(row.sum())
        near = row[max(0, own[0] - beside) : own[-1] + beside + 1].sum()
        shares.append(float(near) / total if total > 0 else 0.0)
    return float(np.mean(shares))


def prepared(maps: NDArray[np.float32], smoothed: int) -> Matrix:
    """``[head, word, frame]`` → z-scored over words where words differ, a median over neighbouring frames, and the mean over heads."""
    spread = maps.std(axis=1, keepdims=True) + SILENT * maps.mean(axis=(1, 2), keepdims=True)
    scored = (maps - maps.mean(axis=1, keepdims=True)) / np.where(spread > 0, spread, 1)
    half = smoothed // 2
    if half and maps.shape[-1] > half:
        padded = np.pad(scored, ((0, 0), (0, 0), (half, half)), mode="reflect")
        windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1, axis=-1)
        scored = np.median(windows, axis=-1)
    matrix: Matrix = scored.mean(axis=0).astype(np.float32)
    return matrix


def warped(matrix: Matrix) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The path through ``[word, frame]`` with the largest sum, from the first of both to the last of both.

    Each step goes one word on, one frame on, or both (Sakoe & Chiba 1978). Words and frames of the path, in order.
    """
    words, frames = matrix.shape
    cost = np.full((words + 1, frames + 1), np.inf)
    came = np.zeros((words + 1, frames + 1), np.int8)
    cost[0, 0] = 0
    for word in range(1, words + 1):
        for frame in range(1, frames + 1):
            before = cost[word - 1, frame - 1], cost[word - 1, frame], cost[word, frame - 1]
            came[word, frame] = best = int(np.argmin(before))
            cost[word, frame] = before[best] - matrix[word - 1, frame - 1]
    path = []
    word, frame = words, frames
    while word and frame:
        path.append((word - 1, frame - 1))
        step = came[word, frame]
        word, frame = word - (step != 2), frame - (step != 1)
    found = np.array(path[::-1], np.int64)
    return found[:, 0], found[:, 1]
