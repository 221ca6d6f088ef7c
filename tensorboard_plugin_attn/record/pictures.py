"""A picture or a sound as it was passed → the bytes that are stored of it, under their hash."""

from __future__ import annotations

import hashlib
import struct
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn.errors import InvalidRecordError

__all__ = [
    "Media",
    "media_type",
    "numbers_of",
    "picture_media",
    "pixels_of",
    "sound_media",
    "spectrogram_media",
]

LONGEST = 512  # pixels of the long side
MOST_BYTES = 40_000
WEBP_QUALITIES = 80, 60, 40, 20


@dataclass(frozen=True)
class Media:
    """What is stored: its hash, its size in pixels (of a sound: its samples, and 1), its type, and the bytes."""

    sha256: str
    width: int
    height: int
    media: str
    data: bytes

    def entry(self) -> dict[str, Any]:
        """As the header has it."""
        return {"sha256": self.sha256, "width": self.width, "height": self.height, "media": self.media}


def media_type(data: bytes) -> str | None:
    """PNG, WebP or WAV by the first bytes; None for anything else."""
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return "image/png"
    if data[:4] == b"RIFF" and data[8:12] in (b"WEBP", b"WAVE"):
        return "image/webp" if data[8:12] == b"WEBP" else "audio/wav"
    return None


def picture_media(picture: Any) -> Media:
    """A PIL picture or an array → WebP where PIL is loaded, else PNG; the long side at most 512 pixels.

    It has at most 40,000 bytes: a WebP of less quality, then a smaller picture where it would have more.

    Raises:
        InvalidRecordError: it is neither.
    """
    return compact(shrunk(pixels_of(picture), LONGEST))


