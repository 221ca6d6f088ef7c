"""timm, torchvision and diffusers → a directory of their own, installed once, and a subprocess that sees it.

They stay out of the environment: with torchvision there, whose wheel is compiled for CUDA, transformers does not
import beside a torch for the CPU.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

PACKAGES = [
    *(
        "timm==1.0.31",
        "torchvision==0.28.0",
        "diffusers==0.42.1",
        "importlib_metadata==8.7.0",
        "zipp==3.23.0",
    ),
    *("requests==2.32.5", "urllib3==2.5.0", "idna==3.10", "charset-normalizer==3.4.3", "certifi"),
]
DIRECTORY = Path(sys.prefix) / "tensorboard-plugin-attn-vision"


def installed() -> Path:
    """The directory with the packages, 20 MB to download the first time."""
    if stamp().exists():
        return DIRECTORY
    DIRECTORY.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=DIRECTORY.parent) as folder:
        target = Path(folder) / "packages"
        command = [
            sys.executable,
            "-m",
            "pip",
            "install",
            "-q",
            "--no-deps",
            "--target",
            str(target),
            *PACKAGES,
        ]
        subprocess.run(command, check=True, timeout=400)
        shutil.rmtree(DIRECTORY, ignore_errors=True)
        target.rename(DIRECTORY)
        stamp().write_text("")
    return DIRECTORY


def stamp() -> Path:
    """There when exactly these packages are."""
    return DIRECTORY / f"installed-{'-'.join(PACKAGES[:3])}"


def run(script: str, out: Path) -> dict[str, Any]:
    """What a script of tests/ writes to a JSON file, run where the packages are seen."""
    path = os.pathsep.join([str(Path(__file__).parents[1]), *sys.path[1:], str(installed())])
    command = [sys.executable, str(Path(__file__).with_name(script)), str(out)]
    done = subprocess.run(
        command,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    found: dict[str, Any] = json.loads(out.read_text())
    return found
