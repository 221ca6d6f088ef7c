"""Routes about many records: the numbers of the reader, their caching, and what is refused."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from logs.host import Host
from logs.small_log import HEADS, LAYERS, TOKENS, log_run, sample_weights
from numpy.typing import NDArray
from tensorboard.data.provider import ScalarDatum, ScalarTimeSeries

from tensorboard_plugin_attn import AttentionReader, AttentionRecord, AttentionWriter, LayerAttention
from tensorboard_plugin_attn.encoding.codes import decompress
from tensorboard_plugin_attn.serving.answers import unpack
from tensorboard_plugin_attn.studying.roles import ROLES

WHERE = {"run": "run", "tag": "probe"}
HE = [*TOKENS[:2], "doctor", *TOKENS[3:]]


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    log_run(tmp_path / "run", steps=range(4))
    log_run(tmp_path / "other", steps=range(5, 7))
    with AttentionWriter(tmp_path / "run") as writer:
        writer.add_attention("he", sample_weights(9), HE, 0, track={"x": ("doctor", 0)})
        writer.add_attention("probe", sample_weights(4), TOKENS, 4, metrics_only=True)
    host = Host(tmp_path)
    yield host
    host.plugin.listing.stop()


def reader(host: Host) -> AttentionReader:
    return AttentionReader(host.plugin.listing.roots[0].path)


def asked(host: Host, route: str, **query: Any) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Fields and arrays of an answer."""
    response = host.get(route, {**WHERE, **query})
    assert response.status_code == 200, response.data
    fields, arrays = unpack(response.data)
    return fields, {
        name: np.frombuffer(array.data, array.dtype).reshape(array.shape) for name, array in arrays.items()
    }


def refused(host: Host, route: str, **query: Any) -> tuple[int, str, str]:
    response = host.get(route, {**WHERE, **query})
    error = response.json["error"]
    return response.status_code, error["code"], error["message"]


def test_evolution_is_what_the_reader_finds(host: Host) -> None:
    fields, arrays = asked(host, "metrics", evolution=1)
    evolution = reader(host).evolution("run", "probe")
    assert fields["names"] == evolution.names
    assert fields["roles"] == [*ROLES, "unclassified"]
    assert fields["kinds"] == ["weights"] * 4 + ["metrics"]
    assert fields["marks"] == evolution.marks_json()
    assert [hint["kind"] for hint in fields["hints"]] == [hint.kind for hint in evolution.hints]
    assert arrays["values"].shape == (5, LAYERS, HEADS, len(fields["names"]))
    for name, expected in {
        "roles": evolution.roles.roles,
        "role_scores": evolution.roles.scores,
        "baseline": evolution.baseline,
        "mark_before": evolution.emergence.before,
        "mark_after": evolution.emergence.after,
        "mark_noise": evolution.emergence.noise,
        "scales": evolution.emergence.scales,
    }.items():
        np.testing.assert_array_equal(arrays[name], expected)
    found = evolution.emergence.index >= 0
    np.testing.assert_array_equal(np.isnan(arrays["mark_step"]), ~found)
    assert (arrays["mark_step"][found] == evolution.steps[evolution.emergence.index[found]]).all()


def test_limits_of_marks_and_hints_are_those_of_the_query(host: Host) -> None:
    fields, _ = asked(host, "metrics", evolution=1, smallest=0.01, factor=0, entropy=0.9, max_score=7)
    assert (fields["smallest"], fields["factor"]) == (0.01, 0)
    assert fields["thresholds"]["entropy"] == 0.9
    assert fields["thresholds"]["max_score"] == 7
    assert fields["marks"]
    assert refused(host, "metrics", evolution=1, smallest="wide")[:2] == (400, "bad_request")


