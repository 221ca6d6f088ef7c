"""The route ``picture``: bytes of a hash that the record names, typed by their own first bytes, and nothing else."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from logs.host import Host

from tensorboard_plugin_attn import AttentionWriter, LayerAttention
from tensorboard_plugin_attn.record.pictures import Media, picture_media
from tensorboard_plugin_attn.record.record import AttentionRecord
from tensorboard_plugin_attn.record.spans import patch_names
from tensorboard_plugin_attn.storing.store import record_directory

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
UNNAMED = "ab" * 32
REFUSED: list[tuple[dict[str, Any], int, str]] = [
    ({"sha256": None}, 400, "in the query, got run, step, tag"),
    ({"sha256": "../000000000000.safetensors"}, 400, "sha256 must be 64 digits"),
    ({"sha256": UNNAMED.upper()}, 400, "sha256 must be 64 digits"),
    ({"sha256": UNNAMED}, 404, "has no such picture"),
    ({"step": 5}, 404, "recorded steps: 0"),
]


def log(root: Path, media: Media) -> None:
    record = AttentionRecord([LayerAttention(np.full((1, 4, 4), 0.25, np.float32))], patch_names(2, 2))
    record.axes.pictures = [media.entry()]
    record.axes.media = {media.sha256: media}
    with AttentionWriter(root / "run") as writer:
        writer.add_record("x", record, 0)


def asked(sha256: str) -> dict[str, Any]:
    return {"run": "run", "tag": "x", "step": 0, "sha256": sha256}


@pytest.fixture
def picture(tmp_path: Path) -> Media:
    media = picture_media(np.random.default_rng(0).random((8, 8, 3)))
    log(tmp_path, media)
    return media


@pytest.fixture
def host(tmp_path: Path, picture: Media) -> Iterator[Host]:
    host = Host(tmp_path)
    yield host
    host.plugin.listing.stop()


def test_a_picture_is_served_as_what_it_is_for_ever(host: Host, picture: Media) -> None:
    answer = host.get("picture", asked(picture.sha256))
    assert answer.status_code == 200
    assert answer.data == picture.data
    assert answer.content_type == picture.media
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "immutable" in answer.headers["Cache-Control"]


@pytest.mark.parametrize(("query", "status", "message"), REFUSED)
def test_what_cannot_be_served_says_why(
    query: dict[str, Any], status: int, message: str, host: Host, picture: Media
) -> None:
    answer = host.get("picture", {**asked(picture.sha256), **query})
    assert answer.status_code == status
    assert message in answer.text


def test_an_svg_under_a_header_s_word_is_never_served(tmp_path: Path) -> None:
    sha256 = hashlib.sha256(SVG).hexdigest()
    log(tmp_path, Media(sha256, 8, 8, "image/png", SVG))
    host = Host(tmp_path)
    answer = host.get("picture", asked(sha256))
    host.plugin.listing.stop()
    assert answer.status_code >= 400
    assert answer.content_type == "application/json"
    assert "neither PNG nor WebP nor WAV" in answer.text


def test_altered_bytes_are_never_served(host: Host, picture: Media, tmp_path: Path) -> None:
    path = tmp_path / record_directory("run", "x") / "pictures" / picture.sha256
    path.write_bytes(picture.data[:-1] + b"?")
    answer = host.get("picture", asked(picture.sha256))
    assert answer.status_code >= 400
    assert "the hash of" in answer.text
