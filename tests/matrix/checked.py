"""A covered model → how far weights · values are from its outputs in float32, and whether blocks of 7 rows are the whole."""

from __future__ import annotations

import warnings
from copy import copy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import nn

from tensorboard_plugin_attn import capture
from tensorboard_plugin_attn.capturing import Row, probe_rows
from tensorboard_plugin_attn.capturing.calls.checking import EXACT_SUM
from tensorboard_plugin_attn.capturing.calls.sighting import Sighting
from tensorboard_plugin_attn.capturing.calls.streamed import StreamedMap, Streams
from tensorboard_plugin_attn.capturing.probing.plans import plans_of
from tensorboard_plugin_attn.encoding.layer import encode_layer
from tensorboard_plugin_attn.encoding.streamed import encode_streamed
from tensorboard_plugin_attn.measuring.head_metrics import METRICS
from tensorboard_plugin_attn.record.checks import label_layer
from tensorboard_plugin_attn.record.layer import LayerAttention
from tensorboard_plugin_attn.record.tokens import TokenAxes

__all__ = ["EPSILON", "Checked", "budget", "check"]

BUDGET = 32
"""What a map may differ by: so many float32 epsilons × the largest score of its layer.

A capture computes in float32 from whatever the model computes in. A model in double precision has no rounding of
its own, so this holds on any CPU; one that cannot run in double drifts a little from layer to layer.
"""
EPSILON = torch.finfo(torch.float32).eps
ROWS = 7
"""At a time; no map of the matrix has a multiple of so many."""
WHOLE = slice(None)


@dataclass
class Checked:
    """What a forward in float32 shows.

    ``seen`` of ``layers`` had an output to compare with: ``output_error`` is the largest difference, ``output_share``
    the largest as a share of its layer's budget. ``in_blocks`` layers were read in blocks too: ``blocks_share`` is the
    largest difference of their weights or metrics from the whole, as a share of the budget.
    """

    layers: int = 0
    seen: int = 0
    output_error: float = 0.0
    output_share: float = 0.0
    in_blocks: int = 0
    blocks_share: float = 0.0
    by_plan: int = 0
    other: int = 0


def budget(layer: Any) -> float:
    """What a layer may differ by from the same map computed otherwise."""
    largest = 1.0 if layer.max_score is None else max(float(abs(layer.max_score).max()), 1.0)
    return BUDGET * EPSILON * largest


def check(model: nn.Module, inputs: dict[str, Any]) -> Checked:
    """Forwards: whole maps beside the outputs, the same in blocks of rows, and two probes."""
    found = Checked()
    whole = sightings(model, inputs, streams=False)
    layers = [one.layer() for one in whole]
    found.layers = len(layers)
    for layer in layers:
        if layer.output_error is not None:
            found.seen += 1
            found.output_error = max(found.output_error, layer.output_error)
            found.output_share = max(found.output_share, layer.output_error / budget(layer))
    for one, other in zip(whole, sightings(model, inputs, streams=True), strict=True):
        if isinstance(other.weights, StreamedMap) and (share := blocks_share(one, other)) is not None:
            found.in_blocks += 1
            found.blocks_share = max(found.blocks_share, share)
    first, second = probed(model, inputs), probed(model, inputs)
    plans = plans_of(model)
    found.by_plan = len(second) if plans.plans and not plans.lost else 0
    found.other = abs(len(first) - len(second))
    found.other += sum(not is_same(*each) for each in zip(first, second, strict=False))
    return found


def probed(model: nn.Module, inputs: dict[str, Any]) -> list[LayerAttention[Any]]:
    """What a probe hands on, each tensor copied."""
    layers: list[LayerAttention[Any]] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.manual_seed(1)
        row = Row(0, lambda _, layer: layers.append(copied(layer)))
        probe_rows(model, inputs, [row], values=True, query_key=True)
    return layers


def copied(layer: LayerAttention[Any]) -> LayerAttention[Any]:
    """A layer that no later write of the model changes."""
    own = copy(layer)
    for name, value in vars(layer).items():
        if isinstance(value, torch.Tensor):
            setattr(own, name, value.clone())
    return own


def is_same(one: LayerAttention[Any], other: LayerAttention[Any]) -> bool:
    """Whether two layers are equal in all that they have, number for number."""
    for name, value in vars(one).items():
        given = vars(other)[name]
        is_equal = (
            type(given) is type(value) and torch.equal(value, given)
            if isinstance(value, torch.Tensor)
            else value == given or value != value
        )
        if not is_equal:
            return False
    return True


def sightings(model: nn.Module, inputs: dict[str, Any], *, streams: bool) -> list[Sighting]:
    """What one forward shows; in blocks, where that can be."""
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        with capture(model, query_key=True) as captured:
            captured.session.streams = Streams(lambda *_: True) if streams else None
            torch.manual_seed(1)
            captured.model(**inputs)
    return captured.sightings


def blocks_share(whole: Sighting, streamed: Sighting) -> float | None:
    """How far the first input's weights and metrics are from the whole map's, in budgets; None: its mask has no name."""
    layer = streamed.row(0, WHOLE, WHOLE)
    if layer.blocks is None:
        return None
    layer.blocks = replace(layer.blocks, rows_at_once=ROWS)
    expected = whole.row(0, WHOLE, WHOLE)
    expected.weights = expected.weights.numpy()
    differences = [np.abs(layer.blocks.whole() - expected.weights).max(initial=0.0)]
    axes = TokenAxes([f"t{place}" for place in range(layer.num_keys)])
    if layer.num_queries != layer.num_keys:
        axes = TokenAxes(axes.tokens, decoder_tokens=[f"q{place}" for place in range(layer.num_queries)])
    metrics = [measured(each, axes) for each in (layer, expected)]
    differences.append(np.nanmax(np.abs(metrics[0] - metrics[1]) / np.maximum(np.abs(metrics[1]), 1)))
    missing = np.abs(1 - expected.weights.sum(-1)).clip(
        max=EXACT_SUM
    )  # as little is rounding, divided by or not
    return float(max(differences)) / (budget(expected) + float(missing.max(initial=0.0)))


def measured(layer: LayerAttention[Any], axes: TokenAxes) -> Any:
    """All metrics, ``[head, metric]``."""
    if axes.decoder_tokens is not None:
        layer.kind, layer.stack = "cross", "decoder"
    label_layer(axes, layer, 0)
    if layer.blocks is not None:
        return encode_streamed(layer, axes, METRICS, "uint8", source="left_out").metrics
    return encode_layer(layer, axes, METRICS, "uint8").metrics
