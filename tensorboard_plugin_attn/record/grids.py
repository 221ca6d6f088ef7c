"""What is said of an image's or a sound's positions, a config and the model's inputs → the names and spans of a list."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn.errors import InvalidRecordError
from tensorboard_plugin_attn.record.spans import (
    image_span,
    patch_names,
    prefix_kind,
    sound_span,
    span_length,
)

__all__ = ["ImageTokens", "Known", "NamedList", "SoundTokens", "placeholder_spans"]

MEL_SECONDS = 0.01  # between the frames of a log-mel spectrogram, of Whisper and most others
MOST_OFF = 0.1  # of a frame, that a position may be from a whole number of them
IMAGES = "pixel_values", "pixel_values_videos"


@dataclass(frozen=True, eq=False)
class Known:
    """What is known where positions are to be named.

    ``length``: of the axis; ``inputs``: the model's keyword arguments; ``row``: which input of the batch; ``described``:
    what may know a patch size or the number of registers, such as a config, asked in this order; ``scale``: how many
    patches a position of this list stands for in each direction, above 1 in the later stages of a model.
    """

    length: int
    inputs: Mapping[str, Any] = field(default_factory=dict)
    row: int = 0
    described: Sequence[Any] = ()
    scale: int = 1

    def number(self, *names: str) -> int:
        """The first of these that something has, 0 where nothing has."""
        for each in self.described:
            for name in names:
                value = getattr(each, name, None)
                if isinstance(value, int) and not isinstance(value, bool):
                    return value
        return 0

    def pair(self, name: str) -> tuple[int, int] | None:
        """A height and a width, or one number for both."""
        for each in self.described:
            value = getattr(each, name, None)
            if isinstance(value, int) and not isinstance(value, bool):
                return value, value
            if isinstance(value, tuple | list) and len(value) >= 2:
                return int(value[-2]), int(value[-1])
        return None

    def shape(self, *names: str) -> tuple[int, ...]:
        """The shape of the first of these inputs that there is, without the batch axis."""
        for name in names:
            shape = getattr(self.inputs.get(name), "shape", None)
            if shape is not None:
                return tuple(int(size) for size in shape[1:])
        return ()


@dataclass(frozen=True, eq=False)
class NamedList:
    """The names of a list's positions, what they show, and what of that was guessed.

    ``shown``: of each span a picture, or a sound with its rate; None where nothing was passed.
    """

    tokens: list[str]
    spans: list[dict[str, Any]]
    special_names: dict[int, str] = field(default_factory=dict)
    shown: Any = None
    is_kept: bool = True
    guessed: str = ""


@dataclass(frozen=True, eq=False)
class ImageTokens:
    """Positions that are patches of an image, for ``tokens=`` of add_probe, captured.record and the callbacks.

    What is not given is worked out from the model's config, its inputs and the number of positions.

    Args:
        picture: what the model looks at, to be stored beside the records and drawn: a PIL picture, or a numpy or
            torch array ``[height, width, 3]`` or ``[3, height, width]``, uint8 or 0 to 1; a list of them for several.
            None: from ``pixel_values`` where a processor says how they were made. False: no pixel is stored, only the
            hash of those that were given to the model.
        patch: height and width of a patch in pixels, or one number for both.
        grid: ``(rows, columns)`` of patches, or ``(frames, rows, columns)``.
        prefix: names of the positions before the patches, such as ``("[CLS]", "[REG0]")``.
        token: the placeholder of a patch in a text, such as ``"<image>"``.

    Raises:
        InvalidRecordError: a size is no positive number.
    """

    picture: Any = None
    patch: int | tuple[int, int] | None = field(default=None, kw_only=True)
    grid: tuple[int, ...] | None = field(default=None, kw_only=True)
    prefix: Sequence[str] | None = field(default=None, kw_only=True)
    token: str | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        patch = self.patch if isinstance(self.patch, tuple | list) else (self.patch,) * 2
        if self.patch is not None and (len(patch) != 2 or not all(is_size(size) for size in patch)):
            raise InvalidRecordError(f"patch must be a height and a width in pixels, got {self.patch!r}")
        if self.grid is not None and (len(self.grid) not in (2, 3) or not all(map(is_size, self.grid))):
            raise InvalidRecordError(
                f"grid must be (rows, columns) or (frames, rows, columns), got {self.grid!r}"
            )
        if isinstance(self.prefix, str):
            raise InvalidRecordError(f"prefix must be a list of names, got the one string {self.prefix!r}")

    def named(self, known: Known) -> NamedList:
        """The list of an axis of ``known.length`` positions.

        Raises:
            InvalidRecordError: nothing tells the grid, or it does not fit the length.
        """
        spans, guessed = self.spans(known)
        spans = [coarser(span, known.scale) for span in spans] if known.scale > 1 else spans
        count = sum(map(span_length, spans))
        before, behind = self.others(known, spans, count)
        for span in spans:
            span["start"] += len(before)
        several = len(spans) > 1
        names = [
            f"i{number}{name}" if several else name
            for number, span in enumerate(spans)
            for name in span_names(span)
        ]
        tokens = [*before, *names, *behind]
        special = dict(enumerate(map(prefix_kind, before)))
        special |= {len(before) + count + at: prefix_kind(name) for at, name in enumerate(behind)}
        return NamedList(tokens, spans, special, self.picture, self.picture is not False, guessed)

    def spans(self, known: Known) -> tuple[list[dict[str, Any]], str]:
        """One span an image, the first at 0, and what was guessed."""
        if self.grid is not None:
            frames, rows, cols = (1, *self.grid)[-3:]
            return [image_span(0, rows, cols, frames=frames, patch=self.patch_of(known) or (0, 0))], ""
        listed = known.inputs.get("image_grid_thw")
        listed = known.inputs.get("video_grid_thw") if listed is None else listed
        if listed is not None:
            return list(merged_spans(listed, known, self.patch_of(known) or (0, 0))), ""
        size = known.shape(*IMAGES)
        if len(size) < 3:
            size = (0, *(known.pair("image_size") or known.pair("img_size") or (0, 0)))
        height, width = size[-2:]
        patch, guessed = self.patch_of(known), ""
        if patch is None and height and width:
            patch = only_patch(known, height, width, len(self.prefix or ()))
            guessed = "" if patch is None else f"patches of {patch[0]} × {patch[1]} pixels"
        if patch is None or not height // patch[0] or not width // patch[1]:
            raise InvalidRecordError(
                f"nothing tells how the {known.length} positions lie on an image: pass "
                f"ImageTokens(grid=(rows, columns), prefix=names)"
            )
        rows, cols = unpadded(known, height // patch[0], width // patch[1])
        tubelet = known.number("tubelet_size") or 1
        frames = size[0] // tubelet if len(size) == 4 and size[0] > tubelet else 1
        box = (0, 0, cols * patch[1] / width, rows * patch[0] / height)
        return [image_span(0, rows, cols, frames=frames, patch=patch, box=box)], guessed

    def patch_of(self, known: Known) -> tuple[int, int] | None:
        """Height and width of a patch, as given or from the config."""
        if self.patch is None:
            return known.pair("patch_size")
        return (self.patch, self.patch) if isinstance(self.patch, int) else (self.patch[0], self.patch[1])

    def others(
        self, known: Known, spans: Sequence[Mapping[str, Any]], count: int
    ) -> tuple[list[str], list[str]]:
        """The names of the positions before and behind the patches."""
        extra = known.length - count
        if self.prefix is not None and extra >= len(self.prefix):
            behind = extra - len(self.prefix)
            return list(self.prefix), [f"[DET{number}]" for number in range(behind)]
        registers = num_registers(known)
        detections = known.number("num_detection_tokens")
        first = extra - registers - detections
        most = 2 if is_distilled(known) else 1
        if self.prefix is not None or not 0 <= first <= most:
            grids = " and ".join(f"{span['frames']} × {span['rows']} × {span['cols']}" for span in spans)
            raise InvalidRecordError(
                f"the axis has {known.length} positions, and the image {grids} patches and "
                f"{registers if self.prefix is None else len(self.prefix)} others; pass "
                f"ImageTokens(grid=(rows, columns), prefix=names of what stands before the patches)"
            )
        before = ["[CLS]", "[DIST]"][:first] + [f"[REG{number}]" for number in range(registers)]
        return before, [f"[DET{number}]" for number in range(detections)]


@dataclass(frozen=True, eq=False)
class SoundTokens:
    """Positions that are frames of a sound, for ``tokens=`` of add_probe, captured.record and the callbacks.

    Args:
        wave: samples ``[time]``, floats from −1 to 1 or int16, to be stored as WAV and played. False or None: none is.
        rate: samples a second.
        seconds_per_frame: of a position; None: from the model's inputs.
        spectrogram: ``[band, time]``, drawn beside the matrix.

    Raises:
        InvalidRecordError: a rate or a duration is not above 0.
    """

    wave: Any = None
    rate: int = 16000
    seconds_per_frame: float | None = field(default=None, kw_only=True)
    spectrogram: Any = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        for name, value in (("rate", self.rate), ("seconds_per_frame", self.seconds_per_frame)):
            if value is not None and not value > 0:
                raise InvalidRecordError(f"{name} must be above 0, got {value!r}")

    def named(self, known: Known) -> NamedList:
        """The list of an axis of ``known.length`` positions. Raises InvalidRecordError."""
        seconds = self.seconds(known)
        tokens = [f"{number * seconds:.2f}s" for number in range(known.length)]
        has_wave = self.wave is not None and self.wave is not False
        shown = (self.wave if has_wave else None, self.rate, self.spectrogram)
        return NamedList(tokens, [sound_span(0, known.length, seconds)], shown=shown)

    def seconds(self, known: Known) -> float:
        """How long a position lasts."""
        if self.seconds_per_frame is not None:
            return float(self.seconds_per_frame)
        features, values = known.shape("input_features"), known.shape("input_values")
        strides = next((each.conv_stride for each in known.described if hasattr(each, "conv_stride")), None)
        if len(values) == 1:
            return prod(strides) / self.rate if strides else values[0] / self.rate / known.length
        if features:
            return (
                frames_of(known, max(features)) * MEL_SECONDS / known.length
            )  # [band, time] or [time, band]
        if self.wave is None or self.wave is False:
            raise InvalidRecordError(
                f"nothing tells how long the {known.length} positions of a sound last: pass "
                f"SoundTokens(seconds_per_frame=seconds)"
            )
        return len(np.asarray(self.wave)) / self.rate / known.length


def frames_of(known: Known, frames: int) -> int:
    """How many frames of a spectrogram a list's positions are of: all, or those that are no padding where these were cropped.

    Models take a whole number of frames to a position; which of the two does tells.
    """
    mask = known.inputs.get("attention_mask")
    if mask is None or len(mask.shape) != 2 or mask.shape[-1] != frames:
        return frames
    heard = int(mask[min(known.row, len(mask) - 1)].sum())
    off = {
        count: abs(count / known.length - max(1, round(count / known.length))) for count in (frames, heard)
    }
    return min(off, key=lambda count: (off[count] > MOST_OFF, count != frames))


def unpadded(known: Known, rows: int, cols: int) -> tuple[int, int]:
    """The part of a grid that is no padding by ``pixel_mask``, as models see it: the pixel at the corner of each cell."""
    mask = known.inputs.get("pixel_mask")
    if mask is None or len(mask.shape) != 3 or known.length >= rows * cols:
        return rows, cols
    kept = mask[min(known.row, len(mask) - 1)]
    height, width = (int(size) for size in kept.shape)
    down = [bool(kept[row * height // rows].any()) for row in range(rows)]
    across = [bool(kept[:, col * width // cols].any()) for col in range(cols)]
    return sum(down), sum(across)


def coarser(span: Mapping[str, Any], scale: int) -> dict[str, Any]:
    """The span of a stage each of whose positions stands for ``scale`` × ``scale`` patches."""
    rows, cols = (-(-int(span[name]) // scale) for name in ("rows", "cols"))
    grown = rows * scale / span["rows"], cols * scale / span["cols"]
    left, top, right, bottom = span["box"]
    box = (left, top, left + (right - left) * grown[1], top + (bottom - top) * grown[0])
    high, wide = span["patch"]
    return image_span(
        int(span["start"]), rows, cols, frames=span["frames"], patch=(high * scale, wide * scale), box=box
    )


def is_distilled(known: Known) -> bool:
    """Whether a model has a distillation token behind its CLS token, as DeiT has."""
    return any(
        "deit" in str(getattr(each, "model_type", "")) or getattr(each, "dist_token", None) is not None
        for each in known.described
    )


def num_registers(known: Known) -> int:
    """How many registers a model has; timm counts them together with the CLS and the distillation token."""
    told = known.number("num_register_tokens", "num_reg_tokens")
    return told or max(0, known.number("num_prefix_tokens") - (2 if is_distilled(known) else 1))


def is_size(value: Any) -> bool:
    """A whole number above 0."""
    return isinstance(value, int | np.integer) and bool(value > 0)


def span_names(span: Mapping[str, Any]) -> list[str]:
    """The names of an image's patches in the order of their positions."""
    names = patch_names(span["rows"], span["cols"], span["frames"])
    return names if span.get("order") is None else [names[cell] for cell in span["order"]]


