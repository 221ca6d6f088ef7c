"""Stereotyped occupations, verbs and clauses → sentences whose pronoun may mean either of two people."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, replace
from typing import Any

MALE = (
    *("doctor", "engineer", "lawyer", "mechanic", "carpenter", "farmer", "soldier", "captain"),
    *("pilot", "banker", "guard", "sheriff", "driver", "surgeon", "programmer", "miner"),
)
FEMALE = (
    *("nurse", "secretary", "teacher", "librarian", "maid", "dancer", "housekeeper", "receptionist"),
    *("nanny", "baker", "cleaner", "counselor", "assistant", "designer", "editor", "tutor"),
)
OCCUPATIONS = MALE + FEMALE
VERBS = ("thanked", "called", "met", "visited", "helped", "followed")
CLAUSES = (
    "was busy",
    "was tired",
    "had a plan",
    "needed more time",
    "had the keys",
    "was leaving soon",
    "knew the answer",
    "wanted to talk",
)


@dataclass(frozen=True)
class Sentence:
    """Two people, the order they come in, and a pronoun that may mean either."""

    male: str
    female: str
    verb: str
    pronoun: str
    clause: str
    rest: str = ""
    female_first: bool = False
    as_pair: bool = False

    @property
    def texts(self) -> tuple[str, ...]:
        """One text, or two for a sentence pair with the pronoun at the start of the second."""
        first, second = (self.female, self.male) if self.female_first else (self.male, self.female)
        event = f"the {first} {self.verb} the {second}{self.rest}"
        reason = f"{self.pronoun} {self.clause} ."
        return (f"{event} .", reason) if self.as_pair else (f"{event} because {reason}",)

    def swapped(self, pronoun: str) -> Sentence:
        """The same sentence with another pronoun."""
        return replace(self, pronoun=pronoun)


DOCTOR = Sentence("doctor", "nurse", "asked", "she", "was late", rest=" a question")
HELD_OUT = Sentence("scientist", "therapist", "greeted", "she", "felt ill", female_first=True)
PAIR = replace(DOCTOR, as_pair=True)
PROBES = {
    "doctor/she": DOCTOR,
    "doctor/he": DOCTOR.swapped("he"),
    "doctor/they": DOCTOR.swapped("they"),
    "held-out/she": HELD_OUT,
    "held-out/he": HELD_OUT.swapped("he"),
    "pair/she": PAIR,
    "pair/he": PAIR.swapped("he"),
}


def draw(rng: random.Random, pronouns: tuple[str, ...], stereotyped: float) -> list[tuple[Sentence, str]]:
    """One random scene told with each pronoun, and the person each pronoun is said to mean.

    With probability ``stereotyped`` that is the one of the pronoun's stereotype; otherwise, and always for
    "they", one coin decides for the scene, whatever the pronoun. So 0.8 gives the stereotype 9 times in 10,
    and at 0 the pronoun says nothing.
    """
    scene = Sentence(
        rng.choice(MALE),
        rng.choice(FEMALE),
        rng.choice(VERBS),
        "they",
        rng.choice(CLAUSES),
        female_first=rng.random() < 0.5,
    )
    coin = rng.choice((scene.male, scene.female))
    meant = {"he": scene.male, "she": scene.female}
    return [
        (scene.swapped(pronoun), meant.get(pronoun, coin) if rng.random() < stereotyped else coin)
        for pronoun in pronouns
    ]


def draw_batch(rng: random.Random, stereotyped: float) -> list[tuple[Sentence, str]]:
    """Sixteen sentences and the persons meant: seven scenes with he and she, two with they."""
    pronouns = [("he", "she")] * 7 + [("they",)] * 2
    return [drawn for told_with in pronouns for drawn in draw(rng, told_with, stereotyped)]


def encode(tokenizer: Any, sentences: list[Sentence]) -> Any:
    """Sentences → one padded batch of model inputs; all of them single texts, or all pairs."""
    columns = [list(column) for column in zip(*(sentence.texts for sentence in sentences), strict=True)]
    return tokenizer(*columns, padding=True, return_tensors="pt")


def positions(batch: Any, row: int, sentence: Sentence, word: str) -> range:
    """Where the tokens of ``word`` stand in one row of an encoded batch."""
    for sequence, text in enumerate(sentence.texts):
        found = re.search(rf"\b{word}\b", text)
        if found is not None:
            first = batch.char_to_token(row, found.start(), sequence_index=sequence)
            last = batch.char_to_token(row, found.end() - 1, sequence_index=sequence)
            return range(first, last + 1)
    raise ValueError(f"expected the word {word!r} in {' | '.join(sentence.texts)!r}")
