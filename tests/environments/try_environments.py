"""Combinations of Pythons and packages → the table of docs/reference/environments.md, from a smoke test in each.

    python tests/environments/try_environments.py                 all whose Python is there or can be had
    python tests/environments/try_environments.py --short         some of each kind
    python tests/environments/try_environments.py --only NAME     those whose name contains it
    python tests/environments/try_environments.py --write         and put the table into the page

Builds the wheel, installs it with ``uv`` beside each combination into an environment of its own, writes, starts
TensorBoard on both of its data paths, opens the tab where there is a Chromium, and reads.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from email.parser import Parser
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "browser")]

from environments.combinations import COMBINATIONS, REFUSED, WORKS, Combination  # noqa: E402 - found by the line above
from logs.tensorboard_server import TensorBoardServer  # noqa: E402 - likewise

PAGE = ROOT / "docs" / "reference" / "environments.md"
SMOKE = Path(__file__).with_name("smoke.py")
COLUMNS = ("tensorboard", "protobuf", "numpy", "isal", "setuptools", "torch", "transformers")
NOT_THERE = "not tried: no such Python"
PATIENCE = 120_000  # ms until the tab has drawn
FAST = {True: "fast", False: "slow"}


class FaultError(Exception):
    """A combination that does not do what is expected of it."""


@dataclass
class Tried:
    """What came of one combination."""

    combination: Combination
    result: str = ""
    fault: str = ""
    versions: dict[str, str] = field(default_factory=dict)

    @property
    def row(self) -> str:
        """A row of the table."""
        cells = [self.versions.get(name, "–") for name in COLUMNS]
        result = f"FAILS: {self.fault}" if self.fault else self.result
        return f"| {self.combination.name} | {self.combination.python} | {' | '.join(cells)} | {result} |"


def main(arguments: Sequence[str] | None = None) -> int:
    """Try them one by one. Returns 0 if each came out as it must, else 1."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--short", action="store_true", help="some of each kind")
    parser.add_argument("--only", default="", help="those whose name contains this")
    parser.add_argument("--python", default="", help="those of this Python, such as 3.12")
    parser.add_argument("--without", default="", help="leave out those whose name contains this")
    parser.add_argument("--wheel", type=Path, help="a wheel that is built already")
    parser.add_argument("--write", action="store_true", help="put the table into the page")
    options = parser.parse_args(arguments)
    chosen = [each for each in COMBINATIONS if is_chosen(each, options)]
    tried: list[Tried] = []
    with tempfile.TemporaryDirectory(prefix="attn-environments-") as place, browser() as opened:
        wheel = options.wheel or build_wheel(Path(place))
        for number, combination in enumerate(chosen):
            tried.append(try_one(combination, wheel, Path(place) / str(number), opened))
            print(tried[-1].row, flush=True)
            shutil.rmtree(Path(place) / str(number), ignore_errors=True)
    if options.write:
        write_page(tried)
    return 1 if any(each.fault for each in tried) else 0


def is_chosen(combination: Combination, options: argparse.Namespace) -> bool:
    """Whether the options name a combination."""
    return (
        options.only in combination.name
        and options.python in ("", combination.python)
        and not (options.without and options.without in combination.name)
        and (combination.is_short or not options.short)
    )


