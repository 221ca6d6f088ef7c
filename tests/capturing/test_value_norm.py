"""The length of each key's value behind the output projection, against the model's own projections."""

from __future__ import annotations

import re
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from models.gated_models import CASES, Case, gated_case
from models.written_attention import WIDTH, NanoGpt
from torch import nn

from tensorboard_plugin_attn import AttentionReader, AttentionWriter, capture
from tensorboard_plugin_attn.capturing import probe_rows
from tensorboard_plugin_attn.capturing.calls import streamed
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


class Nothing(nn.Module):
    """In an adapter's place before there is one."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.zeros_like(x)


class AdaptedInFloat64(Adapted):
    """An adapter that computes in a wider type than the layer, as those of a layer in bfloat16 do."""

    def __init__(self) -> None:
        super().__init__()
        self.inner.double()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        states = NanoGpt.forward(self, x)
        return self.plain(states) + self.outer(self.inner(states.double()).to(states.dtype))


class AdaptedACopy(Adapted):
    """An adapter that reads a copy."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        states = NanoGpt.forward(self, x)
        return self.plain(states) + self.outer(self.inner(states.clone().contiguous()))


class Normed(Adapted):
    """The heads' outputs are changed before they are projected."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.plain(torch.tanh(NanoGpt.forward(self, x)))


@pytest.mark.parametrize("kind", [Adapted, AdaptedInFloat64, AdaptedACopy, Normed])
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


def test_a_projection_that_was_changed_swapped_or_adapted_since_is_seen_by_the_next_probe() -> None:
    torch.manual_seed(0)
    model = Adapted()
    states, adapter = model.states(), model.inner
    value = model.c_attn(states)[0, :, -WIDTH:].unflatten(-1, (3, -1)).transpose(0, 1).detach()
    model.inner = nn.Identity()  # so that there is one projection alone
    model.outer = Nothing()

    def check() -> None:
        (layer,) = layers_of(model, states)
        own = model.plain.weight.detach().T.unflatten(0, (3, -1))
        assert layer.value_norm_of == "vWo"
        torch.testing.assert_close(layer.value_norm, (value @ own).norm(dim=-1), rtol=1e-5, atol=1e-5)

    check()
    with torch.no_grad():
        model.plain.weight.mul_(2)  # as an optimiser's step
    check()
    model.plain.weight = nn.Parameter(torch.randn(WIDTH, WIDTH))
    check()
    model.plain = nn.Linear(WIDTH, WIDTH)
    check()
    model.inner, model.outer = adapter, nn.Linear(2, WIDTH)
    assert layers_of(model, states)[0].value_norm_of == "v"


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


@pytest.mark.parametrize("name", CASES)
def test_capture_and_its_record_have_what_the_probe_has(name: str) -> None:
    case = gated_case(name, torch.float32)
    probed = layers_of(case.model, case.inputs)
    with capture(case.model) as captured:
        case.value()
    assert [layer.value_norm_of for layer in captured.layers] == ["vWo"] * len(probed)
    for layer, other in zip(captured.layers, probed, strict=True):
        torch.testing.assert_close(layer.value_norm[0], other.value_norm, rtol=1e-6, atol=1e-6)


def test_a_record_of_a_capture_has_contributions_too(tmp_path: Path) -> None:
    case = gated_case("bert", torch.float32)
    with capture(case.model) as captured:
        case.value()
    record = captured.record([f"t{number}" for number in range(9)])
    assert [layer.value_norm_of for layer in record.layers] == ["vWo"] * len(captured.layers)
    with AttentionWriter(tmp_path) as writer:
        writer.add_record("record", record, 0)
    found = AttentionReader(tmp_path).metrics(".", "record")
    column = found.names.index("contribution_entropy")
    assert np.isfinite(np.asarray(found.values[0])[..., column]).all()


def test_a_capture_that_trains_keeps_no_graph_and_changes_no_gradient() -> None:
    case = gated_case("gpt2", torch.float32)
    gradients = []
    for is_captured in (False, True):
        case.model.zero_grad()
        with capture(case.model) if is_captured else nullcontext() as captured:
            case.model(**case.inputs).loss.backward()
        gradients.append([each.grad.clone() for each in case.model.parameters()])
    assert all(torch.equal(one, other) for one, other in zip(*gradients, strict=True))
    assert captured is not None
    assert not any(layer.value_norm.requires_grad for layer in captured.layers)


@pytest.mark.parametrize("cache", [True, False])
def test_a_generation_has_the_lengths_of_a_forward_over_what_it_read(cache: bool) -> None:
    model = gated_case("llama", torch.float32).model
    prompt = torch.arange(5)[None] + 3
    with capture(model) as captured:
        output = model.generate(prompt, max_new_tokens=4, do_sample=False, use_cache=cache, pad_token_id=0)
    record = captured.record([f"t{number}" for number in range(output.shape[1])])
    whole = layers_of(model, {"input_ids": output[:, :-1]})
    for layer, other in zip(record.layers, whole, strict=True):
        assert layer.value_norm_of == "vWo"
        np.testing.assert_allclose(layer.value_norm, other.value_norm, rtol=1e-4)


def probed(directory: Path, model: nn.Module, inputs: Any, length: int, **options: Any) -> Any:
    with AttentionWriter(directory, **options) as writer:
        writer.add_probe("probe", model, inputs, [f"t{number}" for number in range(length)], 0)
    reader = AttentionReader(directory)
    return reader.read(".", "probe", 0).layers[0], reader.metrics(".", "probe")


@pytest.mark.parametrize("limit", [streamed.HELD_BYTES, 0])
def test_a_map_kept_as_vectors_has_the_length_behind_the_projection_where_it_can_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    monkeypatch.setattr(streamed, "HELD_BYTES", limit)
    case = gated_case("gpt2", torch.float32)
    length = case.inputs["input_ids"].shape[1]
    layer, metrics = probed(tmp_path / "vectors", case.model, case.inputs, length, keep="vectors")
    whole, expected = probed(tmp_path / "weights", case.model, case.inputs, length, keep="weights")
    assert (layer.weights, layer.value_norm_of) == (None, "vWo" if limit else "v")
    norm = whole.value_norm if limit else values_of(case)[0].norm(dim=-1)
    np.testing.assert_allclose(np.asarray(layer.value_norm, np.float32), norm, rtol=1e-3)
    if limit:
        np.testing.assert_allclose(metrics.values, expected.values, rtol=2e-5, atol=2e-5)
    found = AttentionReader(tmp_path / "vectors").find(
        ".", "probe", 0, template="first", quantity="contribution"
    )
    assert np.isfinite(found.values).all()


class Overwriting(nn.Module):
    """What the layer was given, and what it returned, is overwritten before its output projection is called."""

    def __init__(self, *, overwrites: bool) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.overwrites = overwrites
        self.parts = nn.ModuleList([nn.Linear(WIDTH, WIDTH) for _ in range(3)])
        self.o = nn.Linear(WIDTH, WIDTH)

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        query, key, value = (part(states).unflatten(-1, (3, -1)).transpose(1, 2) for part in self.parts)
        seen = torch.ones(states.shape[1], states.shape[1], dtype=torch.bool).tril()
        output = torch.nn.functional.scaled_dot_product_attention(query * 4, key, value, attn_mask=seen)
        result = self.o(output.transpose(1, 2).flatten(2))
        if self.overwrites:
            for each in (query, key, value, output, seen):
                each.zero_()
        return torch.as_tensor(result)


@pytest.mark.filterwarnings("error")
def test_what_a_model_overwrites_after_its_call_is_not_what_is_measured(tmp_path: Path) -> None:
    states = torch.randn(1, 20, WIDTH)
    found = [
        probed(tmp_path / str(overwrites), Overwriting(overwrites=overwrites), states, 20, keep="vectors")
        for overwrites in (True, False)
    ]
    (layer, metrics), (other, expected) = found
    np.testing.assert_array_equal(metrics.values, expected.values)
    np.testing.assert_array_equal(layer.query, other.query)
    assert layer.value_norm_of == other.value_norm_of == "vWo"
    assert layer.output_error < 1e-5
