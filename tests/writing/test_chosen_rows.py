"""``queries=`` of a probe → weights of those rows alone, in a map held whole or read in blocks, metrics of all rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tensorboard_plugin_attn import AttentionReader, AttentionWriter
from tensorboard_plugin_attn.capturing.calls import row_blocks, streamed
from tensorboard_plugin_attn.errors import InvalidRecordError

HEADS, WIDTH, LENGTH = 2, 4, 30
ROWS = [0, 3, 6, 7, 29]


class Attention(nn.Module):
    """One layer of nothing else."""

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        parts = states.unflatten(-1, (HEADS, WIDTH)).transpose(1, 2)
        return F.scaled_dot_product_attention(parts * 3, parts, parts, is_causal=True)


def probed(directory: Path, **options: Any) -> Any:
    states = torch.randn(1, LENGTH, HEADS * WIDTH, generator=torch.Generator().manual_seed(1))
    with AttentionWriter(directory, keep="weights") as writer:
        writer.add_probe("probe", Attention(), states, [f"t{i}" for i in range(LENGTH)], 0, **options)
    return AttentionReader(directory)


@pytest.mark.parametrize("in_blocks", [False, True])
def test_chosen_rows_are_exact_and_the_others_missing(
    in_blocks: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if in_blocks:
        monkeypatch.setattr(streamed, "MOST_WHOLE_BYTES", 0)
        monkeypatch.setattr(row_blocks.RowSource, "num_rows", lambda *_: 7)
    whole, some = probed(tmp_path / "whole"), probed(tmp_path / "some", queries=ROWS)
    expected = whole.read(".", "probe", 0).layers[0].weights
    found = some.read(".", "probe", 0).layers[0].weights
    np.testing.assert_allclose(found[:, ROWS], expected[:, ROWS], atol=1e-6)
    assert np.isnan(np.delete(found, ROWS, axis=1)).all()
    np.testing.assert_allclose(
        whole.metrics(".", "probe").values, some.metrics(".", "probe").values, rtol=0, atol=1e-5
    )
    (said,) = some.source(".", "probe", 0).header.left_out
    assert (said.what, said.why) == ("rows", "queries= chose 5 of 30 rows")


@pytest.mark.parametrize("queries", [[], [30], [-1], ["a"], 1.5])
def test_positions_that_are_not_there_are_refused(queries: Any, tmp_path: Path) -> None:
    with pytest.raises(InvalidRecordError, match="queries must be"):
        probed(tmp_path, queries=queries)


def test_of_an_array_the_same_rows_are_kept(tmp_path: Path) -> None:
    scores = torch.randn(1, HEADS, LENGTH, LENGTH, generator=torch.Generator().manual_seed(2))
    weights, tokens = scores.softmax(-1), [f"t{i}" for i in range(LENGTH)]
    with AttentionWriter(tmp_path) as writer:
        writer.add_attention("whole", weights, tokens, 0)
        writer.add_attention("some", weights, tokens, 0, queries=ROWS)
        with pytest.raises(InvalidRecordError, match="queries must be"):
            writer.add_attention("none", weights, tokens, 0, queries=[LENGTH])
    reader = AttentionReader(tmp_path)
    whole, some = (reader.read(".", tag, 0).layers[0].weights for tag in ("whole", "some"))
    np.testing.assert_array_equal(some[:, ROWS], whole[:, ROWS])
    assert np.isnan(np.delete(some, ROWS, axis=1)).all()
    np.testing.assert_array_equal(reader.metrics(".", "whole").values, reader.metrics(".", "some").values)
