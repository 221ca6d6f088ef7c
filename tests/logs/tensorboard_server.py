"""A log directory → a real TensorBoard process on a free port of 127.0.0.1, stopped by whoever started it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

SERVING = re.compile(r"at (http://127\.0\.0\.1:\d+\S*)")
START_SECONDS = 60.0


@dataclass(frozen=True)
class Reply:
    """Status, headers (names in lower case) and body of one answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, read as JSON."""
        return json.loads(self.body)


@dataclass
class TensorBoardServer:
    """A running TensorBoard.

    Example:
        >>> with TensorBoardServer.start(logdir=tmp_path) as server:
        ...     server.get("index").json
    """

    process: subprocess.Popen[bytes]
    url: str
    log: Path
    started: float = field(default_factory=time.monotonic)

    @classmethod
    def start(
        cls,
        *,
        logdir: str | os.PathLike[str] | None = None,
        logdir_spec: str | None = None,
        load_fast: bool | None = None,
        arguments: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        python: str = sys.executable,
    ) -> TensorBoardServer:
        """Start a TensorBoard, wait until it serves; ``load_fast`` None leaves the choice to TensorBoard."""
        command = [python, "-m", "tensorboard.main", "--host=127.0.0.1", "--port=0"]
        command += ["--reload_interval=1", *arguments]
        if logdir is not None:
            command.append(f"--logdir={os.fspath(logdir)}")
        if logdir_spec is not None:
            command.append(f"--logdir_spec={logdir_spec}")
        if load_fast is not None:
            command.append(f"--load_fast={str(load_fast).lower()}")
        handle, name = tempfile.mkstemp(prefix="tensorboard-", suffix=".log")
        started = time.monotonic()
        with os.fdopen(handle, "wb") as log:
            process = subprocess.Popen(
                command, stdout=log, stderr=subprocess.STDOUT, env={**os.environ, **(environment or {})}
            )
        return cls(process, wait_for_url(process, Path(name)), Path(name), started)

    def get(self, route: str, query: Mapping[str, Any] | None = None, **headers: str) -> Reply:
        """Ask a route of the plugin, or any path when it starts with a slash."""
        path = route if route.startswith("/") else f"/data/plugin/attn/{route}"
        suffix = f"?{urlencode(query)}" if query else ""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(self.url.rstrip("/") + path + suffix, headers=names)
        try:
            with urllib.request.urlopen(request, timeout=120) as response:
                return reply_of(response)
        except urllib.error.HTTPError as error:
            with error:
                return reply_of(error)

    def stop(self) -> None:
        """End the process and what it started."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(timeout=10)
        self.log.unlink(missing_ok=True)

    def __enter__(self) -> TensorBoardServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def wait_for_url(process: subprocess.Popen[bytes], log: Path) -> str:
    """The address that TensorBoard prints once it listens."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        text = log.read_text(errors="replace")
        if match := SERVING.search(text):
            return match[1]
        if process.poll() is not None:
            raise RuntimeError(f"TensorBoard ended with {process.returncode} before it served:\n{text}")
        time.sleep(0.02)
    process.kill()
    process.wait()
    raise RuntimeError(
        f"TensorBoard did not serve within {START_SECONDS} s:\n{log.read_text(errors='replace')}"
    )


def reply_of(response: Any) -> Reply:
    """What urllib got, detached from its connection."""
    return Reply(
        response.status, {key.lower(): value for key, value in response.headers.items()}, response.read()
    )
