"""peft's virtual tokens have names of their own, and no token of the text gets their weights."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from models.sharp_models import BART, SMALL, sharpen, small, token_ids

from tensorboard_plugin_attn import AttentionReader, AttentionWriter, capture
from tensorboard_plugin_attn.capturing.inputs.virtual import NO_VIRTUAL, virtual_tokens

peft = pytest.importorskip("peft")
pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")  # peft calls transformers by its older names
COUNT = 3
NAMES = [f"[virtual {number}]" for number in range(COUNT)]
TASKS = {"bert": "FEATURE_EXTRACTION", "gpt2": "CAUSAL_LM", "llama": "CAUSAL_LM"}
PROMPTS = {"prompt": peft.PromptTuningConfig, "p": peft.PromptEncoderConfig}


def tuned(name: str, config: Any) -> Any:
    torch.manual_seed(0)
    model = small(name)
    if TASKS[name] == "CAUSAL_LM" and not hasattr(model, "prepare_inputs_for_generation"):
        pytest.skip("no language model")
    return peft.get_peft_model(model, config(task_type=TASKS[name], num_virtual_tokens=COUNT)).eval()


def words(count: int) -> list[str]:
    return [f"w{index}" for index in range(count)]


def padded_batch() -> dict[str, torch.Tensor]:
    mask = torch.ones(2, 9, dtype=torch.long)
    mask[1, 5:] = 0
    return {"input_ids": token_ids(), "attention_mask": mask}


def eager(model: Any, **inputs: Any) -> Any:
    """Weights of each layer from the same model, its kernels written out."""
    model.get_base_model().set_attn_implementation("eager")
    with torch.no_grad():
        found = model(**inputs, output_attentions=True).attentions
    model.get_base_model().set_attn_implementation("sdpa")
    return [weights.numpy() for weights in found]


@pytest.mark.parametrize("name", ["bert", "llama"])
@pytest.mark.parametrize("tuning", PROMPTS)
def test_a_prompts_tokens_stand_before_each_text_of_a_padded_batch(
    name: str, tuning: str, tmp_path: Path
) -> None:
    model, batch = tuned(name, PROMPTS[tuning]), padded_batch()
    with AttentionWriter(tmp_path, precision="float32") as writer:
        writer.add_probe(["long", "short"], model, batch, [words(9), words(5)], 0)
    reader = AttentionReader(tmp_path)
    for tag, length in (("long", 9), ("short", 5)):
        row = 0 if tag == "long" else 1
        expected = eager(model, **{key: value[row : row + 1, :length] for key, value in batch.items()})
        record = reader.read(".", tag, 0)
        assert record.tokens == NAMES + words(length)
        assert record.axes.special[:COUNT].all()
        for layer, weights in zip(record.layers, expected, strict=True):
            np.testing.assert_allclose(layer.weights, weights[0], atol=1e-5)


def test_a_prefix_is_keys_without_queries() -> None:
    model, batch = tuned("llama", peft.PrefixTuningConfig), padded_batch()
    with torch.no_grad(), capture(model) as captured:
        captured.model(**batch)
    record = captured.record(words(9), batch=1)
    assert (record.tokens, record.decoder_tokens) == (NAMES + words(5), words(5))
    expected = eager(model, **{key: value[1:, :5] for key, value in batch.items()})
    for layer, weights in zip(record.layers, expected, strict=True):
        assert layer.weights.shape[1:] == (5, COUNT + 5)
        assert (layer.query_tokens, layer.key_tokens) == (words(5), NAMES + words(5))
        np.testing.assert_allclose(layer.weights, weights[0], atol=1e-5)


def test_names_that_are_there_already_are_not_put_twice() -> None:
    model = tuned("bert", peft.PromptTuningConfig)
    with torch.no_grad(), capture(model) as captured:
        captured.model(input_ids=token_ids(1))
    for tokens in (words(9), NAMES + words(9), words(12)):
        record = captured.record(tokens)
        assert record.tokens == (NAMES + words(9) if len(tokens) == 9 else tokens)


def test_other_adapters_and_plain_models_have_none() -> None:
    assert virtual_tokens(small("bert")) == NO_VIRTUAL
    lora = peft.get_peft_model(small("bert"), peft.LoraConfig(target_modules=["query", "value"]))
    assert virtual_tokens(lora) == NO_VIRTUAL
    model = tuned("llama", peft.PromptTuningConfig)
    assert virtual_tokens(torch.nn.Sequential(model)).count == COUNT
    with model.disable_adapter():
        assert virtual_tokens(model) == NO_VIRTUAL
    assert virtual_tokens(model).count == COUNT


SEQ2SEQ = {
    "t5": (transformers.T5ForConditionalGeneration, transformers.T5Config(
        d_model=48, d_kv=12, num_layers=2, num_heads=4, d_ff=64, vocab_size=100, decoder_start_token_id=0)),
    "mbart": (transformers.MBartForConditionalGeneration, transformers.MBartConfig(**BART)),
    "pegasus": (transformers.PegasusForConditionalGeneration, transformers.PegasusConfig(**BART)),
}  # fmt: skip


@pytest.mark.parametrize("name", SEQ2SEQ)
def test_a_decoders_prefix_is_before_the_tokens_that_its_self_attention_looks_at_and_nowhere_else(
    name: str, tmp_path: Path
) -> None:
    kind, config = SEQ2SEQ[name]
    torch.manual_seed(0)
    tuning = peft.PrefixTuningConfig(task_type="SEQ_2_SEQ_LM", num_virtual_tokens=COUNT)
    model = peft.get_peft_model(sharpen(kind(config).eval(), 3.0), tuning).eval()
    batch = {
        **padded_batch(),
        "decoder_input_ids": token_ids(2, 6),
    }  # 6 + 3 tokens, as many as the first text has
    decoder = [f"d{index}" for index in range(6)]
    with AttentionWriter(tmp_path, precision="float32") as writer:
        pairs = [(words(9), decoder), (words(5), decoder)]
        writer.add_probe(["long", "short"], model, batch, pairs, 0)
    reader = AttentionReader(tmp_path)
    model.get_base_model().set_attn_implementation("eager")
    for row, (tag, length) in enumerate((("long", 9), ("short", 5))):
        cropped = {
            key: each[row : row + 1, : 6 if key.startswith("decoder") else length]
            for key, each in batch.items()
        }
        with torch.no_grad():
            found = model(**cropped, output_attentions=True)
        pairs_of = zip(found.decoder_attentions, found.cross_attentions, strict=True)
        expected = [*found.encoder_attentions, *(each for pair in pairs_of for each in pair)]
        record = reader.read(".", tag, 0)
        own = [(words(length), words(length))] * 2
        both = [(decoder, NAMES + decoder), (decoder, words(length))] * 2
        assert [(layer.query_tokens, layer.key_tokens) for layer in record.layers] == own + both
        for layer, weights in zip(record.layers, expected, strict=True):
            np.testing.assert_allclose(layer.weights, weights[0], atol=2e-5)


CAUSAL = {
    "opt": transformers.OPTConfig(
        hidden_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        ffn_dim=64,
        vocab_size=100,
        word_embed_proj_dim=48,
    ),
    "qwen2": transformers.Qwen2Config(**SMALL, num_key_value_heads=2),
    "gemma3_text": transformers.Gemma3TextConfig(
        **SMALL, num_key_value_heads=2, head_dim=12, sliding_window=4, query_pre_attn_scalar=12
    ),
}
TUNINGS = {
    "prompt": peft.PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=COUNT),
    "p": peft.PromptEncoderConfig(task_type="CAUSAL_LM", num_virtual_tokens=COUNT),
    "prefix": peft.PrefixTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=COUNT),
    "lora": peft.LoraConfig(
        task_type="CAUSAL_LM", target_modules=["q_proj", "v_proj"], init_lora_weights=False
    ),
    "ia3": peft.IA3Config(
        task_type="CAUSAL_LM",
        target_modules=["k_proj", "v_proj"],
        feedforward_modules=[],
        init_ia3_weights=False,
    ),
}


@pytest.mark.parametrize("tuning", TUNINGS)
@pytest.mark.parametrize("name", CAUSAL)
def test_every_way_of_tuning_shows_the_weights_of_the_eager_model(name: str, tuning: str) -> None:
    torch.manual_seed(0)
    plain = transformers.AutoModelForCausalLM.from_config(CAUSAL[name])
    model = peft.get_peft_model(sharpen(plain.eval(), 4.0), deepcopy(TUNINGS[tuning])).eval()
    batch = padded_batch()
    with torch.no_grad(), capture(model) as captured:
        captured.model(**batch)
    record = captured.record(words(9), batch=1)
    expected = eager(model, **{key: value[1:, :5] for key, value in batch.items()})
    before = [] if tuning in ("lora", "ia3") else NAMES
    for layer, weights in zip(record.layers, expected, strict=True):
        assert layer.key_tokens == before + words(5)
        assert layer.query_tokens == ([] if tuning == "prefix" else before) + words(5)
        assert layer.differing_heads == []
        np.testing.assert_allclose(layer.weights, weights[0], atol=1e-5)
