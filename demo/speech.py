"""Train a small Whisper to write down spoken digits: its cross-attention becomes an alignment, and tells when each was said.

espeak-ng speaks three to five digit words, in many voices, with pauses of any length between them. The model hears a
log-mel spectrogram of three seconds and learns to write the words, nothing else; nobody tells it when they are said. Where the
demo put each word is known all the same, and so is how far off the times are that are read off the attention.

    python demo/speech.py
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from spoken_words import RATE, Wave, speak
from torch import Tensor, nn
from torch.utils.tensorboard import SummaryWriter
from transformers import WhisperConfig, WhisperFeatureExtractor, WhisperForConditionalGeneration

from tensorboard_plugin_attn import AttentionReader, AttentionWriter, SoundTokens, align_words
from tensorboard_plugin_attn.demonstrating.options import parser
from tensorboard_plugin_attn.demonstrating.story import Floor, begin, finish, scalars, train

WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
TOKENS = ["<s>", "<pad>", "</s>", *WORDS]
BOS, PAD, EOS, FIRST_WORD = 0, 1, 2, 3
SHORTEST, LONGEST = 3, 5
SECONDS = 3
FRAME = 0.02  # seconds of an encoder position: two frames of the spectrogram
PROBES = {"spoken/3": 3, "spoken/4": 4, "spoken/5": 5}
POOL = 1024
RUN = "speech"
WARM_UP = 100
Bank = list[list[Wave]]


@dataclass(frozen=True, eq=False)
class Spoken:
    """Samples of three seconds, the digits in them, and in seconds when each begins and ends."""

    wave: Wave
    digits: list[int]
    times: list[tuple[float, float]]

    @property
    def read(self) -> list[int]:
        """What the decoder reads: each word after the one before."""
        return [BOS, *(FIRST_WORD + digit for digit in self.digits)]

    @property
    def labels(self) -> list[int]:
        """What it is to say."""
        return [*self.read[1:], EOS]


def utterance(bank: Bank, length: int, rng: np.random.Generator) -> Spoken:
    """That many random words of one voice, the time that is left spread over the pauses, and a little noise."""
    voice = int(rng.integers(len(bank[0])))
    digits = rng.integers(0, len(WORDS), length).tolist()
    waves = [bank[digit][voice] for digit in digits]
    left = SECONDS * RATE - sum(map(len, waves))
    pauses = (rng.dirichlet(np.ones(length + 1)) * left).astype(int)
    wave, times, at = rng.normal(0, 0.003, SECONDS * RATE).astype(np.float32), [], 0
    for each, pause in zip(waves, pauses, strict=False):
        at += int(pause)
        wave[at : at + len(each)] += each
        times.append((at / RATE, (at + len(each)) / RATE))
        at += len(each)
    return Spoken(wave, digits, times)


def batched(spoken: list[Spoken], extractor: WhisperFeatureExtractor) -> dict[str, Tensor]:
    """What the model is called with, the shorter rows padded."""
    longest = max(len(each.read) for each in spoken)
    read = [each.read + [PAD] * (longest - len(each.read)) for each in spoken]
    labels = [each.labels + [-100] * (longest - len(each.labels)) for each in spoken]
    heard = extractor([each.wave for each in spoken], sampling_rate=RATE, return_tensors="pt")
    return {
        "input_features": heard["input_features"],
        "decoder_input_ids": torch.tensor(read),
        "labels": torch.tensor(labels),
    }


def small_whisper() -> WhisperForConditionalGeneration:
    """A Whisper of two layers with two heads on each side, for three seconds."""
    return WhisperForConditionalGeneration(
        WhisperConfig(
            vocab_size=len(TOKENS), d_model=64, num_mel_bins=40, max_source_positions=round(SECONDS / FRAME),
            max_target_positions=LONGEST + 1, encoder_layers=2, decoder_layers=2, encoder_attention_heads=2,
            decoder_attention_heads=2, encoder_ffn_dim=128, decoder_ffn_dim=128, dropout=0.0, init_std=0.05,
            bos_token_id=BOS, pad_token_id=PAD, eos_token_id=EOS, decoder_start_token_id=BOS,
            suppress_tokens=None, begin_suppress_tokens=None,
        )
    )  # fmt: skip


def training_losses(
    model: WhisperForConditionalGeneration, pool: dict[str, Tensor], steps: int, seed: int
) -> Iterator[float]:
    """Train, one step each time the next loss is asked for."""
    generator = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.AdamW(model.parameters(), lr=2e-3)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min(1.0, (step + 1) / WARM_UP, 3 * (steps - step) / steps)
    )
    for _ in range(steps):
        rows = torch.randint(POOL, (32,), generator=generator)
        loss = model(**{name: each[rows] for name, each in pool.items()}).loss
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        yield loss.item()


def right(model: WhisperForConditionalGeneration, batch: dict[str, Tensor]) -> float:
    """The share of words that are the likeliest."""
    with torch.no_grad():
        likeliest = model(**batch).logits.argmax(-1)
    said = batch["labels"] >= FIRST_WORD
    return (likeliest == batch["labels"])[said].float().mean().item()


def probes(bank: Bank, seed: int) -> dict[str, Spoken]:
    """What is logged, none of which training sees."""
    rng = np.random.default_rng(10_000 + seed)
    return {tag: utterance(bank, length, rng) for tag, length in PROBES.items()}


def log_run(options: argparse.Namespace, bank: Bank) -> None:
    """Train once; log the loss, the share of right words, and the attention, sound and spectrogram of three utterances."""
    torch.manual_seed(options.seed)
    model = small_whisper()
    extractor = WhisperFeatureExtractor(feature_size=40, chunk_length=SECONDS, sampling_rate=RATE)
    rng = np.random.default_rng(options.seed)

    def several(count: int) -> dict[str, Tensor]:
        lengths = [*rng.integers(SHORTEST, LONGEST, count - 1), LONGEST]
        return batched([utterance(bank, int(length), rng) for length in lengths], extractor)

    pool, held_out = several(POOL), several(128)
    shown = probes(bank, options.seed)

    def log(events: SummaryWriter, writer: AttentionWriter, step: int) -> str:
        for tag, spoken in shown.items():
            inputs = batched([spoken], extractor)
            sound = SoundTokens(spoken.wave, RATE, spectrogram=inputs["input_features"][0])
            tokens = {"audio": sound, "decoder": [TOKENS[number] for number in spoken.read]}
            writer.add_probe(tag, model, inputs, tokens, step)
        share = right(model, held_out)
        events.add_scalar("right", share, step)
        return f"words right {share:.2f}"

    train(RUN, options, training_losses(model, pool, options.steps, options.seed), log, times=30)


def measured(reader: AttentionReader, tag: str, spoken: Spoken, step: int) -> tuple[float, float, float]:
    """The best head's mass on the frames in which its word is said, and two errors in seconds, means over words.

    How far the time with the most weight is from where the word is said, and how far the border between two words from
    the pause between them.
    """
    record = reader.read(RUN, tag, step)
    inside = np.zeros((len(spoken.digits), round(SECONDS / FRAME)), bool)
    for word, (start, end) in enumerate(spoken.times):
        inside[word, int(start / FRAME) : int(end / FRAME) + 1] = True
    crosses = [layer for layer in record.layers if layer.kind == "cross"]
    maps = np.concatenate([layer.weights[:, : len(inside)] for layer in crosses])
    mass = (maps * inside).sum(-1).mean(-1).max()
    heard = align_words(record, queries=slice(len(spoken.digits)))
    peaks = [outside(each.peak, *said) for each, said in zip(heard, spoken.times, strict=True)]
    pauses = [(end, start) for (_, end), (start, _) in itertools.pairwise(spoken.times)]
    borders = [outside(each.start, *pause) for each, pause in zip(heard[1:], pauses, strict=True)]
    return float(mass), float(np.mean(peaks)), float(np.mean(borders))


def outside(time: float, start: float, end: float) -> float:
    """How far a time is from a stretch of time, 0 inside."""
    return max(start - time, time - end, 0.0)


def over_probes(reader: AttentionReader, shown: dict[str, Spoken], step: int) -> NDArray[Any]:
    """All measures, means over the probes."""
    return np.mean([measured(reader, tag, spoken, step) for tag, spoken in shown.items()], axis=0)


def main(arguments: list[str] | None = None) -> int:
    """Run the story. Returns 0 if all floors hold, else 1."""
    options = parser(__doc__ or "", steps=800, logdir="runs/speech").parse_args(arguments)
    bank = speak(WORDS)
    begin(options)
    torch.set_num_threads(1)
    log_run(options, bank)
    reader = AttentionReader(options.logdir)
    shown = probes(bank, options.seed)
    last = reader.steps(RUN, "spoken/4")[-1]
    before, after = over_probes(reader, shown, 0), over_probes(reader, shown, last)
    for each, (start, end) in zip(
        align_words(reader.read(RUN, "spoken/4", last), queries=slice(4)),
        shown["spoken/4"].times,
        strict=True,
    ):
        said = WORDS[shown["spoken/4"].digits[each.query]]
        print(f"{said:>5}: most weight at {each.peak:.2f} s, said from {start:.2f} to {end:.2f} s")
    floors = [
        Floor("weight on the frames of the word at step 0", before[0], at_most=0.3),
        Floor(f"the same at step {last}", after[0], at_least=0.6),
        Floor("seconds from a word's largest weight to the word", after[1], at_most=0.1),
        Floor("seconds from a border between words to the pause", after[2], at_most=0.15),
        Floor("share of words written right", scalars(options.logdir, RUN, "right")[last], at_least=0.8),
    ]
    return finish(floors, options, run=RUN, tag="spoken/4", view="head")


if __name__ == "__main__":
    sys.exit(main())
