"""A probe whose layers are read in blocks of 7 rows → the record that whole maps give, however attention is written."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tensorboard_plugin_attn import AttentionReader, AttentionWriter
from tensorboard_plugin_attn.capturing.calls import row_blocks, streamed

HEADS, WIDTH, LENGTH = 4, 8, 45


def hidden() -> torch.Tensor:
    return torch.ones(LENGTH, LENGTH, dtype=torch.bool).triu(1)


def by_softmax(query: Any, key: Any, value: Any) -> Any:
    scores = query @ key.transpose(-1, -2) * WIDTH**-0.5
    return scores.masked_fill(hidden(), -torch.inf).softmax(-1) @ value


def with_alibi(query: Any, key: Any, value: Any) -> Any:
    far = (torch.arange(LENGTH)[:, None] - torch.arange(LENGTH)).abs() * -torch.linspace(0.1, 1, HEADS)[
        :, None, None
    ]
    scores = query @ key.transpose(-1, -2) * WIDTH**-0.5 + far
    return scores.masked_fill(hidden(), -1e4).softmax(-1) @ value


def with_a_sink(query: Any, key: Any, value: Any) -> Any:
    scores = (query @ key.transpose(-1, -2) * WIDTH**-0.5).masked_fill(hidden(), -torch.inf)
    sink = torch.linspace(-1, 1, HEADS)[None, :, None, None].expand(1, -1, LENGTH, 1)
    return torch.cat([scores, sink], -1).softmax(-1)[..., :-1] @ value


def with_a_cap(query: Any, key: Any, value: Any) -> Any:
    scores = torch.tanh(query @ key.transpose(-1, -2) * WIDTH**-0.5 / 2) * 2
    return scores.masked_fill(hidden(), -torch.inf).softmax(-1) @ value


def with_a_bias(query: Any, key: Any, value: Any) -> Any:
    bias = torch.linspace(-1, 1, HEADS * LENGTH * LENGTH).reshape(1, HEADS, LENGTH, LENGTH)
    return F.scaled_dot_product_attention(query, key, value, attn_mask=bias.masked_fill(hidden(), -torch.inf))


def with_holes(query: Any, key: Any, value: Any) -> Any:
    seen = (torch.arange(LENGTH)[:, None] * 3 + torch.arange(LENGTH) * 7) % 5 > 0
    return F.scaled_dot_product_attention(query, key, value, attn_mask=seen)


def in_half(query: Any, key: Any, value: Any) -> Any:
    scores = (query.bfloat16() @ key.bfloat16().transpose(-1, -2)) * WIDTH**-0.5
    return (scores.masked_fill(hidden(), -torch.inf).softmax(-1) @ value.bfloat16()).float()


FORMS: dict[str, Callable[..., Any]] = {
    each.__name__: each
    for each in (by_softmax, with_alibi, with_a_sink, with_a_cap, with_a_bias, with_holes, in_half)
}


class Attention(nn.Module):
    """One layer, written in one of the forms."""

    def __init__(self, form: str) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.form = FORMS[form]
        self.project = nn.Linear(HEADS * WIDTH, 3 * HEADS * WIDTH)

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        parts = self.project(states).unflatten(-1, (3 * HEADS, WIDTH)).transpose(1, 2).chunk(3, 1)
        found: torch.Tensor = self.form(parts[0] * 4, *parts[1:])
        return found.transpose(1, 2).flatten(2)


def probed(directory: Path, form: str, keep: str) -> Any:
    states = torch.randn(1, LENGTH, HEADS * WIDTH, generator=torch.Generator().manual_seed(1))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with AttentionWriter(directory, keep=keep) as writer:  # type: ignore[arg-type]  # one of the words
            writer.add_probe("probe", Attention(form), states, [f"t{i % 20}" for i in range(LENGTH)], 0)
    reader = AttentionReader(directory)
    return reader.read(".", "probe", 0).layers[0], reader.metrics(".", "probe")


@pytest.mark.parametrize("keep", ["weights", "vectors"])
@pytest.mark.parametrize("form", FORMS)
def test_blocks_of_seven_rows_give_the_record_of_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str, keep: str
) -> None:
    whole, metrics = probed(tmp_path / "whole", form, "weights")
    monkeypatch.setattr(streamed, "MOST_WHOLE_BYTES", 0)
    monkeypatch.setattr(row_blocks.RowSource, "num_rows", lambda *_: 7)
    monkeypatch.setattr(streamed, "whole_sighting", None)
    blocks, others = probed(tmp_path / "blocks", form, keep)
    for head in range(HEADS):
        assert np.abs(blocks.weights_of(head) - whole.weights_of(head)).max() <= 0.004
    assert others.names == metrics.names
    for column, metric in enumerate(metrics.names):
        found, expected = others.values[..., column], metrics.values[..., column]
        tolerance = 2e-5 if metric.startswith(("change", "contribution")) else 1e-6
        if metric == "contribution_mean_distance" or form == "in_half":
            tolerance = 1e-4
        np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance, err_msg=metric)
    assert (blocks.mask, blocks.kind) == (whole.mask, whole.kind)
    assert (blocks.output_error is None) == (whole.output_error is None)
    assert (blocks.sink is None) == (whole.sink is None)
