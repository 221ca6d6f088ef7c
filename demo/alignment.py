"""Train an encoder-decoder to reverse digit words: its cross-attention becomes an alignment.

Source "three seven one", target "one seven three". To say the next word, the decoder must look at the source
word that stands as far from the end. Nothing but the loss on the target says so; the cross-attention head comes
to put nearly all of its weight there.

    python demo/alignment.py
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.tensorboard import SummaryWriter
from transformers import BartConfig, BartForConditionalGeneration

from tensorboard_plugin_attn import AttentionReader, AttentionWriter, LayerAttention
from tensorboard_plugin_attn.demonstrating.options import parser
from tensorboard_plugin_attn.demonstrating.story import Floor, begin, finish, scalars, train

WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
TOKENS = ["<s>", "<pad>", "</s>", *WORDS]
BOS, PAD, EOS, FIRST_WORD = 0, 1, 2, 3
SHORTEST, LONGEST = 4, 12
PROBES = {f"reverse/{length}": length for length in (5, 8, 12)}
RUN = "reverse"
WARM_UP = 50
Batch = dict[str, Tensor]


def reversing(lengths: list[int], generator: torch.Generator) -> Batch:
    """Random sources of the given lengths, each with an end mark, and their reversals as the decoder's labels."""
    sources = torch.full((len(lengths), max(lengths) + 1), PAD)
    inputs, labels = sources.clone(), torch.full_like(sources, -100)
    for row, length in enumerate(lengths):
        words = torch.randint(FIRST_WORD, len(TOKENS), (length,), generator=generator)
        end = torch.tensor([EOS])
        sources[row, : length + 1] = torch.cat([words, end])
        labels[row, : length + 1] = torch.cat([words.flip(0), end])
        inputs[row, : length + 1] = torch.cat([torch.tensor([BOS]), words.flip(0)])
    return {
        "input_ids": sources,
        "attention_mask": (sources != PAD).long(),
        "decoder_input_ids": inputs,
        "labels": labels,
    }


def random_batch(generator: torch.Generator) -> Batch:
    """64 sources of 4 to 12 words."""
    return reversing(torch.randint(SHORTEST, LONGEST + 1, (64,), generator=generator).tolist(), generator)


def small_bart() -> BartForConditionalGeneration:
    """A BART of one layer and one head on each side."""
    return BartForConditionalGeneration(
        BartConfig(
            vocab_size=len(TOKENS),
            max_position_embeddings=LONGEST + 4,
            d_model=64,
            encoder_layers=1,
            decoder_layers=1,
            encoder_attention_heads=1,
            decoder_attention_heads=1,
            encoder_ffn_dim=128,
            decoder_ffn_dim=128,
            dropout=0.0,
            bos_token_id=BOS,
            pad_token_id=PAD,
            eos_token_id=EOS,
            decoder_start_token_id=BOS,
            init_std=0.05,  # from 0.02 the alignment comes too late for some seeds
        )
    )


def learning_rate(step: int, steps: int) -> float:
    """Warm-up, a plateau, and a linear end over the last quarter, without which the run can end on a spike."""
    return min(1.0, (step + 1) / WARM_UP, 4 * (steps - step) / steps)


def training_losses(model: BartForConditionalGeneration, steps: int, seed: int) -> Iterator[float]:
    """Train, one step each time the next loss is asked for."""
    generator = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.AdamW(model.parameters(), lr=2e-3)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: learning_rate(step, steps))
    for _ in range(steps):
        loss = model(**random_batch(generator)).loss
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        yield loss.item()


def exact(model: BartForConditionalGeneration, batch: Batch) -> float:
    """The share of sequences whose every next word is the likeliest."""
    with torch.no_grad():
        likeliest = model(**batch).logits.argmax(-1)
    right = (likeliest == batch["labels"]) | (batch["labels"] == -100)
    return right.all(1).float().mean().item()


def source_word(layer: LayerAttention) -> NDArray[Any]:
    """A metric of our own, [head]: the cross-attention's weight on the true source word, mean over target words."""
    if layer.kind != "cross":
        return np.full(layer.num_heads, np.nan)
    words = np.arange(layer.num_keys - 1)
    rows: NDArray[Any] = layer.weights[:, words, words[::-1]]
    return rows.mean(-1)


def log_run(options: argparse.Namespace) -> None:
    """Train once; log the loss, the share of exact reversals and the attention of three fixed sources."""
    torch.manual_seed(options.seed)
    model = small_bart()
    held_out = torch.Generator().manual_seed(10_000)
    probes = {tag: reversing([length], held_out) for tag, length in PROBES.items()}
    held_out_batch = random_batch(held_out)

    def log(events: SummaryWriter, writer: AttentionWriter, step: int) -> str:
        for tag, inputs in probes.items():
            source, target = (
                [TOKENS[i] for i in inputs[name][0]] for name in ("input_ids", "decoder_input_ids")
            )
            writer.add_probe(tag, model, inputs, (source, target), step)
        share = exact(model, held_out_batch)
        events.add_scalar("exact", share, step)
        return f"exact reversals {share:.2f}"

    losses = training_losses(model, options.steps, options.seed)
    train(RUN, options, losses, log, times=32, metrics={"source_word": source_word})


def source_weights(reader: AttentionReader, tag: str, step: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Per target word: the cross-attention's weight on its source word, and whether that is the largest."""
    record = reader.read(RUN, tag, step)
    [cross] = [layer for layer in record.layers if layer.kind == "cross"]
    sources = np.arange(PROBES[tag])[::-1]
    rows = cross.weights[0, : len(sources)]
    return rows[np.arange(len(sources)), sources], rows.argmax(-1) == sources


def mean_over_probes(reader: AttentionReader, step: int) -> tuple[float, float]:
    """Mean weight on the true source word, and the share of words for which it is the largest."""
    weights, hits = zip(*(source_weights(reader, tag, step) for tag in PROBES), strict=True)
    return float(np.concatenate(weights).mean()), float(np.concatenate(hits).mean())


def main(arguments: list[str] | None = None) -> int:
    """Run the story. Returns 0 if all floors hold, else 1."""
    options = parser(__doc__ or "", steps=800, logdir="runs/alignment").parse_args(arguments)
    begin(options)
    torch.set_num_threads(1)  # faster than two for a model this small
    log_run(options)
    reader = AttentionReader(options.logdir)
    last = reader.steps(RUN, next(iter(PROBES)))[-1]
    before, _ = mean_over_probes(reader, 0)
    weight, hit = mean_over_probes(reader, last)
    floors = [
        Floor("weight on the true source word at step 0", before, at_most=0.15),
        Floor(f"weight on the true source word at step {last}", weight, at_least=0.8),
        Floor("share of words with the largest weight there", hit, at_least=0.95),
        Floor("share of exact reversals", scalars(options.logdir, RUN, "exact")[last], at_least=0.95),
    ]
    return finish(floors, options, run=RUN, tag="reverse/8", metric="source_word")


if __name__ == "__main__":
    sys.exit(main())
