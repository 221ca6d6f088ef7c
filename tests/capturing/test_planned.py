"""probe: a later forward of a known model, by the plan of the first, shows what following all of it shows, or is followed."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator
from copy import copy
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from models.sharp_models import small, token_ids
from torch import nn

from tensorboard_plugin_attn.capturing import Row, probe_rows
from tensorboard_plugin_attn.capturing.probing.forward import Forward
from tensorboard_plugin_attn.capturing.probing.plans import MOST_LOST, plans_of
from tensorboard_plugin_attn.capturing.watching.planned import Plan
from tensorboard_plugin_attn.record.layer import LayerAttention

HEADS, WIDTH, LENGTH = 2, 8, 5
ONE = {"input_ids": token_ids()[:1]}
BOTH = {**ONE, "decoder_input_ids": token_ids()[:1]}


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Of each forward that had a plan: whether it kept to it."""
    found: list[bool] = []
    by_plan = Forward.by_plan

    def noted(forward: Forward, plan: Plan) -> Any:
        session = by_plan(forward, plan)
        found.append(session is not None)
        return session

    monkeypatch.setattr(Forward, "by_plan", noted)
    return found


def probed(model: nn.Module, inputs: Any, batch: int = 0, **options: Any) -> list[LayerAttention[Any]]:
    layers: list[LayerAttention[Any]] = []

    def keep(_: int, layer: LayerAttention[Any]) -> None:
        layers.append(copy(layer))
        for name, value in vars(layer).items():
            if isinstance(value, torch.Tensor):
                setattr(layers[-1], name, value.clone())

    row = Row(batch, keep)
    probe_rows(model, inputs, [row], values=True, **options)
    assert row.error is None
    return layers


def said_of(layer: LayerAttention[Any]) -> list[Any]:
    """All that a layer has beside its weights."""
    return [
        value.tolist() if isinstance(value, torch.Tensor) else value
        for name, value in vars(layer).items()
        if name != "weights"
    ]


MODELS: dict[str, tuple[Callable[[], nn.Module], dict[str, Any], dict[str, Any]]] = {
    "an encoder": (lambda: small("bert"), ONE, {}),
    "a decoder, with query and key": (lambda: small("gpt2"), ONE, {"query_key": True}),
    "grouped keys": (lambda: small("llama"), ONE, {"query_key": True}),
    "an encoder and a decoder": (lambda: small("bart"), BOTH, {}),
    "padding, one input of two": (
        lambda: small("bert"),
        {
            "input_ids": token_ids(),
            "attention_mask": (torch.arange(token_ids().shape[1]) < 4).long().expand(2, -1),
        },
        {"batch": 1},
    ),
    "some heads": (lambda: small("bert"), ONE, {"heads": [1]}),
}


@pytest.mark.parametrize("what", MODELS)
def test_a_planned_forward_shows_what_a_followed_one_shows(what: str, kept: list[bool]) -> None:
    make, inputs, options = MODELS[what]
    model = make().train()
    first, second = probed(model, inputs, **options), probed(model, inputs, **options)
    assert kept == [True]
    assert len(first) == len(second) > 0
    for one, other in zip(first, second, strict=True):
        assert torch.equal(one.weights, other.weights)
        assert said_of(one) == said_of(other)
    assert {layer.value_norm_of for layer in second} == {"v" if "batch" in options else "vWo"}


def test_weights_that_were_trained_in_between_are_those_seen(kept: list[bool]) -> None:
    model = small("bert").train()
    inputs = {"input_ids": token_ids()}
    first = probed(model, inputs)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) / 8)
    second = probed(model, inputs)
    assert kept == [True]
    plans_of(model).plans.clear()
    third = probed(model, inputs)
    for one, other, again in zip(first, second, third, strict=True):
        assert not torch.allclose(one.weights, other.weights, atol=1e-3)
        assert torch.equal(other.weights, again.weights)


