"""Architectures whose second input is padded: without a word, every layer of its record is the eager map without padding."""

from __future__ import annotations

import copy
import inspect
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from matrix.compare import built, every_input
from matrix.overrides import OVERRIDES
from matrix.references import Softmaxes
from matrix.small_config import STRATEGIES
from torch import nn

from tensorboard_plugin_attn import AttentionReader, AttentionWriter, capture
from tensorboard_plugin_attn.errors import CaptureError, InvalidRecordError

PADDED = 3
SHARE = 0.6  # of a sound or of a picture's sides that is no padding
Expected = tuple[dict[str, int], int]
MODELS: dict[str, Expected] = {  # the lists of the padded input, and how many layers it has
    "florence2": ({"tokens": 11, "decoder_tokens": 5}, 6),
    "bridgetower": ({"tokens": 11, "vision": 17}, 12),
    "blip": ({"tokens": 11, "vision": 17}, 4),
    "siglip": ({"tokens": 11, "vision": 16, "queries": 1}, 5),
    "grounding-dino": ({"tokens": 11, "decoder_tokens": 6, "encoder": 16}, 7),
    "layoutlm": ({"tokens": 11}, 2),
    "longt5": ({"tokens": 11, "decoder_tokens": 5}, 4),
    "seamless_m4t": ({"tokens": 11, "decoder_tokens": 5}, 6),
    "inkling2": ({"tokens": 11}, 2),
    "moonshine": ({"tokens": 6, "decoder_tokens": 5}, 6),
    "parakeet_rnnt": ({"tokens": 3}, 2),
    "nemotron_asr_streaming": ({"tokens": 4}, 2),
    "speech_to_text": ({"tokens": 6, "decoder_tokens": 5}, 6),
    "wav2vec2-bert": ({"tokens": 24}, 2),
}
FUSED_ALONE = ("bridgetower", 1, 11), ("bridgetower", 1, 17), ("siglip", 4, 1)
"""Layers of torch's own multi-head attention, of which the eager copy shows no softmax."""
DAILY = "moonshine", "bridgetower", "inkling2"


def padded(model: nn.Module, given: dict[str, Any]) -> dict[str, Any]:
    """The same inputs with places of padding behind the second text, or with less of the second sound."""
    inputs = dict(given)
    names = set(inspect.signature(model.forward).parameters)
    ids, sound = inputs.get("input_ids"), inputs.get("input_features", inputs.get("input_values"))
    if ids is not None:
        mask = torch.ones(2, ids.shape[1] + PADDED, dtype=torch.long)
        mask[1, ids.shape[1] :] = 0
        for name, value in given.items():
            if isinstance(value, torch.Tensor) and value.shape[:2] == ids.shape and "decoder" not in name:
                inputs[name] = torch.cat([value, value[:, -1:].expand_as(value[:, :PADDED])], 1)
    else:
        assert sound is not None
        mask = torch.ones(2, sound.shape[1], dtype=torch.long)
        mask[1, int(sound.shape[1] * SHARE) :] = 0
    inputs["attention_mask"] = mask
    if "decoder_attention_mask" in names and "decoder_input_ids" in inputs:
        inputs["decoder_attention_mask"] = torch.ones_like(inputs["decoder_input_ids"])
        inputs["decoder_attention_mask"][1, -2:] = 0
    return inputs


def eager_maps(architecture: str) -> tuple[nn.Module, dict[str, Any], list[torch.Tensor]]:
    """A model, a padded batch that it takes, and every softmax of its eager copy as ``[batch, head, query, key]``."""
    errors: list[Exception] = []
    for strategy in STRATEGIES:
        try:
            model, eager = built(architecture, strategy, OVERRIDES.get(architecture))
        except Exception as error:  # noqa: BLE001 - whatever a model raises: the next way may do
            errors.append(error)
            continue
        for given in every_input(model):
            inputs = padded(model, given)
            try:
                with torch.no_grad(), Softmaxes() as softmaxes:
                    eager(**copy.deepcopy(inputs))
            except Exception as error:  # noqa: BLE001 - the same
                errors.append(error)
                continue
            return model, inputs, [each for each in softmaxes.seen if each.dim() == 4 and len(each) == 2]
    raise AssertionError(f"{architecture} was not built: {errors[-1]}")


def nearest(weights: Any, maps: list[torch.Tensor]) -> float:
    """How far the nearest map of the second input is, its padding on the right left out."""
    heads, queries, keys = weights.shape
    fitting = [each[1, :, :queries, :keys].float().numpy() for each in maps if each.shape[1] == heads]
    return min(
        (float(np.abs(each - weights).max()) for each in fitting if each.shape == weights.shape), default=1.0
    )


