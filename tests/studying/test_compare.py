"""Comparing two records: known changes, ranking, and what is refused with its reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from logs.random_attention import softmax_weights, token_list

from tensorboard_plugin_attn import AttentionReader, AttentionRecord, AttentionWriter, LayerAttention
from tensorboard_plugin_attn.errors import IncomparableError, NotRecordedError
from tensorboard_plugin_attn.studying.compare import pool_differences

SHE = ["[CLS]", "the", "nurse", "and", "she", "[SEP]"]
HE = [*SHE[:4], "he", SHE[5]]


def weights(seed: int = 0) -> np.ndarray:
    return np.stack([softmax_weights(3, 6, 6, seed + layer) for layer in range(2)])


def log(logdir: Path, run: str, tag: str, step: int, values: Any, tokens: list[str], **options: Any) -> None:
    with AttentionWriter(logdir / run, precision="float32") as writer:
        writer.add_attention(tag, values, tokens, step, **options)


def moved(values: np.ndarray) -> np.ndarray:
    """Head 1.2 looks from query 4 at key 2 instead."""
    after = values.copy()
    after[1, 2, 4] = np.eye(6)[2]
    return after


def test_the_head_that_moved_is_first_with_its_largest_single_change(tmp_path: Path) -> None:
    before, after = weights(), moved(weights())
    log(tmp_path, "a", "p", 0, before, SHE)
    log(tmp_path, "a", "p", 5, after, SHE)
    comparison = AttentionReader(tmp_path).compare(("a", "p", 0), ("a", "p", 5))
    first, *others = comparison.ranking()
    assert (first.layer, first.head, first.query_token, first.key_token) == (1, 2, "she", "nurse")
    assert first.before == pytest.approx(before[1, 2, 4, 2])
    assert first.after == 1
    assert [other.change for other in others] == [0] * 5
    assert comparison.difference(1) == pytest.approx(after[1] - before[1])
    assert comparison.layer_change == pytest.approx([0, first.change / 3])
    assert comparison.differing == {}


def test_change_is_zero_for_the_same_record_and_one_where_nothing_is_shared(tmp_path: Path) -> None:
    with AttentionWriter(tmp_path / "b") as writer:
        for step, values in enumerate([np.eye(6), np.eye(6)[:, ::-1]]):
            record = AttentionRecord([LayerAttention(values[None], mask="full")], SHE)
            writer.add_record("p", record, step)
    reader = AttentionReader(tmp_path)
    assert reader.compare(("b", "p", 0), ("b", "p", 0)).change.tolist() == [[0]]
    assert reader.compare(("b", "p", 0), ("b", "p", 1)).change == pytest.approx(np.ones((1, 1)))


def test_comparing_gives_what_was_logged_as_change(tmp_path: Path) -> None:
    with AttentionWriter(tmp_path) as writer:
        for step in range(3):
            writer.add_attention("p", weights(step * 10), SHE, step)
    reader = AttentionReader(tmp_path)
    series = reader.metrics(".", "p")
    for name, earlier in (("change_first", 0), ("change_previous", 1)):
        change = reader.compare((".", "p", earlier), (".", "p", 2)).change
        assert series.values[2, ..., series.names.index(name)] == pytest.approx(change, abs=1e-6)


def test_two_probes_of_one_run_compare_and_say_which_tokens_differ(tmp_path: Path) -> None:
    log(tmp_path, "a", "she", 0, weights(), SHE)
    log(tmp_path, "a", "he", 0, moved(weights()), HE)
    comparison = AttentionReader(tmp_path).compare(("a", "she", 0), ("a", "he", 0))
    assert comparison.differing == {"tokens": [4]}
    assert comparison.ranking()[0].query_token == "he"


def refusal(tmp_path: Path, first: tuple[str, str, int], second: tuple[str, str, int]) -> str:
    with pytest.raises(IncomparableError) as caught:
        AttentionReader(tmp_path).compare(first, second)
    return str(caught.value)


def test_other_tokens_in_another_run_are_refused(tmp_path: Path) -> None:
    log(tmp_path, "a", "she", 0, weights(), SHE)
    log(tmp_path, "b", "he", 0, weights(), HE)
    assert "'she' against 'he' at position 4" in refusal(tmp_path, ("a", "she", 0), ("b", "he", 0))


def test_probes_of_another_length_mask_or_mostly_other_tokens_are_refused(tmp_path: Path) -> None:
    log(tmp_path, "a", "she", 0, weights(), SHE)
    log(tmp_path, "a", "short", 0, weights()[..., :5, :5], SHE[:5])
    log(tmp_path, "a", "causal", 0, np.tril(weights()), SHE)
    log(tmp_path, "a", "other", 0, weights(), token_list(6))
    log(tmp_path, "a", "heads", 0, weights()[:, :2], SHE)
    log(tmp_path, "a", "layers", 0, weights()[:1], SHE)
    reasons = {
        tag: refusal(tmp_path, ("a", "she", 0), ("a", tag, 0))
        for tag in ("short", "causal", "other", "heads", "layers")
    }
    assert "layer 0 has queries 6 in one record and 5" in reasons["short"]
    assert "layer 0 has mask 'full' in one record and 'causal'" in reasons["causal"]
    assert "only 0 of 6 tokens are the same" in reasons["other"]
    assert "layer 0 has heads 3" in reasons["heads"]
    assert "2 and 1 layers" in reasons["layers"]


def test_runs_that_do_not_start_alike_are_compared_with_a_warning(tmp_path: Path) -> None:
    log(tmp_path, "a", "p", 0, weights(), SHE)
    log(tmp_path, "same", "p", 0, weights(), SHE)
    log(tmp_path, "other", "p", 0, weights(50), SHE)
    reader = AttentionReader(tmp_path)
    assert reader.compare(("a", "p", 0), ("same", "p", 0)).warnings == []
    (warning,) = reader.compare(("a", "p", 0), ("other", "p", 0)).warnings
    assert "share an initialisation" in warning


def test_a_step_of_metrics_alone_has_nothing_to_compare(tmp_path: Path) -> None:
    log(tmp_path, "a", "p", 0, weights(), SHE)
    log(tmp_path, "a", "p", 1, weights(), SHE, metrics_only=True)
    with pytest.raises(NotRecordedError, match="step 1 was logged with head metrics only"):
        AttentionReader(tmp_path).compare(("a", "p", 0), ("a", "p", 1))


def test_layers_without_weights_have_no_change(tmp_path: Path) -> None:
    with AttentionWriter(tmp_path, max_record_bytes=1600) as writer:
        with pytest.warns(RuntimeWarning, match="larger than max_record_bytes"):
            writer.add_attention("p", weights(0), SHE, 0)
        writer.add_attention("p", weights(1), SHE, 1)
    comparison = AttentionReader(tmp_path).compare((".", "p", 0), (".", "p", 1))
    assert np.isnan(comparison.change).any()
    assert len(comparison.ranking()) == 3


def test_the_picture_keeps_the_largest_difference_of_each_cell_with_its_sign() -> None:
    difference = np.zeros((1, 128, 128), np.float32)
    difference[0, 0, 0], difference[0, 1, 1], difference[0, 127, 127] = 0.25, -1, 1
    picture = pool_differences(difference)
    assert picture.shape == (1, 64, 64)
    assert (picture[0, 0, 0], picture[0, 63, 63], picture[0, 5, 5]) == (1, 255, 128)
    difference[0, 1, 1] = 0
    assert pool_differences(difference)[0, 0, 0] == 128 + round(127 * 0.5)