def compact(pixels: NDArray[np.uint8], *, lossless: bool = False) -> Media:
    """Pixels in as many bytes as a picture may have."""
    forms = iter([png(pixels)]) if lossless else encoded(pixels)
    fitting = next((data for data in forms if len(data) <= MOST_BYTES), None)
    height, width = pixels.shape[:2]
    if fitting is None:
        return compact(shrunk(pixels, max(height, width) // 2), lossless=lossless)
    return media_of(fitting, width, height)


def encoded(pixels: NDArray[np.uint8]) -> Iterator[bytes]:
    """The same pixels in forms of fewer and fewer bytes."""
    for quality in WEBP_QUALITIES:
        data = webp(pixels, quality)
        if data is None:
            break
        yield data
    else:
        return
    yield png(pixels)


def spectrogram_media(values: Any) -> Media:
    """Numbers ``[band, time]`` → a grey PNG, the lowest band at the bottom, from the least to the largest."""
    numbers = np.asarray(values, np.float32)
    if numbers.ndim != 2 or not numbers.size:
        raise InvalidRecordError(f"spectrogram must be [band, time], got shape {numbers.shape}")
    numbers = np.nan_to_num(numbers[::-1])
    spread = max(float(np.ptp(numbers)), 1e-9)
    pixels = np.uint8(255 * (numbers - numbers.min()) / spread)[..., None].repeat(3, axis=-1)
    return compact(shrunk(pixels, LONGEST), lossless=True)


def sound_media(wave: Any, rate: int) -> Media:
    """Samples ``[time]`` → WAV, 16 bits.

    Raises:
        InvalidRecordError: it is no one row of samples.
    """
    samples = numbers_of(wave)
    if samples.ndim != 1 or not samples.size:
        raise InvalidRecordError(f"wave must be samples [time] of one channel, got shape {samples.shape}")
    if samples.dtype.kind == "f":
        samples = np.round(np.clip(np.nan_to_num(samples), -1, 1) * 32767)
    body = samples.astype("<i2").tobytes()
    shape = struct.pack("<IHHIIHH", 16, 1, 1, int(rate), int(rate) * 2, 2, 16)
    data = b"WAVEfmt " + shape + b"data" + struct.pack("<I", len(body)) + body
    return media_of(b"RIFF" + struct.pack("<I", len(data)) + data, len(samples), 1)


def media_of(data: bytes, width: int, height: int) -> Media:
    """Bytes of a known type under their hash."""
    kind = media_type(data)
    if kind is None:
        raise InvalidRecordError("only PNG, WebP and WAV are stored")
    return Media(hashlib.sha256(data).hexdigest(), width, height, kind, data)


def numbers_of(array: Any) -> NDArray[Any]:
    """numpy, or torch on any device and of any type, as numpy."""
    if hasattr(array, "detach"):
        array = array.detach().cpu()
        array = array.float() if array.is_floating_point() else array
        array = array.numpy()
    return np.asarray(array)


def pixels_of(picture: Any) -> NDArray[np.uint8]:
    """A PIL picture, or an array in one of its layouts → uint8 ``[height, width, 3]``.

    Raises:
        InvalidRecordError: it is no picture.
    """
    if hasattr(picture, "convert") and hasattr(picture, "mode"):
        picture = picture.convert("RGB")
    pixels = numbers_of(picture)
    pixels = pixels[0] if pixels.ndim == 4 and len(pixels) == 1 else pixels
    pixels = pixels[..., None] if pixels.ndim == 2 else pixels
    if pixels.ndim == 3 and pixels.shape[0] in (1, 3, 4) and pixels.shape[-1] not in (1, 3, 4):
        pixels = np.moveaxis(pixels, 0, -1)
    if pixels.ndim != 3 or pixels.shape[-1] not in (1, 3, 4) or 0 in pixels.shape:
        raise InvalidRecordError(
            f"a picture must be PIL's or an array [height, width, 3] or [3, height, width], got "
            f"{type(picture).__name__} of shape {pixels.shape}"
        )
    pixels = pixels[..., :3].repeat(3 if pixels.shape[-1] == 1 else 1, axis=-1)
    if pixels.dtype.kind == "f":
        low, high = float(np.nanmin(pixels)), float(np.nanmax(pixels))
        if low < -0.01 or high > 1.01:
            raise InvalidRecordError(
                f"pixels must be uint8 or from 0 to 1, got {low:.3g} to {high:.3g}; pass the picture before it was "
                f"normalised"
            )
        pixels = np.round(np.clip(np.nan_to_num(pixels), 0, 1) * 255)
    return np.ascontiguousarray(pixels.astype(np.uint8))


def shrunk(pixels: NDArray[np.uint8], longest: int) -> NDArray[np.uint8]:
    """At most so many pixels on the long side: means of the pixels that fall on each."""
    height, width = pixels.shape[:2]
    scale = longest / max(height, width)
    if scale >= 1:
        return pixels
    small: NDArray[Any] = pixels.astype(np.float32)
    for axis, length in enumerate((height, width)):
        target = max(1, round(length * scale))
        starts = np.arange(target) * length // target
        counts = np.diff(np.append(starts, length)).astype(np.float32)
        sums = np.add.reduceat(small, starts, axis=axis)
        small = sums / counts.reshape((-1, 1, 1) if axis == 0 else (1, -1, 1))
    return np.round(small).astype(np.uint8)


def webp(pixels: NDArray[np.uint8], quality: int) -> bytes | None:
    """As PIL writes it; None where PIL is not loaded or cannot."""
    pil = sys.modules.get("PIL.Image")
    if pil is None:
        return None
    out = BytesIO()
    try:
        pil.fromarray(pixels).save(out, "WEBP", quality=quality, method=4)
    except (KeyError, OSError):  # built without WebP
        return None
    return out.getvalue()


def png(pixels: NDArray[np.uint8]) -> bytes:
    """RGB, 8 bits, no filter (ISO/IEC 15948)."""
    height, width = pixels.shape[:2]
    rows = np.concatenate([np.zeros((height, 1), np.uint8), pixels.reshape(height, -1)], axis=1)
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows.tobytes(), 9)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )
