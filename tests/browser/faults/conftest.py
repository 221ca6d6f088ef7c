"""Logs on which the faults of the tab of 0.1 show, and a TensorBoard on each: with this checkout's plugin, or another's.

``ATTN_CHECKOUT`` names the root of a checkout whose frontend is built. Then its package writes the logs, in a process
of its own, and its plugin serves them; the tests and their browser stay those of this checkout.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import fault_logs
import pytest
from attention_tab import AttentionTab
from logs.tensorboard_server import TensorBoardServer

CHECKOUT = os.environ.get("ATTN_CHECKOUT")

OpenFault = Callable[..., AttentionTab]


def environment() -> dict[str, str]:
    """What a process needs that is to import the other checkout's package, whatever folder it starts in."""
    if CHECKOUT is None:
        return {}
    return {"PYTHONPATH": os.pathsep.join([CHECKOUT, os.environ["PYTHONPATH"]]), "PYTHONSAFEPATH": "1"}


def write(name: str, directory: Path) -> None:
    """Write a log with the package under test."""
    if CHECKOUT is None:
        fault_logs.LOGS[name](directory)
        return
    command = [sys.executable, fault_logs.__file__, name, str(directory)]
    done = subprocess.run(
        command, env={**os.environ, **environment()}, check=True, capture_output=True, text=True
    )
    assert Path(done.stdout.strip()).is_relative_to(Path(CHECKOUT).resolve()), done.stdout


@contextmanager
def served(name: str, directory: Path) -> Iterator[TensorBoardServer]:
    """A TensorBoard on a new log."""
    write(name, directory)
    with TensorBoardServer.start(logdir=directory, environment=environment()) as server:
        if CHECKOUT is not None:
            bundle = Path(CHECKOUT, "tensorboard_plugin_attn", "static", "index.js")
            assert server.get("index.js").body == bundle.read_bytes(), "another checkout's tab is served"
        yield server


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TensorBoardServer]:
    """Runs like those of the main demo, and one for each other fault."""
    with served("demo", tmp_path_factory.mktemp("faults")) as server:
        yield server


@pytest.fixture(scope="session")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TensorBoardServer]:
    """A dozen runs whose long names differ at their ends."""
    with served("many", tmp_path_factory.mktemp("faults")) as server:
        yield server


@pytest.fixture
def open_demo(demo: TensorBoardServer, open_tab: Callable[..., AttentionTab]) -> OpenFault:
    """Open a view on the first log, of the run and probe of the demo unless told otherwise."""

    def open_one(
        view: str, run: str = "skewed", tag: str = "doctor/she", *, drawn: bool = True, **state: object
    ) -> AttentionTab:
        tab = open_tab(demo.url, view=view, run=run, tag=tag, **state)
        if drawn:
            tab.wait_drawn(view)
        return tab

    return open_one


@pytest.fixture
def open_many(many: TensorBoardServer, open_tab: Callable[..., AttentionTab]) -> OpenFault:
    """Open a view on the log of many runs."""

    def open_one(view: str = "evolution", **state: object) -> AttentionTab:
        tab = open_tab(many.url, view=view, run=fault_logs.MANY[0], **state)
        tab.wait_drawn(view)
        return tab

    return open_one
