"""Layers too large to be worked out weight by weight: Compare, Find, npz and pages answer with less, and say so."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from logs.host import Host
from logs.long_text import planted_places, write_long

from tensorboard_plugin_attn import AttentionReader
from tensorboard_plugin_attn.errors import IncomparableError
from tensorboard_plugin_attn.reading import studies
from tensorboard_plugin_attn.serving import npz, standalone
from tensorboard_plugin_attn.serving.answers import unpack
from tensorboard_plugin_attn.serving.opened_record import OpenedRecord
from tensorboard_plugin_attn.studying import find

LENGTH = 600
WHERE = {"run": "run", "tag": "long", "step": 0}


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    """One layer of two heads at two steps."""
    for step in (0, 1):
        write_long(tmp_path / "run", "long", LENGTH, step=step)
    host = Host(tmp_path)
    yield host
    host.plugin.listing.stop()


def test_compare_answers_from_overviews_and_says_so(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, _ = unpack(host.get("compare", {**WHERE, "step_b": 1}).data)
    assert whole["warnings"] == []
    monkeypatch.setattr(studies, "MOST_CELLS", 1000)
    fields, arrays = unpack(host.get("compare", {**WHERE, "step_b": 1}).data)
    assert "720,000 weights" in fields["warnings"][0]
    assert "overviews" in fields["warnings"][0]
    assert not np.frombuffer(arrays["change"].data, np.float32).any()  # the two steps are equal
    comparison = AttentionReader(tmp_path).compare(("run", "long", 0), ("run", "long", 1))
    with pytest.raises(IncomparableError, match="720,000 weights"):
        comparison.difference(0)


def test_find_looks_at_few_rows_of_any_length_and_refuses_the_rest_in_words(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(find, "MOST_CELLS", 4 * LENGTH)
    monkeypatch.setattr(find, "MOST_TEMPLATE", 1000)
    query, key = planted_places(LENGTH)
    fields, arrays = unpack(host.get("find", {**WHERE, "query": query, "key": key}).data)
    assert fields["too_large"] == []
    assert (np.frombuffer(arrays["values"].data, np.float32) > 0.9).all()
    for asked in ({"template": "previous"}, {"query": "0-9", "key": key}):
        answer = host.get("find", {**WHERE, **asked})
        assert (answer.status_code, "search for fewer queries" in answer.json["error"]["message"]) == (
            400,
            True,
        )


def test_an_npz_names_the_layers_it_has_no_weights_of(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    for most, kept in ((1 << 28, True), (1000, False)):
        monkeypatch.setattr(npz, "MOST_CELLS", most)
        content = host.get("export", {**WHERE, "format": "npz"}).data
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            assert ("layer.0.weights" in file) == kept
            assert {"layer.0.query", "layer.0.key", "layer.0.lse"} <= set(file)
            said = file["left_out"].tolist()
        assert said == [] if kept else "720,000 weights are more than the 1,000" in said[0]


def embedded(page: str) -> Any:
    """What a stand-alone page holds."""
    text = page.split('id="attn-embedded">')[1].split("</script>")[0]
    return json.loads(text)


def test_a_page_of_a_long_head_holds_its_picture_and_the_pinned_row(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standalone, "MOST_WORKED_OUT", 1000)
    monkeypatch.setattr(standalone, "read_bundle", lambda: "")

    def page(record: OpenedRecord) -> str:
        return standalone.standalone_html(record, "run", "head", "p.attn.head=1&p.attn.query=540")

    html, _ = host.plugin.records.use("run", "long", 0, None, page)
    held = {name for name in embedded(html)["answers"] if name.split()[0] in ("region", "row", "weights")}
    assert held == {"region 0 0", "region 0 1", "row 0 1 540"}
