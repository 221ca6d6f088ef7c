"""A real TensorBoard on both data paths answers every route, also while a writer is still writing."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from logs.small_log import HEADS, LAYERS, TOKENS, log_grouped_vectors, log_run, sample_weights
from logs.tensorboard_server import TensorBoardServer
from tensorboard.compat.proto import event_pb2
from tensorboard.summary.writer.event_file_writer import EventFileWriter
from tensorboardX import SummaryWriter

from tensorboard_plugin_attn import AttentionWriter
from tensorboard_plugin_attn.encoding.codes import MAX_ERROR, decode_weights, decompress
from tensorboard_plugin_attn.serving.answers import unpack

Start = Callable[..., TensorBoardServer]
PATHS = pytest.mark.parametrize("load_fast", [True, False], ids=["data server", "python"])
TAGS = ["a/b c", "../../x", "ünï", "Upper", "dots.and..dots"]


def wait_until(condition: Callable[[], bool], seconds: float = 30) -> None:
    """Wait for something that another process does."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def write_event(directory: Path) -> None:
    """An event file of the user's own, with nothing of ours in it."""
    writer = EventFileWriter(str(directory))
    event = event_pb2.Event(step=1, wall_time=time.time())
    event.summary.value.add(tag="loss", simple_value=0.5)
    writer.add_event(event)
    writer.close()


def shown_weights(server: TensorBoardServer, query: dict[str, Any], layer: int) -> np.ndarray:
    """One layer's weights, as a browser decodes them."""
    fields, arrays = unpack(server.get("weights", {**query, "layer": layer}).body)
    plain, start = b"", 0
    for length in np.frombuffer(arrays["member_bytes"].data, np.uint32).tolist():
        plain += decompress(bytes(arrays["weights"].data[start : start + length]))
        start += length
    shape = fields["heads"], fields["queries"], fields["keys"]
    row_max = np.frombuffer(arrays["row_max"].data, np.float32).reshape(shape[:2])
    return decode_weights(np.frombuffer(plain, np.uint8).reshape(shape), row_max)


@PATHS
def test_every_route_is_answered(tmp_path: Path, start_tensorboard: Start, load_fast: bool) -> None:
    log_run(tmp_path / "run")
    write_event(tmp_path / "run")
    log_run(tmp_path / "outer/inner")
    log_grouped_vectors(tmp_path / "only sidecars")
    server = start_tensorboard(logdir=tmp_path, load_fast=load_fast)
    index = server.get("index").json
    assert {run: list(tags) for run, tags in index.items()} == {
        "only sidecars": ["vectors"], "outer/inner": ["probe"], "run": ["probe"],
    }  # fmt: skip
    where = {"run": "run", "tag": "probe", "step": 2, "v": index["run"]["probe"]["versions"][2]}
    assert server.get("record", where).json["tokens"] == {"tokens": TOKENS}
    assert unpack(server.get("thumbnails", where).body)[0]["layers"][0]["heads"] == HEADS
    for layer in range(LAYERS):
        shown = shown_weights(server, where, layer)
        assert np.abs(shown - sample_weights(2)[layer]).max() <= MAX_ERROR
    vectors = {"run": "only sidecars", "tag": "vectors", "step": 0, "layer": 0, "head": 3}
    assert unpack(server.get("vectors", vectors).body)[0]["kv_head"] == 1
    assert unpack(server.get("metrics", where).body)[1]["values"].shape[:3] == (3, LAYERS, HEADS)
    assert server.get("index.js").headers["content-type"].startswith("text/javascript")
    wait_until(lambda: server.get("scalars", {"run": "run"}).json["tags"] == ["loss"])
    assert server.get("scalars", {"run": "run", "tag": "loss"}).json["values"] == [0.5]
    assert unpack(server.get("compare", {**where, "step_b": 0}).body)[1]["change"].shape == (LAYERS, HEADS)
    assert unpack(server.get("find", {**where, "template": "first"}).body)[1]["steps"].shape == (1,)
    assert unpack(server.get("metrics", {**where, "evolution": 1}).body)[0]["hints"] == []
    log = server.log.read_text()
    assert "Traceback" not in log
    assert "In 3.0, this warning will become an error" not in log


