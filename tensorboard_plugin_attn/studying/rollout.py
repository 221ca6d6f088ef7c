"""The attention of all layers of one stack → how much of each input position reaches each query, over all layers.

Abnar & Zuidema 2020: B = (A + 1)/2, A the heads' mean, and R = B of the last layer · … · B of the first. The heads' maximum or
minimum, and a share of the smallest weights set to 0 before, are Gildenblat's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn.encoding.header import Header
from tensorboard_plugin_attn.encoding.rebuild import Band
from tensorboard_plugin_attn.errors import InvalidRecordError
from tensorboard_plugin_attn.record.spans import places_of

__all__ = ["OVER_HEADS", "Rollout", "roll_out"]

OVER_HEADS = ("mean", "max", "min")
MOST_POSITIONS = 4096  # above it a product of two layers takes seconds
Matrix = NDArray[np.float32]
BandsOf = Callable[[int], Iterator[Band]]


@dataclass(frozen=True, eq=False)
class Rollout:
    """What reaches each query through all layers.

    ``weights``: float32 ``[query, key]``, rows sum to 1; ``tokens``: the names of both axes; ``layers``: the numbers of the
    layers that were multiplied; ``spans``: the images and sounds among the tokens.
    """

    weights: Matrix
    tokens: list[str]
    stack: str
    layers: list[int]
    spans: Sequence[Mapping[str, Any]] = ()

    def over_picture(self, query: int = 0, image: int = 0) -> Matrix:
        """A query's row over the patches of an image, ``[row, column]``, or ``[frame, row, column]`` of several frames.

        Raises:
            InvalidRecordError: there is no such image among the tokens.
        """
        images = [number for number, span in enumerate(self.spans) if span["kind"] == "image"]
        if not 0 <= image < len(images):
            raise InvalidRecordError(
                f"the {self.stack or 'only'} stack has {len(images)} images, got image={image}"
            )
        span = self.spans[images[image]]
        places = places_of(self.spans, len(self.tokens))
        at = np.flatnonzero(places.span == images[image])
        grid = np.zeros((span.get("frames", 1), span["rows"], span["cols"]), np.float32)
        grid[places.frame[at], places.row[at], places.col[at]] = self.weights[query, at]
        return grid[0] if len(grid) == 1 else grid


def roll_out(
    header: Header, bands_of: BandsOf, *, stack: str | None = None, heads: str = "mean", discard: float = 0.0
) -> Rollout:
    """The rollout of one stack of a record; ``bands_of`` gives the weights of a layer by its number.

    Raises:
        InvalidRecordError: the stack has no rollout, and why not; or an argument is wrong.
    """
    check(heads, discard)
    chosen = stack_of(header, stack)
    numbers = [
        number for number, layer in enumerate(header.layers) if layer.stack == chosen and layer.kind == "self"
    ]
    reason = refusal(header, numbers)
    if reason:
        raise InvalidRecordError(f"the {chosen or 'only'} stack has no rollout: {reason}")
    length, name = header.layers[numbers[0]].keys, header.layers[numbers[0]].key_tokens
    rolled = np.eye(length, dtype=np.float32)
    for number in numbers:
        fused = over_heads(bands_of(number), header.layers[number].heads, length, heads)
        if np.isnan(fused).any():
            raise InvalidRecordError(f"layer {number} has rows without numbers, so there is no rollout")
        rolled = mixed(discarded(fused, discard)) @ rolled
    return Rollout(rolled, list(header.tokens[name]), chosen, numbers, header.geometry.get(name, ()))


def check(heads: str, discard: float) -> None:
    """Raise InvalidRecordError for arguments that mean nothing."""
    if heads not in OVER_HEADS:
        raise InvalidRecordError(f"heads must be one of {', '.join(OVER_HEADS)}, got {heads!r}")
    if not 0 <= discard < 1:
        raise InvalidRecordError(f"discard must be a share from 0 to below 1, got {discard!r}")


def stack_of(header: Header, stack: str | None) -> str:
    """The stack that is asked for; else the only one, or the only one with an image.

    Raises:
        InvalidRecordError: there is no such stack, or there are several.
    """
    stacks = list(dict.fromkeys(layer.stack for layer in header.layers if layer.kind == "self"))
    if stack is None:
        pictured = {
            layer.stack
            for layer in header.layers
            if any(span["kind"] == "image" for span in header.geometry.get(layer.key_tokens, ()))
        }
        candidates = stacks if len(stacks) == 1 else [each for each in stacks if each in pictured]
        if len(candidates) == 1:
            return candidates[0]
    elif stack in stacks:
        return stack
    raise InvalidRecordError(f"stack must be one of {', '.join(map(repr, stacks)) or 'none'}, got {stack!r}")


def refusal(header: Header, numbers: Sequence[int]) -> str:
    """Why these layers cannot be multiplied; empty where they can."""
    layers = [header.layers[number] for number in numbers]
    lengths = list(dict.fromkeys(length for layer in layers for length in (layer.queries, layer.keys)))
    lists = {name for layer in layers for name in layer.lists}
    if len(lengths) > 1 or len(lists) > 1:
        return (
            f"its layers have {', '.join(map(str, lengths))} positions, such as stages that pool patches, and no layer's "
            f"keys are the next one's queries"
        )
    if lengths[0] > MOST_POSITIONS:
        return f"it has {lengths[0]} positions, and at most {MOST_POSITIONS} are multiplied"
    pictured = any(span["kind"] == "image" for span in header.geometry.get(layers[0].key_tokens, ()))
    windows = [
        number
        for number, layer in zip(numbers, layers, strict=True)
        if pictured and (layer.mask == "other" or layer.mask.startswith("window"))
    ]
    if windows:
        return f"in layers {listed(windows)} a patch sees only a window of the picture, so no weight tells of the rest"
    left_out = [number for number, layer in zip(numbers, layers, strict=True) if layer.source == "left_out"]
    if left_out:
        return f"the weights of layers {listed(left_out)} are not in the record"
    return missing_layers([layer.name for layer in layers])


def missing_layers(names: Iterable[str]) -> str:
    """What to say of layers of the stack that are not in the record, by the numbers in the modules' names."""
    found = [re.findall(r"\d+", name) for name in names]
    columns = list(zip(*found, strict=False)) if len({len(each) for each in found}) == 1 else []
    counting = next((each for each in columns if len(set(each)) == len(found)), ())
    numbers = sorted(map(int, counting))
    if not numbers or (
        numbers[0] in (0, 1) and numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    ):
        return ""
    return (
        f"it has only the model's layers {listed(numbers)}; those between them were not logged, or show windows of the "
        f"picture"
    )


