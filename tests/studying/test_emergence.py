"""The largest lasting change of a series, planted at a known step."""

from __future__ import annotations

import numpy as np
import pytest

from tensorboard_plugin_attn.studying.emergence import Emergence, find_emergence


def one(series: list[float] | np.ndarray) -> Emergence:
    return find_emergence(np.asarray(series, np.float32)[:, None, None, None])


def marked_at(series: list[float] | np.ndarray, **options: float) -> int | None:
    """The index of the marked step."""
    emergence = one(series)
    return int(emergence.index.item()) if emergence.marked(**options).item() else None


def noisy(length: int, seed: int = 0, size: float = 0.01) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=length) * size


def test_a_step_is_found_with_its_values_before_and_after() -> None:
    emergence = one([0.1] * 7 + [0.6] * 5)
    assert emergence.index.item() == 7
    assert emergence.before.item() == pytest.approx(0.1)
    assert emergence.after.item() == pytest.approx(0.6)
    assert emergence.size.item() == pytest.approx(0.5)
    assert emergence.noise.item() == 0


@pytest.mark.parametrize("at", [5, 60, 95])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_planted_change_is_marked_at_its_step_under_noise(at: int, sign: int) -> None:
    series = 0.5 + noisy(100)
    series[at:] += sign * 0.3
    assert marked_at(series) == at


def test_gaps_do_not_move_the_mark_and_are_not_marked_themselves() -> None:
    series = 0.2 + noisy(60)
    series[30:] += 0.4
    series[[0, 3, 28, 29, 31, 59]] = np.nan
    assert marked_at(series) == 30


def test_a_short_spike_is_no_lasting_change() -> None:
    series = 0.2 + noisy(60)
    series[20:23] += 0.7
    assert marked_at(series) is None


def test_a_change_within_the_heads_own_noise_is_not_marked() -> None:
    series = 0.5 + noisy(40, size=0.2)
    series[20:] += 0.2
    assert marked_at(series) is None


def test_small_changes_are_marked_only_when_asked_for() -> None:
    series = [0.1] * 10 + [0.2] * 10
    assert marked_at(series) is None
    assert marked_at(series, smallest=0.05) == 10


@pytest.mark.parametrize("series", [[], [0.3], [0.3, 0.3], [np.nan] * 5, [0.1, np.nan, np.nan]], ids=str)
def test_too_short_flat_or_unknown_series_have_no_change(series: list[float]) -> None:
    assert marked_at(series) is None
    assert one(series).index.item() == -1


def test_two_steps_are_enough_for_a_change() -> None:
    assert one([0.1, 0.9]).index.item() == 1


def test_metrics_beyond_one_are_measured_by_their_range_over_all_heads() -> None:
    values = np.zeros((20, 1, 2, 1), np.float32)
    values[:, 0, 0, 0] = [2.0] * 10 + [12.0] * 10
    values[:, 0, 1, 0] = [2.0] * 10 + [3.0] * 10
    emergence = find_emergence(values)
    assert emergence.scales.tolist() == [12]
    assert emergence.marked()[0, :, 0].tolist() == [True, False]


def test_each_series_is_judged_on_its_own_whatever_stands_beside_it() -> None:
    rng = np.random.default_rng(1)
    values = rng.random((50, 3, 4, 5)).astype(np.float32)
    values[rng.random(values.shape) < 0.1] = np.nan
    together = find_emergence(values)
    for cell in [(0, 0, 0), (1, 2, 3), (2, 3, 4)]:
        alone = one(values[(slice(None), *cell)])
        assert together.index[cell] == alone.index.item()
        assert together.before[cell] == pytest.approx(alone.before.item())
        assert together.noise[cell] == pytest.approx(alone.noise.item())
