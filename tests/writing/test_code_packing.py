"""Codes that are packed while further layers are encoded: the same bytes, whatever memory they lay in."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tensorboard_plugin_attn import AttentionReader, AttentionWriter
from tensorboard_plugin_attn.capturing.calls import row_blocks
from tensorboard_plugin_attn.encoding.codes import compress, decompress, pack_heads
from tensorboard_plugin_attn.encoding.format import read_tensor
from tensorboard_plugin_attn.writing import code_packing
from tensorboard_plugin_attn.writing.code_packing import CodePacking

HEADS, LENGTH, WIDTH = 2, 48, 32


class Layers(nn.Module):
    """A layer under each mask, so that memory of one that sees every key goes to one that does not."""

    masks = (False, True, False, True)

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        for number, is_causal in enumerate(self.masks):
            drawn = torch.Generator().manual_seed(number)
            query, key = torch.randn(2, 1, HEADS, LENGTH, WIDTH, generator=drawn).unbind()
            states = F.scaled_dot_product_attention(query * 2, key, states, is_causal=is_causal)
        return states


def log(directory: Path, queries: list[int] | None = None) -> AttentionReader:
    """A record of the layers, of all queries or some."""
    states = torch.randn(1, HEADS, LENGTH, WIDTH, generator=torch.Generator().manual_seed(9))
    with AttentionWriter(directory, keep="weights") as writer:
        writer.add_probe(
            "probe", Layers(), states, [f"t{at % 11}" for at in range(LENGTH)], 0, queries=queries
        )
    return AttentionReader(directory)


def weights_logged(directory: Path) -> list[np.ndarray]:
    """The weights of each layer, as they are read."""
    return [layer.weights for layer in log(directory).read(".", "probe", 0).layers]


@pytest.mark.filterwarnings("error")
def test_layers_that_share_memory_for_their_codes_are_what_they_are_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = weights_logged(tmp_path / "with their record")
    monkeypatch.setattr(code_packing, "LEAST_BYTES", 0)
    monkeypatch.setattr("tensorboard_plugin_attn.writing.probe_rows.SMALL_BYTES", 0)
    monkeypatch.setattr(row_blocks, "BLOCK_BYTES", 4096)
    found = weights_logged(tmp_path / "layer by layer")
    assert len(found) == len(Layers.masks)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


@pytest.mark.parametrize("queries", [[3, 7], [40]])
def test_rows_that_are_left_out_hold_nothing_of_the_layer_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, queries: list[int]
) -> None:
    monkeypatch.setattr(code_packing, "LEAST_BYTES", 0)
    monkeypatch.setattr("tensorboard_plugin_attn.writing.probe_rows.SMALL_BYTES", 0)
    monkeypatch.setattr(
        CodePacking, "room", lambda self, shape: np.full(shape, 77, np.uint8)
    )  # of another layer
    source = log(tmp_path, queries).source(".", "probe", 0)
    for number in range(len(Layers.masks)):
        sizes = read_tensor(source.header, source.read, f"layer.{number}.member_bytes")
        packed = read_tensor(source.header, source.read, f"layer.{number}.weights").tobytes()
        for member in np.split(np.frombuffer(packed, np.uint8), np.cumsum(sizes)[:-1]):
            codes = np.frombuffer(decompress(member.tobytes()), np.uint8).reshape(LENGTH, LENGTH)
            assert np.flatnonzero(codes.any(axis=1)).tolist() == queries


def test_memory_serves_the_next_layer_of_its_shape(monkeypatch: pytest.MonkeyPatch) -> None:
    packing = CodePacking()
    room = packing.room((2, 3, 4))
    packing.pack(room)
    assert packing.room((2, 3, 4)) is room
    assert packing.room((2, 3, 4)) is not room
    packing.pack(room)
    assert packing.room((2, 3, 5)).shape == (2, 3, 5)


def test_codes_are_packed_at_once_where_no_thread_can_start(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(ThreadPoolExecutor, "submit", refuse)
    codes = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    found = CodePacking().begin(codes).result(timeout=0)
    assert found == pack_heads(codes, compress)
    heads = np.split(np.frombuffer(found.data, np.uint8), [found.sizes[0]])
    assert [decompress(each.tobytes()) for each in heads] == [each.tobytes() for each in codes]
