"""Effect and ablation of heads against differences of whole forwards, and a training that does not notice."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from models.gated_models import CASES, gated_case
from models.sharp_models import small, token_ids
from models.written_attention import HEADS, WIDTH, NanoGpt, by_head
from torch import nn
from torch.utils.checkpoint import checkpoint

from tensorboard_plugin_attn.capturing.effect import ablation
from tensorboard_plugin_attn.capturing.effect.effects import head_effects
from tensorboard_plugin_attn.errors import CaptureError


@pytest.mark.parametrize("name", CASES)
def test_effect_is_the_central_difference_of_the_objective_in_the_head_s_output(name: str) -> None:
    case = gated_case(name)
    effects = head_effects(case.model, case.inputs, case.objective)
    assert effects.objective == pytest.approx(case.value(), rel=1e-9)
    assert effects.by_call
    for call, values in effects.by_call.items():
        differences = []
        for head in range(call.heads):
            sides = []
            for factor in (1 + case.step, 1 - case.step):
                with case.scaled(call.name, head, factor):
                    sides.append(case.value())
            differences.append((sides[0] - sides[1]) / (2 * case.step))
        assert len(values) == case.heads
        largest = np.abs(differences).max()
        assert largest > 0
        np.testing.assert_allclose(values[:, 0], differences, rtol=0, atol=0.01 * largest)


@pytest.mark.parametrize("name", CASES)
def test_ablation_is_the_objective_less_that_without_the_head(name: str) -> None:
    case = gated_case(name)
    effects = head_effects(case.model, case.inputs, case.objective, ablate=True)
    assert effects.names == ("effect", "ablation")
    whole = case.value()
    for call, values in effects.by_call.items():
        expected = []
        for head in range(call.heads):
            with case.scaled(call.name, head, 0.0):
                expected.append(whole - case.value())
        np.testing.assert_allclose(values[:, 1], expected, rtol=1e-5, atol=1e-9)


def training(probe: Callable[[nn.Module], None]) -> tuple[list[Any], list[str]]:
    """What a short training leaves behind, and which hooks on its backward pass were called while it was probed."""
    torch.manual_seed(0)
    model = small("gpt2", attn_pdrop=0.1, resid_pdrop=0.1).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    called: list[str] = []
    model.get_submodule("transformer.h.1").register_full_backward_hook(lambda *_: called.append("module"))
    model.get_submodule("transformer.h.1").register_full_backward_pre_hook(lambda *_: called.append("before"))
    first = next(model.parameters())
    first.register_hook(lambda _: called.append("parameter"))
    first.register_post_accumulate_grad_hook(lambda _: called.append("accumulated"))
    model.get_submodule("transformer.h.0").register_forward_hook(
        lambda module, args, out: hooked(out, called) if torch.is_grad_enabled() else None
    )
    last = list(model.parameters())[-1]
    last.requires_grad_(False)
    left: list[Any] = []
    for step in range(3):
        loss = model(input_ids=token_ids(2), labels=token_ids(2)).loss
        loss.backward()
        before = len(called)
        probe(model)
        assert called[before:] == []
        left += [loss.detach(), torch.get_rng_state(), [each.requires_grad for each in model.parameters()]]
        left += [None if each.grad is None else each.grad.clone() for each in model.parameters()]
        left.append([module.training for module in model.modules()])
        optimizer.step()
        optimizer.zero_grad(set_to_none=step == 1)
    left += [each.detach().clone() for each in model.parameters()]
    return left, called


def hooked(outputs: Any, called: list[str]) -> None:
    states = outputs[0] if isinstance(outputs, tuple) else outputs
    states.register_hook(lambda _: called.append("states"))


def test_a_training_is_bitwise_the_same_with_effects_and_no_hook_on_its_backward_pass_is_called() -> None:
    inputs = {"input_ids": token_ids(1), "labels": token_ids(1)}
    plain, called = training(lambda model: None)
    probed, _ = training(lambda model: head_effects(model, inputs, "loss", ablate=True) and None)
    assert set(called) == {"module", "before", "parameter", "accumulated", "states"}
    for one, other in zip(plain, probed, strict=True):
        if isinstance(one, torch.Tensor):
            assert torch.equal(one, other)
        else:
            assert one == other


class Keeping(NanoGpt):
    """Keeps its last result, as models do that are looked at afterwards."""

    kept: torch.Tensor | None = None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.kept = super().forward(x)
        return self.kept


def test_no_graph_is_kept_alive() -> None:
    model = Keeping()
    head_effects(model, model.states(), lambda outputs: outputs[0].sum())
    assert "kept" not in vars(model)


class Detached(NanoGpt):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        states = super().forward(x)
        return states + states.detach()


class Unseen(NanoGpt):
    @torch.no_grad()
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x)


class Checkpointed(NanoGpt):
    how: ClassVar[dict[str, bool]] = {"use_reentrant": True}

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(checkpoint(super().forward, x + 0 * self.o.bias, **self.how))


class CheckpointedOtherwise(Checkpointed):
    how: ClassVar[dict[str, bool]] = {"use_reentrant": False}


class OneHeadAtATime(NanoGpt):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q, k, v = (by_head(part) for part in self.c_attn(x).split(WIDTH, dim=2))
        weights = (q @ k.mT).softmax(-1)
        return self.o(torch.cat([weights[:, head] @ v[:, head] for head in range(HEADS)], -1))


class WithoutBackward(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, states: torch.Tensor) -> torch.Tensor:
        return states * 2

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:
        raise RuntimeError("this kernel has no backward")


class OfAnotherKernel(NanoGpt):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return WithoutBackward.apply(super().forward(x))


class InInt8(NanoGpt):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch would have it from torchao
            layer = torch.ao.quantization.quantize_dynamic(nn.Sequential(self.o), {nn.Linear}, torch.qint8)
        return x + layer(super().forward(x))


class NeverWithGradients(NanoGpt):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        states = super().forward(x)
        if states.requires_grad:
            raise NotImplementedError("FlexAttention has no backward here")
        return states


REFUSED = {
    "int8 behind attention": (
        InInt8,
        lambda out: out.sum(),
        r"linear_dynamic in [\w. ]+ has no backward .*int8",
    ),
    "a kernel that asks first": (NeverWithGradients, lambda out: out.sum(), "run with gradients here: Flex"),
    "detached": (Detached, lambda out: out.sum(), "add is given .* detached"),
    "under no_grad": (Unseen, lambda out: out.sum(), "no_grad"),
    "checkpointed": (Checkpointed, lambda out: out.sum(), "reentrant checkpointing"),
    "checkpointed otherwise": (CheckpointedOtherwise, lambda out: out.sum(), "backward pass could not run"),
    "one head at a time": (OneHeadAtATime, lambda out: out.sum(), "no head has an output of its own"),
    "a kernel without backward": (OfAnotherKernel, lambda out: out.sum(), "this kernel has no backward"),
    "several numbers": (NanoGpt, lambda out: out[0], "one floating number, got a tensor of shape"),
    "no tensor": (NanoGpt, lambda out: 3.0, "one floating number, got 3.0"),
    "no gradient": (NanoGpt, lambda out: out.detach().sum(), "the objective has no gradient"),
    "no loss": (NanoGpt, "loss", "give the inputs labels, or pass a function"),
}


@pytest.mark.filterwarnings("ignore:None of the inputs")
@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_gradient_or_no_number_is_refused_with_the_reason(name: str) -> None:
    kind, objective, message = REFUSED[name]
    model = kind().train()
    flags = [each.requires_grad for each in model.parameters()]
    with pytest.raises(CaptureError, match=message):
        head_effects(model, model.states(), objective)
    assert flags == [each.requires_grad for each in model.parameters()]
    assert model.training


class Logging(NanoGpt):
    """Looks at its states without a gradient, and has a function with a backward of its own."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        states = Doubled.apply(super().forward(x))
        with torch.no_grad():
            self.size = float((states * states).mean())
        self.largest = float(states.detach().abs().max())
        return states


