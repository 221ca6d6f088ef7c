"""Forwards that share what they compute before the first missing head, and what is never taken from an earlier one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from models.undisturbed_runs import LENGTH, WIDTH, Block
from torch import nn

from tensorboard_plugin_attn.capturing import head_effects
from tensorboard_plugin_attn.capturing.effect import ablation, prefix
from tensorboard_plugin_attn.capturing.effect.prefix import Prefix

WEIGHT = torch.arange(6.0).reshape(2, 3)
CONSTANT = torch.ones(3)


def written_to(x: torch.Tensor) -> torch.Tensor:
    y = x @ WEIGHT
    y += 1
    return y * 2


def filled_unseen(x: torch.Tensor) -> torch.Tensor:
    y = torch.zeros(3)
    y.numpy()[:] += 1  # as a kernel of its own fills it
    return x @ WEIGHT + y


def at_random(x: torch.Tensor) -> torch.Tensor:
    return x @ WEIGHT + torch.rand(3)


# what a forward computes: whether the second forward gives the tensor of the first
FORWARDS: dict[str, tuple[Callable[[torch.Tensor], torch.Tensor], bool]] = {
    "products of parameters": (lambda x: (x @ WEIGHT).exp(), True),
    "views, lists and parts": (
        lambda x: torch.cat([*(x @ WEIGHT).split([1, 2], -1), CONSTANT[None]], -1),
        True,
    ),
    "tensors made anew": (lambda x: x @ WEIGHT + torch.arange(3), True),
    "written to": (written_to, False),
    "filled by what no version tells": (filled_unseen, False),
    "random numbers": (at_random, False),
    "no memory": (lambda x: torch.empty(3).copy_((x @ WEIGHT)[0]), False),
}


@pytest.mark.parametrize("name", FORWARDS)
def test_a_second_forward_gives_the_first_one_s_tensors_only_where_they_must_be_equal(name: str) -> None:
    forward, is_shared = FORWARDS[name]
    shared, x = Prefix(), torch.tensor([[1.0, 2.0]])
    results, expected = [], []
    for _ in range(3):
        torch.manual_seed(0)
        expected.append(forward(x))
        torch.manual_seed(0)
        with shared:
            results.append(forward(x))
    assert (results[1] is results[0]) == is_shared
    for one, other in zip(results, expected, strict=True):
        assert torch.equal(one, other)


def test_other_inputs_other_numbers_and_what_is_past_the_end_are_computed_again() -> None:
    shared, x = Prefix(), torch.ones(1, 2)
    with shared:
        first, later = x @ WEIGHT * 2, None
        shared.end()
    with shared:
        assert x @ WEIGHT * 2 is first
        later = first + 1
    with shared:
        assert torch.equal(x @ WEIGHT * 3, first * 1.5)
        assert first + 1 is not later
    with shared:
        assert x.clone() @ WEIGHT * 2 is not first
    x += 1
    with shared:
        assert torch.equal(x @ WEIGHT * 2, 2 * first)


class Adding(nn.Module):
    """Three layers; ``in_place``: each is added to the states themselves."""

    def __init__(self, in_place: bool) -> None:
        super().__init__()
        self.layers = nn.ModuleList([Block() for _ in range(3)])
        self.in_place = in_place

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x.clone()
        for layer in self.layers:
            if self.in_place:
                x += layer(x)
            else:
                x = x + layer(x)
        return x


@pytest.mark.parametrize("in_place", [False, True])
@pytest.mark.parametrize("at_once", [12, 1])
@pytest.mark.parametrize("bytes_kept", [0, 5000, 1 << 20])
def test_ablations_are_bitwise_the_same_however_much_is_kept(
    in_place: bool, at_once: int, bytes_kept: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    model = Adding(in_place).eval()
    states = torch.randn(1, LENGTH, WIDTH)
    if at_once == 1:
        monkeypatch.setattr(ablation, "repeated", lambda inputs, size: None)
    monkeypatch.setattr(prefix, "MOST_BYTES", -1)
    expected = head_effects(model, states, lambda out: out[0, -1].sum(), ablate=True)
    monkeypatch.setattr(prefix, "MOST_BYTES", bytes_kept)
    found = head_effects(model, states, lambda out: out[0, -1].sum(), ablate=True)
    assert len(found.by_call) == 3
    for call, values in found.by_call.items():
        np.testing.assert_array_equal(values, expected.by_call[call])


def test_layers_before_the_missing_head_are_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ablation, "AT_ONCE", 2)  # the heads of one layer
    computed: list[int] = []
    matmul = torch.nn.functional.linear
    model, states = Adding(False).eval(), torch.randn(1, LENGTH, WIDTH)

    class Counting(torch.overrides.TorchFunctionMode):
        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            computed.append(func is matmul)
            return func(*args, **(kwargs or {}))

    with Counting():
        head_effects(model, states, lambda out: out[0, -1].sum(), ablate=True)
    with_reuse = sum(computed)
    monkeypatch.setattr(prefix, "MOST_BYTES", -1)
    computed.clear()
    with Counting():
        head_effects(model, states, lambda out: out[0, -1].sum(), ablate=True)
    assert 0 < with_reuse < sum(computed)
