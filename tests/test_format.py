"""Encoded layers ⇄ the bytes of a file: golden bytes, round trip, and every way in which a file can be damaged."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import make_fixtures
import numpy as np
import pytest
import safetensors
import safetensors.numpy
from hypothesis import given, settings
from hypothesis import strategies as st
from make_fixtures import FOLDER, RECORDS, pack_golden
from random_attention import softmax_weights, token_list

from tensorboard_plugin_attn import AttentionRecord, LayerAttention
from tensorboard_plugin_attn.draft import Draft
from tensorboard_plugin_attn.errors import DamagedFileError, NewerFormatError
from tensorboard_plugin_attn.format import (
    FIRST_READ,
    container,
    header_crc,
    pack_record,
    read_header,
    read_tensor,
)
from tensorboard_plugin_attn.metrics import METRICS, choose_metrics
from tensorboard_plugin_attn.read_record import read_record


def ranges(content: bytes) -> Callable[[int, int], bytes]:
    """How a file of these bytes is read."""
    return lambda start, stop: content[start:stop]


def read_all(content: bytes) -> AttentionRecord:
    """Header and record, everything verified."""
    header = read_header(ranges(content), len(content), "run/probe/0.safetensors")
    return read_record(header, ranges(content))


def packed(record: AttentionRecord, precision: str = "uint8", **options: Any) -> bytes:
    """A record as the writer packs it."""
    draft = Draft(record.axes, METRICS, precision, 1 << 30, allow_nan=True)
    for layer in record.layers:
        draft.add(layer)
    buffers = pack_record(
        "probe", 7, 1.5, record.axes, draft.layers, list(METRICS), precision=precision, **options
    )
    return b"".join(buffers)


@pytest.mark.parametrize("name", sorted(RECORDS))
def test_a_golden_record_is_packed_to_the_same_bytes(name: str) -> None:
    assert pack_golden(RECORDS[name]()) == (FOLDER / "records" / f"{name}.safetensors").read_bytes()


def test_every_golden_file_is_what_its_script_makes() -> None:
    for folder, contents in (
        ("records", make_fixtures.build_records()),
        ("answers", make_fixtures.build_answers(FOLDER / "records")),
    ):
        assert {path.name: path.read_bytes() for path in (FOLDER / folder).iterdir()} == contents


@pytest.mark.parametrize("name", sorted(RECORDS))
def test_a_golden_record_reads_back_as_expected(name: str) -> None:
    content = (FOLDER / "records" / f"{name}.safetensors").read_bytes()
    expected = json.loads((FOLDER / "records" / f"{name}.json").read_text())
    header = read_header(ranges(content), len(content))
    assert json.loads(json.dumps(header.answer())) == expected["header"]
    for layer, weights, vectors in zip(
        read_record(header, ranges(content)).layers, expected["weights"], expected["vectors"], strict=True
    ):
        if weights is None:
            assert np.isnan(layer.weights).all()
        else:
            np.testing.assert_array_equal(layer.weights, np.array(weights, np.float32))
        for vector, values in vectors.items():
            np.testing.assert_array_equal(getattr(layer, vector), np.array(values, np.float32))
    np.testing.assert_array_equal(header.metrics, np.array(expected["metrics"], np.float32))


def test_the_safetensors_library_opens_a_record(tmp_path: Path) -> None:
    content = packed(AttentionRecord([LayerAttention(softmax_weights(2, 5, 5))], token_list(5)))
    path = tmp_path / "record.safetensors"
    path.write_bytes(content)
    with safetensors.safe_open(path, "numpy") as file:
        assert list(file.metadata()) == ["attn"]
        assert json.loads(file.metadata()["attn"])["step"] == 7
    tensors = safetensors.numpy.load(content)
    header = read_header(ranges(content), len(content))
    assert tensors.keys() == header.spans.keys()
    for name, tensor in tensors.items():
        np.testing.assert_array_equal(tensor, read_tensor(header, ranges(content), name))


def test_the_same_record_is_the_same_bytes_in_every_process() -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from make_fixtures import RECORDS, pack_golden\nimport zlib\n"
        "print([zlib.crc32(pack_golden(make())) for make in RECORDS.values()])"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, check=True, env={"PYTHONHASHSEED": seed}
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1


tokens = st.text(st.characters(), max_size=8)


@given(
    heads=st.lists(st.integers(1, 3), min_size=1, max_size=3),
    words=st.lists(tokens, min_size=1, max_size=9),
    precision=st.sampled_from(["uint8", "float16", "float32"]),
    seed=st.integers(0, 99),
    causal=st.booleans(),
    vectors=st.booleans(),
)
@settings(deadline=None, max_examples=60)
def test_a_record_survives_the_round_trip(
    heads: list[int], words: list[str], precision: str, seed: int, causal: bool, vectors: bool
) -> None:
    length, rng = len(words), np.random.default_rng(seed)
    layers = [
        LayerAttention(
            softmax_weights(count, length, length, seed + number, causal=causal),
            name=f"layer {number}",
            query=rng.normal(size=(count, length, 2)) if vectors else None,
            key=rng.normal(size=(1, length, 2)) if vectors else None,
            scale=0.25,
        )
        for number, count in enumerate(heads)
    ]
    record = AttentionRecord(layers, words, special=[bool(seed % 2)] * length)
    back = read_all(packed(record, precision))
    assert back.tokens == words
    assert back.axes.special.tolist() == record.axes.special.tolist()
    tolerance = {"uint8": 0.00197, "float16": 2.5e-4, "float32": 0}[precision]
    for layer, copy in zip(record.layers, back.layers, strict=True):
        assert np.abs(layer.weights - copy.weights).max() <= tolerance
        assert (copy.name, copy.mask, copy.kind, copy.scale) == (layer.name, layer.mask, "self", 0.25)
        if vectors:
            np.testing.assert_array_equal(copy.query, layer.query)
            np.testing.assert_array_equal(copy.key, layer.key)


def test_lone_surrogates_and_control_characters_travel() -> None:
    words = ["\ud800", "\x00\x1b", "👩‍🚀", "שלום"]
    record = AttentionRecord([LayerAttention(softmax_weights(1, 4, 4), name="\udfff")], words)
    back = read_all(packed(record))
    assert (back.tokens, back.layers[0].name) == (words, "\udfff")


def test_ragged_layers_have_nan_metrics_for_heads_that_do_not_exist() -> None:
    record = AttentionRecord([LayerAttention(softmax_weights(n, 4, 4)) for n in (1, 3)], token_list(4))
    metrics = read_header(ranges(content := packed(record)), len(content)).metrics
    assert metrics.shape == (2, 3, len(METRICS))
    assert np.isnan(metrics[0, 1:]).all()
    assert not np.isnan(metrics[0, 0, :7]).any()


def test_nan_weights_are_named_as_faults() -> None:
    weights = softmax_weights(3, 4, 4)
    weights[1, 2] = np.nan
    record = AttentionRecord([LayerAttention(softmax_weights(3, 4, 4))] * 2, token_list(4))
    record.layers[1].weights = weights
    content = packed(record)
    assert read_header(ranges(content), len(content)).meta["faults"] == [
        {"layer": 1, "heads": [1], "fault": "nan"}
    ]
    assert np.isnan(read_all(content).layers[1].weights[1, 2]).all()


def record_12_by_12() -> bytes:
    """BERT-base's shape at T=128."""
    layers = [
        LayerAttention(softmax_weights(12, 128, 128, seed), name=f"bert.encoder.layer.{seed}.attention.self")
        for seed in range(12)
    ]
    return packed(AttentionRecord(layers, token_list(128, "##tok")))


