"""Head metrics on matrices whose values are known, and against another way of working them out."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from logs.random_attention import softmax_weights, token_list
from numpy.typing import NDArray

from tensorboard_plugin_attn import LayerAttention
from tensorboard_plugin_attn.errors import InvalidRecordError
from tensorboard_plugin_attn.measuring.head_metrics import METRICS, choose_metrics, compute_metrics
from tensorboard_plugin_attn.record.checks import label_layer
from tensorboard_plugin_attn.record.tokens import TokenAxes

Weights = NDArray[np.float32]


def labelled(weights: Any, tokens: list[str] | None = None, **options: Any) -> LayerAttention:
    """A layer as a record labels it; cross-attention gets key tokens of its own."""
    weights = np.asarray(weights, np.float32)
    layer = LayerAttention(weights, **options)
    queries = tokens or token_list(weights.shape[1])
    cross = layer.kind == "cross"
    axes = TokenAxes(token_list(weights.shape[2]), decoder_tokens=queries) if cross else TokenAxes(queries)
    label_layer(axes, layer, 0, allow_nan=True)
    return layer


def metrics_of(weights: Any, tokens: list[str] | None = None, **options: Any) -> dict[str, float]:
    """Every metric of one matrix ``[query, key]``."""
    layer = labelled(np.asarray(weights)[None], tokens, **options)
    return dict(zip(METRICS, compute_metrics(layer, METRICS)[0].tolist(), strict=True))


def shift(size: int, offset: int) -> Weights:
    """All weight on the token ``offset`` further on, at the edges on the token itself."""
    weights = np.eye(size, k=offset, dtype=np.float32)
    edges = weights.sum(axis=1) == 0
    weights[edges, edges] = 1
    return weights


UNIFORM = np.full((4, 4), 1 / 4)
CAUSAL_UNIFORM = np.tril(np.ones((4, 4))) / np.arange(1, 5)[:, None]
FIRST = np.tile([1.0, 0, 0, 0], (4, 1))

KNOWN: list[tuple[str, Any, dict[str, Any], dict[str, float]]] = [
    (
        "identity",
        np.eye(4),
        {"mask": "full"},
        {
            "entropy": 0,
            "mean_distance": 0,
            "confidence": 1,
            "same_token": 1,
            "previous_token": 0,
            "next_token": 0,
        },
    ),
    (
        "uniform",
        UNIFORM,
        {},
        {
            "entropy": 1,
            "confidence": 1 / 4,
            "previous_token": 1 / 4,
            "same_token": 1 / 4,
            "next_token": 1 / 4,
            "first_token": 1 / 4,
            "mean_distance": 20 / 16,
        },
    ),
    (
        "previous token",
        shift(4, -1),
        {"mask": "full"},
        {
            "previous_token": 1,
            "same_token": 1 / 4,
            "next_token": 0,
            "first_token": 1 / 3,
            "mean_distance": 3 / 4,
        },
    ),
    (
        "next token",
        shift(4, 1),
        {},
        {"next_token": 1, "same_token": 1 / 4, "previous_token": 0, "first_token": 0, "mean_distance": 3 / 4},
    ),
    (
        "first token",
        FIRST,
        {"mask": "full"},
        {"first_token": 1, "entropy": 0, "confidence": 1, "mean_distance": 6 / 4},
    ),
    (
        "causal: the first row sees one key and does not count",
        CAUSAL_UNIFORM,
        {},
        {
            "entropy": 1,
            "confidence": (1 / 2 + 1 / 3 + 1 / 4) / 3,
            "same_token": (1 / 2 + 1 / 3 + 1 / 4) / 3,
            "previous_token": (1 / 2 + 1 / 3 + 1 / 4) / 3,
            "first_token": (1 / 2 + 1 / 3 + 1 / 4) / 3,
            "mean_distance": (1 / 2 + 3 / 3 + 6 / 4) / 3,
        },
    ),
    (
        "causal previous token",
        shift(4, -1),
        {"mask": "causal"},
        {"previous_token": 1, "same_token": 0, "entropy": 0, "confidence": 1, "mean_distance": 1},
    ),
]


@pytest.mark.parametrize(
    ("weights", "options", "expected"), [case[1:] for case in KNOWN], ids=[case[0] for case in KNOWN]
)
def test_hand_made_heads_have_their_known_values(
    weights: Any, options: dict[str, Any], expected: dict[str, float]
) -> None:
    found = metrics_of(weights, **options)
    assert {name: found[name] for name in expected} == pytest.approx(expected, abs=1e-6)


def test_special_tokens_get_their_share() -> None:
    weights = [[0.5, 0.2, 0.3], [0.1, 0.6, 0.3], [0.0, 1.0, 0.0]]
    found = metrics_of(weights, ["[CLS]", "word", "[SEP]"])
    assert found["special_tokens"] == pytest.approx((0.8 + 0.4 + 0.0) / 3)


def test_without_special_tokens_their_share_is_undefined() -> None:
    assert math.isnan(metrics_of(UNIFORM)["special_tokens"])


def test_repeated_tokens_show_duplicate_and_induction_heads() -> None:
    tokens = ["a", "b", "c", "a", "b", "c"]
    duplicate, induction = np.eye(6, k=-3), np.eye(6, k=-2)
    for weights, expected in ((duplicate, (1, 0)), (induction, (0, 1))):
        found = metrics_of(weights, tokens, mask="causal")
        assert (found["duplicate_token"], found["induction"]) == pytest.approx(expected)


def test_several_earlier_occurrences_add_up() -> None:
    tokens = ["a", "x", "a", "y", "a"]
    weights = np.zeros((5, 5))
    weights[:, 1] = [0, 0.1, 0.2, 0.3, 0.4]  # follows the first a
    weights[:, 3] = [0, 0.0, 0.0, 0.1, 0.2]  # follows the second
    weights[:, 0] = [1, 0.9, 0.5, 0.5, 0.3]
    weights[:, 2] = [0, 0.0, 0.3, 0.1, 0.1]
    found = metrics_of(weights, tokens, mask="causal")
    assert found["induction"] == pytest.approx((0.2 + 0.4 + 0.2) / 2)
    assert found["duplicate_token"] == pytest.approx((0.5 + 0.3 + 0.1) / 2)


def test_without_a_repeated_token_duplicate_and_induction_are_undefined() -> None:
    found = metrics_of(UNIFORM)
    assert math.isnan(found["duplicate_token"])
    assert math.isnan(found["induction"])


def detection_pattern(name: str, tokens: list[str]) -> NDArray[np.float64]:
    """TransformerLens's head detector (``head_detector.py``): where each sort of head looks, ``[query, key]``."""
    length = len(tokens)
    if name == "previous_token":
        pattern = np.zeros((length, length))
        pattern[1:, :-1] = np.eye(length - 1)
        return np.tril(pattern)
    same = (np.array(tokens)[None, :] == np.array(tokens)[:, None]).astype(float)
    np.fill_diagonal(same, 0)
    if name == "duplicate_token":
        return np.tril(same)
    shifted = np.roll(np.tril(same), 1, axis=1)
    shifted[:, 0] = 0
    return np.tril(shifted)


