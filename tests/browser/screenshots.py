"""The demos' logs → the pictures of ``pictures.py`` in ``docs/img/``, each from a real TensorBoard.

python dev.py screenshots                                every picture; runs the four demos first
python dev.py screenshots --logdir DIR                   the same with DIR/bias, DIR/induction, … where they are there
python dev.py screenshots --logdir DIR use_case_bias     only the pictures whose names begin so
"""

from __future__ import annotations

import argparse
import io
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from attention_tab import AttentionTab
from chromium import launch
from logs.tensorboard_server import TensorBoardServer
from pictures import PICTURES, Picture
from PIL import Image
from playwright.sync_api import Browser, expect, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
TARGET = ROOT / "docs" / "img"
READING = re.compile(r"\d of \d+ steps …")  # what a chart says while it still asks for steps


def log_demo(demo: str, logdir: Path) -> Path:
    """A demo's log; the demo is run when it is not there."""
    log = logdir / demo
    if not log.exists():
        script = ROOT / "demo" / f"{demo}.py"
        own = ["-m", "tensorboard_plugin_attn", "demo"] if demo == "bias" else [str(script)]
        subprocess.run([sys.executable, *own, "--no-serve", "--logdir", str(log)], check=True)
    return log


def grouped(pictures: Iterable[Picture]) -> Iterator[tuple[Picture, list[Picture]]]:
    """Pictures that one open page can take, after the first of them."""

    def page(picture: Picture) -> tuple[object, ...]:
        return picture.dark, picture.width, picture.height

    for _, group in groupby(sorted(pictures, key=page), key=page):
        members = list(group)
        yield members[0], members


def take(browser: Browser, url: str, pictures: Iterable[Picture], target: Path) -> None:
    """One page for each theme and size, which goes to each of its pictures."""
    for page, members in grouped(pictures):
        tab = AttentionTab.open(browser, url, width=page.width, height=page.height, dark=page.dark)
        tab.frame.get_by_role("slider", name="Step").wait_for()
        for picture in members:
            tab.go(**picture.state)  # type: ignore[arg-type]  # every state names its view
            tab.wait_loaded()
            loading = tab.frame.get_by_text("…", exact=True)  # a frame of a film strip
            for unfinished in (
                tab.frame.get_by_role("progressbar"),
                tab.frame.get_by_text(READING),
                loading,
            ):
                expect(unfinished).to_have_count(0, timeout=60_000)
            save(tab.page.screenshot(), target / f"{picture.name}.png")
        tab.close()


def save(png: bytes, path: Path) -> None:
    """Write a picture with a palette of 256 colours, each some steps of 255 from its own: a third of the bytes."""
    image = Image.open(io.BytesIO(png)).convert("RGB")
    palette = image.quantize(256, Image.Quantize.MAXCOVERAGE, kmeans=3, dither=Image.Dither.NONE)
    palette.save(path, optimize=True)
    print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB", flush=True)


def take_all(pictures: Sequence[Picture], logdir: Path, target: Path) -> None:
    """Log, serve and take, demo by demo."""
    with sync_playwright() as playwright:
        browser = launch(playwright)
        for demo in dict.fromkeys(picture.demo for picture in pictures):
            with TensorBoardServer.start(logdir=log_demo(demo, logdir)) as server:
                take(browser, server.url, [each for each in pictures if each.demo == demo], target)
        browser.close()


def main() -> int:
    """Take the pictures that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("names", nargs="*", default=[""], help="how the names of the pictures begin (all)")
    parser.add_argument("--logdir", type=Path, help="where the demos' logs lie or go (a temporary directory)")
    parser.add_argument("--target", type=Path, default=TARGET, help="where the pictures go (docs/img)")
    options = parser.parse_args()
    chosen = [each for each in PICTURES if each.name.startswith(tuple(options.names))]
    if not chosen:
        parser.error(f"no picture's name begins so; there are: {', '.join(each.name for each in PICTURES)}")
    options.target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        take_all(chosen, options.logdir or Path(scratch), options.target)
    return 0


if __name__ == "__main__":
    sys.exit(main())
