"""The length of each key's value behind the output projection, against the model's own projections."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from models.gated_models import CASES, Case, gated_case
from models.written_attention import WIDTH, NanoGpt
from torch import nn

from tensorboard_plugin_attn import AttentionReader, AttentionWriter
from tensorboard_plugin_attn.capturing import probe_rows
from tensorboard_plugin_attn.capturing.inputs.rows import Row
from tensorboard_plugin_attn.record.layer import LayerAttention

VALUE = re.compile(r"(self\.value|v_proj|Attention\.v|attention\.value|c_attn|self_attn)$")


def layers_of(model: nn.Module, inputs: Any) -> list[LayerAttention]:
    found: list[LayerAttention] = []
    probe_rows(model, inputs, [Row(0, lambda _, layer: found.append(layer))], values=True)
    return found


def values_of(case: Case) -> list[torch.Tensor]:
    """``[kv_head, key, d]`` of every layer in call order, by hooks on what computes them."""
    found: list[torch.Tensor] = []

    def keep(module: Any, args: Any, output: Any) -> None:
        size = 12 if case.heads == 4 else 4
        if isinstance(module, nn.MultiheadAttention):
            width = module.embed_dim
            output = args[0] @ module.in_proj_weight[-width:].T + module.in_proj_bias[-width:]
        whole = output[0][..., -case.heads * size :] if isinstance(output, torch.Tensor) else None
        if whole is not None:
            found.append(whole.unflatten(-1, (-1, size)).transpose(0, 1).detach())

    handles = [
        module.register_forward_hook(keep)
        for name, module in case.model.named_modules()
        if VALUE.search(name)
        and (not name.endswith("self_attn") or isinstance(module, nn.MultiheadAttention))
    ]
    case.value()
    for handle in handles:
        handle.remove()
    return found


@pytest.mark.parametrize("name", CASES)
def test_value_norm_is_the_length_of_the_value_behind_the_output_projection(name: str) -> None:
    case = gated_case(name, torch.float32)
    layers, values = layers_of(case.model, case.inputs), values_of(case)
    assert len(layers) == len(values) > 0
    for layer, value in zip(layers, values, strict=True):
        weight = case.model.get_parameter(f"{case.projection(layer.name)}.weight").detach()
        columns = weight if case.transposed else weight.T
        own = columns.unflatten(0, (case.heads, -1))
        expected = (value.repeat_interleave(case.heads // len(value), 0) @ own).norm(dim=-1)
        assert layer.value_norm_of == "vWo"
        torch.testing.assert_close(layer.value_norm, expected, rtol=1e-5, atol=1e-5)


class Adapted(NanoGpt):
    """A second linear beside the output projection, as LoRA has."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(WIDTH, 2)
        self.outer = nn.Linear(2, WIDTH)
        self.plain, self.o = self.o, nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        states = super().forward(x)
        return self.plain(states) + self.outer(self.inner(states))


class Normed(Adapted):
    """The heads' outputs are changed before they are projected."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.plain(torch.tanh(NanoGpt.forward(self, x)))


@pytest.mark.parametrize("kind", [Adapted, Normed])
def test_without_one_projection_it_is_the_length_of_the_value_alone_and_the_layer_says_so(
    kind: type[Adapted],
) -> None:
    torch.manual_seed(0)
    model = kind()
    states = model.states()
    (layer,) = layers_of(model, states)
    value = model.c_attn(states)[0, :, -WIDTH:].unflatten(-1, (3, -1)).transpose(0, 1)
    assert layer.value_norm_of == "v"
    torch.testing.assert_close(layer.value_norm, value.norm(dim=-1).detach(), rtol=1e-5, atol=1e-6)


def test_a_probe_logs_it_with_its_contributions_unless_it_is_switched_off(tmp_path: Path) -> None:
    case = gated_case("bert", torch.float32)
    tokens = [f"t{number}" for number in range(9)]
    with AttentionWriter(tmp_path) as writer:
        writer.add_probe("probe", case.model, case.inputs, tokens, 0)
        writer.add_probe("without", case.model, case.inputs, tokens, 0, values=False)
    reader = AttentionReader(tmp_path)
    layers = layers_of(case.model, case.inputs)
    for layer, seen in zip(reader.read(".", "probe", 0).layers, layers, strict=True):
        assert layer.value_norm_of == "vWo"
        np.testing.assert_allclose(np.asarray(layer.value_norm, np.float32), seen.value_norm, rtol=1e-3)
    found = reader.metrics(".", "probe")
    column = found.names.index("contribution_entropy")
    assert np.isfinite(np.asarray(found.values[0])[..., column]).all()
    assert reader.read(".", "without", 0).layers[0].value_norm is None
    assert "contribution_entropy" not in reader.metrics(".", "without").names
