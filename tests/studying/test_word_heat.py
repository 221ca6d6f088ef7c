"""A word's map over all resolutions, against torch's own bilinear enlargement; and what has none."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from logs.random_attention import softmax_weights

from tensorboard_plugin_attn import LayerAttention, word_heat
from tensorboard_plugin_attn.errors import InvalidRecordError

WORDS = 5
SIZES = [((8, 8), [(8, 8), (4, 4), (1, 1)]), ((8, 12), [(8, 12), (4, 6), (2, 3)]), ((6, 16), [(3, 8)])]


@pytest.mark.parametrize(("size", "grids"), SIZES)
@pytest.mark.parametrize("word", [2, [1, 3]])
def test_the_maps_are_those_that_torch_enlarges(
    size: tuple[int, int], grids: list[tuple[int, int]], word: int | list[int]
) -> None:
    maps = [softmax_weights(3, rows * cols, WORDS, rows) for rows, cols in grids]
    layers = [LayerAttention(each, kind="cross") for each in maps]
    layers.append(LayerAttention(softmax_weights(2, size[0] * size[1], size[0] * size[1])))
    expected = torch.zeros(size)
    for each, grid in zip(maps, grids, strict=True):
        chosen = torch.from_numpy(each)[:, :, [word] if isinstance(word, int) else word].sum(-1)
        small = chosen.reshape(1, 3, *grid)
        expected += torch.nn.functional.interpolate(small, size=size, mode="bilinear")[0].sum(0)
    assert word_heat(layers, word, size) == pytest.approx(expected.numpy(), abs=1e-5)


def test_one_input_of_a_batch_is_taken() -> None:
    maps = np.stack([softmax_weights(2, 16, WORDS, seed) for seed in (1, 2)])
    both = [LayerAttention(torch.from_numpy(maps), kind="cross")]
    alone = [LayerAttention(maps[1], kind="cross")]
    assert word_heat(both, 0, (4, 4), batch=1) == pytest.approx(word_heat(alone, 0, (4, 4)))


@pytest.mark.parametrize(("word", "size"), [(WORDS, (4, 4)), (0, (5, 3)), ([], (4, 4))])
def test_a_word_or_a_shape_that_no_layer_has_is_refused(word: int | list[int], size: tuple[int, int]) -> None:
    layers = [LayerAttention(softmax_weights(2, 16, WORDS), kind="cross")]
    with pytest.raises(InvalidRecordError, match="no cross-attention from a grid"):
        word_heat(layers, word, size)
