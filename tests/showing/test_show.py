"""One line in a notebook: what each form of ``show`` and of BertViz's calls holds, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from logs.random_attention import random_record, softmax_weights, token_list
from models.sharp_models import BART, SMALL
from models.tiny_bert import tiny_tokenizer
from pages.cells import embedded, layers
from transformers import (
    BartConfig,
    BartForConditionalGeneration,
    BertConfig,
    BertModel,
    GPT2Config,
    GPT2LMHeadModel,
)

from tensorboard_plugin_attn import AttentionReader, AttentionWriter, show
from tensorboard_plugin_attn.errors import InvalidRecordError
from tensorboard_plugin_attn.serving import assets, standalone
from tensorboard_plugin_attn.showing import Shown, head_view, model_view
from tensorboard_plugin_attn.showing.neuron_view import show as neuron_view

TEXT = "the doctor asked the nurse ."
PAIR = (TEXT, "the nurse thanked the doctor .")
TOKENS = token_list(6)
SELF = [softmax_weights(3, 6, 6, seed)[None] for seed in range(4)]
PARTS: dict[str, Any] = {
    "encoder_attention": [softmax_weights(2, 6, 6, seed)[None] for seed in range(2)],
    "decoder_attention": [softmax_weights(2, 4, 4, seed, causal=True)[None] for seed in range(2)],
    "cross_attention": [softmax_weights(2, 4, 6, seed)[None] for seed in range(2)],
    "encoder_tokens": TOKENS,
    "decoder_tokens": token_list(4, "out"),
}


def bert() -> BertModel:
    torch.manual_seed(0)
    return BertModel(BertConfig(**{**SMALL, "vocab_size": 100}))


def gpt2() -> GPT2LMHeadModel:
    return GPT2LMHeadModel(GPT2Config(vocab_size=100, n_embd=48, n_layer=3, n_head=4))


def bart() -> BartForConditionalGeneration:
    return BartForConditionalGeneration(
        BartConfig(**{**BART, "decoder_start_token_id": 2, "pad_token_id": 0})
    )


@pytest.mark.parametrize(
    ("model", "text", "count"),
    [(bert, PAIR, 3), (gpt2, TEXT, 3), (bart, PAIR, 6)],
    ids=["bert", "gpt2", "bart"],
)
@pytest.mark.parametrize("view", ["model", "head", "neuron"])
def test_a_model_reads_the_text_once_and_stays_as_it_was(
    model: Any, text: Any, count: int, view: str
) -> None:
    made = model().train()
    before = {name: value.clone() for name, value in made.state_dict().items()}
    shown = show(made, tiny_tokenizer(), text, view=view)
    assert len(layers(shown)) == count
    assert made.training
    assert all(torch.equal(value, before[name]) for name, value in made.state_dict().items())
    assert f"p.attn.view={view}" in embedded(shown)["state"]
    assert ("vectors 0 0" in embedded(shown)["answers"]) == (view == "neuron")


@pytest.mark.parametrize(
    "attention", [SELF, tuple(map(torch.tensor, SELF)), np.stack(SELF)], ids=["numpy", "torch", "one array"]
)
def test_attention_as_a_model_returns_it_is_shown(attention: Any) -> None:
    shown = show(attention, TOKENS, sentence_b_start=3)
    record = embedded(shown)["answers"]["record"]
    assert layers(shown) == ["layer.0", "layer.1", "layer.2", "layer.3"]
    assert (record["tokens"]["tokens"], record["sentence_b_start"]) == (TOKENS, 3)


@pytest.mark.parametrize("call", [show, head_view, model_view])
def test_the_parts_of_an_encoder_decoder_are_one_record(call: Any) -> None:
    options = {} if call is show else {"html_action": "return"}
    shown = call(**PARTS, **options)
    assert layers(shown) == ["encoder.0", "encoder.1", "decoder.0", "cross.0", "decoder.1", "cross.1"]
    only = call(
        encoder_tokens=TOKENS,
        decoder_tokens=PARTS["decoder_tokens"],
        cross_attention=PARTS["cross_attention"],
        **options,
    )
    assert layers(only) == ["cross.0", "cross.1"]
    decoder = call(
        decoder_tokens=PARTS["decoder_tokens"], decoder_attention=PARTS["decoder_attention"], **options
    )
    assert layers(decoder) == ["decoder.0", "decoder.1"]


def test_bertvizs_arguments_select_layers_and_heads() -> None:
    shown = head_view(SELF, TOKENS, 3, layer=2, heads=[0, 2], include_layers=[2, 3], html_action="return")
    assert layers(shown) == ["layer.2", "layer.3"]
    assert {"p.attn.layer=0", "p.attn.heads=0.2", "p.attn.view=head"} <= set(
        embedded(shown)["state"].split("&")
    )
    only = show(bert(), tiny_tokenizer(), TEXT, include_layers=[1, 2], layer=2)
    assert [name.split(".")[2] for name in layers(only)] == ["1", "2"]
    assert "p.attn.layer=1" in embedded(only)["state"]


def test_bertvizs_neuron_view_takes_any_model() -> None:
    shown = neuron_view(gpt2(), "gpt2", tiny_tokenizer(), TEXT, layer=1, head=2, html_action="return")
    assert {"vectors 1 2"} <= set(embedded(shown)["answers"])
    pair = neuron_view(bert(), "bert", tiny_tokenizer(), *PAIR, display_mode="light", html_action="return")
    assert embedded(pair)["answers"]["record"]["sentence_b_start"] == 8


def test_head_view_without_html_action_draws_and_returns_nothing() -> None:
    assert head_view(SELF, TOKENS) is None


@pytest.mark.parametrize("view", ["model", "head"])
def test_a_record_shows_itself(view: str, tmp_path: Path) -> None:
    record = random_record()
    shown = record.show(view, layer=1, save=tmp_path / "figure.html")
    assert (tmp_path / "figure.html").read_text() == shown.html
    assert {"p.attn.layer=1", f"p.attn.view={view}"} <= set(embedded(shown)["state"].split("&"))
    assert "<iframe" in record._repr_html_()


def test_a_reader_shows_a_run_with_the_patterns_of_its_steps(tmp_path: Path) -> None:
    with AttentionWriter(tmp_path / "run") as writer:
        for step in range(4):
            writer.add_record("probe", random_record(seed=step), step)
    page = embedded(AttentionReader(tmp_path).show("run", "probe", view="evolution"))
    listed = page["answers"]["index"]["run"]["probe"]
    assert (listed["steps"], set(listed["kinds"])) == ([0, 1, 2, 3], {"weights"})
    assert (page["place"]["step"], page["alone"], page["steps"]) == (3, False, [4, 4])
    one = embedded(AttentionReader(tmp_path).show("run", "probe", 2))
    assert one["alone"]
    assert one["answers"]["weights 0"] == page["answers"]["step 2 weights 0"]
    with pytest.raises(InvalidRecordError, match="view must be one of model, head, neuron"):
        AttentionReader(tmp_path).show("run", "probe", 2, view="evolution")


def test_a_long_run_keeps_as_many_patterns_as_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with AttentionWriter(tmp_path / "run") as writer:
        for step in range(9):
            writer.add_record("probe", random_record(seed=step), step)
    monkeypatch.setattr(standalone, "ROOM", 0)
    page = embedded(AttentionReader(tmp_path).show("run", "probe"))
    kinds = page["answers"]["index"]["run"]["probe"]["kinds"]
    assert kinds == ["weights", *["metrics"] * 7, "weights"]


def test_a_reader_shows_one_of_its_records(tmp_path: Path) -> None:
    with AttentionWriter(tmp_path / "run") as writer:
        writer.add_record("probe", random_record(), 7)
    shown = AttentionReader(tmp_path).show("run", "probe", 7, view="head", head=1)
    assert {"p.attn.step=7", "p.attn.head=1", "p.attn.run=run"} <= set(embedded(shown)["state"].split("&"))


def test_showing_is_not_logging(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ATTN_MODE", "off")
    monkeypatch.chdir(tmp_path)
    assert layers(show(SELF, TOKENS)) != []
    assert not list(tmp_path.glob("plugins"))


def test_the_frame_lets_nothing_out_and_follows_the_notebooks_theme() -> None:
    data = show(SELF, TOKENS).data
    assert 'sandbox="allow-scripts allow-downloads"' in data
    assert "allow-same-origin" not in data
    assert data.count("<iframe") == 1
    assert "color-scheme: dark" in Shown("", theme="dark").data.split("<iframe")[1]


@pytest.mark.parametrize(
    ("arguments", "options", "why"),
    [
        ((), {}, "got neither"),
        ((SELF, TOKENS), PARTS, "got both"),
        ((SELF,), {}, "tokens is missing"),
        ((SELF, TOKENS[:5]), {}, "has 6 query positions"),
        ((SELF, TOKENS), {"view": "matrix"}, "view must be one of model, head, neuron"),
        ((SELF, TOKENS), {"include_layers": [9]}, "include_layers must lie between 0 and 3, got 9"),
        ((bert, None), {}, "expected|got"),
        (([None, None], TOKENS), {}, "are None"),
    ],
    ids=[
        "nothing",
        "both forms",
        "no tokens",
        "too few tokens",
        "no such view",
        "no such layer",
        "no attention",
        "None",
    ],
)
def test_what_cannot_be_shown_says_what_was_expected(
    arguments: tuple[Any, ...], options: dict[str, Any], why: str
) -> None:
    with pytest.raises(InvalidRecordError, match=why):
        show(*arguments, **options)


def test_a_model_without_a_text_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidRecordError, match="needs a text to read"):
        show(bert(), tiny_tokenizer())


def test_a_busy_cell_of_144_heads_and_64_tokens_is_small(monkeypatch: pytest.MonkeyPatch) -> None:
    if not (assets.STATIC / assets.ENTRY).exists():
        pytest.skip("the frontend is not built")
    monkeypatch.setattr(standalone, "STATIC", assets.STATIC)
    attention = [softmax_weights(12, 64, 64, seed)[None] for seed in range(12)]
    assert len(show(attention, token_list(64)).data) <= 1_500_000  # random heads are the busiest there are
