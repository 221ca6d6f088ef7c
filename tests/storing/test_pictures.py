"""Pictures and sounds beside the records: once per content, by their magic bytes, and gone with what names them."""

from __future__ import annotations

import hashlib
import io
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tensorboard_plugin_attn.errors import DamagedFileError, InvalidRecordError
from tensorboard_plugin_attn.record.pictures import (
    media_type,
    picture_media,
    pixels_of,
    png,
    sound_media,
    spectrogram_media,
)
from tensorboard_plugin_attn.storing.files import LocalFiles
from tensorboard_plugin_attn.storing.pictures import picture_path, read_picture

COLOURS = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
LAYOUTS: dict[str, Any] = {
    "height, width, 3": COLOURS,
    "3, height, width": np.moveaxis(COLOURS, -1, 0),
    "1, 3, height, width": np.moveaxis(COLOURS, -1, 0)[None],
    "floats": COLOURS / np.float32(255),
    "PIL": Image.fromarray(COLOURS),
}
NO_PICTURES: list[tuple[Any, str]] = [
    (np.zeros((2, 2, 2, 2)), "must be PIL's or an array"),
    (np.full((4, 4, 3), 2.5), "pixels must be uint8 or from 0 to 1, got 2.5 to 2.5"),
    (np.zeros((0, 4, 3)), "must be PIL's or an array"),
]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_picture_is_the_same_in_every_layout(layout: str) -> None:
    assert np.array_equal(pixels_of(LAYOUTS[layout]), COLOURS)


@pytest.mark.parametrize(("given", "message"), NO_PICTURES)
def test_what_is_no_picture_is_refused(given: Any, message: str) -> None:
    with pytest.raises(InvalidRecordError, match=message):
        picture_media(given)


def test_a_png_holds_the_pixels() -> None:
    assert np.array_equal(np.array(Image.open(io.BytesIO(png(COLOURS)))), COLOURS)


def test_a_large_picture_is_stored_with_a_long_side_of_512() -> None:
    large = picture_media(np.full((300, 1200, 3), 0.5))
    assert (large.width, large.height) == (512, 128)
    assert Image.open(io.BytesIO(large.data)).size == (512, 128)
    assert media_type(large.data) == large.media in ("image/png", "image/webp")


def test_a_sound_is_a_wav_of_16_bits() -> None:
    samples = np.sin(np.arange(800) / 10)
    media = sound_media(samples, 8000)
    with wave.open(io.BytesIO(media.data)) as found:
        assert (found.getframerate(), found.getnchannels(), found.getnframes()) == (8000, 1, 800)
        read = np.frombuffer(found.readframes(800), "<i2") / 32767
    assert read == pytest.approx(samples, abs=1e-4)
    with pytest.raises(InvalidRecordError, match="one channel"):
        sound_media(np.zeros((2, 10)), 8000)


def test_the_low_band_of_a_spectrogram_is_at_the_bottom() -> None:
    media = spectrogram_media([[1.0, 1.0, 1.0], [0.0, 0.0, 0.0]])
    assert np.array(Image.open(io.BytesIO(media.data)))[:, 0, 0].tolist() == [0, 255]


@pytest.mark.parametrize("data", [SVG, b"GIF89a", b"", b"RIFF1234AVI "])
def test_nothing_but_png_webp_and_wav_is_ever_read(data: bytes, tmp_path: Path) -> None:
    sha256 = hashlib.sha256(data).hexdigest()
    files = LocalFiles(str(tmp_path))
    files.write(picture_path("tag", sha256), [data])
    with pytest.raises(DamagedFileError, match="neither PNG nor WebP nor WAV"):
        read_picture(files, "tag", sha256)


def test_bytes_that_are_not_those_of_their_name_are_refused(tmp_path: Path) -> None:
    files, media = LocalFiles(str(tmp_path)), picture_media(COLOURS)
    files.write(picture_path("tag", media.sha256), [media.data + b"!"])
    with pytest.raises(DamagedFileError, match="the hash of"):
        read_picture(files, "tag", media.sha256)
    files.write(picture_path("tag", media.sha256), [media.data])
    assert read_picture(files, "tag", media.sha256) == (media.data, media.media)
