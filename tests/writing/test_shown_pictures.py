"""What a probe shows is stored once beside its records, and not a pixel of it where that is not wanted."""

from __future__ import annotations

import base64
import io
import json
import sys
from pathlib import Path
from typing import Any

import fsspec
import models.image_models as image_models
import numpy as np
import pytest
import torch
from logs.host import Host
from logs.random_attention import softmax_weights
from PIL import Image

from tensorboard_plugin_attn import (
    AttentionReader,
    AttentionRecord,
    AttentionWriter,
    ImageTokens,
    LayerAttention,
    SoundTokens,
)
from tensorboard_plugin_attn.record.pictures import picture_media, pixels_of, png
from tensorboard_plugin_attn.record.spans import patch_names
from tensorboard_plugin_attn.storing.files import LocalFiles
from tensorboard_plugin_attn.storing.pictures import read_picture
from tensorboard_plugin_attn.storing.store import record_directory

UP, ACROSS = np.mgrid[0:64, 0:64] / np.float32(63)
SMOOTH = np.stack([UP, ACROSS, (UP + ACROSS) / 2], axis=-1)


class Processor:
    """What normalised the pixels."""

    image_mean = (0.5, 0.4, 0.3)
    image_std = (0.2, 0.3, 0.4)


def log(root: Path, tokens: Any, steps: range, inputs: Any = None) -> Any:
    model, given = image_models.vit()
    with AttentionWriter(root / "run") as writer:
        for step in steps:
            writer.add_probe("x", model.eval(), inputs or given, tokens, step)
    return AttentionReader(root).read("run", "x", steps[-1])


def stored(root: Path) -> list[Path]:
    return sorted((root / record_directory("run", "x") / "pictures").glob("*"))


def test_a_picture_is_stored_once_however_often_it_is_logged(tmp_path: Path) -> None:
    record = log(tmp_path, ImageTokens(SMOOTH), range(3))
    (path,) = stored(tmp_path)
    (entry,) = record.axes.pictures
    assert path.name == entry["sha256"]
    assert (entry["width"], entry["height"]) == (64, 64)
    assert record.geometry["tokens"][0]["picture"] == 0
    assert path.stat().st_size < 40_000


def test_without_pixels_the_record_keeps_its_geometry_alone(tmp_path: Path) -> None:
    record = log(tmp_path, ImageTokens(picture=False), range(1))
    assert record.geometry["tokens"][0]["rows"] == 4
    assert record.geometry["tokens"][0]["picture"] is None
    everything = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert stored(tmp_path) == []
    for path in everything:
        assert b"RIFF" not in path.read_bytes()
        assert b"PNG" not in path.read_bytes()


def test_with_a_processor_the_pixels_are_brought_back(tmp_path: Path) -> None:
    mean, spread = (np.array(getattr(Processor, name)) for name in ("image_mean", "image_std"))
    pixels = torch.from_numpy(np.moveaxis((SMOOTH - mean) / spread, -1, 0)[None].astype(np.float32))
    log(tmp_path, Processor(), range(1), {"pixel_values": pixels})
    (path,) = stored(tmp_path)
    directory = record_directory("", "x")
    data, _ = read_picture(LocalFiles(str(tmp_path / "run")), directory, path.name)
    shown = np.array(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)
    assert np.abs(shown - pixels_of(SMOOTH)).mean() < 4  # of 255: WebP loses some


def test_the_pixels_of_a_picture_that_may_not_be_kept_are_named_by_their_hash(tmp_path: Path) -> None:
    record = log(tmp_path, {"vision": ImageTokens(False)}, range(1))
    assert record.axes.pictures == []
    assert stored(tmp_path) == []


def test_a_sound_and_its_spectrogram_are_stored(tmp_path: Path) -> None:
    model, inputs = image_models.whisper()
    tokens = {"audio": SoundTokens(np.zeros(1600), 1600, spectrogram=np.eye(4)), "decoder": ["a", "b", "c"]}
    with AttentionWriter(tmp_path / "run") as writer:
        writer.add_probe("x", model.eval(), inputs, tokens, 0)
    record = AttentionReader(tmp_path).read("run", "x", 0)
    (span,) = record.geometry["tokens"]
    media = [record.axes.pictures[span[name]]["media"] for name in ("clip", "picture")]
    assert media == ["audio/wav", "image/png"]
    assert len(stored(tmp_path)) == 2