@pytest.mark.parametrize("name", ["previous_token", "duplicate_token", "induction"])
@given(tokens=st.lists(st.sampled_from("abc"), min_size=3, max_size=12), seed=st.integers(0, 99))
@settings(max_examples=40)
def test_head_roles_agree_with_the_published_head_detector(name: str, tokens: list[str], seed: int) -> None:
    weights = softmax_weights(3, len(tokens), len(tokens), seed, causal=True)
    pattern = detection_pattern(name, tokens)
    rows = int(pattern.any(axis=1).sum())
    detected = (weights * pattern).sum(axis=(1, 2)) / weights.sum(axis=(1, 2))  # its error_measure "mul"
    expected = (
        detected * len(tokens) / rows if rows else np.full(3, np.nan)
    )  # theirs is per row, ours per valid row
    np.testing.assert_allclose(METRICS[name](labelled(weights, tokens)), expected, rtol=1e-5)


@given(
    st.integers(1, 3),
    st.integers(1, 9),
    st.integers(0, 99),
    st.booleans(),
)
@settings(max_examples=60)
def test_metrics_stay_in_their_range_and_agree_with_plain_loops(
    heads: int, length: int, seed: int, causal: bool
) -> None:
    weights = softmax_weights(heads, length, length, seed, causal=causal)
    layer = labelled(weights, mask="causal" if causal else "full")
    found = dict(zip(METRICS, compute_metrics(layer, METRICS).T, strict=True))
    for head in range(heads):
        expected = plain_metrics(weights[head].astype(float), causal=causal)
        for name, value in expected.items():
            assert found[name][head] == pytest.approx(value, abs=1e-5, nan_ok=True), name
    for name in ("entropy", "confidence", "previous_token", "same_token", "next_token", "first_token"):
        values = found[name][~np.isnan(found[name])]
        assert ((values >= 0) & (values <= 1 + 1e-6)).all(), name


