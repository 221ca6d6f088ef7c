"""add_probe on a Swin written as torchvision's: a window larger than its image is not the image, one as large is not rolled."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tensorboard_plugin_attn import AttentionReader, AttentionWriter, ImageTokens
from tensorboard_plugin_attn.errors import InvalidRecordError

WINDOW, WIDTH, HEADS = 4, 16, 2


class ShiftedWindows(nn.Module):
    """Keeps each window's weights ``[window, head, place, place]``; where one window is all, nothing is rolled."""

    def __init__(self, shift: int) -> None:
        super().__init__()
        self.window_size, self.shift_size, self.num_heads = [WINDOW, WINDOW], [shift, shift], HEADS
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.weights = torch.empty(0)

    def forward(self, x: Tensor) -> Tensor:
        batch, rows, cols, width = x.shape
        x = F.pad(x, (0, 0, 0, -cols % WINDOW, 0, -rows % WINDOW))
        high, wide = x.shape[1:3]
        shifts = [
            0 if size >= length else shift
            for size, length, shift in zip(self.window_size, (high, wide), self.shift_size, strict=True)
        ]
        x = torch.roll(x, [-shift for shift in shifts], (1, 2))
        x = x.view(batch, high // WINDOW, WINDOW, wide // WINDOW, WINDOW, width).transpose(2, 3)
        x = x.reshape(-1, WINDOW * WINDOW, width)
        query, key, value = self.qkv(x).unflatten(-1, (3, HEADS, -1)).permute(2, 0, 3, 1, 4)
        self.weights = (4 * query @ key.mT).softmax(-1)
        states = (self.weights @ value).transpose(1, 2).flatten(2)
        states = states.view(batch, high // WINDOW, wide // WINDOW, WINDOW, WINDOW, width).transpose(2, 3)
        return torch.roll(states.reshape(batch, high, wide, width), shifts, (1, 2))[:, :rows, :cols]


class Stage(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Conv2d(3, WIDTH, 4, 4)
        self.blocks = nn.Sequential(ShiftedWindows(0), ShiftedWindows(2))

    def forward(self, pixel_values: Tensor) -> Tensor:
        states: Tensor = self.blocks(self.embed(pixel_values).permute(0, 2, 3, 1))
        return states


def logged(side: int, logdir: Path, **options: Any) -> tuple[Stage, Any]:
    torch.manual_seed(0)
    model, pixels = Stage().eval(), {"pixel_values": torch.randn(1, 3, 4 * side, 4 * side)}
    with AttentionWriter(logdir, precision="float32") as writer, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        writer.add_probe("x", model, pixels, ImageTokens(grid=(side, side)), 0, **options)
    return model, AttentionReader(logdir).read(".", "x", 0)


@pytest.mark.parametrize("options", [{}, {"windows": "scatter"}], ids=str)
def test_one_window_as_large_as_the_image_is_the_image(options: dict[str, Any], tmp_path: Path) -> None:
    model, record = logged(WINDOW, tmp_path, **options)
    for layer, block in zip(record.layers, model.blocks, strict=True):
        np.testing.assert_allclose(layer.weights, block.weights[0].detach(), atol=1e-6)


def test_a_window_larger_than_the_image_is_refused_or_cut_to_it(tmp_path: Path) -> None:
    with pytest.raises(InvalidRecordError, match="its window has 16 positions, and the image fewer"):
        logged(3, tmp_path)
    model, record = logged(3, tmp_path, windows="scatter")
    inside = [row * WINDOW + col for row in range(3) for col in range(3)]
    for layer, block in zip(record.layers, model.blocks, strict=True):
        expected = block.weights[0].detach()[:, inside][:, :, inside]
        np.testing.assert_allclose(layer.weights, expected, atol=1e-6)
