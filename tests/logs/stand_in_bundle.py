"""A directory → the script of stand-alone pages, stood in for: whether or not the frontend is built."""

from __future__ import annotations

from pathlib import Path

import pytest

from tensorboard_plugin_attn.serving import standalone

__all__ = ["stand_in"]


def stand_in(directory: Path, monkeypatch: pytest.MonkeyPatch, script: str = "") -> None:
    """Let pages hold this script for the rest of the test."""
    folder = directory / "static"
    folder.mkdir()
    (folder / "page.js").write_text(script)
    monkeypatch.setattr(standalone, "STATIC", folder)
