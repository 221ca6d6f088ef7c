"""Weights that were changed after their softmax → the map that meets the values, and whether it is known."""

from __future__ import annotations

from dataclasses import replace

import torch

from tensorboard_plugin_attn.capturing.tracing.axes import arranged, atoms_of, leaves
from tensorboard_plugin_attn.capturing.tracing.facts import Facts, Result, WeightMap, Weights
from tensorboard_plugin_attn.capturing.tracing.softmaxes import is_normalised

__all__ = ["CHANGED", "as_met"]

CHANGED = "other numbers are added after it, so that its rows are no shares of the keys"


def as_met(
    operand: torch.Tensor, axis: int | None, facts: Facts, role: Weights
) -> tuple[WeightMap | None, bool]:
    """The map of weights as they meet the values; False: their softmax's own map stands for another one.

    A mask or a gate after the softmax makes a map of its own, divided by what it left or not. Dropout makes none, nor do
    heads that are mixed to rows that sum to more. None: what meets the values is no map, as the difference of two.
    """
    found = role.map
    before = before_change(operand, facts, found)  # the operand itself is what is held weakly
    if before is None:
        return found, False
    is_same, is_zero = operand == before, operand == 0
    if bool(is_same.all()):
        return found, True
    if role.is_thinned or axis is None:
        return found, False
    if bool((is_same | is_zero).all()):  # a row that sees no key is NaN before, and 0 after
        return met(found, operand, facts, axis), True
    if is_scaled(operand, before, axis):
        return met(found, operand, facts, axis), True
    if is_normalised(operand, axis):
        return replace(met(found, operand, facts, axis), scores=None, role=None), True
    return (found if is_share(operand, before, axis) else None), False


def before_change(operand: torch.Tensor, facts: Facts, found: WeightMap) -> torch.Tensor | None:
    """The softmax's result laid out and typed as the operand; None where it is gone or has other axes."""
    weights = found.weights
    if weights is None or len(facts.axes) != operand.dim() or atoms_of(facts.axes) != atoms_of(found.axes):
        return None
    before = arranged(weights.detach(), found.axes, [leaves(each) for each in facts.axes]).to(operand.dtype)
    return before if before.shape == operand.shape else None


def met(found: WeightMap, operand: torch.Tensor, facts: Facts, axis: int) -> WeightMap:
    """The map that meets the values, with the scores of the softmax's; where it is 0 a key is hidden."""
    return replace(found, result=Result(operand), axes=facts.axes, axis=axis, is_masked=True, whole=found)


def is_scaled(operand: torch.Tensor, before: torch.Tensor, axis: int) -> bool:
    """Whether every row is a share of the row before it, less what a mask hid, and sums to 1 at most."""
    after = operand.detach().float()
    most = 1 + max(4 * torch.finfo(operand.dtype).eps, 1e-4)
    return bool((after.sum(axis) <= most).all()) and is_share(operand, before, axis)


def is_share(operand: torch.Tensor, before: torch.Tensor, axis: int) -> bool:
    """Whether every row is a multiple of the row before it, less what a mask hid."""
    after = operand.detach().float()
    left = before.float().nan_to_num(0.0).masked_fill(after == 0, 0.0)
    rounding = 4 * torch.finfo(operand.dtype).eps
    sums = after.sum(axis, keepdim=True)
    if not bool((after >= 0).all()):
        return False
    share = sums / left.sum(axis, keepdim=True).clamp(min=torch.finfo(torch.float32).tiny)
    return bool((left.mul_(share) - after).abs_().max() <= rounding * max(1.0, float(after.max())))