@pytest.mark.parametrize(
    "architecture", [each if each in DAILY else pytest.param(each, marks=pytest.mark.slow) for each in MODELS]
)
def test_padding_is_in_no_stack_and_crops_no_other(architecture: str, tmp_path: Path) -> None:
    lists, layers = MODELS[architecture]
    model, inputs, maps = eager_maps(architecture)
    with AttentionWriter(tmp_path, precision="float32") as writer, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        writer.add_probe(["whole", "short"], model, inputs, None, 0)
    record = AttentionReader(tmp_path).read(".", "short", 0)
    assert {name: len(each) for name, each in record.token_lists.items()} == lists
    assert len(record.layers) == layers
    for layer in record.layers:
        sink = 0.0 if layer.sink is None else layer.sink
        assert layer.weights.sum(-1) + sink == pytest.approx(np.ones(layer.weights.shape[:2]), abs=1e-4)
        has_no_map = (architecture, layer.num_heads, layer.num_queries) in FUSED_ALONE
        assert has_no_map or nearest(layer.weights, maps) < 1e-5


class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.qkv = nn.Linear(16, 48)

    def forward(self, states: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        query, key, value = self.qkv(states).unflatten(-1, (3, 2, 8)).permute(2, 0, 3, 1, 4)
        return torch.nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)


class Ignoring(nn.Module):
    """Takes a mask of the text, and applies it to the text's layer alone; ``of_text``: False: not even to that."""

    def __init__(self, *, of_text: bool) -> None:
        super().__init__()
        self.of_text = of_text
        self.embed, self.words, self.regions = nn.Embedding(20, 16), Attention(), Attention()

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, boxes: torch.Tensor
    ) -> torch.Tensor:
        mask = attention_mask.bool()[:, None, None] if self.of_text else None
        return torch.cat([self.words(self.embed(input_ids), mask), self.regions(boxes, None)])


def regions_as_long_as_the_text() -> dict[str, torch.Tensor]:
    return {
        "input_ids": torch.arange(6)[None],
        "attention_mask": torch.tensor([[1, 1, 1, 1, 0, 0]]),
        "boxes": torch.randn(1, 6, 16, generator=torch.Generator().manual_seed(0)),
    }


def test_a_mask_crops_no_layer_that_looks_at_what_it_hides(tmp_path: Path) -> None:
    """As LXMERT's layers of regions, whose names tell no stack, where there are as many of them as tokens."""
    torch.manual_seed(0)
    model, inputs = Ignoring(of_text=True).eval(), regions_as_long_as_the_text()
    left_out = "regions: attention: it has 6 queries and 6 keys, and the record 4 and 4 tokens"
    with AttentionWriter(tmp_path) as writer, pytest.warns(UserWarning, match=left_out):
        writer.add_probe("x", model, inputs, list("abcd"), 0)
    assert [layer.name for layer in AttentionReader(tmp_path).read(".", "x", 0).layers] == ["words"]
    with torch.no_grad(), capture(model) as captured:
        captured.model(**inputs)
    with pytest.warns(UserWarning, match=left_out):
        assert [layer.name for layer in captured.record(list("abcdef")).layers] == ["words"]


def test_a_mask_that_no_layer_applies_is_no_reason_to_crop(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model, inputs = Ignoring(of_text=False).eval(), regions_as_long_as_the_text()
    with AttentionWriter(tmp_path) as writer:
        with pytest.raises(
            CaptureError, match=r"gives padding a weight of up to .* does not use attention_mask"
        ):
            writer.add_probe("x", model, inputs, list("abcd"), 0)
        with pytest.warns(UserWarning, match="gives what attention_mask hides a weight of up to"):
            writer.add_probe("x", model, inputs, None, 0)
    record = AttentionReader(tmp_path).read(".", "x", 0)
    assert [layer.weights.shape for layer in record.layers] == [(2, 6, 6)] * 2


def test_only_cross_attention_without_names_is_told_what_to_pass(tmp_path: Path) -> None:
    class Reader(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.attention = nn.MultiheadAttention(16, 2, batch_first=True)

        def forward(self, states: torch.Tensor, memory: torch.Tensor) -> torch.Tensor:
            return self.attention(states, memory, memory)[0]

    inputs = {"states": torch.randn(1, 3, 16), "memory": torch.randn(1, 5, 16)}
    with AttentionWriter(tmp_path) as writer:
        with pytest.raises(
            InvalidRecordError, match=r"tokens=\(names of the 5 keys, names of the 3 queries\)"
        ):
            writer.add_probe("x", Reader().eval(), inputs, None, 0)
        writer.add_probe("x", Reader().eval(), inputs, (list("abcde"), list("xyz")), 0)
