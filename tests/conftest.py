"""Fixtures shared by the tests of several modules; processes that tests start find the shared makers too."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from daily import begin_with_the_long_ones, mark_the_rest_slow
from hypothesis import settings
from logs.tensorboard_server import TensorBoardServer

settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")
os.environ["PYTHONPATH"] = os.pathsep.join(
    [
        str(Path(__file__).parent),
        str(Path(__file__).parents[1] / "demo"),
        *filter(None, [os.environ.get("PYTHONPATH")]),
    ]
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first; combinations that need not run every day are slow."""
    begin_with_the_long_ones(items)
    mark_the_rest_slow(items)


@pytest.fixture(autouse=True)
def _spool(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test leaves unsent is not sent by another."""
    root = tmp_path_factory.getbasetemp() / "spools" / uuid4().hex
    monkeypatch.setattr("tensorboard_plugin_attn.writing.delivery.default_root", lambda: root)


@pytest.fixture
def start_tensorboard() -> Iterator[Callable[..., TensorBoardServer]]:
    """Start real TensorBoards (arguments of ``TensorBoardServer.start``); all are stopped after the test."""
    servers: list[TensorBoardServer] = []

    def start(**options: object) -> TensorBoardServer:
        servers.append(TensorBoardServer.start(**options))  # type: ignore[arg-type] - passed through as given
        return servers[-1]

    yield start
    for server in servers:
        server.stop()
