"""Masks and names go to the axes that they belong to: of their length and of their stack, and to no other."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tensorboard_plugin_attn import AttentionReader, AttentionWriter, capture
from tensorboard_plugin_attn.capturing.calls.sighting import Sighting
from tensorboard_plugin_attn.capturing.inputs.padding import Crop, Kept, modality_in
from tensorboard_plugin_attn.errors import InvalidRecordError

SIZES = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
PATCHES = [f"r{row}c{column}" for row in range(3) for column in range(3)]


def words(count: int) -> list[str]:
    return [f"w{index}" for index in range(count)]


def siglip(text: int) -> tuple[Any, dict[str, torch.Tensor]]:
    """Two towers, an image of 9 patches and a text of ``text`` tokens, the last three of them padding."""
    from transformers import SiglipConfig, SiglipModel

    torch.manual_seed(0)
    config = SiglipConfig(
        text_config={**SIZES, "vocab_size": 50, "max_position_embeddings": 16, "pad_token_id": 0,
                     "bos_token_id": 1, "eos_token_id": 2},
        vision_config={**SIZES, "image_size": 12, "patch_size": 4},
    )  # fmt: skip
    mask = torch.ones(1, text, dtype=torch.long)
    mask[0, -3:] = 0
    inputs = {
        "input_ids": torch.randint(3, 50, (1, text)),
        "attention_mask": mask,
        "pixel_values": torch.randn(1, 3, 12, 12),
    }
    return SiglipModel(config).eval(), inputs


def seen(model: Any, inputs: dict[str, Any]) -> Any:
    with torch.no_grad(), capture(model) as captured:
        captured.model(**inputs)
    return captured


def rows(record: Any) -> list[tuple[str, tuple[int, ...], float]]:
    """Each layer's stack, shape, and how far its rows are from 1."""
    return [
        (layer.stack, layer.weights.shape, float(np.abs(layer.weights.sum(-1) - 1).max()))
        for layer in record.layers
    ]


@pytest.mark.parametrize("text", [8, 9, 12])
def test_a_texts_mask_crops_no_image_and_an_images_names_are_on_no_text(text: int) -> None:
    """With 9 tokens the text is as long as the image; with 12, its 9 real tokens are."""
    captured = seen(*siglip(text))
    with pytest.warns(UserWarning, match="it is of the vision stack, and the tokens are text"):
        of_text = captured.record({"text": words(text)})
    assert [(stack, shape) for stack, shape, _ in rows(of_text)] == [("text", (2, text - 3, text - 3))] * 2
    with pytest.warns(UserWarning, match="it is of the text stack, and the tokens are vision"):
        of_image = captured.record({"vision": PATCHES})
    assert [(stack, shape) for stack, shape, _ in rows(of_image)][:2] == [("vision", (2, 9, 9))] * 2
    assert {stack for stack, _, _ in rows(of_image)} == {"vision"}
    assert max(error for _, _, error in rows(of_text) + rows(of_image)) < 1e-5


def test_a_plain_list_as_long_as_two_stacks_is_refused_and_told_how_to_say_which() -> None:
    captured = seen(*siglip(9))
    with pytest.raises(InvalidRecordError, match=r'"text": tokens\} or \{"vision": tokens'):
        captured.record(PATCHES)


@pytest.mark.filterwarnings("ignore:attention left out")  # SigLIP pools its patches by one learned query
def test_two_lists_of_one_length_are_each_of_their_own_stack() -> None:
    record = seen(*siglip(9)).record({"text": words(9), "vision": PATCHES})
    shapes = {(layer.stack, layer.weights.shape[1:]) for layer in record.layers if layer.kind == "self"}
    assert shapes == {("text", (6, 6)), ("vision", (9, 9))}


