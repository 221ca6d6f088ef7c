"""AttentionRecord and LayerAttention: what is checked and what a record says of itself."""

from __future__ import annotations

import numpy as np
import pytest
from logs.random_attention import random_record, softmax_weights, token_list

from tensorboard_plugin_attn import AttentionRecord, LayerAttention
from tensorboard_plugin_attn.errors import InvalidRecordError


def test_layers_may_differ_in_heads() -> None:
    record = random_record((2, 5, 1))
    assert [layer.num_heads for layer in record.layers] == [2, 5, 1]
    assert repr(record) == "<AttentionRecord 3 layers, 6 tokens>"


def test_each_layer_has_the_tokens_of_its_axes_in_an_encoder_decoder_model() -> None:
    source, target = token_list(4, "source"), token_list(3, "target")
    record = AttentionRecord(
        [
            LayerAttention(softmax_weights(2, 4, 4), stack="encoder"),
            LayerAttention(softmax_weights(2, 3, 3), stack="decoder"),
            LayerAttention(softmax_weights(2, 3, 4), stack="decoder", kind="cross"),
        ],
        source,
        decoder_tokens=target,
    )
    encoder, decoder, cross = record.layers
    assert (encoder.query_tokens, encoder.key_tokens) == (source, source)
    assert (decoder.query_tokens, decoder.key_tokens) == (target, target)
    assert (cross.query_tokens, cross.key_tokens) == (target, source)
    assert (cross.num_queries, cross.num_keys) == (3, 4)


def test_a_record_keeps_its_own_layers_and_leaves_those_given_alone() -> None:
    layer = LayerAttention(softmax_weights(2, 3, 3).astype(np.float64))
    record = AttentionRecord([layer], token_list(3))
    assert record.layers[0].weights.dtype == np.float32
    assert layer.weights.dtype == np.float64
    assert layer.mask is None


def test_grouped_query_heads_are_counted() -> None:
    layer = LayerAttention(
        softmax_weights(4, 3, 3), query=np.zeros((4, 3, 8)), key=np.zeros((2, 3, 8)), scale=0.5
    )
    record = AttentionRecord([layer], token_list(3))
    assert (record.layers[0].num_heads, record.layers[0].num_kv_heads) == (4, 2)
    assert record.layers[0].query.dtype == np.float32


def test_a_layer_says_what_it_is() -> None:
    layer = LayerAttention(softmax_weights(2, 3, 4), name="h.0.attn", kind="cross")
    assert repr(layer) == "<LayerAttention h.0.attn cross (2, 3, 4)>"
    assert layer.num_kv_heads == 2


@pytest.mark.parametrize("layers", [[], (), None])
def test_no_layers_names_capture_as_the_way_out(layers: object) -> None:
    with pytest.raises(InvalidRecordError, match=r"at least one layer.*got an empty.*sdpa.*capture\(model\)"):
        AttentionRecord(layers, ["a"])  # type: ignore[arg-type] - what a user may pass


def test_bare_arrays_for_layers_are_refused_with_what_to_do() -> None:
    with pytest.raises(
        InvalidRecordError, match=r"must be LayerAttention, got ndarray.*LayerAttention\(weights\)"
    ):
        AttentionRecord([softmax_weights(2, 3, 3)], token_list(3))  # type: ignore[list-item] - what a user may pass


def test_a_kind_that_is_none_is_refused_with_those_there_are() -> None:
    with pytest.raises(InvalidRecordError, match="kind must be one of self, cross, got 'crossed'"):
        LayerAttention(softmax_weights(1, 2, 2), kind="crossed")


def test_facts_about_the_tokens_can_be_read_back() -> None:
    record = random_record(length=6, sentence_b_start=4, words=[0, 0, None, 1, 2, 2], special=["token0"])
    assert record.tokens == token_list(6)
    assert record.decoder_tokens is None
    assert record.sentence_b_start == 4
    assert record.axes.words == [0, 0, None, 1, 2, 2]
    assert record.layers[0].key_special.tolist() == [True] + [False] * 5
