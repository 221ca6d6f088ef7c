"""Attention within windows of an image, or in pieces along its patches → one map of the whole stack, zeros outside.

Windows stand on the batch axis (Liu et al. 2021, Swin; Kirillov et al. 2023, SAM), row by row, after the image was padded to a multiple
of their size and rolled by the shift. Pieces are calls of one module behind each other (Qwen2.5-VL).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from tensorboard_plugin_attn.capturing.calls.sighting import Sighting
from tensorboard_plugin_attn.capturing.calls.streamed import StreamedMap, whole_sighting
from tensorboard_plugin_attn.errors import InvalidRecordError

__all__ = ["Pieces", "Stages", "Windows", "scattered", "scatters", "windows_of"]

MOST_POSITIONS = 2048  # a map of more, mostly zeros, takes gigabytes
WINDOW_SIZES = ("window_size", "win_size")
SHIFTS = ("shift_size",)


def scatters(windows: Any) -> bool:
    """Whether windows become maps of the whole image. Raises InvalidRecordError for another word than ``scatter``."""
    if windows not in (None, "scatter"):
        raise InvalidRecordError(f'windows must be "scatter" or None, got {windows!r}')
    return windows is not None


@dataclass(frozen=True)
class Windows:
    """The grid that a layer looks at, and the height and width of its windows and of their shift."""

    grid: tuple[int, int]
    size: tuple[int, int]
    shift: tuple[int, int] = (0, 0)

    @property
    def count(self) -> int:
        """How many windows an image has."""
        (rows, cols), (high, wide) = self.grid, self.size
        return -(-rows // high) * -(-cols // wide)

    @property
    def rolled(self) -> tuple[int, int]:
        """The shift along the axes that have several windows; along an axis of one nothing is rolled."""
        down, across = (
            shift if size < length else 0
            for shift, size, length in zip(self.shift, self.size, self.grid, strict=True)
        )
        return down, across

    def is_padded(self, shape: Sequence[int]) -> bool:
        """Whether a map of this shape is that of a single window, of which the image does not fill all."""
        places, positions = self.size[0] * self.size[1], self.grid[0] * self.grid[1]
        return self.count == 1 and positions < places and tuple(shape) == (places, places)

    def positions(self) -> torch.Tensor:
        """``[window, place]``: the position on the grid, −1 for padding."""
        (rows, cols), (high, wide) = self.grid, self.size
        padded = -(-rows // high) * high, -(-cols // wide) * wide
        whole = torch.full(padded, -1, device="cpu")
        whole[:rows, :cols] = torch.arange(rows * cols, device="cpu").reshape(rows, cols)
        whole = whole.roll([-shift for shift in self.rolled], (0, 1))
        parted = whole.reshape(padded[0] // high, high, padded[1] // wide, wide)
        return parted.transpose(1, 2).reshape(-1, high * wide)


def windows_of(module: Any, args: tuple[Any, ...]) -> Windows | None:
    """What a running module says of its windows and was called with; None where it has none, or their grid is not told."""
    size = next((pair for name in WINDOW_SIZES if (pair := pair_of(getattr(module, name, None)))), None)
    if size is None or min(size) < 1:
        return None
    shift = next((pair for name in SHIFTS if (pair := pair_of(getattr(module, name, None)))), (0, 0))
    states = args[0] if args and isinstance(args[0], torch.Tensor) else None
    if states is None:
        return None
    if states.dim() == 4:
        return Windows((int(states.shape[1]), int(states.shape[2])), size, shift)
    told = next(
        (pair for each in args[1:] if isinstance(each, tuple | list) and (pair := pair_of(each))), None
    )
    fits = told is not None and told[0] * told[1] == states.shape[-2]
    return Windows(told, size, shift) if told is not None and fits else None


def pair_of(value: Any) -> tuple[int, int] | None:
    """Two whole numbers, or one for both."""
    if isinstance(value, int | np.integer) and not isinstance(value, bool):
        return int(value), int(value)
    if (
        isinstance(value, tuple | list)
        and len(value) == 2
        and all(isinstance(each, int | np.integer) for each in value)
    ):
        return int(value[0]), int(value[1])
    return None


def scattered(sighting: Sighting, windows: Windows) -> Sighting | None:
    """The windows of a layer as maps of whole images; None where they are not these windows, or too many positions."""
    if isinstance(sighting.weights, StreamedMap):
        whole_sighting(sighting)
    maps, _, queries, keys = sighting.weights.shape
    place = windows.positions().to(sighting.weights.device)
    total = windows.grid[0] * windows.grid[1]
    if maps % windows.count or not (queries == keys == place.shape[1]) or total > MOST_POSITIONS:
        return None
    images = maps // windows.count

    def square(part: torch.Tensor | None, fill: Any) -> torch.Tensor | None:
        """``[window, head or 1, query, key]`` → ``[image, head or 1, position, position]``."""
        if part is None:
            return None
        part = part.reshape((1,) * (4 - part.dim()) + tuple(part.shape)).expand(maps, -1, queries, keys)
        whole = part.new_full((images, part.shape[1], total + 1, total + 1), fill)
        for number in range(windows.count):
            at = place[number]
            whole[:, :, at[:, None], at] = part[number :: windows.count]
        return whole[:, :, :-1, :-1]  # padding lies at −1

    def line(part: torch.Tensor | None, axis: int) -> torch.Tensor | None:
        """A part with windows on its first axis and places on another → images and positions."""
        if part is None or part.shape[0] != maps:
            return None
        shape = [images, *part.shape[1:]]
        shape[axis] = total + 1
        whole = part.new_zeros(shape)
        for number in range(windows.count):
            whole.index_copy_(axis, place[number] % (total + 1), part[number :: windows.count])
        return whole.narrow(axis, 0, total)

    within = torch.ones(1, 1, 1, 1, dtype=torch.bool, device=sighting.weights.device)
    weights = square(sighting.weights, 0.0)
    assert weights is not None
    rest = 1 - weights.sum(-1)
    has_padding = bool((place < 0).any())
    return replace(
        sighting,
        weights=weights,
        allowed=square(within if sighting.allowed is None else sighting.allowed, fill=False),
        bias=square(sighting.bias, 0.0),
        query=line(sighting.query, 2),
        key=line(sighting.key, 2),
        row_scores=line(sighting.row_scores, 2),
        output_error=line(sighting.output_error, 2),
        value_norm=line(sighting.value_norm, 2),
        sink=rest.clamp(0, 1) if has_padding else line(sighting.sink, 2),
        traces=None,
        mask=None,
        padded_window=False,
        grid=windows.grid,
    )


U_NET = re.compile(r"(^|\.)(down|mid|up)_?blocks?(\.|$)")


class Stages:
    """Windows as maps of whole images; stages of a smaller grid than the first are stacks of their own, such as ``vision/2``."""

    def __init__(self) -> None:
        self.first: dict[str, tuple[int, int]] = {}
        self.lengths: dict[str, int] = {}

    def name(self, sighting: Sighting) -> None:
        """Make the coarser resolutions of a U-Net stacks of their own: each has a quarter of the positions, or a 16th, …"""
        length = int(sighting.weights.shape[-2])
        if not U_NET.search(sighting.name) or not length:
            return
        first = self.lengths.setdefault(sighting.stack, length)
        ratio = math.isqrt(first // length)
        if ratio > 1 and ratio * ratio * length == first:
            sighting.stack = f"{sighting.stack or 'vision'}/{ratio}"

    def whole(self, sighting: Sighting, batch: int | None) -> Sighting:
        """The same layer, of the whole image where its windows are known."""
        maps, _, queries, _ = sighting.weights.shape
        for windows in sighting.windows if sighting.kind == "self" else ():
            fits = maps == windows.count * (batch or 1) and queries == windows.size[0] * windows.size[1]
            found = scattered(sighting, windows) if fits else None
            if found is not None:
                first = self.first.setdefault(found.stack, windows.grid)
                ratio = round(first[0] / windows.grid[0])
                if ratio > 1:
                    found.stack = f"{found.stack or 'vision'}/{ratio}"
                return found
        return sighting


class Pieces:
    """Joins calls of one module, each of a piece of the patches, to one map, as soon as the last piece is there.

    Pieces that are whole images are always joined; windows, smaller ones, where ``scatters``.
    """

    def __init__(self, *, scatters: bool) -> None:
        self.scatters = scatters
        self.held: list[tuple[int, Sighting]] = []

    def take(self, index: int, sighting: Sighting, inputs: Mapping[str, Any]) -> list[tuple[int, Sighting]]:
        """What is whole now: nothing while pieces are missing."""
        images = image_lengths(inputs)
        before = self.held and (self.held[0][1].name, self.held[0][1].forward) != (
            sighting.name,
            sighting.forward,
        )
        given = self.end() if before else []
        length, most = int(sighting.weights.shape[-2]), sum(images)
        is_piece = (
            sighting.weights.shape[0] == 1 and sighting.kind == "self" and length < most <= MOST_POSITIONS
        )
        if not is_piece or not (self.scatters or length in images):
            return [*given, *self.end(), (index, sighting)]
        self.held.append((index, sighting))
        lengths = [int(each.weights.shape[-2]) for _, each in self.held]
        if sum(lengths) > most:
            return given + self.end()
        if sum(lengths) == most and (self.scatters or lengths == images):
            found = joined([each for _, each in self.held])
            first, self.held = self.held[0][0], []
            return [*given, (first, found)]
        return given

    def end(self) -> list[tuple[int, Sighting]]:
        """What is held and will not become whole."""
        held, self.held = self.held, []
        return held


def image_lengths(inputs: Mapping[str, Any]) -> list[int]:
    """How many patches each frame of each image or video has, where the inputs say so."""
    listed = next((inputs[name] for name in GRIDS if inputs.get(name) is not None), None)
    if listed is None:
        return []
    return [rows * cols for frames, rows, cols in np.asarray(listed.cpu()).tolist() for _ in range(frames)]


GRIDS = "image_grid_thw", "video_grid_thw"


def joined(pieces: list[Sighting]) -> Sighting:
    """Maps of pieces behind each other as one, block by block."""
    for each in pieces:
        if isinstance(each.weights, StreamedMap):
            whole_sighting(each)

    def squares(parts: list[torch.Tensor]) -> torch.Tensor:
        total = sum(part.shape[-1] for part in parts)
        whole = parts[0].new_zeros((*parts[0].shape[:2], total, total))
        start = 0
        for part in parts:
            stop = start + part.shape[-1]
            whole[:, :, start:stop, start:stop] = part
            start = stop
        return whole

    def lines(name: str) -> torch.Tensor | None:
        parts = [getattr(each, name) for each in pieces]
        return None if any(part is None for part in parts) else torch.cat(parts, dim=2)

    first = pieces[0]
    same = [torch.ones_like(each.weights[:, :1], dtype=torch.bool) for each in pieces]
    return replace(
        first,
        weights=squares([each.weights for each in pieces]),
        allowed=squares(same),
        bias=None,
        query=lines("query"),
        key=lines("key"),
        row_scores=lines("row_scores"),
        output_error=lines("output_error"),
        value_norm=lines("value_norm"),
        sink=lines("sink"),
        traces=None,
        mask=None,
    )
