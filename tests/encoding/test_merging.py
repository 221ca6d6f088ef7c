"""Records in parts: heads, layers or queries by rank → the whole record, and what is said where a part is missing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from logs.host import Host
from logs.random_attention import softmax_weights, token_list

from tensorboard_plugin_attn import AttentionReader, LayerAttention
from tensorboard_plugin_attn.encoding.format import pack_record
from tensorboard_plugin_attn.encoding.header import PartEntry
from tensorboard_plugin_attn.measuring.head_metrics import METRICS
from tensorboard_plugin_attn.record.checks import label_layer
from tensorboard_plugin_attn.record.tokens import TokenAxes
from tensorboard_plugin_attn.storing.files import LocalFiles
from tensorboard_plugin_attn.storing.store import list_steps, purge_steps, record_directory, write_step
from tensorboard_plugin_attn.writing.draft import Draft

HEADS, LENGTH, LAYERS = 4, 8, 2
WEIGHTS = [softmax_weights(HEADS, LENGTH, LENGTH, seed, causal=True) for seed in range(LAYERS)]
TOKENS = token_list(LENGTH)
ZIGZAG = ([0, 1, 6, 7], [2, 3, 4, 5])


def write(
    directory: Path, layers: list[LayerAttention], axes: TokenAxes, part: PartEntry | None = None
) -> None:
    """One rank's file."""
    draft = Draft(axes, METRICS, "uint8", 1 << 30)
    for layer in layers:
        draft.add(layer)
    buffers = pack_record("p", 3, 1.5, axes, draft.layers, list(METRICS), part=part)
    number = None if part is None else (part.number, part.of)
    write_step(LocalFiles(str(directory)), "run", "p", 3, buffers, part=number)


def layer_of(
    number: int, rows: Any = slice(None), queries: Any = slice(None), **options: Any
) -> LayerAttention:
    weights = WEIGHTS[number][rows][:, queries]
    return LayerAttention(weights, name=f"h.{number}", mask="causal", model_heads=HEADS, **options)


def by_heads(directory: Path, numbers: tuple[int, ...] = (0, 1)) -> None:
    for number in numbers:
        heads = [number, number + 2]
        part = PartEntry(number, 2, heads=tuple(heads))
        layers = [layer_of(each, heads, heads=heads) for each in range(LAYERS)]
        write(directory, layers, TokenAxes(TOKENS), part)


def by_layers(directory: Path, numbers: tuple[int, ...] = (0, 1)) -> None:
    for number in numbers:
        write(directory, [layer_of(number)], TokenAxes(TOKENS), PartEntry(number, 2, layers=(number,)))


def by_queries(directory: Path, numbers: tuple[int, ...] = (0, 1)) -> None:
    for number in numbers:
        queries = ZIGZAG[number]
        axes = TokenAxes(TOKENS, query_numbers={"tokens": queries})
        part = PartEntry(number, 2, queries=tuple(queries))
        write(directory, [layer_of(each, queries=queries) for each in range(LAYERS)], axes, part)


def whole(directory: Path) -> AttentionReader:
    write(directory, [layer_of(each) for each in range(LAYERS)], TokenAxes(TOKENS))
    return AttentionReader(directory)


@pytest.mark.parametrize("split", [by_heads, by_layers, by_queries])
def test_parts_read_as_the_record_that_one_process_writes(tmp_path: Path, split: Any) -> None:
    split(tmp_path / "parts")
    expected, reader = whole(tmp_path / "whole"), AttentionReader(tmp_path / "parts")
    one, other = expected.read("run", "p", 3), reader.read("run", "p", 3)
    assert other.parts == ((0, 1), 2)
    for first, second in zip(one.layers, other.layers, strict=True):
        np.testing.assert_array_equal(second.weights, first.weights)
        assert (second.name, second.mask, second.heads) == (first.name, first.mask, None)
    series, merged = expected.metrics("run", "p"), reader.metrics("run", "p")
    assert merged.names == series.names
    if split is not by_queries:
        np.testing.assert_allclose(merged.values, series.values, rtol=1e-6)
    else:
        compared = [series.names.index(name) for name in ("mean_distance", "previous_token", "next_token")]
        assert merged.values.shape == series.values.shape
        assert np.isfinite(merged.values[..., compared]).any()
    assert reader.source("run", "p", 3).header.probe == expected.source("run", "p", 3).header.probe
    hosts = [Host(tmp_path / name) for name in ("whole", "parts")]
    where = {"run": "run", "tag": "p", "step": 3, "layer": 1, "head": 2}
    for route in ("thumbnails", "weights"):
        first, second = (host.get(route, where) for host in hosts)
        assert (first.status_code, second.data) == (200, first.data), route
    assert hosts[1].get("record", where).json["parts"] == {"found": [0, 1], "of": 2}


