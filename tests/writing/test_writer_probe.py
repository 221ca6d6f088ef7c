"""add_probe: a torch model and one input → a record, and what it says when that cannot be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from logs.random_attention import token_list
from torch import nn

from tensorboard_plugin_attn import AttentionReader, AttentionWriter
from tensorboard_plugin_attn.errors import CaptureError, InvalidRecordError

LENGTH, WIDTH, HEADS = 6, 8, 2
TOKENS = token_list(LENGTH)


class Model(nn.Module):
    """Layers of scaled dot-product attention, each with its projections; ``calls`` counts forwards."""

    def __init__(self, layers: int = 3) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.projections = nn.ModuleList([nn.Linear(WIDTH, 3 * WIDTH) for _ in range(layers)])
        self.calls = 0
        self.seen: list[np.ndarray] = []

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        self.seen = []
        for projection in self.projections:
            query, key, value = (
                part.unflatten(-1, (HEADS, -1)).transpose(1, 2) for part in projection(x).chunk(3, dim=-1)
            )
            scores = query @ key.transpose(-1, -2) / (WIDTH // HEADS) ** 0.5
            self.seen.append(scores.softmax(-1)[0].detach().numpy())
            x = x + nn.functional.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2)
        return x


INPUT = torch.randn(1, LENGTH, WIDTH, generator=torch.Generator().manual_seed(1))


def test_every_layer_is_logged_as_the_model_computes_it(tmp_path: Path) -> None:
    model = Model()
    with AttentionWriter(tmp_path, precision="float32") as writer:
        writer.add_probe("probe", model, INPUT, TOKENS, 5)
    record = AttentionReader(tmp_path).read(".", "probe", 5)
    model(INPUT)
    assert record.tokens == TOKENS
    assert len(record.layers) == 3
    for layer, expected in zip(record.layers, model.seen, strict=True):
        np.testing.assert_allclose(layer.weights, expected, atol=1e-5)


def test_chosen_layers_and_heads_keep_their_numbers(tmp_path: Path) -> None:
    model = Model()
    with AttentionWriter(tmp_path, precision="float32") as writer:
        writer.add_probe("probe", model, INPUT, TOKENS, 0, layers=[0, 2], heads=[1])
    layers = AttentionReader(tmp_path).read(".", "probe", 0).layers
    model(INPUT)
    assert [layer.heads for layer in layers] == [[1], [1]]
    for layer, number in zip(layers, (0, 2), strict=True):
        np.testing.assert_allclose(layer.weights, model.seen[number][1:], atol=1e-5)


def test_query_and_key_rebuild_the_weights(tmp_path: Path) -> None:
    with AttentionWriter(tmp_path, precision="float32") as writer:
        writer.add_probe("probe", Model(), INPUT, TOKENS, 0, query_key=True)
    for layer in AttentionReader(tmp_path).read(".", "probe", 0).layers:
        scores = layer.query @ layer.key.transpose(0, 2, 1) * layer.scale
        weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
        np.testing.assert_allclose(layer.weights, weights / weights.sum(axis=-1, keepdims=True), atol=1e-5)


def test_nan_weights_are_told_once_and_the_record_says_so(tmp_path: Path) -> None:
    model = Model()
    with torch.no_grad():
        model.projections[1].weight.fill_(torch.nan)
    writer = AttentionWriter(tmp_path)
    with pytest.warns(RuntimeWarning) as told:
        log_twice(writer, model)
    writer.close()
    (message,) = [str(each.message) for each in told]
    assert message == "'probe' has NaN attention weights in layers [1, 2]; the record says so"
    layers = AttentionReader(tmp_path).read(".", "probe", 1).layers
    assert [bool(np.isnan(layer.weights).any()) for layer in layers] == [False, True, True]


def log_twice(writer: AttentionWriter, model: nn.Module) -> None:
    for step in range(2):
        writer.add_probe("probe", model, INPUT, TOKENS, step)


def test_a_model_without_attention_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with AttentionWriter(tmp_path) as writer, pytest.raises(CaptureError, match=r"no attention"):
        writer.add_probe("probe", nn.Linear(WIDTH, WIDTH), INPUT, TOKENS, 0)
    assert list(tmp_path.rglob("*")) == []


BAD: list[tuple[dict[str, Any], str]] = [
    ({"tokens": TOKENS[:-1]}, r"layer 0 has 6 query positions and 6 key positions but tokens has 5 entries"),
    ({"global_step": 0.5}, r"global_step must be an integer, got 0.5"),
    ({"tag": ""}, r"tag must be a non-empty string"),
]


@pytest.mark.parametrize(("change", "message"), BAD)
def test_bad_input_is_refused_and_nothing_is_written(
    change: dict[str, Any], message: str, tmp_path: Path
) -> None:
    arguments = {
        "tag": "probe",
        "model": Model(),
        "inputs": INPUT,
        "tokens": TOKENS,
        "global_step": 0,
        **change,
    }
    with AttentionWriter(tmp_path) as writer, pytest.raises(InvalidRecordError, match=message):
        writer.add_probe(**arguments)
    assert list(tmp_path.rglob("*")) == []


def test_attn_mode_off_does_not_even_run_the_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATTN_MODE", "off")
    model = Model()
    with AttentionWriter(tmp_path) as writer:
        writer.add_probe("probe", model, INPUT, TOKENS, 0)
    assert model.calls == 0
    assert list(tmp_path.rglob("*")) == []


def test_other_ranks_return_at_once_and_write_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RANK", "1")
    model = Model()
    with AttentionWriter(tmp_path) as writer:
        writer.add_probe("probe", model, INPUT, TOKENS, 0)
    assert model.calls == 0
    assert list(tmp_path.rglob("*")) == []


def total(outputs: torch.Tensor) -> torch.Tensor:
    return outputs[0, -1].sum()


def test_effect_and_ablation_are_logged_as_metrics_of_the_chosen_heads_and_layers(tmp_path: Path) -> None:
    model = Model()
    with AttentionWriter(tmp_path) as writer:
        writer.add_probe("probe", model, INPUT, TOKENS, 0)
        writer.add_probe("probe", model, INPUT, TOKENS, 1, effect=total)
        writer.add_probe(
            "probe", model, INPUT, TOKENS, 2, effect=total, ablate=True, layers=[0, 2], heads=[1]
        )
        writer.add_probe("alone", model, INPUT, TOKENS, 1, effect=total, metrics_only=True)
    reader = AttentionReader(tmp_path)
    series = reader.metrics(".", "probe")
    assert series.names[-2:] == ["effect", "ablation"]
    assert np.isnan(series.values[0][..., -2:]).all()
    effect = np.asarray(series.values[1])[..., -2]
    assert effect.shape == (3, HEADS)
    assert np.isfinite(effect).all()
    objectives = [reader.source(".", "probe", step).header.objective for step in range(3)]
    assert [each and each.name for each in objectives] == [None, "total", "total"]
    assert objectives[1] is not None
    assert np.isfinite(objectives[1].value)
    alone = reader.metrics(".", "alone")
    np.testing.assert_array_equal(np.asarray(alone.values[0])[..., alone.names.index("effect")], effect)
    chosen = reader.metrics(
        ".",
        "probe",
    ).values[2]
    np.testing.assert_allclose(np.asarray(chosen)[:2, :1, -2], effect[[0, 2]][:, 1:], rtol=1e-6)
    last = np.asarray(chosen)[1, 0]  # the last layer is linear in its gates
    np.testing.assert_allclose(last[-2], last[-1], rtol=1e-4)


def test_what_has_no_effect_of_its_own_is_refused(tmp_path: Path) -> None:
    model = Model()
    with AttentionWriter(tmp_path) as writer:
        with pytest.raises(CaptureError, match="give the inputs labels"):
            writer.add_probe("probe", model, INPUT, TOKENS, 0, effect="loss")
        with pytest.raises(InvalidRecordError, match=r'ablate=True needs an objective: effect="loss"'):
            writer.add_probe("probe", model, INPUT, TOKENS, 0, ablate=True)
        with pytest.raises(InvalidRecordError, match="log them one at a time"):
            writer.add_probe(["a", "b"], model, INPUT.repeat(2, 1, 1), [TOKENS] * 2, 0, effect=total)
        with pytest.raises(InvalidRecordError, match="rename it"):
            writer.add_probe("probe", model, INPUT, TOKENS, 0, effect=total, track={"effect": (0, 1)})
        with pytest.raises(CaptureError, match="several ranks"):
            writer.add_probe("probe", model, INPUT, TOKENS, 0, effect=total, ranks="all")
    assert not list(tmp_path.rglob("*.safetensors"))
