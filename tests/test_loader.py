"""The loader is light: a TensorBoard that never opens the tab pays nothing, and torch is never needed."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from logs.small_log import log_run

LOAD_AND_SERVE = """
import argparse, sys
from tensorboard.plugins import base_plugin
from tensorboard_plugin_attn.loader import AttnLoader
from werkzeug.test import Client

flags = argparse.Namespace(logdir=sys.argv[1], logdir_spec="", reload_interval=0)
apps = AttnLoader().load(base_plugin.TBContext(flags=flags)).get_plugin_apps()
where = "run=run&tag=probe&step=1&layer=0"
for route in ("index", "record", "thumbnails", "weights", "metrics", "index.js"):
    response = Client(apps["/" + route]).get(f"/data/plugin/attn/{route}?{where}")
    if response.status_code != 200:
        sys.exit(f"{route}: {response.text}")
"""


def modules_after(code: str, *arguments: str) -> set[str]:
    """The top-level modules that a fresh process has loaded after some code."""
    code += "\nprint(' '.join({name.partition('.')[0] for name in __import__('sys').modules}))"
    result = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False, timeout=120
    )
    assert result.returncode == 0, result.stderr
    return set(result.stdout.splitlines()[-1].split())


def test_importing_the_loader_imports_no_numpy() -> None:
    loaded = modules_after("import tensorboard_plugin_attn.loader")
    assert loaded.isdisjoint({"numpy", "torch", "transformers", "safetensors", "fsspec", "werkzeug"})


def test_serving_every_route_imports_neither_torch_nor_transformers(tmp_path: Path) -> None:
    log_run(tmp_path / "run")
    loaded = modules_after(LOAD_AND_SERVE, str(tmp_path))
    assert "numpy" in loaded
    assert loaded.isdisjoint({"torch", "transformers", "lightning", "tensorboardX", "tensorflow"})


@pytest.mark.parametrize("name", ["attn"])
def test_tensorboard_finds_the_loader_by_its_entry_point(name: str) -> None:
    (entry,) = entry_points(group="tensorboard_plugins", name=name)
    assert entry.value == "tensorboard_plugin_attn.loader:AttnLoader"
