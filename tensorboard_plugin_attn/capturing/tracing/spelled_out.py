"""exp(scores) / sum(exp(scores)), exp(log_softmax(scores)) or exp(scores − logsumexp(scores)) → the softmax it is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch

from tensorboard_plugin_attn.capturing.tracing.flow import Exponential, Facts, Flow

__all__ = ["DIVISIONS", "STEPS", "SpelledOut", "carry_exponential"]

DIVISIONS = frozenset(("div", "__truediv__", "__itruediv__", "div_", "divide", "true_divide"))
DIFFERENCES = frozenset(("sub", "__sub__", "sub_", "__isub__", "subtract"))
STEPS = DIVISIONS | DIFFERENCES | {"exp", "exp_", "log_softmax", "logsumexp", "sum"}
CASTS = frozenset(("to", "float", "type_as", "type", "contiguous", "clone", "half", "bfloat16"))
MASKINGS = frozenset(
    ("mul", "__mul__", "__rmul__", "__imul__", "mul_", "multiply", "masked_fill", "masked_fill_", "where")
)
Softmax = tuple[torch.Tensor, int, Facts]
ADDITIONS = frozenset(("add", "__add__", "__radd__", "__iadd__", "add_", "clamp", "clamp_min", "maximum"))


def carry_exponential(name: str, known: list[Facts], facts: Facts) -> None:
    """A masked or cast exponential stays one; a sum stays one when something is added, as by "softmax off by one"."""
    for one in known:
        if one.raised is not None and name in MASKINGS | CASTS:
            facts.raised = replace(one.raised, is_masked=one.raised.is_masked or name in MASKINGS)
        if one.total is not None and name in ADDITIONS | CASTS:
            facts.total = one.total


class SpelledOut:
    """Recognises a softmax that is written in several steps."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.overwritten: torch.Tensor | None = None

    def before(self, name: str, args: tuple[Any, ...]) -> None:
        """Keep the scores that ``exp_`` is about to overwrite."""
        self.overwritten = None
        if name == "exp_" and args and self.flow.get(args[0]) is not None:
            self.overwritten = args[0].detach().clone()

    def read(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> Softmax | None:
        """(scores, axis, what is known of the scores) when this call completes a softmax; None while it does not."""
        if not args or not isinstance(result, torch.Tensor):
            return None
        facts = self.flow.get(args[0])
        if facts is None:
            return None
        if name in DIVISIONS and len(args) > 1 and facts.raised is not None:
            return self.quotient(facts, facts.raised, args[1], result)
        return (*facts.log_of, facts) if facts.log_of is not None and name in ("exp", "exp_") else None

    def note(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> None:
        """Remember the steps on the way, after the result's facts are known."""
        overwritten, self.overwritten = self.overwritten, None
        if name in DIVISIONS or not args or not isinstance(result, torch.Tensor):
            return
        source, facts = self.flow.get(args[0]), self.flow.get(result)
        if source is None or facts is None:
            return
        if name in ("exp", "exp_"):
            facts.raised = Exponential(args[0] if overwritten is None else overwritten)
        elif name in DIFFERENCES:
            facts.log_of = self.difference(args, facts.log_of)
        elif (axis := reduced_axis(args, kwargs)) is not None:
            if name == "log_softmax":
                facts.log_of = (args[0], axis)
            elif name == "logsumexp":
                facts.log_total = (args[0], axis)
            elif source.raised is not None:
                facts.total = (source.raised, axis)

    def quotient(self, facts: Facts, raised: Exponential, below: Any, result: torch.Tensor) -> Softmax | None:
        """exp(scores) over its own sum; a key whose exponential was masked away has a score of −inf."""
        denominator = self.flow.get(below)
        if denominator is None or denominator.total is None:
            return None
        summed, axis = denominator.total
        if summed.scores is not raised.scores:
            return None
        scores = raised.scores.detach()
        if raised.is_masked:
            scores = scores.masked_fill(result.detach() == 0, -torch.inf)
        return scores, axis, facts

    def undivided(self, above: torch.Tensor, facts: Facts, below: Any) -> tuple[torch.Tensor, Softmax] | None:
        """The weights of exponentials that were not divided by their sum before they met the values."""
        if facts.raised is None:
            return None
        weights = above.detach().float()
        softmax = self.quotient(facts, facts.raised, below, weights)
        if softmax is None:
            return None
        total = weights.sum(softmax[1], keepdim=True)
        if below.shape == total.shape:  # with what was added to it
            total = below.detach().float()
        return weights / total, softmax

    def difference(
        self, args: tuple[Any, ...], known: tuple[torch.Tensor, int] | None
    ) -> tuple[torch.Tensor, int] | None:
        """scores − logsumexp(scores), which is a log_softmax."""
        below = self.flow.get(args[1]) if len(args) > 1 else None
        total = None if below is None else below.log_total
        return total if total is not None and total[0] is args[0] else known


def reduced_axis(args: tuple[Any, ...], kwargs: dict[str, Any]) -> int | None:
    """The one axis that a sum or a softmax runs over; None when there are several."""
    axis = args[1] if len(args) > 1 else kwargs.get("dim", kwargs.get("axis"))
    if isinstance(axis, list | tuple) and len(axis) == 1:
        axis = axis[0]
    return axis % args[0].dim() if isinstance(axis, int) else None
