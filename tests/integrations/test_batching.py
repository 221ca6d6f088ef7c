"""Probes in bulk: a padded batch in one forward gives each input the record that it gives alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from models.sharp_models import small
from models.tiny_bert import tiny_tokenizer
from torch import nn

from tensorboard_plugin_attn import AttentionReader, AttentionRecord, AttentionWriter
from tensorboard_plugin_attn.errors import CaptureError, InvalidRecordError
from tensorboard_plugin_attn.integrations.probes import Probes

TEXTS = [
    "the doctor asked the nurse .",
    "the doctor asked the nurse a question because she was late .",
    "the nurse",
]
TAGS = ["middle", "long", "short"]


class Counting:
    """How often a model runs."""

    def __init__(self, model: nn.Module) -> None:
        self.forwards = 0
        model.register_forward_pre_hook(self.count)

    def count(self, *_: Any) -> None:
        self.forwards += 1


def read(directory: Path, tag: str) -> AttentionRecord:
    return AttentionReader(directory).read(".", tag, 0)


def assert_alike(one: AttentionRecord, other: AttentionRecord) -> None:
    assert one.tokens == other.tokens
    assert one.axes.special.tolist() == other.axes.special.tolist()
    assert (one.axes.sentence_b_start, one.axes.words) == (other.axes.sentence_b_start, other.axes.words)
    assert [layer.mask for layer in one.layers] == [layer.mask for layer in other.layers]
    for layer, alone in zip(one.layers, other.layers, strict=True):
        np.testing.assert_allclose(layer.weights, alone.weights, atol=1e-5)


@pytest.mark.parametrize("side", ["right", "left"])
@pytest.mark.parametrize("name", ["bert", "llama"])
def test_a_padded_batch_gives_what_each_input_gives_alone(name: str, side: str, tmp_path: Path) -> None:
    model, tokenizer = small(name), tiny_tokenizer()
    tokenizer.padding_side = side
    counting = Counting(model)
    kept = ["input_ids", "attention_mask"]
    batch = tokenizer(TEXTS, padding=True, return_tensors="pt")
    inputs: dict[str, Any] = {key: batch[key] for key in kept}
    # positions as a model reads them that counts its tokens, not its padding
    inputs["position_ids"] = (batch["attention_mask"].cumsum(1) - 1).clamp(min=0)
    with AttentionWriter(tmp_path / "all", precision="float32") as writer:
        writer.add_probe(TAGS, model, inputs, tokenizer, 0, query_key=True)
    assert counting.forwards == 1
    with AttentionWriter(tmp_path / "alone", precision="float32") as writer:
        for tag, text in zip(TAGS, TEXTS, strict=True):
            one = tokenizer(text, return_tensors="pt")
            writer.add_probe(tag, model, {key: one[key] for key in kept}, tokenizer, 0, query_key=True)
    for tag in TAGS:
        record, alone = read(tmp_path / "all", tag), read(tmp_path / "alone", tag)
        assert record.axes.special.tolist()[:2] == [True, False]
        record.axes.words = alone.axes.words  # a plain dict of tensors has none
        assert_alike(record, alone)


def test_tokens_may_be_a_list_for_each_input_with_or_without_its_padding(tmp_path: Path) -> None:
    ids, mask = torch.arange(10).reshape(2, 5), torch.tensor([[1, 1, 1, 1, 1], [0, 0, 1, 1, 1]])
    inputs = {"input_ids": ids, "attention_mask": mask}
    with AttentionWriter(tmp_path) as writer:
        writer.add_probe(["a", "b"], small("bert"), inputs, [list("abcde"), list("__xyz")], 0)
        writer.add_probe(["c", "d"], small("bert"), inputs, [list("abcde"), list("xyz")], 0)
    assert read(tmp_path, "b").tokens == read(tmp_path, "d").tokens == list("xyz")
    np.testing.assert_array_equal(
        read(tmp_path, "b").layers[1].weights, read(tmp_path, "d").layers[1].weights
    )


def test_callbacks_log_texts_and_pairs_in_one_forward_with_sentences_and_words(tmp_path: Path) -> None:
    model, tokenizer = small("bert"), tiny_tokenizer()
    tokenizer.padding_side = "left"
    counting = Counting(model)
    probes = {**dict(zip(TAGS, TEXTS, strict=True)), "pair": ("the doctor asked .", "she was late .")}
    track = {"long": {"she→nurse": ("she", "nurse")}}
    with AttentionWriter(tmp_path / "all", precision="float32") as writer:
        Probes(probes, {}, track).log(writer, model, tokenizer, 0)
    assert counting.forwards == 1
    for tag, probe in probes.items():
        with AttentionWriter(tmp_path / tag, precision="float32") as writer:
            Probes({tag: probe}, {}).log(writer, model, tokenizer, 0)
        assert_alike(read(tmp_path / "all", tag), read(tmp_path / tag, tag))
    pair = read(tmp_path / "all", "pair")
    assert pair.tokens[pair.axes.sentence_b_start or 0] == "she"
    assert pair.axes.words == [None, 0, 1, 2, 3, None, 0, 1, 2, 3, None]
    reader = AttentionReader(tmp_path / "all")
    assert "she→nurse" in reader.metrics(".", "long").names
    assert "she→nurse" not in reader.metrics(".", "short").names


def test_sentence_pairs_are_known_without_token_type_ids(tmp_path: Path) -> None:
    tokenizer = tiny_tokenizer()
    tokenizer.model_input_names = ["input_ids", "attention_mask"]  # as RoBERTa's and ModernBERT's
    pairs = [("the doctor", "she was late ."), ("the nurse asked a question .", "she was late .")]
    firsts, seconds = zip(*pairs, strict=True)
    inputs = tokenizer(list(firsts), list(seconds), padding=True, return_tensors="pt")
    assert "token_type_ids" not in inputs
    with AttentionWriter(tmp_path) as writer:
        writer.add_probe(["a", "b"], small("bert"), inputs, tokenizer, 0)
    assert [read(tmp_path, tag).axes.sentence_b_start for tag in "ab"] == [4, 8]


class Maskless(nn.Module):
    """Takes an attention mask and does not use it."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.embed, self.qkv = nn.Embedding(90, 8), nn.Linear(8, 24)
        self.num_heads = 2

    def forward(self, input_ids: torch.Tensor, **_: Any) -> torch.Tensor:
        parts = self.qkv(self.embed(input_ids)).chunk(3, -1)
        query, key, value = (part.unflatten(-1, (2, 4)).transpose(1, 2) for part in parts)
        return nn.functional.scaled_dot_product_attention(query, key, value)


