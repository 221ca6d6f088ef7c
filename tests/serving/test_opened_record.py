"""Opened records: damage is seen, a replaced file is read anew, headers stay in memory within their bound."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from logs.small_log import log_run

from tensorboard_plugin_attn.encoding.format import FORMAT, header_crc, json_text
from tensorboard_plugin_attn.errors import DamagedFileError, NewerFormatError
from tensorboard_plugin_attn.serving.answers import RequestError
from tensorboard_plugin_attn.serving.listing import Listing
from tensorboard_plugin_attn.serving.opened_record import OpenedRecord, OpenedRecords, cache_key
from tensorboard_plugin_attn.serving.record_results import record_result, thumbnails_result, weights_result
from tensorboard_plugin_attn.serving.roots import Root
from tensorboard_plugin_attn.storing.files import LocalFiles

Change = Callable[[bytes], bytes]
WHERE = ("run", "probe", 1)


class CountingFiles(LocalFiles):
    """Counts the reads."""

    reads = 0

    def read(self, path: str, start: int, stop: int) -> bytes:
        self.reads += 1
        return super().read(path, start, stop)


@pytest.fixture
def logdir(tmp_path: Path) -> Path:
    log_run(tmp_path / "run", steps=[0, 1, 2])
    return tmp_path


def opened(logdir: Path, **options: int) -> OpenedRecords:
    """The records of a log directory."""
    listing = Listing([Root(str(logdir))], open_root=CountingFiles)
    listing.walk()
    return OpenedRecords(listing, **options)


def file_of(logdir: Path, step: int = 1) -> Path:
    """The file of a step."""
    return next(logdir.rglob(f"*{step:012d}.safetensors"))


def read_everything(record: OpenedRecord) -> int:
    """Header, thumbnails and all weights; how many bytes they are."""
    arrays = thumbnails_result(record)[0] + [
        array for layer in range(len(record.layers)) for array in weights_result(record, layer, None)[0]
    ]
    return sum(len(array.data) for array in arrays)


def rewritten_header(change: Callable[[dict[str, object]], object]) -> Change:
    """A change of the header that leaves its checksum right, as a foreign writer might."""

    def rewrite(data: bytes) -> bytes:
        length = int.from_bytes(data[:8], "little")
        fields = json.loads(data[8 : 8 + length])
        meta = json.loads(fields["__metadata__"]["attn"])
        change(meta)
        if isinstance(meta.get("crc32"), dict):
            meta["crc32"]["header"] = header_crc(meta)
        fields["__metadata__"]["attn"] = json_text(meta)
        text = json.dumps(fields).encode()
        return len(text).to_bytes(8, "little") + text + data[8 + length :]

    return rewrite


DAMAGE: dict[str, Change] = {
    "empty": lambda data: b"",
    "cut in the length": lambda data: data[:5],
    "cut in the header": lambda data: data[:100],
    "cut in the data": lambda data: data[:-1],
    "one byte too many": lambda data: data + b"\0",
    "foreign": lambda data: b"PK\x03\x04 some other file, long enough to have a length",
    "zeros": lambda data: bytes(len(data)),
    "huge length": lambda data: b"\xff" * 8 + data[8:],
    "JSON of another kind": lambda data: (4).to_bytes(8, "little") + b"[1] ",
    "deeply nested JSON": lambda data: (200_000).to_bytes(8, "little") + b"[" * 200_000,
    "another safetensors file": lambda data: (16).to_bytes(8, "little") + b'{"a": {}}       ',
    "no layers": rewritten_header(lambda meta: meta.update(layers=[])),
    "layers are a string": rewritten_header(lambda meta: meta.update(layers="ab")),
    "negative heads": rewritten_header(lambda meta: meta["layers"][0].update(heads=-1)),  # type: ignore[index] - JSON
    "heads of another file": rewritten_header(lambda meta: meta["layers"][0].update(heads=9)),  # type: ignore[index] - JSON
    "no kind": rewritten_header(lambda meta: meta.pop("kind")),
    "wall time is a list": rewritten_header(lambda meta: meta.update(wall_time=[1])),
    "format is a string": rewritten_header(lambda meta: meta.update(format="1")),
    "checksums are a list": rewritten_header(lambda meta: meta.update(crc32=[])),
}


@pytest.mark.parametrize("change", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_damaged_file_is_named_with_the_reason_and_the_others_work(logdir: Path, change: Change) -> None:
    path = file_of(logdir)
    path.write_bytes(change(path.read_bytes()))
    records = opened(logdir)
    with pytest.raises(DamagedFileError) as caught:
        records.use(*WHERE, None, record_result)
    assert caught.value.path == "run/plugins/attn/probe/000000000001.safetensors"
    assert caught.value.reason
    assert records.use("run", "probe", 2, None, record_result)[0]["step"] == 2


def test_a_later_format_is_named_as_such(logdir: Path) -> None:
    path = file_of(logdir)
    path.write_bytes(rewritten_header(lambda meta: meta.update(format=FORMAT + 1))(path.read_bytes()))
    with pytest.raises(NewerFormatError, match="upgrade tensorboard-plugin-attn"):
        opened(logdir).use(*WHERE, None, record_result)


def test_every_flipped_byte_is_seen_or_harmless(logdir: Path) -> None:
    path = file_of(logdir)
    whole = path.read_bytes()
    records = opened(logdir)
    expected = records.use(*WHERE, None, record_result)[0], records.use(*WHERE, None, read_everything)[0]
    for position in np.random.default_rng(0).choice(len(whole), size=150, replace=False):
        flipped = bytearray(whole)
        flipped[position] ^= 0x10
        path.write_bytes(flipped)
        try:
            again = records.use(*WHERE, None, record_result)[0], records.use(*WHERE, None, read_everything)[0]
        except (DamagedFileError, RequestError):
            continue
        assert again == expected


def test_a_flipped_byte_in_a_head_is_seen_when_only_that_head_is_read(logdir: Path) -> None:
    path = file_of(logdir)
    data = bytearray(path.read_bytes())
    records = opened(logdir)
    record = records.use(*WHERE, None, lambda record: record)[0]
    lengths = record.tensor("layer.1.member_bytes")
    data[record.header.spans["layer.1.weights"].start + int(lengths[:2].sum()) + int(lengths[2]) // 2] ^= 1
    path.write_bytes(data)
    records = opened(logdir)
    records.use(*WHERE, None, lambda record: weights_result(record, 1, 1))
    with pytest.raises(DamagedFileError, match=r"layer\.1\.weights"):
        records.use(*WHERE, None, lambda record: weights_result(record, 1, 2))


def test_a_header_is_read_once_while_the_file_stays(logdir: Path) -> None:
    records = opened(logdir)
    files, _ = records.current(*WHERE)
    assert isinstance(files, CountingFiles)
    for _ in range(3):
        records.use(*WHERE, None, record_result)
    assert files.reads == 1


def test_a_file_written_anew_is_read_anew(logdir: Path) -> None:
    records = opened(logdir)
    before, old = records.use(*WHERE, None, record_result)
    log_run(logdir / "run", steps=[1], precision="float32")
    after, new = records.use(*WHERE, None, record_result)
    assert (before["precision"], after["precision"]) == ("uint8", "float32")
    assert old != new


def test_a_file_replaced_between_two_reads_is_read_again(logdir: Path) -> None:
    records = opened(logdir)
    replaced = []

    def slow_result(record: OpenedRecord) -> int:
        if not replaced:
            replaced.append(True)
            log_run(logdir / "run", steps=[1], precision="float32")
        return len(weights_result(record, 0, None)[0][2].data)

    size, version = records.use(*WHERE, None, slow_result)
    assert size == records.use(*WHERE, version, slow_result)[0]


def test_a_header_in_memory_that_no_longer_fits_its_file_is_read_anew(logdir: Path) -> None:
    records = opened(logdir)
    stale = records.use("run", "probe", 2, None, lambda record: record)[0]
    files, step_file = records.current(*WHERE)
    expected = records.use(*WHERE, None, lambda record: weights_result(record, 0, None))[0]
    records.cache.put(cache_key(files, step_file), OpenedRecord(files, step_file, stale.header), 1)
    again = records.use(*WHERE, None, lambda record: weights_result(record, 0, None))[0]
    assert again[0] == expected[0]


def test_a_version_that_is_gone_is_answered_with_the_current_one(logdir: Path) -> None:
    records = opened(logdir)
    _, old = records.use(*WHERE, None, record_result)
    assert records.use(*WHERE, old, record_result)[1] == old
    log_run(logdir / "run", steps=[1], precision="float16")
    with pytest.raises(RequestError, match="was written anew") as caught:
        records.use(*WHERE, old, record_result)
    assert (caught.value.status, caught.value.fields) == (410, {"version": opened_version(logdir)})


def opened_version(logdir: Path) -> str:
    """The version of step 1 as a fresh listing gives it."""
    tag = opened(logdir).listing.index()["run"]["probe"]
    return str(tag["versions"][tag["steps"].index(1)])


def test_a_step_deleted_since_the_listing_is_not_recorded(logdir: Path) -> None:
    records = opened(logdir)
    file_of(logdir).unlink()
    with pytest.raises(RequestError, match="step 1; recorded steps: 0, 2") as caught:
        records.use(*WHERE, None, record_result)
    assert caught.value.status == 404


def test_a_file_that_cannot_be_read_is_damaged_not_a_crash(logdir: Path) -> None:
    records = opened(logdir)

    def failing(record: OpenedRecord) -> None:
        raise OSError(5, "Input/output error")

    with pytest.raises(DamagedFileError, match="cannot be read"):
        records.use(*WHERE, None, failing)


def test_headers_in_memory_are_bounded(logdir: Path) -> None:
    log_run(logdir / "run", steps=range(40))
    records = opened(logdir, limit=50_000)
    for step in range(40):
        records.use("run", "probe", step, None, record_result)
    assert 0 < len(records.cache.kept) < 40
    assert records.cache.used <= 50_000


def test_an_unchanged_copy_under_another_tag_keeps_its_own_header(logdir: Path) -> None:
    source = file_of(logdir)
    target = logdir / "run/plugins/attn/copy" / source.name
    target.parent.mkdir()
    target.write_bytes(source.read_bytes())
    os.utime(target, (source.stat().st_atime, source.stat().st_mtime))
    fields, _ = opened(logdir).use("run", "copy", 1, None, record_result)
    assert fields["tag"] == "probe"
