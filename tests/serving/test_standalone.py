"""The HTML of one record: the routes' own answers, nothing that leaves the page, and no token that breaks out."""

from __future__ import annotations

import argparse
import json
from base64 import b64decode
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from logs.random_attention import softmax_weights
from logs.small_log import (
    HEADS,
    LAYERS,
    TOKENS,
    log_grouped_vectors,
    log_run,
    sample_weights,
    strip_to_metrics,
)
from logs.stand_in_bundle import stand_in
from tensorboard.plugins import base_plugin
from werkzeug.test import Client

from tensorboard_plugin_attn import AttentionReader, AttentionRecord, AttentionWriter, LayerAttention
from tensorboard_plugin_attn.encoding.codes import MAX_ERROR, decompress
from tensorboard_plugin_attn.loader import AttnLoader
from tensorboard_plugin_attn.serving import page_contents, standalone
from tensorboard_plugin_attn.serving.answers import RequestError, unpack

SCRIPT_ENDS = "</script><!-- <script> </SCRIPT >"


@pytest.fixture(autouse=True)
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bundle whose text would end the page's script."""
    stand_in(tmp_path, monkeypatch, 'const text = "</script><!--"; export { text as render };')


class Scripts(HTMLParser):
    """The script elements of a page, with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[dict[str, str | None], str]] = []
        self.tags: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag == "script":
            self.found.append((dict(attrs), ""))

    def handle_data(self, data: str) -> None:
        if self.found and self.lasttag == "script":
            attrs, text = self.found[-1]
            self.found[-1] = (attrs, text + data)


def embedded(page: str) -> dict[str, Any]:
    """The data that lies in a page."""
    found: dict[str, Any] = json.loads(Scripts(page).found[0][1])
    return found


def test_a_layer_in_the_page_is_the_very_answer_of_the_route(tmp_path: Path) -> None:
    log_run(tmp_path / "run")
    answers = embedded(AttentionReader(tmp_path).to_html("run", "probe", 1))["answers"]
    fields, arrays = unpack(b64decode(answers["weights 1"]))
    assert (fields["layer"], fields["heads"]) == (1, HEADS)
    lengths = np.frombuffer(arrays["member_bytes"].data, np.uint32)
    maxima = np.frombuffer(arrays["row_max"].data, np.float32).reshape(HEADS, -1, 1)
    data, ends = bytes(arrays["weights"].data), np.cumsum(lengths)
    codes = [
        np.frombuffer(decompress(data[end - size : end]), np.uint8)
        for end, size in zip(ends, lengths, strict=True)
    ]
    weights = (np.stack(codes).reshape(HEADS, len(TOKENS), -1) / 255) ** 2 * maxima
    assert np.abs(weights - sample_weights(1)[1]).max() <= MAX_ERROR
    assert {f"weights {layer}" for layer in range(LAYERS)} < set(answers)


def test_the_page_holds_the_series_the_patterns_of_one_step_and_opens_with_the_view(tmp_path: Path) -> None:
    log_run(tmp_path / "a run")
    data = embedded(AttentionReader(tmp_path).to_html("a run", "probe", 1, view="head", layer=1, head=2))
    reader = AttentionReader(tmp_path)
    steps = reader.steps("a run", "probe")
    listed = data["answers"]["index"]["a run"]["probe"]
    assert listed["steps"] == steps
    assert listed["kinds"] == ["weights" if step == 1 else "metrics" for step in steps]
    fields, arrays = unpack(b64decode(data["answers"]["metrics"]))
    assert arrays["values"].shape == (len(steps), LAYERS, HEADS, len(fields["names"]))
    assert {"roles", "mark_step"} < set(arrays)
    assert (data["place"], data["compared"]) == ({"run": "a run", "tag": "probe", "step": 1}, None)
    assert data["steps"] == [len(steps), len(steps)]
    assert data["state"].split("&") == [
        "#attn",
        "p.attn.layer=1",
        "p.attn.head=2",
        "p.attn.view=head",
        "p.attn.run=a%20run",
        "p.attn.tag=probe",
        "p.attn.step=1",
    ]


def test_of_very_many_steps_an_even_choice_is_held_the_shown_one_among_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_run(tmp_path / "run", steps=range(30))
    monkeypatch.setattr(page_contents, "SERIES_BYTES", 0)
    data = embedded(AttentionReader(tmp_path).to_html("run", "probe", 7))
    assert data["answers"]["index"]["run"]["probe"]["steps"] == [0, 7, 16, 29]
    assert data["steps"] == [4, 30]


def test_a_comparison_travels_with_record_a_of_another_run(tmp_path: Path) -> None:
    log_run(tmp_path / "a", steps=[0, 1])
    log_run(tmp_path / "b", steps=[0, 1])
    query = {"run": "b", "tag": "probe", "step": "1", "view": "model", "run_a": "a", "step_a": "0"}
    data = embedded(exported(tmp_path, query))
    answers = data["answers"]
    assert data["compared"] == {"run": "a", "tag": "probe", "step": 0}
    assert {"compare", "compared record", "compared weights 0", "weights 0"} < set(answers)
    assert unpack(b64decode(answers["compared weights 0"]))[0]["heads"] == HEADS
    assert {run: tags["probe"]["steps"] for run, tags in answers["index"].items()} == {"b": [0, 1], "a": [0]}
    assert answers["index"]["a"]["probe"]["kinds"] == ["weights"]


def exported(logdir: Path, query: dict[str, str]) -> str:
    """The page that the route ``export`` answers."""
    flags = argparse.Namespace(logdir=str(logdir), logdir_spec="", reload_interval=0)
    plugin = AttnLoader().load(base_plugin.TBContext(flags=flags, logdir=str(logdir)))
    assert plugin.listing.walked.wait(20)
    answer = Client(plugin.get_plugin_apps()["/export"]).get("/export", query_string=query)
    plugin.listing.stop()
    assert answer.status_code == 200, answer.text
    return answer.text


def test_vectors_travel_with_the_neuron_view_alone(tmp_path: Path) -> None:
    layer = log_grouped_vectors(tmp_path / "run")
    reader = AttentionReader(tmp_path)
    neuron, model = (embedded(reader.to_html("run", "vectors", 0, view=view)) for view in ("neuron", "model"))
    _, arrays = unpack(b64decode(neuron["answers"]["vectors 0 3"]))
    assert layer.query is not None
    np.testing.assert_allclose(
        np.frombuffer(arrays["query"].data, np.float32).reshape(5, 8), layer.query[3], atol=1e-6
    )
    assert not any(name.startswith("vectors") for name in model["answers"])
    assert ("neuron" in neuron["views"], "neuron" in model["views"]) == (True, False)


@pytest.mark.parametrize(("layer", "kept"), [(0, [0]), (2, [2]), (9, [2])])
def test_a_page_without_room_holds_the_shown_layers_vectors_and_says_where_the_others_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, layer: int, kept: list[int]
) -> None:
    log_vectors(tmp_path / "run", layers=3)
    monkeypatch.setattr(standalone, "ROOM", 0)
    page = AttentionReader(tmp_path).to_html("run", "probe", 0, view="neuron", layer=layer)
    answers = embedded(page)["answers"]
    assert {name for name in answers if name.startswith("vectors")} == {
        f"vectors {number} {head}" for number in kept for head in range(2)
    }
    record = answers["record"]
    assert [number for number, entry in enumerate(record["layers"]) if entry["vectors"]] == kept
    assert [(entry["layer"], entry["what"]) for entry in record["left_out"]] == [
        (number, "vectors") for number in range(3) if number not in kept
    ]


def test_neighbours_of_the_shown_layer_come_next_as_far_as_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_vectors(tmp_path / "run", layers=6)
    reader = AttentionReader(tmp_path)
    whole = reader.to_html("run", "probe", 0, view="neuron")
    assert {entry["vectors"] for entry in embedded(whole)["answers"]["record"]["layers"]} == {True}
    monkeypatch.setattr(standalone, "ROOM", len(whole) - 2 * largest_vectors(embedded(whole)["answers"]))
    layers = embedded(reader.to_html("run", "probe", 0, view="neuron", layer=4))["answers"]["record"][
        "layers"
    ]
    kept = [number for number, entry in enumerate(layers) if entry["vectors"]]
    assert kept in ([2, 3, 4, 5], [1, 2, 3, 4, 5])


def largest_vectors(answers: dict[str, Any]) -> int:
    """Bytes of the vectors of a layer."""
    return sum(len(answer) for name, answer in answers.items() if name.startswith("vectors 0 "))


def log_vectors(directory: Path, *, layers: int) -> None:
    """Log layers of two heads with query and key."""
    rng = np.random.default_rng(3)
    vectors = [rng.normal(size=(2, 2, len(TOKENS), 8)).astype(np.float32) for _ in range(layers)]
    made = [
        LayerAttention(softmax_weights(2, 5, 5, seed), query=query, key=key, scale=8**-0.5)
        for seed, (query, key) in enumerate(vectors)
    ]
    with AttentionWriter(directory) as writer:
        writer.add_record("probe", AttentionRecord(made, TOKENS), 0)


def test_no_token_and_no_script_breaks_out_of_its_element(tmp_path: Path) -> None:
    tokens = [SCRIPT_ENDS, "<img src=x onerror=alert(1)>", "\ud83d", "\u2028"]
    with AttentionWriter(tmp_path / SCRIPT_ENDS.replace("/", "")) as writer:
        writer.add_attention(SCRIPT_ENDS, softmax_weights(1, 4, 4)[None], tokens, 0)
    (run,) = AttentionReader(tmp_path).runs()
    page = AttentionReader(tmp_path).to_html(run, SCRIPT_ENDS, 0)
    parsed = Scripts(page)
    assert parsed.tags == [
        "html",
        "head",
        "meta",
        "meta",
        "meta",
        "link",
        "title",
        "body",
        "script",
        "script",
    ]
    assert embedded(page)["answers"]["record"]["tokens"]["tokens"] == tokens
    assert parsed.found[1][1].rstrip() == r'const text = "<\/script><\!--"; export { text as render };'
    page.encode("utf-8")


def test_the_page_may_load_nothing(tmp_path: Path) -> None:
    log_run(tmp_path / "run")
    page = AttentionReader(tmp_path).to_html("run", "probe", 0)
    assert "default-src 'none'" in page
    assert [attrs for attrs, _ in Scripts(page).found if "src" in attrs] == []


def test_a_step_of_metrics_alone_has_its_metrics(tmp_path: Path) -> None:
    log_run(tmp_path / "run", steps=[4])
    (path,) = (tmp_path / "run").rglob("*.safetensors")
    strip_to_metrics(path)
    answers = embedded(AttentionReader(tmp_path).to_html("run", "probe", 4))["answers"]
    assert answers["index"]["run"]["probe"]["kinds"] == ["metrics"]
    assert set(answers) == {"index", "record", "metrics", "scalars"}


def test_a_large_layer_is_embedded_head_by_head_as_the_tab_asks_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_run(tmp_path / "run")
    monkeypatch.setattr(standalone, "MOST_WEIGHTS", len(TOKENS) ** 2)  # of one head
    answers = embedded(AttentionReader(tmp_path).to_html("run", "probe", 0))["answers"]
    assert "weights 0" not in answers
    assert unpack(b64decode(answers["weights 0 2"]))[0]["head"] == 2


def test_an_unknown_view_is_refused_by_name(tmp_path: Path) -> None:
    log_run(tmp_path / "run")
    with pytest.raises(RequestError, match="evolution, model, head, neuron, got 'lines'"):
        AttentionReader(tmp_path).to_html("run", "probe", 0, view="lines")


def test_without_a_bundle_the_error_says_how_to_build_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_run(tmp_path / "run")
    monkeypatch.setattr(standalone, "STATIC", tmp_path / "none")
    with pytest.raises(RequestError, match=r"python frontend/hatch_build\.py"):
        AttentionReader(tmp_path).to_html("run", "probe", 0)
