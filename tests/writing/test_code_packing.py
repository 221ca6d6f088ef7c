"""Codes that are packed while further layers are encoded: the same bytes, whatever memory they lay in."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tensorboard_plugin_attn import AttentionReader, AttentionWriter
from tensorboard_plugin_attn.capturing.calls import row_blocks
from tensorboard_plugin_attn.encoding.codes import compress, decompress
from tensorboard_plugin_attn.encoding.format import read_tensor
from tensorboard_plugin_attn.encoding.layer import EncodedLayer
from tensorboard_plugin_attn.encoding.members import Members, pack_heads
from tensorboard_plugin_attn.encoding.overview import SIDE, encode_log, pool_to
from tensorboard_plugin_attn.encoding.rebuild import read_overview
from tensorboard_plugin_attn.encoding.spill import parts_of
from tensorboard_plugin_attn.writing import code_packing
from tensorboard_plugin_attn.writing.code_packing import CodePacking, LayerPacking

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
        CodePacking, "room", lambda self, size: np.full(size, 77, np.uint8)
    )  # of another layer
    source = log(tmp_path, queries).source(".", "probe", 0)
    for number in range(len(Layers.masks)):
        sizes = read_tensor(source.header, source.read, f"layer.{number}.member_bytes")
        packed = read_tensor(source.header, source.read, f"layer.{number}.weights").tobytes()
        for member in np.split(np.frombuffer(packed, np.uint8), np.cumsum(sizes)[:-1]):
            codes = np.frombuffer(decompress(member.tobytes()), np.uint8).reshape(LENGTH, LENGTH)
            assert np.flatnonzero(codes.any(axis=1)).tolist() == queries


def test_memory_serves_the_next_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    packing = CodePacking()
    layer = LayerPacking(packing, 2)
    room = layer.room((2, 3, 4))
    layer.add(0, room, room.shape[2])
    assert layer.room((2, 3, 4)).base is room.base
    assert layer.room((2, 3, 4)).base is not room.base
    layer.add(0, room, room.shape[2])
    assert layer.room((2, 3, 5)).shape == (2, 3, 5)


def heads_of(members: Members) -> list[bytes]:
    """The bytes of each head's member."""
    data = np.frombuffer(b"".join(parts_of(members.pieces)), np.uint8)
    return [decompress(each.tobytes()) for each in np.split(data, np.cumsum(members.sizes)[:-1])]


def refuse(*args: object) -> None:
    raise RuntimeError("can't start new thread")


CODES = np.random.default_rng(0).integers(0, 200, (4, 5, 1000)).astype(np.uint8)


@pytest.mark.parametrize("has_thread", [True, False])
@pytest.mark.parametrize("rows", [1, 2, 5])
@pytest.mark.parametrize("heads", [2, 4])
def test_rows_that_come_in_parts_make_one_member_a_head(
    monkeypatch: pytest.MonkeyPatch, heads: int, rows: int, has_thread: bool
) -> None:
    if not has_thread:
        monkeypatch.setattr(ThreadPoolExecutor, "submit", refuse)
    monkeypatch.setattr(code_packing, "MOST_BYTES", 4000)
    packing = CodePacking()
    layer = LayerPacking(packing, len(CODES))
    for first in range(0, len(CODES), heads):
        for row in range(0, CODES.shape[1], rows):
            part = CODES[first : first + heads, row : row + rows]
            room = layer.room(part.shape)
            room[:] = part
            layer.take(first, row, room, room.shape[2])
    found = layer.end().result()
    packing.end()
    assert heads_of(found) == [head.tobytes() for head in CODES]
    assert found.nbytes == sum(map(len, found.pieces))


def test_rows_that_cannot_be_packed_fail_with_their_layer() -> None:
    layer = LayerPacking(CodePacking(), 1)
    room = layer.room((2, 1, 4))
    layer.take(0, 0, room, 4)  # of a head that it has not
    with pytest.raises(ValueError, match="longer"):
        layer.end().result()


def test_codes_are_packed_at_once_where_no_thread_can_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ThreadPoolExecutor, "submit", refuse)
    codes = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    found = CodePacking().begin(lambda: pack_heads(codes, compress), codes.nbytes).result(timeout=0)
    assert found == pack_heads(codes, compress)
    assert heads_of(found) == [each.tobytes() for each in codes]


class Spread(nn.Module):
    """Layers whose weights are spread out, so that deflating their codes gains little."""

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        for number in range(3):
            drawn = torch.Generator().manual_seed(number)
            query, key = torch.randn(2, 1, HEADS, 520, WIDTH, generator=drawn).unbind()
            states = F.scaled_dot_product_attention(query, key, states, is_causal=True)
        return states


