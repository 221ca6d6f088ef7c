import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensorboard_plugin_attn.writing.room import Room


def kept_of(sizes: list[float], limit: float) -> list[int]:
    room = Room(limit)
    gone: set[int] = set()
    for number, size in enumerate(sizes):
        dropped = room.take(number, size)
        assert not gone & set(dropped)
        gone |= set(dropped)
    assert gone | set(room.kept) == set(range(len(sizes)))
    return sorted(room.kept)


@pytest.mark.parametrize(
    ("sizes", "limit", "kept"),
    [
        ([1] * 8, 4, [0, 2, 4, 6]),
        ([1] * 8, 1, [0]),
        ([1] * 12, 3, [0, 4, 8]),
        ([100, 100, 5, 100, 5, 5], 115, [0, 2, 4, 5]),
        ([100, 100, 5, 100, 5, 5], 15, [2, 4, 5]),
        ([7, 8, 9], 6, []),
        ([], 1, []),
        ([3, 3], 0, []),
    ],
)
def test_small_layers_stay_and_equal_ones_are_spaced(
    sizes: list[float], limit: float, kept: list[int]
) -> None:
    assert kept_of(sizes, limit) == kept


@given(st.lists(st.integers(1, 40), max_size=24), st.integers(0, 200))
def test_what_is_kept_fits_and_nothing_left_out_would(sizes: list[float], limit: int) -> None:
    kept = kept_of(sizes, limit)
    total = sum(sizes[each] for each in kept)
    assert total <= limit
    for number, size in enumerate(sizes):
        if number not in kept:
            assert total + size > limit
            assert all(sizes[each] <= size for each in kept)


@given(st.integers(1, 60), st.integers(1, 60))
def test_equal_layers_leave_no_gap_above_three_times_the_mean(layers: int, fit: int) -> None:
    kept = kept_of([1] * layers, fit)
    assert kept[0] == 0
    assert len(kept) == min(layers, fit)
    gaps = [after - before for before, after in zip(kept, [*kept[1:], layers], strict=True)]
    assert max(gaps) <= 3 * -(-layers // len(kept))
