"""A picture's name in the docs → the demo whose log it is taken from, and the tab's state in its URL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["PICTURES", "Picture"]

State = Mapping[str, object]


@dataclass(frozen=True)
class Picture:
    """One picture; ``state`` is what stands in the URL, ``view`` included."""

    name: str
    demo: str
    state: State
    width: int = 1280
    height: int = 800
    dark: bool = False


SHE, NURSE = 9, 5  # places of the tokens in "[CLS] the doctor asked the nurse a question because she …"
DOCTOR: State = {"run": "skewed", "tag": "doctor/she", "step": 60, "layer": 5, "head": 3, "query": SHE}
VIEWS: Mapping[str, State] = {
    "evolution": {},
    "model": {},
    "head": {"heads": "2.3.4.7.11"},
    "matrix": {"view": "head", "mode": "matrix", "key": NURSE},
    "neuron": {},
    "compare": {"view": "model", "compare": "first"},
    "find": {"view": "evolution", "panel": "find", "find": f"{SHE}-{NURSE}"},
}
"""A view's name and what it sets beside ``DOCTOR``. ``view``: when not its name."""


def view_pictures() -> list[Picture]:
    """Every view in both themes and two widths."""
    return [
        Picture(
            f"{name}-{'dark' if dark else 'light'}-{width}",
            "bias",
            {"view": name, **DOCTOR, **own},
            width,
            height,
            dark,
        )
        for dark in (False, True)
        for width, height in ((900, 800), (1600, 900))
        for name, own in VIEWS.items()
    ]


BIAS: State = {**DOCTOR, "step": 96}
HE_TO_SHE: State = {**BIAS, "view": "model", "compare": "same", "compare_tag": "doctor/he"}
REPEATED: State = {"run": "two-layers", "tag": "repeated/21", "step": 400, "layer": 1, "metric": "induction"}
REVERSED: State = {"run": "reverse", "tag": "reverse/8", "step": 800, "layer": 2, "metric": "source_word"}
DOCSTRING: State = {
    "run": "docstrings",
    "tag": "text/queue",
    "step": 600,
    "layer": 0,
    "head": 2,
    "metric": "mean_distance",
}
DIGITS: State = {"run": "digits", "tag": "asked/red", "layer": 2, "head": 0, "query": 0}
SPOKEN: State = {"run": "speech", "tag": "spoken/4", "layer": 5, "head": 0, "step": 800, "mode": "sound"}
DARK = {"control", "one_layer"}
TALL = {"neuron": 1080}
STORIES: Mapping[str, Mapping[str, State]] = {
    "bias": {
        "evolution": {**BIAS, "view": "evolution"},
        "head": {**BIAS, "view": "head", "heads": "2.3.4.7.11"},
        "she_he": HE_TO_SHE,
        "control": {**HE_TO_SHE, "run": "control"},
        "pretrained": {**HE_TO_SHE, "step": 0, "layer": 1},
    },
    "induction": {
        "evolution": {**REPEATED, "view": "evolution", "scalar": "loss/repeated"},
        "find": {**REPEATED, "view": "model", "panel": "find", "find": "induction"},
        "matrix": {**REPEATED, "view": "head", "mode": "matrix", "query": 60, "key": 19},
        "previous": {**REPEATED, "view": "head", "mode": "matrix", "layer": 0, "query": 20, "key": 19},
        "one_layer": {
            **REPEATED,
            "view": "evolution",
            "run": "one-layer",
            "layer": 0,
            "scalar": "loss/repeated",
        },
    },
    "alignment": {
        "start": {**REVERSED, "view": "model", "step": 0},
        "model": {**REVERSED, "view": "model"},
        "evolution": {**REVERSED, "view": "evolution"},
        "head": {**REVERSED, "view": "head", "query": 0},
    },
    "distance_decay": {
        "evolution": {**DOCSTRING, "view": "evolution"},
        "model": {**DOCSTRING, "view": "model"},
        "matrix": {**DOCSTRING, "view": "head", "mode": "matrix", "query": 53, "key": 52},
        "neuron": {**DOCSTRING, "view": "neuron", "query": 53, "key": 52, "dimension": 15},
    },
    "digits": {
        "start": {**DIGITS, "view": "model", "step": 0},
        "model": {**DIGITS, "view": "model"},
        "head": {**DIGITS, "view": "head"},
    },
    "speech": {
        "start": {**SPOKEN, "view": "head", "step": 0},
        "head": {**SPOKEN, "view": "head"},
    },
}
"""By demo, what its page shows: ``use_case_<demo>_<name>.png``."""


def story_pictures() -> list[Picture]:
    """The pictures of every walk-through."""
    return [
        Picture(f"use_case_{demo}_{name}", demo, state, height=TALL.get(name, 800), dark=name in DARK)
        for demo, states in STORIES.items()
        for name, state in states.items()
    ]


PICTURES = [*view_pictures(), *story_pictures()]
"""All of them: a new picture is one more line above."""
