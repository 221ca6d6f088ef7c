"""Roles and the uniform baseline: hand-made heads get their name, most heads get none."""

from __future__ import annotations

import numpy as np
import pytest
from logs.random_attention import softmax_weights

from tensorboard_plugin_attn import AttentionRecord, LayerAttention
from tensorboard_plugin_attn.encoding.format import pack_record, read_header
from tensorboard_plugin_attn.encoding.header import Header
from tensorboard_plugin_attn.measuring.head_metrics import METRICS
from tensorboard_plugin_attn.measuring.ragged import stack_ragged
from tensorboard_plugin_attn.measuring.token_pairs import TrackedPairs
from tensorboard_plugin_attn.measuring.token_patterns import after_earlier_occurrences, earlier_occurrences
from tensorboard_plugin_attn.studying.baseline import uniform_baseline
from tensorboard_plugin_attn.studying.roles import NO_HEAD, find_roles
from tensorboard_plugin_attn.writing.draft import Draft
from tensorboard_plugin_attn.writing.extra_metrics import ExtraMetrics

TOKENS = ["[CLS]", *"abcdefghij", *"abcdefghij", "[SEP]"]
SIZE = len(TOKENS)


def filled(cells: np.ndarray) -> np.ndarray:
    """All weight of each row on its cells, on itself where it has none."""
    weights = cells.astype(np.float32)
    empty = ~cells.any(axis=1)
    weights[empty, empty] = 1
    return weights / weights.sum(axis=1, keepdims=True)


def column(position: int) -> np.ndarray:
    cells = np.zeros((SIZE, SIZE), bool)
    cells[:, position] = True
    return cells


HEADS = {
    "previous-token": np.eye(SIZE, k=-1, dtype=bool),
    "same-token": np.eye(SIZE, dtype=bool),
    "next-token": np.eye(SIZE, k=1, dtype=bool),
    "induction": after_earlier_occurrences(TOKENS),
    "duplicate-token": earlier_occurrences(TOKENS),
    "first-token sink": column(0),
    "special-token": column(SIZE - 1),
    "local": sum(np.eye(SIZE, k=k) for k in (-2, -1, 1, 2)).astype(bool),
    "uniform": np.ones((SIZE, SIZE), bool),
}


def header(weights: list[np.ndarray], **options: object) -> tuple[Header, np.ndarray]:
    """Layers as they are logged: header fields and metrics ``[layer, head, metric]``."""
    layers = [LayerAttention(each, **options) for each in weights]
    record = AttentionRecord(layers, TOKENS[: layers[0].num_queries])
    draft = Draft(
        record.axes, METRICS, "uint8", 1 << 30, extra=ExtraMetrics(pairs=TrackedPairs({"x": (1, 2)}))
    )
    for layer in record.layers:
        draft.add(layer)
    track = draft.extra.pairs.described()
    content = b"".join(pack_record("t", 0, 0.0, record.axes, draft.layers, draft.names, track=track))
    latest = read_header(lambda start, stop: content[start:stop], len(content))
    return latest, stack_ragged([layer.metrics for layer in draft.layers])


@pytest.mark.parametrize("role", sorted(HEADS))
def test_a_head_made_for_a_role_gets_it(role: str) -> None:
    latest, metrics = header([filled(HEADS[role])[None]], mask="full")
    names = latest.metric_names
    roles = find_roles(metrics[None], names, uniform_baseline(latest, names))
    assert roles.name(0, 0, 0) == role
    assert roles.scores[0, 0, 0] > 0.5


def test_ordinary_heads_are_unclassified_with_no_score() -> None:
    latest, metrics = header([softmax_weights(8, SIZE, SIZE)], mask="full")
    roles = find_roles(metrics[None], latest.metric_names, uniform_baseline(latest, latest.metric_names))
    assert {roles.name(0, 0, head) for head in range(8)} == {"unclassified"}
    assert np.isnan(roles.scores).all()


def test_short_texts_give_no_role_away() -> None:
    latest, metrics = header([np.full((1, 3, 3), 1 / 3, np.float32)], mask="full")
    roles = find_roles(metrics[None], latest.metric_names, uniform_baseline(latest, latest.metric_names))
    assert roles.name(0, 0, 0) == "uniform"


def test_a_threshold_can_be_moved_and_a_head_that_does_not_exist_has_no_role() -> None:
    latest, metrics = header([softmax_weights(2, SIZE, SIZE), softmax_weights(1, SIZE, SIZE)], mask="full")
    baseline = uniform_baseline(latest, latest.metric_names)
    roles = find_roles(metrics[None], latest.metric_names, baseline, {"uniform": 0.1})
    assert roles.name(0, 0, 0) == "uniform"
    assert roles.roles[0, 1, 1] == NO_HEAD


@pytest.mark.parametrize("mask", ["full", "causal"])
def test_the_baseline_is_what_uniform_weights_measure(mask: str) -> None:
    weights = np.ones((1, SIZE, SIZE), np.float32)
    weights = np.tril(weights) if mask == "causal" else weights
    latest, metrics = header([weights / weights.sum(axis=-1, keepdims=True)], mask=mask)
    baseline = uniform_baseline(latest, latest.metric_names)
    assert baseline[0] == pytest.approx(metrics[0, 0], nan_ok=True, rel=1e-5, abs=1e-6)
    assert baseline[0, latest.metric_names.index("entropy")] == pytest.approx(1)


def test_the_baseline_of_a_tracked_pair_is_one_over_the_visible_keys() -> None:
    latest, _ = header([softmax_weights(1, SIZE, SIZE)], mask="full")
    assert uniform_baseline(latest, ["x"]).tolist() == [[pytest.approx(1 / SIZE)]]


def test_an_irregular_mask_has_no_baseline() -> None:
    latest, _ = header([softmax_weights(1, SIZE, SIZE)], mask="other")
    assert np.isnan(uniform_baseline(latest, latest.metric_names)).all()
