"""``Part``: what a rank says it has, and the files that the parts of a record become."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from logs.part_files import read_parts, whole_weights
from logs.random_attention import softmax_weights, token_list

from tensorboard_plugin_attn import AttentionReader, AttentionWriter, Part
from tensorboard_plugin_attn.errors import InvalidRecordError
from tensorboard_plugin_attn.measuring.head_metrics import CHANGES

WRONG: list[tuple[tuple[Any, ...], dict[str, Any], str]] = [
    ((2, 2), {"heads": [0]}, "between 0 and of − 1, got number 2 of 2"),
    ((-1, 2), {"heads": [0]}, "between 0 and of − 1"),
    (("0", 2), {"heads": [0]}, "number of a part must be an integer"),
    ((0, 2), {}, "must say which heads=, layers= or queries="),
    ((0, 2), {"heads": "0"}, "must be a range or a list"),
    ((0, 2), {"layers": 3}, "must be a range or a list"),
    ((0, 2), {"heads": []}, "from 0 on, none twice"),
    ((0, 2), {"queries": [0, 0]}, "none twice"),
    ((0, 2), {"queries": [-1]}, "from 0 on"),
    ((0, 2), {"heads": [0.5]}, "heads of a part must be an integer"),
]


@pytest.mark.parametrize(("numbers", "options", "message"), WRONG)
def test_a_part_that_cannot_be_is_refused(
    numbers: tuple[Any, ...], options: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidRecordError, match=message):
        Part(*numbers, **options)


def test_ranges_lists_and_arrays_are_numbers() -> None:
    assert Part(1, 2, heads=range(4, 8)).heads == (4, 5, 6, 7)
    assert Part(0, 2, queries=np.array([0, 3])) == Part(0, 2, queries=[0, 3])


HEADS, LENGTH = 4, 70
ROUNDING = 64 * float(np.finfo(np.float32).eps)  # float32 sums of 70 rows, in another order
WEIGHTS = [softmax_weights(HEADS, LENGTH, LENGTH, seed, causal=True) for seed in range(2)]
ZIGZAG = [[*range(0, 18), *range(52, 70)], list(range(18, 52))]
TOKENS = [f"t{position % 7}" for position in range(LENGTH)]
CUTS: dict[str, list[dict[str, Any]]] = {
    "heads": [{"heads": range(0, 2)}, {"heads": [2, 3]}],
    "layers": [{"layers": [0]}, {"layers": [1]}],
    "queries": [{"queries": numbers} for numbers in ZIGZAG],
    "layers and heads": [
        {"layers": [layer], "heads": heads} for layer in range(2) for heads in ([0, 1], [2, 3])
    ],
}


def cut(part: Part) -> list[Any]:
    """What a rank with this part has of the weights."""
    layers = [WEIGHTS[layer] for layer in part.layers or range(2)]
    heads, queries = list(part.heads or range(HEADS)), list(part.queries or range(LENGTH))
    return [layer[heads][:, queries] for layer in layers]


def log_parts(directory: Path, name: str, steps: tuple[int, ...] = (0,), **options: Any) -> list[Part]:
    parts = [Part(number, len(CUTS[name]), **cut) for number, cut in enumerate(CUTS[name])]
    for part in parts:
        with AttentionWriter(directory, precision="float32", part=part, **options) as writer:
            for step in steps:
                writer.add_attention("p", cut(part), TOKENS, step)
    return parts


@pytest.mark.parametrize("name", CUTS)
def test_the_parts_of_all_ranks_make_the_whole_record(name: str, tmp_path: Path) -> None:
    parts = log_parts(tmp_path, name)
    found = read_parts(tmp_path, "p", 0)
    assert [header.part for header, _ in found] == [part.entry() for part in parts]
    for whole, expected in zip(whole_weights(found, WEIGHTS[0].shape), WEIGHTS, strict=True):
        np.testing.assert_array_equal(whole, expected)
    assert {layer.mask for _, record in found for layer in record.layers} == {"causal"}
    assert {layer.kind for _, record in found for layer in record.layers} == {"self"}


@pytest.mark.parametrize("name", CUTS)
def test_the_reader_puts_the_parts_together(name: str, tmp_path: Path) -> None:
    parts = log_parts(tmp_path / "parts", name)
    with AttentionWriter(tmp_path / "whole", precision="float32") as writer:
        writer.add_attention("p", WEIGHTS, TOKENS, 0)
    reader = AttentionReader(tmp_path)
    found, expected = reader.read("parts", "p", 0), reader.read("whole", "p", 0)
    assert found.parts == (tuple(range(len(parts))), len(parts))
    for layer, other in zip(found.layers, expected.layers, strict=True):
        np.testing.assert_array_equal(layer.weights, other.weights)
    merged, metrics = reader.metrics("parts", "p"), reader.metrics("whole", "p")
    for column, metric in enumerate(metrics.names):
        if metric not in CHANGES:
            wanted = metrics.values[..., column]
            own = merged.values[..., list(merged.names).index(metric)]
            np.testing.assert_allclose(own, wanted, rtol=ROUNDING, atol=ROUNDING, err_msg=metric)


def test_a_missing_part_is_said_and_its_rows_are_unknown(tmp_path: Path) -> None:
    log_parts(tmp_path, "heads")
    next(tmp_path.rglob("*.part-001-of-002*")).unlink()
    record = AttentionReader(tmp_path).read(".", "p", 0)
    assert record.parts == ((0,), 2)
    np.testing.assert_array_equal(record.layers[0].weights[:2], WEIGHTS[0][:2])


MISFITS: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"heads": [0, 1, 2]}, {}, r"has 4 heads on this rank, and its part is heads \[0, 1, 2\]"),
    ({"layers": [0]}, {}, r"this part has layers \[0\]"),
    ({"layers": [0, 1, 2]}, {}, r"this part has layers \[0, 1, 2\], and 2 came"),
    ({"queries": [0, 99]}, {}, "70 positions, got 99"),
    ({"queries": range(5)}, {}, "has 70 query positions"),
]


@pytest.mark.parametrize(("options", "more", "message"), MISFITS)
def test_layers_that_are_not_the_part_are_refused(
    options: dict[str, Any], more: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with (
        AttentionWriter(tmp_path, part=Part(0, 2, **options)) as writer,
        pytest.raises(InvalidRecordError, match=message),
    ):
        writer.add_attention("p", WEIGHTS, TOKENS, 0, **more)
    assert not list(tmp_path.rglob("*.safetensors"))


def test_a_choice_and_a_part_do_not_name_the_same_axis(tmp_path: Path) -> None:
    with (
        AttentionWriter(tmp_path, part=Part(0, 2, heads=[0])) as writer,
        pytest.raises(
            InvalidRecordError, match=r"heads=\[5\] cannot be chosen where the writer's part names"
        ),
    ):
        writer.add_probe("p", None, {}, token_list(3), 0, heads=[5])


def test_every_rank_writes_its_part_and_purges_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_parts(tmp_path, "heads", (0, 5))
    monkeypatch.setenv("RANK", "1")
    with AttentionWriter(tmp_path, part=Part(1, 2, heads=[2, 3]), purge_step=5):
        pass
    names = sorted(path.name for path in tmp_path.rglob("*.safetensors"))
    assert names == [f"00000000000{step}.part-00{number}-of-002.safetensors" for step, number in ((0, 0), (0, 1), (5, 0))]  # fmt: skip


def test_the_first_part_purges_the_numbers_that_are_no_more(tmp_path: Path) -> None:
    log_parts(tmp_path, "layers and heads", (5,))
    with AttentionWriter(tmp_path, part=Part(0, 2, heads=[0, 1]), purge_step=5):
        pass
    assert [path.name for path in tmp_path.rglob("*.safetensors")] == [
        "000000000005.part-001-of-004.safetensors"
    ]


def test_a_part_is_compared_with_its_own_earlier_file(tmp_path: Path) -> None:
    log_parts(tmp_path, "heads", (0,))
    log_parts(tmp_path, "heads", (1,))
    for header, _ in read_parts(tmp_path, "p", 1):
        column = list(header.metric_names).index("change_previous")
        assert (header.metrics[..., column] == 0).all()