def plain_metrics(weights: NDArray[np.float64], *, causal: bool) -> dict[str, float]:
    """The metrics of one head, as their formulas say, one number at a time."""
    length = len(weights)
    seen = {row: row + 1 if causal else length for row in range(length)}
    rows = [row for row in seen if seen[row] > 1]

    def average(values: list[float]) -> float:
        return sum(values) / len(values) if values else math.nan

    def offset(by: int) -> float:
        return average([weights[row, row + by] for row in rows if 0 <= row + by < length])

    far = sum(weights[row, key] * abs(row - key) for row in rows for key in range(length))
    return {
        "entropy": average(
            [-sum(w * math.log(w) for w in weights[row] if w > 0) / math.log(seen[row]) for row in rows]
        ),
        "confidence": average([weights[row].max() for row in rows]),
        "mean_distance": far / sum(weights[row].sum() for row in rows) if rows else math.nan,
        "previous_token": offset(-1),
        "same_token": offset(0),
        "next_token": offset(1),
        "first_token": average([weights[row, 0] for row in rows if row]),
    }


def test_a_single_token_has_no_metrics() -> None:
    assert all(math.isnan(value) for value in metrics_of([[1.0]]).values())


def test_rows_of_a_window_see_only_its_keys() -> None:
    weights = np.zeros((4, 4))
    weights[0, 0] = 1
    for row in range(1, 4):
        weights[row, row - 1 : row + 1] = 0.5
    found = metrics_of(weights, mask="window 2")
    assert found["entropy"] == pytest.approx(1)
    assert found["previous_token"] == pytest.approx(0.5)


CROSS = np.array([[0.7, 0.2, 0.1], [0.0, 0.5, 0.5]])


def test_cross_attention_has_no_positions_in_common() -> None:
    found = metrics_of(CROSS, kind="cross")
    undefined = {name for name, value in found.items() if math.isnan(value)}
    assert undefined == {
        "mean_distance",
        "previous_token",
        "same_token",
        "next_token",
        "special_tokens",
        "duplicate_token",
        "induction",
        "max_score",
        "sink",
    }
    assert found["confidence"] == pytest.approx(0.6)
    assert found["first_token"] == pytest.approx(0.35)


def test_cross_attention_along_the_diagonal_has_diagonality_one() -> None:
    assert metrics_of(np.eye(3), kind="cross")["diagonality"] == pytest.approx(1)
    assert metrics_of(np.eye(3)[::-1], kind="cross")["diagonality"] == pytest.approx(1 - (1 + 0 + 1) / 3)
    assert math.isnan(metrics_of(np.eye(3))["diagonality"])


def softmax(scores: NDArray[np.float32]) -> Weights:
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


