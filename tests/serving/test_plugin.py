"""Routes: statuses, types and caching of every answer, without a TensorBoard around them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from logs.host import Host
from logs.small_log import HEADS, LAYERS, log_grouped_vectors, log_run
from tensorboard.plugins import base_plugin

from tensorboard_plugin_attn.serving.answers import unpack
from tensorboard_plugin_attn.serving.plugin import AttnPlugin

WHERE = {"run": "run", "tag": "probe", "step": 1}
BINARY: list[tuple[str, dict[str, int], set[str]]] = [
    ("thumbnails", {}, {"thumbnails"}),
    ("weights", {"layer": 0}, {"row_max", "member_bytes", "weights"}),
    ("weights", {"layer": 0, "head": 2}, {"row_max", "member_bytes", "weights"}),
    ("vectors", {"tag": "vectors", "step": 0, "layer": 0, "head": 3}, {"query", "key"}),  # type: ignore[dict-item] - a tag
    ("metrics", {}, {"values", "steps", "wall_times"}),
]
REFUSED: list[tuple[str, dict[str, Any], int, str]] = [
    ("record", {"run": None}, 400, "expected run=… in the query"),
    ("record", {"tag": None}, 400, "expected tag=… in the query"),
    ("record", {"step": None}, 400, "expected step=… in the query"),
    ("record", {"step": "last"}, 400, "step must be a whole number, got 'last'"),
    ("weights", {}, 400, "expected layer=… in the query"),
    ("weights", {"layer": "NaN"}, 400, "layer must be a whole number"),
    ("weights", {"layer": 0, "head": ""}, 400, "head must be a whole number"),
    ("vectors", {"layer": 0}, 400, "expected head=… in the query"),
    ("metrics", {"tag": None}, 400, "expected tag=… in the query"),
    ("record", {"run": "other"}, 404, "recorded runs: run"),
    ("record", {"tag": "../probe"}, 404, "recorded tags: probe, vectors"),
    ("record", {"step": 8}, 404, "recorded steps: 0, 1, 2"),
    ("weights", {"layer": 7}, 404, "recorded layers: 0 to 1"),
    ("weights", {"layer": 0, "head": 3}, 404, "recorded heads: 0 to 2"),
    ("vectors", {"layer": 0, "head": 0}, 404, "pass query_key=True"),
    ("metrics", {"run": "other"}, 404, "recorded runs: run"),
    ("record", {"v": "1-1"}, 410, "was written anew"),
    ("static/../plugin.py", {}, 404, "nothing is served"),
]


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    log_run(tmp_path / "run")
    log_grouped_vectors(tmp_path / "run")
    host = Host(tmp_path)
    yield host
    host.plugin.listing.stop()


def test_the_tab_is_active_only_where_something_was_logged(host: Host, tmp_path: Path) -> None:
    assert host.plugin.is_active()
    assert not Host(tmp_path / "nothing").plugin.is_active()


def test_a_context_without_flags_gives_an_inactive_tab() -> None:
    plugin = AttnPlugin(base_plugin.TBContext())
    plugin.listing.stop()
    assert not plugin.is_active()
    assert plugin.listing.index() == {}


def test_the_tab_is_called_attention_and_its_module_is_a_route(host: Host) -> None:
    metadata = host.plugin.frontend_metadata()
    assert (metadata.tab_name, metadata.disable_reload) == ("Attention", False)
    assert metadata.es_module_path in host.plugin.get_plugin_apps()


def test_the_index_lists_every_run_tag_and_step(host: Host) -> None:
    response = host.get("index")
    assert response.content_type == "application/json"
    assert {
        run: {tag: there["steps"] for tag, there in tags.items()} for run, tags in response.json.items()
    } == {"run": {"probe": [0, 1, 2], "vectors": [0]}}


def test_the_record_is_the_header(host: Host) -> None:
    fields = host.get("record", WHERE).json
    assert (fields["step"], len(fields["layers"]), fields["layers"][0]["heads"]) == (1, LAYERS, HEADS)


@pytest.mark.parametrize(("route", "query", "names"), BINARY)
def test_binary_routes_answer_their_arrays_uncompressed(
    host: Host, route: str, query: dict[str, int], names: set[str]
) -> None:
    response = host.get(route, {**WHERE, **query}, Accept_Encoding="gzip")
    assert (response.status_code, response.content_type) == (200, "application/octet-stream")
    assert "Content-Encoding" not in response.headers
    assert set(unpack(response.data)[1]) == names


@pytest.mark.parametrize(("route", "query", "status", "message"), REFUSED)
def test_a_request_that_cannot_be_answered_says_why(
    host: Host, route: str, query: dict[str, Any], status: int, message: str
) -> None:
    response = host.get(route, {**WHERE, **query})
    assert (response.status_code, response.content_type) == (status, "application/json")
    assert message in response.json["error"]["message"]
    assert response.json["error"]["code"]
    assert response.headers["Cache-Control"] == "no-cache, must-revalidate"


def test_a_damaged_file_is_422_with_path_and_reason(host: Host, tmp_path: Path) -> None:
    path = next(tmp_path.rglob("probe/*000001.safetensors"))
    path.write_bytes(path.read_bytes()[:-1])
    response = host.get("weights", {**WHERE, "layer": 0})
    assert response.status_code == 422
    error = response.json["error"]
    assert (error["code"], error["path"]) == ("damaged", path.relative_to(tmp_path).as_posix())
    assert "interrupted" in error["reason"]
    assert 1 in host.get("index").json["run"]["probe"]["steps"]
    assert unpack(host.get("metrics", WHERE).data)[0]["damaged"] == [1]


@pytest.mark.parametrize("route", ["record", "thumbnails", "weights"])
def test_a_versioned_answer_may_be_kept_for_ever_and_any_other_not(host: Host, route: str) -> None:
    tag = host.get("index").json["run"]["probe"]
    query = {**WHERE, "layer": 0}
    kept = host.get(route, {**query, "v": tag["versions"][1]})
    assert kept.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    fresh = host.get(route, query)
    assert fresh.headers["Cache-Control"] == "no-cache, must-revalidate"
    assert fresh.data == kept.data


def test_a_version_that_is_gone_is_410_with_the_one_there_is(host: Host, tmp_path: Path) -> None:
    old = host.get("index").json["run"]["probe"]["versions"][1]
    log_run(tmp_path / "run", steps=[1], precision="float32")
    response = host.get("record", {**WHERE, "v": old})
    assert response.status_code == 410
    assert host.get("record", {**WHERE, "v": response.json["error"]["version"]}).status_code == 200


@pytest.mark.parametrize("route", ["index", "record", "metrics", "index.js"])
def test_an_unchanged_answer_is_not_sent_again(host: Host, route: str, tmp_path: Path) -> None:
    first = host.get(route, WHERE)
    again = host.get(route, WHERE, If_None_Match=first.headers.get("ETag", ""))
    if route == "index.js" and "ETag" not in first.headers:
        assert b"not built" in first.data
        return
    assert (again.status_code, again.data) == (304, b"")
    log_run(tmp_path / "run", steps=[1], precision="float32")
    changed = host.get(route, WHERE, If_None_Match=first.headers["ETag"])
    assert changed.status_code == (304 if route == "index.js" else 200)


def test_numbers_that_json_lacks_are_null(tmp_path: Path) -> None:
    log_run(tmp_path / "run")
    host = Host(tmp_path)
    record = host.plugin.records.use("run", "probe", 1, None, lambda record: record)[0]
    layers = (replace(record.layers[0], scale=float("nan")), *record.layers[1:])
    record.header = replace(record.header, layers=layers)
    assert host.get("record", WHERE).json["layers"][0]["scale"] is None


def test_an_unexpected_failure_is_json_too(host: Host) -> None:
    host.plugin.evolution.series.series = lambda directory, steps: 1 / 0  # type: ignore[method-assign] - a remote store that fails
    response = host.get("metrics", WHERE)
    assert response.status_code == 500
    assert response.json["error"]["message"].startswith("ZeroDivisionError")


def test_metrics_hold_a_row_for_every_step(host: Host) -> None:
    fields, arrays = unpack(host.get("metrics", WHERE).data)
    assert arrays["values"].shape == (3, LAYERS, HEADS, len(fields["names"]))
    assert np.frombuffer(arrays["steps"].data).tolist() == [0, 1, 2]


def test_the_module_is_served_as_javascript(host: Host) -> None:
    response = host.get("index.js")
    assert response.content_type.startswith("text/javascript")
    assert b"render" in response.data


def test_every_route_is_documented(host: Host) -> None:
    page = (Path(__file__).parents[2] / "docs/reference/http_api.md").read_text(encoding="utf-8")
    for route in host.plugin.get_plugin_apps().keys() - {"/*"}:
        assert f"| `{route[1:]}`" in page


def test_tokens_are_never_markup(tmp_path: Path) -> None:
    tokens = ["</script><img src=x onerror=alert(1)>", "\ud800", "עברית", "🙂", "\x07" + "x" * 10_000]
    from tensorboard_plugin_attn import AttentionWriter

    with AttentionWriter(tmp_path / "run") as writer:
        writer.add_attention("probe", np.full((1, 1, 5, 5), 0.2, np.float32), tokens, 1)
    response = Host(tmp_path).get("record", WHERE)
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert json.loads(response.data)["tokens"]["tokens"] == tokens
