"""Rows that come in parts → gzip members that every reader inflates, stored where deflating gains little."""

from __future__ import annotations

import gzip

import numpy as np
import pytest
from numpy.typing import NDArray

from tensorboard_plugin_attn.encoding import members as packing
from tensorboard_plugin_attn.encoding.codes import compress, decompress
from tensorboard_plugin_attn.encoding.members import MemberPacker, Members, deflated, stored_rows
from tensorboard_plugin_attn.encoding.spill import Spill, parts_of

DRAWN = np.random.default_rng(0)
IN_FILE, IN_MEMORY = 0, 1 << 30


def spread(shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Codes that deflating makes hardly smaller."""
    return DRAWN.integers(0, 220, shape).astype(np.uint8)


def packed(
    codes: NDArray[np.uint8],
    rows: int,
    *,
    stores: bool = True,
    most_held: int = IN_FILE,
    causal: bool = False,
) -> Members:
    """The members of codes that come so many rows at a time."""
    packer = MemberPacker(len(codes), Spill(most_held), stores=stores)
    for row in range(0, codes.shape[1], rows):
        some = np.ascontiguousarray(codes[:, row : row + rows])
        packer.add(0, some, row + some.shape[1] if causal else codes.shape[2])
    return packer.finish()


def heads_of(members: Members) -> list[bytes]:
    """The member of each head."""
    data = np.frombuffer(b"".join(parts_of(members.pieces)), np.uint8)
    return [each.tobytes() for each in np.split(data, np.cumsum(members.sizes)[:-1])]


@pytest.mark.parametrize("most_held", [IN_FILE, IN_MEMORY])
@pytest.mark.parametrize("rows", [1, 7, 64, 1000])
@pytest.mark.parametrize("length", [1, 33, 130, 700])
def test_rows_come_back_whatever_way_they_are_kept(length: int, rows: int, most_held: int) -> None:
    codes = spread((3, length, length)) * np.tri(length, dtype=np.uint8)
    codes[1] //= 64
    codes[2, length // 2 :] //= 64  # stored, then deflated
    found = packed(codes, rows, most_held=most_held, causal=True)
    assert found.stored or rows >= length / 10  # then half of what is tried is zeros
    for member, head in zip(heads_of(found), codes, strict=True):
        assert gzip.decompress(member) == head.tobytes()
        assert decompress(member, head.size) == head.tobytes()
    assert found.nbytes == sum(found.sizes) == sum(map(len, found.pieces))


def test_ways_may_change_at_any_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        packing.HeadPacker, "next_try", property(lambda head: 0, lambda head, at: None), raising=False
    )
    codes = spread((1, 64, 400))
    for row in range(0, 64, 16):
        codes[:, row : row + 8] //= 100
    found = packed(codes, 8)
    assert gzip.decompress(heads_of(found)[0]) == codes.tobytes()
    assert found.stored
    assert codes.size / 2 < found.nbytes < 0.7 * codes.size


def test_zeros_that_a_mask_leaves_take_a_few_bytes_a_row() -> None:
    codes = spread((2, 512, 512)) * np.tri(512, dtype=np.uint8)
    found = packed(codes, 64, causal=True)
    seen = 512 * 513 // 2
    assert found.sizes[0] < seen + 512 * (packing.GROUP // 2 + 20)
    assert found.sizes[0] < 1.25 * len(compress(codes[0]))


def test_rows_that_deflate_well_are_deflated() -> None:
    codes = spread((1, 512, 512)) // 32
    found = packed(codes, 64)
    assert not found.stored
    assert found.nbytes < 1.02 * len(compress(codes))


def test_rows_are_deflated_where_there_is_no_room_to_store_them() -> None:
    codes = spread((2, 256, 300))
    stored = packed(codes, 64)
    for most_held in (IN_FILE, IN_MEMORY):
        smaller = deflated(stored, Spill(most_held))
        assert not smaller.stored
        assert smaller.nbytes < stored.nbytes
        assert [gzip.decompress(each) for each in heads_of(smaller)] == [each.tobytes() for each in codes]
    assert not packed(codes, 64, stores=False).stored


def test_rows_too_long_for_a_stored_block_are_deflated() -> None:
    for keys, stores in ((packing.LONGEST, True), (packing.LONGEST + 1, False)):
        codes = spread((1, 24, keys)) * np.tri(24, keys, keys - 24, dtype=np.uint8)
        packer = MemberPacker(1, Spill(IN_FILE), stores=True)
        for row in range(0, 24, 2):  # the first see few enough keys
            packer.add(0, np.ascontiguousarray(codes[:, row : row + 2]), keys - 22 + row)
        found = packer.finish()
        assert found.stored == stores
        assert gzip.decompress(heads_of(found)[0]) == codes.tobytes()


@pytest.mark.parametrize("stop", [40, 64, 100])
def test_a_row_that_sees_what_its_block_should_hide_is_kept(stop: int) -> None:
    codes = np.zeros((1, 64, 100), np.uint8)
    codes[0, 0, stop - 1] = 9
    found = bytes(stored_rows(codes, stop).reshape(-1))
    member = packing.HEAD + found + packing.END + packing.zlib.crc32(codes).to_bytes(4, "little")
    assert gzip.decompress(member + codes.size.to_bytes(4, "little")) == codes.tobytes()