def test_the_largest_score_is_after_scaling_and_before_softmax() -> None:
    rng = np.random.default_rng(3)
    query, key = rng.normal(size=(4, 5, 8)).astype(np.float32), rng.normal(size=(2, 5, 8)).astype(np.float32)
    scores = np.einsum("hqd,hkd->hqk", query, np.repeat(key, 2, axis=0)) * 0.3
    layer = labelled(softmax(scores), query=query, key=key, scale=0.3)
    np.testing.assert_allclose(METRICS["max_score"](layer), scores.max(axis=(1, 2)), rtol=1e-5)


def test_the_largest_score_leaves_out_what_the_mask_hides() -> None:
    rng = np.random.default_rng(4)
    query, key = rng.normal(size=(2, 6, 4)).astype(np.float32), rng.normal(size=(2, 6, 4)).astype(np.float32)
    hidden = np.triu(np.ones((6, 6), bool), k=1)
    scores = np.where(hidden, -np.inf, np.einsum("hqd,hkd->hqk", query, key) / 2)
    causal = labelled(softmax(scores), query=query, key=key)
    biased = labelled(softmax(scores), query=query, key=key, mask="other", bias=np.where(hidden, -np.inf, 0))
    for layer in (causal, biased):
        np.testing.assert_allclose(METRICS["max_score"](layer), scores.max(axis=(1, 2)), rtol=1e-5)


def test_a_bias_counts_as_part_of_the_score() -> None:
    query = key = np.ones((1, 2, 1), np.float32)
    bias = np.array([[0, 5], [0, 0]], np.float32)
    layer = labelled(softmax(1 + bias)[None], query=query, key=key, scale=1.0, bias=bias)
    assert METRICS["max_score"](layer).tolist() == [6]


def test_all_is_every_metric_in_order() -> None:
    assert list(choose_metrics("all")) == list(METRICS)
    assert list(METRICS)[:8] == [
        "entropy",
        "mean_distance",
        "confidence",
        "previous_token",
        "same_token",
        "next_token",
        "first_token",
        "special_tokens",
    ]


def test_chosen_metrics_keep_the_order_given() -> None:
    assert list(choose_metrics(["confidence", "entropy"])) == ["confidence", "entropy"]
    assert list(choose_metrics("induction")) == ["induction"]
    assert choose_metrics([]) == {}


def test_unknown_metrics_are_refused_with_the_known_ones() -> None:
    with pytest.raises(
        InvalidRecordError, match=r"unknown metrics \['entropie'\]; known: entropy, .*or pass a dict"
    ):
        choose_metrics(["entropy", "entropie"])


def test_your_own_metric_comes_after_the_built_in_ones() -> None:
    own = choose_metrics({"last_key": lambda layer: layer.weights[..., -1].mean(axis=1)})
    assert list(own) == [*METRICS, "last_key"]
    assert compute_metrics(labelled(UNIFORM[None]), own)[0, -1] == pytest.approx(1 / 4)


def fails(layer: LayerAttention) -> Any:
    raise ZeroDivisionError("no such thing")


def wrong_shape(layer: LayerAttention) -> Any:
    return np.zeros(99)


@pytest.mark.parametrize("function", [fails, wrong_shape])
@pytest.mark.filterwarnings("default")
def test_a_metric_that_fails_is_nan_and_told_and_stops_nothing(function: Any) -> None:
    metrics = {"own": function, "confidence": METRICS["confidence"]}
    with pytest.warns(RuntimeWarning, match=r"metric 'own' failed on layer 'h.1'"):
        values = compute_metrics(labelled(np.stack([UNIFORM] * 2), name="h.1"), metrics)
    assert np.isnan(values[:, 0]).all()
    np.testing.assert_allclose(values[:, 1], 1 / 4)


def test_heads_with_nan_have_nan_metrics_and_leave_others_alone() -> None:
    weights = np.stack([UNIFORM, UNIFORM]).astype(np.float32)
    weights[0, 1, 2] = np.nan
    values = compute_metrics(labelled(weights), choose_metrics(["entropy", "confidence", "mean_distance"]))
    assert np.isnan(values[0]).all()
    np.testing.assert_allclose(values[1], [1, 1 / 4, 20 / 16], rtol=1e-6)


