"""What a probe shows is stored once beside its records, and not a pixel of it where that is not wanted."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import fsspec
import models.image_models as image_models
import numpy as np
import pytest
import torch
from PIL import Image

from tensorboard_plugin_attn import AttentionReader, AttentionWriter, ImageTokens, SoundTokens
from tensorboard_plugin_attn.record.pictures import pixels_of
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
