"""Who writes at all: ``ATTN_MODE``, ranks, torch.distributed."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from logs.random_attention import random_record

from tensorboard_plugin_attn import AttentionReader, AttentionWriter


def log_steps(directory: Path, steps: Sequence[int], **options: Any) -> None:
    """Log a small record at some steps."""
    with AttentionWriter(directory, **options) as writer:
        for step in steps:
            writer.add_record("probe", random_record(), step)


@pytest.mark.parametrize("mode", ["off", "OFF"])
def test_attn_mode_off_writes_nothing_at_all(
    mode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_steps(tmp_path / "old", [7])
    monkeypatch.setenv("ATTN_MODE", mode)
    with AttentionWriter(tmp_path / "new") as writer:
        writer.add_record("probe", random_record(), 0)
        writer.flush()
        writer.add_attention("probe", "not even looked at", [], -1)
    AttentionWriter(tmp_path / "old", purge_step=0)
    assert not (tmp_path / "new").exists()
    assert AttentionReader(tmp_path).steps("old", "probe") == [7]


RANKS: list[tuple[str | None, bool, bool]] = [
    (None, False, True),
    ("0", False, True),
    ("1", False, False),
    ("15", False, False),
    ("1", True, True),
    ("none", False, True),
]


@pytest.mark.parametrize(("value", "all_ranks", "writes"), RANKS)
def test_only_rank_0_writes_unless_all_are_asked_to(
    value: str | None, all_ranks: bool, writes: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if value is None:
        monkeypatch.delenv("RANK", raising=False)
    else:
        monkeypatch.setenv("RANK", value)
    log_steps(tmp_path, [0], all_ranks=all_ranks)
    assert (tmp_path / "plugins").exists() == writes


VARIABLES: list[tuple[dict[str, str], bool]] = [
    ({"RANK": "1", "WORLD_SIZE": "2"}, False),
    ({"RANK": "1", "WORLD_SIZE": "1"}, True),  # left over from another job
    ({"RANK": "0", "WORLD_SIZE": "8"}, True),
    ({"RANK": "0", "WORLD_SIZE": "1", "SLURM_PROCID": "1", "SLURM_NTASKS": "2"}, True),
    ({"SLURM_PROCID": "1", "SLURM_NTASKS": "2"}, False),
    ({"SLURM_PROCID": "0", "SLURM_NTASKS": "2"}, True),
    ({"SLURM_PROCID": "1", "SLURM_NTASKS": "1"}, True),
    ({"SLURM_PROCID": "1"}, True),
    ({"SLURM_PROCID": "1", "SLURM_STEP_NUM_TASKS": "1", "SLURM_NTASKS": "4"}, True),
    ({"OMPI_COMM_WORLD_RANK": "1", "OMPI_COMM_WORLD_SIZE": "2"}, False),
    ({"PMI_RANK": "3", "PMI_SIZE": "4"}, False),
    ({"PMIX_RANK": "2"}, False),
    ({"PMIX_RANK": "4294967294"}, True),  # PMIx's word for any rank
    ({"MV2_COMM_WORLD_RANK": "1", "MV2_COMM_WORLD_SIZE": "2"}, False),
]


@pytest.mark.parametrize(("variables", "writes"), VARIABLES)
def test_the_ranks_of_slurm_and_mpi_are_known(
    variables: dict[str, str], writes: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RANK", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    log_steps(tmp_path, [0])
    assert (tmp_path / "plugins").exists() == writes


def test_a_rank_that_only_a_variable_names_says_once_that_it_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SLURM_PROCID", "3")
    monkeypatch.setenv("SLURM_NTASKS", "4")
    log_steps(tmp_path, [0, 1])
    told = capsys.readouterr().err
    assert told.count("SLURM_PROCID=3 says that this is rank 3, and rank 0 writes") == 1
    assert "pass all_ranks=True" in told


def test_a_rank_of_a_group_is_silent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "torch.distributed", fake_distributed(1))
    log_steps(tmp_path, [0])
    assert capsys.readouterr().err == ""


def test_a_purge_waits_until_the_rank_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RANK", raising=False)
    log_steps(tmp_path, [7])
    writer = AttentionWriter(tmp_path, purge_step=0)
    assert AttentionReader(tmp_path).steps(".", "probe") == [7]
    monkeypatch.setitem(sys.modules, "torch.distributed", fake_distributed(1))
    writer.add_record("probe", random_record(), 8)
    monkeypatch.setitem(sys.modules, "torch.distributed", fake_distributed(1, initialised=False))
    writer.close()  # the group is gone, and what it said still counts
    assert AttentionReader(tmp_path).steps(".", "probe") == [7]


def test_a_purge_of_rank_0_is_made_before_its_first_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RANK", raising=False)
    log_steps(tmp_path, [7])
    writer = AttentionWriter(tmp_path, purge_step=0)
    monkeypatch.setitem(sys.modules, "torch.distributed", fake_distributed(0))
    writer.add_record("probe", random_record(), 3)
    writer.close()
    assert AttentionReader(tmp_path).steps(".", "probe") == [3]


def fake_distributed(rank: int, *, available: bool = True, initialised: bool = True) -> Any:
    """What ``torch.distributed`` says of itself."""
    return SimpleNamespace(
        is_available=lambda: available, is_initialized=lambda: initialised, get_rank=lambda: rank
    )


DISTRIBUTED: list[tuple[str, Any, bool]] = [
    ("rank 0 of torch.distributed beats RANK", fake_distributed(0), True),
    ("rank 3", fake_distributed(3), False),
    ("not initialised: RANK counts", fake_distributed(0, initialised=False), False),
    ("not available: RANK counts", fake_distributed(0, available=False), False),
]


@pytest.mark.parametrize(
    ("distributed", "writes"), [case[1:] for case in DISTRIBUTED], ids=[c[0] for c in DISTRIBUTED]
)
def test_torch_distributed_tells_the_rank_where_it_is_initialised(
    distributed: Any, writes: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RANK", "2")
    monkeypatch.setitem(sys.modules, "torch.distributed", distributed)
    log_steps(tmp_path, [0])
    assert (tmp_path / "plugins").exists() == writes


def test_a_rank_that_does_not_write_purges_nothing_and_makes_no_events(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_steps(tmp_path, [7])
    monkeypatch.setenv("RANK", "1")
    calls: list[str] = []
    target = SimpleNamespace(
        log_dir=str(tmp_path),
        add_scalar=None,
        flush=lambda: calls.append("flush"),
        _get_file_writer=lambda: calls.append("write"),
    )
    with AttentionWriter(target, purge_step=0) as writer:
        writer.add_record("probe", random_record(), 8)
        writer.flush()
    assert calls == []
    assert AttentionReader(tmp_path).steps(".", "probe") == [7]
