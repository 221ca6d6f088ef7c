"""Every kind of model with images, sound or proteins: its maps against an eager copy's, its positions against a lit patch."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import models.image_models as image_models
import models.shown_models as shown_models
import numpy as np
import pytest
import torch
from matrix.references import Softmaxes
from matrix.sharpening import sharpen
from numpy.typing import NDArray
from transformers.models.swin.modeling_swin import window_partition
from transformers.vision_utils import get_vision_window_index

from tensorboard_plugin_attn import AttentionReader, AttentionWriter, ImageTokens, SoundTokens, capture
from tensorboard_plugin_attn.record.spans import patch_names

Maps = list[NDArray[np.float32]]
Arrange = Callable[[Any, dict[str, Any], Maps], Maps]


def as_they_are(model: Any, inputs: dict[str, Any], maps: Maps) -> Maps:
    return maps


def kept(*lengths: int, row: int = 0) -> Arrange:
    """One input of the batch; of axes as long as the first of each pair, as many as the second says."""
    crops = dict(zip(lengths[::2], lengths[1::2], strict=True))

    def arrange(model: Any, inputs: dict[str, Any], maps: Maps) -> Maps:
        chosen = [each[min(row, len(each) - 1)] for each in maps]
        return [
            each[:, : crops.get(each.shape[1], each.shape[1]), : crops.get(each.shape[2], each.shape[2])]
            for each in chosen
        ]

    return arrange


def unpadded_cells(model: Any, inputs: dict[str, Any], maps: Maps) -> Maps:
    """Of 4 × 6 cells the 3 × 5 that are no padding."""
    cells = np.arange(24).reshape(4, 6)[:3, :5].ravel()
    found = []
    for each in maps:
        rows = each[0][:, cells] if each.shape[2] == 24 else each[0]
        found.append(rows[:, :, cells] if each.shape[3] == 24 else rows)
    return found


def swin_windows(model: Any, inputs: dict[str, Any], maps: Maps) -> Maps:
    """Windows put where transformers' own function takes them from, which is asked with the numbers of the positions."""
    found = []
    blocks = [block for stage in model.encoder.layers for block in stage.blocks]
    for windows, block, side in zip(maps, blocks, (16, 16, 8, 8), strict=True):
        numbers = torch.arange(side * side).reshape(1, side, side, 1)
        shift = int(block.shift_size)
        rolled = numbers.roll((-shift, -shift), (1, 2))
        places = window_partition(rolled, int(block.window_size)).reshape(len(windows), -1)
        whole = np.zeros((windows.shape[1], side * side, side * side), np.float32)
        for place, weights in zip(places.numpy(), windows, strict=True):
            whole[:, place[:, None], place] = weights
        found.append(whole)
    return found


def sam_windows(model: Any, inputs: dict[str, Any], maps: Maps) -> Maps:
    """Windows of 3 × 3 of a grid of 9 × 9, of which the last row and column are padding."""
    found = []
    for windows in (each.reshape(-1, 2, *each.shape[-2:]) for each in maps):
        if windows.shape[-1] == 64:
            found.append(windows[0])
            continue
        padded = np.zeros((2, 9, 9, 9, 9), np.float32)
        for number, weights in enumerate(windows):
            down, right = divmod(number, 3)
            rows, cols = slice(3 * down, 3 * down + 3), slice(3 * right, 3 * right + 3)
            padded[:, rows, cols, rows, cols] = weights.reshape(2, 3, 3, 3, 3)
        found.append(padded[:, :8, :8, :8, :8].reshape(2, 64, 64))
    return found


def qwen_windows(model: Any, inputs: dict[str, Any], maps: Maps) -> Maps:
    """Two layers in windows as transformers' own function parts them; then those that look at all."""
    _, ends = get_vision_window_index(inputs["image_grid_thw"], 2, 56, 14)
    sizes = ends.diff().tolist()
    assert len(sizes) > 2
    found = []
    for layer in range(2):
        whole, start = np.zeros((2, sum(sizes), sum(sizes)), np.float32), 0
        for size, piece in zip(sizes, maps[layer * len(sizes) :], strict=False):
            whole[:, start : start + size, start : start + size] = piece[0]
            start += size
        found.append(whole)
    return found + [each[0] for each in maps[2 * len(sizes) :]]


