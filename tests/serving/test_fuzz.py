"""Mutated files and requests, many thousands: an answer or an error of ours, soon, and memory that stays."""

from __future__ import annotations

import gc
import gzip
import os
import random
import shutil
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from logs.host import Host
from logs.small_log import log_grouped_vectors, log_run
from werkzeug.test import Client

FEW, MANY = 600, 100_000
SLOWEST = 1.0  # seconds of the process's own time; a wait for a core is none of ours
ROUTES = ("index", "record", "thumbnails", "weights", "vectors", "metrics", "compare", "find", "export", "texts", "picture", "scalars", "index.js", "region", "../x")  # fmt: skip
NAMES = ("run", "tag", "tags", "step", "steps", "layer", "head", "v", "v_b", "step_b", "run_b", "tag_b", "since", "width", "values", "axis", "evolution", "template", "query", "key", "axes", "view", "format", "state", "sha256", "max_score", "smallest", "queries", "keys", "side", "scalar")  # fmt: skip
VALUES = ("run", "probe", "vectors", "0", "1", "2", "-1", "99", "0,1,2", "1e309", "nan", "-0", "9" * 30, "", "\x00", "é", "\ud7ff", "%", "../..", "a" * 5000, "only", "entropy", "previous", "induction", "model", "npz", "html", "linear", "log", "0-4", "4-0", "0-999999999", "512", "8192", "0" * 64, "tokens,tokens", "'; --", "<script>")  # fmt: skip


@pytest.fixture
def fuzzed(tmp_path: Path) -> Iterator[Host]:
    log_run(tmp_path / "run")
    log_grouped_vectors(tmp_path / "run", bias=True)
    host = Host(tmp_path)
    yield host
    host.plugin.listing.stop()


def resident() -> int:
    """Bytes of this process in memory."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def asked(host: Host, route: str, query: str) -> int:
    """The status of an answer; it must come soon and be no failure of ours."""
    apps = host.plugin.get_plugin_apps()
    client = Client(apps.get(f"/{route}", apps["/*"]))
    started = time.thread_time()
    response = client.get(f"/data/plugin/attn/{quote(route)}", query_string=query)
    took = time.thread_time() - started
    assert response.status_code < 500, (route, query[:300], response.data[:300])
    assert took < SLOWEST, (route, query[:300], took)
    return response.status_code


def random_query(rng: random.Random) -> str:
    """Names that mean something, with values that may."""
    pairs = [("run", "run"), ("tag", "probe"), ("step", "1")] if rng.random() < 0.6 else []
    pairs += [(rng.choice(NAMES), rng.choice(VALUES)) for _ in range(rng.randrange(6))]
    if rng.random() < 0.05:
        return bytes(rng.randrange(256) for _ in range(40)).decode("latin-1")
    return "&".join(f"{name}={quote(value, errors='surrogatepass')}" for name, value in pairs)


def mutated(data: bytes, rng: random.Random) -> bytes:
    """A few bytes changed, cut, doubled or replaced."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 8))):
        at = rng.randrange(max(1, min(len(changed), rng.choice((16, 3000, 10**9)))))
        kind = rng.randrange(6)
        if kind == 0 and changed:
            changed[at % len(changed)] ^= 1 << rng.randrange(8)
        elif kind == 1:
            del changed[at:]
        elif kind == 2:
            changed[at:at] = rng.randbytes(rng.randrange(20))
        elif kind == 3:
            changed[at : at + rng.randrange(40)] = b""
        elif kind == 4:
            changed[at : at + 1] = rng.choice((b"9", b"[", b"{", b"-", b'"', b"null", b"1e999"))
        else:
            changed[at:at] = changed[:at]
    return bytes(changed[: 4 * len(data)])


def fuzz_requests(host: Host, count: int, seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(count):
        asked(host, rng.choice(ROUTES), random_query(rng))


def fuzz_files(host: Host, logdir: Path, count: int, seed: int) -> None:
    """A file is replaced and asked for in the ways that read different parts of it."""
    rng = random.Random(seed)
    paths = sorted(logdir.rglob("*.safetensors"))
    whole = {path: path.read_bytes() for path in paths}
    where = "run=run&tag={}&step={}"
    ways = ("record", "thumbnails", "weights", "metrics", "vectors", "find", "texts")
    for _ in range(count):
        path = rng.choice(paths)
        path.write_bytes(mutated(whole[path], rng))
        at = where.format(path.parent.name, int(path.name.split(".")[0]))
        more = "&layer=0&head=0&template=previous&tags=" + path.parent.name
        asked(host, rng.choice(ways), at + more)
        path.write_bytes(whole[path])


@pytest.mark.parametrize("seed", [0])
def test_requests_of_any_kind_are_answered(seed: int, fuzzed: Host) -> None:
    fuzz_requests(fuzzed, FEW, seed)


@pytest.mark.parametrize("seed", [0])
def test_files_of_any_kind_are_answered(seed: int, fuzzed: Host, tmp_path: Path) -> None:
    fuzz_files(fuzzed, tmp_path, FEW, seed)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_hundred_thousand_requests_and_files_leave_the_memory_as_it_was(
    fuzzed: Host, tmp_path: Path
) -> None:
    for seed in range(5):
        fuzz_requests(fuzzed, MANY // 50, 100 + seed)
        fuzz_files(fuzzed, tmp_path, MANY // 50, 100 + seed)
    before = resident()
    for seed in range(40):
        fuzz_requests(fuzzed, MANY // 100, seed)
        fuzz_files(fuzzed, tmp_path, MANY // 100, seed)
    assert resident() - before < 32 << 20


def test_pipes_devices_sockets_links_and_bombs_stop_nobody(fuzzed: Host, tmp_path: Path) -> None:
    directory = tmp_path / "run/plugins/attn/probe"
    os.mkfifo(directory / "000000000007.safetensors")
    os.mkfifo(tmp_path / "run/plugins/attn/pipe")
    (directory / "000000000008.safetensors").symlink_to("/dev/zero")
    (directory / "000000000009.safetensors").symlink_to("000000000009.safetensors")
    (directory / "000000000010.safetensors").symlink_to("/proc/self/mem")
    (tmp_path / "run/loop").symlink_to(tmp_path)
    with socket.socket(socket.AF_UNIX) as bound:
        short = Path("/tmp") / f"attn-{os.getpid()}.sock"
        bound.bind(str(short))
        (directory / "000000000011.safetensors").symlink_to(short)
        bomb = directory / "000000000012.safetensors"
        shutil.copy(directory / "000000000001.safetensors", bomb)
        data = bomb.read_bytes()
        at = data.index(b"\x1f\x8b")
        bomb.write_bytes(data[:at] + gzip.compress(bytes(64 << 20), 9)[: len(data) - at])
        fuzzed.plugin.listing.walk()
        before = resident()
        for step in range(7, 13):
            for route in ("record", "thumbnails", "weights", "find", "metrics"):
                asked(fuzzed, route, f"run=run&tag=probe&step={step}&layer=0&template=previous")
        assert resident() - before < 32 << 20
        short.unlink()
    log_run(tmp_path / "run", steps=[20])
    found: dict[str, Any] = fuzzed.get("index").get_json()
    assert {0, 1, 2, 20} <= set(found["run"]["probe"]["steps"])
    assert not {7, 8, 9, 11} & set(found["run"]["probe"]["steps"])
