"""A fault of a store, for some time, while records are logged → what training waited, what was told, what arrived."""

from __future__ import annotations

import logging
import re
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from logs.random_attention import softmax_weights, token_list
from logs.s3_store import s3_store

from tensorboard_plugin_attn import AttentionReader, AttentionWriter

__all__ = ["FAULTS", "Endured", "endure"]

FAULTS = ("hang", "kill", "slow", "cut", "refuse", "full")
URL = "s3://bucket/runs/a"
SLOW_SECONDS = 2.0  # before every chunk
PUT = re.compile(r'"[^"]*PUT /bucket/(\S+?)(?:\?\S*)? HTTP/1.1[^"]*" 200')
STEP = re.compile(r"(\d{12})\.")
TOKENS = token_list(24)


@dataclass(frozen=True)
class Endured:
    """``waited`` is what ``add_attention`` took in all, ``healthy`` the same with a store that answers."""

    seconds: float
    waited: float
    healthy: float
    safe: int
    arrived: list[int]
    written: list[int]
    told: list[str]
    recovery: float

    @property
    def slowed(self) -> float:
        """By what part the loop became longer."""
        return (self.waited - self.healthy) / self.seconds

    @property
    def kinds(self) -> Counter[str]:
        """How often each kind of line was told: numbers and places do not make another kind."""
        return Counter(" ".join(re.sub(r"[\d/]\S*", "", line).split()[:5]) for line in self.told)


def endure(fault: str, seconds: float, records: int, spool: Path) -> Endured:
    """Log so many records evenly over so many seconds of a fault, then let the store recover and close."""
    with s3_store() as store, told() as lines, written() as puts:
        healthy = log("memory://healthy/run", 2.0, records, spool)[0]
        store.proxy.delay = SLOW_SECONDS
        store.proxy.switch(fault)
        writer = AttentionWriter(URL, spool=spool)
        waited = log_evenly(writer, seconds, records)
        writer.queue.drain(time.monotonic() + 60)
        safe = writer.num_written + writer.delivery.spool.kept()
        store.proxy.switch("pass")
        started = time.monotonic()
        writer.close(120)
        recovery = time.monotonic() - started
        arrived = AttentionReader(URL).steps(".", "p")
    return Endured(seconds, waited, healthy, safe, arrived, list(puts), list(lines), recovery)


def log(target: str, seconds: float, records: int, spool: Path) -> tuple[float, AttentionWriter]:
    """Log to a store that answers."""
    with AttentionWriter(target, spool=spool) as writer:
        return log_evenly(writer, seconds, records), writer


def log_evenly(writer: AttentionWriter, seconds: float, records: int) -> float:
    """Log records at even distances; seconds spent in doing so."""
    weights = np.stack([softmax_weights(4, 24, 24, layer) for layer in range(2)])
    started, spent = time.monotonic(), 0.0
    for step in range(records):
        time.sleep(max(0.0, started + step * seconds / records - time.monotonic()))
        before = time.monotonic()
        writer.add_attention("p", weights, TOKENS, step)
        spent += time.monotonic() - before
    return spent


@contextmanager
def told() -> Iterator[list[str]]:
    """The warnings of a block."""
    lines: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield lines
        lines += [str(each.message) for each in caught if issubclass(each.category, RuntimeWarning)]


@contextmanager
def written() -> Iterator[list[int]]:
    """The steps of records that the store took, in order, once for each time."""
    steps: list[int] = []

    class Log(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            put = PUT.search(record.getMessage())
            step = STEP.search(put[1]) if put else None
            if step:
                steps.append(int(step[1]))

    logger, handler = logging.getLogger("werkzeug"), Log()
    before, logger.level = logger.level, logging.INFO
    logger.addHandler(handler)
    try:
        yield steps
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)