def two_images(model: Any, inputs: dict[str, Any], maps: Maps) -> Maps:
    found = []
    for layer in range(2):
        whole = np.zeros((2, 40, 40), np.float32)
        whole[:, :24, :24], whole[:, 24:, 24:] = maps[2 * layer][0], maps[2 * layer + 1][0]
        found.append(whole)
    return found + [each[0] for each in maps[4:]]


ONE = kept()


@dataclass(frozen=True)
class Kind:
    """A model; how its eager maps become those of the record; a call that leaves nothing to be worked out; how long its lists are."""

    build: Callable[[], image_models.Built]
    explicit: Any
    lists: dict[str, int]
    arrange: Arrange = ONE
    options: dict[str, Any] = field(default_factory=dict)
    row: int = 0
    of: int = 1
    warned: str = ""
    guessed: str = ""


DAILY = "ViT", "CLIP", "Swin", "DETR", "Qwen2.5-VL", "wav2vec2"
SCATTER = {"windows": "scatter"}
VISION, AUDIO = {"vision": ImageTokens()}, {"audio": SoundTokens()}
QWEN = {"text": [str(n) for n in range(11)], **VISION}
PROTEIN = ["<cls>", *"LAGVSER"[:5], "<eos>"]
KINDS = {
    "ViT": Kind(image_models.vit, ImageTokens(grid=(4, 4), prefix=["[CLS]"]), {"tokens": 17}),
    "DINOv2 with registers": Kind(
        image_models.dinov2,
        ImageTokens(grid=(4, 5), prefix=["[CLS]", "[REG0]", "[REG1]", "[REG2]", "[REG3]"]),
        {"tokens": 25},
    ),
    "Swin": Kind(
        shown_models.swin, ImageTokens(grid=(16, 16)), {"tokens": 256, "vision/2": 64}, swin_windows, SCATTER
    ),
    "SAM": Kind(shown_models.sam, ImageTokens(grid=(8, 8)), {"tokens": 64}, sam_windows, SCATTER),
    "CLIP": Kind(
        shown_models.padded_clip,
        {"text": list("abcde"), "vision": ImageTokens(grid=(3, 3), prefix=["[CLS]"])},
        {"tokens": 5, "vision": 10},
        kept(8, 5),
        of=2,
    ),
    "DETR": Kind(
        shown_models.detr,
        {"encoder": ImageTokens(grid=(3, 5)), "decoder": list("abcdef")},
        {"tokens": 15, "decoder_tokens": 6},
        unpadded_cells,
        guessed="the encoder stack's 15 positions were read as patches of 32 × 32 pixels",
    ),
    "Qwen2-VL": Kind(shown_models.qwen2, QWEN, {"tokens": 11, "vision": 24}),
    "Qwen2-VL, two images": Kind(
        shown_models.qwen2_of_two_images,
        {"text": [str(n) for n in range(17)], **VISION},
        {"tokens": 17, "vision": 40},
        two_images,
    ),
    "Qwen2.5-VL": Kind(
        shown_models.qwen2_5,
        {"text": [str(n) for n in range(20)], **VISION},
        {"tokens": 20, "vision": 60},
        qwen_windows,
        SCATTER,
    ),
    "Qwen3-VL": Kind(shown_models.qwen3, QWEN, {"tokens": 11, "vision": 24}),
    "LLaVA": Kind(
        image_models.llava,
        {"text": [str(n) for n in range(13)], "vision": ImageTokens(grid=(3, 3), prefix=["[CLS]"])},
        {"tokens": 13, "vision": 10},
    ),
    "Whisper": Kind(
        shown_models.whisper_of_30_seconds,
        {"encoder": SoundTokens(seconds_per_frame=0.02), "decoder": ["a", "b", "c"]},
        {"tokens": 1500, "decoder_tokens": 3},
        warned="attention_mask has 3000 positions and an axis 1500",
    ),
    "wav2vec2": Kind(
        shown_models.padded_wav2vec2,
        SoundTokens(seconds_per_frame=0.02),
        {"tokens": 15},
        kept(24, 15, row=1),
        row=1,
        of=2,
    ),
    "ESM": Kind(shown_models.esm, PROTEIN, {"tokens": 7}, kept(9, 7)),
}


