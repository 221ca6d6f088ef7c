"""A directory → records in it, and what is read back: run with the Python of the environment that is tried.

python smoke.py write DIR [torch | tensorboardX]
python smoke.py read DIR
"""

from __future__ import annotations

import importlib.metadata
import json
import sys
from typing import Any

import numpy as np

from tensorboard_plugin_attn import AttentionReader, AttentionRecord, AttentionWriter, LayerAttention

TAG, STEPS, TOKENS = "probe", (0, 5), ["[CLS]", "the", "nurse", "spoke", "[SEP]"]
NAMES = ("tensorboard", "protobuf", "numpy", "isal", "setuptools", "torch", "transformers")


def planted(step: int) -> list[Any]:
    """Two layers of three heads, drawn from the step."""
    drawn = np.random.default_rng(step).random((2, 3, 5, 5)).astype(np.float32)
    return list(drawn / drawn.sum(-1, keepdims=True))


def write(directory: str, part: str) -> None:
    """Log two steps through whatever writer the part names."""
    target: Any = directory
    if part == "tensorboardX":
        from tensorboardX import SummaryWriter

        target = SummaryWriter(directory)
    with AttentionWriter(target) as writer:
        for step in STEPS:
            layers = [LayerAttention(weights) for weights in planted(step)]
            writer.add_record(TAG, AttentionRecord(layers, TOKENS), step)
        if part == "torch":
            write_probe(writer)


def write_probe(writer: AttentionWriter) -> None:
    """Log a probe of a tiny BERT, and compare it with what an eager forward returns."""
    import torch
    from transformers import BertConfig, BertModel

    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=20, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=32
    )
    config._attn_implementation = "sdpa"
    model = BertModel(config).eval()
    inputs = {"input_ids": torch.arange(5)[None]}
    writer.add_probe("model", model, inputs, TOKENS, 0)
    writer.flush()
    config._attn_implementation = "eager"
    eager = BertModel(config).eval()
    eager.load_state_dict(model.state_dict())
    with torch.no_grad():
        expected = eager(**inputs, output_attentions=True).attentions
    np.save(f"{writer_directory(writer)}/expected.npy", np.stack([each[0].numpy() for each in expected]))


def writer_directory(writer: AttentionWriter) -> str:
    """Where the script was told to write."""
    return sys.argv[2]


def read(directory: str) -> None:
    """Read all of it back and compare; print the versions that are installed."""
    reader = AttentionReader(directory)
    assert reader.steps(".", TAG) == list(STEPS)
    for step in STEPS:
        record = reader.read(".", TAG, step)
        assert record.tokens == TOKENS
        for layer, weights in zip(record.layers, planted(step), strict=True):
            assert np.abs(layer.weights - weights).max() < 0.002
    assert np.isfinite(reader.metrics(".", TAG).values).any()
    if "model" in reader.tags("."):
        expected = np.load(f"{directory}/expected.npy")
        found = np.stack([layer.weights for layer in reader.read(".", "model", 0).layers])
        assert np.abs(found - expected).max() < 0.002
    print(json.dumps({name: version(name) for name in NAMES}))


def version(name: str) -> str:
    """The installed version, a dash where there is none."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "–"


if __name__ == "__main__":
    command, directory, *rest = sys.argv[1:]
    read(directory) if command == "read" else write(directory, *rest or [""])
