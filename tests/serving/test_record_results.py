"""Results: what a route answers about a record is what was logged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from logs.small_log import (
    HEADS,
    LAYERS,
    TOKENS,
    log_grouped_vectors,
    log_run,
    sample_weights,
    strip_to_metrics,
)
from numpy.typing import NDArray

from tensorboard_plugin_attn.encoding.codes import MAX_ERROR, PRECISIONS, decode_weights, decompress
from tensorboard_plugin_attn.serving.answers import Array, RequestError
from tensorboard_plugin_attn.serving.listing import Listing
from tensorboard_plugin_attn.serving.opened_record import OpenedRecord, OpenedRecords
from tensorboard_plugin_attn.serving.record_results import (
    Packed,
    record_result,
    thumbnails_result,
    vectors_result,
    weights_result,
)
from tensorboard_plugin_attn.serving.roots import Root


def opened(logdir: Path, tag: str = "probe", step: int = 0) -> OpenedRecord:
    """A record of the run in a directory."""
    listing = Listing([Root(str(logdir))])
    listing.walk()
    return OpenedRecords(listing).use(".", tag, step, None, lambda record: record)[0]


def to_numpy(array: Array) -> NDArray[np.generic]:
    """An array that travelled."""
    return np.frombuffer(array.data, array.dtype).reshape(array.shape)


def decoded(packed: Packed) -> NDArray[np.float32]:
    """The weights of a ``weights`` answer, as a browser decodes them."""
    (row_max, lengths, members), fields = packed
    plain, start = b"", 0
    for length in to_numpy(lengths).tolist():
        plain += decompress(bytes(members.data[start : start + length]))
        start += length
    assert start == len(members.data)
    codes = np.frombuffer(plain, PRECISIONS[fields["precision"]])
    shape = fields["heads"], fields["queries"], fields["keys"]
    return decode_weights(codes.reshape(shape), to_numpy(row_max), fields["precision"])  # type: ignore[arg-type] - float32


@pytest.mark.parametrize(("precision", "error"), [("uint8", MAX_ERROR), ("float16", 5e-4), ("float32", 0)])
def test_weights_of_a_layer_are_those_logged(tmp_path: Path, precision: str, error: float) -> None:
    log_run(tmp_path, precision=precision)
    packed = weights_result(opened(tmp_path), 1, None)
    assert np.abs(decoded(packed) - sample_weights(0)[1]).max() <= error
    assert packed[1] == {
        "layer": 1, "head": None, "heads": HEADS, "queries": 5, "keys": 5, "precision": precision,
    }  # fmt: skip


@pytest.mark.parametrize("head", range(HEADS))
def test_one_head_is_that_head_of_the_layer(tmp_path: Path, head: int) -> None:
    log_run(tmp_path)
    record = opened(tmp_path)
    whole = decoded(weights_result(record, 1, None))
    for _ in range(2):
        packed = weights_result(record, 1, head)
        np.testing.assert_array_equal(decoded(packed)[0], whole[head])
    assert (packed[1]["head"], packed[1]["heads"]) == (head, 1)


def test_the_record_is_its_header_without_checksums(tmp_path: Path) -> None:
    log_run(tmp_path, steps=[7])
    fields = record_result(opened(tmp_path, step=7))
    assert (fields["tag"], fields["step"], fields["tokens"]) == ("probe", 7, {"tokens": TOKENS})
    assert len(fields["layers"]) == LAYERS
    assert "crc32" not in fields


def test_thumbnails_hold_every_head_of_every_layer(tmp_path: Path) -> None:
    log_run(tmp_path)
    (thumbnails,), fields = thumbnails_result(opened(tmp_path))
    assert fields["layers"] == [{"heads": HEADS, "height": 5, "width": 5}] * LAYERS
    pixels = np.frombuffer(decompress(bytes(thumbnails.data)), np.uint8).reshape(LAYERS, HEADS, 5, 5)
    np.testing.assert_array_equal(pixels, np.round(255 * np.sqrt(sample_weights(0))))


@pytest.mark.parametrize("head", range(4))
def test_vectors_give_back_the_weights_with_their_key_head_and_bias(tmp_path: Path, head: int) -> None:
    layer = log_grouped_vectors(tmp_path, bias=True)
    for _ in range(2):
        (query, key, bias), fields = vectors_result(opened(tmp_path, "vectors"), 0, head)
    assert (fields["head"], fields["kv_head"]) == (head, head // 2)
    scores = to_numpy(query) @ to_numpy(key).T * fields["scale"] + to_numpy(bias)
    weights = np.exp(scores)
    weights /= weights.sum(axis=-1, keepdims=True)
    np.testing.assert_allclose(weights, layer.weights[head], atol=1e-6)


def test_parts_read_after_the_first_check_are_the_same_parts(tmp_path: Path) -> None:
    layer = log_grouped_vectors(tmp_path)
    record = opened(tmp_path, "vectors")
    for head in (3, 1, 3, 0):
        np.testing.assert_array_equal(to_numpy(vectors_result(record, 0, head)[0][0]), layer.query[head])


@pytest.mark.parametrize(
    ("layer", "head", "message"),
    [
        (2, None, "no layer 2; recorded layers: 0 to 1"),
        (-1, 0, "no layer -1"),
        (0, 3, "no head 3 in layer 0"),
    ],
)
def test_a_layer_or_head_that_is_not_there_is_answered_with_what_is(
    tmp_path: Path, layer: int, head: int | None, message: str
) -> None:
    log_run(tmp_path)
    with pytest.raises(RequestError, match=message) as caught:
        weights_result(opened(tmp_path), layer, head)
    assert caught.value.status == 404


def test_vectors_that_were_not_logged_are_answered_with_how_to_log_them(tmp_path: Path) -> None:
    log_run(tmp_path)
    with pytest.raises(RequestError, match="query_key=True") as caught:
        vectors_result(opened(tmp_path), 0, 0)
    assert caught.value.code == "not_recorded"


@pytest.mark.filterwarnings("ignore:.*max_record_bytes")
def test_weights_left_out_for_size_are_answered_with_the_reason(tmp_path: Path) -> None:
    log_run(tmp_path, max_record_bytes=10)
    record = opened(tmp_path)
    assert thumbnails_result(record)[1]["layers"]
    with pytest.raises(RequestError, match=r"left out: .*max_record_bytes") as caught:
        weights_result(record, 0, None)
    assert (caught.value.status, caught.value.code) == (404, "left_out")


def test_a_step_of_metrics_alone_says_so_for_its_pictures(tmp_path: Path) -> None:
    log_run(tmp_path)
    strip_to_metrics(next(tmp_path.rglob("*000000.safetensors")))
    record = opened(tmp_path)
    assert record_result(record)["kind"] == "metrics"
    for result in (thumbnails_result, lambda record: weights_result(record, 0, None)):
        with pytest.raises(RequestError, match="head metrics only") as caught:
            result(record)
        assert (caught.value.status, caught.value.code) == (404, "metrics_only")
