"""ls, verify, prune and doctor: what they print, remove, repair and send, on a disk and in a store."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest
from logs.small_log import log_run

from tensorboard_plugin_attn import AttentionReader
from tensorboard_plugin_attn.commands import doctor as doctor_module
from tensorboard_plugin_attn.commands.command_line import main
from tensorboard_plugin_attn.commands.progress import duration_text, progress, size_text
from tensorboard_plugin_attn.commands.prune import age
from tensorboard_plugin_attn.storing.files import RemoteFiles, open_files
from tensorboard_plugin_attn.storing.spool import Spool
from tensorboard_plugin_attn.storing.store import list_steps, list_tags

numbers = itertools.count()


@pytest.fixture(params=["disk", "store"])
def logdir(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Two runs on a disk and in a store."""
    where = str(tmp_path / "logs") if request.param == "disk" else f"memory://commands-{next(numbers)}/logs"
    log_run(f"{where}/a", "doctor/she", range(5))
    log_run(f"{where}/a", "Upper", range(2))
    log_run(f"{where}/b/c", "doctor/she", [7], spool=tmp_path / "spool")
    yield where
    fsspec.filesystem("memory").store.clear()


def printed(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> list[str]:
    """The lines that a command prints, when it ends with a code."""
    assert main(words) == code
    return capsys.readouterr().out.splitlines()


def steps(logdir: str, run: str, tag: str) -> list[int]:
    files = open_files(logdir)
    tags = list_tags(files, run)
    return [each.step for each in list_steps(files, tags[tag])] if tag in tags else []


def damage(logdir: str, run: str, tag: str, place: int) -> str:
    """Alter one byte of a tag's first record; its path."""
    files = open_files(logdir)
    (first, *_) = list_steps(files, list_tags(files, run)[tag])
    data = bytearray(files.read(first.path, 0, first.size))
    data[place] ^= 0xFF
    files.write(first.path, [bytes(data)])
    return first.path


def test_ls_shows_every_tag_and_the_sums(
    logdir: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    lines = printed(capsys, "ls", logdir, "--spool", str(tmp_path / "spool"))
    assert lines[0].split() == ["run", "tag", "steps", "first", "last", "metrics", "only", "size"]
    assert [line.split()[:5] for line in lines[1:4]] == [
        ["a", "Upper", "2", "0", "1"],
        ["a", "doctor/she", "5", "0", "4"],
        ["b/c", "doctor/she", "1", "7", "7"],
    ]
    assert lines[4].startswith("2 runs, 3 tags, 8 steps, ")


def test_ls_takes_a_run_and_a_tag(logdir: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    spool = ("--spool", str(tmp_path / "spool"))
    assert printed(capsys, "ls", logdir, "--run", "b*", *spool)[-1].startswith("1 run, 1 tag, 1 step,")
    assert printed(capsys, "ls", logdir, "--tag", "doctor/*", *spool)[-1].startswith(
        "2 runs, 2 tags, 6 steps,"
    )


def test_verify_says_that_all_is_whole(logdir: str, capsys: pytest.CaptureFixture[str]) -> None:
    (line,) = printed(capsys, "verify", logdir)
    assert line.startswith("8 records, ")
    assert line.endswith(": all whole")


@pytest.mark.parametrize("place", [60, -20], ids=["header", "weights"])
def test_verify_names_what_is_damaged_and_ends_with_1(
    place: int, logdir: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = damage(logdir, "a", "doctor/she", place)
    first, last = printed(capsys, "verify", logdir, code=1)
    assert first.startswith(f"{logdir}/{path}: ")
    assert last.endswith("1 damaged")


def test_prune_keeps_the_last_steps_of_each_tag(logdir: str, capsys: pytest.CaptureFixture[str]) -> None:
    would = printed(capsys, "prune", logdir, "--keep-last", "2", "--dry-run")
    assert len(would) == 4
    assert would[-1].startswith("would remove 3 records, ")
    assert steps(logdir, "a", "doctor/she") == [0, 1, 2, 3, 4]
    assert printed(capsys, "prune", logdir, "--keep-last", "2")[-1].startswith("removed 3 records, ")
    assert steps(logdir, "a", "doctor/she") == [3, 4]
    assert steps(logdir, "a", "Upper") == [0, 1]


def test_prune_removes_a_run_or_a_tag(logdir: str, capsys: pytest.CaptureFixture[str]) -> None:
    printed(capsys, "prune", logdir, "--run", "a", "--tag", "Upper", "--keep-last", "0")
    assert (steps(logdir, "a", "Upper"), steps(logdir, "a", "doctor/she")) == ([], [0, 1, 2, 3, 4])
    printed(capsys, "prune", logdir, "--run", "b/c", "--keep-last", "0")
    assert AttentionReader(logdir).runs() == ["a"]


def test_prune_by_age_spares_what_is_young(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log_run(tmp_path / "a", steps=range(4))
    for path in sorted(tmp_path.rglob("*.safetensors"))[:2]:
        os.utime(path, (0, time.time() - 3 * 86_400))
    assert printed(capsys, "prune", str(tmp_path), "--older-than", "2d")[-1].startswith("removed 2 records")
    assert steps(str(tmp_path), "a", "probe") == [2, 3]
    assert (
        printed(capsys, "prune", str(tmp_path), "--older-than", "2d", "--keep-last", "1")[-1]
        == "removed 0 records, 0 B"
    )


def test_prune_and_doctor_leave_alone_what_links_lead_to_elsewhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logdir, far = tmp_path / "logs", tmp_path / "far"
    log_run(logdir / "a", steps=range(3))
    log_run(far / "b", steps=range(3))
    (logdir / "far").symlink_to(far)
    (logdir / "same").symlink_to(logdir / "a")
    (logdir / "a/plugins/attn/linked").symlink_to(far / "b/plugins/attn/probe")
    draft = far / "b/plugins/attn/probe/.000000000009.safetensors.0123.tmp"
    draft.write_bytes(b"half")
    os.utime(draft, (0, 0))
    assert main(["prune", str(logdir), "--keep-last", "1"]) == 0
    told = capsys.readouterr()
    assert told.out.splitlines()[-1].startswith("removed 2 records")
    assert "passed over 3 tags that links lead to out of" in told.err
    main(["doctor", str(logdir), "--repair", "--spool", str(tmp_path / "spool")])
    assert draft.exists()
    assert (steps(str(far), "b", "probe"), steps(str(logdir), "a", "probe")) == ([0, 1, 2], [2])


def test_prune_without_a_criterion_removes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log_run(tmp_path)
    assert main(["prune", str(tmp_path)]) == 2
    assert "--keep-last N, --older-than AGE" in capsys.readouterr().err
    assert steps(str(tmp_path), "", "probe") == [0, 1, 2]


@pytest.mark.parametrize("text", ["", "30", "d", "-1d", "1y"])
def test_an_age_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(Exception, match="12h, 30d or 8w"):
        age(text)


def test_a_directory_that_does_not_exist_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ls", str(tmp_path / "nowhere")]) == 1
    assert "there is no directory" in capsys.readouterr().err


def doctor(capsys: pytest.CaptureFixture[str], tmp_path: Path, *words: str, code: int = 0) -> list[str]:
    return printed(capsys, "doctor", *words, "--spool", str(tmp_path / "spool"), code=code)


@pytest.fixture
def _built(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the frontend were built."""
    monkeypatch.setattr(doctor_module, "check_installation", lambda: iter(()))


@pytest.mark.usefixtures("_built")
def test_a_store_that_has_nothing_or_fails_is_said_in_a_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"memory://commands-{next(numbers)}/logs"
    assert main(["ls", url]) == 0
    assert capsys.readouterr().err == f"there is nothing at {url}\n"

    class EndpointError(Exception):  # as a store's own library has them
        pass

    def fail(self: object, path: str) -> None:
        raise EndpointError("could not connect")

    monkeypatch.setattr(RemoteFiles, "find", fail)
    for words in (["ls"], ["verify"], ["doctor"], ["prune", "--keep-last", "1"]):
        assert main([*words, url]) == 1
        said = capsys.readouterr().err
        assert said == f"the store of {url} failed: EndpointError: could not connect\n"


def test_doctor_finds_nothing_wrong_in_a_sound_directory(
    logdir: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    lines = doctor(capsys, tmp_path, logdir)
    assert lines[0].startswith("Python 3")
    assert "tensorboard " in lines[0]
    assert lines[1:] == ["all is well"]


def test_doctor_knows_whether_tensorboard_loads_the_plugin() -> None:
    messages = [problem.message for problem in doctor_module.check_installation()]
    assert not any("cannot be loaded" in each or "does not know" in each for each in messages)


@pytest.mark.usefixtures("_built")
def test_doctor_finds_and_mends_damage_drafts_and_replaced_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logdir = tmp_path / "logs"
    log_run(logdir, steps=range(4))
    directory = logdir / "plugins/attn/probe"
    damage(str(logdir), "", "probe", 60)
    (directory / ".000000000009.safetensors.0123.tmp").write_bytes(b"half")
    (directory / "000000000003.metrics.safetensors").write_bytes(b"older")
    (directory / "notes.txt").write_text("mine")
    for name in (".000000000009.safetensors.0123.tmp", "000000000003.metrics.safetensors"):
        os.utime(directory / name, (0, time.time() - 7200))
    found = doctor(capsys, tmp_path, str(logdir), code=1)
    assert found[-1] == "3 problems; --repair mends what can be"
    assert sum(line.startswith("note: ") for line in found) == 1
    assert doctor(capsys, tmp_path, str(logdir), "--repair")[-1] == "3 problems, 3 repaired"
    assert sorted(path.name for path in directory.iterdir()) == [
        "000000000000.safetensors.damaged",
        "000000000001.safetensors",
        "000000000002.safetensors",
        "000000000003.safetensors",
        "notes.txt",
    ]
    assert doctor(capsys, tmp_path, str(logdir))[-1] == "all is well"


@pytest.mark.usefixtures("_built")
def test_doctor_leaves_the_parts_of_a_step_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log_run(tmp_path / "logs", steps=[7])
    directory = tmp_path / "logs/plugins/attn/probe"
    (whole,) = directory.iterdir()
    for number in range(2):
        (directory / f"{7:012d}.part-{number:03d}-of-003.safetensors").write_bytes(whole.read_bytes())
    doctor(capsys, tmp_path, str(tmp_path / "logs"), "--repair")
    assert len(list(directory.iterdir())) == 3


@pytest.mark.usefixtures("_built")
def test_doctor_shows_what_waits_and_sends_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log_run(tmp_path / "made")
    url = f"memory://commands-{next(numbers)}/logs/run"
    spool = Spool(url, tmp_path / "spool")
    for path in sorted((tmp_path / "made").rglob("*.safetensors")):
        spool.put(f"plugins/attn/probe/{path.name}", [path.read_bytes()])
    logdir = url.rpartition("/")[0]
    (waiting,) = [line for line in doctor(capsys, tmp_path, logdir) if line.startswith("waiting: ")]
    assert "3 records" in waiting
    assert url in waiting
    assert any(
        "3 records" in line for line in printed(capsys, "ls", logdir, "--spool", str(tmp_path / "spool"))
    )
    assert f"sent what waited for {url}" in doctor(capsys, tmp_path, logdir, "--send-spool")
    assert AttentionReader(logdir).steps("run", "probe") == [0, 1, 2]
    assert doctor(capsys, tmp_path, logdir)[1:] == ["all is well"]


def test_interrupting_ends_with_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    log_run(tmp_path)

    def interrupt(*_: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("tensorboard_plugin_attn.commands.verify.check_record", interrupt)
    assert main(["verify", str(tmp_path)]) == 130
    out = capsys.readouterr()
    assert out.out == "stopped after 0 of 3 records: 0 damaged\n"
    assert out.err == "stopped\n"


def test_long_work_shows_how_far_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tensorboard_plugin_attn.commands.progress.QUIET_SECONDS", 0)
    monkeypatch.setattr("tensorboard_plugin_attn.commands.progress.SHOW_SECONDS", 0)
    assert list(progress([5, 6, 7], "records")) == [5, 6, 7]
    assert "1 / 3 records" in capsys.readouterr().err


def test_quick_work_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    list(progress([1, 2], "records"))
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("nbytes", "text"), [(0, "0 B"), (999, "999 B"), (1500, "1.5 KB"), (123_456_789, "123 MB")]
)
def test_sizes_are_in_the_largest_unit(nbytes: int, text: str) -> None:
    assert size_text(nbytes) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(45, "45 s"), (600, "10 min"), (18_000, "5 h"), (864_000, "10 days")]
)
def test_times_are_in_words(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


def test_the_module_runs_as_a_program(tmp_path: Path) -> None:
    log_run(tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "tensorboard_plugin_attn", "verify", str(tmp_path)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("3 records, ")