def only_patch(known: Known, height: int, width: int, prefix: int) -> tuple[int, int] | None:
    """The one square patch that divides the picture into as many cells as there are positions; None: none, or several."""
    positions = known.length * known.scale**2
    others = prefix or num_registers(known)
    found = {
        size
        for size in range(1, min(height, width) + 1)
        if height % size == 0 and width % size == 0
        for first in ((0,) if prefix else (0, 1, 2))
        if prod(unpadded(known, height // size, width // size)) + others + first == positions
    }
    if len(found) != 1:
        return None
    size = found.pop()
    return size, size


def merged_spans(listed: Any, known: Known, patch: tuple[int, int]) -> Iterator[dict[str, Any]]:
    """Images given as ``[image, (frames, rows, columns)]``: patches that are merged later stand side by side."""
    merge = known.number("spatial_merge_size") or 1
    start = 0
    for frames, rows, cols in np.asarray(listed).tolist():
        span = image_span(start, rows, cols, frames=frames, patch=patch)
        cells = np.arange(frames * rows * cols).reshape(frames, rows // merge, merge, cols // merge, merge)
        if merge > 1:
            groups = cells.transpose(0, 1, 3, 2, 4).reshape(-1, merge * merge)
            span["order"] = (
                groups[window_order(known, frames, rows // merge, cols // merge, patch[0] * merge)]
                .ravel()
                .tolist()
            )
        start += cells.size
        yield span


def window_order(known: Known, frames: int, rows: int, cols: int, pixels: float) -> NDArray[np.int64]:
    """The order in which groups of patches stand: window by window where a model's layers look within windows, as Qwen2.5-VL's."""
    order = np.arange(frames * rows * cols)
    size = int(known.number("window_size") // pixels) if pixels else 0
    if not size or not any(hasattr(each, "fullatt_block_indexes") for each in known.described):
        return order
    frame, row, col = np.unravel_index(order, (frames, rows, cols))
    return np.lexsort((col, row, col // size, row // size, frame))


def placeholder_spans(
    tokens: Sequence[str], token: str, known: Known, patch: tuple[int, int] | None
) -> Iterator[dict[str, Any]]:
    """Where a text has placeholders of images: runs of ``token`` that have as many places as an image has patches.

    A run whose grid nothing tells is left out.
    """
    listed = known.inputs.get("image_grid_thw")
    merge = known.number("spatial_merge_size") or 1
    sizes = [] if listed is None else [
        (frames, rows // merge, cols // merge) for frames, rows, cols in np.asarray(listed).tolist()
    ]  # fmt: skip
    for start, count in runs(tokens, token):
        while count:
            size = sizes.pop(0) if sizes else merged_grid(count, known, patch)
            if size is None or prod(size) > count:
                break
            scaled = (0, 0) if patch is None else (patch[0] * merge, patch[1] * merge)
            yield image_span(start, size[1], size[2], frames=size[0], patch=scaled)
            start, count = start + prod(size), count - prod(size)


def merged_grid(count: int, known: Known, patch: tuple[int, int] | None) -> tuple[int, int, int] | None:
    """The grid of ``count`` placeholders: that of the patches, or of square groups of them."""
    size = known.shape(*IMAGES)
    if patch is None or len(size) < 2:
        return None
    rows, cols = size[-2] // patch[0], size[-1] // patch[1]
    groups = [
        group
        for group in range(1, min(rows, cols) + 1)
        if rows % group == 0 and cols % group == 0 and rows // group * (cols // group) == count
    ]
    return (1, rows // groups[0], cols // groups[0]) if groups else None


def runs(tokens: Sequence[str], token: str) -> Iterator[tuple[int, int]]:
    """Where equal tokens stand side by side: start and count of each run."""
    start = None
    for position, each in enumerate([*tokens, None]):
        if each == token and start is None:
            start = position
        elif each != token and start is not None:
            yield start, position - start
            start = None
