"""The line that a demo prints at its end: it serves the log from any directory, without an active environment."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tensorboard_plugin_attn.demonstrating import story


@pytest.mark.parametrize("script", ["as installed", "missing"])
def test_the_printed_line_starts_this_environments_tensorboard_from_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    if script == "missing":
        monkeypatch.setattr(story.shutil, "which", lambda name, path: None)
    (tmp_path / "my runs").mkdir()
    monkeypatch.chdir(tmp_path)
    line = story.command(Path("my runs"))
    words = shlex.split(line)
    assert words[-2:] == ["--logdir", str(tmp_path / "my runs")]
    assert Path(words[0]).parent == Path(sys.executable).parent
    done = subprocess.run(
        f"{line} --version_tb", shell=True, cwd="/", env={"PATH": ""}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
