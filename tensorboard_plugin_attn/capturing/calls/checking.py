"""A call's weights, values and what the kernel returned → how far weights · values are from that, row by row.

All rows are compared, through one fixed random projection of the values: ``A · (v · r)`` with ``o · r``, so that the
cost is that of one more feature. The difference is relative to ``A · ‖v‖``, which is what ``v · r`` is on average:
a row that looks at one key whose ``v · r`` happens to be near 0 would else be measured against nothing. It knows
nothing of masks, scales or soft-caps, so it sees what comparing weights with themselves cannot.
"""

from __future__ import annotations

import functools
import math
import warnings
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from tensorboard_plugin_attn.capturing.calls.masks import HIDDEN_BELOW
from tensorboard_plugin_attn.errors import spell_out

if TYPE_CHECKING:
    from tensorboard_plugin_attn.capturing.calls.sighting import Sighting
    from tensorboard_plugin_attn.capturing.calls.streamed import StreamedMap

__all__ = [
    "EXACT_SUM",
    "ROUNDED_SUM",
    "Differs",
    "budget",
    "check_output",
    "differs",
    "fits",
    "in_float32",
    "settle",
    "single",
    "warn_differing",
    "warn_fewer",
]

KERNEL_ROUNDINGS = 4
"""Of weights, values and output in the kernel's own type, in its epsilons."""
SCORE_ROUNDINGS = 64
"""Of scores in float32, in epsilons of the largest score: what they miss, the weights miss as a share."""
TF32_EPSILON = 2.0**-10


def budget(
    dtype: torch.dtype,
    largest_score: float = 1.0,
    *,
    is_tf32: bool = False,
    rounded: torch.dtype | None = None,
) -> float:
    """How large ``output_error`` may be by rounding alone, for a kernel that computes in ``dtype`` with weights that were
    ``rounded`` to a coarser one."""
    single = TF32_EPSILON / 8 if is_tf32 else torch.finfo(torch.float32).eps
    own = TF32_EPSILON if is_tf32 and dtype == torch.float32 else torch.finfo(dtype).eps
    if rounded is not None and rounded.is_floating_point:
        own = max(own, torch.finfo(rounded).eps)
    return KERNEL_ROUNDINGS * own + SCORE_ROUNDINGS * single * max(1.0, largest_score)


@dataclass(frozen=True)
class Differs:
    """A layer whose weights do not give the kernel's output."""

    module: str
    error: float
    heads: tuple[int, ...]


def settle(sighting: Sighting) -> None:
    """What every sighting must know before it is handed on: the share that goes to no key, and its output's error."""
    if sighting.sink is None and not sighting.is_whole:
        sighting.sink = missing_share(sighting)
    if sighting.value is not None:
        check_output(sighting)


def missing_share(sighting: Sighting) -> torch.Tensor | None:
    """``1 − Σ weights`` of rows that see a key, ``[batch, head, query]``; None where all sum to 1 but for rounding."""
    share = 1 - sighting.weights.sum(-1)
    if sighting.allowed is None:
        sees_key = torch.ones_like(share, dtype=torch.bool)
    else:
        sees_key = sighting.allowed.any(-1).expand(share.shape)
    share = torch.where(sees_key, share, 0.0).clamp(min=0.0)
    return share if bool((share > ROUNDED_SUM.get(sighting.dtype, EXACT_SUM)).any()) else None


ROUNDED_SUM = {"float16": 5e-3, "bfloat16": 5e-3}
EXACT_SUM = 1e-4


def differs(sighting: Sighting) -> Differs | None:
    """The heads of a sighting whose weights do not give the output; None when all do, or nothing is known."""
    worst = sighting.largest_error
    if worst is None or worst <= sighting.budget:
        return None
    assert sighting.output_error is not None
    errors = sighting.output_error.amax((0, 2))
    heads = (errors > sighting.budget).nonzero()[:, 0].tolist()
    return Differs(sighting.name, float(errors.max()), tuple(heads)) if heads else None


def check_output(
    sighting: Sighting, *, output_has_sink: bool = True, padded: torch.Tensor | None = None
) -> None:
    """Set ``output_error`` and ``budget`` where values and output are known, and let go of them.

    Args:
        sighting: weights ``[batch, head, query, key]``, value ``[batch, kv_head, key, d]``, output
            ``[batch, head, query, d]``.
        output_has_sink: False where the output was divided by the keys' share alone.
        padded: bool ``[batch, query]``, queries that are padding: what a kernel returns of them is left alone.
    """
    value, output = sighting.value, sighting.output
    sighting.checked = value, output
    sighting.value = sighting.output = None
    if value is None or output is None or not fits(sighting.weights, value, output):
        return
    with in_float32(value):
        weights = sighting.weights
        if sighting.sink is not None and not output_has_sink:
            weights = weights / (1 - sighting.sink)[..., None]
        budget_of = functools.partial(
            budget, output.dtype, is_tf32=uses_tf32(output), rounded=sighting.rounded
        )
        sighting.budget = budget_of()  # of the smallest scores: most errors are below
        error, sighting.lengths, worst = row_errors(weights, value, output, sighting.budget)
        if not worst <= sighting.budget:
            sighting.budget = budget_of(largest(sighting.row_scores))
        if padded is not None:
            error = error.masked_fill(padded[:, None].to(error.device), 0.0)
            worst = float(error.max())
        sighting.output_error, sighting.worst = error, (error, worst)


