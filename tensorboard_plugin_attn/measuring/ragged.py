"""Arrays of different lengths, such as layers with different numbers of heads → one array, gaps filled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["stack_ragged"]


def stack_ragged(
    arrays: Sequence[NDArray[Any]],
    *,
    fill: float = np.nan,
    dtype: Any = np.float32,
    least: Sequence[int] = (),
) -> NDArray[Any]:
    """Arrays ``[a, b, …]`` → ``[array, a, b, …]`` of the largest lengths, ``fill`` where an array ends earlier.

    ``least`` are lengths that the result has at least, for when there is no array to tell.
    """
    shapes = [array.shape for array in arrays] + ([tuple(least)] if least else [])
    lengths = [max(each) for each in zip(*shapes, strict=True)]
    stacked = np.full((len(arrays), *lengths), fill, dtype)
    for target, array in zip(stacked, arrays, strict=True):
        target[tuple(map(slice, array.shape))] = array
    return stacked
