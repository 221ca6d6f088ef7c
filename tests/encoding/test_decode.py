"""The bytes of a file → a record that knows all that was logged."""

from __future__ import annotations

import numpy as np
import pytest
from logs.random_attention import softmax_weights, token_list
from make_fixtures import FOLDER

from tensorboard_plugin_attn import AttentionRecord, LayerAttention
from tensorboard_plugin_attn.encoding.decode import read_layer_weights, read_record
from tensorboard_plugin_attn.encoding.format import Header, ReadRange, pack_record, read_header
from tensorboard_plugin_attn.errors import DamagedFileError
from tensorboard_plugin_attn.writing.draft import Draft


def opened(record: AttentionRecord, max_bytes: int = 1 << 30) -> tuple[Header, ReadRange]:
    """A record's header and how its bytes are read."""
    draft = Draft(record.axes, {}, "uint8", max_bytes)
    for layer in record.layers:
        draft.add(layer)
    content = b"".join(pack_record("t", 0, 0.0, record.axes, draft.layers, [], left_out=draft.left_out()))
    return read_header(lambda start, stop: content[start:stop], len(content)), lambda start, stop: content[
        start:stop
    ]


def read_back(record: AttentionRecord) -> AttentionRecord:
    return read_record(*opened(record))


def test_all_that_is_known_of_a_layer_comes_back() -> None:
    layer = LayerAttention(
        softmax_weights(2, 3, 3),
        name="h.1",
        stack="vision",
        mask="window 2",
        scale=0.125,
        mechanism="sdpa",
        dtype="float16",
        heads=[3, 7],
        rebuild_error=2e-7,
    )
    copy = read_back(AttentionRecord([layer], token_list(3))).layers[0]
    for name in ("name", "kind", "stack", "mask", "scale", "mechanism", "dtype", "heads", "rebuild_error"):
        assert getattr(copy, name) == getattr(layer, name), name


def test_all_that_is_known_of_the_tokens_comes_back() -> None:
    record = AttentionRecord(
        [LayerAttention(softmax_weights(1, 2, 3), kind="cross", stack="decoder")],
        ["a", "b", "</s>"],
        decoder_tokens=["<s>", "c"],
        special=["a", "c"],
        sentence_b_start=2,
        words=[0, None, 1],
    )
    copy = read_back(record)
    assert (copy.tokens, copy.decoder_tokens) == (["a", "b", "</s>"], ["<s>", "c"])
    assert (copy.sentence_b_start, copy.axes.words) == (2, [0, None, 1])
    cross = copy.layers[0]
    assert (cross.query_tokens, cross.key_tokens) == (["<s>", "c"], ["a", "b", "</s>"])
    assert (cross.query_special.tolist(), cross.key_special.tolist()) == ([False, True], [True, False, False])


def test_no_special_tokens_stay_none_though_a_token_is_well_known() -> None:
    record = AttentionRecord([LayerAttention(softmax_weights(1, 2, 2))], ["[CLS]", "a"], special=[])
    assert not read_back(record).layers[0].key_special.any()


def test_weights_that_were_left_out_are_nan_of_the_right_shape() -> None:
    layers = [LayerAttention(softmax_weights(2, 8, 8, seed)) for seed in range(4)]
    header, read = opened(AttentionRecord(layers, token_list(8)), max_bytes=2475)
    copies = read_record(header, read).layers
    assert [bool(np.isnan(layer.weights).all()) for layer in copies] == [False, True, False, True]
    assert {layer.weights.shape for layer in copies} == {(2, 8, 8)}


def test_a_read_record_can_be_logged_again() -> None:
    record = AttentionRecord([LayerAttention(softmax_weights(2, 4, 4))], token_list(4), sentence_b_start=1)
    once = read_back(record)
    again = read_back(once)
    np.testing.assert_allclose(once.layers[0].weights, again.layers[0].weights, atol=1e-6)


def test_one_layer_is_read_without_touching_the_others() -> None:
    layers = [LayerAttention(softmax_weights(2, 8, 8, seed)) for seed in range(3)]
    header, read = opened(AttentionRecord(layers, token_list(8)))
    touched: list[int] = []

    def watch(start: int, stop: int) -> bytes:
        touched.extend((start, stop - 1))
        return read(start, stop)

    weights = read_layer_weights(header, watch, 1)
    assert np.abs(weights - layers[1].weights).max() <= 0.00197
    own = [span for name, span in header.spans.items() if name.startswith("layer.1.")]
    assert all(any(span.start <= place < span.stop for span in own) for place in touched)


def test_a_damaged_layer_leaves_the_others_readable() -> None:
    content = bytearray((FOLDER / "records" / "pair.safetensors").read_bytes())
    header = read_header(lambda start, stop: bytes(content[start:stop]), len(content), "a.safetensors")
    content[header.spans["layer.0.weights"].stop - 1] ^= 1

    def read(start: int, stop: int) -> bytes:
        return bytes(content[start:stop])

    assert read_layer_weights(header, read, 1).shape == (3, 7, 7)
    with pytest.raises(DamagedFileError, match=r"a\.safetensors: the bytes of layer\.0\.weights"):
        read_layer_weights(header, read, 0)
