"""``quantity=contribution``: the routes and the reader answer about weight × length of value, by its row's sum."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from logs.host import Host
from logs.moved_log import expected_contributions, log_moved, moved_weights, norms
from logs.small_log import TOKENS, log_run
from numpy.typing import NDArray

from tensorboard_plugin_attn import AttentionReader
from tensorboard_plugin_attn.encoding.codes import decompress
from tensorboard_plugin_attn.errors import InvalidRecordError, NotRecordedError
from tensorboard_plugin_attn.serving.answers import unpack

LONG = [f"t{at}" for at in range(130)]  # pooled: three positions a pixel
Arrays = dict[str, NDArray[Any]]


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    log_moved(tmp_path / "run")
    log_moved(tmp_path / "run", "long", [0], tokens=LONG)
    log_run(tmp_path / "run", "without")
    host = Host(tmp_path)
    yield host
    host.plugin.listing.stop()


def asked(host: Host, route: str, tag: str = "moved", **query: Any) -> Arrays:
    """The arrays of an answer."""
    response = host.get(route, {"run": "run", "tag": tag, **query})
    assert response.status_code == 200, response.data
    _, arrays = unpack(response.data)
    return {
        name: np.frombuffer(array.data, array.dtype).reshape(array.shape) for name, array in arrays.items()
    }


@pytest.mark.parametrize("head", [None, 1])
def test_weights_travel_with_the_lengths_of_their_values(host: Host, head: int | None) -> None:
    found = asked(host, "weights", step=1, layer=1, **({} if head is None else {"head": head}))
    wanted = norms(1)[1] if head is None else norms(1)[1, head : head + 1]
    np.testing.assert_array_equal(found["value_norm"], wanted)
    assert "value_norm" not in asked(host, "weights", "without", step=1, layer=1)


@pytest.mark.parametrize(("tag", "length"), [("moved", len(TOKENS)), ("long", len(LONG))])
def test_pictures_are_those_of_contributions(host: Host, tag: str, length: int) -> None:
    packed = asked(host, "thumbnails", tag, step=0, quantity="contribution")["thumbnails"]
    codes = np.frombuffer(decompress(packed.tobytes()), np.uint8).astype(float)
    width = -(-length // 64)
    side = -(-length // width)
    padded = np.zeros((*expected_contributions(0, length).shape[:2], side * width, side * width))
    padded[..., :length, :length] = expected_contributions(0, length)
    pooled = padded.reshape(*padded.shape[:2], side, width, side, width).max((3, 5))
    np.testing.assert_allclose(codes, 255 * np.sqrt(pooled).ravel(), atol=0.51)
    weights = asked(host, "thumbnails", tag, step=0)["thumbnails"]
    assert weights.tobytes() != packed.tobytes()


def test_compare_finds_the_same_as_numpy(host: Host) -> None:
    found = asked(host, "compare", step=0, step_b=2, quantity="contribution")
    difference = expected_contributions(2) - expected_contributions(0)
    flat = np.abs(difference).reshape(*difference.shape[:2], -1)
    largest = flat.argmax(-1)
    np.testing.assert_array_equal(found["query"] * len(TOKENS) + found["key"], largest)
    np.testing.assert_allclose(np.abs(found["after"] - found["before"]), flat.max(-1), atol=1e-5)
    assert not np.allclose(found["change"], asked(host, "compare", step=0, step_b=2)["change"])


def test_find_sums_contributions_and_names_no_uniform_share(host: Host) -> None:
    found = asked(host, "find", steps="0,2", query="1,3", key="0", quantity="contribution")
    wanted = [expected_contributions(step)[:, :, [1, 3], 0].mean(-1) for step in (0, 2)]
    np.testing.assert_allclose(found["values"], wanted, atol=1e-5)
    assert np.isnan(found["uniform"]).all()
    assert asked(host, "find", step=0, query="1,3", key="0")["values"].min() > 0.5 > np.max(wanted)


def test_the_reader_compares_and_finds_contributions(host: Host) -> None:
    reader = AttentionReader(host.plugin.listing.roots[0].path)
    places = ("run", "moved", 0), ("run", "moved", 2)
    comparison = reader.compare(*places, quantity="contribution")
    difference = expected_contributions(2) - expected_contributions(0)
    np.testing.assert_allclose(comparison.difference(1), difference[1], atol=1e-5)
    np.testing.assert_allclose(
        reader.compare(*places).difference(1), (moved_weights(2) - moved_weights(0))[1], atol=1e-5
    )
    given = {"query": 1, "key": 2, "quantity": "contribution"}
    assert reader.find("run", "moved", 1, **given).values[1, 2] == pytest.approx(
        expected_contributions(1)[1, 2, 1, 2], abs=1e-5
    )
    steps = {found.step: found for found in reader.find_over_steps("run", "moved", **given)}
    np.testing.assert_allclose(steps[1].values, expected_contributions(1)[:, :, 1, 2], atol=1e-5)
    with pytest.raises(NotRecordedError, match="length of the values of layer 0 was not logged"):
        reader.find("run", "without", 1, **given)
    with pytest.raises(InvalidRecordError, match="weight, contribution"):
        reader.compare(*places, quantity="effect")


@pytest.mark.parametrize(
    ("route", "query"),
    [
        ("thumbnails", {"step": 0}),
        ("compare", {"step": 0, "step_b": 1}),
        ("find", {"step": 0, "template": "same"}),
    ],
)
def test_a_record_without_lengths_has_no_contributions_and_says_so(
    host: Host, route: str, query: dict[str, Any]
) -> None:
    where = {"run": "run", "tag": "without", **query}
    response = host.get(route, {**where, "quantity": "contribution"})
    assert (response.status_code, response.json["error"]["code"]) == (404, "not_recorded")
    assert "value_norm" in response.json["error"]["message"]
    response = host.get(route, {**where, "quantity": "size"})
    assert (response.status_code, response.json["error"]["parameter"]) == (400, "quantity")


@pytest.mark.parametrize("side", ["query", "key"])
def test_maps_of_a_position_are_those_of_contributions(host: Host, side: str) -> None:
    query: dict[str, Any] = {"step": 1, "list": "tokens", side: 3}
    found = asked(host, "maps", **query, quantity="contribution")
    expected = expected_contributions(1)
    wanted = expected[:, :, 3] if side == "query" else expected[..., 3]
    codes = found["codes"].reshape(*wanted.shape) / 255
    most = found["maxima"].reshape(*wanted.shape[:2], 1)
    np.testing.assert_allclose(codes**2 * most, wanted, atol=0.006)
    weights = asked(host, "maps", **query)
    assert weights["codes"].tobytes() != found["codes"].tobytes()


def test_maps_of_a_record_without_them_are_refused_with_the_reason(host: Host) -> None:
    query = {"run": "run", "tag": "without", "step": 1, "list": "tokens", "query": 0}
    response = host.get("maps", {**query, "quantity": "contribution"})
    assert response.status_code == 404
    assert "has no contributions" in response.json["error"]["message"]