def build_wheel(place: Path) -> Path:
    """The package as a release has it."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", place], cwd=ROOT, check=True
    )
    [wheel] = place.glob("*.whl")
    return wheel


@contextlib.contextmanager
def browser() -> Iterator[Any]:
    """A Chromium, None where Playwright or Chromium is missing."""
    if importlib.util.find_spec("playwright") is None:
        yield None
        return
    from chromium import launch
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        try:
            launched = launch(playwright)
        except RuntimeError as error:
            print(error)
            yield None
            return
        yield launched
        launched.close()


def try_one(combination: Combination, wheel: Path, place: Path, opened: Any) -> Tried:
    """Make the environment and see whether it does what is expected."""
    tried = Tried(combination)
    python = place / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    try:
        if uv("venv", "--python", combination.python, str(place)):
            tried.result = NOT_THERE
        else:
            tried.result = outcome(combination, wheel, python, place / "log", opened, tried.versions)
    except (FaultError, RuntimeError) as error:
        tried.fault = " ".join(str(error).split())[-300:]
    return tried


def outcome(
    combination: Combination, wheel: Path, python: Path, log: Path, opened: Any, versions: dict[str, str]
) -> str:
    """Install, write, serve and read; what the table says of it.

    Raises:
        FaultError: it is not what is expected.
    """
    refused = install(combination, wheel, python)
    if combination.expected == REFUSED:
        if not refused:
            raise FaultError("pip installs it")
        return REFUSED
    if refused:
        raise FaultError(f"cannot be installed: {refused}")
    inside(python, str(SMOKE), "write", str(log), combination.part)
    versions.update(json.loads(inside(python, str(SMOKE), "read", str(log)).splitlines()[-1]))
    doctor = run([str(python), "-m", "tensorboard_plugin_attn", "doctor"])
    if combination.expected != WORKS:
        return told(doctor.stdout, combination.expected)
    if doctor.returncode:
        raise FaultError(f"doctor: {doctor.stdout}{doctor.stderr}")
    for is_fast in (True, False):
        check_served(python, log, is_fast, opened)
    return WORKS


def install(combination: Combination, wheel: Path, python: Path) -> str:
    """Install wheel and packages, wheels alone; why that is refused, nothing where it is not."""
    options = ["--python", str(python), "--only-binary", ":all:"]
    if combination.lowest:
        options += ["--resolution", "lowest-direct", *required(wheel)]
    refused = uv("pip", "install", *options, str(wheel), *combination.packages)
    for name in combination.absent:
        uv("pip", "uninstall", "--python", str(python), name)
    return refused


def required(wheel: Path) -> list[str]:
    """What a wheel requires of itself, without its extras."""
    with zipfile.ZipFile(wheel) as archive:
        [name] = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        metadata = Parser().parsestr(archive.read(name).decode())
    return [need for need in metadata.get_all("Requires-Dist") or [] if "extra ==" not in need]


def told(printed: str, words: str) -> str:
    """The one sentence that says what to install."""
    [*sentences] = [line for line in printed.splitlines() if line.startswith("problem: ")]
    if len(sentences) != 1 or words not in sentences[0]:
        raise FaultError(f"doctor does not say {words!r}: {printed}")
    return f"told: {sentences[0].removeprefix('problem: ')}"


def check_served(python: Path, log: Path, is_fast: bool, opened: Any) -> None:
    """Whether TensorBoard serves what was written, and a browser draws it."""
    with TensorBoardServer.start(logdir=log, load_fast=is_fast, python=str(python)) as server:
        listed = server.get("index")
        if listed.status != 200 or "probe" not in json.dumps(listed.json):
            raise FaultError(f"{FAST[is_fast]} path: index answers {listed.status}: {listed.body[:200]!r}")
        if opened is not None:
            check_drawn(server.url, opened)


def check_drawn(url: str, opened: Any) -> None:
    """Whether the tab draws every head."""
    from attention_tab import AttentionTab
    from playwright.sync_api import Error

    tab = AttentionTab.open(opened, url, view="model", run=".", tag="probe", step=5)
    try:
        tab.wait_drawn("model", timeout=PATIENCE)
        tab.close()
    except (Error, AssertionError) as error:
        raise FaultError(f"the tab: {error}") from error


def inside(python: Path, *words: str) -> str:
    """What a command of the environment prints."""
    done = run([str(python), *words])
    if done.returncode:
        raise FaultError(f"{words[1] if len(words) > 1 else words[0]}: {done.stderr}")
    return done.stdout


def run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run a command outside the repository, so that only the wheel is imported."""
    plain = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    return subprocess.run(
        command, cwd=tempfile.gettempdir(), env=plain, capture_output=True, text=True, check=False
    )


def uv(*words: str) -> str:
    """Run uv; nothing when it succeeds, else what it says."""
    done = run([find_uv(), *words])
    return done.stderr.strip() or "uv failed" if done.returncode else ""


def find_uv() -> str:
    """uv from the PATH or from its package."""
    found = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    if found is None:
        raise SystemExit("the environments are made with uv: pip install uv")
    return found


def write_page(tried: Sequence[Tried]) -> None:
    """Replace the table of the page; of combinations that were not tried the row stays."""
    text = PAGE.read_text("utf-8")
    start, end = text.index("| environment |"), text.index("\n\n", text.index("| environment |"))
    head, rule, *rows = text[start:end].splitlines()
    kept = {key(row): row for row in rows}
    kept.update(
        {key(each.row): each.row for each in tried if each.result != NOT_THERE or key(each.row) not in kept}
    )
    order = [key(Tried(each).row) for each in COMBINATIONS]
    body = "\n".join([head, rule, *(kept[each] for each in order if each in kept)])
    text = text[:start] + body + text[end:]
    text = re.sub(r"Last written on .*", f"Last written on {platform.system()} {platform.machine()}.", text)
    PAGE.write_text(text, encoding="utf-8")


def key(row: str) -> tuple[str, ...]:
    """Name and Python of a row."""
    return tuple(cell.strip() for cell in row.split("|")[1:3])


if __name__ == "__main__":
    sys.exit(main())