class Attention(nn.Module):
    """One layer whose forward goes by what its test gives it, in a list that no module holds."""

    def __init__(self, way: list[str]) -> None:
        super().__init__()
        self.says = lambda: way[0]
        self.project, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)

    def forward(self, states: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        way = self.says()
        query, key, value = (
            each.unflatten(-1, (HEADS, -1)).transpose(1, 2) for each in self.project(states).chunk(3, -1)
        )
        if way == "written out":
            weights = (query @ key.mT / query.shape[-1] ** 0.5).softmax(-1)
            mixed = weights @ value
        else:
            mixed = F.scaled_dot_product_attention(query, key, value)
        if way in ("twice", "overwrites"):
            mixed = F.scaled_dot_product_attention(mixed, key, value)
        if way == "overwrites":
            key.mul_(0)
        mixed = mixed.transpose(1, 2).flatten(2)
        return self.out(mixed.relu() if way == "changes its output" else mixed)


WAYS = {"plain": 1, "written out": 1, "twice": 2, "changes its output": 1}


@pytest.fixture
def inputs() -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    return torch.randn(1, LENGTH, WIDTH), torch.randn(1, LENGTH, WIDTH)


@pytest.mark.parametrize("way", ["written out", "twice", "changes its output"])
def test_a_forward_that_leaves_its_plan_is_followed_and_nothing_comes_twice(
    way: str, inputs: Any, kept: list[bool]
) -> None:
    ways = ["plain"]
    torch.manual_seed(1)
    model = Attention(ways)
    probed(model, inputs)
    ways[0] = way
    found = probed(model, inputs)
    assert kept == [False]
    plans_of(model).plans.clear()
    expected = probed(model, inputs)
    assert len(found) == len(expected) == WAYS[way]
    for one, other in zip(found, expected, strict=True):
        assert torch.equal(one.weights, other.weights)
        assert said_of(one) == said_of(other)


def test_fewer_calls_than_planned_are_no_plan(inputs: Any, kept: list[bool]) -> None:
    ways = ["twice"]
    model = Attention(ways)
    assert len(probed(model, inputs)) == 2
    ways[0] = "plain"
    assert len(probed(model, inputs)) == 1
    assert kept == [False]


def test_a_model_that_overwrites_the_keys_of_an_earlier_layer_is_followed(
    inputs: Any, kept: list[bool]
) -> None:
    model = Attention(["overwrites"])
    first, second = (probed(model, inputs, query_key=True) for _ in range(2))
    assert kept == [False]
    assert float(first[0].key.abs().max()) > 0
    assert torch.equal(first[0].key, second[0].key)


def test_a_model_that_leaves_its_plans_again_and_again_is_followed_at_once(
    inputs: Any, kept: list[bool]
) -> None:
    ways = ["plain"]
    model = Attention(ways)
    for number in range(2 * MOST_LOST + 3):
        ways[0] = ("plain", "twice")[number % 2]
        assert len(probed(model, inputs)) == 1 + number % 2
    assert kept == [False] * MOST_LOST


class Reading(Attention):
    """Keys of another tensor, or of the same, by an attribute: the calls are the same."""

    def __init__(self) -> None:
        super().__init__(["plain"])
        self.reads_other = False

    def forward(self, states: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        query = self.project(states)[..., :WIDTH]
        key = self.project(other if self.reads_other else states)[..., WIDTH : 2 * WIDTH]
        query, key = (each.unflatten(-1, (HEADS, -1)).transpose(1, 2) for each in (query, key))
        return self.out(F.scaled_dot_product_attention(query, key, key).transpose(1, 2).flatten(2))


def changed(model: Reading) -> Iterator[str]:
    """Changes of a model, each of which makes it another one."""
    model.reads_other = True
    yield "a flag"
    model.register_forward_hook(lambda *_: None)
    yield "a hook"
    model.out = nn.Linear(WIDTH, WIDTH)
    yield "a part"
    model.says = lambda: "plain"
    yield "a function"
    model.extra = {"scale": 1}
    yield "a dict"
    model.extra["scale"] = 2
    yield "an entry"


def test_a_model_that_was_changed_is_followed_and_then_planned_anew(inputs: Any, kept: list[bool]) -> None:
    model = Reading()
    assert [layer.kind for layer in probed(model, inputs)] == ["self"]
    probed(model, inputs)
    assert kept == [True]
    for what in changed(model):
        assert [layer.kind for layer in probed(model, inputs)] == ["cross"], what
        assert kept == [True], what
        kept.clear()
        probed(model, inputs)
        assert kept == [True], what


def test_a_tensor_that_training_renews_leaves_the_plan(inputs: Any, kept: list[bool]) -> None:
    model = Reading()
    for _ in range(3):
        model.last = torch.randn(3)
        probed(model, inputs)
    assert kept == [True, True]


def test_what_a_forward_notes_of_its_input_keeps_the_plan(inputs: Any, kept: list[bool]) -> None:
    class Noting(Reading):
        def forward(self, states: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
            self.shape, self.device, self.grid = (
                states.shape,
                states.device,
                (states.shape[1], (1.5, "cells")),
            )
            return super().forward(states, other)

    model = Noting()
    for _ in range(4):
        model(*inputs)
        probed(model, inputs)
    assert kept == [True] * 3
    model.forward = Noting.forward.__get__(model)  # type: ignore[method-assign]  # is followed, and then planned
    probed(model, inputs)
    assert kept == [True] * 3


class Flagged(Reading):
    """Has what says where it reads from in an attribute."""

    flags: Any

    def forward(self, states: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        self.__dict__["reads_other"] = self.flags() if callable(self.flags) else bool(self.flags[-1])
        return super().forward(states, other)


MADE: dict[str, Callable[[bool], Any]] = {
    "a tuple": lambda flag: (3, flag),
    "a shape": lambda flag: torch.Size((3, int(flag))),
    "a function": lambda flag: (lambda: True) if flag else (lambda: False),
}


@pytest.mark.parametrize("what", MADE)
def test_another_object_where_the_last_one_was_is_another_model(
    what: str, inputs: Any, kept: list[bool]
) -> None:
    model = Flagged()
    model.flags = MADE[what](False)
    assert [layer.kind for layer in probed(model, inputs)] == ["self"]
    place = id(model.flags)
    del model.flags
    tries: list[Any] = []
    while not tries or (id(tries[-1]) != place and len(tries) < 1000):
        tries.append(MADE[what](True))
    model.flags = tries.pop()
    assert [layer.kind for layer in probed(model, inputs)] == ["cross"]
    assert not kept


def test_a_model_may_keep_what_cannot_be_compared(inputs: Any, kept: list[bool]) -> None:
    class Packed:  # as the weights of a quantised linear
        def __eq__(self, other: object) -> bool:
            raise NotImplementedError

        __hash__ = None  # type: ignore[assignment]

    model = Reading()
    model.packed = Packed()
    for _ in range(3):
        probed(model, inputs)
    assert kept == [True, True]


def test_inputs_of_other_shapes_have_plans_of_their_own(inputs: Any, kept: list[bool]) -> None:
    model = Reading()
    for length in (LENGTH, 3, LENGTH, 3):
        shown = probed(model, tuple(each[:, :length] for each in inputs))
        assert shown[0].weights.shape == (HEADS, length, length)
    assert kept == [True, True]


def test_layers_that_are_asked_for_and_inputs_of_other_kinds_are_not_planned(
    inputs: Any, kept: list[bool]
) -> None:
    class Given(Reading):
        def forward(self, given: Any) -> torch.Tensor:
            return super().forward(given.states, given.states)

    class Inputs:
        states = inputs[0]

    for _ in range(2):
        probed(model := Reading(), inputs, layers=[0])
        probed(other := Given(), {"given": Inputs()})
    assert not kept
    assert not plans_of(model).plans
    assert not plans_of(other).plans


@pytest.mark.parametrize("is_both_first", [True, False])
def test_one_input_of_a_batch_and_all_of_it_have_plans_of_their_own(
    is_both_first: bool, kept: list[bool]
) -> None:
    model, inputs = small("gpt2"), {"input_ids": token_ids()}

    def shown(*, is_both: bool) -> list[Any]:
        layers: list[Any] = []
        rows = [Row(at, lambda _, layer: layers.append(said_of(layer)), None, 1 + is_both) for at in (0, 1)]
        probe_rows(model, inputs, rows[: 1 + is_both], values=True)
        return layers

    order = (is_both_first, not is_both_first) * 2
    found = [shown(is_both=each) for each in order]
    assert found[:2] == found[2:]
    assert kept == [True, True]
    plans_of(model).plans.clear()
    for each, before in zip(order[1::-1], found[1::-1], strict=True):
        assert shown(is_both=each) == before


def test_inputs_of_one_shape_with_and_without_padding_have_plans_of_their_own(kept: list[bool]) -> None:
    model, ids = small("bert"), token_ids()[:1]
    masks = [torch.ones_like(ids), (torch.arange(ids.shape[1]) < 4).long()[None]] * 2
    widths = [
        probed(model, {"input_ids": ids, "attention_mask": each})[0].weights.shape[-1] for each in masks
    ]
    assert widths == [9, 4] * 2
    assert kept == [True, True]


@pytest.mark.parametrize(
    "mask",
    [
        torch.eye(3, dtype=torch.int64).to_sparse(),
        torch.zeros(2, dtype=torch.bool, device="meta"),
        torch.nested.nested_tensor([torch.ones(2), torch.ones(3)], layout=torch.jagged),
        torch.zeros(2).to(torch.float8_e4m3fn),
    ],
    ids=["sparse", "meta", "nested", "float8"],
)
def test_a_mask_of_any_kind_may_be_among_the_inputs(mask: torch.Tensor, inputs: Any) -> None:
    class Ignoring(Attention):
        def forward(self, states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            return super().forward(states, states)

    model = Ignoring(["plain"])
    for _ in range(2):
        assert len(probed(model, {"states": inputs[0], "mask": mask})) == 1


def test_probes_without_lengths_of_values_are_planned_and_those_with_them_still_are(
    inputs: Any, kept: list[bool]
) -> None:
    model = Attention(["plain"])

    def value_norm(*, values: bool) -> Any:
        layers: list[Any] = []
        probe_rows(model, inputs, [Row(0, lambda _, layer: layers.append(layer))], values=values)
        return None if layers[0].value_norm is None else layers[0].value_norm_of

    assert [value_norm(values=each) for each in (False, False, True, True)] == [None, None, "vWo", "vWo"]
    assert kept == [True, True]


def test_an_exception_in_a_planned_forward_reaches_the_caller_and_everything_is_as_before(
    inputs: Any, kept: list[bool]
) -> None:
    model = Reading().train()
    probed(model, inputs)
    weight = model.out.weight
    del model.out.weight
    with pytest.raises(AttributeError):
        probed(model, inputs)
    model.out.weight = weight
    assert model.training
    assert not torch._C._len_torch_function_stack()
    assert len(probed(model, inputs)) == 1


def test_a_plan_keeps_no_model_alive(inputs: Any) -> None:
    model = Reading()
    probed(model, inputs)
    assert plans_of(model).plans
    gone = weakref.ref(model)
    del model
    gc.collect()
    assert gone() is None


class Cross(Reading):
    """The other class of a model whose class is swapped."""

    def forward(self, states: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        return super().forward(other, states)


class Configured(Reading):
    """Reads from another object what it does."""

    def __init__(self) -> None:
        super().__init__()
        self.reads_other = True
        self.config = SimpleNamespace(reads_other=False)

    def forward(self, states: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        return super().forward(states, other if self.config.reads_other else states)


class Routed(nn.Module):
    """One of its parts attends, by numbers that are trained."""

    def __init__(self) -> None:
        super().__init__()
        self.parts = nn.ModuleDict({name: Reading() for name in "ab"})
        self.route = nn.Parameter(torch.tensor([1.0, 0.0]))

    def forward(self, states: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        return self.parts["ab"[int(self.route.argmax())]](states, other)


class Named(nn.Module):
    """Calls the only entry of its dict."""

    def __init__(self) -> None:
        super().__init__()
        self.parts = nn.ModuleDict({"a": Reading()})

    def forward(self, states: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        return next(iter(self.parts.values()))(states, other)


class Gated(Reading):
    """Between attention and its output projection there is a factor."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("gate", torch.full((), 0.5))

    def forward(self, states: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        query = self.project(states)[..., :WIDTH].unflatten(-1, (HEADS, -1)).transpose(1, 2)
        mixed = F.scaled_dot_product_attention(query, query, query).transpose(1, 2).flatten(2)
        return self.out(mixed * self.gate)


def rename(model: Any) -> None:
    model.parts["b"] = model.parts.pop("a")


def count_to_three(model: Any) -> None:  # a float lies where the last but one did
    for _ in range(2):
        model.reads_other = model.reads_other + 1.5


CHANGES: dict[str, tuple[Callable[[], nn.Module], Callable[[Any], Any]]] = {
    "class": (Reading, lambda model: setattr(model, "__class__", Cross)),
    "configuration": (Configured, lambda model: setattr(model.config, "reads_other", True)),
    "router": (Routed, lambda model: model.route.data.copy_(torch.tensor([0.0, 1.0]))),
    "name": (Named, rename),
    "factor of 1": (Gated, lambda model: model.gate.fill_(1)),
    "number": (Reading, count_to_three),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_changes_a_layer_but_no_call_is_seen(what: str, inputs: Any) -> None:
    make, change = CHANGES[what]
    model = make()
    before = [said_of(layer) for layer in probed(model, inputs)]
    change(model)
    found = [said_of(layer) for layer in probed(model, inputs)]
    plans_of(model).plans.clear()
    assert found == [said_of(layer) for layer in probed(model, inputs)] != before


def test_one_tensor_given_twice_is_not_two_tensors(inputs: Any) -> None:
    model, (states, other) = Reading(), inputs
    model.reads_other = True
    for given in ((states, states), (states, other), {"states": other, "other": other}):
        is_one = len(set(map(id, given.values() if isinstance(given, dict) else given))) == 1
        assert [layer.kind for layer in probed(model, given)] == ["self" if is_one else "cross"]


def test_a_planned_forward_in_inference_mode_keeps_copies(inputs: Any, kept: list[bool]) -> None:
    with torch.inference_mode():
        model = Attention(["overwrites"])
        first, second = (probed(model, inputs, query_key=True) for _ in range(2))
    assert kept == [True]
    for one, other in zip(first, second, strict=True):
        assert torch.equal(one.key, other.key)
        assert float(one.key.abs().max()) > 0


class Reused(Attention):
    """Every layer's keys and mask are in the memory of the last one's."""

    def __init__(self) -> None:
        super().__init__(["plain"])
        self.register_buffer("keys", torch.zeros(1, HEADS, LENGTH, WIDTH // HEADS))
        self.register_buffer("mask", torch.zeros(LENGTH, LENGTH))

    def forward(self, states: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        for number in range(3):
            query, key, value = (
                each.unflatten(-1, (HEADS, -1)).transpose(1, 2) for each in self.project(states).chunk(3, -1)
            )
            self.keys.copy_(key)
            self.mask[:, number] = number + 1
            mixed = F.scaled_dot_product_attention(query, self.keys, value, self.mask)
            states = self.out(mixed.transpose(1, 2).flatten(2))
        return states


def test_memory_that_every_layer_uses_again_holds_each_layers_own_numbers(
    inputs: Any, kept: list[bool]
) -> None:
    model = Reused()
    for _ in range(3):
        layers = probed(model, inputs, query_key=True)
        assert [float(layer.bias.sum()) for layer in layers] == [LENGTH, 3 * LENGTH, 6 * LENGTH]
        assert max(layer.rebuild_error for layer in layers) < 1e-5
        assert {layer.value_norm_of for layer in layers} == {"vWo"}
    assert not any(kept)