def test_the_focus_rate_is_the_mean_largest_weight_of_cross_attention_alone() -> None:
    weights = np.array([[0.75, 0.25, 0], [0, 0.5, 0.5]])
    assert metrics_of(weights, kind="cross")["focus_rate"] == pytest.approx(0.625)
    assert math.isnan(metrics_of(UNIFORM)["focus_rate"])


def test_padding_changes_no_metric() -> None:
    plain = softmax_weights(1, 4, 4)[0]
    padded = np.zeros((6, 6), np.float32)
    padded[:4, :4] = plain
    padded[4:, 0] = 1
    tokens = ["[CLS]", "a", "b", "a"]
    without = metrics_of(plain, tokens, mask="full")
    within = metrics_of(padded, [*tokens, "[PAD]", "[PAD]"], mask="full")
    del without["special_tokens"], within["special_tokens"]  # padding tokens are special ones
    assert within == pytest.approx(without, nan_ok=True, abs=1e-6)


def test_padding_at_the_start_of_a_causal_layer_changes_no_entropy() -> None:
    plain = softmax_weights(1, 4, 4, causal=True)[0]
    padded = np.zeros((6, 6), np.float32)
    padded[2:, 2:] = plain
    padded[[0, 1], 0] = 1
    tokens = ["<pad>", "<pad>", "a", "b", "c", "d"]
    within = metrics_of(padded, tokens, mask="causal")
    assert within["entropy"] == pytest.approx(metrics_of(plain, mask="causal")["entropy"], abs=1e-6)


def sunk(scores: Any, sink: float) -> tuple[Weights, Weights]:
    """softmax over scores ``[query, key]`` and one score of no key → weights ``[1, query, key]`` and its share."""
    raised = np.exp(np.asarray(scores, np.float64))
    total = raised.sum(-1) + np.exp(sink)
    return (raised / total[:, None])[None].astype(np.float32), (np.exp(sink) / total)[None].astype(np.float32)


@pytest.mark.parametrize("mask", ["causal", "full", "other"])
def test_metrics_are_over_the_keys_alone_however_much_a_sink_takes(mask: str) -> None:
    scores = np.random.default_rng(0).normal(size=(6, 6)) * 2
    if mask == "causal":
        scores = np.where(np.tri(6, dtype=bool), scores, -np.inf)
    tokens = ["[CLS]", "a", "b", "a", "b", "[SEP]"]
    weights, _ = sunk(scores, -np.inf)
    plain = metrics_of(weights[0], tokens, mask=mask)
    assert math.isnan(plain.pop("sink"))
    for strength in (0.0, 6.0, 12.0):
        weights, share = sunk(scores, strength)
        found = metrics_of(weights[0], tokens, mask=mask, sink=share)
        rows = slice(1, None) if mask == "causal" else slice(None)
        assert found.pop("sink") == pytest.approx(float(share[0, rows].mean()), rel=1e-5)
        assert found == pytest.approx(plain, rel=1e-3, nan_ok=True)


def test_a_users_own_metric_is_given_the_rows_as_they_are() -> None:
    weights, share = sunk(np.zeros((4, 4)), 2.0)
    layer = labelled(weights, sink=share)
    mass = compute_metrics(layer, {"mass": lambda layer: layer.weights.sum(-1).mean(-1)})[0, 0]
    assert mass == pytest.approx(1 - float(share.mean()), rel=1e-5)


def test_queries_stand_behind_keys_that_have_no_query_of_their_own() -> None:
    """As the tokens of a text behind the virtual tokens of prefix tuning."""
    weights = np.zeros((1, 4, 6), np.float32)
    weights[0, np.arange(4), np.arange(4) + 1] = 1  # each on the token before it
    layer = LayerAttention(weights, mask="full")
    label_layer(TokenAxes(token_list(6), decoder_tokens=token_list(4)), layer, 0)
    found = dict(zip(METRICS, compute_metrics(layer, METRICS)[0].tolist(), strict=True))
    assert (found["previous_token"], found["same_token"], found["mean_distance"]) == (1, 0, 1)
