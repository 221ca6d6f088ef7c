"""add_probe and captured.record with images and sounds: which position is which patch, word or moment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import models.image_models as image_models
import numpy as np
import pytest
import torch

from tensorboard_plugin_attn import AttentionReader, AttentionWriter, ImageTokens, SoundTokens, capture
from tensorboard_plugin_attn.errors import InvalidRecordError
from tensorboard_plugin_attn.record.spans import patch_names

Case = tuple[dict[str, list[str]], dict[str, list[tuple[int, ...]]], dict[str, dict[int, str]]]
REGISTERS = [f"[REG{number}]" for number in range(4)]
IDS = [str(number) for number in (1, 5, 6, 7, 2)]
PLACES = [str(image_models.IMAGE)]
CASES: dict[str, Case] = {  # lists, (start, rows, columns) of spans, named positions
    "vit": ({"tokens": ["[CLS]", *patch_names(4, 4)]}, {"tokens": [(1, 4, 4)]}, {"tokens": {0: "cls"}}),
    "deit": (
        {"tokens": ["[CLS]", "[DIST]", *patch_names(4, 4)]},
        {"tokens": [(2, 4, 4)]},
        {"tokens": {0: "cls", 1: "distillation"}},
    ),
    "dinov2": (
        {"tokens": ["[CLS]", *REGISTERS, *patch_names(4, 5)]},
        {"tokens": [(5, 4, 5)]},
        {"tokens": {0: "cls", **dict.fromkeys(range(1, 5), "register")}},
    ),
    "clip": (
        {"tokens": IDS, "vision": ["[CLS]", *patch_names(3, 3)]},
        {"vision": [(1, 3, 3)]},
        {"vision": {0: "cls"}},
    ),
    "llava": (
        {"tokens": ["1", "5", *PLACES * 9, "7", "8"], "vision": ["[CLS]", *patch_names(3, 3)]},
        {"tokens": [(2, 3, 3)], "vision": [(1, 3, 3)]},
        {"vision": {0: "cls"}},
    ),
}


def spans_of(record: Any) -> dict[str, list[tuple[int, ...]]]:
    return {
        name: [(span["start"], span["rows"], span["cols"]) for span in spans]
        for name, spans in record.geometry.items()
    }


def logged(tmp_path: Path, model: Any, inputs: Any, tokens: Any) -> Any:
    with AttentionWriter(tmp_path / "run") as writer:
        writer.add_probe("x", model.eval(), inputs, tokens, 0)
    return AttentionReader(tmp_path).read("run", "x", 0)


def captured(model: Any, inputs: Any, tokens: Any) -> Any:
    with torch.no_grad(), capture(model.eval()) as found:
        found.model(**inputs)
    return found.record(tokens)


@pytest.mark.parametrize("name", CASES)
def test_without_a_word_each_position_is_named_by_its_place(name: str, tmp_path: Path) -> None:
    lists, spans, special = CASES[name]
    model, inputs = getattr(image_models, name)()
    record = logged(tmp_path, model, inputs, None)
    assert record.token_lists == lists
    assert spans_of(record) == spans
    assert record.special_names == special
    own = captured(model, inputs, None)
    assert (own.token_lists, own.geometry) == (record.token_lists, record.geometry)
    assert len(record.layers) == len(own.layers) == 2 * len(lists)
    for layer, reference in zip(record.layers, own.layers, strict=True):
        assert layer.weights == pytest.approx(reference.weights, abs=0.002)


def test_a_part_of_a_picture_that_no_patch_covers_is_outside_its_box(tmp_path: Path) -> None:
    model, inputs = image_models.dinov2()
    (span,) = logged(tmp_path, model, inputs, None).geometry["tokens"]
    assert span["box"] == pytest.approx([0, 0, 70 / 75, 1])
    assert span["patch"] == [14, 14]


def test_both_towers_of_a_model_are_in_one_record_as_they_are_asked_for(tmp_path: Path) -> None:
    model, inputs = image_models.clip()
    words = ["<s>", "a", "black", "cat", "</s>"]
    record = logged(tmp_path, model, inputs, {"text": words, "vision": ImageTokens()})
    assert record.token_lists == {"tokens": words, "vision": ["[CLS]", *patch_names(3, 3)]}
    assert {layer.stack for layer in record.layers} == {"text", "vision"}
    assert captured(model, inputs, {"text": words, "vision": ImageTokens()}).geometry == record.geometry


def test_merged_patches_stand_side_by_side_and_a_text_has_one_place_for_four(tmp_path: Path) -> None:
    model, inputs = image_models.qwen2_vl()
    record = logged(tmp_path, model, inputs, None)
    assert spans_of(record) == {"tokens": [(2, 2, 3)], "vision": [(0, 4, 6)]}
    assert record.token_lists["vision"][:5] == ["r0c0", "r0c1", "r1c0", "r1c1", "r0c2"]
    assert sorted(record.geometry["vision"][0]["order"]) == list(range(24))


def test_the_frames_of_a_sound_are_named_by_their_time(tmp_path: Path) -> None:
    model, inputs = image_models.whisper()
    record = logged(tmp_path, model, inputs, None)
    assert record.tokens[:3] == ["0.00s", "0.02s", "0.04s"]
    assert record.decoder_tokens == ["1", "5", "6"]
    (span,) = record.geometry["tokens"]
    assert (span["length"], span["seconds"]) == (50, pytest.approx(0.02))
    assert [layer.kind for layer in record.layers] == ["self", "self", "cross"]
    assert captured(model, inputs, None).token_lists == record.token_lists


def test_samples_last_as_long_as_the_strides_of_the_model(tmp_path: Path) -> None:
    model, inputs = image_models.wav2vec2()
    record = logged(tmp_path, model, inputs, SoundTokens())
    assert record.geometry["tokens"][0]["seconds"] == pytest.approx(320 / 16000)


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        (ImageTokens(grid=(3, 5)), "17 positions, and the image 1 × 3 × 5 patches and 0 others; pass"),
        (ImageTokens(grid=(5, 5)), "17 positions, and the image 1 × 5 × 5 patches"),
        (ImageTokens(grid=(2, 2)), "17 positions, and the image 1 × 2 × 2 patches"),
        ({"image": ImageTokens()}, "tokens by stack are of text, vision"),
    ],
)
def test_a_grid_that_does_not_fit_is_refused(tokens: Any, message: str, tmp_path: Path) -> None:
    model, inputs = image_models.vit()
    with pytest.raises(InvalidRecordError, match=message):
        logged(tmp_path, model, inputs, tokens)


def test_names_and_a_grid_can_be_given(tmp_path: Path) -> None:
    model, inputs = image_models.vit()
    record = logged(tmp_path, model, inputs, ImageTokens(grid=(2, 8), prefix=("[task]",), patch=(32, 8)))
    assert record.tokens == ["[task]", *patch_names(2, 8)]
    assert record.special_names == {"tokens": {0: "[task]"}}
    assert record.geometry["tokens"][0]["patch"] == [32, 8]


def test_a_planted_head_has_its_numbers_in_two_dimensions(tmp_path: Path) -> None:
    model, inputs = image_models.vit()
    logged(tmp_path, model, inputs, None)
    series = AttentionReader(tmp_path).metrics("run", "x")
    found = dict(zip(series.names, np.moveaxis(series.values[0], -1, 0), strict=True))
    assert np.isnan(found["previous_token"]).all()
    assert 0 < found["patch_distance"].min() < found["patch_distance"].max() < 64
    assert found["cls_mass"] + found["image_mass"] == pytest.approx(np.ones((2, 2)), abs=1e-5)
