"""How many layers of attention a model has, by its modules and by what was seen."""

from __future__ import annotations

import pytest
from models.sharp_models import small
from torch import nn

from tensorboard_plugin_attn.capturing.completeness import layers_of

BUILT = [  # model, a module of each layer, how many layers
    ("bert", "encoder.layer.{}.attention.self", 3),
    ("gpt2", "transformer.h.{}.attn", 3),
    ("llama", "model.layers.{}.self_attn", 3),
    ("bart", "model.encoder.layers.{}.self_attn", 6),  # its decoder's stacks are others
]


def modules(pattern: str, model: nn.Module) -> list[str]:
    """The modules of every layer, as the model names them."""
    names = {name for name, _ in model.named_modules()}
    return [name for name in map(pattern.format, range(9)) if name in names]


@pytest.mark.parametrize(("name", "pattern", "count"), BUILT)
def test_every_layer_that_was_seen_counts_once(name: str, pattern: str, count: int) -> None:
    model = small(name)
    assert layers_of(model, modules(pattern, model), []) == (count, [])


@pytest.mark.parametrize(("name", "pattern", "count"), BUILT)
def test_one_that_was_not_seen_is_missing_unless_it_is_known_why(name: str, pattern: str, count: int) -> None:
    model = small(name)
    first, *others = modules(pattern, model)
    assert layers_of(model, [first], []) == (count, others)
    assert layers_of(model, [first], others[:1]) == (count, others[1:])


class TwoTowers(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.text = nn.ModuleList(nn.MultiheadAttention(8, 2) for _ in range(3))
        self.image = nn.ModuleList(FusedAttention() for _ in range(2))


class FusedAttention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.qkv, self.out = nn.Linear(8, 24), nn.Linear(8, 8)


def test_another_stack_counts_and_is_not_missing() -> None:
    """Only one tower has an input."""
    assert layers_of(TwoTowers(), ["text.0", "text.1", "text.2"], []) == (5, [])


class Mixer(nn.Module):
    """Attention by another name."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv, self.out = nn.Linear(8, 24), nn.Linear(8, 8)


def test_a_module_of_the_kind_that_was_seen_is_missing_whatever_it_is_called() -> None:
    model = nn.Sequential(Mixer(), Mixer(), nn.Linear(8, 8), Mixer())
    assert layers_of(model, ["0", "3"], []) == (3, ["1"])
    assert layers_of(model, ["0", "3"], ["1"]) == (3, [])


def test_behind_a_wrapper_nothing_is_known() -> None:
    assert layers_of(nn.Sequential(small("bert")), ["encoder.layer.0.attention.self"], []) is None
    assert layers_of(small("bert"), [], []) is None
