"""Files that are cut off, altered, foreign or newer: each is told with path and reason, and none passes as whole."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from make_fixtures import FOLDER, RECORDS

from tensorboard_plugin_attn import AttentionRecord
from tensorboard_plugin_attn.encoding.decode import read_record
from tensorboard_plugin_attn.encoding.format import (
    container,
    header_crc,
    pack_record,
    read_header,
    read_tensor,
)
from tensorboard_plugin_attn.errors import DamagedFileError, NewerFormatError
from tensorboard_plugin_attn.measuring.head_metrics import choose_metrics
from tensorboard_plugin_attn.writing.draft import Draft


def ranges(content: bytes) -> Callable[[int, int], bytes]:
    """How a file of these bytes is read."""
    return lambda start, stop: content[start:stop]


def read_all(content: bytes) -> AttentionRecord:
    """Header and record, everything verified."""
    header = read_header(ranges(content), len(content), PATH)
    return read_record(header, ranges(content))


SMALL = (FOLDER / "records" / "pair.safetensors").read_bytes()
PATH = "run/probe/0.safetensors"


def regions() -> list[int]:
    """Lengths that end within the length field, the header, and each tensor, and just before the end."""
    header = read_header(ranges(SMALL), len(SMALL))
    inside = [(span.start + span.stop) // 2 for span in header.spans.values()]
    starts = [span.start for span in header.spans.values()]
    return sorted({0, 4, 8, 9, 500, len(SMALL) - 1, *inside, *starts})


@pytest.mark.parametrize("length", regions())
def test_a_file_that_was_cut_off_anywhere_is_damaged(length: int) -> None:
    with pytest.raises(DamagedFileError, match=r"bytes") as caught:
        read_all(SMALL[:length])
    assert caught.value.path == PATH


def test_a_file_with_bytes_behind_its_end_is_damaged() -> None:
    with pytest.raises(
        DamagedFileError, match=rf"has {len(SMALL) + 1:,} bytes, its header says {len(SMALL):,}"
    ):
        read_all(SMALL + b"x")


@pytest.mark.parametrize("tensor", sorted(read_header(ranges(SMALL), len(SMALL)).spans))
def test_one_flipped_bit_in_a_tensor_names_it(tensor: str) -> None:
    header = read_header(ranges(SMALL), len(SMALL))
    span = header.spans[tensor]
    damaged = bytearray(SMALL)
    damaged[(span.start + span.stop) // 2] ^= 4
    with pytest.raises(DamagedFileError, match=f"the bytes of {tensor} do not match their checksum"):
        read_tensor(read_header(ranges(bytes(damaged)), len(damaged)), ranges(bytes(damaged)), tensor)


def header_places() -> range:
    """Every byte of the length field and the header."""
    return range(8 + int.from_bytes(SMALL[:8], "little"))


@pytest.mark.parametrize("bit", range(8))
def test_no_flipped_bit_in_the_header_passes_for_something_else(bit: int) -> None:
    expected = read_header(ranges(SMALL), len(SMALL))
    passed = 0
    for place in header_places():
        damaged = bytearray(SMALL)
        damaged[place] ^= 1 << bit
        try:
            header = read_header(ranges(bytes(damaged)), len(damaged), PATH)
        except DamagedFileError:
            continue
        passed += 1
        assert (header.answer(), header.spans) == (expected.answer(), expected.spans), place
    assert passed < 20  # harmless ones, such as other white space


FOREIGN: list[tuple[str, bytes, str]] = [
    ("empty", b"", r"has 0 bytes, too few"),
    ("text", b"once upon a time there was", r"does not start like a safetensors file"),
    ("zeros", bytes(100), r"does not start like a safetensors file"),
    ("pickle", b"\x80\x04\x95" + bytes(50), r"does not start like|its header says more than"),
    (
        "safetensors of someone else",
        safetensors.numpy.save({"x": np.zeros(3)}),
        r"not that of an attention record",
    ),
    (
        "safetensors with a key of ours that is no JSON",
        safetensors.numpy.save({"x": np.zeros(3)}, {"attn": "hello"}),
        r"not that of an attention record",
    ),
    (
        "our key with another kind of JSON",
        safetensors.numpy.save({"x": np.zeros(3)}, {"attn": "[1, 2]"}),
        r"not that of an attention record",
    ),
    (
        "our key with too little",
        safetensors.numpy.save({"x": np.zeros(3)}, {"attn": '{"format": 1}'}),
        r"its header is incomplete",
    ),
    (
        "JSON nested without end",
        safetensors.numpy.save({"x": np.zeros(3)}, {"attn": "[" * 200_000}),
        r"not that of an attention record",
    ),
]


@pytest.mark.parametrize(
    ("content", "reason"), [case[1:] for case in FOREIGN], ids=[case[0] for case in FOREIGN]
)
def test_a_foreign_file_is_damaged_with_a_reason(content: bytes, reason: str) -> None:
    with pytest.raises(DamagedFileError, match=reason) as caught:
        read_all(content)
    assert caught.value.path == PATH
    assert caught.value.reason in str(caught.value)


def rewritten(change: Callable[[dict[str, Any], dict[str, Any]], None]) -> bytes:
    """The small record with its header altered, its own checksum made right again."""
    length = int.from_bytes(SMALL[:8], "little")
    fields = json.loads(SMALL[8 : 8 + length])
    meta = json.loads(fields.pop("__metadata__")["attn"])
    change(meta, fields)
    if "header" in meta["crc32"]:
        meta["crc32"]["header"] = header_crc(meta)
    _, text, *_ = container(meta, {})
    fields = {**json.loads(text), **fields}
    body = json.dumps(fields).encode()
    return len(body).to_bytes(8, "little") + body + SMALL[8 + length :]


def test_a_rewritten_header_reads_when_nothing_was_changed() -> None:
    assert len(read_all(rewritten(lambda meta, fields: None)).layers) == 2


def set_format(number: object) -> Callable[[dict[str, Any], dict[str, Any]], None]:
    return lambda meta, fields: meta.update(format=number)


@pytest.mark.parametrize("number", [3, 17])
def test_a_newer_format_says_so_and_to_upgrade(number: int) -> None:
    with pytest.raises(
        NewerFormatError, match=rf"has format {number}, this version reads up to 2; upgrade"
    ) as caught:
        read_all(rewritten(set_format(number)))
    assert caught.value.path == PATH


CHANGES: list[tuple[str, Callable[[dict[str, Any], dict[str, Any]], Any]]] = [
    ("format of no number", set_format("one")),
    ("no checksums", lambda meta, fields: meta.update(crc32={})),
    ("no tensors", lambda meta, fields: fields.clear()),
    ("no head metrics", lambda meta, fields: fields.pop("head_metrics")),
    ("a tensor left away", lambda meta, fields: fields.pop("thumbnails")),
    ("a tensor of another name", lambda meta, fields: fields.update(other=fields.pop("thumbnails"))),
    ("an unknown type", lambda meta, fields: fields["thumbnails"].update(dtype="I3")),
    ("another shape", lambda meta, fields: fields["head_metrics"].update(shape=[2, 3, 3])),
    ("a shape beyond all bounds", lambda meta, fields: fields["head_metrics"].update(shape=[10**30])),
    ("offsets beyond the end", lambda meta, fields: fields["thumbnails"].update(data_offsets=[0, 10**9])),
    ("a shape of words", lambda meta, fields: fields["head_metrics"].update(shape=["a"])),
]


@pytest.mark.parametrize("change", [case[1] for case in CHANGES], ids=[case[0] for case in CHANGES])
def test_a_header_that_makes_no_sense_is_damaged(change: Any) -> None:
    with pytest.raises(DamagedFileError):
        read_all(rewritten(change))


def test_a_member_that_does_not_inflate_is_damaged_though_its_checksum_is_right() -> None:
    golden = RECORDS["pair"]()
    draft = Draft(golden.axes, choose_metrics(list(golden.metrics)), "uint8", 1 << 30)
    for layer in golden.layers:
        draft.add(layer)
    content = b"".join(
        pack_record(
            "t", 0, 0.0, golden.axes, draft.layers, golden.metrics, compressor=lambda data: b"not gzip"
        )
    )
    with pytest.raises(DamagedFileError, match="the weights of layer 0 cannot be inflated"):
        read_all(content)


def test_a_missing_tensor_is_named() -> None:
    header = read_header(ranges(SMALL), len(SMALL), PATH)
    with pytest.raises(DamagedFileError, match=r"it has no layer\.9\.weights"):
        read_tensor(header, ranges(SMALL), "layer.9.weights")