@PATHS
def test_the_tab_is_active_without_any_event_file(
    tmp_path: Path, start_tensorboard: Start, load_fast: bool
) -> None:
    log_run(tmp_path / "run", steps=[0])
    server = start_tensorboard(logdir=tmp_path, load_fast=load_fast)
    wait_until(lambda: bool(server.get("/data/plugins_listing").json["attn"]["enabled"]))
    plugin = server.get("/data/plugins_listing").json["attn"]
    assert (plugin["tab_name"], plugin["disable_reload"]) == ("Attention", False)
    assert server.get(plugin["loading_mechanism"]["module_path"]).status == 200


@PATHS
def test_an_empty_log_directory_is_answered_and_fills_later(
    tmp_path: Path, start_tensorboard: Start, load_fast: bool
) -> None:
    server = start_tensorboard(logdir=tmp_path, load_fast=load_fast)
    assert server.get("index").json == {}
    assert not server.get("/data/plugins_listing").json["attn"]["enabled"]
    log_run(tmp_path / "run", steps=[0])
    wait_until(lambda: list(server.get("index").json) == ["run"])
    assert server.get("/data/plugins_listing").json["attn"]["enabled"]


@PATHS
def test_below_an_experiment_and_a_path_prefix_too(
    tmp_path: Path, start_tensorboard: Start, load_fast: bool
) -> None:
    log_run(tmp_path / "run", steps=[0])
    server = start_tensorboard(logdir=tmp_path, load_fast=load_fast, arguments=["--path_prefix=/board"])
    assert server.url.endswith("/board/")
    for path in ("/experiment/abc/data/plugin/attn/index", "/data/plugin/attn/index/"):
        assert list(server.get(path).json) == ["run"]
    assert b"render" in server.get("/experiment/abc/data/plugin/attn/index.js").body


@PATHS
def test_a_summary_writer_of_the_users_own_gets_scalars_and_every_step_is_listed(
    tmp_path: Path, start_tensorboard: Start, load_fast: bool
) -> None:
    with SummaryWriter(str(tmp_path / "run")) as theirs, AttentionWriter(theirs) as writer:
        for step in range(25):  # more than the 10 that TensorBoard keeps of an unknown plugin
            theirs.add_scalar("loss", 1 / (step + 1), step)
            writer.add_attention("probe", sample_weights(step), TOKENS, step)
    server = start_tensorboard(logdir=tmp_path, load_fast=load_fast)
    assert server.get("index").json["run"]["probe"]["steps"] == list(range(25))
    wait_until(lambda: "loss" in server.get("/data/plugin/scalars/tags").json.get("run", {}))
    assert "attn/probe/entropy_mean" in server.get("/data/plugin/scalars/tags").json["run"]


def test_runs_of_a_logdir_spec_have_tensorboards_names(tmp_path: Path, start_tensorboard: Start) -> None:
    for place in ("one", "two/x", "three/y"):
        log_run(tmp_path / place, steps=[0])
        write_event(tmp_path / place)
    spec = f"first:{tmp_path}/one,second:{tmp_path}/two,{tmp_path}/three"
    server = start_tensorboard(logdir_spec=spec)
    wait_until(lambda: len(server.get("/data/runs").json) == 3)
    assert set(server.get("index").json) == set(server.get("/data/runs").json)
    where = {"run": os.path.join("second", "x"), "tag": "probe", "step": 0}  # noqa: PTH118 - a run's name
    assert server.get("record", where).status == 200


