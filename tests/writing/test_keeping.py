"""A probe of a model and ``keep`` → codes or vectors in the record, which give the same weights."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tensorboard_plugin_attn import AttentionReader, AttentionWriter
from tensorboard_plugin_attn.capturing.calls import streamed
from tensorboard_plugin_attn.encoding.codes import MAX_ERROR
from tensorboard_plugin_attn.errors import InvalidRecordError

HEADS, WIDTH = 4, 8


class Attention(nn.Module):
    """One layer; ``mask``: what scaled_dot_product_attention is given besides query, key and value."""

    def __init__(self, **mask: Any) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.mask = mask
        self.project = nn.Linear(HEADS * WIDTH, 3 * HEADS * WIDTH)

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        query, key, value = self.project(states).unflatten(-1, (3 * HEADS, WIDTH)).transpose(1, 2).chunk(3, 1)
        return F.scaled_dot_product_attention(query * 4, key, value, **self.mask).transpose(1, 2).flatten(2)


def causal_but(*cells: tuple[int, int], length: int) -> torch.Tensor:
    mask = torch.ones(1, 1, length, length, dtype=torch.bool).tril()
    for query, key in cells:
        mask[..., query, key] = False
    return mask


MODELS: dict[str, Mapping[str, Any]] = {
    "causal": {"is_causal": True},
    "full": {},
    "causal by a mask": {"attn_mask": causal_but(length=90)},
    "another mask": {"attn_mask": causal_but((50, 3), length=90)},
    "a bias": {"attn_mask": torch.linspace(-1, 1, 90).expand(1, HEADS, 90, 90)},
}


def probed(directory: Path, mask: Mapping[str, Any], length: int = 90, **options: Any) -> AttentionReader:
    """A log of one probe; any warning is an error."""
    generator = torch.Generator().manual_seed(1)
    states = torch.randn(1, length, HEADS * WIDTH, generator=generator)
    probe = {name: options.pop(name) for name in ("heads", "track", "query_key") if name in options}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with AttentionWriter(directory, **options) as writer:
            for step in range(2):
                writer.add_probe(
                    "probe",
                    Attention(**mask),
                    states * (1 + step),
                    [f"t{i % 50}" for i in range(length)],
                    step,
                    **probe,
                )
    return AttentionReader(directory)


@pytest.mark.parametrize("name", MODELS)
def test_vectors_give_the_weights_and_metrics_that_codes_give(tmp_path: Path, name: str) -> None:
    track = {"pair": (5, 3)}
    codes = probed(tmp_path / "codes", MODELS[name], keep="weights", track=track)
    vectors = probed(tmp_path / "vectors", MODELS[name], keep="vectors", track=track)
    first, second = (reader.read(".", "probe", 1).layers[0] for reader in (codes, vectors))
    for head in range(HEADS):
        assert np.abs(first.weights_of(head) - second.weights_of(head)).max() <= MAX_ERROR
    one, other = (reader.metrics(".", "probe") for reader in (codes, vectors))
    assert one.names == other.names
    for column, metric in enumerate(one.names):
        if metric.startswith("contribution_"):  # they need the whole map, which vectors are kept to avoid
            continue
        tolerance = 2e-3 if metric.startswith("change") else 1e-6
        np.testing.assert_allclose(
            other.values[..., column], one.values[..., column], rtol=tolerance, atol=tolerance, err_msg=metric
        )
    assert (first.mask, first.kind) == (second.mask, second.kind)
    assert second.output_error == pytest.approx(first.output_error, rel=1, abs=1e-5)


def test_a_map_above_the_limit_is_never_held_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streamed, "MOST_WHOLE_BYTES", 1000)
    monkeypatch.setattr(streamed.StreamedCall, "make_whole", None, raising=False)
    small = probed(tmp_path / "a", MODELS["causal"], keep="weights", heads=[1, 3])
    layer = small.read(".", "probe", 1).layers[0]
    monkeypatch.undo()
    whole = (
        probed(tmp_path / "b", MODELS["causal"], keep="weights", heads=[1, 3]).read(".", "probe", 1).layers[0]
    )
    assert layer.heads == [1, 3]
    assert layer.query is None
    assert np.abs(layer.weights - whole.weights).max() <= 0.004


def test_auto_keeps_the_smaller_one(tmp_path: Path) -> None:
    short = probed(tmp_path / "short", MODELS["causal"])
    long = probed(tmp_path / "long", MODELS["causal"], length=400)
    assert short.read(".", "probe", 1).layers[0].query is None
    assert long.read(".", "probe", 1).layers[0].query is not None
    exact = probed(tmp_path / "exact", MODELS["causal"], length=400, precision="float32")
    assert exact.read(".", "probe", 1).layers[0].query is None


def test_a_metric_of_ones_own_gets_the_weights_or_is_nan_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = {"own": lambda layer: layer.weights[:, -1, 0]}
    found = probed(tmp_path / "a", MODELS["causal"], keep="vectors", metrics=own).metrics(".", "probe")
    known = probed(tmp_path / "b", MODELS["causal"], keep="weights", metrics=own).metrics(".", "probe")
    column = found.names.index("own")
    np.testing.assert_allclose(found.values[..., column], known.values[..., column], rtol=1e-5)
    monkeypatch.setattr("tensorboard_plugin_attn.encoding.streamed.WHOLE_BYTES", 100)
    told: list[str] = []
    monkeypatch.setattr("tensorboard_plugin_attn.encoding.streamed.tell", told.append)
    none = probed(tmp_path / "c", MODELS["causal"], keep="vectors", metrics=own).metrics(".", "probe")
    assert np.isnan(none.values[..., column]).all()
    assert "metrics ['own'] are NaN" in told[0]


def test_another_word_for_keep_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidRecordError, match="keep must be one of auto, weights, vectors"):
        AttentionWriter(tmp_path, keep="all")  # type: ignore[arg-type]  # what is refused
