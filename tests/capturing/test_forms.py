"""capture: attention in every way in which it is written."""

from __future__ import annotations

import pytest
import torch
from models.written_attention import HEADS, LENGTH, WIDTH, ImageNonLocal, Written
from models.written_variants import LEFT_OUT_FORMS, LeftOutForm
from torch import nn

from tensorboard_plugin_attn import capture
from tensorboard_plugin_attn.record.layer import LayerAttention

FORMS = Written.__subclasses__()


def captured_layers(model: nn.Module, *inputs: torch.Tensor) -> list[LayerAttention]:
    with torch.no_grad(), capture(model, query_key=True) as captured:
        captured.model(*inputs)
    return captured.layers


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_weights_are_those_of_the_formula(form: type[Written]) -> None:
    torch.manual_seed(0)
    model = form().eval()
    states = model.states()
    (layer,) = captured_layers(model, states)
    with torch.no_grad():
        torch.testing.assert_close(layer.weights, model.expected(states), atol=1e-6, rtol=0)
    assert (layer.kind, layer.mask) == (form.kind, form.mask)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_query_key_and_bias_give_back_the_weights_or_the_record_says_that_they_do_not(
    form: type[Written],
) -> None:
    torch.manual_seed(0)
    model = form().eval()
    (layer,) = captured_layers(model, model.states())
    if not form.rebuilds:
        assert layer.rebuild_error is None or layer.rebuild_error > 1e-5
        return
    assert layer.rebuild_error is not None
    assert layer.rebuild_error < 1e-5
    assert layer.num_kv_heads == form.kv_heads
    key = layer.key.repeat_interleave(layer.num_heads // layer.num_kv_heads, 1)
    scores = layer.query @ key.mT * layer.scale + (0 if layer.bias is None else layer.bias)
    if layer.mask != "full":
        keys = torch.arange(LENGTH)
        width = LENGTH if layer.mask == "causal" else int(layer.mask.split()[1])
        seen = (keys <= keys[:, None]) & (keys > keys[:, None] - width)
        scores = scores.masked_fill(~seen, -torch.inf)
    torch.testing.assert_close(scores.softmax(-1), layer.weights, atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    "form", [form for form in FORMS if form is not ImageNonLocal], ids=lambda form: form.__name__
)
def test_a_training_forward_keeps_its_outputs_and_random_state(form: type[Written]) -> None:
    torch.manual_seed(0)
    model = form().train()
    states = model.states()
    torch.manual_seed(1)
    plain, state = model(states), torch.get_rng_state()
    torch.manual_seed(1)
    with capture(model) as captured:
        watched = captured.model(states)
    assert torch.equal(plain, watched)
    assert torch.equal(state, torch.get_rng_state())
    with torch.no_grad():
        torch.testing.assert_close(captured.layers[0].weights, model.expected(states), atol=1e-6, rtol=0)


@pytest.mark.parametrize("form", LEFT_OUT_FORMS, ids=lambda form: form.__name__)
def test_what_is_no_attention_of_tokens_to_tokens_is_named_in_a_warning(form: type[LeftOutForm]) -> None:
    torch.manual_seed(0)

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.odd, self.attention = form(), nn.MultiheadAttention(WIDTH, HEADS, batch_first=True)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = x + self.odd(x)
            return self.attention(x, x, x)[0]

    with pytest.warns(UserWarning, match=f"attention left out: odd: (softmax|attention): .*{form.reason}"):
        layers = captured_layers(Model(), torch.randn(2, LENGTH, WIDTH))
    assert [layer.name for layer in layers] == ["attention"]


MASKS = {
    "none": {},
    "causal": {"attn_mask": torch.ones(LENGTH, LENGTH).triu(1).bool()},
    "padding": {"key_padding_mask": torch.tensor([[False] * 6, [False] * 4 + [True] * 2])},
}


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("need_weights", [True, False])
@pytest.mark.parametrize(
    "options", [{}, {"add_bias_kv": True, "add_zero_attn": True}, {"kdim": 5, "vdim": 7}]
)
def test_multihead_attention_equals_its_own_weights(
    options: dict[str, bool], need_weights: bool, mask: str
) -> None:
    torch.manual_seed(0)
    model = nn.MultiheadAttention(WIDTH, HEADS, batch_first=True, **options)
    query = torch.randn(2, LENGTH, WIDTH)
    key = torch.randn(2, LENGTH, options.get("kdim", WIDTH))
    value = torch.randn(2, LENGTH, options.get("vdim", WIDTH))
    with torch.no_grad():
        _, expected = model(query, key, value, average_attn_weights=False, **MASKS[mask])
        with capture(model, query_key=True) as captured:
            captured.model(query, key, value, need_weights=need_weights, **MASKS[mask])
    (layer,) = captured.layers
    torch.testing.assert_close(layer.weights, expected, atol=1e-6, rtol=0)
    assert (layer.kind, layer.mechanism) == ("cross", "multi_head_attention_forward")
    assert layer.rebuild_error < 1e-6


def test_unbatched_multihead_attention_has_a_batch_of_one() -> None:
    model = nn.MultiheadAttention(WIDTH, HEADS)
    states = torch.randn(LENGTH, WIDTH)
    with torch.no_grad():
        _, expected = model(states, states, states, average_attn_weights=False)
    (layer,) = captured_layers(model, states, states, states)
    torch.testing.assert_close(layer.weights, expected[None], atol=1e-6, rtol=0)


@pytest.mark.filterwarnings("ignore:enable_nested_tensor is True")
def test_a_transformer_with_padding_leaves_its_fast_path_and_nested_tensors() -> None:
    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(WIDTH, HEADS, 16, batch_first=True)
    model = nn.TransformerEncoder(layer, 2).eval()
    states = torch.randn(2, LENGTH, WIDTH)
    padding = torch.tensor([[False] * 6, [False] * 4 + [True] * 2])
    with torch.no_grad(), capture(model) as captured:
        captured.model(states, src_key_padding_mask=padding)
    record = captured.record([f"w{index}" for index in range(LENGTH)], batch=1)
    assert record.tokens == ["w0", "w1", "w2", "w3"]
    with torch.no_grad():
        _, alone = model.layers[0].self_attn(*[states[1:, :4]] * 3, average_attn_weights=False)
    torch.testing.assert_close(torch.from_numpy(record.layers[0].weights), alone[0], atol=1e-6, rtol=0)


@pytest.mark.filterwarnings("ignore:enable_nested_tensor is True")
def test_encoder_and_decoder_of_a_torch_transformer_are_told_apart() -> None:
    model = nn.Transformer(WIDTH, HEADS, 1, 2, 16, batch_first=True).train()
    with capture(model) as captured:
        captured.model(
            torch.randn(2, LENGTH, WIDTH),
            torch.randn(2, LENGTH, WIDTH),
            tgt_mask=nn.Transformer.generate_square_subsequent_mask(LENGTH),
        )
    assert [(layer.kind, layer.stack, layer.mask) for layer in captured.layers] == [
        ("self", "encoder", "full"),
        *[("self", "decoder", "causal"), ("cross", "decoder", "full")] * 2,
    ]


def test_one_head_at_a_time_gives_a_layer_for_each() -> None:
    class OneHead(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.q, self.k, self.v = (nn.Linear(WIDTH, 4) for _ in range(3))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return (self.q(x) @ self.k(x).transpose(1, 2)).softmax(-1) @ self.v(x)

    class Heads(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.heads = nn.ModuleList(OneHead() for _ in range(3))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.cat([head(x) for head in self.heads], -1)

    layers = captured_layers(Heads(), torch.randn(2, LENGTH, WIDTH))
    assert [(layer.name, tuple(layer.weights.shape)) for layer in layers] == [
        (f"heads.{index}", (2, 1, LENGTH, LENGTH)) for index in range(3)
    ]


class OnNested(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.project = nn.Linear(WIDTH, WIDTH)

    def by_head(self, states: torch.Tensor) -> torch.Tensor:
        return self.project(states).unflatten(-1, [HEADS, -1]).transpose(-3, -2)

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        parts = self.by_head(states)
        return nn.functional.scaled_dot_product_attention(parts, parts, parts)


@pytest.mark.filterwarnings("ignore:.*nested tensors is in prototype")
def test_nested_tensors_give_padded_maps_that_see_nothing_beyond_their_end() -> None:
    torch.manual_seed(0)
    model, inputs = OnNested(), [torch.randn(5, WIDTH), torch.randn(3, WIDTH)]
    (layer,) = captured_layers(model, torch.nested.nested_tensor(inputs, layout=torch.jagged))
    assert layer.weights.shape == (2, HEADS, 5, 5)
    for weights, states in zip(layer.weights, inputs, strict=True):
        parts, length = model.by_head(states), len(states)
        expected = (parts @ parts.mT / 2).softmax(-1)
        torch.testing.assert_close(weights[:, :length, :length], expected.detach(), atol=1e-6, rtol=0)
        assert not weights[:, :length, length:].any()
