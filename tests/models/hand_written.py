"""Attention as people write it by hand: each form is a function of a module with projections, and its own weights.

A form returns what the module would return and its weights ``[batch, head, query, key]``, after softmax and before
dropout. The forms take any sizes, so that axes which happen to be equally long cannot hide a mistake.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

Form = Callable[["Hand", torch.Tensor], Any]
SIZES = [(2, 6, 3, 4), (1, 5, 2, 6), (4, 4, 4, 4), (3, 3, 3, 2), (2, 6, 1, 8), (2, 1, 4, 6)]
"""batch, tokens, heads, size of a head."""


class Hand(nn.Module):
    """Sharpened projections, and whatever else a form asks for, made at its first call."""

    def __init__(self, form: Form, batch: int, length: int, heads: int, size: int) -> None:
        super().__init__()
        self.form = form
        self.batch, self.length, self.heads, self.size, self.width = batch, length, heads, size, heads * size
        self.q, self.k, self.v, self.o = (nn.Linear(self.width, self.width) for _ in range(4))
        self.qkv, self.drop = nn.Linear(self.width, 3 * self.width), nn.Dropout(0.3)
        self.own, self.inner = nn.ParameterDict(), nn.ModuleDict()
        with torch.no_grad():
            for weight in (self.q.weight, self.k.weight, self.qkv.weight[: 2 * self.width]):
                weight *= 4

    def parameter(self, name: str, *shape: int) -> torch.Tensor:
        if name not in self.own:
            self.own[name] = nn.Parameter(torch.randn(*shape))
        return self.own[name]

    def module(self, name: str, make: Callable[[], nn.Module]) -> Any:
        if name not in self.inner:
            self.inner[name] = make()
        return self.inner[name]

    def linear(self, name: str, width: int, out: int, factor: float = 1.0, bias: bool = True) -> Any:
        def make() -> nn.Module:
            layer = nn.Linear(width, out, bias)
            with torch.no_grad():
                layer.weight *= factor
            return layer

        return self.module(name, make)

    def by_head(self, states: torch.Tensor) -> torch.Tensor:
        return states.view(*states.shape[:-1], -1, self.size).transpose(-3, -2)

    def parts(self, x: torch.Tensor) -> list[torch.Tensor]:
        """Query, key and value ``[batch, head, token, size]``."""
        return [self.by_head(layer(x)) for layer in (self.q, self.k, self.v)]

    def scores(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Scaled scores, and the values."""
        q, k, v = self.parts(x)
        return q @ k.transpose(-2, -1) * self.size**-0.5, v

    def past(self) -> torch.Tensor:
        """bool ``[query, key]``: what a causal mask lets through."""
        return torch.ones(self.length, self.length, dtype=torch.bool).tril()

    def forward(self, x: torch.Tensor) -> Any:
        return self.form(self, x)


@dataclass(frozen=True)
class Written:
    """A form and what its one layer must say; ``kv_heads`` None: as many as heads; ``rebuilds`` False: it cannot."""

    form: Form
    kind: str = "self"
    mask: str = "full"
    kv_heads: int | None = None
    rebuilds: bool = True


def joined(states: torch.Tensor) -> torch.Tensor:
    return states.transpose(1, 2).flatten(2)


def made(form: Form, sizes: tuple[int, ...], *, trains: bool = False) -> tuple[Hand, torch.Tensor]:
    """A module of these sizes that has everything it needs, and an input."""
    torch.manual_seed(1)
    batch, length, heads, size = sizes
    module = Hand(form, batch, length, heads, size).train(trains)
    states = torch.randn(batch, length, heads * size) * 1.5
    with torch.no_grad():
        module(states)
    return module, states