def built(kind: Kind) -> tuple[Any, dict[str, Any]]:
    torch.manual_seed(0)
    model, inputs = kind.build()
    sharpen(model, model.config.model_type)
    return model.eval(), inputs


def eager_maps(model: Any, inputs: dict[str, Any]) -> Maps:
    """Every softmax of a copy whose attention is spelled out, in call order."""
    eager = copy.deepcopy(model)
    eager.set_attn_implementation("eager")
    with torch.no_grad(), Softmaxes() as softmaxes:
        eager(**inputs)
    return [each.numpy() for each in softmaxes.seen]


def logged(kind: Kind, root: Path, model: Any, inputs: dict[str, Any], tokens: Any) -> tuple[Any, list[str]]:
    tag = "x" if kind.of == 1 else [f"x{row}" for row in range(kind.of)]
    given = tokens if kind.of == 1 else [tokens if row == kind.row else None for row in range(kind.of)]
    with warnings.catch_warnings(record=True) as told, AttentionWriter(root, precision="float32") as writer:
        warnings.simplefilter("always")
        writer.add_probe(tag, model, inputs, given, 0, **kind.options)
    record = AttentionReader(root).read(".", "x" if kind.of == 1 else f"x{kind.row}", 0)
    return record, [str(each.message) for each in told]


@pytest.mark.parametrize("is_explicit", [False, True], ids=["without a word", "spelled out"])
@pytest.mark.parametrize(
    "name", [each if each in DAILY else pytest.param(each, marks=pytest.mark.slow) for each in KINDS]
)
def test_each_layer_has_the_map_of_the_eager_model(name: str, is_explicit: bool, tmp_path: Path) -> None:
    kind = KINDS[name]
    model, inputs = built(kind)
    expected = kind.arrange(model, inputs, eager_maps(model, inputs))
    record, told = logged(kind, tmp_path, model, inputs, kind.explicit if is_explicit else None)
    assert {list_name: len(each) for list_name, each in record.token_lists.items()} == kind.lists
    assert len(record.layers) == len(expected) >= 2
    for number, (layer, own) in enumerate(zip(record.layers, expected, strict=True)):
        assert layer.weights == pytest.approx(own, abs=1e-5)
        others = [each for place, each in enumerate(expected) if place != number and each.shape == own.shape]
        assert all(np.abs(own - other).max() > 0.02 for other in others), "layers that are alike tell nothing"
    expected_words = kind.warned or ("" if is_explicit else kind.guessed)
    assert [each for each in told if not expected_words or expected_words not in each] == []
    assert bool(told) == bool(expected_words)


@pytest.mark.parametrize("name", ["Swin", "Qwen2.5-VL", "DETR", "CLIP"])
def test_capture_gives_the_same_record(name: str, tmp_path: Path) -> None:
    kind = KINDS[name]
    model, inputs = built(kind)
    record, _ = logged(kind, tmp_path, model, inputs, None)
    with torch.no_grad(), capture(model, **kind.options) as captured:
        captured.model(**inputs)
    own = captured.record(None, batch=kind.row)
    assert (own.token_lists, own.geometry) == (record.token_lists, record.geometry)
    for layer, other in zip(own.layers, record.layers, strict=True):
        assert layer.weights == pytest.approx(other.weights, abs=1e-5)


def lit_pixels(height: int, width: int, patch: int) -> Callable[[tuple[int, int] | None], dict[str, Any]]:
    def made(lit: tuple[int, int] | None) -> dict[str, Any]:
        return {
            "pixel_values": torch.from_numpy(
                np.moveaxis(shown_models.picture(height, width, patch, lit) / 255.0, -1, 0)[None].astype(
                    np.float32
                )
            )
        }

    return made


