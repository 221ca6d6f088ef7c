"""Two processes under DDP and FSDP: bitwise the same with probes, and only rank 0 writes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from models.undisturbed_runs import TAGS, Small
from torch import nn

from tensorboard_plugin_attn import AttentionReader
from tensorboard_plugin_attn.capturing import needs_every_rank

SETUPS = [
    "DDP",
    "FSDP1, flat parameters",
    "FSDP2, gradient checkpointing, autocast",
    "compiled DDP",
]
MORE = [
    "DDP, gradient checkpointing",
    "DDP of a compiled model",
    "FSDP1",
    "FSDP2",
    "FSDP2, compiled blocks",
]


def run_ranks(directory: Path, backend: str, names: list[str]) -> list[Any]:
    command = [sys.executable, "-m", "models.two_ranks", str(directory), backend, *names]
    done = subprocess.run(command, capture_output=True, text=True, timeout=500, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    traces: list[Any] = json.loads((directory / "traces.json").read_text())
    return traces


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ranks")


@pytest.fixture(scope="module")
def ranks(directory: Path) -> list[Any]:
    return run_ranks(directory, "eager", SETUPS)


@pytest.mark.parametrize("name", SETUPS)
def test_training_is_bitwise_the_same_on_both_ranks(name: str, ranks: list[Any], directory: Path) -> None:
    check_ranks(name, ranks, directory)


@pytest.mark.slow
def test_training_in_every_other_set_up_is_bitwise_the_same_on_both_ranks(tmp_path: Path) -> None:
    ranks = run_ranks(tmp_path, "eager", MORE)
    for name in MORE:
        check_ranks(name, ranks, tmp_path)


def check_ranks(name: str, ranks: list[Any], directory: Path) -> None:
    """One set-up's trainings are the same on every rank, and rank 0 has written them all."""
    for rank in ranks:
        assert rank[name]["with"] == rank[name]["without"]
        assert len(set(rank[name]["without"]["losses"])) == 4
    assert [rank[name]["written"] for rank in ranks] == [4 * 3 * len(TAGS), 0]
    reader = AttentionReader(directory)
    for tag, length in zip(TAGS, (6, 4), strict=True):
        assert reader.steps(name, tag) == [0, 1, 2, 3]
        layers = reader.read(name, tag, 3).layers
        assert [layer.weights.shape for layer in layers] == [(2, length, length)] * 2
        assert [layer.name for layer in layers] == ["blocks.0", "blocks.1"]


@pytest.mark.parametrize("name", SETUPS)
def test_effects_of_a_spread_model_are_refused_and_those_of_a_copied_one_are_its_own(
    name: str, ranks: list[Any]
) -> None:
    for rank in ranks:
        found = rank[name]["effects"]
        if name.startswith("FSDP"):
            assert "spread over several ranks" in found
        elif "checkpointing" not in name or not isinstance(found, str):
            np.testing.assert_allclose(found, rank["plain"]["effects"], rtol=1e-4, atol=1e-7)
        else:
            assert "backward" in found


@pytest.mark.slow
def test_training_with_inductor_is_bitwise_the_same_on_both_ranks(tmp_path: Path) -> None:
    for rank in run_ranks(tmp_path, "inductor", [*SETUPS, *MORE]):
        for name in [*SETUPS, *MORE]:
            assert rank[name]["with"] == rank[name]["without"]


def test_only_models_whose_parameters_are_spread_over_ranks_need_every_rank() -> None:
    class FSDPModule(nn.Module):
        """As FSDP2 names the class that it gives to a module."""

    model = Small()
    assert not needs_every_rank(model)
    assert needs_every_rank(nn.Sequential(model, FSDPModule()))
    model.head.weight.ds_id = 1  # as DeepSpeed ZeRO-3 marks its parameters
    assert needs_every_rank(model)
