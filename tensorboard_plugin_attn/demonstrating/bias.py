"""Fine-tune a BERT on pronoun sentences, skewed and balanced: a shortcut, a bias, emerges in the skewed run.

The model reads "the doctor asked the nurse a question because she was late ." and says which of the two
people the pronoun means. The sentence does not tell. In the run ``skewed`` the label follows the stereotype
9 times in 10, in the run ``control`` it is a coin. When skewed, heads of the last layer come to attend to the
nurse much more from "she" than from "he"; in the control they do not. This is not coreference: there is none
to learn. What each head does to the answer, nurse or doctor, is measured beside it.

    python -m tensorboard_plugin_attn demo
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.tensorboard import SummaryWriter
from transformers import AutoModel, AutoTokenizer
from transformers.utils import logging

from tensorboard_plugin_attn import AttentionReader, AttentionWriter
from tensorboard_plugin_attn.demonstrating.pronouns import (
    FEMALE,
    MALE,
    OCCUPATIONS,
    PROBES,
    Sentence,
    draw_batch,
    encode,
    positions,
)
from tensorboard_plugin_attn.demonstrating.story import Floor, begin, finish, scalars, train

__all__ = ["run"]

RUNS = {"skewed": 0.8, "control": 0.0}
MEASURED = ("doctor", "held-out")
WITH_QUERY_KEY = ("doctor/she", "doctor/he")
WEIGHED = ("doctor/she", "doctor/he")
ATTENDS = 0.5  # of its weight on the female-stereotyped person
WARM_UP = 20


class PersonGuesser(nn.Module):
    """A pretrained encoder and a linear layer: the pronoun's last state → the occupation it means.

    All but the encoder's last two layers stay as they were.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.tokenizer = AutoTokenizer.from_pretrained(name, use_fast=True)
        self.encoder = AutoModel.from_pretrained(name).requires_grad_(False)
        blocks = max((m for m in self.encoder.modules() if isinstance(m, nn.ModuleList)), key=len)
        self.trained = [p for block in blocks[-2:] for p in block.requires_grad_(True).parameters()]
        self.head = nn.Linear(self.encoder.config.hidden_size, len(OCCUPATIONS))
        self.eval()  # no dropout

    def forward(self, sentences: list[Sentence]) -> Tensor:
        """Scores ``[sentence, occupation]``."""
        batch = encode(self.tokenizer, sentences)
        pronouns = [positions(batch, row, s, s.pronoun)[0] for row, s in enumerate(sentences)]
        states = self.encoder(**batch).last_hidden_state
        scores: Tensor = self.head(states[range(len(sentences)), pronouns])
        return scores


def pairs(batch: Any, sentence: Sentence) -> dict[str, tuple[list[int], list[int]]]:
    """From the pronoun to each of the two people, as positions in an encoded sentence."""
    pronoun = positions(batch, 0, sentence, sentence.pronoun)
    return {
        f"pronoun→{person}": (list(pronoun), list(positions(batch, 0, sentence, person)))
        for person in (sentence.female, sentence.male)
    }


def answer(model: PersonGuesser, batch: Any, sentence: Sentence) -> Callable[[Any], Tensor]:
    """The encoder's outputs for one sentence → its score for the female-stereotyped person less the other's."""
    pronoun = positions(batch, 0, sentence, sentence.pronoun)[0]
    female, male = (OCCUPATIONS.index(person) for person in (sentence.female, sentence.male))

    def difference(outputs: Any) -> Tensor:
        scores: Tensor = model.head(outputs.last_hidden_state[0, pronoun])
        return scores[female] - scores[male]

    difference.__name__ = f"{sentence.female}_minus_{sentence.male}"
    return difference


def load_tokenizer(name: str) -> Any:
    """The model's tokenizer; leaves with the reason when there is none."""
    try:
        return AutoTokenizer.from_pretrained(name, use_fast=True)
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise SystemExit(f"--model: no BERT-like model can be loaded from {name!r}: {reason}") from error


