"""Weights ⇄ codes within the bound, thumbnails, and gzip members."""

from __future__ import annotations

import gzip
import math
import tracemalloc
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from logs.random_attention import softmax_weights
from numpy.typing import NDArray

from tensorboard_plugin_attn.encoding import codes as encoding
from tensorboard_plugin_attn.encoding.codes import (
    MAX_ERROR,
    check_member,
    compress,
    decode_weights,
    decompress,
    encode_weights,
    pool_thumbnail,
    thumbnail_shape,
)

FLOAT_SLACK = 1e-6  # rounding of the row maximum times the code, relative
ONE_HOT, UNIFORM = np.eye(5, dtype=np.float32)[None], np.full((1, 3, 7), 1 / 7, np.float32)
DENORMAL = np.float32(1e-45)


def normalised(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows that sum to at most 1; rows of zeros stay."""
    sums = values.sum(axis=-1, keepdims=True, dtype=np.float64)
    return (values / np.where(sums > 0, sums, 1)).astype(np.float32)


rows = arrays.arrays(
    np.float32,
    arrays.array_shapes(min_dims=3, max_dims=3, max_side=9),
    elements=st.floats(0, 1, width=32),
).map(normalised)
sharp_rows = rows.map(lambda weights: normalised(weights**8))


@given(st.one_of(rows, sharp_rows))
@example(np.zeros((2, 3, 4), np.float32))
@example(ONE_HOT)
@example(UNIFORM)
@example(np.ones((1, 1, 1), np.float32))
@example(np.full((1, 2, 3), DENORMAL, np.float32))
@example(np.array([[[DENORMAL, 0, 1]]], np.float32))
def test_weights_come_back_within_the_error_bound(weights: NDArray[np.float32]) -> None:
    codes, row_max = encode_weights(weights)
    decoded = decode_weights(codes, row_max)
    maxima = weights.max(axis=-1, keepdims=True).astype(np.float64)
    bound = np.sqrt(weights * maxima) / 255 + maxima / 260100
    assert codes.dtype == np.uint8
    assert (np.abs(decoded - weights.astype(np.float64)) <= bound + FLOAT_SLACK * maxima).all()
    assert np.abs(decoded - weights).max() <= MAX_ERROR


@given(st.one_of(rows, sharp_rows))
def test_row_maxima_and_zeros_come_back_exactly(weights: NDArray[np.float32]) -> None:
    codes, row_max = encode_weights(weights)
    decoded = decode_weights(codes, row_max)
    np.testing.assert_array_equal(decoded.max(axis=-1), weights.max(axis=-1))
    assert (decoded[weights == 0] == 0).all()


@given(rows, st.floats(2.0**-20, 2.0**20))
def test_rows_that_do_not_sum_to_one_keep_their_relative_error(
    weights: NDArray[np.float32], scale: float
) -> None:
    scaled = (weights * np.float32(scale)).astype(np.float32)
    maxima = scaled.max(axis=-1, keepdims=True).astype(np.float64)
    bound = np.sqrt(scaled * maxima) / 255 + maxima / 260100 + FLOAT_SLACK * maxima
    assert (np.abs(decode_weights(*encode_weights(scaled)) - scaled.astype(np.float64)) <= bound).all()


def test_the_worst_row_comes_near_the_promised_error_and_stays_below() -> None:
    rng = np.random.default_rng(0)
    share = rng.uniform(0.3, 1, size=(1, 50_000, 1))
    second = rng.uniform(0, 1, size=share.shape) * np.minimum(share, 1 - share)
    weights = np.concatenate([share, second], axis=-1).astype(np.float32)
    error = np.abs(decode_weights(*encode_weights(weights)) - weights).max()
    assert 0.0019 < error <= MAX_ERROR


@pytest.mark.parametrize("rows_per_block", [1, 255, 256, 257, 600])
def test_blocks_do_not_change_the_codes(rows_per_block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = softmax_weights(3, 171, 5)
    expected, _ = encode_weights(weights)
    monkeypatch.setattr(encoding, "ROWS_PER_BLOCK", rows_per_block)
    np.testing.assert_array_equal(encode_weights(weights)[0], expected)


@given(rows)
@settings(max_examples=30)
def test_float32_is_exact_and_float16_is_half_precision(weights: NDArray[np.float32]) -> None:
    np.testing.assert_array_equal(decode_weights(*encode_weights(weights, "float32"), "float32"), weights)
    halves = decode_weights(*encode_weights(weights, "float16"), "float16")
    np.testing.assert_array_equal(halves, weights.astype(np.float16).astype(np.float32))


def test_a_row_with_nan_comes_back_as_nan_and_leaves_its_neighbours_alone() -> None:
    weights = softmax_weights(1, 4, 4)
    broken = weights.copy()
    broken[0, 1, 2] = np.nan
    decoded = decode_weights(*encode_weights(broken))
    assert np.isnan(decoded[0, 1]).all()
    np.testing.assert_array_equal(
        np.delete(decoded, 1, axis=1), np.delete(decode_weights(*encode_weights(weights)), 1, axis=1)
    )


SHAPES = [
    (1, 1, 1, 1),
    (64, 64, 64, 64),
    (65, 64, 33, 64),
    (128, 128, 64, 64),
    (130, 7, 44, 7),
    (1000, 3, 63, 3),
]


@pytest.mark.parametrize(("queries", "keys", "height", "width"), SHAPES)
def test_a_thumbnail_has_at_most_64_pixels_a_side(queries: int, keys: int, height: int, width: int) -> None:
    assert thumbnail_shape(queries, keys) == (height, width)
    assert pool_thumbnail(np.zeros((2, queries, keys), np.float32)).shape == (2, height, width)


@given(st.integers(1, 150), st.integers(1, 150), st.integers(0, 99))
@settings(max_examples=40)
def test_each_thumbnail_pixel_is_the_largest_weight_it_covers(queries: int, keys: int, seed: int) -> None:
    weights = softmax_weights(2, queries, keys, seed)
    thumbnail = pool_thumbnail(weights)
    tall, wide = math.ceil(queries / 64), math.ceil(keys / 64)
    for row in range(thumbnail.shape[1]):
        for column in range(thumbnail.shape[2]):
            cell = weights[1, row * tall : (row + 1) * tall, column * wide : (column + 1) * wide]
            assert abs(int(thumbnail[1, row, column]) - 255 * math.sqrt(cell.max())) <= 0.5001


def test_thumbnail_shades_are_absolute_and_stop_at_255() -> None:
    weights = np.array([[[0, 1 / 4, 1, 9, np.nan]]], np.float32)
    assert pool_thumbnail(weights).tolist() == [[[0, 128, 255, 255, 0]]]


@given(st.binary(max_size=3000))
def test_a_member_inflates_to_what_went_in(data: bytes) -> None:
    member = compress(data)
    assert decompress(member) == data
    assert gzip.decompress(member) == data


def test_members_of_the_standard_library_are_read_too() -> None:
    assert decompress(gzip.compress(b"codes")) == b"codes"


@pytest.mark.parametrize("place", [0, 9, 20, -1, -5])
def test_a_damaged_member_is_seen(place: int) -> None:
    member = bytearray(compress(bytes(range(256)) * 4))
    member[place] ^= 0x55
    if place == 9:  # the byte that names the operating system
        assert decompress(bytes(member)) == bytes(range(256)) * 4
        return
    with pytest.raises(zlib.error, match="cannot be inflated"):
        decompress(bytes(member))


def test_a_member_that_was_cut_off_is_seen() -> None:
    with pytest.raises(zlib.error, match="cannot be inflated"):
        decompress(compress(b"x" * 1000)[:-9])


def test_without_isal_the_standard_library_packs_the_same_bytes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    fast = compress(b"codes" * 99)
    monkeypatch.setattr(encoding, "igzip_lib", None)
    assert decompress(fast) == decompress(compress(b"codes" * 99)) == b"codes" * 99
    with pytest.raises(zlib.error, match="cannot be inflated"):
        decompress(fast[:-3])


@pytest.mark.parametrize("with_isal", [True, False])
@pytest.mark.parametrize("call", [decompress, check_member])
def test_a_member_of_another_size_than_its_header_says_is_not_inflated_further(
    call: Callable[[bytes, int], object], with_isal: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not with_isal:
        monkeypatch.setattr(encoding, "igzip_lib", None)
    monkeypatch.setattr(encoding, "INFLATED_PART", 1000)
    bomb = gzip.compress(bytes(100_000_000))
    tracemalloc.start()
    with pytest.raises(zlib.error, match="more than 4096 bytes"):
        call(bomb, 4096)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4_000_000
    with pytest.raises(zlib.error, match="ends after 5 bytes"):
        call(gzip.compress(b"codes"), 6)
    call(gzip.compress(b"codes"), 5)


def test_a_large_member_is_checked_without_holding_its_bytes() -> None:
    member = compress(bytes(64 << 20))
    tracemalloc.start()
    check_member(member, 64 << 20)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 32 << 20
