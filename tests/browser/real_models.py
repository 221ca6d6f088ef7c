"""A directory → a log of BERT on a sentence pair, GPT-2 and BART, captured at two steps between which they changed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from attention_tab import AttentionTab
from models.sharp_models import sharpen
from neuron_log import PAIR, SENTENCE_B, SOURCE, TARGET, bart, bert, gpt2, ids
from numpy.typing import NDArray

from tensorboard_plugin_attn import AttentionReader, AttentionRecord, AttentionWriter, LayerAttention, capture
from tensorboard_plugin_attn.encoding.codes import MAX_ERROR

__all__ = [
    "HEADS",
    "MODELS",
    "STEPS",
    "RealModel",
    "RealTab",
    "clear_threshold",
    "each_model_and_step",
    "write_log",
]

RUN = "captured"
STEPS = (0, 40)
HEADS = 4
WORDS = [
    "The",
    "Ġdoctor",
    "Ġasked",
    "Ġthe",
    "Ġnurse",
    "Ġa",
    "Ġquestion",
    "Ġbecause",
    "Ġshe",
    "Ġwas",
    "Ġlate",
    ".",
]


@dataclass(frozen=True)
class RealModel:
    """What is known of a model's record before it is looked at."""

    name: str
    """Of the probe."""
    groups: dict[str, tuple[int, ...]]
    """Layers by the name that the tab has for their kind of attention."""
    sentence_b: int | None = None
    """First token of the second sentence."""

    def last(self, group: str | None = None) -> int:
        """The last layer of a kind of attention, of the last kind if none is named."""
        return self.groups[group or list(self.groups)[-1]][-1]


BERT = RealModel("bert", {"Self": (0, 1)}, sentence_b=SENTENCE_B)
GPT2 = RealModel("gpt2", {"Self": (0, 1)})
BART = RealModel("bart", {"Encoder": (0, 1), "Decoder": (2, 4), "Cross": (3, 5)})
MODELS = {model.name: model for model in (BERT, GPT2, BART)}


def sharp(model: Any) -> Any:
    """The model with attention that differs from head to head and from token to token."""
    return sharpen(model, 1.6)


def write_log(directory: Path) -> Path:
    """Each model at each step, with queries and keys; a model of another step has other weights."""
    torch.set_num_threads(1)
    pair = torch.zeros(1, len(PAIR), dtype=torch.long)
    pair[:, SENTENCE_B:] = 1
    with AttentionWriter(directory / RUN) as writer:
        for step in STEPS:
            with capture(sharp(bert(step)), query_key=True) as captured:
                captured.model(input_ids=ids(len(PAIR), 1), token_type_ids=pair)
            layers = captured.record(PAIR).layers
            writer.add_record("bert", AttentionRecord(layers, PAIR, sentence_b_start=SENTENCE_B), step)
            words = {"input_ids": ids(len(WORDS), 2)}
            writer.add_probe("gpt2", sharp(gpt2(step)), words, WORDS, step, query_key=True)
            both = {"input_ids": ids(len(SOURCE), 4), "decoder_input_ids": ids(len(TARGET), 5)}
            translation = sharp(bart(step, layers=2, heads=HEADS))
            writer.add_probe("bart", translation, both, (SOURCE, TARGET), step, query_key=True)
    return directory


def clear_threshold(weights: NDArray[np.float32]) -> float:
    """A threshold such that no weight is so near that its stored value may lie on the other side."""
    sorted_weights = np.unique(weights.clip(0.03, 0.7))
    gap = int(np.argmax(np.diff(sorted_weights)))
    below, above = sorted_weights[gap : gap + 2]
    if above - below <= 4 * MAX_ERROR:
        raise AssertionError(f"no gap between the weights {sorted_weights}")
    return round(float(below + above) / 2, 4)


@dataclass
class RealTab:
    """An open page, and the model and step that it is to show."""

    tab: AttentionTab
    directory: Path
    model: RealModel
    step: int

    def go(self, view: str, **state: object) -> AttentionTab:
        """Show them in a view, with some state."""
        self.tab.go(view, run=RUN, tag=self.model.name, step=self.step, **state)
        return self.tab

    def layer(self, layer: int) -> LayerAttention:
        """One layer, as read back from the log."""
        return self.record.layers[layer]

    def number(self, layer: int) -> int:
        """Of a layer among those of its stack and kind."""
        own = self.layer(layer)
        before = self.record.layers[:layer]
        return sum((each.kind, each.stack) == (own.kind, own.stack) for each in before)

    def layer_name(self, layer: int) -> str:
        """Its name on the screen, which says the group where there are several."""
        if len(self.model.groups) == 1:
            return f"Layer {layer}"
        own = self.layer(layer)
        group = "Cross" if own.kind == "cross" else own.stack.capitalize()
        return f"{group} layer {self.number(layer)}"

    @cached_property
    def record(self) -> AttentionRecord:
        """The record, as read back from the log."""
        return AttentionReader(self.directory).read(RUN, self.model.name, self.step)

    def sentences(self, name: str) -> tuple[slice, slice]:
        """Queries and keys that a filter such as ``A→B`` leaves."""
        parts = {"A": slice(0, self.model.sentence_b), "B": slice(self.model.sentence_b, None)}
        query, key = name.split("→")
        return parts[query], parts[key]


each_model_and_step = pytest.mark.parametrize(("model", "step"), [(m, s) for m in MODELS for s in STEPS])
"""Runs a test with the fixture ``real`` on all of them."""
