"""A store that hangs, and a machine without descriptors: every route answers soon, and nothing is called damaged."""

from __future__ import annotations

import argparse
import errno
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from logs.host import Host
from logs.s3_store import S3Store, s3_store
from logs.small_log import log_run
from tensorboard.plugins import base_plugin
from werkzeug.test import Client, TestResponse

from tensorboard_plugin_attn.loader import AttnLoader
from tensorboard_plugin_attn.serving.listing import ANSWER_SECONDS
from tensorboard_plugin_attn.storing.files import LocalFiles

RECORD = {"run": "a", "tag": "probe", "step": 1}
ROUTES: list[tuple[str, dict[str, Any]]] = [
    ("index", {}),
    ("record", RECORD),
    ("thumbnails", RECORD),
    ("weights", {**RECORD, "layer": 0}),
    ("metrics", {"run": "a", "tag": "probe"}),
    ("metrics", {"run": "a", "tag": "probe", "evolution": 1}),
    ("compare", {**RECORD, "step_b": 2}),
    ("find", {"run": "a", "tag": "probe", "template": "previous", "steps": "0,1,2"}),
    ("export", {**RECORD, "view": "model"}),
]


@pytest.fixture
def store() -> Iterator[S3Store]:
    pytest.importorskip("moto")
    pytest.importorskip("s3fs")
    with s3_store() as found:
        yield found


class RemoteHost:
    """The plugin with a remote log directory."""

    def __init__(self, url: str) -> None:
        flags = argparse.Namespace(logdir=url, logdir_spec="", reload_interval=0)
        self.apps = AttnLoader().load(base_plugin.TBContext(flags=flags, logdir=url)).get_plugin_apps()

    def get(self, route: str, query: dict[str, Any]) -> TestResponse:
        return Client(self.apps[f"/{route}"]).get(f"/data/plugin/attn/{route}", query_string=query)


def copy_run(local: Path, store: S3Store, run: str) -> None:
    for path in sorted(local.rglob("*.safetensors")):
        store.put(f"logs/{run}/{path.relative_to(local).as_posix()}", path.read_bytes())


def logged(tmp_path: Path, store: S3Store, tags: int = 1, runs: int = 1) -> RemoteHost:
    for tag in range(tags):
        log_run(tmp_path, "probe" if tag == 0 else f"probe{tag}")
    for run in range(runs):
        copy_run(tmp_path, store, "abcdefgh"[run])
    host = RemoteHost("s3://bucket/logs")
    end = time.monotonic() + 60
    while time.monotonic() < end:
        answer = host.get("index", {})
        if answer.status_code == 200 and len(answer.get_json()) == runs:
            break
        time.sleep(0.05)
    return host


@pytest.mark.parametrize(
    ("route", "query"), ROUTES, ids=[f"{number} {each[0]}" for number, each in enumerate(ROUTES)]
)
def test_every_route_answers_while_the_store_hangs(
    route: str, query: dict[str, Any], store: S3Store, tmp_path: Path
) -> None:
    host = logged(tmp_path, store)
    store.proxy.switch("hang")
    started = time.monotonic()
    answer = host.get(route, query)
    assert time.monotonic() - started < 10 * ANSWER_SECONDS
    if route == "index":
        assert answer.get_json()["a"]["probe"]["steps"] == [0, 1, 2]
        assert answer.get_json()["a"]["probe"]["old"] is True
    else:
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "3")
        assert answer.get_json()["error"]["code"] == "busy"


def test_what_was_opened_before_is_answered_while_the_store_hangs(store: S3Store, tmp_path: Path) -> None:
    host = logged(tmp_path, store)
    assert host.get("record", RECORD).status_code == 200
    assert host.get("metrics", {"run": "a", "tag": "probe"}).status_code == 200
    store.proxy.switch("hang")
    assert host.get("record", RECORD).status_code == 200
    assert host.get("metrics", {"run": "a", "tag": "probe"}).status_code == 200


def test_a_store_that_answers_again_is_no_longer_old(store: S3Store, tmp_path: Path) -> None:
    host = logged(tmp_path, store)
    store.proxy.switch("refuse")
    assert host.get("index", {}).get_json()["a"]["probe"]["old"] is True
    store.proxy.switch("pass")
    end = time.monotonic() + 60
    while "old" in host.get("index", {}).get_json()["a"]["probe"] and time.monotonic() < end:
        time.sleep(0.05)
    assert "old" not in host.get("index", {}).get_json()["a"]["probe"]


def test_a_store_that_hangs_from_the_start_is_not_called_empty(store: S3Store) -> None:
    store.proxy.switch("hang")
    answer = RemoteHost("s3://bucket/logs").get("index", {})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "3")
    assert "s3://bucket/logs does not answer" in answer.get_json()["error"]["message"]


def test_a_refresh_of_many_tags_is_a_few_requests(
    store: S3Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    host = logged(tmp_path, store, tags=5, runs=8)
    caplog.clear()
    with caplog.at_level("INFO", "werkzeug"):
        assert len(host.get("index", {}).get_json()) == 8
    assert 0 < sum("HTTP/1.1" in record.getMessage() for record in caplog.records) <= 3


ANSWERED_WITHOUT_READING = {"index"}
IN_BACKGROUND = ("metrics", {"run": "a", "tag": "probe", "evolution": "only"})


@pytest.mark.parametrize(
    ("route", "query"),
    [*ROUTES, IN_BACKGROUND],
    ids=[f"{number} {each[0]}" for number, each in enumerate([*ROUTES, IN_BACKGROUND])],
)
def test_without_descriptors_files_are_not_called_damaged(
    route: str, query: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_run(tmp_path / "a")
    host = Host(tmp_path)

    def no_descriptor(*_: object) -> Any:
        raise OSError(errno.EMFILE, "Too many open files")

    with monkeypatch.context() as patched:
        patched.setattr(LocalFiles, "list", no_descriptor)
        patched.setattr(LocalFiles, "read", no_descriptor)
        answer = host.get(route, query)
        if route not in ANSWERED_WITHOUT_READING:
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "3")
        host.plugin.listing.walk()
        assert list(host.get("index").get_json()) == ["a"]
    assert host.get(route, query).status_code == 200
