"""add_probe with a batch of texts that have images: no text's record shows the images of another."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from models import image_models, shown_models

from tensorboard_plugin_attn import AttentionReader, AttentionWriter, capture
from tensorboard_plugin_attn.errors import InvalidRecordError

TOGETHER = "its one map is of all 2 inputs together"
UNEVEN = "its 2 maps are of images, of which the 2 texts have different numbers"


def two_grids() -> tuple[Any, dict[str, Any]]:
    """Two texts of equal length, whose images are of 4 × 6 and of 6 × 4 patches."""
    model, _ = shown_models.qwen2()
    both = [shown_models.qwen_inputs([size]) for size in ((4, 6), (6, 4))]
    return model.eval(), {name: torch.cat([each[name] for each in both]) for name in both[0]}


def both_in_the_second() -> tuple[Any, dict[str, Any]]:
    """Two texts, of which only the second has images."""
    model, inputs = image_models.llava()
    places = [image_models.IMAGE] * 9
    ids = torch.tensor([[1, 5, *[6] * 19, 7, 8], [1, 5, *places, 6, *places, 7, 8]])
    return model.eval(), {**inputs, "input_ids": ids, "pixel_values": torch.rand(2, 3, 48, 48)}


def logged(model: Any, inputs: dict[str, Any], logdir: Path) -> tuple[Any, str]:
    """The second text's record, and what was told."""
    with AttentionWriter(logdir) as writer, warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        writer.add_probe(["first", "second"], model, inputs, None, 0)
    return AttentionReader(logdir).read(".", "second", 0), " ".join(str(each.message) for each in told)


@pytest.mark.parametrize(("build", "reason"), [(two_grids, TOGETHER), (both_in_the_second, UNEVEN)])
def test_maps_of_other_texts_images_are_left_out_and_named(build: Any, reason: str, tmp_path: Path) -> None:
    model, inputs = build()
    record, told = logged(model, inputs, tmp_path)
    assert {layer.stack for layer in record.layers} == {"text"}
    assert reason in told
    with torch.no_grad(), capture(model) as captured:
        captured.model(**inputs)
    with pytest.warns(UserWarning, match=reason):
        record = captured.record(None, batch=1)
    assert {layer.stack for layer in record.layers} == {"text"}


def test_the_places_in_a_text_have_the_grid_of_its_own_image(tmp_path: Path) -> None:
    record, _ = logged(*two_grids(), tmp_path)
    (span,) = record.geometry["tokens"]
    assert (span["rows"], span["cols"]) == (3, 2)


def test_a_setting_before_the_images_does_not_hide_that_there_are_several(tmp_path: Path) -> None:
    model, inputs = image_models.vit()
    inputs = {"output_hidden_states": False, "pixel_values": inputs["pixel_values"].repeat(3, 1, 1, 1)}
    with AttentionWriter(tmp_path) as writer, pytest.raises(InvalidRecordError, match="a batch of 3"):
        writer.add_probe("images", model.eval(), inputs, None, 0)


def test_images_before_a_text_are_not_taken_for_its_batch(tmp_path: Path) -> None:
    model, inputs = shown_models.qwen2()
    inputs = {name: inputs[name] for name in sorted(inputs, reverse=True)}  # pixels of 24 patches come first
    with AttentionWriter(tmp_path) as writer:
        writer.add_probe("one", model.eval(), inputs, None, 0)
    record = AttentionReader(tmp_path).read(".", "one", 0)
    assert {layer.stack for layer in record.layers} == {"text", "vision"}