def listed(numbers: Sequence[int]) -> str:
    """Numbers for a message, the first ten."""
    return ", ".join(map(str, numbers[:10])) + (", …" if len(numbers) > 10 else "")


def over_heads(bands: Iterable[Band], heads: int, length: int, way: str) -> Matrix:
    """``[query, key]``: the mean, maximum or minimum of all heads."""
    start = {"mean": 0.0, "max": -np.inf, "min": np.inf}[way]
    fused = np.full((length, length), start, np.float32)
    for band in bands:
        rows = fused[band.rows]
        if way == "mean":
            rows += band.weights.sum(axis=0) / heads
        else:
            extreme = band.weights.max(axis=0) if way == "max" else band.weights.min(axis=0)
            np.copyto(rows, (np.maximum if way == "max" else np.minimum)(rows, extreme))
    return fused


def discarded(fused: Matrix, share: float) -> Matrix:
    """With the smallest weights set to 0, as many as the share says."""
    count = int(share * fused.size)
    if count:
        fused.ravel()[np.argpartition(fused, count, axis=None)[:count]] = 0
    return fused


def mixed(fused: Matrix) -> Matrix:
    """What a layer passes on: half its attention, half the position itself, each row summing to 1."""
    passed: Matrix = fused + np.eye(len(fused), dtype=np.float32)
    passed /= passed.sum(axis=-1, keepdims=True)
    return passed
