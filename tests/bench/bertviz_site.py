"""Records → BertViz's pages of them with the scripts they ask for, in a folder that is served from 127.0.0.1.

BertViz is installed in an environment of its own under the user's cache directory, which sees the torch of this one.
Its scripts come from the npm registry; jQuery 2.2.4 stands for the 2.0.0 that it asks for, which npm does not have.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import threading
import venv
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

BENCH = Path(__file__).resolve().parent
VERSION = "1.4.1"
CDN = "https://cdnjs.cloudflare.com/ajax/libs"
SCRIPTS = {  # npm package → the file in it, the path that BertViz asks the CDN for
    "requirejs@2.3.6": ("require.js", "require.js/2.3.6/require.min.js"),
    "d3@5.7.0": ("dist/d3.min.js", "d3/5.7.0/d3.min.js"),
    "jquery@2.2.4": ("dist/jquery.min.js", "jquery/2.0.0/jquery.min.js"),
}


def cache_directory() -> Path:
    """Where what was installed is kept for the next run."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base, "tensorboard-plugin-attn", f"bertviz-{VERSION}")


def bertviz_python() -> Path:
    """The Python of BertViz's environment, made if it is not there, seeing the packages of this one."""
    directory = cache_directory() / f"python{sys.version_info.major}.{sys.version_info.minor}"
    scripts, library = (
        Path(sysconfig.get_path(name, "venv", {"base": str(directory), "platbase": str(directory)}))
        for name in ("scripts", "purelib")
    )
    python = scripts / Path(sys.executable).name
    if not (library / "bertviz").exists():
        print(f"installing BertViz {VERSION} in {directory}", flush=True)
        venv.create(directory, with_pip=True)
        pip = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        subprocess.run([*pip, "ipython"], check=True)
        subprocess.run([*pip, "--no-deps", f"bertviz=={VERSION}"], check=True)
    (library / "outer.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    return python


def put_scripts(folder: Path) -> None:
    """The scripts as the CDN has them, below a folder; fetched from npm the first time."""
    for package, (member, path) in SCRIPTS.items():
        archive = cache_directory() / (package.replace("@", "-") + ".tgz")
        if not archive.exists():
            fetch(package)
        with tarfile.open(fileobj=io.BytesIO(archive.read_bytes())) as opened:
            found = opened.extractfile(f"package/{member}")
            if found is None:
                raise SystemExit(f"{package} has no {member}")
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(found.read())


def fetch(package: str) -> None:
    """``npm pack`` into the cache directory."""
    sys.path.insert(0, str(BENCH.parents[1] / "frontend"))
    import hatch_build

    command, environment = hatch_build.npm_command()
    cache_directory().mkdir(parents=True, exist_ok=True)
    subprocess.run(
        [*command, "pack", package, "--silent"],
        cwd=cache_directory(),
        env=environment,
        check=True,
        stdout=subprocess.DEVNULL,
    )


def write_page(view: str, record: Mapping[str, NDArray[np.generic]], target: Path) -> None:
    """BertViz's page of a view, which asks for its scripts below ``/scripts`` instead of the CDN."""
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch, "record.npz")
        np.savez(source, **record)
        command = [bertviz_python(), BENCH / "bertviz_page.py", view, source, target]
        subprocess.run(command, check=True)
    page = target.read_text(encoding="utf-8")
    if page.count(CDN) != 1 + 2:
        raise SystemExit(f"BertViz's page asks for other scripts than {', '.join(SCRIPTS)}")
    target.write_text(page.replace(CDN, "/scripts"), encoding="utf-8")


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address at which a folder's files are."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