@pytest.mark.parametrize("split", [by_heads, by_queries])
def test_a_missing_part_is_said_and_what_it_had_is_unknown(tmp_path: Path, split: Any) -> None:
    split(tmp_path, (1,))
    reader = AttentionReader(tmp_path)
    record = reader.read("run", "p", 3)
    assert repr(record) == "<AttentionRecord 2 layers, 8 tokens, 1 of 2 parts>"
    weights = record.layers[0].weights
    assert weights.shape == (HEADS, LENGTH, LENGTH)
    known = np.zeros((HEADS, LENGTH), bool)
    known[[1, 3] if split is by_heads else slice(None), slice(None) if split is by_heads else ZIGZAG[1]] = (
        True
    )
    np.testing.assert_array_equal(~np.isnan(weights).any(axis=2), known)
    assert Host(tmp_path).get("record", {"run": "run", "tag": "p", "step": 3}).json["parts"]["found"] == [1]
    assert "1 of 2 parts" in " ".join(reader.compare(("run", "p", 3), ("run", "p", 3)).warnings)


def test_a_layer_whose_part_is_missing_keeps_its_place(tmp_path: Path) -> None:
    by_layers(tmp_path, (1,))
    record = AttentionReader(tmp_path).read("run", "p", 3)
    assert [bool(np.isnan(layer.weights).all()) for layer in record.layers] == [True, False]
    assert record.layers[1].name == "h.1"


def test_the_version_changes_with_any_part_and_the_newest_form_counts(tmp_path: Path) -> None:
    files, directory = LocalFiles(str(tmp_path)), record_directory("run", "p")
    by_heads(tmp_path)
    (before,) = list_steps(files, directory)
    by_heads(tmp_path, (1,))
    (after,) = list_steps(files, directory)
    assert len(after.parts) == 2
    assert before.version != after.version
    whole(tmp_path)
    assert list_steps(files, directory)[0].parts == ()


def test_a_rank_purges_its_own_part_and_rank_0_what_nobody_writes(tmp_path: Path) -> None:
    files, directory = LocalFiles(str(tmp_path)), record_directory("run", "p")
    by_heads(tmp_path)
    assert purge_steps(files, "run", 3, part=(1, 2)) == 1
    assert [path.name[13:] for path in sorted((tmp_path / directory).iterdir())] == [
        "part-000-of-002.safetensors"
    ]
    whole(tmp_path)
    by_heads(tmp_path, (1,))
    assert purge_steps(files, "run", 3, part=(0, 1)) == 3


def test_parts_of_two_records_are_not_mixed(tmp_path: Path) -> None:
    by_heads(tmp_path, (0,))
    axes = TokenAxes(token_list(LENGTH, "other"))
    layers = [layer_of(each, [1, 3], heads=[1, 3]) for each in range(LAYERS)]
    write(tmp_path, layers, axes, PartEntry(1, 2, heads=(1, 3)))
    assert Host(tmp_path).get("record", {"run": "run", "tag": "p", "step": 3}).status_code == 422


def test_metrics_of_some_queries_are_those_of_their_own_positions() -> None:
    queries = ZIGZAG[0]
    axes = TokenAxes(TOKENS, query_numbers={"tokens": queries})
    part, all_ = layer_of(0, queries=queries), layer_of(0)
    label_layer(axes, part, 0)
    label_layer(TokenAxes(TOKENS), all_, 0)
    rows = np.array(queries)[1:]  # the first sees one key
    expected = WEIGHTS[0][:, rows, rows - 1].mean(axis=1)
    assert METRICS["previous_token"](part) == pytest.approx(expected)
    distance = (WEIGHTS[0][:, rows] * np.abs(rows[:, None] - np.arange(LENGTH))).sum(axis=(1, 2)) / len(rows)
    assert METRICS["mean_distance"](part) == pytest.approx(distance, rel=1e-5)
    assert METRICS["first_token"](part) == pytest.approx(WEIGHTS[0][:, rows, 0].mean(axis=1))
