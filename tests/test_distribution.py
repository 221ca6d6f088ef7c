"""The wheel and the sdist: what they must hold, and a description that works where the repository is not."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest

ROOT = next(each for each in Path(__file__).resolve().parents if (each / "dev.py").exists())
HOLDERS = {
    "preact": "Jason Miller",
    "@preact/signals": "Preact Team",
    "@preact/signals-core": "Preact Team",
    "fflate": "Arjun Barrett",
}
NOTICES = "tensorboard_plugin_attn/static/THIRD_PARTY_NOTICES.txt"
SCRIPTS = [f"tensorboard_plugin_attn/static/{name}" for name in ("index.js", "page.js")]
SHIPPED = ["tensorboard_plugin_attn/py.typed", *SCRIPTS, NOTICES]
LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with both, of the bundle that is there."""
    target = tmp_path_factory.mktemp("dist")
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", str(target)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, "SKIP_FRONTEND_BUILD": "1"},
    )
    assert done.returncode == 0, done.stderr
    return target


@pytest.fixture(scope="module")
def wheel(built: Path) -> zipfile.ZipFile:
    [path] = built.glob("*.whl")
    return zipfile.ZipFile(path)


@pytest.fixture(scope="module")
def metadata(wheel: zipfile.ZipFile) -> Message:
    [name] = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
    return Parser().parsestr(wheel.read(name).decode())


def test_the_wheel_holds_types_bundle_and_notices(wheel: zipfile.ZipFile) -> None:
    assert [name for name in SHIPPED if name not in wheel.namelist()] == []
    assert [name for name in wheel.namelist() if not name.startswith("tensorboard_plugin_attn")] == []


def test_every_package_in_the_bundle_has_its_copyright_notice(wheel: zipfile.ZipFile) -> None:
    notices = wheel.read(NOTICES).decode()
    parts = dict(re.findall(r"^(\S+) [\d.]+, MIT\n-+\n(.*?)(?=^\S+ [\d.]+, MIT\n|\Z)", notices, re.M | re.S))
    assert {name: holder in parts.get(name, "") for name, holder in HOLDERS.items()} == dict.fromkeys(
        HOLDERS, True
    )
    assert parts.keys() == HOLDERS.keys()


def test_the_notices_are_listed_as_licences(wheel: zipfile.ZipFile, metadata: Message) -> None:
    assert metadata.get_all("License-File") == ["LICENSE", NOTICES]
    listed = [name for name in wheel.namelist() if "/licenses/" in name]
    assert sorted(name.split("/licenses/")[1] for name in listed) == ["LICENSE", NOTICES]


def test_every_link_of_the_description_is_an_address(metadata: Message) -> None:
    links = [first or second for first, second in LINK.findall(str(metadata.get_payload()))]
    assert len(links) > 10
    assert [link for link in links if not link.startswith("https://")] == []


def test_the_links_of_the_description_lead_to_files_that_are_there(metadata: Message) -> None:
    home = str(metadata["Project-URL"]).removeprefix("Homepage, ")
    tag = f"v{metadata['Version']}"
    raw = home.replace("github.com", "raw.githubusercontent.com")
    links = [first or second for first, second in LINK.findall(str(metadata.get_payload()))]
    ours = [link for link in links if link.startswith((home, raw))]
    assert len(ours) >= 9
    places = [link.removeprefix(f"{home}/blob/{tag}/").removeprefix(f"{raw}/{tag}/") for link in ours]
    assert [place for place in places if not (ROOT / place.split("#")[0]).is_file()] == []


def test_the_description_renders_as_pypi_shows_it(metadata: Message) -> None:
    from readme_renderer import markdown

    rendered = markdown.render(str(metadata.get_payload()), stream=sys.stderr)
    assert rendered is not None
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert rendered.count("<img") == str(metadata.get_payload()).count("![")
    assert "<table>" in rendered
    assert "<pre" in rendered


def test_the_extras_bring_what_they_promise(metadata: Message) -> None:
    named = set(metadata.get_all("Provides-Extra") or [])
    assert {"demo", "torch", "transformers", "lightning", "remote", "pandas"} <= named


def test_what_the_package_imports_is_required_and_nothing_else_is(metadata: Message) -> None:
    required = {
        re.split(r"[^\w-]", need)[0]
        for need in metadata.get_all("Requires-Dist") or []
        if "extra ==" not in need
    }
    text = "\n".join(path.read_text("utf-8") for path in (ROOT / "tensorboard_plugin_attn").rglob("*.py"))
    module = {"protobuf": "google.protobuf"}
    imported = {
        name for name in required if re.search(rf"^\s*(?:from|import) {module.get(name, name)}\b", text, re.M)
    }
    assert required == imported


def test_the_sdist_holds_all_that_a_build_without_node_needs(built: Path) -> None:
    [path] = built.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames()}
    assert {*SHIPPED, "frontend/hatch_build.py", "pyproject.toml", "LICENSE", "README.md"} <= names
    assert [name for name in names if "node_modules" in name] == []


def test_the_version_is_the_same_everywhere(metadata: Message) -> None:
    package = ast.parse((ROOT / "tensorboard_plugin_attn" / "__init__.py").read_text("utf-8"))
    [version] = [
        ast.literal_eval(line.value)
        for line in package.body
        if isinstance(line, ast.Assign) and ast.unparse(line.targets[0]) == "__version__"
    ]
    citation = re.search(r"^version: (\S+)$", (ROOT / "CITATION.cff").read_text("utf-8"), re.M)
    assert citation is not None
    frontend = json.loads((ROOT / "frontend" / "package.json").read_text("utf-8"))["version"]
    assert {version, citation[1], frontend} == {metadata["Version"]}
