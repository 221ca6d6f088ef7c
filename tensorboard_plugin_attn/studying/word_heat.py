"""Cross-attention of a diffusion model at many resolutions → where in the image a word of the prompt goes.

Tang et al. 2022 (DAAM): each layer's weights on the word, a grid of its own resolution, are brought to the latent's size and
summed over heads and layers; over denoising steps by adding what this gives for each.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import isqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn.errors import InvalidRecordError
from tensorboard_plugin_attn.record.checks import to_numpy
from tensorboard_plugin_attn.record.layer import LayerAttention

__all__ = ["word_heat"]

Matrix = NDArray[np.float32]


def word_heat(
    layers: Iterable[LayerAttention[Any]], word: int | Sequence[int], size: tuple[int, int], *, batch: int = 0
) -> Matrix:
    """Where a word of a diffusion model's prompt goes, float32 ``[row, column]`` at the latent's size.

    Args:
        layers: of one denoising step, such as ``captured.layers``, weights ``[batch, head, query, key]``, or a record's;
            self-attention among them is left out.
        word: the position of the word in the prompt, or several.
        size: rows and columns of the latent.
        batch: which input; with classifier-free guidance the second half of the batch has the prompt.

    Returns:
        The sum over cross-attention layers and heads of the weights on the word (of several: their sum), each grid
        enlarged bilinearly.

    Raises:
        InvalidRecordError: no layer looks from a grid of the latent's shape at a prompt with this word.
    """
    words = [word] if isinstance(word, int) else list(word)
    heat, seen = np.zeros(size, np.float32), []
    for layer in layers:
        if layer.kind != "cross":
            continue
        weights = to_numpy(layer.weights)
        weights = weights if weights.ndim == 3 else weights[batch if len(weights) > 1 else 0]
        grid = grid_of(weights.shape[-2], size)
        seen.append(weights.shape[-2:])
        if grid is None or not words or not all(0 <= each < weights.shape[-1] for each in words):
            continue
        onto = np.asarray(weights[:, :, words].sum((0, 2)), np.float32).reshape(grid)
        heat += enlarged(grid[0], size[0]) @ onto @ enlarged(grid[1], size[1]).T
    if not heat.any():
        raise InvalidRecordError(
            f"no cross-attention from a grid of the shape {size} to word {word}; the layers of cross-attention have queries "
            f"and keys {seen[:8]}"
        )
    return heat


def grid_of(count: int, size: tuple[int, int]) -> tuple[int, int] | None:
    """Rows and columns of ``count`` positions in the proportions of the latent; None where there are none such."""
    rows = isqrt(max(0, round(count * size[0] / size[1])))
    near = [each for each in (rows, rows + 1) if each and count % each == 0]
    return next(
        ((each, count // each) for each in near if abs(each * size[1] - count // each * size[0]) < max(size)),
        None,
    )


def enlarged(small: int, large: int) -> Matrix:
    """Bilinear interpolation as a matrix ``[large, small]``, samples at the middles of their cells."""
    places = np.clip((np.arange(large) + 0.5) * small / large - 0.5, 0, small - 1)
    below = np.minimum(places.astype(int), max(0, small - 2))
    share = (places - below).astype(np.float32)
    matrix = np.zeros((large, small), np.float32)
    matrix[np.arange(large), below] = 1 - share
    matrix[np.arange(large), np.minimum(below + 1, small - 1)] += share
    return matrix
