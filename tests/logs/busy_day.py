"""Many runs written by several processes at once, while somebody looks → what was listed, how soon, in how much memory."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from logs.tensorboard_server import TensorBoardServer

__all__ = ["Day", "resident_mb", "simulate"]

WRITE = """
import json, sys
import numpy as np
from tensorboard_plugin_attn import AttentionWriter
logdir, runs, records = sys.argv[1], json.loads(sys.argv[2]), int(sys.argv[3])
weights, tokens = np.full((1, 1, 2, 2), 0.5, np.float32), ["a", "b"]
writers = [AttentionWriter(f"{logdir}/{run}", metrics=["entropy"]) for run in runs]
for step in range(records):
    for writer in writers:
        writer.add_attention("probe", weights, tokens, step, metrics_only=step % 10 != 0)
for writer in writers:
    writer.close(300)
print(json.dumps([sum(each.num_written for each in writers), sum(each.num_dropped for each in writers)]))
"""


@dataclass
class Day:
    """Milliseconds of every look at the index, at a series; MB of the server; what is there in the end."""

    index_ms: list[float] = field(default_factory=list)
    series_ms: list[float] = field(default_factory=list)
    index_bytes: list[int] = field(default_factory=list)
    mb: list[float] = field(default_factory=list)
    written: int = 0
    dropped: int = 0
    listed: int = 0
    seconds: float = 0.0


def resident_mb(server: TensorBoardServer) -> float:
    """Resident memory of TensorBoard alone."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def simulate(logdir: Path, *, runs: int, records: int, processes: int, pause: float = 1.0) -> Day:
    """Each run gets ``records`` of one probe; a look every ``pause`` seconds until all processes have ended."""
    day, started = Day(), time.monotonic()
    names = [f"run{number:03d}" for number in range(runs)]
    with TensorBoardServer.start(logdir=logdir, load_fast=False) as server:
        writing = [
            subprocess.Popen(
                [sys.executable, "-c", WRITE, str(logdir), json.dumps(names[each::processes]), str(records)],
                stdout=subprocess.PIPE,
            )
            for each in range(processes)
        ]
        tokens = {"index": "", "series": ""}
        try:
            for _ in looks(writing, pause):
                look(server, day, names[0], tokens)
        except BaseException:
            for process in writing:
                process.kill()
                process.wait()
            raise
        for process in writing:
            written, dropped = json.loads(process.communicate()[0])
            day.written, day.dropped = day.written + written, day.dropped + dropped
        end = time.monotonic() + 120
        while day.listed < runs * records and time.monotonic() < end:
            index = server.get("index").json
            day.listed = sum(len(tag["steps"]) for tags in index.values() for tag in tags.values())
        look(server, day, names[0], tokens)
    day.seconds = time.monotonic() - started
    return day


def looks(writing: list[subprocess.Popen[bytes]], pause: float) -> Iterator[None]:
    """Again and again while any process writes."""
    while any(process.poll() is None for process in writing):
        yield
        time.sleep(pause)


def look(server: TensorBoardServer, day: Day, run: str, tokens: dict[str, str]) -> None:
    """What an open tab asks for."""
    from tensorboard_plugin_attn.serving.answers import unpack

    started = time.perf_counter()
    reply = server.get("index", {"since": tokens["index"]}, Accept_Encoding="identity")
    day.index_ms.append((time.perf_counter() - started) * 1000)
    day.index_bytes.append(len(reply.body))
    tokens["index"] = reply.json["token"]
    started = time.perf_counter()
    query = {"run": run, "tag": "probe", "width": 512, "since": tokens["series"]}
    series = server.get("metrics", query)
    if series.status == 200:
        day.series_ms.append((time.perf_counter() - started) * 1000)
        tokens["series"] = unpack(series.body)[0]["token"]
    day.mb.append(resident_mb(server))
