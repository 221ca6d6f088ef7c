"""capture around generate(): the cached steps become one matrix per layer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
import transformers
from models.sharp_models import BART, eager_attentions, sharpen, small, token_ids

from tensorboard_plugin_attn import capture
from tensorboard_plugin_attn.errors import CaptureError


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


PADDED = {"input_ids": token_ids(), "attention_mask": torch.ones(2, 9, dtype=torch.long)}
PADDED["attention_mask"][1, :4] = 0
WAYS: dict[str, dict[str, Any]] = {
    "sampling of three": {"input_ids": token_ids(1), "num_return_sequences": 3},
    "sampling of two each": {"input_ids": token_ids(), "num_return_sequences": 2},
    "sampling, padded on the left": {**PADDED, "num_return_sequences": 2},
    "a static cache, padded on the left": {**PADDED, "cache_implementation": "static"},
    "a prompt in pieces": {"input_ids": token_ids(1), "prefill_chunk_size": 4},
    "ended early": {"input_ids": token_ids(), "eos_token_id": list(range(3, 60))},
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ["gpt2", "llama"])
def test_every_returned_sequence_equals_one_full_forward(name: str, way: str) -> None:
    model = small(name)
    torch.manual_seed(3)
    options = {"do_sample": True, "eos_token_id": None, "pad_token_id": 0, "max_new_tokens": 6, **WAYS[way]}
    with capture(model) as captured:
        output = captured.model.generate(**options)
    copies = len(output) // len(options["input_ids"])
    mask = options.get("attention_mask", torch.ones_like(options["input_ids"])).repeat_interleave(copies, 0)
    for batch, row in enumerate(output):
        record = captured.record(words(len(row)), batch=batch, attention_mask=mask)
        padding = int((mask[batch] == 0).sum())
        expected = eager_attentions(model, input_ids=row[None, padding:-1])
        for layer, reference in zip(record.layers, expected, strict=True):
            np.testing.assert_allclose(layer.weights, reference[0].numpy(), atol=1e-5)
            assert layer.mask == "causal"


SEQ2SEQ = {
    "bart": (transformers.BartForConditionalGeneration, transformers.BartConfig(**BART)),
    "marian": (
        transformers.MarianMTModel, transformers.MarianConfig(**BART, pad_token_id=0, decoder_start_token_id=0),
    ),
    "t5": (transformers.T5ForConditionalGeneration, transformers.T5Config(
        d_model=48, d_kv=12, num_layers=2, num_heads=4, d_ff=64, vocab_size=100, decoder_start_token_id=0)),
}  # fmt: skip


@pytest.mark.parametrize("cache", [True, False])
@pytest.mark.parametrize("name", SEQ2SEQ)
def test_every_sequence_that_a_decoder_returns_stands_beside_its_own_input(name: str, cache: bool) -> None:
    kind, config = SEQ2SEQ[name]
    torch.manual_seed(0)
    model = sharpen(kind(config).eval(), 3.0)
    mask = torch.ones(2, 9, dtype=torch.long)
    mask[1, 6:] = 0
    with capture(model) as captured:
        output = captured.model.generate(
            token_ids(), attention_mask=mask, max_new_tokens=5, do_sample=True, num_return_sequences=2,
            eos_token_id=None, use_cache=cache,
        )  # fmt: skip
    for batch, row in enumerate(output):
        length = int(mask[batch // 2].sum())
        record = captured.record(words(9), decoder_tokens=words(len(row)), batch=batch)
        expected = eager_attentions(
            model, input_ids=token_ids()[batch // 2, None, :length], decoder_input_ids=row[None, :-1]
        )
        assert len(record.layers) == len(expected)
        for layer, reference in zip(record.layers, expected, strict=True):
            assert len(layer.key_tokens) == layer.weights.shape[-1]
            np.testing.assert_allclose(layer.weights, reference[0].numpy(), atol=3e-5)


MOVING: dict[str, dict[str, Any]] = {
    "beam search": {"num_beams": 3},
    "beam search without a cache": {"num_beams": 3, "use_cache": False},
    "beam search that samples": {"num_beams": 2, "do_sample": True},
    "assisted decoding": {"prompt_lookup_num_tokens": 3},
    "guidance": {"guidance_scale": 1.5},
}


@pytest.mark.parametrize("way", MOVING)
@pytest.mark.parametrize("name", ["gpt2", "llama", "bart"])
def test_rows_that_do_not_continue_each_other_are_an_error_that_says_what_to_do(name: str, way: str) -> None:
    model = small(name)
    options = {
        "input_ids": torch.tensor([[5, 6, 7, 8, 5, 6, 7, 8, 5, 6]]),
        "max_new_tokens": 6,
        **MOVING[way],
    }
    with capture(model) as captured:
        output = captured.model.generate(pad_token_id=0, eos_token_id=None, **options)
    tokens = {"decoder_tokens": words(output.shape[1])} if name == "bart" else {}
    with pytest.raises(
        CaptureError, match=r"one forward over the finished sequence.*captured\.model\(output"
    ):
        captured.record(words(10 if name == "bart" else output.shape[1]), **tokens)


@pytest.mark.filterwarnings("ignore:`past_key_values` is deprecated")  # its name before transformers 5.24
@pytest.mark.parametrize("moves", [True, False])
def test_a_beam_search_of_ones_own_is_noticed_by_its_keys(moves: bool) -> None:
    model = small("llama")
    with torch.no_grad(), capture(model) as captured:
        ids, cache = token_ids(), None
        for step in range(4):
            output = captured.model(input_ids=ids, past_key_values=cache, use_cache=True)
            cache, ids = output.past_key_values, output.logits[:, -1:].argmax(-1)
            if moves and step == 1:
                cache.reorder_cache(torch.tensor([1, 0]))
    if moves:
        with pytest.raises(CaptureError, match="a step has other keys than the step before"):
            captured.record(words(12))
    else:
        assert len(captured.record(words(12)).layers) == 3


def test_two_generations_in_one_block_are_an_error() -> None:
    model = small("gpt2")
    with capture(model) as captured:
        for length in (9, 7):
            captured.model.generate(token_ids(1, length), max_new_tokens=3, do_sample=False, pad_token_id=0)
    with pytest.raises(CaptureError, match="do not continue each other"):
        captured.record(words(11))


@pytest.mark.parametrize("lengths", [(9, 5), (5, 9)])
def test_several_forwards_that_are_no_generation_give_the_last_and_say_so(lengths: tuple[int, int]) -> None:
    model = small("bert")
    with torch.no_grad(), capture(model) as captured:
        for length in lengths:
            captured.model(input_ids=token_ids(1, length))
    assert len(captured.layers) == 6
    with pytest.warns(UserWarning, match="ran 2 times in the block"):
        record = captured.record(words(lengths[1]))
    assert len(record.layers) == 3


SLIDING = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
           "num_key_value_heads": 2, "vocab_size": 100, "sliding_window": 4, "pad_token_id": 0}  # fmt: skip


def sliding(name: str) -> Any:
    """A small model whose layers see a window of 4 tokens: every layer, or every other one."""
    import transformers

    torch.manual_seed(0)
    config = {
        "phi3": transformers.Phi3Config,
        "starcoder2": transformers.Starcoder2Config,
        "cohere2": transformers.Cohere2Config,
    }[name](**SLIDING)
    return sharpen(transformers.AutoModelForCausalLM.from_config(config), 3.0).eval()


SHORT = {"input_ids": token_ids(1, 3)}
LONG = {"input_ids": token_ids(1, 9)}
STATIC = {"cache_implementation": "static"}
WINDOWS: dict[str, tuple[str, dict[str, Any]]] = {
    "longer than the window": ("starcoder2", LONG),
    "shorter than the window": ("phi3", SHORT),
    "shorter, in a static cache": ("phi3", {**SHORT, **STATIC}),
    "longer, in a static cache of two kinds": ("cohere2", {**LONG, **STATIC}),
    "padded, in a static cache": ("cohere2", {**PADDED, **STATIC}),
    "padded, without a cache": ("cohere2", {**PADDED, "use_cache": False}),
    "padded, in a static cache, written out": ("cohere2", {**PADDED, **STATIC, "eager": True}),
    "padded, in a static cache of windows, written out": ("phi3", {**PADDED, **STATIC, "eager": True}),
    "padded, without a cache, written out": ("starcoder2", {**PADDED, "use_cache": False, "eager": True}),
}


@pytest.mark.parametrize("way", WINDOWS)
def test_a_window_shows_the_same_rows_step_by_step(way: str) -> None:
    name, options = WINDOWS[way][0], dict(WINDOWS[way][1])
    model = sliding(name)
    if options.pop("eager", False):
        model.set_attn_implementation("eager")
    with capture(model) as captured:
        output = captured.model.generate(
            **options, max_new_tokens=5, do_sample=False, pad_token_id=0, eos_token_id=None
        )
    mask = options.get("attention_mask", torch.ones_like(options["input_ids"]))
    for batch, row in enumerate(output):
        padding = int((mask[batch] == 0).sum())
        record = captured.record(words(len(row)), batch=batch)
        assert record.tokens == words(len(row))[padding:-1]
        expected = eager_attentions(model, input_ids=row[None, padding:-1])
        for layer, reference in zip(record.layers, expected, strict=True):
            np.testing.assert_allclose(layer.weights, reference[0].numpy(), atol=2e-5)
            assert layer.differing_heads == []
