"""Train a 2-layer transformer on repeated blocks: an induction head appears at the step where the loss falls.

Every row repeats a random block of symbols. To predict the second copy, a head must find where the present
symbol stood before and attend to the one after it: prefix matching (Olsson et al. 2022). That takes two
layers: in the run ``one-layer`` it does not happen. Each record has the effect and the ablation of every head on the
loss of the symbols that the row has shown before: without the induction head the copying is gone.

    python demo/induction.py
"""

from __future__ import annotations

import argparse
import math
import string
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
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
from tensorboard_plugin_attn.demonstrating.story import Floor, begin, finish, scalars, train

RUNS = {"two-layers": 2, "one-layer": 1}
TOKENS = [*string.ascii_letters, *string.digits, "+", "-", "[BOS]"]
BOS = len(TOKENS) - 1
LENGTH = 64
BLOCKS = {"repeated/21": 21, "repeated/31": 31}
WARM_UP = 50


def repeated_rows(rows: int, blocks: list[int], generator: torch.Generator) -> Tensor:
    """A first symbol [BOS], then a random block again and again: ``[row, LENGTH]``."""
    ids = torch.full((rows, LENGTH), BOS)
    for row, block in zip(ids, blocks, strict=True):
        copies = -(-LENGTH // block)
        row[1:] = torch.randint(BOS, (block,), generator=generator).repeat(copies)[: LENGTH - 1]
    return ids


def random_batch(generator: torch.Generator) -> tuple[Tensor, list[int]]:
    """32 rows with blocks of 10 to 32 symbols, and the lengths of their blocks."""
    blocks = torch.randint(10, 33, (32,), generator=generator).tolist()
    return repeated_rows(32, blocks, generator), blocks


def attention_only(layers: int) -> GPT2LMHeadModel:
    """A GPT-2 of one head a layer whose MLPs add nothing."""
    model = GPT2LMHeadModel(
        GPT2Config(
            vocab_size=BOS + 1,
            n_positions=LENGTH,
            n_embd=64,
            n_layer=layers,
            n_head=1,
            resid_pdrop=0.0,
            embd_pdrop=0.0,
            attn_pdrop=0.0,
            bos_token_id=BOS,
            eos_token_id=BOS,
            tie_word_embeddings=False,  # tied, the head did not appear within 400 steps
        )
    )
    for block in model.transformer.h:
        nn.init.zeros_(block.mlp.c_proj.weight)
        nn.init.zeros_(block.mlp.c_proj.bias)
        block.mlp.requires_grad_(False)
    return model


def training_losses(model: GPT2LMHeadModel, seed: int) -> Iterator[float]:
    """Train, one step each time the next loss is asked for."""
    generator = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.AdamW(
        [p for p in model.parameters() if p.requires_grad], lr=2e-3, betas=(0.9, 0.98)
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: min(1.0, (step + 1) / WARM_UP))
    while True:
        ids, _ = random_batch(generator)
        logits = model(input_ids=ids).logits[:, :-1]
        loss = F.cross_entropy(logits.transpose(1, 2), ids[:, 1:])
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        yield loss.item()


def repeated_loss(model: GPT2LMHeadModel, ids: Tensor, blocks: list[int]) -> float:
    """Mean loss on the symbols that the row has shown before, at the same place of the block."""
    with torch.no_grad():
        logits = model(input_ids=ids).logits[:, :-1]
    losses = F.cross_entropy(logits.transpose(1, 2), ids[:, 1:], reduction="none")
    repeated = torch.arange(LENGTH - 1) >= torch.tensor(blocks)[:, None]
    return losses[repeated].mean().item()


def copying_loss(ids: Tensor, block: int) -> Callable[[Any], Tensor]:
    """The outputs for one row → the loss on the symbols that it has shown before."""

    def loss_of_copies(outputs: Any) -> Tensor:
        return F.cross_entropy(outputs.logits[0, block:-1], ids[0, block + 1 :])

    return loss_of_copies


def log_run(run: str, options: argparse.Namespace) -> None:
    """Train once; log the losses and what each head attends to in two fixed rows."""
    torch.manual_seed(options.seed)
    model = attention_only(RUNS[run])
    held_out = torch.Generator().manual_seed(10_000)
    probes = {tag: repeated_rows(1, [block], held_out) for tag, block in BLOCKS.items()}
    held_out_batch = random_batch(held_out)

    def log(events: SummaryWriter, writer: AttentionWriter, step: int) -> str:
        for tag, ids in probes.items():
            names = [TOKENS[i] for i in ids[0]]
            effect = copying_loss(ids, BLOCKS[tag])
            writer.add_probe(tag, model, {"input_ids": ids}, names, step, effect=effect, ablate=True)
        loss = repeated_loss(model, *held_out_batch)
        events.add_scalar("loss/repeated", loss, step)
        return f"on repeated symbols {loss:.2f}"

    train(run, options, training_losses(model, options.seed), log, times=40)


def prefix_matching(reader: AttentionReader, run: str, step: int) -> NDArray[Any]:
    """Weight on what followed the present symbol before, ``[head]`` of the last layer, mean over queries."""
    scores = []
    for tag in BLOCKS:
        record = reader.read(run, tag, step)
        tokens = record.tokens
        rows = []
        for query, token in enumerate(tokens):
            after = [key + 1 for key in range(query) if tokens[key] == token]
            if after:
                rows.append(record.layers[-1].weights[:, query, after].sum(-1))
        scores.append(np.mean(rows, axis=0))
    return np.mean(scores, axis=0)


@dataclass(frozen=True)
class Weighed:
    """One head at the last step, mean over the probes: the loss of copies, and by how much the head lowers it, exactly
    and as the slope at its gate says."""

    loss: float
    ablation: float
    effect: float

    @property
    def without(self) -> float:
        """The loss of copies without the head."""
        return self.loss + self.ablation


def weighed(reader: AttentionReader, run: str, layer: int) -> Weighed:
    """What head 0 of a layer does."""
    rows = []
    for tag in BLOCKS:
        series = reader.metrics(run, tag)
        values = dict(zip(series.names, series.values[-1, layer, 0], strict=True))
        objective = reader.source(run, tag, int(series.steps[-1])).header.objective
        assert objective is not None
        rows.append((objective.value, -values["ablation"], -values["effect"]))
    return Weighed(*map(float, np.mean(rows, axis=0)))


def first_step(series: dict[int, float], reached: Callable[[float], bool]) -> float:
    """The first step at which a series has reached something; infinity if it never has."""
    return min((step for step, value in series.items() if reached(value)), default=math.inf)


def floors(matching: dict[str, dict[int, float]], loss: dict[int, float]) -> list[Floor]:
    """What must hold for the story to be true, from scores and loss by step."""
    two, one = matching["two-layers"], matching["one-layer"]
    early, last = max(step for step in two if step <= 100), max(two)
    jump = first_step(two, lambda score: score >= 0.5)
    halving = first_step(loss, lambda value: value <= loss[0] / 2)
    return [
        Floor(f"two layers: prefix matching of head 1.0 at step {early}", two[early], at_most=0.08),
        Floor(f"two layers: the same at step {last}", two[last], at_least=0.6),
        Floor("steps between the head passing 0.5 and the loss halving", abs(jump - halving), at_most=20),
        Floor("one layer: largest prefix matching of head 0.0", max(one.values()), at_most=0.15),
    ]


def ablation_floors(two: Weighed, one: Weighed) -> list[Floor]:
    """What must hold of what the heads do."""
    return [
        Floor("two layers: loss of copies without head 1.0", two.without, at_least=2.5),
        Floor("the same, over that with it", two.without / two.loss, at_least=4),
        Floor(
            "its first-order effect, of its ablation, absolute", abs(two.effect) / two.ablation, at_most=0.3
        ),
        Floor(
            "one layer: loss of copies without head 0.0, over that with it", one.without / one.loss, at_most=2
        ),
    ]


def saying(induction: Weighed, previous: Weighed, weight: float) -> str:
    """What was found, in words."""
    return (
        f"Head 1.0 has {weight:.2f} of its weight on what followed the symbol before. Without it the loss of copies is "
        f"{induction.without:.2f} instead of {induction.loss:.2f} (chance: {math.log(BOS):.2f}): the copying is gone. "
        f"So it is without head 0.0, which head 1.0 builds on: {previous.without:.2f}. The first-order effect misses "
        f"it: {induction.effect:.2f} for head 1.0, whose absence costs {induction.ablation:.2f}; "
        f"it says what a little less of the head changes, and that is nearly nothing."
    )


def main(arguments: list[str] | None = None) -> int:
    """Run the story. Returns 0 if all floors hold, else 1."""
    options = parser(__doc__ or "", steps=400, logdir="runs/induction").parse_args(arguments)
    begin(options)
    torch.set_num_threads(1)  # faster than two for a model this small
    for run in RUNS:
        log_run(run, options)
    reader = AttentionReader(options.logdir)
    matching = {
        run: {
            step: float(prefix_matching(reader, run, step).max()) for step in reader.steps(run, "repeated/21")
        }
        for run in RUNS
    }
    loss = scalars(options.logdir, "two-layers", "loss/repeated")
    two, one = weighed(reader, "two-layers", 1), weighed(reader, "one-layer", 0)
    last = matching["two-layers"][max(matching["two-layers"])]
    return finish(
        [*floors(matching, loss), *ablation_floors(two, one)], options,
        said=saying(two, weighed(reader, "two-layers", 0), last),
        run="two-layers", tag="repeated/21", metric="induction",
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
