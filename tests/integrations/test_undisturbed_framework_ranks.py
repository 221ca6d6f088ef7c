"""Trainer and Lightning under DDP in two processes: bitwise the same with the callback, and only rank 0 writes."""

from __future__ import annotations

from pathlib import Path

import pytest
from models.framework_ranks import PROBES, start

from tensorboard_plugin_attn import AttentionReader


@pytest.mark.parametrize("framework", ["trainer", pytest.param("lightning", marks=pytest.mark.slow)])
def test_both_ranks_train_bitwise_the_same_and_rank_0_alone_writes_into_one_event_file(
    framework: str, tmp_path: Path
) -> None:
    ranks = start(framework, tmp_path)
    for rank in ranks:
        assert rank["with"] == rank["without"]
        assert len(rank["without"]) >= 8
    batches = [[each[1] for each in rank["without"] if each[0] == "batch"] for rank in ranks]
    assert len(batches[0]) == 4
    assert batches[0] != batches[1]
    assert [rank["written"][:1] for rank in ranks] == [[5 * len(PROBES)], [0]]
    assert len(list(tmp_path.rglob("events.out*"))) == 1
    (run,) = AttentionReader(tmp_path).runs()
    for tag in PROBES:
        assert AttentionReader(tmp_path).steps(run, tag) == [0, 1, 2, 3, 4]
    kinds = {each.step: each.kind for each in AttentionReader(tmp_path).step_files(run, "one")}
    assert kinds == {0: "weights", 1: "metrics", 2: "weights", 3: "metrics", 4: "weights"}
