"""A directory → a log of small transformers with their query and key, for the Neuron view."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from logs.random_attention import softmax_weights
from transformers import (
    BartConfig,
    BartModel,
    BertConfig,
    BertModel,
    GPT2Config,
    GPT2Model,
    LlamaConfig,
    LlamaModel,
)

from tensorboard_plugin_attn import AttentionRecord, AttentionWriter, LayerAttention, capture

__all__ = [
    "PAIR",
    "RUN",
    "SENTENCE_B",
    "SOURCE",
    "STEPS",
    "TARGET",
    "NeuronLog",
    "bart",
    "bert",
    "gpt2",
    "ids",
    "write_log",
]

RUN = "models"
STEPS = (0, 40)
PAIR = [
    "[CLS]",
    "the",
    "doctor",
    "asked",
    "the",
    "nurse",
    "a",
    "question",
    "[SEP]",
    "she",
    "was",
    "late",
    "[SEP]",
]
SENTENCE_B = 9
SOURCE, TARGET = (
    ["the", "nurse", "was", "late", "</s>"],
    ["<s>", "die", "Schwester", "kam", "zu", "spät", "</s>"],
)
VOCABULARY = 64


@dataclass(frozen=True)
class NeuronLog:
    """Where the log lies."""

    directory: Path


def sharpened(model: Any, seed: int) -> Any:
    """The model in eval mode with larger weights than it starts from, so that heads attend to something."""
    torch.manual_seed(seed)
    with torch.no_grad():
        for name, weights in model.named_parameters():
            if weights.dim() > 1 and "embed" not in name and "wte" not in name:
                weights.normal_(0, 0.09)
            elif weights.dim() > 1:
                weights.normal_(0, 1)
    return model.eval()


def ids(count: int, seed: int) -> torch.Tensor:
    """Tokens of one input."""
    return torch.randint(5, VOCABULARY, (1, count), generator=torch.Generator().manual_seed(seed))


def bert(step: int) -> Any:
    config = BertConfig(
        vocab_size=VOCABULARY,
        hidden_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
    )
    return sharpened(BertModel(config), step)


def gpt2(step: int) -> Any:
    return sharpened(GPT2Model(GPT2Config(vocab_size=VOCABULARY, n_embd=256, n_layer=2, n_head=4)), step)


def llama(step: int) -> Any:
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=128,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=8,
        num_key_value_heads=2,
    )
    return sharpened(LlamaModel(config), step)


def bart(step: int, layers: int = 1, heads: int = 2) -> Any:
    config = BartConfig(
        vocab_size=VOCABULARY,
        d_model=64,
        encoder_layers=layers,
        decoder_layers=layers,
        encoder_attention_heads=heads,
        decoder_attention_heads=heads,
        encoder_ffn_dim=64,
        decoder_ffn_dim=64,
    )
    return sharpened(BartModel(config), step)


def built_layer(heads: int, queries: int, keys: int, size: int, seed: int, **more: Any) -> LayerAttention:
    """A layer whose weights are made of its query and key."""
    random = np.random.default_rng(seed)
    query, key = random.normal(size=(heads, queries, size)), random.normal(size=(heads, keys, size))
    scores = np.einsum("hqd,hkd->hqk", query, key) * size**-0.5
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    weights /= weights.sum(-1, keepdims=True)
    vectors = {"query": query.astype(np.float32), "key": key.astype(np.float32), "scale": size**-0.5}
    return LayerAttention(weights.astype(np.float32), **{**vectors, **more})


def add_models(writer: AttentionWriter, step: int) -> None:
    """One probe of each model."""
    pair = torch.zeros(1, len(PAIR), dtype=torch.long)
    pair[:, SENTENCE_B:] = 1
    inputs = {"input_ids": ids(len(PAIR), 1), "token_type_ids": pair}
    with capture(bert(step), query_key=True) as captured:
        captured.model(**inputs)
    record = AttentionRecord(captured.record(PAIR).layers, PAIR, sentence_b_start=SENTENCE_B)
    writer.add_record("bert/pair", record, step)
    words = [f"Ġw{number}" for number in range(128)]
    writer.add_probe("gpt2/128", gpt2(step), {"input_ids": ids(128, 2)}, words, step, query_key=True)
    llamas = ["▁a", "▁llama", "▁looks", "▁at", "▁its", "▁own", "▁keys", "."]
    writer.add_probe("llama/grouped", llama(step), {"input_ids": ids(8, 3)}, llamas, step, query_key=True)
    both = {"input_ids": ids(len(SOURCE), 4), "decoder_input_ids": ids(len(TARGET), 5)}
    writer.add_probe("bart/translation", bart(step), both, (SOURCE, TARGET), step, query_key=True)
    writer.add_probe("bert/weights", bert(step), inputs, PAIR, step)


def add_odd_ones(writer: AttentionWriter, step: int) -> None:
    """What no model above shows: one token, 256 dimensions, weights that their vectors do not give."""
    writer.add_record("one", AttentionRecord([built_layer(2, 1, 1, 8, step)], ["alone"]), step)
    wide = [f"token{number}" for number in range(24)]
    writer.add_record("wide/256", AttentionRecord([built_layer(2, 24, 24, 256, step)], wide), step)
    other = built_layer(2, 6, 6, 8, step)
    other.weights = softmax_weights(2, 6, 6, step)
    writer.add_record("other/weights", AttentionRecord([other], list("abcdef")), step)


def write_log(directory: Path) -> NeuronLog:
    """Write every probe at two steps; ``bert/pair`` has a step of metrics and ``one`` a damaged file."""
    torch.set_num_threads(1)
    with AttentionWriter(directory / RUN) as writer:
        for step in STEPS:
            add_models(writer, step)
            add_odd_ones(writer, step)
        inputs = {"input_ids": ids(len(PAIR), 1)}
        writer.add_probe("bert/pair", bert(80), inputs, PAIR, 80, query_key=True, metrics_only=True)
        writer.add_record("one", AttentionRecord([built_layer(2, 1, 1, 8, 80)], ["alone"]), 80)
    cut = directory / RUN / "plugins" / "attn" / "one" / "000000000080.safetensors"
    cut.write_bytes(cut.read_bytes()[:900])
    return NeuronLog(directory)
