"""Probes that are pictures or sounds, with and without the processor that the trainer has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import models.image_models as image_models
import pytest

from tensorboard_plugin_attn import AttentionReader, AttentionWriter, ImageTokens
from tensorboard_plugin_attn.integrations.probes import Probes
from tensorboard_plugin_attn.record.spans import patch_names


def log(root: Path, model: Any, probe: Any, processor: Any, tokens: Any = None) -> Any:
    with AttentionWriter(root / "run") as writer:
        Probes({"x": probe}, {}, tokens=tokens).log(writer, model.eval(), processor, 0)
    return AttentionReader(root).read("run", "x", 0)


def pictures(root: Path) -> list[Path]:
    return list(root.rglob("pictures/*"))


def test_keyword_arguments_need_no_processor_and_store_no_pixel(tmp_path: Path) -> None:
    model, inputs = image_models.vit()
    record = log(tmp_path, model, inputs, None)
    assert record.tokens == ["[CLS]", *patch_names(4, 4)]
    assert pictures(tmp_path) == []


@pytest.mark.parametrize(("tokens", "kept"), [(None, 1), (ImageTokens(picture=False), 0)])
def test_a_picture_goes_through_the_processor(tokens: Any, kept: int, tmp_path: Path) -> None:
    model, _ = image_models.vit()
    record = log(tmp_path, model, image_models.PICTURE, image_models.Processor(), tokens)
    assert record.tokens == ["[CLS]", *patch_names(4, 4)]
    assert len(pictures(tmp_path)) == len(record.axes.pictures) == kept


def test_a_picture_and_a_text_give_a_record_of_both_towers(tmp_path: Path) -> None:
    model, _ = image_models.clip()
    record = log(tmp_path, model, (image_models.PICTURE[:48, :48], "a grey square"), image_models.Processor())
    assert {layer.stack for layer in record.layers} == {"text", "vision"}
    assert record.token_lists["vision"] == ["[CLS]", *patch_names(3, 3)]
    assert len(pictures(tmp_path)) == 1


def test_a_sound_is_logged_with_its_times(tmp_path: Path) -> None:
    model, inputs = image_models.whisper()
    record = log(tmp_path, model, inputs, None)
    assert record.tokens[1] == "0.02s"
    assert [layer.kind for layer in record.layers] == ["self", "self", "cross"]


def test_a_picture_without_a_processor_is_told(tmp_path: Path) -> None:
    model, _ = image_models.vit()
    with (
        AttentionWriter(tmp_path) as writer,
        pytest.warns(RuntimeWarning, match="needs the model's processor"),
    ):
        Probes({"x": image_models.PICTURE}, {}).log(writer, model, None, 0)
    assert AttentionReader(tmp_path).runs() == []
