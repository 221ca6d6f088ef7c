"""A run that began in format 1 goes on in format 2; vectors in place of codes; records of other inputs."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from logs.host import Host
from make_fixtures import FOLDER, pair

from tensorboard_plugin_attn import AttentionReader, AttentionRecord, AttentionWriter, LayerAttention
from tensorboard_plugin_attn.encoding.codes import decode_weights, decompress
from tensorboard_plugin_attn.errors import IncomparableError
from tensorboard_plugin_attn.reading.source import Source
from tensorboard_plugin_attn.record import blocks
from tensorboard_plugin_attn.serving.answers import unpack
from tensorboard_plugin_attn.storing.store import record_directory, step_name

TAG = "doctor/she"


def test_a_run_that_began_in_format_1_goes_on_as_one_series(tmp_path: Path) -> None:
    folder = tmp_path / record_directory("", TAG)
    folder.mkdir(parents=True)
    shutil.copy(FOLDER / "format1" / "pair.safetensors", folder / step_name(0))
    golden = pair(8)
    with AttentionWriter(tmp_path) as writer:
        record = AttentionRecord.of_checked(golden.layers, golden.axes)
        writer.add_record(TAG, record, 8)
    reader = AttentionReader(tmp_path)
    headers = [reader.source(".", TAG, step).header for step in (0, 8)]
    assert [header.format for header in headers] == [1, 2]
    assert headers[0].probe == headers[1].probe
    series = reader.metrics(".", TAG)
    assert series.steps.tolist() == [0, 8]
    changes = series.values[1, 0, :2, series.names.index("change_previous")]
    assert (changes > 0).all()
    assert reader.compare((".", TAG, 0), (".", TAG, 8)).change[0, :2] == pytest.approx(changes, abs=0.01)
    assert reader.evolution(".", TAG).probe_changes == []


def causal_layer(seed: int = 0, length: int = 40) -> LayerAttention:
    rng = np.random.default_rng(seed)
    query, key = (rng.normal(size=(heads, length, 8)).astype(np.float32) for heads in (4, 2))
    return LayerAttention(query=query, key=key, mask="causal", scale=0.5, name="h.0")


def log_both(logdir: Path, length: int = 40) -> AttentionReader:
    """The same layer at steps 0 and 1, as vectors under one tag and as exact weights under another."""
    tokens = [f"t{number % 7}" for number in range(length)]
    with AttentionWriter(logdir / "run", precision="float32") as writer:
        for step in (0, 1):
            layer = causal_layer(step, length)
            weights = np.stack([layer.weights_of(head) for head in range(4)])
            writer.add_record("vectors", AttentionRecord([layer], tokens), step)
            whole = LayerAttention(weights, mask="causal", name="h.0")
            writer.add_record("codes", AttentionRecord([whole], tokens), step)
    return AttentionReader(logdir)


ASKED: list[tuple[str, Any]] = [
    ("metrics", lambda reader, tag: without_scores(reader.metrics("run", tag))),
    ("find a pair", lambda reader, tag: reader.find("run", tag, 1, query=9, key=3).values),
    ("find a template", lambda reader, tag: reader.find("run", tag, 1, template="induction").values),
    ("compare", lambda reader, tag: reader.compare(("run", tag, 0), ("run", tag, 1)).change),
    ("difference", lambda reader, tag: reader.compare(("run", tag, 0), ("run", tag, 1)).difference(0)),
]


def without_scores(series: Any) -> np.ndarray:
    """Weights alone tell no scores."""
    kept = [place for place, name in enumerate(series.names) if name != "max_score"]
    return np.asarray(series.values[..., kept])


@pytest.mark.parametrize("band", [None, 4 * 40 * 3])
@pytest.mark.parametrize("ask", [case[1] for case in ASKED], ids=[case[0] for case in ASKED])
def test_what_reads_codes_reads_vectors_in_bands_of_any_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ask: Any, band: int | None
) -> None:
    reader = log_both(tmp_path)
    assert [reader.source("run", tag, 0).header.layers[0].source for tag in ("vectors", "codes")] == [
        "vectors",
        "codes",
    ]
    expected = ask(reader, "codes")
    if band is not None:
        monkeypatch.setattr(blocks, "BAND_BYTES", band)
        monkeypatch.setattr("tensorboard_plugin_attn.encoding.rebuild.BAND_BYTES", band)
    np.testing.assert_allclose(ask(reader, "vectors"), expected, atol=2e-3, equal_nan=True)
    np.testing.assert_allclose(ask(reader, "codes"), expected, atol=1e-6, equal_nan=True)


def test_the_weights_route_and_npz_work_rows_out_of_vectors(tmp_path: Path) -> None:
    reader = log_both(tmp_path)
    expected = reader.read("run", "codes", 1).layers[0].weights
    host, where = Host(tmp_path), {"run": "run", "tag": "vectors", "step": 1}
    fields, arrays = unpack(host.get("weights", {**where, "layer": 0, "head": 2}).data)
    codes = np.frombuffer(decompress(bytes(arrays["weights"].data)), np.uint8).reshape(40, 40)
    row_max = np.frombuffer(arrays["row_max"].data, np.float32)
    assert (fields["heads"], fields["precision"]) == (1, "uint8")
    np.testing.assert_allclose(decode_weights(codes, row_max), expected[2], atol=0.002)
    path = tmp_path / "saved.npz"
    path.write_bytes(host.get("export", {**where, "format": "npz"}).data)
    with np.load(path) as saved:
        np.testing.assert_allclose(saved["layer.0.weights"], expected, atol=1e-6)
        assert saved["layer.0.query"].shape == (4, 40, 8)


def test_a_band_is_never_larger_than_it_may_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source: Source = log_both(tmp_path).source("run", "vectors", 0)
    for module in ("record.blocks", "encoding.rebuild"):
        monkeypatch.setattr(f"tensorboard_plugin_attn.{module}.BAND_BYTES", 4 * 40 * 11)
    bands = list(source.bands(0))
    assert max(band.weights.nbytes for band in bands) <= 4 * 40 * 11
    assert sum(band.weights.size for band in bands) == 4 * 40 * 40


def test_equal_tokens_with_other_hashes_are_refused_with_the_reason(tmp_path: Path) -> None:
    weights = np.full((1, 1, 3, 3), 1 / 3, np.float32)
    with AttentionWriter(tmp_path / "run") as writer:
        for step in (0, 1):
            writer.add_attention("p", weights, ["a", "b", "c"], step)
    reader = AttentionReader(tmp_path)
    first, second = (reader.source("run", "p", step) for step in (0, 1))
    from dataclasses import replace

    from tensorboard_plugin_attn.studying.compare import align

    other = replace(second.header, probe="0" * 16)
    with pytest.raises(IncomparableError, match="equal tokens, but their hashes differ"):
        align(first.header, other, same_run=True)
    pictured = [replace(source.header, input=value) for source, value in ((first, "a"), (second, "b"))]
    with pytest.raises(IncomparableError, match="other pictures, sounds, positions or token ids"):
        align(*pictured, same_run=True)
    assert align(first.header, pictured[1], same_run=True) == {}
