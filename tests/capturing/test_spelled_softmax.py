"""capture: a softmax is a softmax, however it is written; what cannot be followed is named."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from models.spelled_softmax import BESIDE, BY_ROWS, NAMED, Spelling, shifted
from torch import Tensor, nn

from tensorboard_plugin_attn import capture

BATCH, LENGTH, HEADS, SIZE = 2, 6, 3, 4
WIDTH = HEADS * SIZE
Meets = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
TOLERANCES = {torch.float32: 1e-5, torch.bfloat16: 2e-2}


def by_matmul(spelling: Spelling) -> Meets:
    def meets(scores: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        weights = spelling(scores)
        return weights @ values, weights

    return meets


class Attention(nn.Module):
    """Attention whose scores meet the values by a given function, which says what its weights are."""

    def __init__(self, meets: Meets, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.meets = meets
        self.q, self.k, self.v = (nn.Linear(WIDTH, WIDTH, dtype=dtype) for _ in range(3))
        self.weights = torch.empty(0)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = (
            layer(x).unflatten(-1, (HEADS, SIZE)).transpose(1, 2) for layer in (self.q, self.k, self.v)
        )
        states, weights = self.meets(q @ k.mT * SIZE**-0.5 * 4, v)
        self.weights = weights.detach().float().clone()
        return states.transpose(1, 2).flatten(2)


def check(meets: Meets, dtype: torch.dtype = torch.float32) -> tuple[str, str | None, float | None]:
    """Capture one attention, hold its weights against its own, and say how it was seen."""
    model = Attention(meets, dtype).eval()
    states = torch.randn(BATCH, LENGTH, WIDTH, dtype=dtype)
    with torch.no_grad(), capture(model, query_key=True) as captured:
        captured.model(states)
    (layer,) = captured.layers
    torch.testing.assert_close(layer.weights, model.weights, atol=TOLERANCES[dtype], rtol=0)
    return layer.mechanism, layer.mask, layer.rebuild_error


@pytest.mark.parametrize("dtype", TOLERANCES, ids=str)
@pytest.mark.parametrize("spelling", NAMED.values(), ids=NAMED)
def test_every_spelling_of_a_softmax_is_one(spelling: Spelling, dtype: torch.dtype) -> None:
    mechanism, _, error = check(by_matmul(spelling), dtype)
    assert mechanism == "softmax"
    assert error is not None


@pytest.mark.parametrize(
    "name", ["masked between", "zero where masked", "the lower triangle", "log_softmax, masked"]
)
def test_a_mask_between_the_steps_is_the_layers_mask(name: str) -> None:
    assert check(by_matmul(NAMED[name]))[1] == "causal"


@pytest.mark.parametrize(
    "name",
    [name for name in NAMED if "mask" not in name and "triangle" not in name and "a little" not in name],
)
def test_query_and_key_rebuild_what_was_written_in_steps(name: str) -> None:
    _, mask, error = check(by_matmul(NAMED[name]))
    assert mask == "full"
    assert error is not None
    assert error < 1e-5


@pytest.mark.parametrize("spelling", BY_ROWS.values(), ids=BY_ROWS)
def test_weights_that_no_table_knows_show_in_their_rows(spelling: Spelling) -> None:
    check(by_matmul(spelling))


@pytest.mark.parametrize("meets", BESIDE.values(), ids=BESIDE)
def test_exponentials_may_meet_the_values_before_they_are_divided(meets: Meets) -> None:
    assert check(meets)[0] == "softmax"


def never_divided(scores: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
    powers = shifted(scores).exp()
    return (powers @ values) / powers.cumsum(-1)[..., -1:], powers


def dropped_in_training(scores: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
    powers = shifted(scores).exp()
    weights = nn.functional.dropout(powers / powers.cumsum(-1)[..., -1:], 0.5, training=True)
    return weights @ values, weights


@pytest.mark.parametrize("meets", [never_divided, dropped_in_training])
def test_what_cannot_be_followed_is_named_beside_layers_that_can(meets: Meets) -> None:
    model = nn.Sequential(Attention(meets), Attention(by_matmul(NAMED["torch.softmax"]))).eval()
    with (
        pytest.warns(UserWarning, match=r"attention left out: 0: softmax: "),
        torch.no_grad(),
        capture(model) as captured,
    ):
        captured.model(torch.randn(BATCH, LENGTH, WIDTH))
    assert [layer.name for layer in captured.layers] == ["1"]


@pytest.mark.parametrize("name", ["exp over sum", "log_softmax, cloned", "by out"])
def test_values_and_output_are_handed_on_and_compared_with_the_weights(name: str) -> None:
    model = Attention(by_matmul(NAMED[name])).eval()
    with torch.no_grad(), capture(model) as captured:
        captured.model(torch.randn(BATCH, LENGTH, WIDTH))
    (sighting,) = captured.sightings
    assert sighting.output_error is not None
    assert float(sighting.output_error.max()) < 1e-5
