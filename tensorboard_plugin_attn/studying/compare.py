"""Two records of one probe, or of two probes whose tokens align → what each head gained and lost, ranked by change.

Change is the mean over rows of the Jensen–Shannon divergence / ln 2, between 0 and 1; the largest single change is
the cell whose weight differs most. B minus A: positive was gained.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn.encoding.codes import pool_axis, pool_width, thumbnail_shape
from tensorboard_plugin_attn.encoding.header import Header, LayerEntry, same_input, same_surroundings
from tensorboard_plugin_attn.encoding.overview import overview_cell
from tensorboard_plugin_attn.encoding.rebuild import Band
from tensorboard_plugin_attn.errors import IncomparableError
from tensorboard_plugin_attn.measuring.divergence import divergence, mean_of_known
from tensorboard_plugin_attn.measuring.head_metrics import informative_rows, sum_of_x_log_x
from tensorboard_plugin_attn.measuring.ragged import stack_ragged
from tensorboard_plugin_attn.measuring.token_patterns import padding_flags
from tensorboard_plugin_attn.record.layer import LayerAttention

__all__ = [
    "Comparison",
    "LayerComparison",
    "align",
    "compare_layer",
    "compare_pictures",
    "pool_differences",
    "start_warnings",
]

ReadDifference = Callable[[int], NDArray[np.float32]]  # layer → B − A, [head, query, key]

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
    """Two records, A and B. ``differing`` lists the positions whose tokens differ, by list of tokens."""

    read_difference: ReadDifference
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
        return self.read_difference(layer)

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


def compare_layer(
    first: LayerAttention, second: LayerAttention, bands: Iterable[tuple[Band, Band]], heads: int
) -> LayerComparison:
    """One layer of both: what is known of it but its weights (see ``bare_layer``), and these in bands.

    Bands of rows begin at cells of the picture.
    """
    queries, keys = second.num_queries, second.num_keys
    divergences = np.full((heads, queries), np.nan, np.float32)
    largest = np.full(heads, -1.0, np.float32)
    query, key = np.zeros(heads, np.uint32), np.zeros(heads, np.uint32)
    before, after = np.full(heads, np.nan, np.float32), np.full(heads, np.nan, np.float32)
    picture = np.zeros((heads, *thumbnail_shape(queries, keys)), np.uint8)
    seen = SeenKeys(first), SeenKeys(second)
    unknown = np.zeros(heads, bool)
    for one, other in bands:
        difference = other.weights - one.weights
        for each, band in zip(seen, (one, other), strict=True):
            each.look_at(band)
        divergences[one.heads, one.rows] = row_divergence(one.weights, other.weights)
        unknown[one.heads] |= np.isnan(difference).any(axis=(1, 2))
        size = np.abs(np.nan_to_num(difference)).reshape(len(difference), -1)
        at = size.argmax(axis=1)
        for place, head in enumerate(range(one.heads.start, one.heads.stop)):
            if size[place, at[place]] > largest[head]:
                row, column = divmod(int(at[place]), keys)
                largest[head], query[head], key[head] = size[place, at[place]], one.rows.start + row, column
                before[head], after[head] = one.weights[place, row, column], other.weights[place, row, column]
        pooled = pool_differences(difference, queries)
        top = one.rows.start // pool_width(queries)
        picture[one.heads, top : top + pooled.shape[1]] = pooled
    rows = seen[0].informative() & seen[1].informative()
    before[unknown], after[unknown] = np.nan, np.nan
    change = np.where(unknown, np.nan, mean_of_known(divergences[:, rows])).astype(np.float32)
    return LayerComparison(change, query, key, before, after, second.query_tokens, second.key_tokens, picture)


def compare_pictures(
    entry: LayerEntry, tokens: tuple[list[str], list[str]], pictures: Iterable[tuple[Any, Any]]
) -> LayerComparison:
    """A layer that is too large to be compared weight by weight: each head's overviews ``[height, width]`` of both.

    Rows are those of the pictures; the largest change stands at the first query and key of its pixel.
    """
    heads = entry.heads
    change, before, after = (np.full(heads, np.nan, np.float32) for _ in range(3))
    query, key = np.zeros(heads, np.uint32), np.zeros(heads, np.uint32)
    picture = np.full((heads, *thumbnail_shape(entry.queries, entry.keys)), 128, np.uint8)
    for head, (one, other) in enumerate(pictures):
        change[head] = mean_of_known(row_divergence(one, other)[None])[0]
        row, column = divmod(int(np.abs(other - one).argmax()), one.shape[1])
        cells = [
            overview_cell(length, pixels) for length, pixels in zip(entry.shape[1:], one.shape, strict=True)
        ]
        query[head], key[head] = row * cells[0], column * cells[1]
        before[head], after[head] = one[row, column], other[row, column]
        pooled = pool_differences((other - one)[None])[0]
        if pooled.shape == picture.shape[1:]:
            picture[head] = pooled
        else:  # another grid: each cell has the nearest pixel
            down, across = (
                np.arange(size) * have // size
                for size, have in zip(picture.shape[1:], pooled.shape, strict=True)
            )
            picture[head] = pooled[np.ix_(down, across)]
    return LayerComparison(change, query, key, before, after, *tokens, picture)


class SeenKeys:
    """Which keys each query of a layer gives weight to in any head, where mask and tokens do not say it."""

    def __init__(self, layer: LayerAttention) -> None:
        self.layer = layer
        regular = layer.mask in ("full", "causal") and padding_flags(layer.key_tokens) is None
        self.seen = None if regular else np.zeros((layer.num_queries, layer.num_keys), bool)

    def look_at(self, band: Band) -> None:
        """Some rows of some heads."""
        if self.seen is not None:
            self.seen[band.rows] |= (band.weights > 0).any(axis=0)

    def informative(self) -> NDArray[np.bool_]:
        """The rows that see more than one key and are no padding."""
        if self.seen is not None:
            self.layer.weights = self.seen[None]
        return informative_rows(self.layer)[0]


def row_divergence(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float32]:
    """JSD / ln 2 of rows ``[…, key]``, each divided by its sum; NaN for a row without weight."""
    one, other = normalised(first), normalised(second)
    entropies = sum_of_x_log_x(one), sum_of_x_log_x(other)
    equal = (one == other).all(axis=-1)
    one += other
    return np.where(equal, np.float32(0), divergence(one, *entropies))


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
    if first.probe != second.probe and not same_surroundings(first.input, second.input):
        raise IncomparableError(
            "the probes have other pictures, sounds or positions, and other tokens or masks"
        )
    if first.probe == second.probe:
        if same_input((first.probe, first.input), (second.probe, second.input)):
            return {}
        raise IncomparableError(
            "the probes have the same names but other pictures, sounds, positions or token ids (their input hashes differ); "
            "log each input under a tag of its own"
        )
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
    if not differing:
        raise IncomparableError(
            f"the probes have equal tokens, but their hashes differ ({first.probe} and {second.probe}): another program "
            f"wrote one of them, or their masks were read off other weights"
        )
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


def pool_differences(difference: NDArray[np.float32], queries: int | None = None) -> NDArray[np.uint8]:
    """B − A ``[head, query, key]`` → the difference of largest size in each cell of the thumbnail, signed √.

    Of a band of rows ``queries`` is how many the layer has. 128 is no difference, 1 is −1 and 255 is +1: ``code = 128 + round(127 · sign · √|difference|)``.
    """
    difference = np.nan_to_num(difference)
    width = pool_width(difference.shape[1] if queries is None else queries)
    highest, lowest = (sign * pool_axis(pool_axis(sign * difference, 1, width), 2) for sign in (1, -1))
    extreme = np.where(highest >= -lowest, highest, lowest)
    shades = np.sign(extreme) * np.sqrt(np.minimum(np.abs(extreme), 1))
    return (128 + np.round(127 * shades)).astype(np.uint8)