def test_a_probe_of_two_towers_logs_the_stack_that_its_tokens_name(tmp_path: Path) -> None:
    model, inputs = siglip(9)
    with AttentionWriter(tmp_path) as writer, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        writer.add_probe("text", model, inputs, {"text": words(9)}, 0)
        writer.add_probe("image", model, inputs, {"vision": PATCHES}, 0)
        with pytest.raises(InvalidRecordError, match="as many entries as the text has positions"):
            writer.add_probe("either", model, inputs, PATCHES, 0)
    reader = AttentionReader(tmp_path)
    assert {layer.stack for layer in reader.read(".", "text", 0).layers} == {"text"}
    assert reader.read(".", "text", 0).tokens == words(6)
    assert {layer.stack for layer in reader.read(".", "image", 0).layers} == {"vision"}
    assert reader.tags(".") == ["image", "text"]


def test_of_a_mask_of_samples_the_models_own_mask_of_frames_is_applied() -> None:
    """As of Whisper and Speech2Text: their encoders shorten the sound that the mask is of."""
    from transformers import Speech2TextConfig, Speech2TextModel

    torch.manual_seed(0)
    config = Speech2TextConfig(
        d_model=16, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2, decoder_attention_heads=2,
        encoder_ffn_dim=16, decoder_ffn_dim=16, vocab_size=30, input_feat_per_channel=8, conv_channels=16,
        pad_token_id=0, bos_token_id=1, eos_token_id=2, decoder_start_token_id=2,
    )  # fmt: skip
    model = Speech2TextModel(config).eval()
    mask = torch.ones(1, 40, dtype=torch.long)
    mask[0, 8:] = 0  # its 8 real samples are 2 of the encoder's 10 frames, not 8
    inputs = {
        "input_features": torch.randn(1, 40, 8),
        "attention_mask": mask,
        "decoder_input_ids": torch.tensor([[2, 5, 6]]),
    }
    captured = seen(model, inputs)
    record = captured.record(words(2), decoder_tokens=words(3))
    assert [layer.weights.shape[1:] for layer in record.layers] == [(2, 2), (3, 3), (3, 2)]


CROPS: dict[str, tuple[str, str, bool, tuple[int, int], tuple[int, int]]] = {
    "text in its own stack": ("text", "self", False, (6, 6), (4, 4)),
    "an image as long as the text": ("vision", "self", False, (6, 6), (6, 6)),
    "an only stack": ("", "self", False, (6, 6), (4, 4)),
    "another length": ("", "self", False, (5, 5), (5, 5)),
    "latents that read a text": ("", "cross", False, (3, 6), (3, 4)),
    "a text that reads an image as long": ("text", "cross", False, (6, 6), (4, 6)),
    "an encoder": ("encoder", "self", True, (6, 6), (4, 4)),
    "a decoder as long as the encoder": ("decoder", "self", True, (6, 6), (5, 5)),
    "a decoder that reads the encoder": ("decoder", "cross", True, (6, 6), (5, 4)),
}


@pytest.mark.parametrize("name", CROPS)
def test_an_axis_is_cropped_by_its_own_mask_alone(name: str) -> None:
    stack, kind, has_decoder, shape, expected = CROPS[name]
    crop = Crop(
        Kept(6, torch.arange(4)), Kept(6, torch.arange(5)) if has_decoder else None, has_decoder, "text"
    )
    sighting = Sighting(torch.zeros(1, 2, *shape), "sdpa", "float32", kind=kind, stack=stack)
    layer = sighting.row(0, *crop.axes(sighting))
    assert layer.weights.shape[1:] == expected


@pytest.mark.parametrize(
    ("given", "length", "modality"),
    [
        ({"input_ids": (1, 7), "pixel_values": (1, 3, 8, 8)}, 7, "text"),
        ({"input_features": (1, 80, 30), "decoder_input_ids": (1, 4)}, 30, "audio"),
        ({"input_ids": (1, 7), "input_values": (1, 400)}, 400, "audio"),
        ({"pixel_values": (1, 3, 8, 8)}, None, "vision"),
        ({"inputs_embeds": (1, 7, 16)}, 7, "text"),
        ({"tokens": (1, 7)}, 7, ""),
    ],
)
def test_a_mask_is_of_the_input_that_has_its_length(
    given: dict[str, Any], length: int | None, modality: str
) -> None:
    inputs = {name: torch.zeros(shape) for name, shape in given.items()}
    assert modality_in(inputs, None if length is None else torch.ones(1, length)) == modality


