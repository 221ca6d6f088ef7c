"""Models whose ranks meet in the forward: the whole record or a message, no hang, and training bitwise as without."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from logs.part_files import read_parts, whole_weights

from tensorboard_plugin_attn import AttentionReader

ROUNDING = 64 * float(np.finfo(np.float32).eps)  # sums of products in another order, through two layers
REFUSED = r'rank 0 probes alone and the model calls {} in {}, .* ranks="all"'
WHOLE: list[tuple[str, str, str]] = [  # set-up, ranks=, the same in one process
    ("tensor parallel", "auto", "sdpa False"),
    ("tensor parallel, eager", "auto", "eager False"),
    ("sequence parallel", "auto", "sdpa False"),
    ("expert parallel", "all", "sdpa True"),
]
PARTS = ["tensor parallel", "ulysses", "gathered keys", "pipeline"]
MESSAGES: list[tuple[str, str, str]] = [
    ("tensor parallel", "rank0", "all must run its forward; call add_probe on every rank"),
    ("ulysses", "auto", REFUSED.format("all_to_all_single", "Ulysses")),
    ("ulysses", "all", r"exchanges heads between ranks .* only 4 of them; .*part=Part"),
    ("gathered keys", "auto", REFUSED.format("all_gather", "GatheredKeys")),
    ("gathered keys", "all", r"4 query positions and 8 key positions .*part=Part"),
    ("expert parallel", "auto", REFUSED.format("all_reduce", "Experts")),
    ("expert parallel", "rank0", REFUSED.format("all_reduce", "Experts")),
    ("pipeline", "auto", REFUSED.format("send", "Pipeline")),
    ("pipeline", "all", r"hands states from rank to rank .* only its own 1 layers; .*part=Part"),
]


def run_ranks(directory: Path, ranks: int) -> list[Any]:
    """What each rank found."""
    done = subprocess.run(
        [sys.executable, "-m", "models.meeting_ranks", str(directory), str(ranks)],
        env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True, text=True, timeout=500, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    found: list[Any] = json.loads((directory / "found.json").read_text())
    return found


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ranks")


@pytest.fixture(scope="module")
def ranks(directory: Path) -> list[Any]:
    return run_ranks(directory, 2)


def check_whole(directory: Path, name: str, way: str, truth: str) -> None:
    """Heads, layers, queries and vectors are those of one process."""
    reader = AttentionReader(directory)
    found = reader.read(f"{name}/{way}", "p", 0).layers
    expected = reader.read(f"truth/{truth}", "p", 0).layers
    assert len(found) == len(expected)
    for layer, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(layer.weights, other.weights, atol=ROUNDING, rtol=0)
        np.testing.assert_allclose(layer.query, other.query, atol=ROUNDING * 4, rtol=ROUNDING)
        np.testing.assert_allclose(layer.key, other.key, atol=ROUNDING * 4, rtol=ROUNDING)


@pytest.mark.parametrize(("name", "way", "truth"), WHOLE)
def test_rank_0_writes_every_head_of_every_rank(
    name: str, way: str, truth: str, ranks: list[Any], directory: Path
) -> None:
    assert [rank[name][way]["errors"] for rank in ranks] == [[], []]
    assert [rank[name][way]["written"] for rank in ranks] == [3, 0]
    check_whole(directory, name, way, truth)


@pytest.mark.parametrize("name", PARTS)
def test_the_parts_that_all_ranks_write_are_the_whole_record(
    name: str, ranks: list[Any], directory: Path
) -> None:
    assert [rank[name]["part"]["errors"] for rank in ranks] == [[], []]
    expected = AttentionReader(directory).read("truth/sdpa False", "p", 0).layers
    whole = whole_weights(read_parts(directory / name / "part", "p", 0), expected[0].weights.shape)
    assert len(whole) == len(expected)
    for weights, layer in zip(whole, expected, strict=True):
        np.testing.assert_allclose(weights, layer.weights, atol=ROUNDING, rtol=0)


@pytest.mark.parametrize(("name", "way", "message"), MESSAGES)
def test_what_is_missing_is_said_and_nothing_is_written(
    name: str, way: str, message: str, ranks: list[Any]
) -> None:
    found = ranks[0][name][way]
    assert len(found["errors"]) == 3
    assert all(re.search(message, error) for error in found["errors"]), found["errors"]
    assert found["written"] == 0


@pytest.mark.parametrize("name", [*dict.fromkeys([*PARTS, *(each[0] for each in WHOLE)])])
def test_the_training_is_bitwise_the_same(name: str, ranks: list[Any]) -> None:
    for rank in ranks:
        ways = [found for found in rank[name].values() if isinstance(found, dict)]
        assert ways
        assert all(way["losses"] == rank[name]["without"] for way in ways)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["tensor parallel", "sequence parallel", "FSDP2 and tensor parallel"])
def test_four_ranks_give_every_head_too(name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    directory = four_ranks(tmp_path_factory)
    check_whole(directory, name, "auto", "sdpa False")


FOUR: list[Path] = []


def four_ranks(factory: pytest.TempPathFactory) -> Path:
    """The directory of four processes' records, made once."""
    if not FOUR:
        FOUR.append(factory.mktemp("four"))
        for rank in run_ranks(FOUR[0], 4):
            for found in rank.values():
                ways = [way for way in found.values() if isinstance(way, dict)]
                assert all(way["losses"] == found["without"] for way in ways)
    return FOUR[0]
