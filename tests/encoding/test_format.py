"""Encoded layers ⇄ the bytes of a file: golden bytes, round trip, and every way in which a file can be damaged."""

from __future__ import annotations

import json
import os
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
from logs.random_attention import softmax_weights, token_list
from make_fixtures import FOLDER, FORMAT_1, RECORDS, pack_golden

from tensorboard_plugin_attn import AttentionRecord, LayerAttention
from tensorboard_plugin_attn.encoding.decode import read_layer_weights, read_record
from tensorboard_plugin_attn.encoding.format import (
    FIRST_READ,
    pack_record,
    read_header,
    read_tensor,
)
from tensorboard_plugin_attn.encoding.header import Fault, Header
from tensorboard_plugin_attn.encoding.rebuild import read_head_vectors, read_overview
from tensorboard_plugin_attn.errors import DamagedFileError
from tensorboard_plugin_attn.measuring.head_metrics import METRICS
from tensorboard_plugin_attn.writing.draft import Draft


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
    check_contents(header, content, expected)


def check_contents(header: Header, content: bytes, expected: dict[str, Any]) -> None:
    """Weights, vectors, metrics and overviews are what the JSON beside the file says."""
    for number, (layer, weights, vectors) in enumerate(
        zip(
            read_record(header, ranges(content)).layers, expected["weights"], expected["vectors"], strict=True
        )
    ):
        if weights is None:
            assert np.isnan(layer.weights).all()
        elif layer.weights is None:
            rebuilt = np.stack([layer.weights_of(head) for head in range(layer.num_heads)])
            np.testing.assert_allclose(rebuilt, weights, rtol=1e-5)
            np.testing.assert_array_equal(rebuilt, read_layer_weights(header, ranges(content), number))
        else:
            np.testing.assert_array_equal(layer.weights, np.array(weights, np.float32))
        for vector, values in vectors.items():
            np.testing.assert_array_equal(getattr(layer, vector), np.array(values, np.float32))
    np.testing.assert_array_equal(header.metrics, np.array(expected["metrics"], np.float32))
    for number, overview in enumerate(expected.get("overviews", ())):
        found = read_overview(header, ranges(content), number, 0)
        assert (None if found is None else [found.tolist()]) == overview


@pytest.mark.parametrize("name", FORMAT_1)
def test_a_golden_record_of_format_1_reads_as_it_did(name: str) -> None:
    content = (FOLDER / "format1" / f"{name}.safetensors").read_bytes()
    expected = json.loads((FOLDER / "format1" / f"{name}.json").read_text())
    header = read_header(ranges(content), len(content))
    answer = json.loads(json.dumps(header.answer()))
    assert {layer.pop("source") for layer in answer["layers"]} <= {"codes", "left_out"}
    assert answer == expected["header"]
    check_contents(header, content, expected)


@pytest.mark.parametrize("name", FORMAT_1)
def test_the_same_input_has_the_same_hash_in_both_formats(name: str) -> None:
    first, second = (
        read_header(ranges(content), len(content))
        for folder in ("format1", "records")
        for content in [(FOLDER / folder / f"{name}.safetensors").read_bytes()]
    )
    assert (first.format, second.format) == (1, 2)
    assert first.probe == second.probe


def test_one_head_of_query_and_key_is_read_and_checked_without_the_others() -> None:
    content = bytearray((FOLDER / "records" / "vectors.safetensors").read_bytes())
    header = read_header(ranges(content), len(content))
    query = header.spans["layer.0.query"]
    content[query.start] ^= 1  # of head 0
    reads: list[tuple[int, int]] = []

    def read(start: int, stop: int) -> bytes:
        reads.append((start, stop))
        return bytes(content[start:stop])

    read_head_vectors(header, read, 0, 3)
    size = (query.stop - query.start) // 4
    assert (query.start + 3 * size, query.stop) in reads
    assert not any(start <= query.start < stop for start, stop in reads)
    with pytest.raises(DamagedFileError, match=r"layer\.0\.query do not match"):
        read_head_vectors(header, read, 0, 0)
    with pytest.raises(DamagedFileError, match=r"layer\.0\.query do not match"):
        read_tensor(header, read, "layer.0.query")


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
        "from make_fixtures import RECORDS, pack_golden\nimport zlib\n"
        "print([zlib.crc32(pack_golden(make())) for make in RECORDS.values()])"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
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
    assert read_header(ranges(content), len(content)).faults == (Fault(1, (1,), "nan"),)
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
    return read_header(ranges(content), len(content)).probe


def test_the_probe_hash_depends_on_tokens_and_mask_and_not_on_weights() -> None:
    assert probe(["a", "b"], seed=1) == probe(["a", "b"], seed=2)
    assert len({probe(["a", "b"]), probe(["a", "c"]), probe(["a", "b"], causal=True), probe(["ab", ""])}) == 4


def test_a_record_of_metrics_only_has_no_patterns_and_reads_as_nan() -> None:
    record = AttentionRecord([LayerAttention(softmax_weights(2, 5, 5))], token_list(5))
    content = packed(record, kind="metrics")
    header = read_header(ranges(content), len(content))
    assert header.spans.keys() == {"head_metrics"}
    assert (header.kind, header.layers[0].weights) == ("metrics", False)
    assert np.isnan(read_all(content).layers[0].weights).all()