def test_a_model_that_ignores_its_mask_is_refused_a_padded_batch_and_its_texts_go_alone(
    tmp_path: Path,
) -> None:
    model, tokenizer = Maskless(), tiny_tokenizer()
    inputs = tokenizer(TEXTS, padding=True, return_tensors="pt")
    with (
        AttentionWriter(tmp_path / "refused") as writer,
        pytest.raises(CaptureError, match="does not use attention_mask"),
    ):
        writer.add_probe(TAGS, model, inputs, tokenizer, 0)
    assert AttentionReader(tmp_path / "refused").tags(".") == ["long"]  # the one without padding
    counting = Counting(model)
    probes = Probes(dict(zip(TAGS, TEXTS, strict=True)), {})
    with AttentionWriter(tmp_path / "logged", precision="float32") as writer:
        for step in range(2):
            probes.log(writer, model, tokenizer, step)
    reader = AttentionReader(tmp_path / "logged")
    for tag in TAGS:
        assert reader.steps(".", tag) == [0, 1]
        layer = reader.read(".", tag, 1).layers[0]
        np.testing.assert_allclose(layer.weights.sum(-1), 1, atol=1e-5)
    assert counting.forwards == (1 + 2) + (1 + 2)


def test_one_bad_probe_of_a_batch_keeps_no_other_from_being_logged(tmp_path: Path) -> None:
    probes = Probes(dict(zip(TAGS, TEXTS, strict=True)), {}, {"short": {"gone": ("zebra", "nurse")}})
    tokenizer = tiny_tokenizer()
    with AttentionWriter(tmp_path) as writer:
        with pytest.warns(RuntimeWarning, match="'short' was not logged.*zebra"):
            probes.log(writer, small("bert"), tokenizer, 0)
        probes.log(writer, small("bert"), tokenizer, 1)  # a second warning would be an error
    assert AttentionReader(tmp_path).tags(".") == ["long", "middle"]


REFUSED: list[tuple[Any, Any, str]] = [
    (["a", "b"], None, "a list of 2 tags needs .*the batch of inputs has 3"),
    ("a", None, "inputs hold a batch of 3, and 'a' is one tag"),
    (["a", "b", "c"], [["x"]], "tokens has 1"),
]


@pytest.mark.parametrize(("tag", "tokens", "why"), REFUSED)
def test_tags_and_tokens_that_do_not_match_the_batch_are_refused(
    tag: Any, tokens: Any, why: str, tmp_path: Path
) -> None:
    tokenizer = tiny_tokenizer()
    inputs = tokenizer(TEXTS, padding=True, return_tensors="pt")
    with AttentionWriter(tmp_path) as writer, pytest.raises(InvalidRecordError, match=why):
        writer.add_probe(tag, small("bert"), inputs, tokens or tokenizer, 0)