def bytes_kept(directory: Path, room: int, *, queries: list[int] | None = None) -> tuple[int, list[str]]:
    """The bytes of the codes in a record of 3 layers of 520 tokens, each read by gzip, and what each layer is read from."""
    states = torch.randn(1, HEADS, 520, WIDTH, generator=torch.Generator().manual_seed(9))
    with AttentionWriter(directory, keep="weights", max_record_bytes=room) as writer:
        tokens = [f"t{at % 11}" for at in range(520)]
        writer.add_probe("probe", Spread(), states, tokens, 0, queries=queries)
    source, taken = AttentionReader(directory).source(".", "probe", 0), 0
    for number in range(3):
        packed = read_tensor(source.header, source.read, f"layer.{number}.weights").tobytes()
        assert len(gzip.decompress(packed)) == HEADS * 520 * 520  # members one after another
        taken += len(packed)
    return taken, [layer.source for layer in source.header.layers]


def test_layers_dropped_after_they_were_packed_have_the_pictures_of_their_codes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(code_packing, "LEAST_BYTES", 0)
    monkeypatch.setattr("tensorboard_plugin_attn.writing.probe_rows.SMALL_BYTES", 0)
    bytes_kept(tmp_path / "whole", 64 << 20)
    dropped = []
    monkeypatch.setattr(EncodedLayer, "pooled_codes", noting(EncodedLayer.pooled_codes, dropped))
    states = torch.randn(1, HEADS, 520, WIDTH, generator=torch.Generator().manual_seed(9))
    with (
        pytest.warns(RuntimeWarning, match="no weights"),
        AttentionWriter(tmp_path / "few", keep="weights", max_record_bytes=500_000) as writer,
    ):
        writer.add_probe("probe", Spread(), states, [f"t{at % 11}" for at in range(520)], 0)
    source = AttentionReader(tmp_path / "few").source(".", "probe", 0)
    layers = AttentionReader(tmp_path / "whole").read(".", "probe", 0).layers
    same = 0
    for number, entry in enumerate(source.header.layers):
        assert (entry.source == "left_out") == (entry.overview is not None)
        for head in range(HEADS if entry.source == "left_out" else 0):
            found = read_overview(source.header, source.read, number, head)
            assert found is not None
            expected = pool_to(encode_log(layers[number].weights[head]), SIDE)
            assert np.abs(found.astype(int) - expected)[expected > 100].max() <= 1
            same += np.array_equal(found, expected)
    assert same == HEADS * len(dropped) > 0


def noting(function: Callable[..., Any], calls: list[Any]) -> Callable[..., Any]:
    """The same function, each call of it noted."""

    def noted(*given: Any) -> Any:
        calls.append(given)
        return function(*given)

    return noted


def test_rows_are_stored_where_a_record_has_the_room_for_it_and_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(code_packing, "LEAST_BYTES", 0)
    monkeypatch.setattr("tensorboard_plugin_attn.writing.probe_rows.SMALL_BYTES", 0)
    stored, sources = bytes_kept(tmp_path / "stored", 64 << 20)
    assert sources == ["codes"] * 3
    assert stored > 3 * HEADS * 520 * 520 / 2  # all that a query sees
    tight = int(stored * 0.97)
    deflated, sources = bytes_kept(tmp_path / "deflated", tight)
    assert sources == ["codes"] * 3
    assert deflated < tight
    chosen, _ = bytes_kept(tmp_path / "chosen", 64 << 20, queries=list(range(8, 520, 16)))
    assert chosen < stored / 10
    of_both = [AttentionReader(tmp_path / name).read(".", "probe", 0) for name in ("deflated", "stored")]
    for one, other in zip(*(record.layers for record in of_both), strict=True):
        np.testing.assert_array_equal(one.weights, other.weights)
    names = {each.name for each in (tmp_path / "stored").rglob("*") if each.is_file()}
    assert all(name.endswith(".safetensors") or "tfevents" in name for name in names), names


def test_rows_that_no_memory_was_left_for_are_told_and_the_training_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse_memory(*_: object) -> None:
        raise MemoryError("no memory")

    monkeypatch.setattr(code_packing, "LEAST_BYTES", 0)
    monkeypatch.setattr("tensorboard_plugin_attn.writing.probe_rows.SMALL_BYTES", 0)
    monkeypatch.setattr("tensorboard_plugin_attn.encoding.members.stored_rows", refuse_memory)
    states = torch.randn(1, HEADS, 520, WIDTH, generator=torch.Generator().manual_seed(9))
    with pytest.warns(RuntimeWarning) as told, AttentionWriter(tmp_path, keep="weights") as writer:
        writer.add_probe("probe", Spread(), states, [f"t{at}" for at in range(520)], 0)
    said = [str(each.message) for each in told]
    assert any("cannot write" in each and "no memory" in each for each in said)
    assert any("1 lost" in each for each in said)
