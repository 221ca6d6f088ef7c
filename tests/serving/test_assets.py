"""Static files: only those that exist below the folder, each with its type."""

from __future__ import annotations

from pathlib import Path

import pytest

from tensorboard_plugin_attn.serving.answers import RequestError
from tensorboard_plugin_attn.serving.assets import find_asset

TYPES = [
    ("index.js", "text/javascript"),
    ("index.css", "text/css"),
    ("fonts/a.woff2", "font/woff2"),
    ("worker.js.map", "application/json"),
    ("LICENCES.txt", "text/plain"),
    ("odd.bin", "application/octet-stream"),
]
OUTSIDE = [
    "../secret.js",
    "fonts/../../secret.js",
    "/etc/passwd",
    "",
    ".",
    "fonts",
    "FONTS/a.woff2",
    "nothing.js",
]


@pytest.fixture
def static(tmp_path: Path) -> Path:
    folder = tmp_path / "static"
    for name, _ in TYPES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    (tmp_path / "secret.js").write_text("secret")
    return folder


@pytest.mark.parametrize(("name", "content_type"), TYPES)
def test_a_file_of_the_bundle_is_served_with_its_type(static: Path, name: str, content_type: str) -> None:
    answer = find_asset(name, static)
    assert (answer.content, answer.content_type) == (name.encode(), content_type)


@pytest.mark.parametrize("name", OUTSIDE)
def test_nothing_else_is_served(static: Path, name: str) -> None:
    with pytest.raises(RequestError) as caught:
        find_asset(name, static)
    assert caught.value.status == 404


def test_a_rebuilt_file_gets_another_etag(static: Path) -> None:
    before = find_asset("index.js", static).etag
    (static / "index.js").write_text("rebuilt")
    assert find_asset("index.js", static).etag != before


def test_without_a_bundle_the_module_says_how_to_build_it(tmp_path: Path) -> None:
    script = find_asset("index.js", tmp_path / "none").content.decode()
    assert "export function render()" in script
    assert "python frontend/hatch_build.py" in script
