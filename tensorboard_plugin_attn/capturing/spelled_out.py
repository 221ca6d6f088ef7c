"""exp(scores) / sum(exp(scores)), or exp(log_softmax(scores)) → the softmax that it is."""

from __future__ import annotations

from typing import Any

import torch

from tensorboard_plugin_attn.capturing.flow import Flow

__all__ = ["STEPS", "SpelledOut"]

DIVISIONS = frozenset(("div", "__truediv__", "__itruediv__", "div_", "divide", "true_divide"))
STEPS = DIVISIONS | {"exp", "log_softmax", "sum"}


class SpelledOut:
    """Recognises a softmax that is written in several steps."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow

    def read(
        self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any
    ) -> tuple[torch.Tensor, int] | None:
        """(scores, axis) when this call completes a softmax; None while it does not."""
        if not args or not isinstance(result, torch.Tensor):
            return None
        if name in DIVISIONS and len(args) > 1:
            return self.quotient(args[0], args[1])
        facts = self.flow.get(args[0])
        if facts is None:
            return None
        if name == "exp":
            return facts.log_of
        return None

    def note(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> None:
        """Remember the steps on the way, after the result's facts are known."""
        if name not in ("exp", "log_softmax", "sum") or not args or not isinstance(result, torch.Tensor):
            return
        source, facts = self.flow.get(args[0]), self.flow.get(result)
        if source is None or facts is None:
            return
        axis = args[1] if len(args) > 1 else kwargs.get("dim", kwargs.get("axis"))
        if isinstance(axis, list | tuple) and len(axis) == 1:
            axis = axis[0]
        if name == "exp":
            facts.raised = args[0]
        elif isinstance(axis, int) and name == "log_softmax":
            facts.log_of = (args[0], axis % args[0].dim())
        elif isinstance(axis, int) and source.raised is not None:
            facts.total = (source.raised, axis % args[0].dim())

    def quotient(self, above: Any, below: Any) -> tuple[torch.Tensor, int] | None:
        """exp(scores) over its own sum."""
        numerator, denominator = self.flow.get(above), self.flow.get(below)
        if numerator is None or denominator is None or numerator.raised is None:
            return None
        total = denominator.total
        return total if total is not None and total[0] is numerator.raised else None
