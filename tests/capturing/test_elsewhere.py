"""A tower that a model runs in a thread of its own: it is named, as nothing of it is seen."""

from __future__ import annotations

import warnings
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from models.written_attention import HEADS, WIDTH
from torch import nn

from tensorboard_plugin_attn import capture
from tensorboard_plugin_attn.capturing import probe


class Tower(nn.Module):
    """One layer of attention behind another module."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.TransformerEncoderLayer(WIDTH, HEADS, 2 * WIDTH, batch_first=True)

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        return self.inner(states)


class Towers(nn.Module):
    """Two towers, the second in another thread, which also runs a part without attention."""

    def __init__(self, *, threaded: bool = True) -> None:
        super().__init__()
        self.text, self.vision, self.threaded = Tower(), Tower(), threaded
        self.pool = nn.Sequential(nn.LayerNorm(WIDTH), nn.ReLU())

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        if not self.threaded:
            return self.text(states) + self.pool(self.vision(states))
        with ThreadPoolExecutor(1) as threads:
            seen = threads.submit(lambda: self.pool(self.vision(states)))
            return self.text(states) + seen.result()


def test_a_tower_that_runs_in_another_thread_is_named_once_and_its_inner_parts_are_not() -> None:
    with pytest.warns(
        UserWarning, match="vision: attention: it ran in another thread than the probe"
    ) as told:
        result = probe(Towers(), torch.randn(1, 5, WIDTH), on_layer=lambda index, layer: None)
    assert [each.module for each in result.left_out] == ["vision"]
    assert len(told) == 1


@pytest.mark.parametrize("threaded", [True, False])
def test_outputs_are_the_same_and_hooks_are_gone(threaded: bool) -> None:
    model, states = Towers(threaded=threaded).eval(), torch.randn(1, 5, WIDTH)
    with torch.no_grad():
        usual = model(states)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore" if threaded else "error")
        with capture(model) as captured:
            seen = captured.model(states)
    assert [layer.name for layer in captured.layers] == (
        ["text.inner.self_attn"] if threaded else ["text.inner.self_attn", "vision.inner.self_attn"]
    )
    assert torch.allclose(seen, usual, atol=1e-6)
    assert not any(each._forward_pre_hooks for each in model.modules())


def test_a_model_that_another_thread_calls_as_well_lacks_nothing() -> None:
    model, states = Towers(threaded=False).eval(), torch.randn(1, 5, WIDTH)

    class Beside(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.towers = model

        def forward(self, states: torch.Tensor) -> torch.Tensor:
            with ThreadPoolExecutor(1) as threads:
                threads.submit(self.towers, states).result()
            return self.towers(states)

    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("error")
        with capture(Beside().eval()) as captured:
            captured.model(states)
    assert len(captured.layers) == 2