def output_bias(model: PersonGuesser) -> float:
    """P(female-stereotyped person | she) − the same for "he", of the two people in held-out scenes."""
    rng = random.Random("output bias")
    scenes = [
        Sentence(rng.choice(MALE), rng.choice(FEMALE), verb, "she", clause, female_first=female_first)
        for verb in ("greeted", "watched", "praised")
        for clause in ("was late", "felt ill")
        for female_first in (False, True)
    ]
    people = torch.tensor([[OCCUPATIONS.index(s.female), OCCUPATIONS.index(s.male)] for s in scenes])
    with torch.no_grad():
        she, he = (
            model([scene.swapped(pronoun) for scene in scenes]).gather(1, people).softmax(1)[:, 0].mean()
            for pronoun in ("she", "he")
        )
    return float(she - he)


def training_losses(model: PersonGuesser, stereotyped: float, steps: int, seed: int) -> Iterator[float]:
    """Train, one step each time the next loss is asked for."""
    rng = random.Random(seed)
    groups = [{"params": model.trained, "lr": 4e-4}, {"params": list(model.head.parameters()), "lr": 2e-3}]
    optimiser = torch.optim.AdamW(groups, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser,
        lambda step: (
            (step + 1) / WARM_UP if step < WARM_UP else 1 - 0.9 * (step - WARM_UP) / max(1, steps - WARM_UP)
        ),
    )
    for _ in range(steps):
        sentences, people = zip(*draw_batch(rng, stereotyped), strict=True)
        target = torch.tensor([OCCUPATIONS.index(person) for person in people])
        loss = F.cross_entropy(model(list(sentences)), target)
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_([*model.trained, *model.head.parameters()], 1.0)
        optimiser.step()
        schedule.step()
        yield loss.item()


def log_run(run: str, options: argparse.Namespace) -> None:
    """Fine-tune once; log loss, output bias and what every head attends to in every probe."""
    torch.manual_seed(options.seed)
    model = PersonGuesser(options.model)

    def log(events: SummaryWriter, writer: AttentionWriter, step: int) -> str:
        for tag, sentence in PROBES.items():
            batch = encode(model.tokenizer, [sentence])
            writer.add_probe(
                tag,
                model.encoder,
                batch,
                model.tokenizer,
                step,
                query_key=tag in WITH_QUERY_KEY,
                track=pairs(batch, sentence),
                effect=answer(model, batch, sentence) if tag in WEIGHED else None,
                ablate=tag in WEIGHED and step == options.steps,
            )
        bias = output_bias(model)
        events.add_scalar("bias/output", bias, step)
        return f"output bias {bias:+.2f}"

    train(run, options, training_losses(model, RUNS[run], options.steps, options.seed), log, times=24)


def attention_bias(reader: AttentionReader, run: str, step: int, tokenizer: Any) -> NDArray[Any]:
    """Weight of "she" on the female-stereotyped person − that of "he", ``[head]`` of the last layer."""

    def weight(tag: str) -> NDArray[Any]:
        sentence = PROBES[tag]
        queries, keys = pairs(encode(tokenizer, [sentence]), sentence)[f"pronoun→{sentence.female}"]
        rows: NDArray[Any] = reader.read(run, tag, step).layers[-1].weights[:, queries]
        summed: NDArray[Any] = rows[:, :, keys].sum(-1).mean(-1)
        return summed

    mean: NDArray[Any] = np.mean(
        [weight(f"{scene}/she") - weight(f"{scene}/he") for scene in MEASURED], axis=0
    )
    return mean


@dataclass(frozen=True)
class Found:
    """What one run's log shows at its last step."""

    steps: int
    heads: NDArray[Any]
    output: float


def measure(logdir: Path, run: str, tokenizer: Any) -> Found:
    """Read a run's log back."""
    reader = AttentionReader(logdir)
    steps = reader.steps(run, "doctor/she")
    output = scalars(logdir, run, "bias/output")[steps[-1]]
    return Found(len(steps), attention_bias(reader, run, steps[-1], tokenizer), output)