@pytest.mark.parametrize(
    "inputs",
    [
        {"pixel_values": torch.zeros(3, 3, 8, 8)},
        {"input_features": torch.zeros(2, 8, 30)},
        {"input_values": torch.zeros(2, 400)},
        {"input_ids": torch.zeros(2, 5, dtype=torch.long)},
        torch.zeros(2, 3, 8, 8),
        (torch.zeros(2, 3, 8, 8),),
    ],
)
def test_a_batch_under_one_tag_is_refused_with_how_to_log_each(tmp_path: Path, inputs: Any) -> None:
    with (
        AttentionWriter(tmp_path) as writer,
        pytest.raises(
            InvalidRecordError, match=r"pass a list of \d tags .* or one input: each array's \[:1\]"
        ),
    ):
        writer.add_probe("one", torch.nn.Identity(), inputs, words(5), 0)


def test_several_images_of_one_text_are_one_input(tmp_path: Path) -> None:
    from tensorboard_plugin_attn.writing.probe_rows import has_batch_axis

    assert not has_batch_axis({"pixel_values": torch.zeros(40, 1176), "image_grid_thw": torch.ones(1, 3)})
    assert not has_batch_axis(torch.zeros(5, 2, 8))


def test_windows_of_an_image_are_refused_and_named_as_the_reason(tmp_path: Path) -> None:
    from transformers import Swinv2Config, Swinv2Model

    model = Swinv2Model(
        Swinv2Config(image_size=32, patch_size=2, embed_dim=8, depths=[1, 1], num_heads=[2, 2], window_size=4)
    ).eval()
    inputs = {"pixel_values": torch.randn(1, 3, 32, 32)}
    captured = seen(model, inputs)
    reason = r"its 16 maps are windows of one image, 16 positions each"
    with pytest.raises(InvalidRecordError, match=reason):
        captured.record(words(16))
    with AttentionWriter(tmp_path) as writer, pytest.raises(InvalidRecordError, match=reason):
        writer.add_probe("image", model, inputs, words(16), 0)


class HalfOfTheHeads(torch.nn.Module):
    """As a rank of a tensor-parallel group computes it: two heads of the four that the model has."""

    def __init__(self) -> None:
        super().__init__()
        self.num_heads = 4
        self.qkv = torch.nn.Linear(16, 3 * 16)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        query, key, value = self.qkv(x).unflatten(-1, (3, 2, 8)).permute(2, 0, 3, 1, 4)
        return torch.nn.functional.scaled_dot_product_attention(query, key, value)


def test_fewer_heads_than_the_model_has_are_warned_of_and_stand_in_the_summary() -> None:
    with pytest.warns(UserWarning, match=r"fewer heads than the model: 0 \(2 of 4\)"):
        captured = seen(torch.nn.Sequential(HalfOfTheHeads()), {"input": torch.randn(1, 5, 16)})
    assert captured.layers[0].model_heads == 4
    assert "2 of 4" in captured.summary()
    assert "1 maps of 1 modules; 1 of them with fewer heads than the model has" in str(captured)


def test_the_summary_names_what_was_left_out_and_where_nothing_was_seen() -> None:
    from models.sharp_models import small, token_ids

    class HiddenAttention(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.q, self.k = torch.nn.Linear(4, 4), torch.nn.Linear(4, 4)

    model = small("bert")
    model.extra = HiddenAttention()
    captured = seen(model, {"input_ids": token_ids(1)})
    lines = captured.summary().splitlines()
    assert lines[0].split() == [
        "module",
        "kind",
        "mechanism",
        "heads",
        "queries",
        "×",
        "keys",
        "mask",
        "output_error",
    ]
    assert lines[1].startswith(
        "encoder.layer.0.attention.self  self  sdpa       4 of 4  9 × 9           full"
    )
    assert lines[4] == "3 maps of 3 modules; num_hidden_layers in the config is 3"
    assert lines[5:] == [
        "nothing seen in extra (HiddenAttention): it did not run, has no softmax over keys, or hides its kernel"
    ]
