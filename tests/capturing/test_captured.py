"""capture: exact weights, in call order, of the models that everyone has."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from models.sharp_models import eager_attentions, small, token_ids
from torch import nn

from tensorboard_plugin_attn import capture
from tensorboard_plugin_attn.errors import CaptureError

INPUTS: dict[str, dict[str, Any]] = {
    "bert": {"input_ids": token_ids(), "attention_mask": torch.ones(2, 9, dtype=torch.long)},
    "gpt2": {"input_ids": token_ids()},
    "llama": {"input_ids": token_ids()},
    "bart": {"input_ids": token_ids(), "decoder_input_ids": token_ids(2, 5)},
}


@pytest.mark.parametrize("name", INPUTS)
def test_every_layer_equals_eager_attentions_in_call_order(name: str) -> None:
    model = small(name)
    expected = eager_attentions(model, **INPUTS[name])
    with torch.no_grad(), capture(model) as captured:
        captured.model(**INPUTS[name])
    assert len(captured.layers) == len(expected)
    for index, (layer, reference) in enumerate(zip(captured.layers, expected, strict=True)):
        assert layer.weights.dtype == torch.float32
        torch.testing.assert_close(layer.weights, reference, atol=1e-5, rtol=0)
        others = [other for number, other in enumerate(expected) if number != index]
        assert all(
            other.shape != reference.shape or (other - reference).abs().max() > 0.05 for other in others
        ), "the control: no layer may pass for another"


@pytest.mark.parametrize("name", INPUTS)
def test_outputs_are_bitwise_those_without_capture(name: str) -> None:
    model = small(name)
    with torch.no_grad():
        plain = model(**INPUTS[name])[0]
        with capture(model, query_key=True) as captured:
            watched = captured.model(**INPUTS[name])[0]
    assert torch.equal(plain, watched)


def test_names_kinds_stacks_and_masks_of_an_encoder_decoder() -> None:
    with torch.no_grad(), capture(small("bart")) as captured:
        captured.model(**INPUTS["bart"])
    told = [(layer.name, layer.kind, layer.stack, layer.mask) for layer in captured.layers]
    assert told[:4] == [
        ("model.encoder.layers.0.self_attn", "self", "encoder", "full"),
        ("model.encoder.layers.1.self_attn", "self", "encoder", "full"),
        ("model.decoder.layers.0.self_attn", "self", "decoder", "causal"),
        ("model.decoder.layers.0.encoder_attn", "cross", "decoder", "full"),
    ]


def test_an_only_stack_has_no_name() -> None:
    with torch.no_grad(), capture(small("bert")) as captured:
        captured.model(**INPUTS["bert"])
    assert {layer.stack for layer in captured.layers} == {""}


@pytest.mark.parametrize("batch_first", [True, False])
def test_transformer_encoder_equals_need_weights(batch_first: bool) -> None:
    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(48, 4, 64, batch_first=batch_first)
    encoder = nn.TransformerEncoder(layer, 3, enable_nested_tensor=False).eval().double()
    with torch.no_grad():
        for index, block in enumerate(encoder.layers):
            block.self_attn.in_proj_weight.normal_(std=0.25 + 0.05 * index)
            block.self_attn.in_proj_weight[:96] *= 8
    states = torch.randn(*((2, 7) if batch_first else (7, 2)), 48, dtype=torch.float64)  # rounds nothing
    expected, hidden = [], states
    with torch.no_grad():
        for block in encoder.layers:
            _, weights = block.self_attn(hidden, hidden, hidden, average_attn_weights=False)
            expected.append(weights)
            hidden = block(hidden)
        with capture(encoder) as captured:
            captured.model(states)
    assert [layer.mechanism for layer in captured.layers] == ["multi_head_attention_forward"] * 3
    for layer, reference in zip(captured.layers, expected, strict=True):
        torch.testing.assert_close(layer.weights, reference.float(), atol=1e-5, rtol=0)


def test_a_record_is_float32_numpy_with_its_tokens() -> None:
    model = small("bart")
    expected = eager_attentions(model, **INPUTS["bart"])
    with torch.no_grad(), capture(model) as captured:
        captured.model(**INPUTS["bart"])
    words = [f"w{index}" for index in range(9)]
    record = captured.record(words, decoder_tokens=words[:5], batch=1)
    assert record.layers[3].query_tokens == words[:5]
    assert record.layers[3].key_tokens == words
    assert record.layers[3].weights.dtype == np.float32
    np.testing.assert_allclose(record.layers[3].weights, expected[3][1].numpy(), atol=1e-5)


def test_padding_is_cropped_with_the_mask_that_the_model_was_given() -> None:
    model = small("bert")
    mask = torch.ones(2, 9, dtype=torch.long)
    mask[1, 6:] = 0
    with torch.no_grad():
        alone = eager_attentions(model, input_ids=token_ids()[1:, :6])
        with capture(model) as captured:
            captured.model(input_ids=token_ids(), attention_mask=mask)
    words = [f"w{index}" for index in range(9)]
    for tokens in (words, words[:6]):
        record = captured.record(tokens, batch=1)
        assert record.tokens == words[:6]
        assert record.layers[0].mask == "full"
        np.testing.assert_allclose(record.layers[2].weights, alone[2][0].numpy(), atol=1e-5)


def test_around_a_training_forward_weights_are_those_before_dropout() -> None:
    model = small("bert", attention_probs_dropout_prob=0.5).train()
    torch.manual_seed(3)
    plain = model(**INPUTS["bert"])[0]
    plain.sum().backward()
    gradients = [parameter.grad.clone() for parameter in model.parameters() if parameter.grad is not None]
    state = torch.get_rng_state()
    model.zero_grad()
    torch.manual_seed(3)
    with capture(model) as captured:
        watched = captured.model(**INPUTS["bert"])[0]
        watched.sum().backward()
    assert torch.equal(plain, watched)
    assert torch.equal(state, torch.get_rng_state())
    again = [parameter.grad for parameter in model.parameters() if parameter.grad is not None]
    assert all(torch.equal(one, other) for one, other in zip(gradients, again, strict=True))
    assert not captured.layers[0].weights.requires_grad
    torch.testing.assert_close(captured.layers[0].weights.sum(-1), torch.ones(2, 4, 9))


def test_a_model_without_attention_says_what_was_seen_and_what_to_do() -> None:
    model = nn.Sequential(nn.Linear(4, 4), nn.Softmax(-1))
    with torch.no_grad(), capture(model) as captured:
        captured.model(torch.randn(2, 4))
    with pytest.raises(CaptureError, match=r"a softmax of shape \[2, 4\] in 1.*Expected scaled_dot_product"):
        captured.record(["a", "b"])
    with pytest.raises(CaptureError, match="no attention was captured"):
        _ = captured.layers


def test_a_model_that_was_not_called_says_so() -> None:
    with capture(small("bert")) as captured:
        pass
    with pytest.raises(CaptureError, match=r"did not run; call captured\.model"):
        captured.record(["a"])
