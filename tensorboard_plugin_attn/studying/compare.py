"""Two records of one probe, or of two probes whose tokens align → what each head gained and lost, ranked by change.

Change is the mean over rows of the Jensen–Shannon divergence / ln 2, between 0 and 1; the largest single change is
the cell whose weight differs most. B minus A: positive was gained.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn.encoding.codes import pool_axis
from tensorboard_plugin_attn.encoding.header import Header, LayerEntry
from tensorboard_plugin_attn.errors import IncomparableError
from tensorboard_plugin_attn.measuring.divergence import divergence, mean_of_known
from tensorboard_plugin_attn.measuring.head_metrics import informative_rows, select_rows, sum_of_x_log_x
from tensorboard_plugin_attn.measuring.ragged import stack_ragged
from tensorboard_plugin_attn.record.layer import LayerAttention

__all__ = [
    "Comparison",
    "LayerComparison",
    "align",
    "compare_layer",
    "pool_differences",
    "start_warnings",
]

ReadPair = Callable[[int], tuple[LayerAttention, LayerAttention]]  # layer → of A, of B

LEAST_SHARED = 0.5  # of the tokens of two probes
SAME_START = 0.02  # relative and absolute difference of head metrics


@dataclass(frozen=True)
class LayerComparison:
    """One layer. Each array is ``[head]``, NaN or 0 where a side has no weights. The tokens are those of B.

    ``picture`` is ``[head, height, width]``, see ``pool_differences``.
    """

    change: NDArray[np.float32]
    query: NDArray[np.uint32]  # of the largest single change
    key: NDArray[np.uint32]
    before: NDArray[np.float32]
    after: NDArray[np.float32]
    query_tokens: list[str]
    key_tokens: list[str]
    picture: NDArray[np.uint8]


@dataclass(frozen=True)
class HeadChange:
    """One head of a comparison: how much it changed, and its largest single change."""

    layer: int
    head: int
    change: float
    query: int
    key: int
    before: float
    after: float
    query_token: str
    key_token: str


@dataclass(frozen=True)
class Comparison:
    """Two records, A and B. ``differing`` lists the positions whose tokens differ, by list of tokens.

    ``read_pair`` gives one layer of A and of B.
    """

    read_pair: ReadPair
    layers: list[LayerComparison]
    differing: dict[str, list[int]]
    warnings: list[str]

    @property
    def change(self) -> NDArray[np.float32]:
        """``[layer, head]``, NaN where a head does not exist or has no weights."""
        return stack_ragged([layer.change for layer in self.layers])

    @property
    def layer_change(self) -> NDArray[np.float32]:
        """``[layer]``: the mean over heads."""
        return mean_of_known(self.change)

    def difference(self, layer: int) -> NDArray[np.float32]:
        """Weights of B minus weights of A, ``[head, query, key]``."""
        first, second = self.read_pair(layer)
        return np.asarray(second.weights - first.weights)

    def ranking(self) -> list[HeadChange]:
        """Every head, the one that changed most first."""
        rows = [
            self.head_change(number, int(head))
            for number, layer in enumerate(self.layers)
            for head in np.flatnonzero(~np.isnan(layer.change))
        ]
        return sorted(rows, key=lambda row: (-row.change, row.layer, row.head))

    def head_change(self, number: int, head: int) -> HeadChange:
        """One head in words."""
        layer = self.layers[number]
        query, key = int(layer.query[head]), int(layer.key[head])
        return HeadChange(
            number, head, float(layer.change[head]), query, key, float(layer.before[head]),
            float(layer.after[head]), layer.query_tokens[query], layer.key_tokens[key],
        )  # fmt: skip


def compare_layer(first: LayerAttention, second: LayerAttention) -> LayerComparison:
    """One layer of both."""
    difference = second.weights - first.weights
    known = ~np.isnan(difference).any(axis=(1, 2))
    size = np.abs(difference if known.all() else np.nan_to_num(difference)).reshape(len(difference), -1)
    at = size.argmax(axis=1)
    query, key = (each.astype(np.uint32) for each in np.divmod(at, second.num_keys))
    heads = np.arange(len(at))
    before, after = (np.where(known, each.weights[heads, query, key], np.nan) for each in (first, second))
    rows = informative_rows(first)[0] & informative_rows(second)[0]
    one, other = select_rows(first.weights, rows), select_rows(second.weights, rows)
    return LayerComparison(
        np.array([head_divergence(*pair) for pair in zip(one, other, strict=True)], np.float32),
        query,
        key,
        before.astype(np.float32),
        after.astype(np.float32),
        second.query_tokens,
        second.key_tokens,
        pool_differences(difference),
    )


def head_divergence(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """Mean JSD / ln 2 of rows ``[row, key]``, each divided by its sum; rows without weight do not count."""
    if np.array_equal(first, second):
        return 0.0 if len(first) else float("nan")
    one, other = normalised(first), normalised(second)
    entropies = sum_of_x_log_x(one), sum_of_x_log_x(other)
    one += other
    return float(mean_of_known(divergence(one, *entropies)))


def normalised(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows that sum to 1; NaN for a row without weight."""
    total = rows.sum(axis=-1, keepdims=True)
    scaled: NDArray[np.float32] = rows / np.where(total > 0, total, np.float32(np.nan))
    return scaled


