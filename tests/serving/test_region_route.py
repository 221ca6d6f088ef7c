"""Rectangles and rows of a head: the same picture from codes and from vectors, from any part of it, and refusals."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from logs.host import Host
from logs.long_text import long_layer, long_tokens, planted_places, write_long
from logs.small_log import log_run, strip_to_metrics
from numpy.typing import NDArray

from tensorboard_plugin_attn import AttentionRecord, AttentionWriter, LayerAttention
from tensorboard_plugin_attn.encoding.codes import MAX_ERROR, decode_weights, decompress
from tensorboard_plugin_attn.encoding.overview import decode_log, encode_log, pool_to
from tensorboard_plugin_attn.serving import region_results
from tensorboard_plugin_attn.serving.answers import unpack

LENGTH = 700
LAST = LENGTH - 1
MASKS = ["causal", "full", "window 60"]
RECTANGLES: list[tuple[str, str, int]] = [
    ("0-699", "0-699", 512),  # two by two
    ("0-699", "0-699", 64),
    ("13-13", "0-699", 512),  # a row
    ("600-663", "100-163", 512),  # exact
    ("101-610", "33-698", 100),  # nothing is a multiple of the cell
    ("0-99", "500-699", 50),  # above a causal diagonal
]


def layer_of(mask: str) -> LayerAttention:
    """A layer of queries and keys under a mask."""
    layer = long_layer(LENGTH, heads=3, dtype=np.float32)
    layer.mask, layer.dtype = mask, "float32"
    return layer


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """Each mask's layer as vectors, as codes and as exact weights; steps of short texts; left out."""
    logdir = tmp_path_factory.mktemp("log")
    tokens = long_tokens(LENGTH)
    for precision in ("uint8", "float32"):
        with AttentionWriter(logdir / "run", precision=precision) as writer:
            for mask in MASKS:
                layer = layer_of(mask)
                weights = np.stack([layer.weights_of(head) for head in range(3)])
                whole = LayerAttention(weights, mask=mask, name="h.0")
                writer.add_record(f"{precision} {mask}", AttentionRecord([whole], tokens), 0)
                writer.add_record(f"vectors {mask}", AttentionRecord([layer], tokens), 0)
    with (
        pytest.warns(Warning, match="max_record_bytes"),
        AttentionWriter(logdir / "run", max_record_bytes=100_000) as writer,
    ):
        writer.add_record("left", AttentionRecord([layer_of("causal")], tokens), 0)
    log_run(logdir / "run", "short")
    log_run(logdir / "run", "metrics", steps=[0])
    strip_to_metrics(next((logdir / "run").glob("plugins/attn/metrics/*")))
    host = Host(logdir)
    yield host
    host.plugin.listing.stop()


