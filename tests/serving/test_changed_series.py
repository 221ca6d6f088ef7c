"""``metrics`` with ``width``, ``since``, ``steps`` and ``evolution=only``: what is new, exact, spaced, told."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from logs.host import Host
from logs.random_attention import random_record
from logs.small_log import HEADS, LAYERS, log_run
from numpy.typing import NDArray

from tensorboard_plugin_attn import AttentionReader, AttentionRecord, AttentionWriter
from tensorboard_plugin_attn.serving import background_evolution, study_routes
from tensorboard_plugin_attn.serving.answers import unpack
from tensorboard_plugin_attn.serving.byte_cache import ByteCache
from tensorboard_plugin_attn.serving.thinning import GAP, spaced
from tensorboard_plugin_attn.storing.store import StepFile

WHERE = {"run": "run", "tag": "probe"}
STEPS = range(0, 24, 2)
Asked = tuple[dict[str, Any], dict[str, NDArray[Any]]]


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    log_run(tmp_path / "run", steps=STEPS)
    host = Host(tmp_path)
    yield host
    host.plugin.listing.stop()


def asked(host: Host, **query: Any) -> Asked:
    """Fields and arrays of an answer."""
    response = host.get("metrics", {**WHERE, **query})
    assert response.status_code == 200, response.data
    fields, arrays = unpack(response.data)
    return fields, {
        name: np.frombuffer(array.data, array.dtype).reshape(array.shape) for name, array in arrays.items()
    }


def refused(host: Host, **query: Any) -> tuple[int, str]:
    response = host.get("metrics", {**WHERE, **query})
    return response.status_code, response.json["error"]["message"]


@pytest.mark.parametrize("query", [{}, {"width": 100}, {"steps": "0,2"}, {"evolution": 1}])
def test_a_series_tells_the_hashes_by_which_the_inputs_of_two_runs_are_compared(
    tmp_path: Path, query: dict[str, Any]
) -> None:
    for run, text in (("same", "a b c d"), ("other", "a b c e"), ("again", "a b c d")):
        with AttentionWriter(tmp_path / run, scalars=False) as writer:
            for step in (0, 2):
                writer.add_record("text", AttentionRecord(random_record(length=4).layers, text.split()), step)
    host = Host(tmp_path)
    same, other, again = (
        asked(host, **query, run=run, tag="text")[0]["probe"] for run in ("same", "other", "again")
    )
    host.plugin.listing.stop()
    assert same == again
    assert same[0] != other[0]


def test_a_series_that_fits_the_pixels_is_the_whole_one(host: Host) -> None:
    whole_fields, whole = asked(host)
    fields, arrays = asked(host, width=100)
    for name in ("values", "steps", "wall_times"):
        np.testing.assert_array_equal(arrays[name], whole[name])
    assert not arrays["parts"].any()
    assert {name: fields[name] for name in whole_fields} == whole_fields
    assert (fields["thinned"], fields["pending"], fields["logged"]) == (False, 0, len(STEPS))


@pytest.mark.parametrize("axis", ["linear", "log"])
def test_a_thinned_series_has_least_most_and_last_of_each_column(host: Host, axis: str) -> None:
    _, whole = asked(host)
    fields, arrays = asked(host, width=2, axis=axis)
    assert fields["thinned"]
    assert len(set(arrays["columns"])) <= 2
    np.testing.assert_array_equal(arrays["values"][-1], whole["values"][-1])
    np.testing.assert_array_equal(np.fmin.reduce(arrays["values"]), np.fmin.reduce(whole["values"]))
    np.testing.assert_array_equal(np.fmax.reduce(arrays["values"]), np.fmax.reduce(whole["values"]))


def test_with_a_token_only_the_columns_of_new_steps_come(host: Host, tmp_path: Path) -> None:
    token = asked(host, width=8)[0]["token"]
    fields, arrays = asked(host, width=8, since=token)
    assert (fields["whole"], fields["gone"], len(arrays["steps"])) == (False, [], 0)
    log_run(tmp_path / "run", steps=[24])
    fields, arrays = asked(host, width=8, since=token)
    assert not fields["whole"]
    assert arrays["steps"].tolist() == [24]
    assert asked(host, width=4, since=token)[0]["whole"]


def test_some_metrics_alone_are_thinned_alone(host: Host) -> None:
    names = asked(host)[0]["names"]
    fields, arrays = asked(host, width=2, values="induction,entropy")
    _, whole = asked(host, width=2)
    assert fields["names"] == ["induction", "entropy"]
    columns = [names.index(name) for name in fields["names"]]
    no_gap = whole["parts"] != GAP  # of another metric
    np.testing.assert_array_equal(arrays["values"], whole["values"][no_gap][..., columns])


@pytest.mark.parametrize(
    ("query", "status", "why"),
    [
        ({"width": 0}, 400, "width must be pixels"),
        ({"width": "wide"}, 400, "width must be a whole number"),
        ({"width": 4, "axis": "odd"}, 400, "axis must be linear or log"),
        ({"width": 4, "values": "odd"}, 400, "values must be metrics"),
        ({"steps": "1,x"}, 400, "steps must be whole numbers"),
        ({"steps": "2,3"}, 404, "has no step 3; recorded steps: 0, 2"),
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused(host: Host, query: dict[str, Any], status: int, why: str) -> None:
    found, message = refused(host, **query)
    assert found == status
    assert why in message


def test_single_steps_come_exactly(host: Host) -> None:
    _, whole = asked(host)
    fields, arrays = asked(host, steps="8,4")
    assert arrays["steps"].tolist() == [4, 8]
    np.testing.assert_array_equal(arrays["values"], whole["values"][[2, 4]])
    assert asked(host, steps="8", values="entropy")[1]["values"].shape == (1, LAYERS, HEADS, 1)
    assert fields["damaged"] == []


def test_marks_roles_and_hints_alone_are_those_of_the_reader(host: Host, tmp_path: Path) -> None:
    fields, arrays = asked(host, evolution="only")
    evolution = AttentionReader(tmp_path).evolution("run", "probe")
    assert (fields["up_to"], fields["pending"], fields["roles_from"]) == (22, False, 0)
    assert fields["names"] == evolution.names
    assert [hint["kind"] for hint in fields["hints"]] == [hint.kind for hint in evolution.hints]
    assert arrays["role_steps"].tolist() == list(STEPS)
    for name, expected in {
        "roles": evolution.roles.roles,
        "role_scores": evolution.roles.scores,
        "baseline": evolution.baseline,
        "mark_after": evolution.emergence.after,
    }.items():
        np.testing.assert_array_equal(arrays[name], expected)
    assert "values" not in arrays


def test_with_a_token_only_the_roles_of_new_steps_come(host: Host, tmp_path: Path) -> None:
    fields, whole = asked(host, evolution="only")
    same, arrays = asked(host, evolution="only", since=fields["token"])
    assert same == {"up_to": 22, "token": fields["token"], "pending": False, "unchanged": True}
    assert not arrays
    log_run(tmp_path / "run", steps=[24])
    later, arrays = asked(host, evolution="only", since=fields["token"])
    assert (later["up_to"], later["roles_from"]) == (24, len(STEPS))
    assert arrays["role_steps"].tolist() == [24]
    assert arrays["roles"].shape == (1, LAYERS, HEADS)
    assert arrays["mark_after"].shape == whole["mark_after"].shape
    log_run(tmp_path / "run", steps=[2])
    assert asked(host, evolution="only", since=later["token"])[0]["roles_from"] == 0
    limits = asked(host, evolution="only", since=later["token"], max_score=7)[0]
    assert limits["thresholds"]["max_score"] == 7


@pytest.mark.parametrize("evolution", [{}, {"evolution": "1"}])
def test_without_a_width_an_answer_stays_small_and_says_that_steps_are_missing(
    evolution: dict[str, str], host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole_fields, whole = asked(host, **evolution)
    assert (whole_fields["logged"], whole_fields["thinned"]) == (len(STEPS), False)
    row = whole["values"][0].nbytes
    monkeypatch.setattr(study_routes, "WHOLE_BYTES", 5 * row)
    host.plugin.evolution.kept = ByteCache(1 << 20)
    fields, arrays = asked(host, **evolution)
    assert (fields["logged"], fields["thinned"]) == (len(STEPS), True)
    assert arrays["steps"].tolist() == [0, 8, 16, 22]
    np.testing.assert_array_equal(arrays["values"], whole["values"][[0, 4, 8, 11]])
    one = asked(host, values="entropy", **evolution)[1]
    assert one["steps"].tolist() == list(STEPS)


def test_spaced_steps_stay_when_one_is_added() -> None:
    files = [StepFile(step, "metrics", "", 1, 1.0) for step in range(5000)]
    assert spaced(files[:2000], 2000) == files[:2000]
    assert [each.step for each in spaced(files[:2001], 2000)] == list(range(0, 2001, 2))
    for count in range(4500, 4510):
        assert len(spaced(files[:count], 2000)) <= 2000
        assert spaced(files[:count], 2000) == files[:count:4]


def test_while_an_answer_is_worked_out_the_last_known_one_is_given(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = asked(host, evolution="only")[0]
    log_run(tmp_path / "run", steps=[24])
    background = host.plugin.evolution.background
    go_on, work = threading.Event(), background.work
    monkeypatch.setattr(background, "work", lambda *given: (go_on.wait(20), work(*given)))
    monkeypatch.setattr(background_evolution, "WAIT_SECONDS", 0.01)
    fields, _ = asked(host, evolution="only")
    assert (fields["pending"], fields["up_to"]) == (True, 22)
    first, arrays = asked(host, evolution="only", max_score=7)
    assert (first, arrays) == ({"pending": True}, {})
    go_on.set()
    monkeypatch.setattr(background_evolution, "WAIT_SECONDS", 20)
    fields, _ = asked(host, evolution="only", since=known["token"])
    assert (fields["pending"], fields["up_to"]) == (False, 24)


def test_marks_of_a_probe_without_a_readable_step_are_refused_with_the_reason(
    host: Host, tmp_path: Path
) -> None:
    for path in (tmp_path / "run/plugins/attn/probe").iterdir():
        path.write_bytes(b"cut")
    assert refused(host, evolution="only")[0] == 422
    fields, arrays = asked(host, width=100)
    assert fields["damaged"] == list(STEPS)
    assert arrays["values"].shape[0] == 0


@pytest.mark.parametrize("query", [{"width": 100}, {"steps": "2"}, {"evolution": "only"}], ids=str)
def test_series_travel_compressed_for_whoever_accepts_it(host: Host, query: dict[str, Any]) -> None:
    plain = host.get("metrics", {**WHERE, **query})
    small = host.get("metrics", {**WHERE, **query}, Accept_Encoding="gzip")
    assert "Content-Encoding" not in plain.headers
    assert small.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(small.data) == plain.data
    assert "Content-Encoding" not in host.get("metrics", WHERE, Accept_Encoding="gzip").headers
