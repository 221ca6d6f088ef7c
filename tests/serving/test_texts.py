"""``texts``: the tokens of many probes at once, why one has none, and what is left for the next request."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from logs.host import Host
from logs.small_log import TOKENS, log_run

from tensorboard_plugin_attn.serving import texts

TAGS = ["a,b", "doctor/she", "probe"]


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    for tag in TAGS:
        log_run(tmp_path / "run", tag, steps=range(3))
    host = Host(tmp_path)
    yield host
    host.plugin.listing.stop()


def test_many_probes_come_in_one_answer(host: Host) -> None:
    answer = host.get("texts", {"run": "run", "tags": [*TAGS, "odd"]}).json
    assert list(answer["texts"]) == TAGS
    for tag in TAGS:
        assert answer["texts"][tag] == host.get("record", {"run": "run", "tag": tag, "step": 2}).json
    assert answer["texts"]["a,b"]["tokens"] == {"tokens": TOKENS}
    assert list(answer["missing"]) == ["odd"]
    assert answer["left"] == []


@pytest.mark.parametrize(("cut", "latest"), [([2], 1), ([2, 1], 0), ([2, 1, 0], None)], ids=str)
def test_the_latest_readable_step_counts(
    host: Host, tmp_path: Path, cut: list[int], latest: int | None
) -> None:
    for step in cut:
        (tmp_path / f"run/plugins/attn/probe/{step:012d}.safetensors").write_bytes(b"cut")
    answer = host.get("texts", {"run": "run", "tags": "probe"}).json
    assert [each["step"] for each in answer["texts"].values()] == ([] if latest is None else [latest])
    assert list(answer["missing"]) == (["probe"] if latest is None else [])


def test_what_does_not_fit_in_the_time_is_left(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "SECONDS", 0)
    answer = host.get("texts", {"run": "run", "tags": TAGS}).json
    assert (list(answer["texts"]), answer["left"]) == (TAGS[:1], TAGS[1:])


@pytest.mark.parametrize(
    "query", [{"run": "run"}, {"run": "run", "tags": ["a"] * 201}, {"tags": "probe"}], ids=str
)
def test_a_question_for_no_tag_or_too_many_is_refused(host: Host, query: dict[str, object]) -> None:
    assert host.get("texts", query).status_code == 400