def ask(host: Host, tag: str, route: str = "region", **query: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Fields and arrays of an answer."""
    where = {"run": "run", "tag": tag, "step": 0, "layer": 0, "head": 1, **query}
    answer = host.get(route, where)
    assert answer.status_code == 200, answer.data
    fields, arrays = unpack(answer.data)
    return fields, {
        name: np.frombuffer(each.data, each.dtype).reshape(each.shape) for name, each in arrays.items()
    }


def picture(host: Host, tag: str, queries: str, keys: str, side: int) -> NDArray[np.uint8]:
    """The codes of a region."""
    fields, arrays = ask(host, tag, queries=queries, keys=keys, side=side)
    assert [f"{first}-{last}" for first, last in (fields["queries"], fields["keys"])] == [queries, keys]
    codes: NDArray[np.uint8] = arrays["codes"]
    assert max(codes.shape) <= side
    return codes


def pooled(weights: NDArray[np.float32], queries: str, keys: str, side: int) -> NDArray[np.uint8]:
    """What a region must be."""
    rows, columns = (
        slice(int(first), int(last) + 1) for first, last in (queries.split("-"), keys.split("-"))
    )
    codes: NDArray[np.uint8] = pool_to(encode_log(weights[rows, columns]), side)
    return codes


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize(("queries", "keys", "side"), RECTANGLES)
def test_a_rectangle_is_the_same_picture_from_vectors_from_codes_and_from_floats(
    host: Host, mask: str, queries: str, keys: str, side: int
) -> None:
    expected = pooled(layer_of(mask).weights_of(1), queries, keys, side)
    exact = {kept: picture(host, f"{kept} {mask}", queries, keys, side) for kept in ("vectors", "float32")}
    for codes in exact.values():
        assert codes.shape == expected.shape
        assert np.abs(codes.astype(int) - expected).max() <= 1  # rounding at a code's edge
    coded = decode_log(picture(host, f"uint8 {mask}", queries, keys, side))
    assert (np.abs(coded - decode_log(expected)) <= MAX_ERROR + 0.08 * decode_log(expected)).all()


def test_the_whole_of_a_long_head_is_its_stored_overview(host: Host) -> None:
    fields, arrays = ask(host, "vectors causal", queries=f"0-{LAST}", keys=f"0-{LAST}", side=256)
    assert (fields["source"], fields["cell"]) == ("overview", [3, 3])
    expected = pooled(layer_of("causal").weights_of(1), f"0-{LAST}", f"0-{LAST}", 256)
    assert np.abs(arrays["codes"].astype(int) - expected).max() <= 1


def test_a_rectangle_that_is_too_large_to_work_out_comes_from_the_overview_and_says_so(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(region_results, "MOST_CELLS", 1000)
    fields, arrays = ask(host, "vectors causal", queries="100-399", keys="50-249", side=511)
    assert (fields["source"], fields["cell"]) == ("overview", [3, 3])
    assert (fields["queries"], fields["keys"]) == ([99, 401], [48, 251])
    rows, keys = fields["queries"], fields["keys"]
    expected = pool_to(
        encode_log(layer_of("causal").weights_of(1)[rows[0] : rows[1] + 1, keys[0] : keys[1] + 1]), 101
    )
    assert np.abs(arrays["codes"].astype(int) - expected).max() <= 1


def test_a_layer_that_was_left_out_has_its_overview(host: Host) -> None:
    fields, arrays = ask(host, "left", queries=f"0-{LAST}", keys=f"0-{LAST}", side=512)
    assert fields["source"] == "overview"
    down, across = fields["cell"]
    at, far = planted_places(LENGTH)
    assert decode_log(arrays["codes"])[at // down, far // across] > 0.9


@pytest.mark.parametrize("kept", ["vectors", "float32", "uint8"])
def test_some_rows_are_those_of_the_head(host: Host, kept: str) -> None:
    fields, arrays = ask(host, f"{kept} causal", "weights", queries="600-633")
    assert (fields["queries"], fields["first_query"], fields["keys"]) == (34, 600, LENGTH)
    assert fields["precision"] == ("uint8" if kept == "uint8" else "float32")
    plain = decompress(arrays["weights"].tobytes())
    codes = np.frombuffer(plain, np.uint8 if kept == "uint8" else np.float32).reshape(34, LENGTH)
    found = decode_weights(codes, arrays["row_max"][0], fields["precision"])
    expected = layer_of("causal").weights_of(1)[600:634]
    assert np.abs(found - expected).max() <= (MAX_ERROR if kept == "uint8" else 1e-6)


def test_a_rectangle_asked_for_again_comes_from_memory(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    query = {"queries": "300-399", "keys": "0-99", "side": 512}
    first = ask(host, "vectors full", **query)[1]["codes"]
    monkeypatch.delattr(region_results, "pool_vectors")
    assert np.array_equal(ask(host, "vectors full", **query)[1]["codes"], first)


def test_rows_asked_for_again_come_from_memory(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    first, others = (ask(host, "vectors causal", "weights", queries=rows) for rows in ("300-309", "301-310"))
    assert not np.array_equal(first[1]["row_max"], others[1]["row_max"])
    monkeypatch.delattr(region_results, "vector_rows")
    again = ask(host, "vectors causal", "weights", queries="300-309")
    assert np.array_equal(again[1]["weights"], first[1]["weights"])
    assert again[0]["first_query"] == 300


WRONG: list[tuple[str, str, dict[str, Any], int, str]] = [
    ("region", "vectors full", {"queries": None}, 400, "expected queries=… in the query"),
    ("region", "vectors full", {"head": None}, 400, "expected head=… in the query"),
    (
        "region",
        "vectors full",
        {"keys": "7"},
        400,
        "keys must be a range of positions such as 10-40, got '7'",
    ),
    ("region", "vectors full", {"keys": "9-7"}, 400, "keys must be a range"),
    ("region", "vectors full", {"side": 0}, 400, "side must be pixels from 1 to 512, got 0"),
    ("region", "vectors full", {"side": 4096}, 400, "side must be pixels from 1 to 512"),
    (
        "region",
        "vectors full",
        {"queries": "0-700"},
        404,
        "no query 700 in layer 0; recorded queries: 0 to 699",
    ),
    ("region", "vectors full", {"keys": "0-700"}, 404, "recorded keys: 0 to 699"),
    ("region", "vectors full", {"layer": 4}, 404, "recorded layers: 0 to 0"),
    ("region", "vectors full", {"head": 3}, 404, "recorded heads: 0 to 2"),
    ("region", "metrics", {"queries": "0-1", "keys": "0-1"}, 404, "logged with head metrics only"),
    ("weights", "metrics", {"queries": "0-1"}, 404, "logged with head metrics only"),
    ("weights", "left", {}, 404, "left out: "),
    ("weights", "vectors full", {"head": None}, 400, "expected head=… in the query"),
    ("weights", "vectors full", {"queries": "1-x"}, 400, "queries must be a range"),
    ("weights", "vectors full", {"queries": "0-700"}, 404, "recorded queries: 0 to 699"),
]


@pytest.mark.parametrize(("route", "tag", "query", "status", "words"), WRONG)
def test_what_cannot_be_had_is_refused_in_words(
    host: Host, route: str, tag: str, query: dict[str, Any], status: int, words: str
) -> None:
    where = {"run": "run", "tag": tag, "step": 0, "layer": 0, "head": 1, "queries": "0-9", "keys": "0-9"}
    answer = host.get(route, {**where, **query})
    assert (answer.status_code, words in answer.json["error"]["message"]) == (status, True), answer.data


def test_more_rows_than_fit_in_memory_are_refused(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(region_results, "BAND_BYTES", 4 * LENGTH * 8)
    where = {"run": "run", "tag": "vectors full", "step": 0, "layer": 0, "head": 1}
    answer = host.get("weights", {**where, "queries": "0-8"})
    assert (answer.status_code, answer.json["error"]["code"]) == (404, "too_large")
    assert "ask for 8" in answer.json["error"]["message"]


def test_bytes_that_were_altered_are_refused(tmp_path: Path) -> None:
    path = write_long(tmp_path / "run", "long", 600)
    content = bytearray(path.read_bytes())
    content[-len(content) // 2] ^= 1
    path.write_bytes(content)
    host = Host(tmp_path)
    where = {"run": "run", "tag": "long", "step": 0, "layer": 0, "side": 512}
    statuses = {
        host.get("region", {**where, "head": head, "queries": "0-99", "keys": "0-99"}).status_code
        for head in (0, 1)
    }
    host.plugin.listing.stop()
    assert 422 in statuses
