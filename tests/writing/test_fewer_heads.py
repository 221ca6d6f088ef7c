"""A probe that sees some of a layer's heads → a warning, a fault in the file and a hint; chosen heads are none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from models.sharp_models import small, token_ids
from torch import nn

from tensorboard_plugin_attn import AttentionReader, AttentionWriter

TOKENS = ["a", "b", "c", "d", "e"]
BUILT: list[
    tuple[str, str, int, int]
] = [  # the module's attribute, kernel, heads that run, heads of the model
    ("num_heads", "sdpa", 2, 4),
    ("n_heads", "sdpa", 1, 8),
    ("num_attention_heads", "softmax", 3, 6),
]


class SomeHeads(nn.Module):
    """A layer that declares more heads than it computes, as a rank of a tensor-parallel group does."""

    def __init__(self, attribute: str, kernel: str, heads: int, whole: int) -> None:
        super().__init__()
        setattr(self, attribute, whole)
        self.kernel, self.heads = kernel, heads
        self.qkv = nn.Linear(16, 3 * heads * 8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        query, key, value = self.qkv(x).unflatten(-1, (3, self.heads, 8)).permute(2, 0, 3, 1, 4)
        if self.kernel == "sdpa":
            return F.scaled_dot_product_attention(query, key, value)
        return (query @ key.transpose(-1, -2) / 8**0.5).softmax(-1) @ value


@pytest.mark.parametrize(("attribute", "kernel", "heads", "whole"), BUILT)
def test_fewer_heads_are_a_warning_and_a_hint(
    attribute: str, kernel: str, heads: int, whole: int, tmp_path: Path
) -> None:
    model = nn.Sequential(SomeHeads(attribute, kernel, heads, whole))
    with (
        AttentionWriter(tmp_path) as writer,
        pytest.warns(UserWarning, match=rf"fewer heads than the model: 0 \({heads} of {whole}\)"),
    ):
        writer.add_probe("probe", model, {"input": torch.randn(1, 5, 16)}, TOKENS, 0)
    assert f"layer 0 has {heads} of {whole} heads" in hints(tmp_path)[0].message


def test_heads_that_were_chosen_are_no_hint(tmp_path: Path) -> None:
    with AttentionWriter(tmp_path) as writer:
        writer.add_probe("probe", small("bert"), {"input_ids": token_ids(1, 5)}, TOKENS, 0, heads=[1, 3])
    assert [hint.kind for hint in hints(tmp_path) if hint.severity == "error"] == []


def hints(directory: Path) -> list[Any]:
    return list(AttentionReader(directory).evolution(".", "probe").hints)
