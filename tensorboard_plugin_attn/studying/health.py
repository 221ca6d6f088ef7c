"""Head metrics, roles and faults over the steps → hints at what may be wrong: what cannot be right first.

Hints, not verdicts: they say what accompanies a run, never what causes it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn.encoding.header import Fault
from tensorboard_plugin_attn.studying.roles import ROLES, SHARP_ROLES

__all__ = ["THRESHOLD_NAMES", "Hint", "Observed", "Thresholds", "find_hints", "parse_thresholds"]

FAULTS = {
    "fewer_layers": "some of the model's {worst:.0f} layers are not there {since}: nothing was seen in them",
    "fewer_heads": "layer {layer} has {heads} of {worst:.0f} heads {since}: the others were not captured",
    "kernel_differs": "layer {layer} has weights that do not give what the kernel returned {since}{amount}",
    "nan": "layer {layer} has weights that are NaN {since}{amount}",
    "row_sum": "layer {layer} has rows that do not sum to 1 {since}{amount}",
    "masked": "layer {layer} has weight on keys that the mask hides {since}{amount}",
}
LEAST_HISTORY = 3


@dataclass(frozen=True)
class Thresholds:
    """When a hint is given."""

    max_score: float = 100.0  # a score above this
    growth: float = 4.0  # a score above this many times its trailing median …
    growth_from: float = 50.0  # … once it is above this: growth from nearly nothing is learning
    trailing: float = 10  # logged steps in the trailing median
    entropy: float = 0.1  # a collapsed head is below this …
    drop: float = 3.0  # … after a fall of more than this many median absolute deviations of its history …
    least_deviation: float = 0.01  # … which count as at least this
    collapsed_share: float = 0.5  # a collapsed layer has more than this share of collapsed heads


THRESHOLD_NAMES = tuple(each.name for each in fields(Thresholds))


@dataclass(frozen=True)
class Hint:
    """One thing to look at: since which step, in which layer and heads, and in words."""

    kind: str
    step: int
    last_step: int
    layer: int
    heads: list[int]
    value: float
    message: str
    severity: str = "hint"  # "error": cannot be right; "hint": may be

    def as_json(self) -> dict[str, Any]:
        """Its fields."""
        return asdict(self)


@dataclass(frozen=True)
class Observed:
    """What hints are found from; ``faults`` and ``masks`` have one entry a step."""

    steps: Sequence[int]
    names: Sequence[str]
    values: NDArray[np.float32]  # [step, layer, head, metric]
    roles: NDArray[np.uint8]  # [step, layer, head]
    faults: Sequence[Sequence[Fault]] = field(default_factory=list)
    masks: Sequence[Sequence[str]] = field(default_factory=list)
    cross: Sequence[bool] = field(default_factory=list)  # of each layer; a sharp one has found its alignment

    def metric(self, name: str) -> NDArray[np.float32] | None:
        """``[step, layer, head]``, None where it was not logged."""
        return self.values[..., list(self.names).index(name)] if name in self.names else None


def find_hints(observed: Observed, thresholds: Thresholds | None = None) -> list[Hint]:
    """Every hint: weights that are not what ran, then what cannot be right, then what may be; of each by first step."""
    limits = thresholds or Thresholds()
    hints = [*fault_hints(observed), *mask_hints(observed)]
    for find in (score_hints, collapse_hints):
        hints += find(observed, limits)
    return sorted(hints, key=hint_order)


def hint_order(hint: Hint) -> tuple[Any, ...]:
    """Weights that are not what ran come before all else; then errors, the first step, lower layers."""
    return hint.kind != "kernel_differs", hint.severity != "error", hint.step, hint.layer, hint.kind


def parse_thresholds(given: Mapping[str, Any]) -> Thresholds:
    """Named numbers → thresholds; names that are none are left alone. Raises ValueError for what is no number."""
    return Thresholds(**{name: float(given[name]) for name in THRESHOLD_NAMES if name in given})


def fault_hints(observed: Observed) -> Iterator[Hint]:
    """What was found wrong when a record was written."""
    found: dict[tuple[str, int], list[tuple[int, Fault]]] = {}
    for step, faults in zip(observed.steps, observed.faults, strict=False):
        for fault in faults:
            if fault.fault in FAULTS:
                found.setdefault((fault.fault, fault.layer), []).append((int(step), fault))
    for (kind, layer), records in found.items():
        step, first = records[0]
        worst = float("nan") if first.worst is None else first.worst
        message = FAULTS[kind].format(
            layer=layer,
            heads=len(first.heads),
            worst=worst,
            since=f"from step {step} on",
            amount="" if np.isnan(worst) else f", {worst:.3g} in one of them",
        )
        yield Hint(kind, step, records[-1][0], layer, list(first.heads), worst, message, "error")


def mask_hints(observed: Observed) -> Iterator[Hint]:
    """A layer whose mask is another than at the first step: a causal layer that sees later keys."""
    if not observed.masks:
        return
    for layer, first in enumerate(observed.masks[0]):
        changed = [
            (int(step), masks[layer])
            for step, masks in zip(observed.steps, observed.masks, strict=False)
            if layer < len(masks) and masks[layer] != first
        ]
        if changed:
            step, mask = changed[0]
            message = f"layer {layer} is {first} at first and {mask} at step {step}: weight on keys that were hidden"
            yield Hint("mask_changed", step, changed[-1][0], layer, [], float("nan"), message, "error")


def score_hints(observed: Observed, limits: Thresholds) -> Iterator[Hint]:
    """Heads with a large score before softmax, or one that grew fast."""
    scores = observed.metric("max_score")
    if scores is None:
        return
    high = np.nan_to_num(scores, nan=-np.inf) > limits.max_score
    yield from each_layer(
        observed, scores, high, "max_score", "a score of {value:.3g} (above {limit:g})", limits.max_score
    )
    trailing = trailing_median(scores, int(limits.trailing))
    grown = np.nan_to_num(scores, nan=-np.inf) > np.maximum(limits.growth * trailing, limits.growth_from)
    grown &= ~np.isnan(trailing) & ~high
    text = "a score of {value:.3g}, more than {limit:g} × its trailing median"
    yield from each_layer(observed, scores, grown, "max_score_growth", text, limits.growth)


def each_layer(
    observed: Observed,
    metric: NDArray[np.float32],
    offending: NDArray[np.bool_],
    kind: str,
    text: str,
    limit: float,
) -> Iterator[Hint]:
    """One hint for each layer that offends, at its first step."""
    for layer in np.flatnonzero(offending.any(axis=(0, 2))):
        at = np.flatnonzero(offending[:, layer].any(axis=1))
        heads = np.flatnonzero(offending[at[0], layer])
        value = float(np.nanmax(metric[at[0], layer, heads]))
        step = int(observed.steps[at[0]])
        message = (
            f"layer {layer}, heads {', '.join(map(str, heads))}: {text.format(value=value, limit=limit)} "
            f"accompanies step {step}"
        )
        yield Hint(kind, step, int(observed.steps[at[-1]]), int(layer), heads.tolist(), value, message)


def trailing_median(metric: NDArray[np.float32], length: int) -> NDArray[np.float32]:
    """Median of the ``length`` steps before each step, NaN with fewer than three before it."""
    trailing = np.full_like(metric, np.nan)
    for step in range(LEAST_HISTORY, len(metric)):
        window = metric[max(0, step - length) : step]
        whole = ~np.isnan(window).any(axis=0)
        trailing[step][whole] = np.median(window[:, whole], axis=0)
    return trailing


def collapse_hints(observed: Observed, limits: Thresholds) -> Iterator[Hint]:
    """Heads whose entropy fell to nearly nothing without a role that explains it; layers with many of them."""
    entropy = observed.metric("entropy")
    if entropy is None or not len(entropy):
        return
    since = collapse_steps(entropy, observed.roles, limits)
    since[np.flatnonzero(observed.cross)] = -1
    for layer in np.flatnonzero((since >= 0).any(axis=1)):
        heads = np.flatnonzero(since[layer] >= 0)
        real = int((~np.isnan(entropy[:, layer])).any(axis=0).sum())
        first = int(since[layer, heads].min())
        needed = int(limits.collapsed_share * real)
        if len(heads) > needed and real > 1:
            at = int(np.sort(since[layer, heads])[needed])
            yield collapse_hint(observed, "collapsed_layer", entropy, int(layer), heads, at)
        elif len(heads):
            yield collapse_hint(observed, "entropy_collapse", entropy, int(layer), heads, first)


def collapse_hint(
    observed: Observed, kind: str, entropy: NDArray[np.float32], layer: int, heads: NDArray[np.int64], at: int
) -> Hint:
    """In words."""
    step, value = int(observed.steps[at]), float(np.nanmin(entropy[at, layer, heads]))
    what = "most heads of the layer" if kind == "collapsed_layer" else f"heads {', '.join(map(str, heads))}"
    message = f"layer {layer}, {what}: an entropy of {value:.2f} without a known role accompanies step {step}"
    return Hint(kind, step, int(observed.steps[-1]), layer, heads.tolist(), value, message)


def collapse_steps(
    entropy: NDArray[np.float32], roles: NDArray[np.uint8], limits: Thresholds
) -> NDArray[np.int64]:
    """``[layer, head]``: index of the step at which each head collapsed, −1 for those that did not."""
    low = np.nan_to_num(entropy, nan=1.0) < limits.entropy
    sharp = np.isin(roles, [number for number, name in enumerate(ROLES) if name in SHARP_ROLES])
    low &= ~sharp
    since = np.full(entropy.shape[1:], -1, np.int64)
    for layer, head in zip(*np.nonzero(low.any(axis=0)), strict=True):
        for at in np.flatnonzero(low[:, layer, head]):
            if fell(entropy[: at + 1, layer, head], limits):
                since[layer, head] = at
                break
    return since


def fell(history: NDArray[np.float32], limits: Thresholds) -> bool:
    """Whether the last value lies far below those before it that were not low themselves."""
    before = history[:-1][history[:-1] >= limits.entropy]
    if len(before) < LEAST_HISTORY:
        return False
    middle = float(np.median(before))
    deviation = max(float(np.median(np.abs(before - middle))), limits.least_deviation)
    return float(history[-1]) < middle - limits.drop * deviation
