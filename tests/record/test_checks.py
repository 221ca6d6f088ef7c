"""Arrays of every origin → checked numpy, or an error that says what came."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from logs.random_attention import softmax_weights

from tensorboard_plugin_attn import LayerAttention
from tensorboard_plugin_attn.errors import InvalidRecordError
from tensorboard_plugin_attn.record.checks import check_vectors, check_weights, mask_kind

GOOD = softmax_weights(2, 3, 3)


def with_value(value: float) -> np.ndarray:
    """Good weights but for one entry, in head 1."""
    weights = GOOD.copy()
    weights[1, 2, 0] = value
    return weights


REFUSED: list[tuple[str, Any, str]] = [
    ("rank 1", GOOD[0, 0], r"must have shape \[head, query, key\] per layer, got \(3,\) for layer 5"),
    ("rank 2", GOOD[0], r"must have shape \[head, query, key\] per layer, got \(3, 3\) for layer 5"),
    ("rank 5", GOOD[None, None], r"got \(1, 1, 2, 3, 3\) for layer 5"),
    ("no keys", np.zeros((2, 3, 0)), r"got \(2, 3, 0\) for layer 5"),
    (
        "batch of 4",
        np.stack([GOOD] * 4),
        r"layer 5 has a batch axis of 4; a record holds one input: pass weights\[b\]",
    ),
    (
        "NaN",
        with_value(np.nan),
        r"must be finite, got NaN in layer 5, heads \[1\]; look for a query whose keys",
    ),
    ("inf", with_value(np.inf), r"must be finite, got inf in layer 5"),
    (
        "negative",
        with_value(-0.25),
        r"must not be negative, got -0.25 in layer 5; pass weights after softmax, not scores",
    ),
    ("words", [[["a"]]], r"expected an array of numbers, got"),
    ("ragged", [[[0.5, 0.5], [1.0]]], r"expected an array of numbers, got list"),
    (
        "complex",
        GOOD.astype(complex),
        r"expected an array of numbers, got ndarray: its numbers are complex128",
    ),
    ("times", GOOD.astype("M8[s]"), r"expected an array of numbers, got ndarray: its numbers are datetime64"),
    ("torch complex", torch.tensor(GOOD).cfloat(), r"got Tensor: its numbers are torch.complex64"),
    ("torch without data", torch.empty(2, 3, 3, device="meta"), r"got Tensor: Cannot copy out of meta"),
    ("None", None, r"expected an array of numbers, got NoneType|got \(\) for layer 5"),
]


@pytest.mark.parametrize(
    ("weights", "message"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED]
)
def test_bad_weights_are_refused_with_layer_and_reason(weights: Any, message: str) -> None:
    with pytest.raises(InvalidRecordError, match=message):
        check_weights(weights, 5)


class ArrayLike:
    """Anything with ``__array__``."""

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return GOOD.astype(dtype or np.float64)


ACCEPTED: list[tuple[str, Any]] = [
    ("float32", GOOD),
    ("float64", GOOD.astype(np.float64)),
    ("a batch axis of 1", GOOD[None]),
    ("nested lists", GOOD.tolist()),
    ("not contiguous", np.asfortranarray(GOOD)),
    ("__array__", ArrayLike()),
    ("torch", torch.tensor(GOOD)),
    ("torch with a batch axis and a gradient", torch.tensor(GOOD[None], requires_grad=True)),
    ("torch sparse", torch.tensor(GOOD).to_sparse()),
    ("torch float64", torch.tensor(GOOD, dtype=torch.float64)),
]


@pytest.mark.parametrize("weights", [case[1] for case in ACCEPTED], ids=[case[0] for case in ACCEPTED])
def test_arrays_of_every_origin_become_contiguous_float32(weights: Any) -> None:
    array = check_weights(weights, 0)
    assert array.dtype == np.float32
    assert array.flags.c_contiguous
    np.testing.assert_array_equal(array, GOOD)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_tensors_are_widened_exactly(dtype: torch.dtype) -> None:
    tensor = torch.tensor(GOOD).to(dtype)
    np.testing.assert_array_equal(check_weights(tensor, 0), tensor.float().numpy())


def test_nan_passes_where_it_is_allowed() -> None:
    assert np.isnan(check_weights(with_value(np.nan), 0, allow_nan=True)[1, 2, 0])


def layer(**vectors: Any) -> LayerAttention:
    return LayerAttention(softmax_weights(4, 3, 5), **vectors)


QUERY, KEY = np.zeros((4, 3, 8), np.float32), np.zeros((2, 5, 8), np.float32)
BAD_VECTORS: list[tuple[str, dict[str, Any], str]] = [
    ("query alone", {"query": QUERY}, r"layer 1 has only one of query and key; pass both or neither"),
    ("key alone", {"key": KEY}, r"layer 1 has only one of query and key"),
    (
        "query too long",
        {"query": QUERY[:, :2], "key": KEY},
        r"query must be \[4, 3, d\], got \(4, 2, 8\) for layer 1",
    ),
    (
        "key of another width",
        {"query": QUERY, "key": KEY[..., :4]},
        r"key must be \[kv_head, 5, 8\].*got \(2, 5, 4\)",
    ),
    ("3 key heads", {"query": QUERY, "key": np.zeros((3, 5, 8))}, r"kv_head dividing 4, got \(3, 5, 8\)"),
    (
        "bias of 2 heads",
        {"bias": np.zeros((2, 3, 5))},
        r"bias must broadcast to \(4, 3, 5\), got \(2, 3, 5\)",
    ),
    (
        "bias with a batch",
        {"bias": np.zeros((2, 4, 3, 5))},
        r"bias must broadcast to \(4, 3, 5\), got \(2, 4, 3, 5\)",
    ),
]


@pytest.mark.parametrize(
    ("vectors", "message"), [case[1:] for case in BAD_VECTORS], ids=[case[0] for case in BAD_VECTORS]
)
def test_vectors_that_do_not_fit_the_weights_are_refused(vectors: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidRecordError, match=message):
        check_vectors(layer(**vectors), 1)


@pytest.mark.parametrize("shape", [(5,), (3, 5), (1, 3, 5), (4, 1, 5), (1, 1, 3, 5), (1, 4, 3, 5)])
def test_a_bias_of_any_shape_that_broadcasts_becomes_float32(shape: tuple[int, ...]) -> None:
    subject = layer(bias=torch.zeros(shape, dtype=torch.bfloat16))
    check_vectors(subject, 0)
    assert subject.bias.dtype == np.float32
    assert subject.bias.ndim <= 3
    assert np.broadcast_to(subject.bias, (4, 3, 5)).shape == (4, 3, 5)


def test_float16_vectors_stay_float16_and_others_become_float32() -> None:
    subject = layer(query=torch.zeros(4, 3, 8, dtype=torch.float16), key=KEY.astype(np.float64))
    check_vectors(subject, 0)
    assert (subject.query.dtype, subject.key.dtype) == (np.float16, np.float32)


MASKS: list[tuple[str, np.ndarray, str]] = [
    ("full", softmax_weights(2, 4, 4), "full"),
    ("causal", softmax_weights(2, 4, 4, causal=True), "causal"),
    ("one head looks ahead", np.maximum(softmax_weights(1, 4, 4), np.tril(np.ones((2, 4, 4)))), "full"),
    ("rectangular", softmax_weights(2, 3, 5), "full"),
    ("one token", np.ones((2, 1, 1), np.float32), "full"),
]


@pytest.mark.parametrize(
    ("weights", "expected"), [case[1:] for case in MASKS], ids=[case[0] for case in MASKS]
)
def test_the_kind_of_mask_is_read_off_the_weights(weights: Any, expected: str) -> None:
    assert mask_kind(weights) == expected