def test_evolution_is_kept_until_a_step_is_added(host: Host, tmp_path: Path) -> None:
    first = host.get("metrics", {**WHERE, "evolution": 1})
    host.plugin.evolution.series.series = lambda directory: 1 / 0  # type: ignore[method-assign] - not to be read anew
    etag = first.headers["ETag"]
    assert host.get("metrics", {**WHERE, "evolution": 1}).data == first.data
    assert host.get("metrics", {**WHERE, "evolution": 1}, If_None_Match=etag).status_code == 304
    log_run(tmp_path / "run", steps=[9])
    assert host.get("metrics", {**WHERE, "evolution": 1}).status_code == 500


@pytest.mark.parametrize("evolution", [{}, {"evolution": 1}], ids=str)
def test_a_query_may_ask_for_the_values_of_some_metrics(host: Host, evolution: dict[str, int]) -> None:
    whole_fields, whole = asked(host, "metrics", **evolution)
    fields, arrays = asked(host, "metrics", values="induction,entropy", **evolution)
    columns = [whole_fields["names"].index(name) for name in ("induction", "entropy")]
    np.testing.assert_array_equal(arrays["values"], whole["values"][..., columns])
    assert (fields["value_names"], fields["names"]) == (["induction", "entropy"], whole_fields["names"])
    assert refused(host, "metrics", values="odd", **evolution)[:2] == (400, "bad_request")


def test_tracked_pairs_are_told_with_their_positions(host: Host) -> None:
    fields, arrays = asked(host, "metrics", tag="he", evolution=1)
    assert fields["track"] == [{"name": "x", "axes": ["tokens", "tokens"], "queries": [2], "keys": [0]}]
    assert arrays["baseline"][0, fields["names"].index("x")] == pytest.approx(1 / len(TOKENS))


def test_a_probe_without_a_readable_step_is_damaged(host: Host, tmp_path: Path) -> None:
    next((tmp_path / "run/plugins/attn/he").iterdir()).write_bytes(b"cut")
    assert refused(host, "metrics", tag="he", evolution=1)[:2] == (422, "damaged")


@pytest.mark.parametrize(
    ("query", "second"),
    [
        ({"step": 0, "step_b": 3}, ("run", "probe", 3)),
        ({"step": 0, "step_b": 0, "tag_b": "he"}, ("run", "he", 0)),
        ({"step": 0, "step_b": 6, "run_b": "other"}, ("other", "probe", 6)),
    ],
    ids=["steps", "probes", "runs"],
)
def test_comparison_is_what_the_reader_finds(
    host: Host, query: dict[str, Any], second: tuple[str, str, int]
) -> None:
    fields, arrays = asked(host, "compare", **query)
    comparison = reader(host).compare(("run", "probe", 0), second)
    np.testing.assert_allclose(arrays["change"], comparison.change, atol=1e-6)
    np.testing.assert_allclose(arrays["layer_change"], comparison.layer_change, atol=1e-6)
    first = comparison.ranking()[0]
    cell = first.layer, first.head
    assert fields["ranking"][0] == list(cell)
    assert (arrays["query"][cell], arrays["key"][cell]) == (first.query, first.key)
    assert (arrays["before"][cell], arrays["after"][cell]) == pytest.approx((first.before, first.after))
    assert fields["differing"] == comparison.differing
    assert fields["warnings"] == comparison.warnings
    pictures = np.frombuffer(decompress(arrays["pictures"].tobytes()), np.uint8)
    shapes = [(layer["heads"], layer["height"], layer["width"]) for layer in fields["layers"]]
    assert len(pictures) == sum(map(math.prod, shapes))
    difference = comparison.difference(0)[0, 0, 0]
    shade = np.sign(difference) * math.sqrt(abs(difference))
    assert pictures[0] == 128 + round(127 * shade)


def test_a_comparison_of_two_versions_never_changes(host: Host) -> None:
    versions = host.get("index").json["run"]["probe"]["versions"]
    query = {**WHERE, "step": 0, "step_b": 1, "v": versions[0], "v_b": versions[1]}
    assert "immutable" in host.get("compare", query).headers["Cache-Control"]
    assert "immutable" not in host.get("compare", {**query, "v_b": None}).headers.get("Cache-Control", "")
    assert host.get("compare", {**query, "v_b": "0-0"}).status_code == 410


