"""The listing finds what was logged, wherever it lies, and nothing else."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import fsspec
import pytest
from logs.small_log import log_run, strip_to_metrics

from tensorboard_plugin_attn.serving.answers import RequestError
from tensorboard_plugin_attn.serving.listing import Listing
from tensorboard_plugin_attn.serving.roots import Root
from tensorboard_plugin_attn.serving.tag_directory import TagDirectory
from tensorboard_plugin_attn.storing.deadline import Calls
from tensorboard_plugin_attn.storing.files import Entry, LocalFiles

TAGS = ["doctor/she", "../../escape", "..", "a b.c", "ünï", "Upper/Case", "x" * 300, "%2F", "con", "a\\b"]


def walked(*roots: Path | str) -> Listing:
    """A listing of some roots, walked once."""
    listing = Listing([Root(str(root)) for root in roots])
    listing.walk()
    return listing


def test_nested_runs_and_the_root_run_are_found(tmp_path: Path) -> None:
    for run in (".", "a", "a/b", "with space/c"):
        log_run(tmp_path / run)
    listing = walked(tmp_path)
    assert list(listing.index()) == [".", "a", "a/b", "with space/c"]
    assert listing.has_records


@pytest.mark.parametrize("tag", TAGS)
def test_every_tag_comes_back_and_stays_below_its_run(tmp_path: Path, tag: str) -> None:
    log_run(tmp_path / "logs" / "run", tag, [3])
    assert walked(tmp_path / "logs").index()["run"][tag]["steps"] == [3]
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [path.parent.parent for path in files] == [tmp_path / "logs/run/plugins/attn"]


def test_index_gives_steps_times_versions_and_kinds(tmp_path: Path) -> None:
    log_run(tmp_path / "run", steps=[20, 0, -3])
    tag = walked(tmp_path).index()["run"]["probe"]
    assert tag["steps"] == [-3, 0, 20]
    assert tag["kinds"] == ["weights"] * 3
    assert len(set(tag["versions"])) == 3
    assert all(abs(wall_time - time.time()) < 60 for wall_time in tag["wall_times"])


def test_a_directory_that_does_not_answer_holds_up_no_index_and_marks_what_may_be_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for run in ("a", "b"):
        log_run(tmp_path / run)
    listing = walked(tmp_path)
    answers = threading.Event()
    look = TagDirectory.look

    def hang(directory: TagDirectory) -> None:
        if "/b/" in directory.place:
            answers.wait()
        look(directory)

    monkeypatch.setattr(TagDirectory, "look", hang)
    listing.looks = Calls(0.05, refuse_seconds=60)
    log_run(tmp_path / "a", steps=[9])
    for _ in range(2):
        index = listing.index()
        assert all(index[run]["probe"]["old"] for run in ("a", "b"))
    answers.set()
    listing.looks = Calls(60)
    index = listing.index()
    assert 9 in index["a"]["probe"]["steps"]
    assert "old" not in index["b"]["probe"]


def test_a_step_of_metrics_alone_has_its_kind_until_weights_are_logged(tmp_path: Path) -> None:
    log_run(tmp_path / "run")
    strip_to_metrics(next(tmp_path.rglob("*000001.safetensors")))
    listing = walked(tmp_path)
    assert listing.index()["run"]["probe"]["kinds"] == ["weights", "metrics", "weights"]
    log_run(tmp_path / "run", steps=[1])
    assert listing.index()["run"]["probe"]["kinds"] == ["weights"] * 3


def test_index_sees_new_steps_without_a_walk_and_a_walk_sees_new_tags(tmp_path: Path) -> None:
    log_run(tmp_path / "run", steps=[0])
    listing = walked(tmp_path)
    log_run(tmp_path / "run", steps=[1])
    log_run(tmp_path / "run", "second", steps=[0])
    log_run(tmp_path / "other", steps=[0])
    assert listing.index()["run"]["probe"]["steps"] == [0, 1]
    listing.walk()
    assert {run: list(tags) for run, tags in listing.index().items()} == {
        "other": ["probe"],
        "run": ["probe", "second"],
    }


def test_a_step_written_after_the_last_listing_is_found(tmp_path: Path) -> None:
    log_run(tmp_path / "run", steps=[0])
    listing = walked(tmp_path)
    log_run(tmp_path / "run", steps=[7])
    assert listing.find_step("run", "probe", 7)[1].step == 7


def test_what_was_deleted_disappears(tmp_path: Path) -> None:
    log_run(tmp_path / "run", steps=[0, 1])
    listing = walked(tmp_path)
    for path in tmp_path.rglob("*000001.safetensors"):
        path.unlink()
    assert listing.index()["run"]["probe"]["steps"] == [0]
    next(tmp_path.rglob("*.safetensors")).unlink()
    assert listing.index() == {}
    listing.walk()
    assert not listing.has_records


def test_foreign_and_half_written_names_are_not_steps(tmp_path: Path) -> None:
    log_run(tmp_path / "run", steps=[5])
    directory = tmp_path / "run/plugins/attn/probe"
    for name in (
        "notes.txt",
        "5.safetensors",
        ".000000000006.safetensors.123.tmp",
        "000000000006.safetensors.bak",
    ):
        (directory / name).write_text("x")
    (directory / "000000000009.safetensors").mkdir()
    (directory.parent / "stray.safetensors").write_text("x")
    assert walked(tmp_path).index()["run"]["probe"]["steps"] == [5]


def test_hidden_directories_and_other_plugins_are_passed_over(tmp_path: Path) -> None:
    log_run(tmp_path / ".cache/run")
    log_run(tmp_path / "run/.git/x")
    (tmp_path / "run/plugins/profile/2026").mkdir(parents=True)
    assert walked(tmp_path).index() == {}


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")
def test_links_are_followed_but_not_in_circles(tmp_path: Path) -> None:
    logs, elsewhere = tmp_path / "logs", tmp_path / "elsewhere"
    log_run(logs / "run")
    log_run(elsewhere / "far")
    (logs / "linked").symlink_to(elsewhere)
    (logs / "run" / "up").symlink_to(logs)
    (elsewhere / "far" / "self").symlink_to(elsewhere / "far")
    (logs / "broken").symlink_to(tmp_path / "nowhere")
    assert list(walked(logs).index()) == ["linked/far", "run"]


def test_a_missing_log_directory_is_empty_until_it_is_there(tmp_path: Path) -> None:
    listing = walked(tmp_path / "later")
    assert listing.index() == {}
    log_run(tmp_path / "later/run")
    listing.walk()
    assert list(listing.index()) == ["run"]


class OneClosed(LocalFiles):
    """A log directory of which one run may not be read."""

    def list(self, path: str) -> list[Entry]:
        if path.startswith("closed/plugins/attn"):
            raise PermissionError(13, "Permission denied", path)
        return super().list(path)


def test_a_run_that_may_not_be_read_does_not_hide_the_others(tmp_path: Path) -> None:
    log_run(tmp_path / "open")
    log_run(tmp_path / "closed")
    listing = Listing([Root(str(tmp_path))], open_root=OneClosed)
    listing.walk()
    assert list(listing.index()) == ["open"]


def test_a_run_that_may_no_longer_be_read_keeps_its_steps(tmp_path: Path) -> None:
    log_run(tmp_path / "closed", steps=[4])
    listing = walked(tmp_path)
    listing.opened = {root: OneClosed(root.path) for root in listing.roots}
    listing.runs["closed"]["probe"].files = OneClosed(str(tmp_path))
    listing.walk()
    assert listing.index()["closed"]["probe"]["steps"] == [4]


def test_roots_with_groups_give_their_names(tmp_path: Path) -> None:
    log_run(tmp_path / "one")
    log_run(tmp_path / "two/x")
    listing = Listing([Root(str(tmp_path / "one"), "first"), Root(str(tmp_path / "two"), "second")])
    listing.walk()
    assert list(listing.index()) == [os.path.join("first", "."), os.path.join("second", "x")]  # noqa: PTH118


def test_of_two_roots_with_the_same_run_the_later_one_counts(tmp_path: Path) -> None:
    log_run(tmp_path / "one/run", steps=[1])
    log_run(tmp_path / "two/run", steps=[2])
    assert walked(tmp_path / "one", tmp_path / "two").index()["run"]["probe"]["steps"] == [2]


def test_a_root_that_cannot_be_opened_does_not_hide_the_others(tmp_path: Path) -> None:
    log_run(tmp_path / "run")
    assert list(walked("nosuchscheme://bucket", tmp_path).index()) == ["run"]


def test_a_remote_log_directory_is_listed_and_kept_up_to_date() -> None:
    log_run("memory://listing-test/logs/run", "doctor/She", [0])
    try:
        listing = walked("memory://listing-test/logs")
        log_run("memory://listing-test/logs/run", "doctor/She", [0, 4])
        assert listing.index()["run"]["doctor/She"]["steps"] == [0, 4]
    finally:
        fsspec.filesystem("memory").rm("/listing-test", recursive=True)


def test_a_slug_whose_files_are_all_damaged_is_listed_by_its_slug(tmp_path: Path) -> None:
    log_run(tmp_path / "run", "Upper", [0])
    path = next(tmp_path.rglob("*.safetensors"))
    path.write_bytes(b"")
    assert walked(tmp_path).index()["run"][path.parent.name]["steps"] == [0]


@pytest.mark.parametrize(
    ("where", "message", "there"),
    [
        (("nope", "probe", 0), "no attention recorded for run 'nope'; recorded runs: run", {"runs": ["run"]}),
        (("run/../run", "probe", 0), "recorded runs: run", {"runs": ["run"]}),
        (("run", "../probe", 0), "run 'run', tag '../probe'; recorded tags: probe", {"tags": ["probe"]}),
        (("run", "probe", 3), "step 3; recorded steps: 0, 1, 2", {"steps": [0, 1, 2]}),
    ],
)
def test_what_was_not_logged_is_answered_with_what_was(
    tmp_path: Path, where: tuple[str, str, int], message: str, there: dict[str, list[object]]
) -> None:
    log_run(tmp_path / "run")
    with pytest.raises(RequestError) as caught:
        walked(tmp_path).find_step(*where)
    assert message in str(caught.value)
    assert (caught.value.status, caught.value.fields) == (404, there)


def test_a_lone_surrogate_in_a_tag_is_found_as_a_url_can_spell_it(tmp_path: Path) -> None:
    log_run(tmp_path / "run", "odd \ud800", [0])
    assert walked(tmp_path).find_step("run", "odd \ufffd", 0)[1].step == 0


def test_a_long_list_of_steps_is_cut_in_the_message_only(tmp_path: Path) -> None:
    log_run(tmp_path / "run", steps=range(30))
    with pytest.raises(RequestError, match="19 and 10 more") as caught:
        walked(tmp_path).find_step("run", "probe", 99)
    assert len(caught.value.fields["steps"]) == 30


def test_the_thread_walks_again_after_the_interval_and_stops_when_told(tmp_path: Path) -> None:
    listing = Listing([Root(str(tmp_path))])
    listing.start(0.01)
    assert not listing.has_records
    log_run(tmp_path / "run")
    deadline = time.monotonic() + 20
    while not listing.has_records and time.monotonic() < deadline:
        time.sleep(0.01)
    listing.stop()
    assert listing.has_records


def test_what_a_long_walk_found_so_far_is_shown(tmp_path: Path) -> None:
    for run in ("a", "b", "c"):
        log_run(tmp_path / run, steps=[0])
    shown: list[bool] = []

    class Watched(LocalFiles):
        def list(self, path: str) -> list[Entry]:
            shown.append(listing.has_records)
            return super().list(path)

    listing = Listing([Root(str(tmp_path))], open_root=Watched)
    listing.walk()
    assert not shown[0]
    assert shown[-1]


def test_with_an_interval_of_zero_there_is_one_walk(tmp_path: Path) -> None:
    listing = Listing([Root(str(tmp_path))])
    listing.keep_walking(0)
    assert listing.walked.is_set()


def test_of_many_directories_a_request_looks_at_busy_ones_and_the_thread_at_all(tmp_path: Path) -> None:
    for number in range(6):
        log_run(tmp_path / f"run{number}", steps=[0])
    listing = Listing([Root(str(tmp_path))])
    listing.busy.most = 2
    listing.walk()
    listing.is_looking = True
    listing.index()
    for number in range(6):
        listing.find_tag(f"run{number}", "probe")
    for number in range(6):
        log_run(tmp_path / f"run{number}", steps=[1])
    assert [run for run, tags in listing.index().items() if tags["probe"]["steps"] == [0, 1]] == [
        "run4",
        "run5",
    ]
    assert not listing.look_until(time.monotonic() + 0.2, 0.05)
    assert all(tags["probe"]["steps"] == [0, 1] for tags in listing.index().values())


def test_what_a_request_has_no_time_to_look_at_is_looked_at_first_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        log_run(tmp_path / f"run{number}", steps=[0])
    listing = walked(tmp_path)
    listing.is_looking = True
    listing.index()
    for number in range(4):
        log_run(tmp_path / f"run{number}", steps=[1])
    ticks = iter(range(1000))
    monkeypatch.setattr("tensorboard_plugin_attn.serving.looking.LOOK_SECONDS", 2)
    clock = SimpleNamespace(monotonic=lambda: next(ticks))
    monkeypatch.setattr("tensorboard_plugin_attn.serving.looking.time", clock)
    fresh = [
        [run for run, tags in listing.index().items() if len(tags["probe"]["steps"]) > 1] for _ in range(2)
    ]
    assert fresh == [["run0", "run1"], ["run0", "run1", "run2", "run3"]]
