"""``index`` with ``since``: what is new, written anew or gone, and everything for a token that is not known."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from logs.host import Host
from logs.small_log import log_run

from tensorboard_plugin_attn.serving import index_changes
from tensorboard_plugin_attn.serving.index_changes import IndexChanges, ListedTag
from tensorboard_plugin_attn.storing.store import StepFile


@pytest.fixture
def host(tmp_path: Path) -> Any:
    log_run(tmp_path / "run", steps=range(4))
    log_run(tmp_path / "other", "he", steps=[1])
    host = Host(tmp_path)
    yield host
    host.plugin.listing.stop()


def since(host: Host, token: str = "") -> Any:
    return host.get("index", {"since": token}).json


def applied(index: Any, answer: Any) -> Any:
    """What whoever asks makes of the last index and the changes."""
    if answer["whole"]:
        return answer["runs"]
    index = {run: dict(tags) for run, tags in index.items()}
    for run, tags in answer["gone"].items():
        for tag, steps in tags.items():
            if steps is None:
                index[run].pop(tag)
            else:
                index[run][tag] = without(index[run][tag], steps)
    for run, tags in answer["runs"].items():
        for tag, listed in tags.items():
            index.setdefault(run, {})
            old = without(index[run].get(tag, EMPTY), listed["steps"])
            index[run][tag] = joined(old, listed)
    return {run: tags for run, tags in index.items() if tags}


NAMES = ("steps", "wall_times", "versions", "kinds")
EMPTY: dict[str, Any] = {name: [] for name in NAMES}


def without(listed: Any, steps: list[int]) -> Any:
    kept = [at for at, step in enumerate(listed["steps"]) if step not in steps]
    return {name: [listed[name][at] for at in kept] for name in NAMES}


def joined(one: Any, other: Any) -> Any:
    rows = sorted(zip(*(one[name] + other[name] for name in NAMES), strict=True))
    return {name: [row[at] for row in rows] for at, name in enumerate(NAMES)}


def delete_step(logdir: Path) -> None:
    (logdir / "run/plugins/attn/probe" / f"{2:012d}.safetensors").unlink()


CHANGES: dict[str, Callable[[Path], None]] = {
    "nothing": lambda logdir: None,
    "a new step": lambda logdir: log_run(logdir / "run", steps=[7]),
    "a step written anew": lambda logdir: log_run(logdir / "run", steps=[1]),
    "a step gone": delete_step,
    "a new tag": lambda logdir: log_run(logdir / "run", "new", steps=[1, 2]),
    "a new run": lambda logdir: log_run(logdir / "third", steps=[5]),
    "a run gone": lambda logdir: shutil.rmtree(logdir / "other"),
}


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_what_changed_since_a_token_gives_the_whole_index_anew(
    host: Host, tmp_path: Path, change: str
) -> None:
    first = since(host)
    assert first["whole"]
    assert first["runs"] == host.get("index").json
    CHANGES[change](tmp_path)
    host.plugin.listing.walk()
    answer = since(host, first["token"])
    assert not answer["whole"]
    assert applied(first["runs"], answer) == host.get("index").json
    assert (answer["token"] == first["token"]) == (change == "nothing")
    changed = sum(len(listed["steps"]) for tags in answer["runs"].values() for listed in tags.values())
    assert changed <= 2


def test_the_index_without_a_token_is_what_it_was(host: Host) -> None:
    index = host.get("index").json
    assert list(index) == ["other", "run"]
    assert index["run"]["probe"]["steps"] == [0, 1, 2, 3]


@pytest.mark.parametrize("token", ["", "odd", "00000000-0", "9" * 300], ids=str)
def test_an_unknown_token_brings_everything(host: Host, token: str) -> None:
    assert since(host, token)["whole"]


def listed(*steps: int, mtime: float = 1.0, is_old: bool = False) -> dict[tuple[str, str], ListedTag]:
    files = {step: StepFile(step, "weights", "", 1, mtime) for step in steps}
    return {("run", "tag"): ListedTag(files, is_old)}


def test_more_changes_than_are_remembered_bring_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_changes, "MOST_CHANGES", 4)
    changes = IndexChanges()
    tokens = [changes.answer(listed(*range(count)), "")["token"] for count in range(1, 6)]
    answers = [changes.answer(listed(*range(5)), token) for token in tokens]
    assert [answer["whole"] for answer in answers] == [True, True, False, False, False]
    assert answers[2]["runs"]["run"]["tag"]["steps"] == [3, 4]


def test_a_store_that_no_longer_answers_is_a_change() -> None:
    changes = IndexChanges()
    token = changes.answer(listed(1, 2), "")["token"]
    answer = changes.answer(listed(1, 2, is_old=True), token)
    assert answer["runs"] == {
        "run": {"tag": {"old": True, "steps": [], "wall_times": [], "versions": [], "kinds": []}}
    }