class Doubled(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, states: torch.Tensor) -> torch.Tensor:
        return states * 2

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:
        return gradient * 2


def test_what_is_only_looked_at_without_a_gradient_is_not_refused() -> None:
    model = Logging()
    effects = head_effects(model, model.states(), lambda outputs: outputs[0, -1].sum(), ablate=True)
    (values,) = effects.by_call.values()
    np.testing.assert_allclose(values[:, 0], values[:, 1], rtol=1e-4)  # it is linear in the gates


def test_hooks_on_every_backward_pass_of_the_process_are_refused() -> None:
    model = NanoGpt()
    handle = nn.modules.module.register_module_full_backward_hook(lambda *_: None)
    try:
        with pytest.raises(CaptureError, match="all modules"):
            head_effects(model, model.states(), lambda outputs: outputs.sum())
    finally:
        handle.remove()


def test_several_heads_share_a_forward_whatever_gives_the_number(monkeypatch: pytest.MonkeyPatch) -> None:
    forwards: list[int] = []
    case = gated_case("llama", torch.float32)
    case.model.register_forward_pre_hook(
        lambda module, args, kwargs: forwards.append(len(kwargs["input_ids"])), with_kwargs=True
    )
    by_function = head_effects(case.model, case.inputs, lambda out: out.logits[0, -1, 7], ablate=True)
    by_loss = head_effects(case.model, case.inputs, "loss", ablate=True)
    assert forwards == [1, 1, 13] * 2
    monkeypatch.setattr(ablation, "repeated", lambda inputs, size: None)
    one_by_one = head_effects(case.model, case.inputs, "loss", ablate=True)
    assert forwards[6:] == [1, 1] + [1] * 12
    for call, values in by_loss.by_call.items():
        np.testing.assert_allclose(values, one_by_one.by_call[call], atol=2e-6, rtol=0)
        assert not np.allclose(values, by_function.by_call[call], atol=1e-4)


def test_long_ablation_says_how_far_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(ablation, "QUIET_SECONDS", -1.0)
    monkeypatch.setattr(ablation, "SHOW_SECONDS", -1.0)
    model = NanoGpt()
    head_effects(model, model.states(), lambda outputs: outputs[0].sum(), ablate=True)
    assert "ablation: 2 / 3 heads" in capsys.readouterr().err
