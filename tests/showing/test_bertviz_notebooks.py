"""The calls of BertViz's example notebooks and manual, made here with models of random weights: what each page holds."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from models.sharp_models import BART, SMALL
from models.tiny_bert import tiny_tokenizer
from pages.cells import embedded, layers
from torch import nn
from transformers import (
    BartConfig,
    BartModel,
    BertConfig,
    BertModel,
    DistilBertConfig,
    DistilBertModel,
    GPT2Config,
    GPT2Model,
    MarianConfig,
    MarianModel,
    RobertaConfig,
    RobertaModel,
)

from tensorboard_plugin_attn.encoding.codes import decode_weights, decompress
from tensorboard_plugin_attn.errors import InvalidRecordError
from tensorboard_plugin_attn.serving.answers import unpack
from tensorboard_plugin_attn.showing import Shown, head_view, model_view
from tensorboard_plugin_attn.showing.neuron_view import show as neuron_view

A, B = "the doctor asked the nurse .", "the nurse thanked the doctor ."
MADE: dict[str, Callable[[], nn.Module]] = {
    "distilbert": lambda: DistilBertModel(
        DistilBertConfig(vocab_size=100, dim=48, n_layers=3, n_heads=4, hidden_dim=64)
    ),
    "bert": lambda: BertModel(BertConfig(**SMALL)),
    "bart": lambda: BartModel(BartConfig(**BART)),
    "marian": lambda: MarianModel(MarianConfig(**BART, pad_token_id=0)),
    "gpt2": lambda: GPT2Model(GPT2Config(vocab_size=100, n_embd=48, n_layer=3, n_head=4)),
    "roberta": lambda: RobertaModel(RobertaConfig(**SMALL)),
}


def model_of(name: str) -> Any:
    """As ``from_pretrained(…, output_attentions=True)`` gives it."""
    torch.manual_seed(0)
    model: Any = MADE[name]().eval()
    model.set_attn_implementation("eager")
    model.config.output_attentions = True
    return model


def encoded(*texts: str) -> tuple[Any, list[str]]:
    """Input ids of a text, or of a pair, and the tokens."""
    inputs = tiny_tokenizer()(*texts, return_tensors="pt")
    return inputs, tiny_tokenizer().convert_ids_to_tokens(inputs["input_ids"][0])


def weights_in(shown: Shown | None, layer: int) -> np.ndarray:
    """One layer of a page, ``[head, query, key]``."""
    fields, arrays = unpack(b64decode(embedded(shown)["answers"][f"weights {layer}"]))
    lengths = np.frombuffer(arrays["member_bytes"].data, np.uint32)
    starts = np.cumsum(lengths) - lengths
    packed = arrays["weights"].data
    members = [packed[start : start + length] for start, length in zip(starts, lengths, strict=True)]
    codes = np.frombuffer(b"".join(map(decompress, members)), np.uint8)
    row_max = np.frombuffer(arrays["row_max"].data, np.float32).reshape(fields["heads"], fields["queries"])
    return decode_weights(codes.reshape(*row_max.shape, fields["keys"]), row_max)


def assert_holds(shown: Shown | None, names: list[str], attentions: list[torch.Tensor]) -> None:
    """The page has these layers, in this order, with the weights that the model gave."""
    assert layers(shown) == names
    for number, attention in enumerate(attentions):
        wanted = attention[0].detach().numpy()
        np.testing.assert_allclose(weights_in(shown, number), wanted, atol=0.002)


@pytest.mark.parametrize("call", [head_view, model_view])
def test_distilberts_notebooks_draw_a_sentence(call: Any) -> None:
    inputs, tokens = encoded(A)
    outputs = model_of("distilbert")(inputs["input_ids"])
    shown = call(outputs[-1], tokens, html_action="return")
    assert_holds(shown, ["layer.0", "layer.1", "layer.2"], outputs[-1])
    assert embedded(shown)["answers"]["record"]["tokens"]["tokens"] == tokens


@pytest.mark.parametrize("call", [head_view, model_view])
def test_berts_notebook_draws_a_pair(call: Any) -> None:
    inputs, tokens = encoded(A, B)
    kinds = inputs["token_type_ids"]
    outputs = model_of("bert")(inputs["input_ids"], token_type_ids=kinds)
    attention = outputs.attentions
    with pytest.raises(InvalidRecordError, match=r"pass outputs\.attentions"):
        call((), tokens)  # outputs[-1], as the notebook has it, with transformers 5
    start = kinds[0].tolist().index(1)
    shown = call(attention, tokens, start, html_action="return")
    assert_holds(shown, ["layer.0", "layer.1", "layer.2"], attention)
    assert embedded(shown)["answers"]["record"]["sentence_b_start"] == start


@pytest.mark.parametrize("name", ["bart", "marian"])
@pytest.mark.parametrize("call", [head_view, model_view])
def test_the_encoder_decoder_notebooks_draw_all_three_kinds(name: str, call: Any) -> None:
    (source, source_tokens), (target, target_tokens) = encoded(A), encoded(B)
    outputs = model_of(name)(input_ids=source["input_ids"], decoder_input_ids=target["input_ids"])
    shown = call(
        encoder_attention=outputs.encoder_attentions,
        decoder_attention=outputs.decoder_attentions,
        cross_attention=outputs.cross_attentions,
        encoder_tokens=source_tokens,
        decoder_tokens=target_tokens,
        html_action="return",
    )
    own, cross = outputs.decoder_attentions, outputs.cross_attentions
    names = ["encoder.0", "encoder.1", "decoder.0", "cross.0", "decoder.1", "cross.1"]
    assert_holds(shown, names, [*outputs.encoder_attentions, own[0], cross[0], own[1], cross[1]])
    lists = embedded(shown)["answers"]["record"]["tokens"]
    assert (lists["tokens"], lists["decoder_tokens"]) == (source_tokens, target_tokens)


NEURON = {
    "bert": ((A, B), {"display_mode": "dark", "layer": 2, "head": 0}, "vectors 2 0"),
    "gpt2": ((A,), {"display_mode": "dark"}, "vectors 0 0"),
    "roberta": ((A, B), {}, "vectors 0 0"),
}


@pytest.mark.parametrize("name", NEURON)
def test_the_neuron_notebooks_draw_queries_and_keys(name: str) -> None:
    sentences, options, held = NEURON[name]
    shown = neuron_view(model_of(name), name, tiny_tokenizer(), *sentences, **options, html_action="return")
    assert shown is not None
    assert held in embedded(shown)["answers"]
    assert "p.attn.view=neuron" in embedded(shown)["state"]
    forced = "color-scheme: dark" in shown.data.split("<iframe")[1][:200]
    assert forced == ("display_mode" in options)


ATTENTION = [torch.rand(1, 6, 5, 5, generator=torch.Generator().manual_seed(seed)) for seed in range(8)]
ATTENTION = [layer / layer.sum(-1, keepdim=True) for layer in ATTENTION]
TOKENS = list("abcde")


def test_the_manuals_filters_and_first_choices_are_as_there() -> None:
    filtered = model_view(ATTENTION, TOKENS, include_layers=[5, 6], html_action="return")
    assert_holds(filtered, ["layer.5", "layer.6"], ATTENTION[5:7])
    heads = model_view(ATTENTION, TOKENS, include_heads=[1, 4], html_action="return")
    assert_holds(heads, [f"layer.{number}" for number in range(8)], [each[:, [1, 4]] for each in ATTENTION])
    assert embedded(heads)["answers"]["record"]["layers"][0]["head_numbers"] == [1, 4]
    first = head_view(ATTENTION, TOKENS, layer=2, heads=[3, 5], html_action="return")
    assert {"p.attn.layer=2", "p.attn.heads=3.5"} <= set(embedded(first)["state"].split("&"))
    light = model_view(ATTENTION, TOKENS, display_mode="light", html_action="return")
    assert light is not None
    assert "color-scheme: light" in light.data.split("<iframe")[1][:200]


def test_a_first_layer_is_counted_in_its_part() -> None:
    shown = head_view(
        decoder_attention=ATTENTION[:3],
        cross_attention=ATTENTION[3:6],
        encoder_tokens=TOKENS,
        decoder_tokens=TOKENS,
        layer=1,
        html_action="return",
    )
    assert layers(shown)[2] == "decoder.1"
    assert "p.attn.layer=2" in embedded(shown)["state"]


REFUSED = [
    ({"layer": 1, "include_layers": [2, 3]}, "layer must be one of those that are shown, 2, 3; got 1"),
    ({"layer": 8}, "layer must be one of those that are shown"),
    ({"include_layers": []}, "include_layers must name at least one of 8, got none"),
    ({"html_action": "print"}, 'html_action must be "view" or "return"'),
    ({"encoder_attention": ATTENTION}, "got both"),
]


@pytest.mark.parametrize(("options", "why"), REFUSED)
def test_what_cannot_be_drawn_is_refused_in_one_sentence(options: dict[str, Any], why: str) -> None:
    with pytest.raises(InvalidRecordError, match=why):
        head_view(ATTENTION, TOKENS, **options)


def test_heads_that_are_not_there_are_refused() -> None:
    with pytest.raises(InvalidRecordError, match="include_heads must lie between 0 and 5, got 6"):
        model_view(ATTENTION, TOKENS, include_heads=[6])
