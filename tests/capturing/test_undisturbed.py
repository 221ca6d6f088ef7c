"""capture and probe: models that change themselves, checkpointing, autocast, images, layers of other lengths."""

from __future__ import annotations

import pytest
import torch
from models.sharp_models import eager_attentions, small, token_ids
from models.written_attention import HEADS, LENGTH, WIDTH, NanoGpt, by_head, joined, plain
from models.written_variants import LinearAttention
from torch import nn
from torch.utils.checkpoint import checkpoint

from tensorboard_plugin_attn import capture
from tensorboard_plugin_attn.capturing import Lengths, probe
from tensorboard_plugin_attn.errors import CaptureError
from tensorboard_plugin_attn.record.layer import LayerAttention


class Swapping(nn.Module):
    """Puts another submodule in place of its own while it runs, as BigBird does for short inputs."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(WIDTH, HEADS, batch_first=True)
        self.kind = "sparse"

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        if self.kind == "sparse":
            self.attention, self.kind = nn.MultiheadAttention(WIDTH, HEADS, batch_first=True), "full"
        return self.attention(states, states, states)[0]


def test_a_model_that_swaps_its_own_submodules_has_them_and_its_flags_back() -> None:
    model = Swapping().train()
    before = model.attention
    layers: list[LayerAttention] = []
    probe(model, torch.randn(1, LENGTH, WIDTH), on_layer=lambda index, layer: layers.append(layer))
    assert [layer.name for layer in layers] == ["attention"]
    assert model.attention is before
    assert model.kind == "sparse"
    assert model.attention.training
    assert model.training


class Remembering(nn.Module):
    """Writes into its buffers whenever it runs: a running mean, through a view too, and a table that grows with its inputs."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(WIDTH, HEADS, batch_first=True)
        self.norm = nn.BatchNorm1d(LENGTH)
        self.mean, self.last, self.table = (nn.Buffer(torch.zeros(size)) for size in (WIDTH, 2, 0))
        self.longest = 0

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            self.mean.lerp_(states.mean((0, 1)), 0.1)
            self.last[:1].copy_(states[0, 0, :1])
            if states.shape[1] > self.longest:
                self.longest = states.shape[1]
                self.table = torch.arange(self.longest).float()
        return self.attention(self.norm(states), states, states)[0]


def test_what_a_forward_writes_into_buffers_is_as_before() -> None:
    model, states = Remembering().train(), torch.randn(1, LENGTH, WIDTH)
    buffers = {name: (each, each.clone(), each._version) for name, each in model.named_buffers()}
    for _ in range(2):  # which buffers are written is known from the first on
        probe(model, states, on_layer=lambda index, layer: None)
        for name, now in model.named_buffers():
            before, held, version = buffers[name]
            assert now is before
            assert torch.equal(now, held)
            assert now._version == version
        assert model.longest == 0
    model(states)
    assert float(model.mean.abs().max()) > 0
    assert len(model.table) == model.longest == LENGTH


def test_big_bird_keeps_its_block_sparse_attention() -> None:
    import transformers

    config = transformers.BigBirdConfig(
        hidden_size=48, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64, vocab_size=100
    )
    model = transformers.BigBirdModel(config).train()
    flags = [(name, module.training, type(module)) for name, module in model.named_modules()]
    layers: list[LayerAttention] = []
    probe(model, {"input_ids": token_ids()}, on_layer=lambda index, layer: layers.append(layer))
    assert len(layers) == 2
    assert model.attention_type == "block_sparse"
    assert flags == [(name, module.training, type(module)) for name, module in model.named_modules()]


@pytest.mark.parametrize("reentrant", [True, False])
def test_what_checkpointing_computes_again_in_the_backward_pass_is_captured_once(reentrant: bool) -> None:
    class Checkpointed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.blocks = nn.ModuleList(NanoGpt() for _ in range(2))

        def forward(self, states: torch.Tensor) -> torch.Tensor:
            for block in self.blocks:
                states = states + checkpoint(block, states, use_reentrant=reentrant)
            return states

    torch.manual_seed(0)
    model = Checkpointed().train()
    states = torch.randn(2, LENGTH, WIDTH, requires_grad=True)
    with capture(model) as captured:
        captured.model(states).sum().backward()
    assert [layer.name for layer in captured.layers] == ["blocks.0", "blocks.1"]


@pytest.mark.parametrize("by_hand", [True, False])
def test_under_autocast_weights_are_computed_in_float32(by_hand: bool) -> None:
    torch.manual_seed(0)
    model = NanoGpt() if by_hand else small("llama")
    inputs = (torch.randn(2, LENGTH, WIDTH),) if by_hand else (token_ids(),)
    with (
        torch.no_grad(),
        torch.autocast("cpu", dtype=torch.bfloat16),
        capture(model, query_key=True) as captured,
    ):
        captured.model(*inputs)
    for layer in captured.layers:
        assert (layer.dtype, layer.weights.dtype) == ("bfloat16", torch.float32)
        torch.testing.assert_close(
            layer.weights.sum(-1), torch.ones(layer.weights.shape[:-1]), atol=1e-5, rtol=0
        )
        assert layer.rebuild_error < 1e-5


def test_an_exception_inside_the_block_leaves_no_hook_and_no_mode() -> None:
    model = NanoGpt().train()
    before = dict(vars(model))
    captured = capture(model)

    def fail() -> None:
        with captured:
            captured.model(torch.randn(2, LENGTH, WIDTH))
            raise ValueError("of the user")

    with pytest.raises(ValueError, match="of the user"):
        fail()
    assert not torch._C._len_torch_function_stack()
    assert not nn.modules.module._global_forward_hooks
    assert not nn.modules.module._global_forward_pre_hooks
    assert not model._forward_pre_hooks
    assert vars(model) == before
    assert torch.is_grad_enabled()
    assert len(captured.layers) == 1