@PATHS
def test_tags_of_any_spelling_are_found_and_stay_inside(
    tmp_path: Path, start_tensorboard: Start, load_fast: bool
) -> None:
    with AttentionWriter(tmp_path / "logs/run") as writer:
        for number, tag in enumerate(TAGS):
            writer.add_attention(tag, sample_weights(number), TOKENS, number)
    server = start_tensorboard(logdir=tmp_path / "logs", load_fast=load_fast)
    assert set(server.get("index").json["run"]) == set(TAGS)
    for number, tag in enumerate(TAGS):
        assert server.get("record", {"run": "run", "tag": tag, "step": number}).json["tag"] == tag


@PATHS
def test_damaged_files_are_422_and_all_others_work(
    tmp_path: Path, start_tensorboard: Start, load_fast: bool
) -> None:
    log_run(tmp_path / "run", steps=range(5))
    files = sorted(tmp_path.rglob("*.safetensors"))
    files[0].write_bytes(files[0].read_bytes()[:-10])
    files[1].write_bytes(b"PK\x03\x04 another file altogether")
    for path, position in ((files[2], 60), (files[3], -20)):
        flipped = bytearray(path.read_bytes())
        flipped[position] ^= 0x40
        path.write_bytes(flipped)
    server = start_tensorboard(logdir=tmp_path, load_fast=load_fast)
    assert server.get("index").json["run"]["probe"]["steps"] == [0, 1, 2, 3, 4]
    for step in range(4):
        reply = server.get("weights", {"run": "run", "tag": "probe", "step": step, "layer": LAYERS - 1})
        assert reply.status == 422, reply.body
        assert reply.json["error"]["path"] == files[step].relative_to(tmp_path).as_posix()
        assert reply.json["error"]["reason"]
    whole = {"run": "run", "tag": "probe", "step": 4}
    np.testing.assert_allclose(shown_weights(server, whole, 0), sample_weights(4)[0], atol=MAX_ERROR)
    assert unpack(server.get("metrics", whole).body)[0]["damaged"] == [0, 1, 2]


@PATHS
def test_while_training_writes_every_listed_step_is_whole(
    tmp_path: Path, start_tensorboard: Start, load_fast: bool
) -> None:
    log_run(tmp_path / "run", steps=[0])
    server = start_tensorboard(logdir=tmp_path, load_fast=load_fast)

    def train() -> None:
        with AttentionWriter(tmp_path / "run") as writer:
            for step in range(1, 120):
                writer.add_attention("probe", sample_weights(step), TOKENS, step)
                writer.add_attention("probe", sample_weights(step - 1), TOKENS, step - 1)  # logged anew
                time.sleep(0.01)

    training = threading.Thread(target=train)
    training.start()
    seen: set[int] = set()
    while training.is_alive() or 119 not in seen:
        steps = server.get("index").json["run"]["probe"]["steps"]
        seen |= set(steps)
        query = {"run": "run", "tag": "probe", "step": steps[-1]}
        shown = shown_weights(server, query, 1)
        assert np.abs(shown - sample_weights(steps[-1])[1]).max() <= MAX_ERROR
        assert unpack(server.get("metrics", query).body)[0]["damaged"] == []
    training.join()


def test_a_remote_log_directory_is_served(tmp_path: Path) -> None:
    """memory:// lives in one process, so the log is written inside that of TensorBoard."""
    script = """
import json, sys, urllib.request
from tensorboard import program
from logs.small_log import log_run

log_run("memory://remote/logs/run")
board = program.TensorBoard()
board.configure(argv=[None, "--logdir=memory://remote/logs", "--host=127.0.0.1", "--port=0"])
url = board.launch()
for route in ("index", "record?run=run&tag=probe&step=2", "weights?run=run&tag=probe&step=2&layer=1&head=0"):
    with urllib.request.urlopen(url + "data/plugin/attn/" + route) as response:
        print(route, response.status, len(response.read()) > 100)
"""
    result = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert result.stdout.count(" 200 True") == 3, result.stdout + result.stderr
