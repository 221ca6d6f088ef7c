"""A page's script, whether or not the frontend is built."""

from __future__ import annotations

from pathlib import Path

import pytest

from tensorboard_plugin_attn.serving import standalone


@pytest.fixture(autouse=True)
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that does nothing."""
    folder = tmp_path / "static"
    folder.mkdir()
    (folder / "page.js").write_text("export function render() {}")
    monkeypatch.setattr(standalone, "STATIC", folder)
