"""A way to train a small model → what a probe could disturb in it, step by step, to compare with and without."""

from __future__ import annotations

import hashlib
import pickle
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import nn

VOCABULARY, WIDTH, HEADS, LENGTH = 40, 16, 2, 8
MOMENTS = ("forward", "backward", "step")


class Block(nn.Module):
    """Attention with dropout, and a feed-forward part."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.feed = nn.Sequential(nn.LayerNorm(WIDTH), nn.Linear(WIDTH, WIDTH), nn.GELU(), nn.Dropout(0.2))
        self.num_heads = HEADS

    def forward(self, states: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        query, key, value = (
            part.unflatten(-1, (HEADS, -1)).transpose(1, 2) for part in self.qkv(states).chunk(3, -1)
        )
        mixed = nn.functional.scaled_dot_product_attention(
            query, key, value, attn_mask=mask, dropout_p=0.1 if self.training else 0.0
        )
        states = states + mixed.transpose(1, 2).flatten(2)
        return states + self.feed(states)


class Small(nn.Module):
    """Embeddings, blocks, and a loss where there are labels; ``checkpoints``: blocks are computed twice."""

    def __init__(self, checkpoints: bool = False) -> None:
        super().__init__()
        self.embed = nn.Embedding(VOCABULARY, WIDTH)
        self.blocks = nn.ModuleList([Block() for _ in range(2)])
        self.drop = nn.Dropout(0.1)
        self.head = nn.Linear(WIDTH, VOCABULARY)
        self.checkpoints = checkpoints

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor | None = None,
        labels: torch.Tensor | None = None,
    ) -> Any:
        states = self.drop(self.embed(input_ids))
        mask = None if attention_mask is None else attention_mask[:, None, None, :].bool()
        for block in self.blocks:
            if self.checkpoints and self.training:
                states = torch.utils.checkpoint.checkpoint(block, states, mask, use_reentrant=False)
            else:
                states = block(states, mask)
        logits = self.head(states)
        return (
            logits if labels is None else nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten())
        )


@dataclass
class Trace:
    """What each step left: loss, gradient norm, random states, training flags; and the parameters at the end."""

    losses: list[float] = field(default_factory=list)
    norms: list[float] = field(default_factory=list)
    states: list[str] = field(default_factory=list)
    flags: list[list[bool]] = field(default_factory=list)

    def note(self, loss: float, norm: float, model: nn.Module) -> None:
        self.losses.append(loss)
        self.norms.append(norm)
        self.states.append(random_state())
        self.flags.append([module.training for module in model.modules()])


def random_state() -> str:
    """A digest of the random states of torch, numpy and python."""
    states = (torch.get_rng_state().numpy().tobytes(), np.random.get_state(), random.getstate())
    return hashlib.sha256(pickle.dumps(states)).hexdigest()


def probe_inputs() -> dict[str, torch.Tensor]:
    """Two inputs, the second padded."""
    ids = torch.arange(12).reshape(2, 6)
    mask = torch.ones_like(ids)
    mask[1, 4:] = 0
    return {"input_ids": ids, "attention_mask": mask}


TAGS = ["long", "short"]
TOKENS = [list("abcdef"), list("abcd")]


def log_probe(writer: Any, model: nn.Module, step: int) -> None:
    """A probe that does all that probes do."""
    writer.add_probe(TAGS, model, probe_inputs(), TOKENS, step, query_key=True)


def seed(number: int = 0) -> None:
    torch.manual_seed(number)
    np.random.seed(number)
    random.seed(number)


def norm_of(model: nn.Module) -> float:
    """The gradient norm, clipped at 1."""
    if hasattr(model, "clip_grad_norm_"):
        return float(model.clip_grad_norm_(1.0))
    norm = nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    return float(norm.full_tensor() if hasattr(norm, "full_tensor") else norm)


def train(
    prepare: Callable[[nn.Module], nn.Module],
    writer: Any = None,
    *,
    steps: int = 5,
    moments: tuple[str, ...] = MOMENTS,
    rank: int = 0,
    checkpoints: bool = False,
    autocast: bool = False,
) -> Trace:
    """Train a fresh model as ``prepare`` makes it; with a writer a probe runs at each of the moments of a step."""
    torch.compiler.reset()
    seed()
    model = prepare(Small(checkpoints).train())
    if len(list(model.children())) > 1:
        model.drop.eval()  # a user's own frozen part
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    seed(rank)
    trace = Trace()

    def at(moment: str, step: int) -> None:
        if writer is not None and moment in moments:
            log_probe(writer, model, step)

    for step in range(steps):
        ids = torch.randint(0, VOCABULARY, (4, LENGTH))
        labels = ids.flip(1) if random.random() < 0.5 else ids.roll(int(np.random.randint(3)), 1)
        with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            loss = model(input_ids=ids, labels=labels)
        at("forward", step)
        loss.backward()
        at("backward", step)
        norm = norm_of(model)
        optimizer.step()
        optimizer.zero_grad()
        at("step", step)
        trace.note(loss.item(), norm, model)
    return trace
