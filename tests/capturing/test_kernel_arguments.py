"""Opaque kernels: every argument that transformers hands them is followed, or the layer is refused by name."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import nn
from transformers import CONFIG_MAPPING, AttentionMaskInterface, AutoModel
from transformers.masking_utils import flash_attention_mask
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from tensorboard_plugin_attn import capture
from tensorboard_plugin_attn.capturing.calls.packing import positions_from_end

HEADS, KV_HEADS, LENGTH, WIDTH = 4, 2, 10, 8
NAME = "attn_tests_follows_arguments"
USED: list[torch.Tensor] = []


@torch.library.custom_op("attn_tests::given_weights", mutates_args=())
def given_weights(weights: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    return weights @ value


def position_of(ends: torch.Tensor, length: int) -> tuple[list[int], list[int]]:
    """Each position's document, and how far it is from that document's end: written as loops, unlike ours."""
    number, left, document = [], [], 0
    for place in range(length):
        while place >= int(ends[document + 1]):
            document += 1
        number.append(document)
        left.append(int(ends[document + 1]) - place)
    return number, left


def sees(query: int, key: int, spans: Any, options: dict[str, Any], is_causal: bool) -> bool:
    (q_document, q_left), (k_document, k_left) = spans
    behind = k_left[key] - q_left[query]
    window = options.get("sliding_window")
    return (
        q_document[query] == k_document[key]
        and (not is_causal or behind >= 0)
        and (window is None or abs(behind) < window)
    )


def kernel(
    module: Any, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, mask: Any, **options: Any
) -> tuple[torch.Tensor, None]:
    """Attention as flash kernels document it, in plain loops; keeps its weights in ``USED``."""
    batch, queries, keys = len(query), query.shape[-2], key.shape[-2]
    groups = query.shape[1] // key.shape[1]
    ends = options.get("cu_seq_lens_q"), options.get("cu_seq_lens_k")
    positions = options.get("position_ids")
    if mask is None and batch == 1 and positions is not None and positions.dim() == 2:
        starts = (positions[0] == 0).nonzero()[:, 0]
        ends = (torch.cat([starts, torch.tensor([keys])]),) * 2 if len(starts) > 1 else ends
    spans = [
        position_of(torch.arange(batch + 1) * length if end is None else end, batch * length)
        for end, length in zip(ends, (queries, keys), strict=True)
    ]
    is_causal = options.get("is_causal", module.is_causal)
    rows = [
        [
            [sees(row * queries + i, row * keys + j, spans, options, is_causal) for j in range(keys)]
            for i in range(queries)
        ]
        for row in range(batch)
    ]
    allowed = torch.tensor(rows)[:, None]
    if mask is not None:
        allowed = allowed & mask[:, None, None].bool()
    scores = query @ key.repeat_interleave(groups, 1).mT * options["scaling"]
    if options.get("softcap"):
        scores = options["softcap"] * torch.tanh(scores / options["softcap"])
    if options.get("position_bias") is not None:
        scores = scores + options["position_bias"]
    if options.get("alibi") is not None:
        scores = scores - options["alibi"] * torch.arange(queries, 0, -1)[:, None] / torch.arange(1, keys + 1)
    scores = scores.masked_fill(~allowed, -torch.inf)
    if options.get("s_aux") is not None:
        column = options["s_aux"].reshape(1, -1, 1, 1).expand(len(query), -1, queries, 1)
        weights = torch.cat([scores, column], -1).softmax(-1)[..., :-1]
    else:
        weights = scores.softmax(-1)
    USED.append(weights)
    states = given_weights(weights.contiguous(), value.repeat_interleave(groups, 1).contiguous())
    return states.transpose(1, 2).contiguous(), None


class Module(nn.Module):
    """Query, key and value of its own, handed to a registered kernel with the arguments of a case."""

    def __init__(self, options: dict[str, Any], mask: Any = None, *, is_causal: bool = True) -> None:
        super().__init__()
        self.is_causal, self.options, self.mask = is_causal, options, mask
        self.num_heads = HEADS
        torch.manual_seed(0)
        self.parts = nn.ModuleList(nn.Linear(16, heads * WIDTH) for heads in (HEADS, KV_HEADS, KV_HEADS))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        query, key, value = (part(x).unflatten(-1, (-1, WIDTH)).transpose(1, 2) for part in self.parts)
        run = ALL_ATTENTION_FUNCTIONS[NAME]
        return run(self, query * 4, key, value, self.mask, scaling=WIDTH**-0.5, dropout=0.0, **self.options)[
            0
        ]


@pytest.fixture(autouse=True)
def registered() -> Iterator[None]:
    hidden = torch.compiler.disable(kernel)

    def opaque(*args: Any, **kwargs: Any) -> Any:
        with torch._C.DisableTorchFunction():
            return hidden(*args, **kwargs)

    ALL_ATTENTION_FUNCTIONS.register(NAME, opaque)
    AttentionMaskInterface.register(NAME, flash_attention_mask)
    USED.clear()
    yield
    del type(ALL_ATTENTION_FUNCTIONS)._global_mapping[NAME]
    del AttentionMaskInterface._global_mapping[NAME]


PACKED = torch.tensor([[0, 1, 2, 0, 1, 2, 3, 0, 1, 2]])
ENDS = torch.tensor([0, 3, 7, 10], dtype=torch.int32)
LENGTHS = {"cu_seq_lens_q": ENDS, "cu_seq_lens_k": ENDS, "max_length_q": 4, "max_length_k": 4}
CASES: dict[str, tuple[dict[str, Any], bool, str]] = {
    "causal": ({}, True, "causal"),
    "both sides": ({}, False, "full"),
    "packed by positions": ({"position_ids": PACKED}, True, "other"),
    "packed by positions, both sides": ({"position_ids": PACKED}, False, "other"),
    "packed by lengths": (LENGTHS, True, "other"),
    "packed by lengths, in a window": ({**LENGTHS, "sliding_window": 2}, True, "other"),
    "positions that go on": ({"position_ids": torch.arange(10)[None]}, True, "causal"),
    "positions that begin late": ({"position_ids": torch.arange(5, 15)[None]}, True, "causal"),
    "positions of time, height and width": ({"position_ids": PACKED.expand(3, 1, 10)}, True, "causal"),
    "a window back": ({"sliding_window": 3}, True, "window 3"),
    "a window to both sides": ({"sliding_window": 3}, False, "other"),
    "a window longer than the text": ({"sliding_window": 50}, False, "full"),
    "causal by argument": ({"is_causal": True}, False, "causal"),
    "not causal by argument": ({"is_causal": False}, True, "full"),
    "a soft-cap": ({"softcap": 2.0}, True, "causal"),
    "no soft-cap": ({"softcap": 0.0}, True, "causal"),
    "sinks": ({"s_aux": torch.tensor([-3.0, 0.0, 1.0, 4.0])}, True, "causal"),
    "a bias": ({"position_bias": torch.linspace(-2, 2, 400).reshape(1, 4, 10, 10)}, True, "causal"),
    "arguments that change nothing": ({"use_cache": False, "output_attentions": True}, True, "causal"),
}


@pytest.mark.parametrize("name", CASES)
def test_weights_are_those_that_the_kernel_used(name: str) -> None:
    options, is_causal, mask = CASES[name]
    with (
        torch.no_grad(),
        warnings.catch_warnings(),
        capture(Module(options, is_causal=is_causal)) as captured,
    ):
        warnings.simplefilter("error")
        captured.model(torch.randn(1, LENGTH, 16, generator=torch.Generator().manual_seed(1)))
    (layer,) = captured.layers
    torch.testing.assert_close(layer.weights, USED[0], atol=1e-5, rtol=0)
    assert (layer.mechanism, layer.mask, layer.model_heads) == ("registry", mask, HEADS)
    assert layer.output_error < 1e-5
    assert (layer.sink is None) == ("s_aux" not in options)
    if layer.sink is not None:
        torch.testing.assert_close(layer.sink, 1 - USED[0].sum(-1), atol=1e-5, rtol=0)


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_padded_batch_hides_padding_whatever_the_positions_say(side: str) -> None:
    mask = torch.ones(2, LENGTH, dtype=torch.long)
    mask[1, slice(0, 4) if side == "left" else slice(6, None)] = 0
    with torch.no_grad(), capture(Module({"position_ids": PACKED}, mask, is_causal=False)) as captured:
        captured.model(torch.randn(2, LENGTH, 16))
    (layer,) = captured.layers
    real = mask.bool()
    for row in range(2):
        expected = USED[0][row][:, real[row]]
        torch.testing.assert_close(layer.weights[row][:, real[row]], expected, atol=1e-5, rtol=0)
    assert layer.differing_heads == []


def test_documents_may_lie_over_the_rows_of_a_batch() -> None:
    ends = torch.tensor([0, 10, 14, 20])
    with torch.no_grad(), capture(Module({"cu_seq_lens_q": ends, "cu_seq_lens_k": ends})) as captured:
        captured.model(torch.randn(2, LENGTH, 16))
    (layer,) = captured.layers
    torch.testing.assert_close(layer.weights, USED[0], atol=1e-5, rtol=0)
    assert float(layer.weights[1, :, 4:, :4].max()) == 0
    assert float(layer.weights[0, :, 4:, :4].max()) > 0


def test_an_argument_that_changes_attention_and_is_not_known_is_refused_by_name() -> None:
    reason = "called with alibi, which may change attention"
    with (
        pytest.warns(UserWarning, match=reason),
        torch.no_grad(),
        capture(Module({"alibi": 1.0})) as captured,
    ):
        captured.model(torch.randn(1, LENGTH, 16))
    assert not captured.sightings
    assert reason in captured.summary()


def test_lengths_that_end_before_the_axis_are_refused() -> None:
    with pytest.raises(ValueError, match="end at 7, and there are 10 positions"):
        positions_from_end((ENDS[:3], ENDS[:3]), 1, LENGTH, LENGTH, torch.device("cpu"))


def test_an_unknown_argument_that_changes_nothing_is_no_reason_to_refuse() -> None:
    with torch.no_grad(), capture(Module({"some_hint": 7})) as captured:
        captured.model(torch.randn(1, LENGTH, 16))
    torch.testing.assert_close(captured.layers[0].weights, USED[0], atol=1e-5, rtol=0)


TEXT_MODELS = {  # architecture → settings beside the small ones
    "qwen2": {},
    "olmo2": {},
    "phi3": {"sliding_window": 3},
    "starcoder2": {"sliding_window": 4},
    "granite_swa": {"sliding_window": 3},
    "mimo_v2_flash": {"sliding_window": 3},
    "openai_privacy_filter": {"sliding_window": 2},
}
WITH_SINKS = ("granite_swa", "mimo_v2_flash", "openai_privacy_filter")
SMALL = {
    "vocab_size": 99,
    "pad_token_id": 0,
    "hidden_size": 32,
    "intermediate_size": 32,
    "moe_intermediate_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": HEADS,
    "num_key_value_heads": KV_HEADS,
    "swa_num_attention_heads": HEADS,
    "swa_num_key_value_heads": KV_HEADS,
    "head_dim": WIDTH,
    "v_head_dim": WIDTH,
    "swa_head_dim": WIDTH,
    "swa_v_head_dim": WIDTH,
    "n_routed_experts": 4,
    "num_local_experts": 4,
    "num_experts_per_tok": 2,
}
WAYS: dict[str, dict[str, Any]] = {
    "plain": {},
    "positions": {"position_ids": PACKED},
    "lengths": {"position_ids": PACKED, **LENGTHS},
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("architecture", TEXT_MODELS)
def test_a_model_of_transformers_hands_its_documents_windows_and_sinks_over(
    architecture: str, way: str
) -> None:
    config = CONFIG_MAPPING[architecture]()
    own = {**SMALL, **TEXT_MODELS[architecture]}
    config = type(config)(**{name: value for name, value in own.items() if hasattr(config, name)})
    torch.manual_seed(0)
    model = AutoModel.from_config(config, attn_implementation=NAME).eval()
    for name, parameter in model.named_parameters():
        if "sink" in name:
            nn.init.normal_(parameter)
    with torch.no_grad(), capture(model) as captured:
        captured.model(torch.arange(10)[None], **WAYS[way])
    assert len(captured.layers) == len(USED) == 2
    for layer, used in zip(captured.layers, USED, strict=True):
        torch.testing.assert_close(layer.weights, used, atol=1e-5, rtol=0)
        assert layer.output_error < 1e-5
    has_sinks = [layer.sink is not None for layer in captured.layers]
    assert any(has_sinks) == (architecture in WITH_SINKS)
