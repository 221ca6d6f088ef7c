"""An operation → whether it raises scores to a power, or inverts a sum, whatever way that is written."""

from __future__ import annotations

import math
from dataclasses import replace

import torch

from tensorboard_plugin_attn.capturing.tracing.facts import Entered, Facts, Scores, Scoring
from tensorboard_plugin_attn.capturing.tracing.ops import Kind, Op

__all__ = ["entered", "exponent_of", "inverted"]


def exponent_of(op: Op) -> tuple[torch.Tensor, float] | None:
    """The scores that are raised, and the logarithm of what is raised to them; None for any other operation."""
    if op.kind is Kind.EXP:
        exponent, factor = op.first, 1.0
    elif op.kind is Kind.EXP2:
        exponent, factor = op.first, math.log(2)
    elif op.kind is Kind.POWER and isinstance(op.first, int | float) and op.first > 1:
        exponent, factor = op.second, math.log(op.first)
    else:
        return None
    return (exponent, factor) if isinstance(exponent, torch.Tensor) else None


def inverted(op: Op) -> torch.Tensor | None:
    """The tensor of which the operation gives 1 / tensor; None for any other operation."""
    if op.kind is Kind.RECIPROCAL or (op.kind is Kind.POWER and op.second == -1):
        found = op.first
    elif op.kind is Kind.DIVIDE and isinstance(op.first, int | float) and op.first == 1:
        found = op.second
    else:
        return None
    return found if isinstance(found, torch.Tensor) else None


def entered(op: Op, tensor: torch.Tensor, facts: Facts, role: Scoring, factor: float = 1.0) -> Entered:
    """Scores, ``factor`` × a tensor, as they enter a softmax."""
    scores = tensor if op.overwritten is None else op.overwritten
    if factor != 1.0:
        scores = scores.detach() * factor
        if isinstance(role, Scores):
            role = Scores(replace(role.product, scale=role.product.scale * factor))
    version = 0 if scores.is_inference() else scores._version
    return Entered(scores, facts.axes, role, version)
