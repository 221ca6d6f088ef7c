"""Modules are listed as torch lists them: in its order, each once, under its first name."""

import pytest
import torch
from torch import nn

from tensorboard_plugin_attn.capturing.watching.names import ModuleNames, parts_of


def encoder() -> nn.Module:
    return nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 3)


def shared() -> nn.Module:
    """One part under several names, at several depths, itself with parts."""
    part = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
    return nn.ModuleDict({"late": nn.Sequential(nn.Sequential(part), part), "part": part, "own": part[0]})


def cyclic() -> nn.Module:
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    model[1].around = model
    return model


def with_gap() -> nn.Module:
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    model.register_module("absent", None)
    return model


class Renamed(nn.Linear):
    """Names itself in its own way."""

    def named_modules(self, memo=None, prefix="", remove_duplicate=True):
        yield f"{prefix}.inner" if prefix else "inner", self


def renamed() -> nn.Module:
    return nn.Sequential(nn.Linear(2, 2), nn.Sequential(Renamed(2, 2)))


def scripted() -> nn.Module:
    return torch.jit.script(nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.ReLU())))


@pytest.mark.filterwarnings("ignore:.torch.jit.script:DeprecationWarning")
@pytest.mark.parametrize("make", [encoder, shared, cyclic, with_gap, renamed, scripted])
def test_parts_are_those_that_torch_names(make) -> None:
    model = make()
    assert parts_of(model) == list(model.named_modules())


def test_stacks_are_read_again_with_the_names() -> None:
    model = nn.ModuleDict({"decoder": nn.Sequential(nn.Linear(2, 2))})
    names = ModuleNames(model)
    assert (names.several, names.pairs) == (False, [])
    model["encoder"] = nn.Sequential(nn.Linear(2, 2))
    names.refresh()
    assert (names.several, names.pairs) == (True, ["decoder"])