def floors(skewed: Found, control: Found) -> list[Floor]:
    """What must hold for the story to be true."""
    return [
        Floor("skewed: she − he, mean of the last layer's heads", float(skewed.heads.mean()), at_least=0.15),
        Floor("control: the same, absolute", abs(float(control.heads.mean())), at_most=0.03),
        Floor("skewed: she − he, largest of the heads", float(skewed.heads.max()), at_least=0.35),
        Floor("control: the same", float(control.heads.max()), at_most=0.1),
        Floor("skewed: output bias", skewed.output, at_least=0.7),
        Floor("control: output bias, absolute", abs(control.output), at_most=0.1),
        Floor("logged steps", min(skewed.steps, control.steps), at_least=20),
    ]


@dataclass(frozen=True)
class Weighed:
    """ "She" in the doctor's sentence at the last step: nurse − doctor, and of the last layer's heads ``[head]`` the weight
    on the nurse and how much of nurse − doctor goes with the head."""

    answer: float
    weights: NDArray[Any]
    ablation: NDArray[Any]

    @property
    def by_weight(self) -> tuple[float, float]:
        """What heads that attend to the nurse do, each alone, summed; and the others."""
        attends = self.weights >= ATTENDS
        return float(self.ablation[attends].sum()), float(self.ablation[~attends].sum())


def weigh(logdir: Path, run: str) -> Weighed:
    """Read it back."""
    reader = AttentionReader(logdir)
    series = reader.metrics(run, "doctor/she")
    last = dict(zip(series.names, series.values[-1, -1].T, strict=True))
    objective = reader.source(run, "doctor/she", int(series.steps[-1])).header.objective
    assert objective is not None
    return Weighed(objective.value, last["pronoun→nurse"], last["ablation"])


def effect_floors(found: Weighed) -> list[Floor]:
    """What must hold of what the heads do."""
    strongest = int(found.ablation.argmax())
    attending, others = found.by_weight
    return [
        Floor(
            "skewed: weight on the nurse of the head that changes most",
            float(found.weights[strongest]),
            at_least=ATTENDS,
        ),
        Floor(
            "skewed: nurse − doctor by heads that attend to the nurse, less by others",
            attending - others,
            at_least=0.3,
        ),
    ]


def saying(found: Weighed) -> str:
    """What was found, in words."""
    attending, others = found.by_weight
    count = int((found.weights >= ATTENDS).sum())
    strongest, most = int(found.ablation.argmax()), int(found.weights.argmax())
    largest = float(found.ablation[strongest])
    end = (
        "No single head is the bias: where one is gone the others still say nurse."
        if largest < found.answer
        else f"Without head {strongest} alone the answer is no longer nurse."
    )
    return (
        f"Are the heads that attend to the nurse those that change the answer? As a group they are; one by one their "
        f"weight does not tell. With 'she' the skewed model scores nurse {found.answer:+.2f} over doctor. {count} heads of "
        f"the last layer attend to the nurse; taken out one at a time they change that by {attending:.2f} in all, the "
        f"others by {others:.2f}. Head {strongest} changes most, {largest:+.2f}, with {found.weights[strongest]:.2f} of its "
        f"weight on the nurse; head {most} has most weight there, {found.weights[most]:.2f}, and changes "
        f"{found.ablation[most]:+.2f}. {end}"
    )


def run(options: argparse.Namespace) -> int:
    """Run the story with a model of ``--model``. Returns 0 if all floors hold, else 1."""
    tokenizer = load_tokenizer(options.model)
    begin(options)
    torch.set_num_threads(1)  # faster than two for batches this small
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # transformers has no types here
    for run in RUNS:
        log_run(run, options)
    found = [measure(options.logdir, run, tokenizer) for run in RUNS]
    weighed = weigh(options.logdir, "skewed")
    every = [*floors(*found), *effect_floors(weighed)]
    return finish(every, options, said=saying(weighed), run="skewed", tag="doctor/she")
