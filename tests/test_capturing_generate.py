"""capture around generate(): the cached steps become one matrix per layer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from sharp_models import eager_attentions, small, token_ids

from tensorboard_plugin_attn import capture


def words(count: int) -> list[str]:
    return [f"w{index}" for index in range(count)]


def generated(model: Any, **options: Any) -> tuple[Any, torch.Tensor]:
    with capture(model, query_key=True) as captured:
        output = captured.model.generate(do_sample=False, pad_token_id=0, eos_token_id=None, **options)
    return captured, output


@pytest.mark.parametrize("name", ["gpt2", "llama"])
@pytest.mark.parametrize("cache", ["dynamic", "static", None])
def test_a_greedy_generation_equals_one_full_forward(name: str, cache: str | None) -> None:
    model = small(name)
    options = {"use_cache": False} if cache is None else {"cache_implementation": cache}
    captured, output = generated(model, input_ids=token_ids(1), max_new_tokens=6, **options)
    expected = eager_attentions(model, input_ids=output[:, :-1])
    for tokens in (words(15), words(14)):
        record = captured.record(tokens)
        assert record.tokens == words(14)
        assert [layer.mask for layer in record.layers] == ["causal"] * 3
        for layer, reference in zip(record.layers, expected, strict=True):
            np.testing.assert_allclose(layer.weights, reference[0].numpy(), atol=1e-6)
            assert layer.rebuild_error < 1e-5


def test_a_batch_with_padding_on_the_left_is_cropped() -> None:
    model = small("llama")
    mask = torch.ones(2, 9, dtype=torch.long)
    mask[1, :4] = 0
    captured, output = generated(model, input_ids=token_ids(), attention_mask=mask, max_new_tokens=3)
    expected = eager_attentions(model, input_ids=output[1:, 4:-1])
    record = captured.record(words(12), batch=1)
    assert record.tokens == words(12)[4:11]
    for layer, reference in zip(record.layers, expected, strict=True):
        np.testing.assert_allclose(layer.weights, reference[0].numpy(), atol=1e-5)


def test_cross_attention_has_a_row_per_generated_token() -> None:
    model = small("bart")
    captured, output = generated(model, input_ids=token_ids(1), max_new_tokens=5, num_beams=1)
    expected = eager_attentions(model, input_ids=token_ids(1), decoder_input_ids=output[:, :-1])
    record = captured.record(words(9), decoder_tokens=words(output.shape[1]))
    assert [layer.kind for layer in record.layers] == ["self", "self", "self", "cross", "self", "cross"]
    for layer, reference in zip(record.layers, expected, strict=True):
        np.testing.assert_allclose(layer.weights, reference[0].numpy(), atol=1e-6)
        assert layer.rebuild_error < 1e-5


def test_several_forwards_that_are_no_generation_give_the_last_and_say_so() -> None:
    model = small("bert")
    with torch.no_grad(), capture(model) as captured:
        captured.model(input_ids=token_ids())
        captured.model(input_ids=token_ids(1, 5))
    assert len(captured.layers) == 6
    with pytest.warns(UserWarning, match="ran 2 times in the block"):
        record = captured.record(words(5))
    assert len(record.layers) == 3
