"""The output check: whatever is wrong about captured weights shows in what the kernel returned."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tensorboard_plugin_attn import AttentionReader, AttentionWriter, capture
from tensorboard_plugin_attn.capturing.calls.checking import budget, differs, projection
from tensorboard_plugin_attn.capturing.calls.masks import causal
from tensorboard_plugin_attn.capturing.calls.sdpa import Call, sighting_of

BATCH, HEADS, LENGTH, WIDTH = 2, 4, 48, 16
DTYPES = [torch.float32, torch.bfloat16, torch.float16]
CAUSAL = causal(LENGTH, LENGTH)[None, None]
WINDOW = CAUSAL & ~causal(LENGTH, LENGTH, offset=-6)[None, None]
DOCUMENTS = (torch.arange(LENGTH) // 20)[:, None] == (torch.arange(LENGTH) // 20)
PARTED = CAUSAL & DOCUMENTS[None, None]


def capped(scores: torch.Tensor, _: object = None) -> torch.Tensor:
    return torch.tanh(scores / 3) * 3


def sharp_call(dtype: torch.dtype, mask: Any, **options: Any) -> Call:
    """A call as it ran: sharp heads, and what a kernel of this type returned."""
    generator = torch.Generator().manual_seed(0)
    query, key, value = (
        (torch.randn(BATCH, HEADS, LENGTH, WIDTH, generator=generator) * factor).to(dtype)
        for factor in (4, 1, 1)
    )
    scores = query.float() @ key.float().mT * WIDTH**-0.5
    scores = options["change"](scores) if "change" in options else scores
    weights = scores.masked_fill(~mask, -torch.inf).softmax(-1)
    output = (weights.to(dtype).float() @ value.float()).to(dtype)
    return Call(query, key, mask, value=value, output=output, **options)


def roll_key(call: Call) -> Call:
    """One wrong row of all: a query that sees its next key instead of itself."""
    mask = call.mask.clone()
    mask[..., 30, 30], mask[..., 30, 31] = False, True
    return replace(call, mask=mask)


FAULTS: dict[str, tuple[Any, dict[str, Any], Callable[[Call], Call]]] = {
    "a mask shifted by one": (CAUSAL, {}, lambda call: replace(call, mask=CAUSAL.roll(-1, -1) | CAUSAL)),
    "a window one too wide": (
        WINDOW,
        {},
        lambda call: replace(call, mask=CAUSAL & ~causal(LENGTH, LENGTH, offset=-7)),
    ),
    "two heads swapped": (CAUSAL, {}, lambda call: replace(call, query=call.query[:, [1, 0, 2, 3]])),
    "a missing scale": (CAUSAL, {}, lambda call: replace(call, scale=1.0)),
    "documents not parted": (PARTED, {}, lambda call: replace(call, mask=CAUSAL)),
    "a soft-cap left out": (CAUSAL, {"change": capped}, lambda call: replace(call, change=None)),
    "one wrong row": (CAUSAL, {}, roll_key),
    "keys of another input": (CAUSAL, {}, lambda call: replace(call, key=call.key.flip(0))),
}


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_found_and_the_truth_is_not_one(name: str, dtype: torch.dtype) -> None:
    mask, options, plant = FAULTS[name]
    call = sharp_call(dtype, mask, **options)
    right = sighting_of(call, [BATCH, HEADS], with_vectors=False)
    assert differs(right) is None
    assert right.value is None
    assert right.output is None
    wrong = sighting_of(plant(call), [BATCH, HEADS], with_vectors=False)
    found = differs(wrong)
    assert found is not None
    assert found.error > 3 * wrong.budget
    if name == "two heads swapped":
        assert found.heads == (0, 1)


def test_the_truth_keeps_a_margin_to_the_budget_and_one_key_whose_projection_is_near_zero_is_no_fault() -> (
    None
):
    call = sharp_call(torch.float32, CAUSAL)
    for seed in range(20):
        value = torch.randn(BATCH, HEADS, LENGTH, WIDTH, generator=torch.Generator().manual_seed(seed))
        query = call.query * 30  # every row looks at one key
        output = F.scaled_dot_product_attention(query, call.key, value, attn_mask=CAUSAL)
        seen = sighting_of(
            replace(call, query=query, value=value, output=output), [BATCH, HEADS], with_vectors=False
        )
        assert differs(seen) is None
        assert seen.output_error is not None
        assert float(seen.output_error.max()) < 1e-5


@pytest.mark.parametrize(
    "dtype", DTYPES[:2], ids=str
)  # float16 has no number so low that a score is lost in it
def test_a_row_hidden_by_the_lowest_number_hides_no_fault(dtype: torch.dtype) -> None:
    call = sharp_call(dtype, CAUSAL)
    mask = torch.zeros(LENGTH, LENGTH, dtype=dtype).masked_fill(~CAUSAL[0, 0], torch.finfo(dtype).min)
    mask[0] = torch.finfo(dtype).min  # as of a padded query
    output = call.output.clone()
    output[:, :, 0] = call.value.mean(2)
    call = replace(call, mask=mask[None, None], output=output)
    assert differs(sighting_of(call, [BATCH, HEADS], with_vectors=False)) is None
    swapped = replace(call, query=call.query[:, [1, 0, 2, 3]])
    found = differs(sighting_of(swapped, [BATCH, HEADS], with_vectors=False))
    assert found is not None
    assert found.heads == (0, 1)


def test_budgets_grow_with_the_type_and_the_largest_score() -> None:
    assert budget(torch.float32) < 1e-5 < budget(torch.float16) < budget(torch.bfloat16) < 0.05
    assert budget(torch.float32, 100.0) == pytest.approx(100 * budget(torch.float32), rel=0.1)


class Attends(nn.Module):
    """One call of sdpa, and another output than the kernel's where ``fault`` says so."""

    def __init__(self, **options: Any) -> None:
        super().__init__()
        self.proj = nn.Linear(16, 48)
        self.options = options

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        query, key, value = self.proj(x).unflatten(-1, (3, 4, 4)).permute(2, 0, 3, 1, 4)
        return F.scaled_dot_product_attention(query, key, value, **self.options)


