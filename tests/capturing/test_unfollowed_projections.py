"""Heads keep their places where queries and keys come out of steps that nobody can follow: numpy, an operator of one's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tensorboard_plugin_attn import capture

HEADS, SIZE, LENGTH = 4, 8, 6
WIDTH = HEADS * SIZE
Attended = tuple[Tensor, Tensor]


@torch.library.custom_op("attn_tests::projected", mutates_args=())
def projected(states: Tensor, weight: Tensor) -> Tensor:
    return states @ weight.T


@projected.register_fake
def _(states: Tensor, weight: Tensor) -> Tensor:
    return states @ weight.T


class Projected(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, states: Tensor, weight: Tensor) -> Tensor:
        return states @ weight.T


PROJECTIONS: dict[str, Callable[[nn.Linear, Tensor], Tensor]] = {
    "numpy": lambda layer, x: torch.from_numpy(x.numpy() @ layer.weight.detach().numpy().T),
    "an operator": lambda layer, x: projected(x, layer.weight),
    "a function": lambda layer, x: Projected.apply(x, layer.weight),
}


def weights_of(query: Tensor, key: Tensor) -> Tensor:
    return (query @ key.transpose(-1, -2) * SIZE**-0.5).softmax(-1)


def by_head(query: Tensor, key: Tensor, value: Tensor) -> Attended:
    query, key, value = (each.unflatten(-1, (-1, SIZE)).transpose(1, 2) for each in (query, key, value))
    weights = weights_of(query, key)
    return weights, (weights @ value).transpose(1, 2).flatten(2)


def together(query: Tensor, key: Tensor, value: Tensor, attend: Callable[..., Attended]) -> Attended:
    """Inputs and heads in one axis."""
    batch = len(query)
    parts = (
        each.unflatten(-1, (-1, SIZE)).transpose(1, 2).reshape(batch * HEADS, LENGTH, SIZE)
        for each in (query, key, value)
    )
    weights, output = attend(*parts)
    output = output.view(batch, HEADS, LENGTH, SIZE).transpose(1, 2).flatten(2)
    return weights.view(batch, HEADS, LENGTH, LENGTH), output


def eager(query: Tensor, key: Tensor, value: Tensor) -> Attended:
    weights = weights_of(query, key)
    return weights, torch.bmm(weights, value)


def fused(query: Tensor, key: Tensor, value: Tensor) -> Attended:
    return weights_of(query, key).clone(), F.scaled_dot_product_attention(query, key, value)


def positions_first(query: Tensor, key: Tensor, value: Tensor) -> Attended:
    """As torch's own multi-head attention lays them out."""
    batch = len(query)
    parts = (
        each.transpose(0, 1).reshape(LENGTH, batch * HEADS, SIZE).transpose(0, 1)
        for each in (query, key, value)
    )
    weights, output = eager(*parts)
    return weights.view(batch, HEADS, LENGTH, LENGTH), output.transpose(0, 1).reshape(
        LENGTH, batch, -1
    ).transpose(0, 1)


LAYOUTS: dict[str, Callable[[Tensor, Tensor, Tensor], Attended]] = {
    "by head": by_head,
    "inputs and heads together": lambda *parts: together(*parts, attend=eager),
    "fused, inputs and heads together": lambda *parts: together(*parts, attend=fused),
    "positions first": positions_first,
}


class Attention(nn.Module):
    """Keeps the weights that it used in ``weights``; ``named``: where it says how many heads it has."""

    def __init__(self, projection: str, layout: str, named: str) -> None:
        super().__init__()
        self.query, self.key, self.value = (nn.Linear(WIDTH, WIDTH) for _ in range(3))
        self.project, self.attend = PROJECTIONS[projection], LAYOUTS[layout]
        if named:
            setattr(self, named, HEADS)

    def forward(self, x: Tensor) -> Tensor:
        parts = (self.project(layer, x) for layer in (self.query, self.key, self.value))
        self.weights, output = self.attend(*parts)
        return output


@pytest.mark.parametrize("named", ["num_heads", "n_head", ""])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("projection", PROJECTIONS)
def test_heads_are_no_inputs_however_they_lie(projection: str, layout: str, named: str) -> None:
    for batch in (1, 2, 3, 4):
        torch.manual_seed(0)
        model = Attention(projection, layout, named).eval()
        with torch.no_grad(), capture(model) as captured:
            captured.model(torch.randn(batch, LENGTH, WIDTH) * 3)
        (layer,) = captured.layers
        torch.testing.assert_close(layer.weights, model.weights, atol=1e-5, rtol=0)
        assert layer.differing_heads == []


@pytest.mark.parametrize("layout", ["by head", "positions first"])
@pytest.mark.parametrize("projection", PROJECTIONS)
def test_half_of_the_heads_are_not_taken_for_all(projection: str, layout: str) -> None:
    """As on one rank of two that part the heads by hand."""
    model = Attention(projection, layout, "num_heads").eval()
    model.num_heads = 2 * HEADS
    told = pytest.warns(
        UserWarning, match=rf"fewer heads than the model: the model \({HEADS} of {2 * HEADS}\)"
    )
    with torch.no_grad(), told, capture(model) as captured:
        captured.model(torch.randn(1, LENGTH, WIDTH))
    assert [layer.model_heads for layer in captured.layers] == [2 * HEADS]