def test_what_cannot_be_compared_is_refused_with_the_reason(host: Host, tmp_path: Path) -> None:
    with AttentionWriter(tmp_path / "other") as writer:
        writer.add_attention("he", sample_weights(9), HE, 0)
    host.plugin.listing.walk()
    query = {"step": 0, "step_b": 0, "run_b": "other", "tag_b": "he"}
    status, code, message = refused(host, "compare", **query)
    assert (status, code) == (400, "incomparable")
    assert "'nurse' against 'doctor'" in message
    assert refused(host, "compare", step=0, step_b=4)[:2] == (404, "metrics_only")
    assert refused(host, "compare", step=0)[:2] == (400, "bad_request")
    assert refused(host, "compare", step=0, step_b=77)[:2] == (404, "not_recorded")


@pytest.mark.parametrize(
    ("query", "python"),
    [
        ({"query": "2", "key": "0,1"}, {"query": 2, "key": {0, 1}}),
        ({"query": "1-4", "key": "0-1,3"}, {"query": range(1, 5), "key": {0, 1, 3}}),
        ({"template": "previous"}, {"template": "previous"}),
    ],
    ids=str,
)
def test_found_heads_are_those_of_the_reader(
    host: Host, query: dict[str, Any], python: dict[str, Any]
) -> None:
    fields, arrays = asked(host, "find", steps="3,0", **query)
    assert arrays["steps"].tolist() == [3, 0]
    assert (fields["skipped"], fields["left"]) == ([], [])
    for row, step in enumerate((3, 0)):
        expected = reader(host).find("run", "probe", step, **python)
        np.testing.assert_allclose(arrays["values"][row], expected.values, atol=1e-6)
        np.testing.assert_allclose(arrays["uniform"], expected.uniform, atol=1e-6)


def test_of_several_steps_those_without_patterns_are_skipped_with_the_reason(host: Host) -> None:
    fields, arrays = asked(host, "find", steps="4,1,77", template="first")
    assert arrays["steps"].tolist() == [1]
    assert [(each["step"], each["reason"][:40]) for each in fields["skipped"]] == [
        (4, "step 4 was logged with head metrics only"),
        (77, "no attention recorded for run 'run', tag"),
    ]


