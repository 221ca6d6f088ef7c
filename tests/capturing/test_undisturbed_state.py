"""What a forward changes of its module, in whatever mode → the same after a probe, from the first one on."""

from __future__ import annotations

import copy
import random
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from models.sharp_models import small, token_ids
from models.written_attention import HEADS, LENGTH, WIDTH
from torch import nn

from tensorboard_plugin_attn.capturing import probe
from tensorboard_plugin_attn.capturing.probing import same_inputs


class Attending(nn.Module):
    """Self-attention; ``change`` is called with the module and its input at each forward."""

    def __init__(self, change: Callable[[Any, torch.Tensor], None]) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(WIDTH, HEADS, batch_first=True)
        self.rows = nn.Embedding(LENGTH, WIDTH, max_norm=0.5)
        self.large = nn.Buffer(torch.zeros(1 << 15))
        self.count, self.losses, self.seen, self.last = 0, [1.0], {"text": 1}, torch.zeros(2)
        self.change = [change]

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        self.change[0](self, states)
        return self.attention(states, states, states)[0]


def count(module: Any, states: torch.Tensor) -> None:
    module.count += 1
    module.losses.append(float(states.sum()))
    module.seen["text"], module.seen["image"] = 2, 3
    module.last = states.mean((0, 1))
    module.made = True


def cached(module: Any, states: torch.Tensor) -> None:
    if states.shape[1] != module.count:
        module.count, module.last = states.shape[1], torch.ones(states.shape[1])


def draw(module: Any, states: torch.Tensor) -> None:
    torch.rand(1, generator=module.torchs)
    module.numpys.random()
    module.pythons.random()


def build(module: Any, states: torch.Tensor) -> None:
    if not hasattr(module, "late"):
        module.late = nn.Parameter(torch.randn(states.shape[-1]))


def grow(module: Any, states: torch.Tensor) -> None:
    if states.shape[1] > LENGTH:
        module.large[:1].add_(1)


def hook(module: Any, states: torch.Tensor) -> None:
    if not hasattr(module, "is_hooked"):
        module.is_hooked = True
        for each in (module, module.attention, module.rows):
            each.register_forward_hook(lambda module, args, output: None)


