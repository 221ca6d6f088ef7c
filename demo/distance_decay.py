"""Train a character model on docstrings: dimensions of query and key appear whose product falls with distance.

Heads of the first layer come to attend to what is near. The Neuron view shows how: in several of the 16
dimensions of a head, query times key is the smaller the further apart the two characters are (Vig 2019, use
case 3). It is only partly independent of content: distance explains about half of the variance of the log weights.

    python demo/distance_decay.py
"""

from __future__ import annotations

import argparse
import ast
import string
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.tensorboard import SummaryWriter
from transformers import GPT2Config, GPT2LMHeadModel

from tensorboard_plugin_attn import AttentionReader, AttentionWriter
from tensorboard_plugin_attn.demonstrating.options import parser
from tensorboard_plugin_attn.demonstrating.story import Floor, begin, finish, train

CHARACTERS = "\n " + string.ascii_letters + string.digits + string.punctuation
LENGTH = 64
RUN = "docstrings"
WARM_UP = 50
DISTANCES = np.arange(1, LENGTH // 2 + 1)
FAR_QUERIES = np.arange(LENGTH // 2, LENGTH)  # each has a key at every one of the distances
MONOTONE = -0.95
PROBES = {
    "text/queue": "Return how many tasks the queue still holds, counting those that wait for a worker to take them.",
    "text/lock": "Acquire the lock, waiting until another thread has released it; if blocking is false, do not wait.",
    "text/path": "Split the path into a pair (root, ext), where ext is empty or begins with a period.\n\nThe root may",
    "text/parser": "Add an option to the group.  The first argument names it; keyword arguments say how it is read.",
}


def docstrings() -> str:
    """Every docstring of the standard library's top-level modules, in the order of their names."""
    found = []
    for path in sorted(Path(sysconfig.get_path("stdlib")).glob("*.py")):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                found.append(ast.get_docstring(node))
    return "\n\n".join(text for text in found if text)


def encode(text: str) -> Tensor:
    """The numbers of a text's characters; those that are not in CHARACTERS are left out."""
    numbers = {character: number for number, character in enumerate(CHARACTERS)}
    return torch.tensor([numbers[character] for character in text if character in numbers])


def shown(text: str) -> list[str]:
    """One token a character, with marks that can be seen for space and line break."""
    return list(text.replace(" ", "␣").replace("\n", "⏎"))


def character_model() -> GPT2LMHeadModel:
    """A GPT-2 of 2 layers and 4 heads of 16 dimensions."""
    return GPT2LMHeadModel(
        GPT2Config(
            vocab_size=len(CHARACTERS),
            n_positions=LENGTH,
            n_embd=64,
            n_layer=2,
            n_head=4,
            resid_pdrop=0.0,
            embd_pdrop=0.0,
            attn_pdrop=0.0,
            bos_token_id=0,
            eos_token_id=0,
        )
    )


def training_losses(model: GPT2LMHeadModel, seed: int) -> Iterator[float]:
    """Train, one step each time the next loss is asked for."""
    ids = encode(docstrings())
    generator = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.AdamW(model.parameters(), lr=2e-3)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: min(1.0, (step + 1) / WARM_UP))
    while True:
        starts = torch.randint(len(ids) - LENGTH, (16,), generator=generator)
        batch = torch.stack([ids[start : start + LENGTH] for start in starts])
        logits = model(input_ids=batch).logits[:, :-1]
        loss = F.cross_entropy(logits.transpose(1, 2), batch[:, 1:])
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        yield loss.item()


def log_run(options: argparse.Namespace) -> None:
    """Train once; log weights, queries and keys of every probe."""
    torch.manual_seed(options.seed)
    model = character_model()

    def log(events: SummaryWriter, writer: AttentionWriter, step: int) -> str:
        for tag, text in PROBES.items():
            inputs = {"input_ids": encode(text[:LENGTH])[None]}
            writer.add_probe(tag, model, inputs, shown(text[:LENGTH]), step, query_key=True)
        return f"{len(PROBES)} probes logged"

    train(RUN, options, training_losses(model, options.seed), log, times=24)


def spearman(values: NDArray[Any]) -> float:
    """Rank correlation of values with their order."""
    ranks = np.argsort(np.argsort(values))
    return float(np.corrcoef(np.arange(len(values)), ranks)[0, 1])


def by_distance(cells: NDArray[Any]) -> NDArray[Any]:
    """``[query, key, ...]`` → ``[far query, distance, ...]``."""
    return cells[FAR_QUERIES[:, None], FAR_QUERIES[:, None] - DISTANCES]


@dataclass(frozen=True)
class Decay:
    """How one head of the first layer depends on distance."""

    r_squared: float
    spearman: float
    monotone: int


def decays(reader: AttentionReader, step: int) -> list[Decay]:
    """For each head of the first layer, over all probes."""
    layers = [reader.read(RUN, tag, step).layers[0] for tag in PROBES]
    found = []
    for head in range(layers[0].num_heads):
        weights = np.concatenate([by_distance(layer.weights[head]) for layer in layers])
        products = np.concatenate(
            [by_distance(layer.query[head][:, None] * layer.key[head][None]) for layer in layers]
        )
        found.append(decay(weights, products.astype(np.float32)))
    return found


def decay(weights: NDArray[Any], products: NDArray[Any]) -> Decay:
    """Weights ``[query, distance]`` and products ``[query, distance, d]`` → how they depend on distance.

    A weight of 0 counts as the smallest one that is logged: it has no logarithm.
    """
    logs = np.log(np.maximum(weights, weights[weights > 0].min()))
    distances = np.broadcast_to(DISTANCES, logs.shape)
    falls = [spearman(dimension) <= MONOTONE for dimension in products.mean(0).T]
    return Decay(
        float(np.corrcoef(distances.ravel(), logs.ravel())[0, 1] ** 2),
        -spearman(weights.mean(0)),
        sum(falls),
    )


def floors(heads: list[Decay]) -> list[Floor]:
    """What must hold for the story to be true."""
    number, best = max(enumerate(heads), key=lambda numbered: numbered[1].r_squared)
    return [
        Floor(f"head 0.{number}: R² of log weight on distance", best.r_squared, at_least=0.3),
        Floor(f"head 0.{number}: rank correlation of weight with nearness", best.spearman, at_least=0.95),
        Floor(f"head 0.{number}: dimensions whose q × k falls with distance", best.monotone, at_least=3),
    ]


def main(arguments: list[str] | None = None) -> int:
    """Run the story. Returns 0 if all floors hold, else 1."""
    options = parser(__doc__ or "", steps=600, logdir="runs/distance_decay").parse_args(arguments)
    begin(options)
    torch.set_num_threads(1)  # faster than two for a model this small
    log_run(options)
    reader = AttentionReader(options.logdir)
    last = reader.steps(RUN, next(iter(PROBES)))[-1]
    return finish(floors(decays(reader, last)), options, run=RUN, tag="text/queue", metric="mean_distance")


if __name__ == "__main__":
    sys.exit(main())