def test_a_purge_takes_the_pictures_that_no_record_names(tmp_path: Path) -> None:
    log(tmp_path, ImageTokens(SMOOTH), range(2))
    log(tmp_path, ImageTokens(1 - SMOOTH), range(2, 3))
    assert len(stored(tmp_path)) == 2
    with AttentionWriter(tmp_path / "run", purge_step=2):
        pass
    (path,) = stored(tmp_path)
    assert path.name == AttentionReader(tmp_path).read("run", "x", 1).axes.pictures[0]["sha256"]


@pytest.mark.parametrize("is_remote", [False, True])
def test_pictures_arrive_before_the_record_that_names_them(
    tmp_path: Path, is_remote: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []
    model, inputs = image_models.vit()
    target = "memory://pictured" if is_remote else str(tmp_path / "run")
    with AttentionWriter(target, spool=tmp_path / "spool") as writer:
        keep = writer.delivery.files.write
        monkeypatch.setattr(
            writer.delivery.files if not is_remote else writer.delivery.bounded,
            "write",
            lambda path, buffers: (written.append(path), keep(path, buffers)),
        )
        writer.add_probe("x", model.eval(), inputs, ImageTokens(SMOOTH), 0)
    assert [path.split("/")[3].partition("-")[0] for path in written] == [
        "pictures",
        "000000000000.safetensors",
    ]
    if is_remote:
        found = fsspec.filesystem("memory").find("/pictured")
        assert any("/pictures/" in path for path in found), json.dumps(found)


@pytest.mark.parametrize("kind", ["noise", "smooth"])
@pytest.mark.parametrize("has_pil", [True, False])
@pytest.mark.parametrize("size", [(224, 224), (600, 1700)])
def test_a_picture_has_at_most_40_kilobytes_whatever_it_shows(
    size: tuple[int, int], has_pil: bool, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not has_pil:
        monkeypatch.delitem(sys.modules, "PIL.Image")
    rng = np.random.default_rng(0)
    up, across = np.mgrid[0 : size[0], 0 : size[1]] / max(size)
    shown = rng.random((*size, 3)) if kind == "noise" else np.stack([up, across, (up + across) / 2], -1)
    media = picture_media(shown)
    assert len(media.data) <= 40_000
    assert media.media == ("image/webp" if has_pil else "image/png")
    assert media.width / media.height == pytest.approx(size[1] / size[0], rel=0.03)
    assert max(media.width, media.height) >= (64 if kind == "noise" else 100)


def test_geometry_and_metrics_of_a_vit_b_add_at_most_two_hundredths(tmp_path: Path) -> None:
    layers = [LayerAttention(softmax_weights(12, 197, 197, seed)) for seed in range(12)]
    sizes = []
    for number, names in enumerate([list(map(str, range(197))), ["[CLS]", *patch_names(14, 14)]]):
        root = tmp_path / str(number)
        with AttentionWriter(root) as writer:
            writer.add_record("x", AttentionRecord(layers, names), 0)
        sizes.append(sum(path.stat().st_size for path in root.rglob("*.safetensors")))
    assert len(AttentionReader(root).metrics(".", "x").names) > 20
    assert sizes[1] <= 1.02 * sizes[0]


def test_without_pixels_neither_disk_nor_page_nor_numbers_hold_one(tmp_path: Path) -> None:
    """A plain red picture, so that any form of it, shrunk or not, would be found by its colour or by its type."""
    red = np.zeros((64, 64, 3), np.uint8)
    red[..., 0] = 201
    given = {"pixel_values": torch.from_numpy(np.moveaxis(red / np.float32(255), -1, 0)[None])}
    log(tmp_path, {"vision": ImageTokens(picture=False)}, range(2), given)
    host = Host(tmp_path)
    try:
        where = {"run": "run", "tag": "x", "step": "1"}
        answers = {
            "html": host.get("export", {**where, "view": "head"}).data,
            "npz": host.get("export", {**where, "format": "npz"}).data,
            "record": host.get("record", where).data,
            "page": AttentionReader(tmp_path).to_html("run", "x", 1).encode(),
        }
    finally:
        host.plugin.listing.stop()
    answers |= {str(path): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert len(answers) > 5
    forms = [picture_media(red).data, png(red), red[0].tobytes()]
    marks = [mark for form in forms for mark in (form[:48], base64.b64encode(form)[:48])]
    for name, data in answers.items():
        assert [mark for mark in marks if mark in data] == [], name
