"""A page's script, whether or not the frontend is built."""

from __future__ import annotations

from pathlib import Path

import pytest
from logs.stand_in_bundle import stand_in


@pytest.fixture(autouse=True)
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that does nothing."""
    stand_in(tmp_path, monkeypatch, "export function render() {}")
