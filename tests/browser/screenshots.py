"""The main demo's log → pictures of every view, in both themes and two widths, under ``docs/img/``.

Run ``python dev.py screenshots [--logdir runs]``. Without a log directory the demo is run first (some minutes).
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from attention_tab import AttentionTab
from chromium import launch
from playwright.sync_api import Browser, sync_playwright
from tensorboard_server import TensorBoardServer

from tensorboard_plugin_attn import AttentionReader

ROOT = Path(__file__).resolve().parents[2]
PICTURES: dict[str, dict[str, object]] = {
    "evolution": {},
    "model": {},
    "head": {"heads": "2.3.4.7.11"},
    "matrix": {"view": "head", "mode": "matrix", "key": 5},
    "neuron": {},
    "compare": {"view": "model", "compare": "first"},
    "find": {"view": "evolution", "panel": "find", "find": "9-5"},
}
"""A picture's name and what it sets beside the common state: a new one is one line. ``view``: when not its name."""

RUN, TAG, STEP, LAYER, HEAD, PINNED = "skewed", "doctor/she", 60, 5, 3, "she"
THEMES = ("light", "dark")
SIZES = ((900, 800), (1600, 900))
TARGET = ROOT / "docs" / "img"


def common_state(logdir: Path) -> dict[str, object]:
    """What all pictures show."""
    reader = AttentionReader(logdir)
    step = min(reader.steps(RUN, TAG), key=lambda logged: abs(logged - STEP))
    tokens = reader.read(RUN, TAG, step).layers[LAYER].query_tokens
    return {
        "run": RUN,
        "tag": TAG,
        "step": step,
        "layer": LAYER,
        "head": HEAD,
        "query": tokens.index(PINNED),
    }


def take_pictures(browser: Browser, url: str, state: dict[str, object], target: Path) -> None:
    """One page for each theme and size, on which every view is drawn once."""
    for theme in THEMES:
        for width, height in SIZES:
            tab = AttentionTab.open(browser, url, width=width, height=height, dark=theme == "dark")
            tab.frame.get_by_role("slider", name="Step").wait_for()
            for name, own in PICTURES.items():
                tab.go(**{"view": name, **state, **own})
                tab.page.wait_for_load_state("networkidle")
                path = target / f"{name}-{theme}-{width}.png"
                tab.page.screenshot(path=path)
                print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB", flush=True)
            tab.close()


def run_demo(logdir: Path) -> None:
    """Log the main demo."""
    demo = [sys.executable, str(ROOT / "demo" / "bias.py"), "--no-serve", "--logdir", str(logdir)]
    subprocess.run(demo, check=True)


def main() -> None:
    """Log, serve, take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--logdir", type=Path, help="where the demo has logged already")
    parser.add_argument("--target", type=Path, default=TARGET, help="where the pictures go (docs/img)")
    options = parser.parse_args()
    options.target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        logdir = options.logdir or Path(scratch, "runs")
        if options.logdir is None:
            run_demo(logdir)
        with TensorBoardServer.start(logdir=logdir) as server:
            browser = launch(playwright)
            take_pictures(browser, server.url, common_state(logdir), options.target)
            browser.close()


if __name__ == "__main__":
    main()