def fits(weights: torch.Tensor | StreamedMap, value: torch.Tensor, output: torch.Tensor) -> bool:
    """Whether the three are of one call: their batch, heads, queries, keys and features agree."""
    if value.dim() != 4 or output.dim() != 4 or not value.is_floating_point():
        return False
    batch, heads, queries, keys = weights.shape
    return (
        output.shape == (batch, heads, queries, value.shape[-1])
        and value.shape[0] in (1, batch)
        and value.shape[-2] == keys
        and heads % value.shape[1] == 0
        and bool(keys and queries)
    )


def in_float32(tensor: torch.Tensor | StreamedMap | None) -> AbstractContextManager[object]:
    """Computing for ourselves: without gradients, and without autocast on the tensor's device."""
    device = "cpu" if tensor is None else tensor.device.type
    if not torch.is_grad_enabled() and not torch.is_autocast_enabled(device):
        return AS_IT_IS
    stack = ExitStack()
    stack.enter_context(torch.no_grad())
    stack.enter_context(torch.autocast(device, enabled=False))
    return stack


AS_IT_IS = nullcontext()


def single(tensor: torch.Tensor) -> torch.Tensor:
    """A tensor in float32, itself where it is."""
    return tensor if tensor.dtype is torch.float32 else tensor.float()


def row_errors(
    weights: torch.Tensor, value: torch.Tensor, output: torch.Tensor, within: float
) -> tuple[torch.Tensor, torch.Tensor, float]:
    """``|A · (v · r) − o · r| / (A · ‖v‖)``, float32 ``[batch, head, query]``; ``‖v‖`` ``[batch, kv_head, key]``; the largest error.

    A row that sees no key has an error of 0; it is looked for where an error is not ``within`` what rounding does.
    """
    values, (batch, heads) = single(value), weights.shape[:2]
    groups = heads // values.shape[1]
    signs = projection(heads, values.shape[-1])[:, None]
    signs = signs if signs.device == values.device else signs.to(values.device)
    shared = signs[::groups] if groups > 1 else signs  # heads that share values share the projection
    signs = shared.repeat_interleave(groups, 0) if groups > 1 else signs
    lengths = torch.linalg.vector_norm(values, dim=-1)
    sides = torch.cat([torch.matmul(shared, values.mT), lengths.unsqueeze(2)], 2)
    sides = sides.repeat_interleave(groups, 1) if groups > 1 else sides
    sides = sides.expand(batch, -1, -1, -1) if len(sides) != batch else sides
    # Rows from the left: as columns from the right the product takes five times as long.
    expected, size = torch.matmul(sides, weights.mT).unbind(2)
    returned = torch.matmul(signs, single(output).mT)[:, :, 0]
    error = torch.sub(expected, returned).div_(size).abs_()
    worst = float(error.max())
    if worst <= within:  # not so where any is NaN
        return error, lengths, worst
    error = (expected - returned).abs_().div_(size + torch.finfo(output.dtype).tiny)
    is_broken = expected.isnan()  # NaN weights are a fault of their own
    error.masked_fill_(returned.isnan() & ~is_broken, torch.inf)
    error.masked_fill_(is_broken | (weights.sum(-1) == 0), 0.0)
    return error, lengths, float(error.max())


@functools.lru_cache(maxsize=16)
def projection(heads: int, width: int) -> torch.Tensor:
    """±1 ``[head, d]``, the same every time, from a generator of its own."""
    generator = torch.Generator("cpu").manual_seed(20_231)
    return torch.randint(0, 2, (heads, width), generator=generator, device="cpu").float() * 2 - 1


def largest(scores: torch.Tensor | None) -> float:
    """The largest finite score of rows that see a key, by its size; a hidden row's is its mask's number."""
    if scores is None or not scores.numel():
        return 1.0
    lowest, highest = map(float, scores.aminmax())
    if lowest > HIDDEN_BELOW and highest < math.inf:  # neither is so where any is NaN
        return max(abs(lowest), abs(highest))
    seen = scores[(scores > HIDDEN_BELOW) & scores.isfinite()]
    return float(seen.abs().amax()) if seen.numel() else 1.0


def uses_tf32(tensor: torch.Tensor) -> bool:
    """Whether products of float32 matrices are rounded to TF32 on this tensor's device."""
    return tensor.device.type == "cuda" and bool(torch.backends.cuda.matmul.allow_tf32)


def warn_differing(differing: Sequence[Differs]) -> None:
    """Say once of which layers the weights do not give the kernel's output."""
    if differing:
        named = [
            f"{each.module or 'the model'} (heads {list(each.heads)}, {each.error:.2g})" for each in differing
        ]
        warnings.warn(
            f"attention weights · values differ from what the kernel returned: {spell_out(named, MOST, '; ')}; "
            f"these weights are not what ran. Run the probe with attn_implementation='sdpa' or 'eager' and compare",
            stacklevel=4,
        )


def warn_fewer(fewer: Mapping[str, tuple[int, int]]) -> None:
    """Say once which layers have fewer heads than their module says."""
    if fewer:
        named = [f"{name or 'the model'} ({heads} of {whole})" for name, (heads, whole) in fewer.items()]
        warnings.warn(
            f"attention has fewer heads than the model: {spell_out(named, MOST, '; ')}. Under tensor parallelism "
            f"each rank computes a share of them",
            stacklevel=4,
        )


MOST = 8
