"""capture and effect: fused attention whose heads stand before the inputs, beside an axis of one, or in two axes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.attention.bias import causal_lower_right, causal_upper_left

from tensorboard_plugin_attn import AttentionReader, AttentionWriter, capture

BATCH, HEADS, LENGTH, SIZE = 2, 4, 5, 8
WIDTH = HEADS * SIZE
Attend = Callable[[Tensor, Tensor, Tensor], Tensor]
sdpa = F.scaled_dot_product_attention
PAST = torch.ones(LENGTH, LENGTH).tril().bool()


def transposed_to_heads_first(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    parts = [each.transpose(0, 1).reshape(-1, LENGTH, SIZE) for each in (q, k, v)]
    return sdpa(*parts, is_causal=True).view(HEADS, -1, LENGTH, SIZE).transpose(0, 1)


def beside_one(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    return sdpa(*(each.reshape(-1, 1, LENGTH, SIZE) for each in (q, k, v))).view(q.shape)


def in_groups(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    return sdpa(*(each.unflatten(1, (2, 2)) for each in (q, k, v)), attn_mask=PAST).flatten(1, 2)


def masked_heads_first(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    parts = [each.transpose(0, 1) for each in (q, k, v)]
    seen = torch.stack([PAST, torch.ones_like(PAST)])[None].expand(
        HEADS, -1, -1, -1
    )  # another for each input
    return sdpa(*parts, attn_mask=seen).transpose(0, 1)


LAYOUTS: dict[str, tuple[Attend, Tensor | None]] = {
    "transposed to heads first": (transposed_to_heads_first, PAST),
    "beside an axis of one": (beside_one, None),
    "in two groups": (in_groups, PAST),
    "heads first, a mask for each input": (
        masked_heads_first,
        torch.stack([PAST, torch.ones_like(PAST)])[:, None],
    ),
    "a bias of torch, upper left": (lambda *qkv: sdpa(*qkv, causal_upper_left(LENGTH, LENGTH)), PAST),
    "a bias of torch, lower right": (lambda *qkv: sdpa(*qkv, causal_lower_right(LENGTH, LENGTH)), PAST),
}


class Attention(nn.Module):
    def __init__(self, attend: Attend, mask: Tensor | None) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.attend, self.mask, self.num_heads, self.without = attend, mask, HEADS, -1
        self.q, self.k, self.v, self.o = (nn.Linear(WIDTH, WIDTH) for _ in range(4))
        self.weights = torch.empty(0)

    def forward(self, x: Tensor) -> Tensor:
        parts = (each(x).view(-1, LENGTH, HEADS, SIZE).transpose(1, 2) for each in (self.q, self.k, self.v))
        q, k, v = parts
        q = 4 * q
        with torch.no_grad(), torch._C.DisableTorchFunction():
            scores = q.double() @ k.double().mT * SIZE**-0.5
            scores = scores if self.mask is None else scores.masked_fill(~self.mask, -torch.inf)
            self.weights = scores.softmax(-1).float()
        states = self.attend(q, k, v)
        kept = torch.ones(HEADS, 1, 1)
        kept[self.without] = float(self.without < 0)
        output: Tensor = self.o((states * kept).transpose(1, 2).flatten(2))
        return output


@pytest.mark.parametrize("name", LAYOUTS)
def test_heads_are_told_from_inputs_wherever_they_stand(name: str) -> None:
    model, states = Attention(*LAYOUTS[name]).eval(), torch.randn(BATCH, LENGTH, WIDTH)
    with torch.no_grad(), capture(model, query_key=True) as captured:
        captured.model(states)
    (layer,) = captured.layers
    torch.testing.assert_close(layer.weights, model.weights, atol=1e-5, rtol=0)
    assert layer.output_error is not None
    assert layer.output_error < 1e-5
    assert layer.rebuild_error is not None
    assert layer.rebuild_error < 1e-5


@pytest.mark.parametrize("name", list(LAYOUTS)[:3])
def test_a_head_is_ablated_wherever_it_stands(name: str, tmp_path: Path) -> None:
    model, states = Attention(*LAYOUTS[name]).eval(), torch.randn(1, LENGTH, WIDTH)

    def objective(output: Tensor) -> Tensor:
        return output.square().sum()

    with AttentionWriter(tmp_path) as writer:
        writer.add_probe("x", model, (states,), list("abcde"), 0, effect=objective, ablate=True)
    series = AttentionReader(tmp_path).metrics(".", "x")
    found = series.values[0, 0, :, list(series.names).index("ablation")]
    with torch.no_grad():
        whole = float(objective(model(states)))
        expected = []
        for model.without in range(HEADS):
            expected.append(whole - float(objective(model(states))))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)
