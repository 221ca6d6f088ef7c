"""A share of each row that goes to no key is recorded, however the sink is written, and metrics do not count it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from tensorboard_plugin_attn import AttentionReader, AttentionWriter, capture

SINKS = torch.tensor([-20.0, 0.0, 2.0, 5.0])


class Column(nn.Module):
    """A learned column beside the scores, as gpt-oss writes it."""

    def weights(self, scores: torch.Tensor) -> torch.Tensor:
        column = SINKS.reshape(1, -1, 1, 1).expand(*scores.shape[:-1], 1)
        return torch.cat([scores, column], -1).softmax(-1)[..., :-1]


class OffByOne(nn.Module):
    """softmax with 1 added below (Miller 2023), which is a sink of score 0."""

    def weights(self, scores: torch.Tensor) -> torch.Tensor:
        raised = scores.exp()
        return raised / (1 + raised.sum(-1, keepdim=True))


class Plain(nn.Module):
    def weights(self, scores: torch.Tensor) -> torch.Tensor:
        return scores.softmax(-1)


class Attention(nn.Module):
    """Heads that spread evenly: their queries are 0."""

    def __init__(self, kind: nn.Module) -> None:
        super().__init__()
        self.kind, self.num_heads = kind, 4
        self.query, self.key, self.value = (nn.Linear(16, 16, bias=False) for _ in range(3))
        nn.init.zeros_(self.query.weight)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        query, key, value = (
            part(x).unflatten(-1, (4, 4)).transpose(1, 2) for part in (self.query, self.key, self.value)
        )
        self.kept = self.kind.weights(query @ key.mT)
        return self.kept @ value


@pytest.mark.parametrize("kind", [Column, OffByOne])
def test_what_goes_to_no_key_is_a_sink_and_entropy_is_over_the_keys(
    kind: type[nn.Module], tmp_path: Path
) -> None:
    model, x = Attention(kind()).eval(), torch.randn(1, 6, 16)
    with torch.no_grad(), capture(model) as captured:
        captured.model(x)
    (layer,) = captured.layers
    torch.testing.assert_close(layer.weights, model.kept)
    torch.testing.assert_close(layer.sink, 1 - model.kept.sum(-1))
    with AttentionWriter(tmp_path, precision="float32") as writer:
        writer.add_probe("p", model, x, [f"w{index}" for index in range(6)], 0)
    series = AttentionReader(tmp_path).metrics(".", "p")
    found = dict(zip(series.names, series.values[0, 0].T, strict=True))
    np.testing.assert_allclose(found["entropy"], 1, atol=1e-5)
    np.testing.assert_allclose(found["sink"], 1 - model.kept.sum(-1).mean(-1)[0].numpy(), atol=1e-5)


def test_rows_that_sum_to_one_have_none() -> None:
    model = Attention(Plain()).eval()
    for dtype in (torch.float32, torch.bfloat16):
        with torch.no_grad(), capture(model.to(dtype)) as captured:
            captured.model(torch.randn(1, 40, 16, dtype=dtype))
        assert captured.layers[0].sink is None


def test_experts_between_layers_leave_a_padded_batch_its_sinks_and_rows() -> None:
    """They take the tokens of all inputs as one axis, which is cut into the inputs again."""
    import transformers

    torch.manual_seed(0)
    config = transformers.GptOssConfig(
        hidden_size=32, intermediate_size=32, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2,
        head_dim=8, vocab_size=50, num_local_experts=2, num_experts_per_tok=1, sliding_window=4, pad_token_id=0,
        bos_token_id=1, eos_token_id=2,
    )  # fmt: skip
    model = transformers.GptOssModel(config).eval()
    ids, mask = torch.randint(3, 50, (2, 12)), torch.ones(2, 12, dtype=torch.long)
    mask[1, :8] = 0
    with torch.no_grad(), capture(model) as captured:
        captured.model(input_ids=ids, attention_mask=mask)
    with torch.no_grad():
        alone = model(input_ids=ids[1:, 8:], output_attentions=True).attentions
    record = captured.record([str(number) for number in range(12)], batch=1)
    assert len(record.layers) == len(alone) == 3
    for layer, expected in zip(record.layers, alone, strict=True):
        np.testing.assert_allclose(layer.weights, expected[0].numpy(), atol=1e-5)
        np.testing.assert_allclose(layer.sink, 1 - expected[0].sum(-1).numpy(), atol=1e-5)