def test_a_capture_measures_its_output_and_dropout_hides_it() -> None:
    x = torch.randn(2, 6, 16)
    for options, is_seen in (({}, True), ({"is_causal": True}, True), ({"dropout_p": 0.5}, False)):
        with torch.no_grad(), capture(Attends(**options)) as captured:
            captured.model(x)
        (layer,) = captured.layers
        assert (layer.output_error is not None) == is_seen
        assert layer.output_error is None or layer.output_error < 1e-6
        assert layer.differing_heads == []


def test_a_kernel_that_does_not_compute_what_it_is_given_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = F.scaled_dot_product_attention

    def broken(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, **options: Any) -> torch.Tensor:
        return real(query, key, value[:, [1, 0, 2, 3]], **options)

    def through_functions(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, **options: Any) -> Any:
        parts = (query, key, value)
        if torch.overrides.has_torch_function(parts):
            return torch.overrides.handle_torch_function(through_functions, parts, *parts, **options)
        return broken(*parts, **options)

    through_functions.__name__ = "scaled_dot_product_attention"
    monkeypatch.setattr(F, "scaled_dot_product_attention", through_functions)
    model = nn.Sequential(Attends())
    told = pytest.warns(UserWarning, match=r"0 \(heads \[0, 1\].*these weights are not what ran")
    with told, torch.no_grad(), capture(model) as captured:
        captured.model(torch.randn(1, 6, 16))
    assert captured.layers[0].differing_heads == [0, 1]
    assert "differs" in captured.summary()


class Rounding(nn.Module):
    """Attention by hand in float32, its weights held in a coarser type in between."""

    def __init__(self, held: torch.dtype | None) -> None:
        super().__init__()
        self.projections, self.held = nn.Linear(32, 96), held

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        query, key, value = (
            each.view(1, -1, HEADS, 8).transpose(1, 2) for each in self.projections(states).chunk(3, -1)
        )
        weights = torch.softmax(3 * query @ key.mT, -1)
        if self.held is not None:
            weights = weights.to(self.held).float()
        return weights @ value


@pytest.mark.parametrize("held", [None, torch.float16, torch.bfloat16])
def test_weights_that_were_held_in_a_coarser_type_are_no_fault(held: torch.dtype | None) -> None:
    torch.manual_seed(0)
    model = Rounding(held).eval()
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("error")
        with capture(model) as captured:
            captured.model(torch.randn(1, 12, 32))
    (layer,) = captured.layers
    error = float(layer.output_error)
    assert layer.dtype == "float32"
    assert (error > budget(torch.float32)) == (held is not None)
    assert error <= budget(torch.float32 if held is None else held)


@pytest.fixture
def _elsewhere() -> Iterator[None]:
    """Another default device than the model's: whatever torch makes there has no numbers."""
    projection.cache_clear()
    torch.set_default_device("meta")
    yield
    torch.set_default_device(None)


@pytest.mark.usefixtures("_elsewhere")
@pytest.mark.parametrize("keeps", ["auto", "vectors"])
def test_torchs_default_device_is_no_matter(keeps: str, tmp_path: Path) -> None:
    with torch.device("cpu"):
        model, states = Rounding(None).eval(), torch.randn(1, 12, 32)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("error")
        with capture(model) as captured:
            captured.model(states)
        with AttentionWriter(tmp_path, keep=keeps) as writer:  # type: ignore[arg-type]
            writer.add_probe("probe", model, (states,), [str(number) for number in range(12)], 0)
    (layer,) = captured.layers
    assert float(layer.output_error) <= budget(torch.float32)
    (logged,) = AttentionReader(tmp_path).read(".", "probe", 0).layers
    for head in range(HEADS):
        assert abs(logged.weights_of(head) - layer.weights[0, head].numpy()).max() < 0.002
