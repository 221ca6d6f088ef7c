"""Thinned series: least, most and last of every pixel column, gaps as gaps, and changes since a token."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tensorboard_plugin_attn.reading.series import MetricBlock, SeriesLayer
from tensorboard_plugin_attn.serving import thinned_series
from tensorboard_plugin_attn.serving.record_results import Packed
from tensorboard_plugin_attn.serving.thinned_series import ThinnedSeries
from tensorboard_plugin_attn.serving.thinning import (
    EXACT,
    GAP,
    LEAST,
    MOST,
    ThinRow,
    columns_over,
    thin_column,
)
from tensorboard_plugin_attn.storing.store import StepFile

HEADS, NAMES = 2, ("entropy", "sink")
VALUES = st.one_of(st.just(np.nan), st.floats(-1, 1, width=32))


def block(step: int, values: NDArray[np.float32] | None) -> MetricBlock:
    """The metrics of one made-up step of one layer."""
    layers = (SeriesLayer("l0", "self", "", HEADS),)
    return MetricBlock(step, step * 1.0, NAMES, layers, values)


def blocks_of(values: dict[int, list[float]]) -> list[MetricBlock]:
    """Steps and their numbers → blocks, in order."""
    shape = 1, HEADS, len(NAMES)
    return [block(step, np.array(values[step], np.float32).reshape(shape)) for step in sorted(values)]


def part(rows: list[ThinRow], number: int) -> NDArray[np.float32]:
    """The values of the one row of a kind."""
    (found,) = [row.block.values for row in rows if row.part == number]
    assert found is not None
    return found


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(st.integers(-(10**12), 10**12), st.lists(VALUES, min_size=4, max_size=4), min_size=1),
    st.integers(1, 40),
    st.booleans(),
)
def test_least_most_and_last_of_every_pixel_are_there_and_gaps_stay(
    values: dict[int, list[float]], width: int, is_log: bool
) -> None:
    blocks = blocks_of(values)
    columns = columns_over(blocks[0].step, blocks[-1].step, width, is_log=is_log)
    numbers = [columns.of(each.step) for each in blocks]
    assert numbers == sorted(numbers)
    assert numbers[-1] - numbers[0] < width
    for number in set(numbers):
        inside = [each for each, of in zip(blocks, numbers, strict=True) if of == number]
        rows = thin_column(inside)
        exact = np.stack([each.values for each in inside if each.values is not None])
        assert rows[-1] == ThinRow(inside[-1], EXACT, inside[-1].step)
        assert [row.place for row in rows] == sorted({row.place for row in rows})
        if len(inside) <= 3:
            assert [row.block for row in rows] == inside
            continue
        assert len(rows) <= 4
        np.testing.assert_array_equal(part(rows, LEAST), np.fmin.reduce(exact))
        np.testing.assert_array_equal(part(rows, MOST), np.fmax.reduce(exact))
        stacked = np.stack([row.block.values for row in rows if row.block.values is not None])
        np.testing.assert_array_equal(np.isnan(stacked).any(axis=0), np.isnan(exact).any(axis=0))


def test_a_row_that_is_of_no_step_lies_between_two() -> None:
    rows = thin_column(
        blocks_of({step: [step, 0, np.nan, 0.5 if step != 4 else np.nan] for step in (2, 4, 6, 8)})
    )
    assert [row.part for row in rows] == [LEAST, MOST, GAP, EXACT]
    assert [row.place for row in rows] == [2.5, 4.5, 6.5, 8]
    assert np.isnan(part(rows, GAP)[0, 1, 1])
    assert part(rows, GAP)[0, 0, 0] == 8


def step_file(step: int, mtime: float = 1.0) -> StepFile:
    return StepFile(step, "metrics", f"{step}", 10, mtime)


class Reads:
    """Reads made-up steps and counts how many."""

    def __init__(self, damaged: tuple[int, ...] = ()) -> None:
        self.count = 0
        self.damaged = damaged

    def __call__(self, file: StepFile) -> MetricBlock:
        self.count += 1
        shape = 1, HEADS, len(NAMES)
        fill = np.full(shape, file.step * file.mtime, np.float32)
        return block(file.step, None if file.step in self.damaged else fill)


def steps_of(*steps: int) -> dict[int, StepFile]:
    return {step: step_file(step) for step in steps}


def arrays_of(packed: Packed) -> dict[str, NDArray[np.generic]]:
    return {each.name: np.frombuffer(each.data, each.dtype).reshape(each.shape) for each in packed[0]}


def apply(old: dict[str, NDArray[np.generic]], packed: Packed) -> dict[str, NDArray[np.generic]]:
    """What whoever asks does with changes: drop the columns that are gone or came anew, add the new rows."""
    new, fields = arrays_of(packed), packed[1]
    if fields["whole"]:
        return new
    kept = ~np.isin(old["columns"], [*new["columns"], *fields["gone"]])
    merged = {name: np.concatenate([old[name][kept], new[name]]) for name in new}
    order = np.argsort(merged["steps"], kind="stable")
    return {name: array[order] for name, array in merged.items()}


CHANGES: dict[str, Callable[[dict[int, StepFile]], dict[int, StepFile]]] = {
    "a new step": lambda steps: {**steps, 401: step_file(401)},
    "a step written anew": lambda steps: {**steps, 100: step_file(100, 2.0)},
    "a step gone": lambda steps: {step: file for step, file in steps.items() if step != 200},
    "a column gone": lambda steps: {step: file for step, file in steps.items() if not 64 <= step < 128},
    "a longer axis": lambda steps: {**steps, 9000: step_file(9000)},
    "an earlier step": lambda steps: {-50: step_file(-50), **steps},
    "nothing": dict,
}


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_what_changed_since_a_token_gives_the_whole_anew(change: str) -> None:
    steps, reads = steps_of(*range(0, 400, 2)), Reads(damaged=(32,))
    series = ThinnedSeries(16)
    before = series.answer(steps, reads, "")
    assert before[1]["damaged"] == [32]
    changed = CHANGES[change](steps)
    after = series.answer(changed, reads, before[1]["token"])
    expected = arrays_of(ThinnedSeries(16).answer(changed, reads, ""))
    merged = apply(arrays_of(before), after)
    for name, array in expected.items():
        np.testing.assert_array_equal(merged[name], array)
    if change == "nothing":
        assert arrays_of(after)["values"].shape[0] == 0


def test_the_first_step_of_all_is_a_row_as_it_is() -> None:
    steps, series = steps_of(*range(3, 400)), ThinnedSeries(4)
    first = arrays_of(series.answer(steps, Reads(), ""))
    assert (first["steps"][0], first["parts"][0]) == (3, EXACT)
    assert list(first["parts"]).count(EXACT) == len(set(first["columns"])) + 1
    later = {step: file for step, file in steps.items() if step > 200}
    after = arrays_of(series.answer(later, Reads(), ""))
    assert (after["steps"][0], after["parts"][0]) == (201, EXACT)


def test_one_new_step_reads_and_sends_its_column_alone() -> None:
    steps, reads = steps_of(*range(2000)), Reads()
    series = ThinnedSeries(100)
    token = series.answer(steps, reads, "")[1]["token"]
    reads.count = 0
    packed = series.answer({**steps, 2000: step_file(2000)}, reads, token)
    assert set(arrays_of(packed)["columns"]) == {2000 // 32}
    assert reads.count < 64


@pytest.mark.parametrize("token", ["", "odd", "00000000-1", "0" * 400], ids=str)
def test_an_unknown_token_brings_everything(token: str) -> None:
    packed = ThinnedSeries(4).answer(steps_of(1, 2), Reads(), token)
    assert packed[1]["whole"]
    assert arrays_of(packed)["steps"].tolist() == [1, 2]


def test_what_was_not_read_in_time_is_pending_and_comes_later(monkeypatch: pytest.MonkeyPatch) -> None:
    steps, reads, series = steps_of(*range(100)), Reads(), ThinnedSeries(4)
    monkeypatch.setattr(thinned_series, "READ_SECONDS", 0)
    first = series.answer(steps, reads, "")
    assert first[1]["pending"] == 100
    assert not first[1]["thinned"]
    assert set(arrays_of(first)["parts"]) == {EXACT}
    monkeypatch.setattr(thinned_series, "READ_SECONDS", 60)
    second = series.answer(steps, reads, first[1]["token"])
    assert second[1]["pending"] == 0
    expected = arrays_of(ThinnedSeries(4).answer(steps, reads, ""))
    for name, array in apply(arrays_of(first), second).items():
        np.testing.assert_array_equal(array, expected[name])