def test_steps_that_do_not_fit_in_the_time_are_left_for_the_next_request(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tensorboard_plugin_attn.serving.study_results.FIND_SECONDS", 0)
    fields, arrays = asked(host, "find", steps="2,1,0", template="first")
    assert arrays["steps"].tolist() == [2]
    assert fields["left"] == [1, 0]


def test_steps_that_are_not_there_take_no_more_time_than_others(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tensorboard_plugin_attn.serving.study_results.FIND_SECONDS", 0)
    fields, _ = asked(host, "find", steps="71,72,73", template="first")
    assert ([each["step"] for each in fields["skipped"]], fields["left"]) == ([71], [72, 73])


def test_a_search_may_name_the_axes(tmp_path: Path) -> None:
    weights = np.full((1, 2, 2), 0.5, np.float32)
    layers = [
        LayerAttention(weights, stack="encoder"),
        LayerAttention(weights, kind="cross", stack="decoder"),
    ]
    with AttentionWriter(tmp_path / "run") as writer:
        record = AttentionRecord(layers, ["a", "b"], decoder_tokens=["c", "d"])
        writer.add_record("probe", record, 0)
    host = Host(tmp_path)
    _, arrays = asked(host, "find", step=0, query=0, key=1, axes="decoder_tokens,tokens")
    assert np.isnan(arrays["values"][0, 0]).all()
    assert arrays["values"][0, 1] == pytest.approx([0.5])
    host.plugin.listing.stop()


@pytest.mark.parametrize(
    ("query", "status", "why"),
    [
        ({"step": 0}, 400, "pass query and key, or template"),
        ({"step": 0, "template": "odd"}, 400, "template must be one of"),
        ({"step": 0, "template": "across"}, 400, "one sentence"),
        ({"step": 0, "query": "she", "key": 0}, 400, "query must be positions or ranges"),
        ({"step": 0, "query": 99, "key": 0}, 400, "outside the 5 tokens"),
        ({"template": "first"}, 400, "expected step="),
        ({"steps": "1,", "template": "first"}, 400, "steps must be whole numbers"),
        ({"step": 4, "template": "first"}, 404, "head metrics only"),
        ({"step": 77, "template": "first"}, 404, "recorded steps"),
    ],
    ids=str,
)
def test_a_search_that_makes_no_sense_is_refused(
    host: Host, query: dict[str, Any], status: int, why: str
) -> None:
    found, _, message = refused(host, "find", **query)
    assert found == status
    assert why in message


class Provider:
    """TensorBoard's data provider with two scalars in one run."""

    def __init__(self) -> None:
        point = [
            ScalarDatum(step=step, wall_time=step * 1.0, value=value)
            for step, value in ((0, 4.0), (5, math.nan))
        ]
        self.scalars = {"run": {"train/loss": point, "attn/probe/entropy_mean": point}}

    def list_scalars(self, context: Any, *, run_tag_filter: Any, **_: Any) -> Any:
        found = {run: self.scalars[run] for run in run_tag_filter.runs if run in self.scalars}
        series = ScalarTimeSeries(
            max_step=5, max_wall_time=5.0, plugin_content=b"", description="", display_name=""
        )
        return {run: dict.fromkeys(tags, series) for run, tags in found.items()}

    def read_scalars(self, context: Any, *, run_tag_filter: Any, downsample: int, **_: Any) -> Any:
        return {
            run: {tag: points for tag, points in tags.items() if tag in run_tag_filter.tags}
            for run, tags in self.scalars.items()
            if run in run_tag_filter.runs
        }


def test_scalars_are_those_of_tensorboards_data_provider_without_our_own(host: Host) -> None:
    host.plugin.evolution.provider = Provider()
    assert host.get("scalars", {"run": "run"}).json == {"run": "run", "tags": ["train/loss"]}
    assert host.get("scalars", {"run": "run", "tag": "train/loss"}).json == {
        "run": "run", "tag": "train/loss", "steps": [0, 5], "wall_times": [0, 5], "values": [4, None],
    }  # fmt: skip
    assert refused(host, "scalars", tag="lr")[:2] == (404, "not_recorded")
    assert "recorded scalars: train/loss" in refused(host, "scalars", tag="lr")[2]


def test_without_a_data_provider_there_are_no_scalars(host: Host) -> None:
    assert host.get("scalars", {"run": "run"}).json == {"run": "run", "tags": []}
    assert refused(host, "scalars", tag="lr")[0] == 404


def test_a_rollout_is_the_readers_and_says_what_it_is_of(host: Host) -> None:
    fields, arrays = asked(host, "rollout", step=1, heads="max", discard=0.25)
    expected = reader(host).rollout("run", "probe", 1, heads="max", discard=0.25)
    np.testing.assert_array_equal(arrays["weights"], expected.weights)
    assert (fields["stack"], fields["layers"]) == ("", [0, 1])


@pytest.mark.parametrize(
    ("query", "status", "code", "told"),
    [
        ({"step": 1, "stack": "vision"}, 400, "bad_request", "stack must be one of ''"),
        ({"step": 1, "heads": "odd"}, 400, "bad_request", "heads must be one of mean, max, min"),
        ({"step": 1, "discard": 2}, 400, "bad_request", "discard must be a share"),
        ({"step": 4}, 404, "metrics_only", "head metrics"),
    ],
)
def test_a_rollout_that_there_is_not_says_why(
    query: dict[str, Any], status: int, code: str, told: str, host: Host
) -> None:
    found = refused(host, "rollout", **query)
    assert found[:2] == (status, code)
    assert told in found[2]