LIT: dict[str, tuple[str, tuple[int, int], Any]] = {  # the list of the patches, rows and columns, the pixels
    "ViT": ("tokens", (4, 4), lit_pixels(4, 4, 16)),
    "DINOv2 with registers": ("tokens", (4, 5), lit_pixels(4, 5, 14)),
    "Swin": ("tokens", (16, 16), lit_pixels(16, 16, 4)),
    "SAM": ("tokens", (8, 8), lit_pixels(8, 8, 8)),
    "CLIP": ("vision", (3, 3), lit_pixels(3, 3, 16)),
    "LLaVA": ("vision", (3, 3), lit_pixels(3, 3, 16)),
    "Qwen2-VL": ("vision", (4, 6), lambda lit: shown_models.qwen_inputs([(4, 6)], lit)),
    "Qwen2.5-VL": ("vision", (6, 10), lambda lit: shown_models.qwen_inputs([(6, 10)], lit)),
    "Qwen3-VL": ("vision", (4, 6), lambda lit: shown_models.qwen_inputs([(4, 6)], lit)),
}


@pytest.mark.parametrize(
    "name", [each if each in DAILY else pytest.param(each, marks=pytest.mark.slow) for each in LIT]
)
def test_the_keys_of_a_lit_patch_stand_where_the_record_says(name: str, tmp_path: Path) -> None:
    list_name, (rows, cols), pixels_of = LIT[name]
    kind = KINDS[name]
    model, inputs = built(kind)
    alone = {key: value[:1] for key, value in inputs.items()} if kind.of > 1 else inputs

    def keys(lit: tuple[int, int] | None) -> tuple[Any, NDArray[np.float32]]:
        root = tmp_path / str(lit)
        with AttentionWriter(root) as writer:
            writer.add_probe("x", model, {**alone, **pixels_of(lit)}, None, 0, query_key=True, **kind.options)
        record = AttentionReader(root).read(".", "x", 0)
        first = next(layer for layer in record.layers if record.axes.names(layer)[1] == list_name)
        return record, first.key

    record, dark = keys(None)
    names = record.token_lists[list_name]
    assert sorted(set(names) & set(patch_names(rows, cols))) == sorted(patch_names(rows, cols))
    for place in [(0, 0), (rows - 1, cols - 1), (1, 2), (rows // 2, cols // 3)]:
        _, lit = keys(place)
        changed = np.flatnonzero(np.abs(lit - dark).max(axis=(0, 2)) > 1e-4)
        assert [names[position] for position in changed] == [f"r{place[0]}c{place[1]}"]


def test_windows_are_left_out_and_named_where_nobody_asks_for_them(tmp_path: Path) -> None:
    model, inputs = built(KINDS["Qwen2.5-VL"])
    with AttentionWriter(tmp_path) as writer, pytest.warns(UserWarning, match=r"visual\.blocks\.0\.attn"):
        writer.add_probe("x", model, inputs, None, 0)
    record = AttentionReader(tmp_path).read(".", "x", 0)
    assert [layer.name for layer in record.layers if layer.stack == "vision"] == [
        "model.visual.blocks.2.attn"
    ]


def test_a_map_of_windows_says_that_padding_took_the_rest(tmp_path: Path) -> None:
    kind = KINDS["SAM"]
    model, inputs = built(kind)
    record, _ = logged(kind, tmp_path, model, inputs, None)
    windowed, whole = record.layers[0], record.layers[1]
    assert (windowed.mask, whole.mask) == ("other", "full")
    assert windowed.sink is not None
    assert windowed.weights.sum(-1) + windowed.sink == pytest.approx(np.ones((2, 64)), abs=1e-5)
    assert windowed.sink.reshape(2, 8, 8)[:, :6, :6].max() == pytest.approx(0, abs=1e-5)
    assert windowed.sink.reshape(2, 8, 8)[:, 6:].max() > 0.1


def test_another_word_for_windows_is_refused(tmp_path: Path) -> None:
    model, inputs = image_models.vit()
    with (
        pytest.raises(ValueError, match='windows must be "scatter" or None'),
        AttentionWriter(tmp_path) as writer,
    ):
        writer.add_probe("x", model, inputs, None, 0, windows="all")
