"""A labelled layer that is small → a copy of its own, put aside to be encoded by the writing thread."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from copy import copy
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn.encoding.layer import VECTORS
from tensorboard_plugin_attn.record.layer import LayerAttention

__all__ = ["Aside", "Labelled", "Rooms"]

MOST_BYTES = 16 << 20  # of maps whose memory is kept

CODES = 1.25  # of float32 weights, and of the codes that are made beside them


@dataclass(frozen=True)
class Labelled:
    """A layer that was checked, the ``number`` of its record's, the model's attention call of a number, and in which form
    it is kept.

    ``metrics``: float32 ``[head, metric]`` where some were measured already; NaN in the columns of the others.
    """

    layer: LayerAttention
    number: int
    call: int
    source: str
    is_kept: bool = True
    metrics: NDArray[np.float32] | None = None

    @property
    def nbytes(self) -> int:
        """Bytes held until it is encoded, its codes included."""
        return bytes_of(self.layer)


class Rooms:
    """Memory of maps that were encoded, for those to come: the system takes longer to hand out new memory than a copy."""

    def __init__(self) -> None:
        self.arrays: deque[NDArray[np.float32]] = deque()

    def copy(self, weights: NDArray[np.float32]) -> NDArray[np.float32]:
        """The same numbers in memory that nobody else writes to."""
        with suppress(IndexError):
            while True:
                known = self.arrays.popleft()
                if known.shape == weights.shape:
                    np.copyto(known, weights)
                    return known
        return np.array(weights, order="C")

    def give(self, weights: NDArray[np.float32]) -> None:
        """A map that is not looked at any more."""
        if sum(each.nbytes for each in tuple(self.arrays)) + weights.nbytes <= MOST_BYTES:
            self.arrays.append(weights)


@dataclass
class Aside:
    """What of one call's layers may wait: ``left`` bytes of them. ``measures``: of which metrics' names the numbers are wanted
    at once, with all that need more than one layer's weights; None: of none."""

    left: int
    rooms: Rooms = field(default_factory=Rooms)
    measures: Callable[[str], bool] | None = None

    def takes(self, layer: LayerAttention) -> bool:
        """Whether a layer may wait: it has its weights, without NaN (that is told at once), and there is room."""
        if layer.weights is None or layer.blocks is not None or bytes_of(layer) > self.left:
            return False
        if np.isnan(layer.weights.max()):
            return False
        self.left -= bytes_of(layer)
        return True

    def own(self, layer: LayerAttention, given: Any) -> LayerAttention:
        """The same, in memory that nobody else writes to; ``given``: the weights as they came."""
        result = copy(layer)
        if not isinstance(given, np.ndarray) or given.dtype == np.float32:  # else they were converted
            result.weights = self.rooms.copy(layer.weights)
        for name in (*VECTORS, "max_score"):
            value = getattr(layer, name)
            setattr(result, name, None if value is None else np.array(value))
        return result


def bytes_of(layer: LayerAttention) -> int:
    """Bytes of what a layer has."""
    beside = sum(getattr(getattr(layer, name), "nbytes", 0) for name in VECTORS)
    return int(CODES * layer.weights.nbytes) + beside