CHANGES = {
    "hooks that are made in the first forward": hook,
    "attributes, and entries of a list and a dict": count,
    "a parameter that is made in the first forward": build,
    "rows of an embedding with max_norm": lambda module, states: module.rows(torch.arange(LENGTH)),
    "a length and the table of that length": cached,
    "a large buffer": lambda module, states: module.large[:1].add_(1),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_a_forward_changes_of_its_module_is_as_before(
    change: Callable[[Any, torch.Tensor], None],
) -> None:
    torch.manual_seed(0)
    model = Attending(change).train()
    held = {name: value for name, value in vars(model).items() if name not in ("losses", "seen")}
    contents = copy.deepcopy((model.losses, model.seen))
    state = copy.deepcopy(model.state_dict())
    tensors = dict([*model.named_parameters(), *model.named_buffers()])
    versions = {name: each._version for name, each in tensors.items()}
    for _ in range(2):
        probe(model, torch.randn(1, LENGTH, WIDTH), on_layer=lambda index, layer: None)
    assert {name: value for name, value in vars(model).items() if name not in ("losses", "seen")} == held
    assert (model.losses, model.seen) == contents
    assert not any(each._forward_hooks for each in model.modules())
    assert all(torch.equal(state[name], now) for name, now in model.state_dict().items())
    now = dict([*model.named_parameters(), *model.named_buffers()])
    assert {name: id(each) for name, each in now.items()} == {
        name: id(each) for name, each in tensors.items()
    }
    assert {name: each._version for name, each in now.items()} == versions


def test_a_large_buffer_that_is_written_by_a_later_probe_alone_is_told_once_and_kept_from_then_on() -> None:
    model = Attending(grow)
    probe(model, torch.randn(1, LENGTH, WIDTH), on_layer=lambda index, layer: None)
    longer = torch.randn(1, LENGTH + 1, WIDTH)
    with pytest.warns(
        UserWarning, match=r"writes into its own tensors in evaluation mode: large of Attending"
    ):
        probe(model, longer, on_layer=lambda index, layer: None)
    after = model.large.clone()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        probe(model, longer, on_layer=lambda index, layer: None)
    assert torch.equal(model.large, after)


def test_generators_of_its_own_go_on_from_where_they_were() -> None:
    model = Attending(draw)
    made = torch.Generator().manual_seed(1), np.random.default_rng(1), random.Random(1)
    model.torchs, model.numpys, model.pythons = made  # type: ignore[assignment]
    probe(model, torch.randn(1, LENGTH, WIDTH), on_layer=lambda index, layer: None)
    others = torch.Generator().manual_seed(1), np.random.default_rng(1), random.Random(1)
    assert torch.equal(torch.rand(3, generator=made[0]), torch.rand(3, generator=others[0]))
    assert (made[1].random(), made[2].random()) == (others[1].random(), others[2].random())


def test_inputs_that_a_forward_writes_into_or_empties_are_as_before() -> None:
    class Emptying(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.attention = nn.MultiheadAttention(WIDTH, HEADS, batch_first=True)

        def forward(self, batch: dict[str, torch.Tensor], more: list[int]) -> torch.Tensor:
            states = batch.pop("states").add_(len(more))
            more.clear()
            return self.attention(states, states, states)[0]

    states = torch.randn(1, LENGTH, WIDTH)
    before, inputs = states.clone(), {"batch": {"states": states}, "more": [1, 2]}
    for _ in range(2):
        probe(Emptying(), inputs, on_layer=lambda index, layer: None)
    assert inputs == {"batch": {"states": states}, "more": [1, 2]}
    assert torch.equal(states, before)


CACHES: dict[str, Callable[[Any], Any]] = {
    "one that grows": lambda config: transformers.DynamicCache(config=config),
    "one of fixed size": lambda config: transformers.StaticCache(config=config, max_cache_len=16),
}


@pytest.mark.filterwarnings("ignore:`past_key_values` is deprecated")  # its name before transformers 5.24
@pytest.mark.parametrize("what", CACHES)
def test_a_cache_of_keys_that_a_model_is_given_is_as_before(what: str) -> None:
    model = small("llama").train()
    first, then = token_ids()[:1, :5], token_ids()[:1, 5:]
    cache = CACHES[what](model.config)
    with torch.no_grad():
        model(first, past_key_values=cache)
    keys = cache.layers[0].keys
    held = keys.clone()
    for _ in range(2):
        shapes: list[tuple[int, ...]] = []
        inputs = {"input_ids": then, "past_key_values": cache}
        probe(model, inputs, on_layer=lambda index, layer: shapes.append(tuple(layer.weights.shape)))  # noqa: B023
        assert [shape[1] for shape in shapes] == [4, 4, 4]
        assert cache.get_seq_length() == 5
        assert cache.layers[0].keys is keys
        assert torch.equal(keys, held)


def test_objects_that_hold_each_other_are_each_looked_at_once() -> None:
    class Batch:
        def __init__(self, states: torch.Tensor) -> None:
            self.states, self.all, self.count = states, [self], 0

    class Taking(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.attention = nn.MultiheadAttention(WIDTH, HEADS, batch_first=True)

        def forward(self, batch: Batch) -> torch.Tensor:
            batch.count += 1
            batch.states.add_(1)
            batch.states = states = batch.states * 2
            return self.attention(states, states, states)[0]

    states = torch.randn(1, LENGTH, WIDTH)
    before, batch = states.clone(), Batch(states)
    probe(Taking(), (batch,), on_layer=lambda index, layer: None)
    assert batch.states is states
    assert torch.equal(states, before)
    assert batch.count == 0


def test_a_large_input_that_a_later_probe_alone_writes_into_is_told_and_put_back_from_then_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(same_inputs, "SMALL_BYTES", 0)
    model, states = Attending(lambda module, states: None), torch.randn(1, LENGTH, WIDTH)
    probe(model, states, on_layer=lambda index, layer: None)
    model.change = [lambda module, states: states.add_(1)]
    with pytest.warns(UserWarning, match=r"writes into its inputs: one of shape \(1, \d+, \d+\)"):
        probe(model, states, on_layer=lambda index, layer: None)
    after = states.clone()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        probe(model, states, on_layer=lambda index, layer: None)
    assert torch.equal(states, after)


def test_weights_that_a_forward_keeps_to_be_looked_at_stay() -> None:
    def keep(module: Any, states: torch.Tensor) -> None:
        module.last = states.mean((0, 1))
        module.losses.append(states.sum())

    model = Attending(keep)
    states = torch.randn(1, LENGTH, WIDTH)
    probe(model, states, on_layer=lambda index, layer: None)
    assert torch.equal(model.last, states.mean((0, 1)))
    assert len(model.losses) == 2


@pytest.mark.filterwarnings("ignore:.*torch.jit.script:DeprecationWarning")
def test_a_script_module_beside_attention_is_probed() -> None:
    class Scripted(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = torch.jit.script(nn.Sequential(nn.Linear(WIDTH, WIDTH), nn.ReLU()))
            self.attention = nn.MultiheadAttention(WIDTH, HEADS, batch_first=True)

        def forward(self, states: torch.Tensor) -> torch.Tensor:
            states = self.first(states)
            return self.attention(states, states, states)[0]

    names: list[str] = []
    for _ in range(2):
        probe(
            Scripted(), torch.randn(1, LENGTH, WIDTH), on_layer=lambda index, layer: names.append(layer.name)
        )
    assert names == ["attention", "attention"]
