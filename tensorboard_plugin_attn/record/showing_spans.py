"""Spans, what was passed of their pictures and sounds, and the model's inputs → the media that a record names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tensorboard_plugin_attn.record.grids import NamedList
from tensorboard_plugin_attn.record.pictures import (
    Media,
    numbers_of,
    picture_media,
    sound_media,
    spectrogram_media,
)
from tensorboard_plugin_attn.record.tokens import TokenAxes

__all__ = ["show_spans"]


def show_spans(
    axes: TokenAxes, named: Mapping[str, NamedList], inputs: Mapping[str, Any], row: int, maker: Any
) -> None:
    """Give the spans of each list their pictures and sounds, whose bytes ``axes.media`` then holds.

    ``maker``: the image processor that made the pixels, which brings them back; None where there is none.

    Raises:
        InvalidRecordError: what was passed is no picture or no sound.
    """
    for name, each in named.items():
        for number, span in enumerate(axes.geometry.get(name, ())):
            if span["kind"] == "sound":
                show_sound(axes, span, each.shown)
            else:
                picture, is_own = picture_of(each, number, inputs, row, maker)
                if picture is not None:
                    span["picture"] = add(axes, picture_media(picture), is_kept=each.is_kept and is_own)
    share_pictures(axes, set(named))


def share_pictures(axes: TokenAxes, shown: set[str]) -> None:
    """The places of an image in a text show the picture that the vision stack saw."""
    seen = [
        span.get("picture")
        for name in shown
        for span in axes.geometry.get(name, ())
        if span["kind"] == "image"
    ]
    for name in set(axes.geometry) - shown:
        for span, picture in zip(axes.geometry[name], seen, strict=False):
            span["picture"] = picture


def show_sound(axes: TokenAxes, span: dict[str, Any], shown: Any) -> None:
    """A sound's clip, and its spectrogram as a picture."""
    wave, rate, spectrogram = shown
    if wave is not None:
        span["clip"] = add(axes, sound_media(wave, rate), is_kept=True)
    if spectrogram is not None:
        span["picture"] = add(axes, spectrogram_media(spectrogram), is_kept=True)


def picture_of(
    each: NamedList, number: int, inputs: Mapping[str, Any], row: int, maker: Any
) -> tuple[Any, bool]:
    """The picture of a list's image, and whether its pixels may be stored; None where none is known."""
    passed = each.shown
    if passed is not None and passed is not False:
        several = isinstance(passed, list | tuple)
        at = number if len(each.spans) > 1 else row
        return (passed[min(at, len(passed) - 1)] if several else passed), True
    pixels: Any = inputs.get("pixel_values")
    if maker is None or getattr(pixels, "ndim", 0) != 4:
        return None, False
    values = numbers_of(pixels[min(row, len(pixels) - 1)])
    mean, spread = (np.asarray(getattr(maker, name), np.float32) for name in ("image_mean", "image_std"))
    if getattr(maker, "do_normalize", True):
        values = values * spread.reshape(-1, 1, 1) + mean.reshape(-1, 1, 1)
    return np.clip(values, 0, 1), True


def add(axes: TokenAxes, media: Media, *, is_kept: bool) -> int:
    """The number of a picture in the record; its bytes are kept unless the user wants no pixel on disk."""
    known: Sequence[str] = [each["sha256"] for each in axes.pictures]
    if is_kept:
        axes.media[media.sha256] = media
    if media.sha256 in known:
        return list(known).index(media.sha256)
    axes.pictures.append(replace(media, data=b"").entry())
    return len(axes.pictures) - 1
