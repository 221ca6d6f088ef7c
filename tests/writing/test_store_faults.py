"""A store that hangs, is killed, slow, cut, refusing or full while records are logged: all arrive, once, in order."""

from __future__ import annotations

from pathlib import Path

import pytest
from logs.store_faults import FAULTS, Endured, endure

RECORDS = 200
SECONDS = 300


@pytest.fixture(autouse=True)
def _store() -> None:
    pytest.importorskip("moto")
    pytest.importorskip("s3fs")


def check(endured: Endured, records: int) -> None:
    """What must hold after any fault."""
    assert endured.safe == records
    assert endured.arrived == list(range(records))
    assert list(dict.fromkeys(endured.written)) == list(range(records))
    assert max(endured.kinds.values(), default=1) == 1, endured.told


@pytest.mark.parametrize("fault", FAULTS)
def test_every_record_is_safe_during_a_fault_and_arrives_after_it(
    fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tensorboard_plugin_attn.writing.delivery.STORE_SECONDS", 5.0)
    monkeypatch.setattr("tensorboard_plugin_attn.writing.uploader.LONGEST_PAUSE", 0.5)
    check(endure(fault, 3.0, 20, tmp_path), 20)


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_five_minutes_of_a_fault_lose_nothing(fault: str, tmp_path: Path) -> None:
    check(endure(fault, SECONDS, RECORDS, tmp_path), RECORDS)
