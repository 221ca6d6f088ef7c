"""Loops of one process: losses, gradient norms, random states and flags are bitwise the same with probes."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from models.undisturbed_runs import TAGS, TOKENS, Small, log_probe, probe_inputs, random_state, seed, train
from torch import nn

from tensorboard_plugin_attn import AttentionReader, AttentionWriter, capture

pytestmark = [  # both are raised inside torch.compile
    pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor:UserWarning"),
]

Prepare = Callable[[nn.Module], nn.Module]


def in_place(backend: str) -> Prepare:
    def prepare(model: nn.Module) -> nn.Module:
        model.compile(backend=backend)
        return model

    return prepare


def blocks(backend: str) -> Prepare:
    def prepare(model: Any) -> nn.Module:
        for number, block in enumerate(model.blocks):
            model.blocks[number] = torch.compile(block, backend=backend)
        return model

    return prepare


def compiled(backend: str) -> Prepare:
    return lambda model: torch.compile(model, backend=backend)


SLOW = pytest.mark.slow
SETUPS = [
    pytest.param(lambda model: model, {}, id="plain"),
    pytest.param(compiled("aot_eager"), {}, id="torch.compile(model)"),
    pytest.param(in_place("eager"), {}, id="model.compile()"),
    pytest.param(blocks("eager"), {}, id="compiled blocks"),
    pytest.param(lambda model: model, {"checkpoints": True}, id="gradient checkpointing"),
    pytest.param(lambda model: model, {"autocast": True}, id="autocast to bfloat16"),
    pytest.param(lambda model: model.bfloat16(), {}, id="bfloat16"),
    pytest.param(compiled("inductor"), {}, id="torch.compile(model), inductor", marks=SLOW),
    pytest.param(in_place("inductor"), {}, id="model.compile(), inductor", marks=SLOW),
    pytest.param(blocks("inductor"), {}, id="compiled blocks, inductor", marks=SLOW),
    pytest.param(compiled("inductor"), {"checkpoints": True}, id="compiled, checkpointing", marks=SLOW),
]


@pytest.mark.parametrize(("prepare", "options"), SETUPS)
def test_training_is_bitwise_the_same(prepare: Prepare, options: dict[str, Any], tmp_path: Path) -> None:
    without = train(prepare, **options)
    with AttentionWriter(tmp_path) as writer:
        with_probes = train(prepare, writer, **options)
    assert with_probes == without
    assert len(set(without.losses)) == len(without.losses) == 5
    reader = AttentionReader(tmp_path)
    assert [reader.steps(".", tag) for tag in TAGS] == [list(range(5))] * 2
    assert len(reader.read(".", "short", 4).layers) == 2


def test_a_training_forward_inside_capture_is_bitwise_the_same_and_gives_weights_before_dropout() -> None:
    def run(captures: bool) -> tuple[list[Any], torch.Tensor]:
        seed()
        model, weights = Small().train(), torch.ones(1)
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
        seen = []
        for _ in range(5):
            ids = torch.randint(0, 40, (4, 8))
            if captures:
                with capture(model, query_key=True) as captured:
                    loss = captured.model(input_ids=ids, labels=ids)
                weights = captured.layers[-1].weights
            else:
                loss = model(input_ids=ids, labels=ids)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            seen += [loss.item(), random_state()]
        return seen, weights

    captured, weights = run(True)
    assert captured == run(False)[0]
    torch.testing.assert_close(weights.sum(-1), torch.ones(4, 2, 8), atol=1e-6, rtol=0)


class Swapping(Small):
    """Replaces its own blocks while it runs in evaluation mode, as block-sparse models do."""

    def forward(self, input_ids: torch.Tensor, **options: Any) -> Any:
        if not self.training:
            self.kind = "swapped"
            self.blocks = nn.ModuleList([type(block)().train() for block in self.blocks])
        return super().forward(input_ids, **options)


def test_a_model_that_swaps_its_own_submodules_gets_them_and_their_flags_back(tmp_path: Path) -> None:
    model = Swapping().train()
    model.kind = "own"
    model.blocks[0].eval()
    blocks, flags = model.blocks, [module.training for module in model.modules()]
    state = random_state()
    with AttentionWriter(tmp_path) as writer:
        log_probe(writer, model, 0)
    assert model.blocks is blocks
    assert model.kind == "own"
    assert [module.training for module in model.modules()] == flags
    assert random_state() == state


class Failing(Small):
    def forward(self, input_ids: torch.Tensor, **options: Any) -> Any:
        super().forward(input_ids, **options)
        self.blocks[0].train()
        random_numbers()
        raise ValueError("from the model")


def random_numbers() -> None:
    seed(torch.randint(100, ()).item())


def test_an_exception_in_the_model_leaves_flags_hooks_modes_and_random_states_as_they_were(
    tmp_path: Path,
) -> None:
    model = Failing().train()
    model.drop.eval()
    flags, state = [module.training for module in model.modules()], random_state()
    with AttentionWriter(tmp_path) as writer, pytest.raises(ValueError, match="from the model"):
        log_probe(writer, model, 0)
    assert [module.training for module in model.modules()] == flags
    assert random_state() == state
    assert torch.is_grad_enabled()
    assert not torch._C._len_torch_function_stack()
    assert not nn.modules.module._global_forward_hooks
    assert not nn.modules.module._global_forward_pre_hooks
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())
    assert torch.compiler.is_compiling() is False
    assert not list(tmp_path.rglob("*.safetensors"))


def test_a_layer_that_does_not_fit_is_raised_only_after_the_forward_has_ended(tmp_path: Path) -> None:
    ended = []
    model = Small()
    model.head.register_forward_hook(lambda *_: ended.append(True))
    track = [{"gone": ("zebra", "a")}, None]
    with AttentionWriter(tmp_path) as writer, pytest.raises(ValueError, match="zebra"):
        writer.add_probe(TAGS, model, probe_inputs(), TOKENS, 0, track=track)
    assert ended


def test_add_probe_holds_the_float_weights_of_at_most_two_layers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tensorboard_plugin_attn.writing.draft import Draft

    alive: list[weakref.ref[Any]] = []
    counts: list[int] = []
    add = Draft.add

    def counted(draft: Draft, layer: Any, call: int = 0) -> None:
        alive.append(weakref.ref(layer.weights))
        counts.append(sum(reference() is not None for reference in alive))
        add(draft, layer, call)

    monkeypatch.setattr(Draft, "add", counted)
    model = Small()
    model.blocks = nn.ModuleList([type(model.blocks[0])() for _ in range(6)])
    with AttentionWriter(tmp_path) as writer:
        for step in range(2):
            log_probe(writer, model, step)
    assert len(counts) == 2 * 2 * 6
    assert max(counts) <= 2
