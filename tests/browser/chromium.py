"""This machine → a Chromium that Playwright can drive: one on the PATH, Playwright's own, or Debian's."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from playwright.sync_api import Browser, Playwright

__all__ = ["find_chromium", "launch"]

NAMES = ("chromium-headless-shell", "chromium", "google-chrome", "chromium-browser", "google-chrome-stable")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--force-color-profile=srgb",
]
ADVICE = (
    "The browser tests need Chromium. Install it with\n"
    "    sudo apt-get install chromium        (Debian, Ubuntu)\n"
    "    python -m playwright install chromium (elsewhere)"
)


def find_chromium(playwright: Playwright) -> str:
    """The path of a Chromium; installs Debian's when root. Raises RuntimeError with the line to type."""
    found = on_path()
    if found is None and Path(playwright.chromium.executable_path).exists():
        found = playwright.chromium.executable_path
    if found is None and shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0:
        subprocess.run(["apt-get", "update", "-qq"], check=False)
        subprocess.run(["apt-get", "install", "-y", "-qq", "chromium", "fonts-noto-core"], check=False)
        found = on_path()
    if found is None:
        raise RuntimeError(ADVICE)
    return found


def on_path() -> str | None:
    """The first of the usual names that is on the PATH."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def launch(playwright: Playwright) -> Browser:
    """A headless Chromium."""
    return playwright.chromium.launch(executable_path=find_chromium(playwright), args=FLAGS)
