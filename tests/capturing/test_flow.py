"""capture: what the data flow says of a map: learned tokens, several sets of keys, stacks, queries that see nothing."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from models.hand_written import Hand, made

from tensorboard_plugin_attn import capture


def learned_tokens(m: Hand, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Object queries that attend to each other before they see the input."""
    slots = m.parameter("slots", m.length + 1, m.width)
    q, k, v = (
        layer(slots).view(-1, m.heads, m.size).transpose(0, 1).contiguous() for layer in (m.q, m.k, m.v)
    )
    weights = (torch.bmm(q, k.transpose(1, 2)) / m.size**0.5).softmax(-1)
    return torch.bmm(weights, v).transpose(0, 1).flatten(1) + x.mean(1, keepdim=True), weights


def test_attention_among_learned_tokens_is_captured_and_rebuilt() -> None:
    module, states = made(learned_tokens, (2, 6, 3, 4))
    with torch.no_grad(), capture(module, query_key=True) as captured:
        _, weights = captured.model(states)
    (layer,) = captured.layers
    assert torch.equal(layer.weights, weights[None])
    assert layer.rebuild_error is not None
    assert layer.rebuild_error < 1e-6


def one_softmax_over_two_sets_of_keys(m: Hand, x: torch.Tensor) -> torch.Tensor:
    q, k, v = m.parts(x)
    few, other = k[..., :2, :] * 2, v[..., :2, :] + 1
    weights = torch.cat([q @ few.mT, q @ k.mT], -1).softmax(-1)
    return weights[..., :2] @ other + weights[..., 2:] @ v


def test_one_softmax_over_two_sets_of_keys_is_left_out_by_name() -> None:
    module, states = made(one_softmax_over_two_sets_of_keys, (2, 6, 3, 4))
    with (
        pytest.warns(UserWarning, match="several sets of keys"),
        torch.no_grad(),
        capture(module) as captured,
    ):
        captured.model(states)
    assert not captured.sightings


@pytest.mark.parametrize("is_first", [True, False])
def test_a_learned_key_that_is_cut_off_after_the_softmax_is_a_sink(is_first: bool) -> None:
    def with_sink(m: Hand, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        q, k, v = m.parts(x)
        scores = [q @ k.mT, q @ m.parameter("sink", m.size, 1)]
        weights = torch.cat(scores[::-1] if is_first else scores, -1).softmax(-1)
        weights = weights[..., 1:] if is_first else weights[..., :-1]
        return weights @ v, weights

    module, states = made(with_sink, (2, 6, 3, 4))
    with torch.no_grad(), capture(module) as captured:
        _, weights = captured.model(states)
    (layer,) = captured.layers
    assert torch.equal(layer.weights, weights)


def test_a_cache_of_one_token_that_gets_a_second_one_is_no_stack_of_states() -> None:
    class Cached(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.past: list[torch.Tensor] = []
            self.q, self.k, self.v = (torch.nn.Linear(8, 8) for _ in range(3))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            k, v = self.k(x), self.v(x)
            if self.past:
                k, v = torch.cat([self.past[0], k], 1), torch.cat([self.past[1], v], 1)
            self.past = [k, v]
            return (self.q(x) @ k.mT).softmax(-1) @ v

    model = Cached().eval()
    with torch.no_grad(), capture(model) as captured:
        for _ in range(3):
            captured.model(torch.randn(2, 1, 8))
    assert [tuple(layer.weights.shape) for layer in captured.layers] == [(2, 1, 1, n) for n in (1, 2, 3)]


@pytest.mark.parametrize("hides", [torch.finfo(torch.float32).min, -10000.0])
def test_a_query_all_of_whose_keys_a_finite_mask_hides_has_the_weights_that_the_softmax_gives(
    hides: float,
) -> None:
    class Masked(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            mask = torch.full((5, 5), hides).triu(1)
            mask[0] = hides
            return F.scaled_dot_product_attention(x, x, x, attn_mask=mask)

    states = torch.randn(2, 3, 5, 4)
    with torch.no_grad(), capture(Masked(), query_key=True) as captured:
        result = captured.model(states)
    (layer,) = captured.layers
    assert torch.allclose(layer.weights @ states, result, atol=1e-5)
    assert torch.allclose(layer.weights.sum(-1), torch.ones(2, 3, 5))
    assert layer.rebuild_error is not None
    assert layer.rebuild_error < 1e-5


def test_a_query_whose_keys_are_hidden_by_minus_infinity_has_no_weights() -> None:
    class Hidden(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            mask = torch.zeros(5, 5)
            mask[2] = -torch.inf
            return F.scaled_dot_product_attention(x, x, x, attn_mask=mask)

    with torch.no_grad(), capture(Hidden()) as captured:
        captured.model(torch.randn(2, 3, 5, 4))
    (layer,) = captured.layers
    assert not layer.weights[:, :, 2].any()
    assert torch.allclose(layer.weights[:, :, 3].sum(-1), torch.ones(2, 3))
