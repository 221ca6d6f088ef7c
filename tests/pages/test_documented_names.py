"""docs/reference/http_api.md and format.md: every name that an answer or a file bears is on the page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from logs.host import Host
from logs.small_log import log_grouped_vectors, log_run
from pages.page_code import ROOT

from tensorboard_plugin_attn import AttentionRecord, AttentionWriter, LayerAttention
from tensorboard_plugin_attn.serving.answers import unpack
from tensorboard_plugin_attn.storing.files import open_files
from tensorboard_plugin_attn.storing.store import list_steps, list_tags, open_header
from tensorboard_plugin_attn.studying import health
from tensorboard_plugin_attn.studying.health import FAULTS

HERE = {"run": "run", "tag": "probe", "step": 1}
ANSWERS: list[tuple[str, dict[str, Any]]] = [
    ("thumbnails", {}),
    ("weights", {"layer": 0}),
    ("vectors", {"tag": "vectors", "step": 0, "layer": 0, "head": 0}),
    ("metrics", {"values": "entropy"}),
    ("metrics", {"evolution": 1}),
    ("compare", {"step_b": 2}),
    ("find", {"template": "first"}),
]


def page(name: str) -> str:
    """A page of the docs."""
    return (ROOT / "docs" / "reference" / name).read_text("utf-8")


def missing(names: set[str], text: str) -> list[str]:
    """Those that do not stand in the text as code."""
    return sorted(name for name in names if f"`{name}`" not in text)


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    """Routes over a small log."""
    log_run(tmp_path / "run")
    log_grouped_vectors(tmp_path / "run")
    host = Host(tmp_path)
    yield host
    host.plugin.listing.stop()


@pytest.mark.parametrize(("route", "query"), ANSWERS)
def test_every_array_and_field_of_an_answer_is_documented(
    host: Host, route: str, query: dict[str, Any]
) -> None:
    fields, arrays = unpack(host.get(route, {**HERE, **query}).data)
    assert missing({*fields, *arrays}, page("http_api.md")) == []


def test_every_error_code_is_documented() -> None:
    package = ROOT / "tensorboard_plugin_attn"
    text = "".join(path.read_text("utf-8") for path in package.rglob("*.py"))
    codes = set(re.findall(r'RequestError\(\s*\d{3}, "(\w+)"', text))
    assert {"bad_request", "not_recorded", "gone"} < codes
    assert missing(codes | {"damaged", "newer_format", "incomparable", "failed"}, page("http_api.md")) == []


def test_every_kind_of_hint_is_documented() -> None:
    source = (ROOT / "tensorboard_plugin_attn" / "studying" / "health.py").read_text("utf-8")
    kinds = {*FAULTS, *re.findall(r'"([a-z]+_[a-z_]+)"', source)} - set(health.__all__)
    assert {"max_score", "mask_changed", "collapsed_layer"} < kinds
    assert missing(kinds, page("http_api.md")) == []


def test_every_field_and_tensor_of_a_file_is_documented(tmp_path: Path) -> None:
    weights = np.full((1, 3, 3), 1 / 3, np.float32)
    vectors = np.ones((1, 3, 2), np.float32)
    layer = LayerAttention(
        weights, query=vectors, key=vectors, bias=np.zeros((3, 3)), heads=[4], rebuild_error=0.0,
        value_norm=np.ones((1, 3)), sink=np.zeros((1, 3)), output_error=0.0, model_heads=5,
    )  # fmt: skip
    record = AttentionRecord([layer], ["[CLS]", "a", "b"], words=[None, 0, 1])
    with AttentionWriter(tmp_path) as writer:
        writer.add_record("probe", record, 0, track={"a→b": ("a", "b")})
    files = open_files(tmp_path)
    [file] = list_steps(files, list_tags(files)["probe"])
    header = open_header(files, file)
    answer = header.answer()
    assert "head_numbers" in answer["layers"][0]
    names = {
        *answer,
        *answer["layers"][0],
        *(name.replace(".0.", ".{i}.") for name in header.spans),
    }
    assert missing(names, page("format.md")) == []
