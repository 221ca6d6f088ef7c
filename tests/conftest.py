"""Fixtures shared by the tests of several modules; processes that tests start find the shared makers too."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from logs.tensorboard_server import TensorBoardServer

os.environ["PYTHONPATH"] = os.pathsep.join(
    [str(Path(__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])]
)


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
