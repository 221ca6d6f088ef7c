"""probe: layer by layer, and nothing of the training is changed."""

from __future__ import annotations

import gc
import random
import weakref
from typing import Any

import numpy as np
import pytest
import torch
from models.sharp_models import eager_attentions, small, token_ids
from torch import nn

from tensorboard_plugin_attn.capturing import probe
from tensorboard_plugin_attn.errors import CaptureError
from tensorboard_plugin_attn.record.layer import LayerAttention


def random_states() -> list[Any]:
    return [random.getstate(), str(np.random.get_state()), torch.get_rng_state().tolist()]


def test_layers_come_in_order_with_weights_of_one_input() -> None:
    model = small("llama").train()
    expected = eager_attentions(model.eval(), input_ids=token_ids())
    model.train()
    layers: dict[int, LayerAttention] = {}
    result = probe(model, {"input_ids": token_ids()}, on_layer=layers.__setitem__, batch=1)
    assert (result.calls, result.layers, result.left_out) == (3, 3, ())
    assert list(layers) == [0, 1, 2]
    for index, layer in layers.items():
        torch.testing.assert_close(layer.weights, expected[index][1], atol=1e-5, rtol=0)


def test_flags_hooks_random_states_and_gradients_are_as_before() -> None:
    model = small("bert").train()
    model.encoder.layer[1].eval()
    flags = [module.training for module in model.modules()]
    states = random_states()
    probe(model, {"input_ids": token_ids()}, on_layer=lambda index, layer: None)
    assert flags == [module.training for module in model.modules()]
    assert states == random_states()
    assert all(parameter.grad is None for parameter in model.parameters())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())
    assert not nn.modules.module._global_forward_hooks
    assert not nn.modules.module._global_forward_pre_hooks
    assert torch.is_grad_enabled()


class Failing(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Dropout()

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        torch.rand(3), random.random(), np.random.rand()
        raise ValueError("from the model")


def test_everything_is_as_before_after_an_exception_in_the_model() -> None:
    model = Failing().train()
    states = random_states()
    with pytest.raises(ValueError, match="from the model"):
        probe(model, torch.randn(1, 2), on_layer=lambda index, layer: None)
    assert model.training
    assert model.inner.training
    assert states != random_states() or torch.randn(1) is not None
    assert not nn.modules.module._global_forward_hooks
    assert torch.is_grad_enabled()
    assert not torch._C._len_torch_function_stack()


def test_twenty_steps_have_the_same_losses_with_and_without_a_probe() -> None:
    def losses(with_probe: bool) -> list[float]:
        model = small("gpt2", attn_pdrop=0.1, resid_pdrop=0.1).train()
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
        torch.manual_seed(5)
        result = []
        for _ in range(20):
            ids = torch.randint(5, 90, (4, 12))
            loss = model(input_ids=ids, labels=ids).loss
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            result.append(loss.item())
            if with_probe:
                probe(model, {"input_ids": token_ids()}, on_layer=lambda index, layer: None, query_key=True)
        return result

    assert losses(True) == losses(False)


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_a_compiled_model_is_probed_as_it_was_written() -> None:
    model = small("bert")
    expected = eager_attentions(model, input_ids=token_ids())
    layers: list[LayerAttention] = []
    probe(
        torch.compile(model),
        {"input_ids": token_ids()},
        on_layer=lambda index, layer: layers.append(layer),
    )
    assert [layer.name for layer in layers] == [f"encoder.layer.{index}.attention.self" for index in range(3)]
    torch.testing.assert_close(layers[2].weights, expected[2][0], atol=1e-5, rtol=0)


def test_only_the_layers_and_heads_that_are_asked_for() -> None:
    model = small("llama")
    expected = eager_attentions(model, input_ids=token_ids())
    layers: dict[int, LayerAttention] = {}
    result = probe(
        model,
        {"input_ids": token_ids()},
        on_layer=layers.__setitem__,
        query_key=True,
        layers=[2],
        heads=[3, 0],
    )
    assert (list(layers), result.calls, layers[2].heads) == ([2], 3, [0, 3])
    torch.testing.assert_close(layers[2].weights, expected[2][0][[0, 3]], atol=1e-5, rtol=0)
    assert layers[2].key.shape == layers[2].query.shape == (2, 9, 12)
    with pytest.raises(CaptureError, match=r"layers: expected numbers from 0 to 2, got \[7\]"):
        probe(model, {"input_ids": token_ids()}, on_layer=layers.__setitem__, layers=[7])
    with pytest.raises(CaptureError, match=r"heads of layer 0: expected numbers from 0 to 3, got \[4\]"):
        probe(model, {"input_ids": token_ids()}, on_layer=layers.__setitem__, heads=[4])


def test_float_weights_of_at_most_two_layers_are_alive_at_a_time() -> None:
    alive: list[weakref.ref[torch.Tensor]] = []
    most = 0

    def count(index: int, layer: LayerAttention) -> None:
        nonlocal most
        gc.collect()
        alive.append(weakref.ref(layer.weights))
        most = max(most, sum(reference() is not None for reference in alive))

    for name in ("bert", "gpt2"):
        alive.clear()
        probe(small(name), {"input_ids": token_ids()}, on_layer=count)
        assert len(alive) == 3
    assert most <= 2


def test_bfloat16_weights_are_computed_in_float32_from_query_and_key() -> None:
    model = small("llama").to(torch.bfloat16)
    layers: list[LayerAttention] = []
    probe(
        model,
        {"input_ids": token_ids()},
        on_layer=lambda index, layer: layers.append(layer),
        query_key=True,
    )
    layer = layers[0]
    assert (layer.dtype, layer.weights.dtype) == ("bfloat16", torch.float32)
    torch.testing.assert_close(layer.weights.sum(-1), torch.ones(4, 9), atol=1e-6, rtol=0)
    assert layer.rebuild_error is not None
    assert layer.rebuild_error < 1e-6
