"""Many runs written at once while somebody looks: nothing is lost, and the server's memory stays bounded."""

from __future__ import annotations

from pathlib import Path

import pytest
from logs.busy_day import simulate


def test_what_several_processes_write_while_somebody_looks_is_all_listed(tmp_path: Path) -> None:
    day = simulate(tmp_path, runs=6, records=60, processes=2, pause=0.1)
    assert (day.written, day.dropped, day.listed) == (360, 0, 360)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_day_of_a_hundred_thousand_records_loses_nothing_and_stays_bounded(tmp_path: Path) -> None:
    day = simulate(tmp_path, runs=50, records=2000, processes=4)
    assert (day.written, day.dropped, day.listed) == (100_000, 0, 100_000)
    assert max(day.mb) - day.mb[0] < 200
