"""Fixtures shared by the tests of several modules."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from tensorboard_server import TensorBoardServer


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
