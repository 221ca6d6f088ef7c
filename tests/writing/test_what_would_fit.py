"""What the warning of a record above ``max_record_bytes`` names keeps every layer's weights, and one more does not."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
import transformers
from torch import nn

from tensorboard_plugin_attn import AttentionReader, AttentionWriter

LAYERS, HEADS, WIDTH = 4, 8, 16
TOLD = {
    "max_record_bytes": r"max_record_bytes=(\d+)",
    "layers": r"layers=\[([\d, ]+)\]",
    "heads": r"heads=range\((\d+)\)",
    "queries": r"at most (\d+) positions",
}


class Attention(nn.Module):
    """Layers whose heads share keys in groups."""

    def __init__(self, groups: int) -> None:
        super().__init__()
        self.kv_heads = HEADS // groups

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        length = states.shape[1]
        for number in range(LAYERS):
            drawn = torch.Generator().manual_seed(number)
            query = torch.randn(1, HEADS, length, WIDTH, generator=drawn)
            key = torch.randn(1, self.kv_heads, length, WIDTH, generator=drawn)
            states = F.scaled_dot_product_attention(query, key, key, is_causal=True, enable_gqa=True)
        return states


def logged(directory: Path, groups: int, length: int, limit: int, keep: str, **options: Any) -> list[str]:
    """What is said of a record within a limit; nothing where all weights are in it."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        with AttentionWriter(directory, max_record_bytes=limit, keep=keep) as writer:
            tokens = [f"t{at}" for at in range(length)]
            writer.add_probe("probe", Attention(groups), torch.zeros(1, length), tokens, 0, **options)
    left_out = AttentionReader(directory).source(".", "probe", 0).header.left_out
    said = [str(each.message) for each in told if "all would fit" in str(each.message)]
    assert bool(said) == any(each.what == "weights" for each in left_out)
    return said


@pytest.mark.parametrize(
    ("groups", "length", "limit", "keep", "options"),
    [
        (1, 60, 90_000, "weights", {}),
        (4, 200, 200_000, "auto", {}),
        (4, 200, 200_000, "vectors", {}),
        (4, 120, 520_000, "weights", {"query_key": True}),
    ],
)
def test_each_way_that_is_named_keeps_all_and_one_more_does_not(
    tmp_path: Path, groups: int, length: int, limit: int, keep: str, options: dict[str, Any]
) -> None:
    def is_whole(name: str, **more: Any) -> bool:
        room = more.pop("max_record_bytes", limit)
        return not logged(tmp_path / name, groups, length, room, keep, **options, **more)

    (said,) = logged(tmp_path / "first", groups, length, limit, keep, **options)
    found = {name: re.search(pattern, said[said.index("all would") :]) for name, pattern in TOLD.items()}
    told = {name: [int(each) for each in got[1].split(",")] for name, got in found.items() if got}
    assert told.keys() >= {"max_record_bytes", "layers", "heads"}
    assert ("queries" in told) == (keep != "vectors")
    needed, heads, layers = told["max_record_bytes"][0], told["heads"][0], told["layers"]
    assert is_whole("needed", max_record_bytes=needed)
    assert not is_whole("less", max_record_bytes=needed - 1)
    assert is_whole("layers", layers=layers)
    assert is_whole("heads", heads=range(heads))
    assert heads + 1 == HEADS or not is_whole("more heads", heads=range(heads + 1))
    if "queries" in told:
        rows = told["queries"][0]
        assert 0 < rows < length
        assert is_whole("rows", queries=range(rows))
        assert not is_whole("more rows", queries=range(rows + 1)) or keep == "auto"


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("layers", [1, pytest.param(12, marks=pytest.mark.slow)])
def test_a_gpt2_of_12_layers_and_1024_tokens_is_kept_whole(tmp_path: Path, layers: int) -> None:
    torch.manual_seed(0)  # weights drawn at random spread attention, so that its codes are large
    sizes: dict[str, Any] = {"vocab_size": 100, "n_inner": 64, "bos_token_id": 1, "eos_token_id": 1}
    model = transformers.GPT2Model(transformers.GPT2Config(n_layer=layers, **sizes))
    inputs, tokens = {"input_ids": torch.arange(1024)[None] % 100}, [f"t{at}" for at in range(1024)]
    with AttentionWriter(
        tmp_path, **({} if layers == 12 else {"max_record_bytes": (64 << 20) // 12})
    ) as writer:
        writer.add_probe("probe", model, inputs, tokens, 0)
    reader = AttentionReader(tmp_path)
    header = reader.source(".", "probe", 0).header
    assert [layer.source for layer in header.layers] == ["codes"] * layers
    assert not header.left_out
    (file,) = tmp_path.rglob("*.safetensors")
    assert file.stat().st_size <= (
        64 << 20 if layers == 12 else 1.01 * (64 << 20) / 12
    )  # one layer may pack worse
    for layer in reader.read(".", "probe", 0).layers:
        assert layer.weights.shape == (12, 1024, 1024)
        np.testing.assert_allclose(layer.weights.sum(-1), 1, atol=0.005)
