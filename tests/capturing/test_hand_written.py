"""capture: forms of attention that people write by hand, in many sizes, and softmaxes that must not be taken for it."""

from __future__ import annotations

import warnings

import pytest
import torch
from models.hand_written import SIZES, Form, Hand, Written, made
from models.hand_written_scores import SCORES
from models.hand_written_softmax import SOFTMAX
from models.not_attention import NOT_ATTENTION
from torch import nn

from tensorboard_plugin_attn import capture
from tensorboard_plugin_attn.errors import CaptureError, InvalidRecordError
from tensorboard_plugin_attn.record.layer import LayerAttention

FORMS = SCORES | SOFTMAX


def captured_with_own(
    written: Written, sizes: tuple[int, ...], *, trains: bool
) -> tuple[LayerAttention, torch.Tensor]:
    """The one layer of a form, and the weights that the form itself returns."""
    module, states = made(written.form, sizes, trains=trains)
    with torch.set_grad_enabled(trains), capture(module, query_key=True) as captured:
        _, own = captured.model(states)
    (layer,) = captured.layers
    return layer, own.detach()


@pytest.mark.parametrize("sizes", SIZES, ids=str)
@pytest.mark.parametrize("written", FORMS.values(), ids=FORMS)
def test_weights_are_those_that_the_module_computed_whatever_its_sizes(
    written: Written, sizes: tuple[int, ...]
) -> None:
    layer, own = captured_with_own(written, sizes, trains=False)
    torch.testing.assert_close(layer.weights, own, atol=1e-5, rtol=0)
    if sizes[1] > 2:
        assert layer.kind == written.kind
        assert written.mask in (layer.mask, "any")
    if written.rebuilds:
        assert layer.num_kv_heads == (written.kv_heads or sizes[2])
        assert layer.rebuild_error < 1e-5
    elif sizes == SIZES[0]:
        assert layer.rebuild_error is None or layer.rebuild_error > 1e-5


@pytest.mark.parametrize("written", FORMS.values(), ids=FORMS)
def test_a_training_forward_gives_the_same_with_gradients(written: Written) -> None:
    layer, own = captured_with_own(written, SIZES[0], trains=True)
    torch.testing.assert_close(layer.weights, own, atol=1e-5, rtol=0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize(
    "name",
    [
        "small weights cut off after the softmax",
        "masked after the softmax",
        "AllenNLP's masked softmax",
        "a row that sees no key",
        "weights smoothed after the softmax",
        "weights multiplied with values and summed",
    ],
)
def test_what_is_done_to_weights_after_their_softmax_is_in_them_and_their_output_is_compared(
    name: str, dtype: torch.dtype
) -> None:
    module, states = made(FORMS[name].form, SIZES[0])
    with torch.no_grad():
        module, states = module.to(dtype), (states / 4).to(dtype)
        with capture(module) as captured:
            _, own = captured.model(states)
    (layer,) = captured.layers
    torch.testing.assert_close(layer.weights, own.float(), atol=4 * torch.finfo(dtype).eps, rtol=0)
    assert layer.output_error is not None
    assert layer.differing_heads == []
    missing = own.float().sum(-1) < 0.9
    if name == "masked after the softmax":
        assert layer.sink is not None
        torch.testing.assert_close(layer.sink[missing], 1 - layer.weights.sum(-1)[missing], atol=1e-5, rtol=0)
    else:
        assert layer.sink is None


@pytest.mark.parametrize(
    "name",
    [
        "softmax off by one",
        "off by one, divided after the values",
        "a score of zero beside the keys",
        "a learned sink before the keys",
        "a gate per head",
    ],
)
def test_what_a_sink_takes_is_missing_in_half_precision_too(name: str) -> None:
    module, states = made(FORMS[name].form, SIZES[0])
    with torch.no_grad():
        module, states = module.bfloat16(), states.bfloat16() / 4
        with capture(module) as captured:
            _, own = captured.model(states)
    (layer,) = captured.layers
    torch.testing.assert_close(layer.weights.sum(-1), own.float().sum(-1), atol=0.01, rtol=0)


@pytest.mark.parametrize("sizes", SIZES[:4], ids=str)
@pytest.mark.parametrize("form", NOT_ATTENTION.values(), ids=NOT_ATTENTION)
def test_a_softmax_that_is_no_attention_is_never_recorded(form: Form, sizes: tuple[int, ...]) -> None:
    module, states = made(form, sizes)
    with warnings.catch_warnings(), torch.no_grad(), capture(module) as captured:
        warnings.simplefilter("ignore")
        captured.model(states)
    with pytest.raises(CaptureError, match="no attention was captured"):
        captured.layers  # noqa: B018 - the property raises


def test_layers_of_several_kinds_in_one_module_keep_their_order() -> None:
    def both(m: Hand, x: torch.Tensor) -> torch.Tensor:
        scores, v = m.scores(x)
        x = x + m.o((scores.softmax(-1) @ v).transpose(1, 2).flatten(2))
        memory = m.linear("memory", m.width, m.width)(torch.randn(m.batch, m.length + 1, m.width))
        q, k, v = (m.by_head(layer(y)) for layer, y in ((m.q, x), (m.k, memory), (m.v, memory)))
        return x + (q @ k.mT).softmax(-1).matmul(v).transpose(1, 2).flatten(2)

    module, states = made(both, SIZES[0])
    with torch.no_grad(), capture(module) as captured:
        captured.model(states)
    assert [(layer.kind, tuple(layer.weights.shape[2:])) for layer in captured.layers] == [
        ("self", (6, 6)),
        ("cross", (6, 7)),
    ]


def test_queries_in_chunks_give_a_layer_for_each_and_no_record() -> None:
    def chunked(m: Hand, x: torch.Tensor) -> torch.Tensor:
        q, k, v = m.parts(x)
        parts = [(part @ k.mT * m.size**-0.5).softmax(-1) @ v for part in q.split(2, dim=2)]
        return m.o(torch.cat(parts, 2).transpose(1, 2).flatten(2))

    module, states = made(chunked, SIZES[0])
    with torch.no_grad(), capture(module) as captured:
        captured.model(states)
        q, k, _ = module.parts(states)
    whole = (q @ k.mT * module.size**-0.5).softmax(-1)
    torch.testing.assert_close(torch.cat([layer.weights for layer in captured.layers], 2), whole)
    with pytest.raises(InvalidRecordError, match="has 2 query positions but tokens has 6 entries"):
        captured.record([f"w{index}" for index in range(module.length)])


def test_attention_inside_vmap_is_left_out_by_name() -> None:
    def by_input(m: Hand, x: torch.Tensor) -> torch.Tensor:
        def one(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
            return (q @ k.mT).softmax(-1) @ v

        return m.o(torch.vmap(torch.vmap(one))(*m.parts(x)).transpose(1, 2).flatten(2))

    module, states = made(by_input, SIZES[0])
    with (
        pytest.warns(UserWarning, match=r"it runs in torch\.vmap"),
        torch.no_grad(),
        capture(module) as captured,
    ):
        captured.model(states)


def test_attention_that_torchscript_compiled_is_an_error_that_says_so() -> None:
    class Scripted(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.project = nn.Linear(8, 8)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.softmax(self.project(x) @ x.transpose(1, 2), -1) @ x

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch will part with TorchScript
        model = torch.jit.script(Scripted())
    with torch.no_grad(), capture(nn.Sequential(model)) as captured:
        captured.model(torch.randn(2, 4, 8))
    with pytest.raises(CaptureError, match=r"torch\.jit\) hides its weights"):
        captured.layers  # noqa: B018 - the property raises