class Windowed(nn.Module):
    """Attention inside 2 × 2 windows of an image."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, WIDTH, 1)
        self.q, self.k, self.v = (nn.Linear(WIDTH, WIDTH) for _ in range(3))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        states = self.patches(images).permute(0, 2, 3, 1)
        batch, height, width, _ = states.shape
        windows = states.view(batch, height // 2, 2, width // 2, 2, WIDTH).permute(0, 1, 3, 2, 4, 5)
        windows = windows.reshape(-1, 4, WIDTH)
        q, k, v = (
            layer(windows).view(len(windows), 4, HEADS, -1).transpose(1, 2)
            for layer in (self.q, self.k, self.v)
        )
        return joined(plain(q, k) @ v)


def test_windows_of_an_image_are_layers_but_no_record_of_one_image() -> None:
    with torch.no_grad(), capture(Windowed()) as captured:
        captured.model(torch.randn(2, 3, 4, 4))
    assert captured.layers[0].weights.shape == (8, HEADS, 4, 4)
    layers: list[LayerAttention] = []
    with pytest.raises(CaptureError, match="its 8 maps are windows of 2 images"):
        probe(Windowed(), torch.randn(2, 3, 4, 4), on_layer=lambda index, layer: layers.append(layer))
    assert not layers


class Pooled(nn.Module):
    """A layer among all tokens, and one among every second of them."""

    def __init__(self) -> None:
        super().__init__()
        self.fine, self.coarse = (nn.MultiheadAttention(WIDTH, HEADS, batch_first=True) for _ in range(2))

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        states = self.fine(states, states, states)[0][:, ::2]
        return self.coarse(states, states, states)[0]


def test_layers_of_other_lengths_are_left_out_of_the_record_with_the_reason() -> None:
    states = torch.randn(1, LENGTH, WIDTH)
    with torch.no_grad(), capture(Pooled()) as captured:
        captured.model(states)
    assert len(captured.layers) == 2
    with pytest.warns(
        UserWarning, match="coarse: attention: it has 3 queries and 3 keys, and the record 6 and 6"
    ):
        record = captured.record([f"w{index}" for index in range(LENGTH)])
    assert [layer.name for layer in record.layers] == ["fine"]
    names: list[str] = []
    with pytest.warns(UserWarning, match="coarse"):
        probe(
            Pooled(), states, on_layer=lambda index, layer: names.append(layer.name), lengths=Lengths(LENGTH)
        )
    assert names == ["fine"]


def test_a_hybrid_has_the_layers_that_attend() -> None:
    class Hybrid(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.ModuleList(
                [nn.Linear(WIDTH, WIDTH), NanoGpt(), nn.Linear(WIDTH, WIDTH), NanoGpt()]
            )

        def forward(self, states: torch.Tensor) -> torch.Tensor:
            for layer in self.layers:
                states = states + layer(states)
            return states

    with torch.no_grad(), capture(Hybrid()) as captured:
        captured.model(torch.randn(2, LENGTH, WIDTH))
    assert [layer.name for layer in captured.layers] == ["layers.1", "layers.3"]


class TwoStreams(nn.Module):
    """Cross-attention between streams of equal length, whose names tell nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, WIDTH)
        self.q, self.k, self.v, self.norm = (
            *(nn.Linear(WIDTH, WIDTH) for _ in range(3)),
            nn.LayerNorm(WIDTH),
        )

    def attend(self, target: torch.Tensor, source: torch.Tensor) -> torch.Tensor:
        q, k, v = by_head(self.q(target)), by_head(self.k(source)), by_head(self.v(source))
        return joined(plain(q, k) @ v)

    def forward(self, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        first, second = self.a(first), self.b(second)
        first = first + self.attend(self.norm(first), self.norm(first))
        first = first + self.attend(self.norm(first), second)
        return first + self.attend(self.norm(first), self.norm(first))


def test_self_and_cross_attention_are_told_apart_by_where_query_and_key_come_from() -> None:
    with torch.no_grad(), capture(TwoStreams()) as captured:
        captured.model(torch.randn(2, LENGTH, WIDTH), torch.randn(2, LENGTH, WIDTH))
    assert [layer.kind for layer in captured.layers] == ["self", "cross", "self"]


def test_a_model_of_linear_attention_alone_is_an_error_that_says_what_was_seen() -> None:
    with pytest.warns(UserWarning, match="left out"), torch.no_grad(), capture(LinearAttention()) as captured:
        captured.model(torch.randn(2, LENGTH, WIDTH))
    with pytest.raises(Exception, match=r"Seen: .*its scores no product of queries and keys"):
        captured.record([f"w{index}" for index in range(LENGTH)])


def test_a_batch_of_padded_probes_gives_each_its_own_record() -> None:
    model = small("gpt2")
    mask = torch.ones(2, 9, dtype=torch.long)
    mask[0, 7:] = 0
    with torch.no_grad(), capture(model) as captured:
        captured.model(input_ids=token_ids(), attention_mask=mask)
    for batch, length in ((0, 7), (1, 9)):
        expected = eager_attentions(model, input_ids=token_ids()[batch : batch + 1, :length])
        record = captured.record([f"w{index}" for index in range(9)], batch=batch)
        assert len(record.tokens) == length
        assert {layer.mask for layer in record.layers} == {"causal"}
        torch.testing.assert_close(
            torch.from_numpy(record.layers[2].weights), expected[2][0], atol=1e-5, rtol=0
        )
