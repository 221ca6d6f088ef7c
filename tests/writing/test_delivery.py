"""What reaches a store, what waits in the spool, what training waits for, and what is said: whatever the store does."""

from __future__ import annotations

import itertools
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pytest
from logs.random_attention import softmax_weights, token_list
from logs.s3_store import S3Store, s3_store

from tensorboard_plugin_attn import AttentionReader, AttentionWriter, Part
from tensorboard_plugin_attn.storing.files import LocalFiles
from tensorboard_plugin_attn.storing.spool import Spool, open_spools
from tensorboard_plugin_attn.writing import delivery as delivery_module

TOKENS = token_list(24)
URL = "s3://bucket/runs/a"
numbers = itertools.count()


def weights(step: int) -> np.ndarray:
    return np.stack([softmax_weights(4, 24, 24, 10 * step + layer) for layer in range(2)])


def add(writer: AttentionWriter, steps: Sequence[int], tag: str = "p", **options: Any) -> None:
    for step in steps:
        writer.add_attention(tag, weights(step), TOKENS, step, **options)


@pytest.fixture
def store() -> Iterator[S3Store]:
    pytest.importorskip("moto")
    pytest.importorskip("s3fs")
    with s3_store() as found:
        yield found


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that takes some seconds hangs, and the next attempt comes soon."""
    monkeypatch.setattr(delivery_module, "STORE_SECONDS", 5.0)
    monkeypatch.setattr(delivery_module, "MOUNT_SECONDS", 0.5)
    monkeypatch.setattr("tensorboard_plugin_attn.writing.uploader.LONGEST_PAUSE", 0.2)


@contextmanager
def told() -> Iterator[list[str]]:
    """The warnings of a block."""
    messages: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield messages
    messages += [str(each.message) for each in caught if issubclass(each.category, RuntimeWarning)]


def eventually(check: Callable[[], bool], seconds: float = 60) -> bool:
    end = time.monotonic() + seconds
    while not check() and time.monotonic() < end:
        time.sleep(0.02)
    return check()


def memory_url() -> str:
    return f"memory://delivery-{next(numbers)}/run"


def test_records_for_a_store_arrive_and_nothing_is_left_or_said(tmp_path: Path) -> None:
    url = memory_url()
    with told() as messages, AttentionWriter(url, spool=tmp_path) as writer:
        add(writer, range(5))
    assert AttentionReader(url).steps(".", "p") == list(range(5))
    assert (writer.num_written, writer.num_dropped, messages) == (5, 0, [])
    assert list(open_spools(tmp_path)) == []


def test_the_spool_is_for_this_user_alone(tmp_path: Path) -> None:
    with AttentionWriter(memory_url(), spool=tmp_path / "spool") as writer:
        add(writer, [0])
    directories = [tmp_path / "spool", writer.delivery.spool.directory]
    assert [each.stat().st_mode & 0o777 for each in directories] == [0o700, 0o700]


FAULTS = ["hang", "cut", "refuse", "slow"]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_store_that_fails_holds_nothing_up_and_all_arrives_in_order_after_it(
    fault: str, store: S3Store, tmp_path: Path
) -> None:
    store.proxy.switch(fault)
    with told() as messages:
        writer = AttentionWriter(URL, spool=tmp_path, max_wait=0.0)
        add(writer, range(12))
        assert writer.queue.drain(time.monotonic() + 60)
        time.sleep(1.5)  # long enough for an attempt to fail
        assert writer.num_written + writer.delivery.spool.kept() == 12
        store.proxy.switch("pass")
        writer.close(60)
    assert AttentionReader(URL).steps(".", "p") == list(range(12))
    assert writer.num_written == 12
    order = sorted(item["LastModified"] for item in store.client.list_objects_v2(Bucket="bucket")["Contents"])
    assert len(order) == 12
    assert len(messages) <= 1
    assert all("cannot send attention records to s3://bucket/runs/a" in each for each in messages)
    assert writer.seconds_waited < 1


def test_closing_says_how_many_were_written_where_the_others_are_and_why(
    store: S3Store, tmp_path: Path
) -> None:
    writer = AttentionWriter(URL, spool=tmp_path)
    add(writer, range(3))
    writer.flush(60)
    store.proxy.switch("refuse")
    with told() as messages:
        add(writer, range(3, 10))
        assert writer.queue.drain(time.monotonic() + 60)
        started = time.monotonic()
        writer.close(1.0)
        assert time.monotonic() - started < 10
        writer.close(1.0)
    assert (
        f"3 of 10 records written, 7 kept in {writer.delivery.spool.directory}, because s3://" in messages[-1]
    )
    assert sum("records written" in each for each in messages) == 1


def test_what_a_process_left_the_next_writer_of_the_target_sends(store: S3Store, tmp_path: Path) -> None:
    store.proxy.switch("hang")
    with told():
        left = AttentionWriter(URL, spool=tmp_path)
        add(left, range(4))
        assert left.queue.drain(time.monotonic() + 60)
        left.close(0.5)
    assert [spool.target for spool in open_spools(tmp_path)] == [URL]
    store.proxy.switch("pass")
    with AttentionWriter(URL, spool=tmp_path) as writer:
        add(writer, [4])
        assert eventually(lambda: writer.delivery.spool.is_empty)
    assert AttentionReader(URL).steps(".", "p") == [0, 1, 2, 3, 4]


def test_a_newer_record_in_the_store_is_not_replaced_by_an_older_one_from_the_spool(
    store: S3Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tensorboard_plugin_attn.writing.uploader.MANY_NAMES", 0)
    store.proxy.switch("hang")
    with told():
        late = AttentionWriter(URL, spool=tmp_path / "late")
        add(late, [1, 2])
        assert late.queue.drain(time.monotonic() + 60)
        late.close(0.2)
    store.proxy.switch("pass")
    with AttentionWriter(URL, spool=tmp_path / "other", precision="float32") as writer:
        writer.add_attention("p", weights(77), TOKENS, 2)
    with AttentionWriter(URL, spool=tmp_path / "late") as again:
        assert eventually(lambda: again.delivery.spool.is_empty)
    reader = AttentionReader(URL)
    assert reader.steps(".", "p") == [1, 2]
    np.testing.assert_array_equal(reader.read(".", "p", 2).layers[0].weights, weights(77)[0])


@pytest.mark.parametrize("many", [1000, 2])
def test_what_another_machine_wrote_since_the_store_was_listed_is_not_replaced_by_an_older_record(
    many: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tensorboard_plugin_attn.writing.uploader.MANY_NAMES", many)
    monkeypatch.setattr("tensorboard_plugin_attn.writing.uploader.LISTED_SECONDS", 0.0)
    url, older = memory_url(), tmp_path / "older"
    with AttentionWriter(older) as writer:
        add(writer, [2])
    with AttentionWriter(url, spool=tmp_path / "one") as writer:
        add(writer, [0, 1])
        writer.flush()
        with AttentionWriter(url, spool=tmp_path / "other", precision="float32") as other:
            other.add_attention("p", weights(77), TOKENS, 2)
        path = "plugins/attn/p/000000000002.safetensors"
        writer.delivery.spool.put(path, [(older / path).read_bytes()])
        writer.delivery.uploader.wake()
        assert eventually(lambda: writer.delivery.spool.is_empty)
    read = AttentionReader(url).read(".", "p", 2)
    np.testing.assert_array_equal(read.layers[0].weights, weights(77)[0])


def test_purging_clears_the_spool_and_the_store_before_anything_new_is_sent(
    store: S3Store, tmp_path: Path
) -> None:
    with AttentionWriter(URL, spool=tmp_path) as writer:
        add(writer, [0, 10, 20])
    store.proxy.switch("refuse")
    with told():
        down = AttentionWriter(URL, spool=tmp_path)
        add(down, [30, 40])
        assert down.queue.drain(time.monotonic() + 60)
        down.close(0.2)
        resumed = AttentionWriter(URL, spool=tmp_path, purge_step=10)
        add(resumed, [12])
        assert resumed.queue.drain(time.monotonic() + 60)
        resumed.close(0.2)
    store.proxy.switch("pass")
    with AttentionWriter(URL, spool=tmp_path) as writer:
        assert eventually(lambda: writer.delivery.spool.is_empty)
    assert AttentionReader(URL).steps(".", "p") == [0, 12]


def test_a_full_spool_keeps_the_head_metrics_of_new_records_and_tells_once(
    store: S3Store, tmp_path: Path
) -> None:
    store.proxy.switch("refuse")
    with told() as messages:
        writer = AttentionWriter(URL, spool=tmp_path, max_spool_bytes=100_000)
        add(writer, [0])
        writer.queue.drain(time.monotonic() + 60)
        steps = 100_000 // writer.delivery.spool.waiting()[0].size + 3
        add(writer, range(1, steps))
        writer.queue.drain(time.monotonic() + 60)
        waiting = writer.delivery.spool.waiting()
        writer.close(0.2)
    assert [each.step for each in waiting] == list(range(steps))
    small = [each for each in waiting if ".metrics." in each.target]
    assert 0 < len(small) < steps
    assert sum(each.size for each in waiting) <= 1.125 * 100_000
    assert sum("is full (max_spool_bytes=100000)" in each for each in messages) == 1


def test_the_other_form_of_a_step_goes_when_the_newer_arrives(tmp_path: Path) -> None:
    url = memory_url()
    with AttentionWriter(url, spool=tmp_path) as writer:
        add(writer, [0])
        writer.flush()
        add(writer, [0], metrics_only=True)
        writer.flush()
        add(writer, [1], metrics_only=True)
        writer.flush()
        add(writer, [1])
    names = [Path(each).name for each in fsspec.filesystem("memory").find(url.removeprefix("memory:/"))]
    assert names == ["000000000000.metrics.safetensors", "000000000001.safetensors"]


def test_change_is_undefined_until_the_earlier_records_were_fetched(store: S3Store, tmp_path: Path) -> None:
    with AttentionWriter(URL, spool=tmp_path) as writer:
        add(writer, [0])
        assert eventually(lambda: fetched(writer))
        add(writer, [1])
    store.proxy.switch("hang")
    with told():
        resumed = AttentionWriter(URL, spool=tmp_path)
        add(resumed, [2])
        store.proxy.switch("pass")
        assert eventually(lambda: fetched(resumed))
        add(resumed, [3])
        resumed.close(60)
    series = AttentionReader(URL).metrics(".", "p")
    first = series.values[:, 0, 0, series.names.index("change_first")]
    previous = series.values[:, 0, 0, series.names.index("change_previous")]
    assert np.isnan(first).tolist() == [True, False, True, False]
    assert np.isnan(previous).tolist() == [True, False, True, False]


def fetched(writer: AttentionWriter) -> bool:
    writer.history.take_in("p")
    return not writer.history.tags["p"].is_unknown


class HungMount(LocalFiles):
    """A directory whose writes do not end before ``mended`` is set."""

    def __init__(self, root: Path) -> None:
        super().__init__(str(root))
        self.mended = threading.Event()

    def write(self, path: str, buffers: Sequence[bytes]) -> None:
        assert self.mended.wait(60)
        super().write(path, buffers)


def hung_writer(mount: HungMount, spool: Path, **options: Any) -> AttentionWriter:
    writer = AttentionWriter(mount.root, spool=spool, **options)
    writer.delivery.files = mount
    writer.delivery.bounded.files = mount
    return writer


def test_a_mount_that_hangs_holds_training_up_for_max_wait_and_loses_nothing(tmp_path: Path) -> None:
    mount = HungMount(tmp_path / "mount")
    with told() as messages:
        writer = hung_writer(mount, tmp_path / "spool", max_wait=0.3, max_queue_bytes=20_000)
        add(writer, range(20))
        assert writer.seconds_waited < 60  # none of which is the mount's 60
        assert writer.queue.drain(time.monotonic() + 60)
        assert writer.delivery.spool.kept() == 20
        mount.mended.set()
        writer.close(60)
    assert AttentionReader(mount.root).steps(".", "p") == list(range(20))
    assert (writer.num_written, writer.num_dropped) == (20, 0)
    assert sum("attention records go to" in each for each in messages) == 1


def test_a_mount_that_answers_again_is_written_to_at_once_again(tmp_path: Path) -> None:
    mount = HungMount(tmp_path / "mount")
    with told():
        writer = hung_writer(mount, tmp_path / "spool")
        add(writer, [0])
        assert writer.queue.drain(time.monotonic() + 60)
        mount.mended.set()
        writer.flush(60)
        add(writer, [1])
        writer.flush(60)
        assert not writer.delivery.by_spool
    assert AttentionReader(mount.root).steps(".", "p") == [0, 1]


@pytest.mark.parametrize("metrics_only", [False, True])
def test_a_write_that_hung_and_comes_back_does_not_undo_the_same_step_logged_again(
    metrics_only: bool, tmp_path: Path
) -> None:
    mount = HungMount(tmp_path / "mount")
    with told():
        writer = hung_writer(mount, tmp_path / "spool")
        add(writer, [0], metrics_only=metrics_only)
        assert writer.queue.drain(time.monotonic() + 60)
        hung, mount.mended = mount.mended, threading.Event()
        mount.mended.set()  # what comes now is let through, the first write is not yet
        writer.add_attention("p", weights(77), TOKENS, 0)
        assert writer.queue.drain(time.monotonic() + 60)
        writer.flush(1.0)
        hung.set()
        assert eventually(lambda: writer.delivery.calls.hanging == 0)
        writer.close(60)
    shown = AttentionReader(mount.root).read(".", "p", 0).layers[0].weights
    assert [each.name for each in mount.root.rglob("*.safetensors")] == ["000000000000.safetensors"]
    np.testing.assert_allclose(shown, weights(77)[0], atol=0.002)


def test_a_mount_that_hangs_from_the_start_is_purged_when_it_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with AttentionWriter(tmp_path / "run") as writer:
        add(writer, [0, 10, 20])
    answers = threading.Event()

    class Hung(LocalFiles):
        def list(self, path: str) -> Any:
            assert answers.wait(60)
            return super().list(path)

    monkeypatch.setattr(delivery_module, "open_files", lambda root, **options: Hung(str(root)))
    with told():
        resumed = AttentionWriter(tmp_path / "run", purge_step=10, spool=tmp_path / "spool", max_wait=0.1)
        add(resumed, [15])
        answers.set()
        resumed.close(60)
    assert AttentionReader(tmp_path / "run").steps(".", "p") == [0, 15]


def test_two_writers_of_one_target_share_the_spool_and_nothing_is_sent_twice(
    store: S3Store, tmp_path: Path
) -> None:
    writers = [AttentionWriter(URL, spool=tmp_path) for _ in range(2)]
    for step in range(6):
        add(writers[step % 2], [step])
    for writer in writers:
        writer.close(60)
    assert AttentionReader(URL).steps(".", "p") == list(range(6))
    sent = [each.delivery.opened_uploader.num_sent for each in writers if each.delivery.opened_uploader]
    assert sum(sent) == 6


def test_what_is_not_whole_in_a_spool_is_not_sent(tmp_path: Path) -> None:
    url = memory_url()
    spool = Spool(url, tmp_path)
    spool.put("plugins/attn/p/000000000003.safetensors", [b"cut"])
    with told() as messages:
        writer = AttentionWriter(url, spool=tmp_path)
        assert eventually(lambda: spool.is_empty)
        writer.close(5)
    assert AttentionReader(url).runs() == []
    assert sum("is not whole and is not sent" in each for each in messages) == 1


def test_a_part_purges_its_own_files_in_a_store(tmp_path: Path) -> None:
    url = memory_url()
    writers = [
        AttentionWriter(url, spool=tmp_path, part=Part(number, 2, heads=range(4 * number, 4 * number + 4)))
        for number in range(2)
    ]
    for writer in writers:
        add(writer, [0, 10])
        writer.close(60)
    for number in range(2):
        with AttentionWriter(
            url, spool=tmp_path, part=Part(number, 2, heads=range(4 * number, 4 * number + 4)), purge_step=5
        ) as writer:
            add(writer, [6])
    names = sorted(Path(each).name for each in fsspec.filesystem("memory").find(url.removeprefix("memory:/")))
    assert [name[:27] for name in names] == [
        "000000000000.part-000-of-00", "000000000000.part-001-of-00",
        "000000000006.part-000-of-00", "000000000006.part-001-of-00",
    ]  # fmt: skip


def test_a_store_gets_series_without_a_record_being_fetched(
    store: S3Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("tensorboard_plugin_attn.writing.series_packing.PACKED_STEPS", 4)
    monkeypatch.setattr("tensorboard_plugin_attn.storing.packing.PACKED_STEPS", 4)
    with (
        caplog.at_level("INFO", "werkzeug"),
        AttentionWriter(URL, spool=tmp_path, metrics="entropy") as writer,
    ):
        add(writer, range(9))
    fetched = [each for each in caplog.messages if "GET /bucket/runs" in each and ".safetensors" in each]
    assert [each for each in fetched if "/series/" not in each] == []
    assert series_names(store) == [
        "000000000000-to-000000000003.safetensors",
        "000000000004-to-000000000007.safetensors",
    ]
    with AttentionWriter(URL, spool=tmp_path, purge_step=4) as writer:
        add(writer, [4])
    assert series_names(store) == ["000000000000-to-000000000003.safetensors"]


def series_names(store: S3Store) -> list[str]:
    keys = store.keys()
    return sorted(key.rpartition("/")[2] for key in keys if "/series/" in key)
