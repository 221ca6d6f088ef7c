"""Cross-attention over a sound → word times: planted words are found where they are, and the head that aligns first."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from logs.random_attention import softmax_weights

from tensorboard_plugin_attn import AttentionRecord, LayerAttention, align_words, alignment_heads
from tensorboard_plugin_attn.errors import InvalidRecordError
from tensorboard_plugin_attn.record.spans import sound_span
from tensorboard_plugin_attn.studying.alignment import warped

SECONDS, FRAMES = 0.02, 150
SPOKEN = [(10, 30), (40, 70), (90, 120)]
WORDS = ["<s>", "one", "two"]


def planted() -> AttentionRecord:
    """Two layers of two heads, of which 1.0 is spread over the frames of each word."""
    maps = np.stack([softmax_weights(2, len(WORDS), FRAMES, seed) for seed in (3, 4)])
    for word, (start, stop) in enumerate(SPOKEN):
        maps[1, 0, word] *= 0.1
        maps[1, 0, word, start:stop] += 0.9 / (stop - start)
    layers = [
        LayerAttention(each, kind="cross", stack="decoder", name=f"layers.{n}") for n, each in enumerate(maps)
    ]
    record = AttentionRecord(layers, [f"{n * SECONDS:.2f}s" for n in range(FRAMES)], decoder_tokens=WORDS)
    for layer in record.layers:
        layer.key_spans = [sound_span(0, FRAMES, SECONDS)]
    return record


def test_the_head_that_goes_from_word_to_word_is_first() -> None:
    ranked = alignment_heads(planted())
    assert (ranked[0].layer, ranked[0].head) == (1, 0)
    assert ranked[0].score > 0.85
    assert ranked[1].score < 0.7
    assert len(ranked) == 4


def test_each_word_is_heard_where_it_was_said() -> None:
    heard = align_words(planted(), heads=[(1, 0)])
    assert [each.token for each in heard] == WORDS
    for each, (start, stop) in zip(heard, SPOKEN, strict=True):
        assert each.start <= (start + 2) * SECONDS
        assert each.end >= (stop - 2) * SECONDS
        assert start * SECONDS <= each.peak <= stop * SECONDS
    assert [each.start for each in heard[1:]] == pytest.approx([each.end for each in heard[:-1]], abs=SECONDS)
    assert (heard[0].start, heard[-1].end) == (0.0, pytest.approx(FRAMES * SECONDS))


def test_a_silence_in_which_one_word_has_a_little_more_of_next_to_nothing_leads_no_word_astray() -> None:
    record = planted()
    weights = np.full((len(WORDS), FRAMES), 1e-4, np.float32)
    weights[1, :60] = 3e-4
    for word, start in enumerate((60, 80, 100)):
        weights[word, start : start + 20] = 0.05
    record.layers[1].weights[0] = weights
    heard = align_words(record, heads=[(1, 0)])
    assert [each.start for each in heard[1:]] == pytest.approx([80 * SECONDS, 100 * SECONDS], abs=4 * SECONDS)


def test_only_the_chosen_positions_say_a_word() -> None:
    heard = align_words(planted(), heads=[(1, 0)], queries=slice(1, 3))
    assert [(each.query, each.token) for each in heard] == [(1, "one"), (2, "two")]


@pytest.mark.parametrize("seed", range(5))
def test_the_path_is_the_best_of_all(seed: int) -> None:
    matrix = np.random.default_rng(seed).normal(size=(3, 5)).astype(np.float32)

    def every_path(word: int, frame: int) -> list[list[tuple[int, int]]]:
        if (word, frame) == (0, 0):
            return [[(0, 0)]]
        before = [(word - 1, frame - 1), (word - 1, frame), (word, frame - 1)]
        return [[*path, (word, frame)] for at in before if min(at) >= 0 for path in every_path(*at)]

    best = max(every_path(2, 4), key=lambda path: sum(matrix[at] for at in path))
    assert list(zip(*warped(matrix), strict=True)) == best
    assert all(after >= before for before, after in itertools.pairwise(best))


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"heads": [(0, 7)]}, r"got \[\(0, 7\)\]; there are \[\(0, 0\), \(0, 1\)"),
    ({"heads": []}, "heads must be pairs"),
    ({"queries": [9]}, "some of the 3 positions"),
]


@pytest.mark.parametrize(("options", "told"), REFUSED)
def test_heads_and_positions_that_are_not_there_are_refused(options: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidRecordError, match=told):
        align_words(planted(), **options)


def test_a_record_without_a_sound_has_no_times() -> None:
    record = AttentionRecord([LayerAttention(softmax_weights(1, 3, 3))], WORDS)
    with pytest.raises(InvalidRecordError, match="no layer of this record is cross-attention over a sound"):
        align_words(record)
