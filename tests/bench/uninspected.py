"""A Chromium that no one looks into, driven through a pipe → what its renderer holds in memory.

Playwright has the browser keep every answer that it fetched, to show it: tens of MiB that no user's browser holds.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from chromium import FLAGS
from renderer_memory import renderers

__all__ = ["Memory", "UninspectedChromium"]

INSIDE = "document.querySelector('iframe[src*=\"name=attn\"]').contentWindow"


class Memory:
    """MiB of one process: ``private`` is what Chromium's task manager shows, ``resident`` adds code that all share."""

    def __init__(self, process: Path) -> None:
        lines = (process / "status").read_text().splitlines()
        kib = {
            name: int(rest.split()[0])
            for name, _, rest in (line.partition(":") for line in lines)
            if "kB" in rest
        }
        self.private = (kib["RssAnon"] + kib["RssShmem"] + kib["VmSwap"]) / 1024
        self.resident = kib["VmRSS"] / 1024


class UninspectedChromium:
    """One page in a headless Chromium of its own.

    Example:
        >>> with UninspectedChromium(executable) as chromium:
        ...     chromium.open(url)
        ...     chromium.memory().private
    """

    def __init__(self, executable: str, width: int = 1280, height: int = 800) -> None:
        self._profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        commands_out, self._commands = os.pipe()
        self._answers, answers_in = os.pipe()
        with placed(commands_out, 3), placed(answers_in, 4):
            self._process = subprocess.Popen(
                [
                    *(executable, "--headless", *FLAGS, f"--window-size={width},{height}"),
                    *(f"--user-data-dir={self._profile.name}", "--remote-debugging-pipe", "about:blank"),
                ],
                pass_fds=(3, 4),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        os.close(commands_out)
        os.close(answers_in)
        self._number, self._rest, self._session = 0, b"", ""

    def __enter__(self) -> UninspectedChromium:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._send("Browser.close")
        self._process.wait()
        os.close(self._commands)
        os.close(self._answers)
        self._profile.cleanup()

    def open(self, url: str) -> None:
        """Open a page; the other calls are about it."""
        target = self._send("Target.createTarget", url=url)["targetId"]
        self._session = self._send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]

    def evaluate(self, expression: str) -> Any:
        """The value of an expression in the page; a promise is waited for."""
        answer = self._send("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"]["exception"]["description"])
        return answer["result"].get("value")

    def inside(self, function: str, argument: object = None) -> Any:
        """Call a function in the tab's frame."""
        return self.evaluate(f"{INSIDE}.eval({json.dumps(function)})({json.dumps(argument)})")

    def wait_for(self, expression: str, seconds: float = 60) -> None:
        """Wait until an expression holds; what cannot be evaluated yet does not."""
        end = time.monotonic() + seconds
        while not self.evaluate(
            f"(() => {{ try {{ return !!({expression}) }} catch {{ return false }} }})()"
        ):
            if time.monotonic() > end:
                raise TimeoutError(expression)
            time.sleep(0.1)

    def memory(self) -> Memory:
        """Of the page's renderer: the largest one; no other browser of this process may run."""
        return max(map(Memory, renderers()), key=lambda each: each.resident)

    def _send(self, method: str, **params: object) -> dict[str, Any]:
        self._number += 1
        message: dict[str, object] = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        while True:
            answer = json.loads(self._next())
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return dict(answer["result"])

    def _next(self) -> bytes:
        while b"\0" not in self._rest:
            self._rest += os.read(self._answers, 1 << 16)
        message, self._rest = self._rest.split(b"\0", 1)
        return message


@contextmanager
def placed(descriptor: int, number: int) -> Iterator[None]:
    """A descriptor also at a number of our choice, where Chromium looks for it; what was there comes back."""
    before = os.dup(number) if Path(f"/proc/self/fd/{number}").exists() else None
    os.dup2(descriptor, number)
    try:
        yield
    finally:
        if before is None:
            os.close(number)
        else:
            os.dup2(before, number)
            os.close(before)