def align(first: Header, second: Header, *, same_run: bool) -> dict[str, list[int]]:
    """Two headers → the positions whose tokens differ, by list of tokens; none for the same probe.

    Raises:
        IncomparableError: they are records of inputs that cannot be compared; it says why.
    """
    check_layers(first.layers, second.layers)
    if first.probe == second.probe:
        return {}
    differing = {}
    for name in sorted({*first.tokens, *second.tokens}):
        one, other = first.tokens.get(name), second.tokens.get(name)
        if one is None or other is None or len(one) != len(other):
            raise IncomparableError(
                f"the probes have {0 if one is None else len(one)} and {0 if other is None else len(other)} {name}; "
                f"compare records of the same input, or of two inputs whose tokens align"
            )
        places = [place for place, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]
        if places:
            differing[name] = places
    total = sum(map(len, second.tokens.values()))
    changed = sum(map(len, differing.values()))
    if differing and not same_run:
        raise IncomparableError(
            f"the probes have different tokens ({example(first, second, differing)}); records of different runs "
            f"compare only for the same input"
        )
    if total - changed < LEAST_SHARED * total:
        raise IncomparableError(
            f"only {total - changed} of {total} tokens are the same ({example(first, second, differing)}); two "
            f"probes compare when at least half of their tokens are"
        )
    return differing


def start_warnings(first: Header, second: Header) -> list[str]:
    """What to say of two runs, from the first logged record of each: whether they start alike."""
    names = [name for name in first.metric_names if name in second.metric_names]
    one, other = (
        header.metrics[..., [header.metric_names.index(name) for name in names]] for header in (first, second)
    )
    same_step = first.step == second.step
    if (
        same_step
        and one.shape == other.shape
        and np.allclose(one, other, SAME_START, SAME_START, equal_nan=True)
    ):
        return []
    return [
        f"the first logged steps of the two runs ({first.step} and {second.step}) are not alike: head "
        f"numbers correspond only between models that share an initialisation"
    ]


def example(first: Header, second: Header, differing: Mapping[str, list[int]]) -> str:
    """The first token that differs."""
    name, places = next(iter(differing.items()))
    one, other = first.tokens[name][places[0]], second.tokens[name][places[0]]
    return f"{one!r} against {other!r} at position {places[0]}"


def check_layers(first: Sequence[LayerEntry], second: Sequence[LayerEntry]) -> None:
    """The same layers, heads and masks, or an error."""
    if len(first) != len(second):
        raise IncomparableError(
            f"the records have {len(first)} and {len(second)} layers; compare records of one model"
        )
    for number, (one, other) in enumerate(zip(first, second, strict=True)):
        for what in ("kind", "heads", "queries", "keys", "mask", "head_numbers"):
            left, right = getattr(one, what), getattr(other, what)
            if left != right:
                raise IncomparableError(
                    f"layer {number} has {what} {left!r} in one record and {right!r} in the other"
                )


def pool_differences(difference: NDArray[np.float32]) -> NDArray[np.uint8]:
    """B − A ``[head, query, key]`` → the difference of largest size in each cell of the thumbnail, signed √.

    128 is no difference, 1 is −1 and 255 is +1: ``code = 128 + round(127 · sign · √|difference|)``.
    """
    difference = np.nan_to_num(difference)
    highest, lowest = (sign * pool_axis(pool_axis(sign * difference, 1), 2) for sign in (1, -1))
    extreme = np.where(highest >= -lowest, highest, lowest)
    shades = np.sign(extreme) * np.sqrt(np.minimum(np.abs(extreme), 1))
    return (128 + np.round(127 * shades)).astype(np.uint8)
