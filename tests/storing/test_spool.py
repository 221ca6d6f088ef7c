"""What waits for a store: in order, for one target, within its size, and after the process has ended."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from tensorboard_plugin_attn.storing.spool import Spool, default_root, form_key, open_spools

PATH = "plugins/attn/{}/{:012d}.safetensors"


def put(spool: Spool, *steps: int, tag: str = "p", data: bytes = b"12345") -> None:
    for step in steps:
        spool.put(PATH.format(tag, step), [data[:2], data[2:]])


def steps(spool: Spool) -> list[int]:
    return [each.step for each in spool.waiting()]


def test_records_come_out_as_they_went_in_and_know_their_place(tmp_path: Path) -> None:
    spool = Spool("s3://b/run", tmp_path)
    put(spool, 3, 1)
    put(spool, 2, tag="a%2Fb", data=b"other")
    found = spool.waiting()
    assert [each.target for each in found] == [
        PATH.format("p", 3),
        PATH.format("p", 1),
        PATH.format("a%2Fb", 2),
    ]
    assert [spool.read(each) for each in found] == [b"12345", b"12345", b"other"]
    assert [each.size for each in found] == [5, 5, 5]


def test_another_process_finds_what_is_there(tmp_path: Path) -> None:
    put(Spool("s3://b/run", tmp_path), 0, -3)
    assert steps(Spool("s3://b/run", tmp_path)) == [0, -3]
    assert steps(Spool("s3://b/other", tmp_path)) == []
    assert [each.target for each in open_spools(tmp_path)] == ["s3://b/run"]


def test_the_same_step_again_takes_the_place_of_what_still_waits_in_either_form(tmp_path: Path) -> None:
    spool = Spool("s3://b/run", tmp_path)
    put(spool, 1, 2)
    spool.put("plugins/attn/p/000000000001.metrics.safetensors", [b"x"])
    assert [each.target.rpartition("/")[2] for each in spool.waiting()] == [
        "000000000002.safetensors",
        "000000000001.metrics.safetensors",
    ]
    assert (spool.num_own, spool.kept()) == (2, 2)


def test_what_was_sent_is_no_longer_kept(tmp_path: Path) -> None:
    spool = Spool("s3://b/run", tmp_path)
    put(spool, 1, 2, 3)
    spool.remove(spool.waiting()[0])
    assert (spool.num_own, spool.kept(), steps(spool)) == (3, 2, [2, 3])
    for each in spool.waiting():
        spool.remove(each)
    assert spool.is_empty
    assert list(open_spools(tmp_path)) == []


def test_a_purge_forgets_later_steps_and_is_asked_of_the_store_until_it_is_done(tmp_path: Path) -> None:
    spool = Spool("s3://b/run", tmp_path)
    put(spool, 1, 5, 9)
    spool.purge(5)
    assert (steps(spool), spool.purges_asked(), spool.is_empty) == ([1], {None: 5}, False)
    spool.purge(7)
    assert spool.purges_asked() == {None: 5}
    spool.purge_done(5)
    assert spool.purges_asked() == {}


def test_the_purge_of_a_part_is_for_its_own_files(tmp_path: Path) -> None:
    spool = Spool("s3://b/run", tmp_path)
    for number in range(3):
        spool.put(f"plugins/attn/p/000000000007.part-{number:03d}-of-003.safetensors", [b"x"])
    spool.purge(5, (1, 3))
    assert [each.target[-27:-12] for each in spool.waiting()] == ["part-000-of-003", "part-002-of-003"]
    assert spool.purges_asked() == {(1, 3): 5}
    spool.purge_done(5, (1, 3))
    assert spool.purges_asked() == {}


def test_room_is_counted_and_freed(tmp_path: Path) -> None:
    spool = Spool("s3://b/run", tmp_path, max_bytes=12)
    put(spool, 1, 2)
    assert (spool.has_room(2), spool.has_room(3), spool.has_room(3, over=1.5)) == (True, False, True)
    Spool("s3://b/run", tmp_path).remove(spool.waiting()[0])  # by another process
    assert spool.has_room(7)


def test_one_process_at_a_time_sends(tmp_path: Path) -> None:
    from filelock import Timeout

    spool = Spool("s3://b/run", tmp_path)
    put(spool, 1)
    with spool.lock(), pytest.raises(Timeout):
        Spool("s3://b/run", tmp_path).lock().acquire()
    with Spool("s3://b/run", tmp_path).lock():
        pass


def test_foreign_files_are_left_alone(tmp_path: Path) -> None:
    spool = Spool("s3://b/run", tmp_path)
    put(spool, 1)
    (spool.directory / "p" / "notes.txt").write_text("x")
    (tmp_path / "other").mkdir()
    assert steps(spool) == [1]
    assert len(list(open_spools(tmp_path))) == 1


def test_a_link_in_place_of_its_directory_is_refused(tmp_path: Path) -> None:
    spool = Spool("s3://b/run", tmp_path / "spool")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "spool").mkdir()
    spool.directory.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PermissionError, match="not a directory of your own"):
        put(spool, 1)


def test_by_default_it_lies_in_the_cache_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platformdirs.user_cache_path", lambda name, appauthor: tmp_path / name)
    assert default_root() == tmp_path / "tensorboard-plugin-attn" / "spool"
    assert list(tmp_path.iterdir()) == []


def test_both_forms_of_a_step_have_one_key() -> None:
    assert form_key("t/000000000001.metrics.safetensors") == form_key("t/000000000001.safetensors")


def test_a_record_put_while_another_is_removed_is_not_lost(tmp_path: Path) -> None:
    spool, other = (Spool("s3://bucket/a", tmp_path) for _ in range(2))
    ended = threading.Event()

    def remove() -> None:
        while not ended.is_set() or other.waiting():
            for each in other.waiting():
                other.remove(each)

    remover = threading.Thread(target=remove)
    remover.start()
    try:
        for step in range(400):
            spool.put(f"plugins/attn/p/{step:012d}.safetensors", [b"x"])
    finally:
        ended.set()
        remover.join()
    assert spool.is_empty
