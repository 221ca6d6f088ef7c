"""A probe that sees some of a model's layers → a warning, the header's count and a hint; chosen layers are none."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest
import torch
from models.sharp_models import small, token_ids
from torch import nn

from tensorboard_plugin_attn import AttentionReader, AttentionWriter
from tensorboard_plugin_attn.encoding.header import ModelLayers

TOKENS = ["a", "b", "c", "d", "e"]


class Blocks(nn.Module):
    """Some layers of attention run, others hide their weights in a product without a softmax."""

    def __init__(self, hidden: set[int], count: int) -> None:
        super().__init__()
        self.attention = nn.ModuleList(
            nn.MultiheadAttention(16, 2, batch_first=True, bias=False) for _ in range(count)
        )
        self.hidden = hidden

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for number, layer in enumerate(self.attention):
            x = x @ x.mT @ x if number in self.hidden else x + layer(x, x, x, need_weights=False)[0]
        return x


@pytest.mark.parametrize(("hidden", "count"), [({1}, 3), ({0, 3}, 4)])
def test_fewer_layers_are_a_warning_and_a_hint(hidden: set[int], count: int, tmp_path: Path) -> None:
    message = (
        f"has {count - len(hidden)} of the model's {count} layers of attention: nothing was seen in attention"
    )
    with AttentionWriter(tmp_path) as writer, pytest.warns(RuntimeWarning, match=message):
        writer.add_probe("probe", Blocks(hidden, count), {"x": torch.randn(1, 5, 16)}, TOKENS, 0)
    reader = AttentionReader(tmp_path)
    assert reader.source(".", "probe", 0).header.model_layers == ModelLayers(count, len(hidden))
    [hint] = [hint for hint in reader.evolution(".", "probe").hints if hint.severity == "error"]
    assert (hint.kind, hint.heads) == ("fewer_layers", [])
    assert f"some of the model's {count} layers" in hint.message


@pytest.mark.parametrize("name", ["bert", "gpt2", "llama", "bart"])
def test_chosen_layers_are_said_and_no_hint(name: str, tmp_path: Path) -> None:
    model = small(name)
    inputs = {"input_ids": token_ids(1, 5)}
    inputs |= {"decoder_input_ids": token_ids(1, 5)} if model.config.is_encoder_decoder else {}
    with AttentionWriter(tmp_path) as writer, warnings.catch_warnings():
        warnings.simplefilter("error")
        writer.add_probe("all", model, inputs, TOKENS, 0)
        writer.add_probe("some", model, inputs, TOKENS, 0, layers=[1])
    reader = AttentionReader(tmp_path)
    whole, some = (reader.source(".", tag, 0).header for tag in ("all", "some"))
    assert whole.model_layers == ModelLayers(len(whole.layers))
    assert some.model_layers == whole.model_layers
    assert len(some.layers) == 1
    assert [
        hint
        for tag in ("all", "some")
        for hint in reader.evolution(".", tag).hints
        if hint.severity == "error"
    ] == []
