"""Weights that are there, read in blocks of rows → what the whole map gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from tensorboard_plugin_attn import LayerAttention
from tensorboard_plugin_attn.capturing.calls.held_blocks import layer_in_blocks
from tensorboard_plugin_attn.encoding.layer import EncodedLayer, encode_layer
from tensorboard_plugin_attn.encoding.streamed import encode_streamed
from tensorboard_plugin_attn.measuring.contribution import CONTRIBUTIONS, measure_contributions
from tensorboard_plugin_attn.measuring.head_metrics import METRICS
from tensorboard_plugin_attn.measuring.row_stats import Questions, WholeCodes
from tensorboard_plugin_attn.record.checks import label_layer
from tensorboard_plugin_attn.record.tokens import TokenAxes

HEADS = 3
CASES: dict[str, dict[str, Any]] = {  # queries, keys, mask; what else is so
    "full": {"mask": None},
    "causal": {"mask": "causal"},
    "a causal mask that is read off": {"mask": None, "hides": "causal"},
    "window": {"mask": "window 5", "hides": "window"},
    "holes": {"mask": "other", "hides": "holes"},
    "rows that see nothing": {"mask": "other", "hides": "rows"},
    "cross": {"mask": "full", "keys": 23, "kind": "cross"},
    "a sink": {"mask": "causal", "sink": True},
    "values": {"mask": "causal", "values": True},
    "values without a mask": {"mask": "full", "values": True},
    "padding": {"mask": None, "padding": 6},
    "weight behind a causal mask": {"mask": "causal", "hides": "full"},
    "a row of half a sum": {"mask": "full", "half": True},
    "long": {"mask": "causal", "queries": 600},
}


def hidden(name: str, queries: int, keys: int) -> torch.Tensor:
    own, at = torch.arange(queries)[:, None], torch.arange(keys)
    found = torch.zeros(queries, keys, dtype=torch.bool)
    if name in ("causal", "window"):
        found = at > own
    if name == "window":
        found |= at <= own - 5
    if name == "holes":
        found = (at * 7 + own * 3) % 5 == 0
    if name == "rows":
        found = (own % 4 == 1).expand(-1, keys).clone()
    return found


def layers(case: dict[str, Any]) -> tuple[LayerAttention, LayerAttention, TokenAxes]:
    """The layer as one map, and in blocks."""
    queries, padding = case.get("queries", 40), case.get("padding", 0)
    keys, kind = case.get("keys", queries), case.get("kind", "self")
    generator = torch.Generator().manual_seed(len(str(case)))
    scores = torch.randn(HEADS, queries, keys, generator=generator) * 2
    hides = hidden(case.get("hides", case["mask"] or "full"), queries, keys)
    weights = scores.masked_fill(hides, -torch.inf).softmax(-1).nan_to_num(0.0)
    sink = torch.rand(HEADS, queries, generator=generator) * 0.7 if "sink" in case else None
    weights = weights if sink is None else weights * (1 - sink)[..., None]
    if "half" in case:
        weights[1, 7] /= 2
    names = [
        "[CLS]",
        *(f"t{i * i % 11}" for i in range(max(keys, queries) - padding - 1)),
        *["[PAD]"] * padding,
    ]
    axes = TokenAxes(names[:keys], decoder_tokens=names[:queries] if kind == "cross" else None)
    found = []
    for number in range(2):
        layer = LayerAttention(
            weights.clone(),
            kind=kind,
            mask=case["mask"],
            stack="decoder" if kind == "cross" else "",
            sink=sink,
            value_norm=torch.rand(HEADS, keys, generator=torch.Generator().manual_seed(3))
            if "values" in case
            else None,
        )
        if number:
            blocks = layer_in_blocks(layer, 0)
            layer.weights, layer.blocks, layer.mask = None, blocks, blocks.mask  # type: ignore[assignment]
            blocks.rows_at_once = 7
        label_layer(axes, layer, 0)
        found.append(layer)
    return found[0], found[1], axes


def encoded(name: str) -> tuple[EncodedLayer, EncodedLayer, LayerAttention, LayerAttention]:
    whole, blocks, axes = layers(CASES[name])
    one = encode_layer(whole, axes, METRICS, "uint8")
    return one, encode_streamed(blocks, axes, METRICS, "uint8", source="codes", moved=True), whole, blocks


@pytest.mark.parametrize("name", CASES)
def test_a_map_in_blocks_gives_what_the_whole_map_gives(name: str) -> None:
    one, other, whole, blocks = encoded(name)
    for column, metric in enumerate(METRICS):
        np.testing.assert_allclose(
            other.metrics[:, column], one.metrics[:, column], rtol=2e-6, atol=1e-6, err_msg=metric
        )
    np.testing.assert_allclose(
        measure_contributions(blocks, list(CONTRIBUTIONS)),
        measure_contributions(whole, list(CONTRIBUTIONS)),
        rtol=1e-5,
        atol=2e-6,
    )
    assert other.entry == one.entry
    assert one.codes is not None
    assert other.codes is not None
    assert (one.codes != other.codes).mean() < 1e-3
    np.testing.assert_array_equal(one.row_max, other.row_max)
    assert np.abs(one.thumbnail.astype(int) - other.thumbnail).max() <= 1
    assert [(each["fault"], each["heads"]) for each in one.faults] == [
        (each["fault"], each["heads"]) for each in other.faults
    ]
    for first, second in zip(one.faults, other.faults, strict=True):
        assert second.get("worst") == pytest.approx(first.get("worst"), abs=2e-6)


FORMS = {
    "bfloat16": lambda weights: weights.bfloat16(),
    "float64": lambda weights: weights.double(),
    "another order of memory": lambda weights: weights.permute(2, 0, 1).contiguous().permute(1, 2, 0),
    "numpy": lambda weights: weights.numpy(),
    "numpy that is read-only": lambda weights: np.broadcast_to(weights.numpy(), (1, *weights.shape)),
    "numpy backwards": lambda weights: weights.flip(0).numpy()[::-1],
}


@pytest.mark.parametrize("name", FORMS)
def test_a_map_is_read_as_it_lies_in_memory_and_not_written_to(name: str) -> None:
    weights = torch.rand(HEADS, 9, 9).softmax(-1)
    given: Any = FORMS[name](weights.clone())
    blocks = layer_in_blocks(LayerAttention(given), 0)
    before = plain(given)
    assert np.abs(blocks.whole() - before.reshape(HEADS, 9, 9)).max() == 0
    blocks.measure(Questions(codes=WholeCodes(blocks.shape)))
    np.testing.assert_array_equal(before, plain(given))


def plain(given: Any) -> Any:
    return np.array(given) if isinstance(given, np.ndarray) else given.float().clone().numpy()
