"""The route ``maps``: one query's row, or one key's column, of every head is that of the weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from logs.random_attention import softmax_weights
from numpy.typing import NDArray

from tensorboard_plugin_attn import AttentionRecord, AttentionWriter, LayerAttention
from tensorboard_plugin_attn.encoding.codes import MAX_ERROR, decode_weights
from tensorboard_plugin_attn.serving.answers import RequestError
from tensorboard_plugin_attn.serving.listing import Listing
from tensorboard_plugin_attn.serving.map_results import maps_result
from tensorboard_plugin_attn.serving.opened_record import OpenedRecord, OpenedRecords
from tensorboard_plugin_attn.serving.roots import Root

TEXT, VISION, HEADS = ["a", "b", "c", "d"], ["[CLS]", "x", "y"], 3
VISUAL, WORDS = softmax_weights(HEADS, 3, 3, 0), softmax_weights(HEADS, 4, 4, 1)
QUERY = np.random.default_rng(0).normal(size=(2, HEADS, 3, 4)).astype(np.float32)
ASKED: list[tuple[str, str, int, list[int]]] = [
    ("query", "vision", 2, [0, 2]),
    ("query", "tokens", 3, [1]),
    ("key", "vision", 1, [0, 2]),
]
REFUSED: list[tuple[str, str, int, int | None, str]] = [
    ("query", "vision", 3, None, "no layer has a query 3 among 'vision'"),
    ("query", "sound", 0, None, "no layer has a query 0 among 'sound'"),
    ("key", "tokens", 4, None, "no layer has a key 4"),
    ("query", "vision", 0, 1, "no layer has a query 0"),
    ("query", "vision", 0, 7, "no layer 7"),
]


def vector_weights() -> NDArray[np.float32]:
    """Weights of the third layer, of its query and key."""
    scores = QUERY[0] @ QUERY[1].transpose(0, 2, 1) / 2
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    return np.asarray(weights / weights.sum(-1, keepdims=True), np.float32)


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> OpenedRecord:
    """A vision layer, a text layer, and a vision layer that is kept as query and key."""
    root = tmp_path_factory.mktemp("maps")
    layers = [
        LayerAttention(VISUAL, stack="vision"),
        LayerAttention(WORDS, stack="text"),
        LayerAttention(query=QUERY[0], key=QUERY[1], scale=0.5, mask="full", stack="vision"),
    ]
    with AttentionWriter(root / "run") as writer:
        writer.add_record("x", AttentionRecord(layers, {"text": TEXT, "vision": VISION}), 0)
    listing = Listing([Root(str(root))])
    listing.walk()
    return OpenedRecords(listing).use("run", "x", 0, None, lambda opened: opened)[0]


def decoded(packed: Any) -> list[tuple[int, NDArray[np.float32]]]:
    """Layer and ``[head, other side]``, as a browser decodes them."""
    (maxima, codes), fields = packed
    most, plain = np.frombuffer(maxima.data, np.float32), np.frombuffer(codes.data, np.uint8)
    found = []
    for entry in fields["layers"]:
        heads, length = entry["heads"], entry["length"]
        part, plain = np.split(plain, [heads * length])
        own, most = np.split(most, [heads])
        shaped = part.reshape(1, heads, length)
        found.append((entry["layer"], decode_weights(shaped, own[None], "uint8")[0]))
    assert len(most) == len(plain) == 0
    return found


@pytest.mark.parametrize(("side", "tokens", "at", "layers"), ASKED)
def test_each_head_answers_its_row_or_column_of_the_weights(
    record: OpenedRecord, side: str, tokens: str, at: int, layers: list[int]
) -> None:
    found = decoded(maps_result(record, side, tokens, at))
    assert [layer for layer, _ in found] == layers
    for layer, weights in found:
        whole = (VISUAL, WORDS, vector_weights())[layer]
        expected = whole[:, at] if side == "query" else whole[:, :, at]
        assert np.abs(weights - expected).max() < 2 * MAX_ERROR


def test_one_layer_can_be_asked_for(record: OpenedRecord) -> None:
    assert [layer for layer, _ in decoded(maps_result(record, "query", "vision", 0, 2))] == [2]


@pytest.mark.parametrize(("side", "tokens", "at", "layer", "message"), REFUSED)
def test_what_no_layer_has_is_refused_by_name(
    record: OpenedRecord, side: str, tokens: str, at: int, layer: int | None, message: str
) -> None:
    with pytest.raises(RequestError, match=message):
        maps_result(record, side, tokens, at, layer)