def test_header_and_metrics_of_12_by_12_heads_come_in_one_read() -> None:
    content, reads = record_12_by_12(), []

    def read(start: int, stop: int) -> bytes:
        reads.append((start, stop))
        return content[start:stop]

    read_header(read, len(content))
    assert reads == [(0, FIRST_READ)]


def test_a_header_longer_than_the_first_read_takes_a_second_one() -> None:
    words = [f"{'long' * 3000}{number}" for number in range(8)]
    record = AttentionRecord([LayerAttention(softmax_weights(1, 8, 8))], words)
    assert read_all(packed(record)).tokens == words


def probe(words: list[str], **options: Any) -> str:
    layer = LayerAttention(softmax_weights(1, len(words), len(words), **options))
    content = packed(AttentionRecord([layer], words))
    return str(read_header(ranges(content), len(content)).meta["probe"])


def test_the_probe_hash_depends_on_tokens_and_mask_and_not_on_weights() -> None:
    assert probe(["a", "b"], seed=1) == probe(["a", "b"], seed=2)
    assert len({probe(["a", "b"]), probe(["a", "c"]), probe(["a", "b"], causal=True), probe(["ab", ""])}) == 4


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
        assert (header.meta, header.spans) == (expected.meta, expected.spans), place
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


@pytest.mark.parametrize("number", [2, 17])
def test_a_newer_format_says_so_and_to_upgrade(number: int) -> None:
    with pytest.raises(
        NewerFormatError, match=rf"has format {number}, this version reads up to 1; upgrade"
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


def test_a_record_of_metrics_only_has_no_patterns_and_reads_as_nan() -> None:
    record = AttentionRecord([LayerAttention(softmax_weights(2, 5, 5))], token_list(5))
    content = packed(record, kind="metrics")
    header = read_header(ranges(content), len(content))
    assert header.spans.keys() == {"head_metrics"}
    assert (header.meta["kind"], header.meta["layers"][0]["weights"]) == ("metrics", False)
    assert np.isnan(read_all(content).layers[0].weights).all()
