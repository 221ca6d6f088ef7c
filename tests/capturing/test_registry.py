"""capture: kernels that hide their weights, as they are called through transformers' attention registry."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from models.sharp_models import eager_attentions, small, token_ids
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from tensorboard_plugin_attn import capture
from tensorboard_plugin_attn.capturing import probe


@torch.library.custom_op("attn_tests::opaque", mutates_args=())
def opaque(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, scale: float) -> torch.Tensor:
    """A causal kernel of which a function mode sees the call alone."""
    key, value = (part.repeat_interleave(query.shape[1] // part.shape[1], 1) for part in (key, value))
    return F.scaled_dot_product_attention(query, key, value, is_causal=True, scale=scale).clone()


def opaque_kernel(
    module: Any, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, mask: Any, **options: Any
) -> tuple[torch.Tensor, None]:
    return opaque(query, key, value, options["scaling"]).transpose(1, 2).contiguous(), None


def transparent_kernel(
    module: Any, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, mask: Any, **options: Any
) -> tuple[torch.Tensor, None]:
    states = F.scaled_dot_product_attention(
        query, key, value, is_causal=True, scale=options["scaling"], enable_gqa=True
    )
    return states.transpose(1, 2).contiguous(), None


@pytest.fixture(params=[opaque_kernel, transparent_kernel])
def kernel(request: pytest.FixtureRequest) -> Iterator[str]:
    name = f"attn_tests_{request.param.__name__}"
    ALL_ATTENTION_FUNCTIONS.register(name, request.param)
    yield name
    del type(ALL_ATTENTION_FUNCTIONS)._global_mapping[name]


def test_a_registered_kernel_is_captured_once_whether_one_can_look_inside_or_not(kernel: str) -> None:
    model = small("llama")
    expected = eager_attentions(model, input_ids=token_ids())
    model.set_attn_implementation(kernel)
    with torch.no_grad():
        plain = model(input_ids=token_ids()).logits
        with capture(model, query_key=True) as captured:
            watched = captured.model(input_ids=token_ids()).logits
    assert torch.equal(plain, watched)
    assert len(captured.layers) == 3
    for layer, reference in zip(captured.layers, expected, strict=True):
        torch.testing.assert_close(layer.weights, reference, atol=1e-5, rtol=0)
        assert (layer.mask, layer.num_kv_heads) == ("causal", 2)
        assert layer.rebuild_error < 1e-5
    assert ALL_ATTENTION_FUNCTIONS[kernel].__name__ in ("opaque_kernel", "transparent_kernel")
    assert not ALL_ATTENTION_FUNCTIONS._local_mapping


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore:flex_attention called without")
def test_flex_attention_is_captured_with_its_mask_and_scores() -> None:
    model = small("llama")
    expected = eager_attentions(model, input_ids=token_ids())
    model.set_attn_implementation("flex_attention")
    layers = []
    probe(model, {"input_ids": token_ids()}, on_layer=lambda index, layer: layers.append(layer))
    assert [layer.mechanism for layer in layers] == ["flex_attention"] * 3
    for layer, reference in zip(layers, expected, strict=True):
        torch.testing.assert_close(layer.weights, reference[0], atol=1e-5, rtol=0)
    assert model.config._attn_implementation == "flex_attention"


def test_a_kernel_that_a_model_finds_in_a_registry_of_its_own_is_captured(kernel: str) -> None:
    """As Doge keeps one."""
    own = type(ALL_ATTENTION_FUNCTIONS)()

    class Attention(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.qkv = torch.nn.Linear(16, 48)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            query, key, value = self.qkv(x).unflatten(-1, (3, 2, 8)).permute(2, 0, 3, 1, 4)
            states: torch.Tensor = own[kernel](self, query, key, value, None, scaling=0.3)[0]
            return states

    model = Attention().eval()
    with torch.no_grad(), capture(model) as captured:
        captured.model(torch.randn(2, 5, 16))
    (layer,) = captured.layers
    assert (layer.mask, tuple(layer.weights.shape)) == ("causal", (2, 2, 5, 5))
    assert own[kernel].__name__ in ("opaque_kernel", "transparent_kernel")
