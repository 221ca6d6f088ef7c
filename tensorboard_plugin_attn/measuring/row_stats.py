"""One number per head and row, gathered while rows come in blocks → the metrics and faults of a layer.

What a metric is a mean of is linear in a row's weights, so that whoever has the rows a block at a time, on whatever
device, can hand on these numbers alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn.measuring.faults import (
    MASKED_TOLERANCE,
    differing_fault,
    fault,
    rows_without_padding,
    sum_fault,
)
from tensorboard_plugin_attn.measuring.head_metrics import (
    METRICS,
    mean,
    query_positions,
    select_rows,
    undefined,
)
from tensorboard_plugin_attn.measuring.token_patterns import padding_flags
from tensorboard_plugin_attn.record.blocks import visible_counts, visible_range
from tensorboard_plugin_attn.record.layer import LayerAttention

__all__ = [
    "CodeTaker",
    "Moved",
    "Questions",
    "RowStats",
    "WholeCodes",
    "counted_keys",
    "faults_of_rows",
    "joined",
    "metrics_of_rows",
    "over_moved",
    "questions_of",
    "with_sink",
]

Floats = NDArray[np.float32]  # [head, query]
UNSEEN = -9e28


class CodeTaker(Protocol):
    """Who gets a layer's codes, rows after rows of the same heads."""

    def room(self, shape: tuple[int, int, int]) -> NDArray[np.uint8]:
        """Memory for the codes of some rows, ``[head, row, key]``, whatever is in it."""
        ...

    def take(self, head: int, row: int, codes: NDArray[np.uint8], stop: int) -> None:
        """Codes from a head and a row on, all 0 from the key ``stop`` on; their memory is the taker's again."""
        ...


class WholeCodes:
    """All of them, ``[head, query, key]``."""

    def __init__(self, shape: tuple[int, int, int]) -> None:
        self.codes = np.empty(shape, np.uint8)

    def room(self, shape: tuple[int, int, int]) -> NDArray[np.uint8]:
        """As ``CodeTaker``."""
        return np.empty(shape, np.uint8)

    def take(self, head: int, row: int, codes: NDArray[np.uint8], stop: int) -> None:
        """As ``CodeTaker``."""
        self.codes[head : head + codes.shape[0], row : row + codes.shape[1]] = codes


@dataclass(frozen=True, eq=False)
class Questions:
    """What is to be gathered of each row; all of it numpy.

    ``special``: bool ``[key]``, the keys whose weights are summed, None: there are none; ``numbers``: of each key's
    token, equal where tokens are, None where query i and key i are not the same token; ``padded``: bool ``[key]``, keys
    that are padding, and ``padded_rows``, None: there are none; ``hidden``: rows → keys that an irregular mask hides, bool
    ``[head, row, key]``; ``thumbnail``, ``overview``: how many queries and keys a cell of the picture covers, None: no
    picture; ``codes``: who gets uint8 codes, None: nobody, ``code_rows``: of which rows, None: all, the others are 0;
    ``noted``: rows whose codes are given too; ``moved``: whether to measure weights times the lengths of values.
    ``kept``: what layers of one length share; ``scratch``: memory that the layers of one record take in turn;
    ``first_head``: of the layer's, which the first one here is.
    """

    special: NDArray[np.bool_] | None = None
    numbers: NDArray[np.int64] | None = None
    thumbnail: tuple[int, int] | None = None
    overview: tuple[int, int] | None = None
    codes: CodeTaker | None = None
    code_rows: NDArray[np.int64] | None = None
    noted: NDArray[np.int64] | None = None
    moved: bool = False
    padded: NDArray[np.bool_] | None = None
    padded_rows: NDArray[np.bool_] | None = None
    hidden: Callable[[slice], NDArray[np.bool_]] | None = None
    kept: dict[Any, Any] = field(default_factory=dict)
    scratch: dict[Any, Any] = field(default_factory=dict)
    first_head: int = 0

    def plain_rows(self, rows: slice) -> NDArray[np.bool_]:
        """Which rows are no padding."""
        return np.ones(rows.stop - rows.start, bool) if self.padded_rows is None else ~self.padded_rows[rows]


@dataclass(frozen=True)
class Moved:
    """Of ``weight · value_norm`` by its row's sum, float32 ``[head, query]`` each; see ``RowStats``."""

    negentropy: Floats
    total: Floats
    distance: Floats
    first: Floats
    special: Floats | None = None


@dataclass(frozen=True)
class RowStats:
    """Float32 ``[head, query]`` each, of rows of weights.

    ``negentropy``: Σ A ln A; ``distance``: Σ A·|i − j|; ``place``: Σ A·j; ``offsets``: ``A[i, i + o]`` for −1, 0 and
    1, 0 where there is no such key; ``earlier``, ``after``: masses on earlier occurrences of the token and on the keys
    behind them; ``score``: the largest one, below −10²⁹ where no key is seen; ``lse``: the logarithm of a row's sum of
    exponentials; ``error``: how far weights · values are from the output; ``masked``: mass on keys that the mask hides;
    ``sink``: the share that goes to no key.
    ``counts``: ``[query]``, how many keys each sees, where the mask does not tell; ``attended``: ``[key]``, keys that a
    query which is no padding looks at; ``lowest``: the smallest weight. Pictures ``[head, height, width]`` are maxima
    of weights, the ``overview``'s log₂ of these. ``noted``: codes ``[head, row, key]`` of the rows that were asked for.
    """

    largest: Floats
    negentropy: Floats
    total: Floats
    distance: Floats
    place: Floats
    offsets: dict[int, Floats]
    first: Floats
    special: Floats | None = None
    earlier: Floats | None = None
    after: Floats | None = None
    score: Floats | None = None
    lse: Floats | None = None
    thumbnail: Floats | None = None
    overview: Floats | None = None
    noted: NDArray[np.uint8] | None = None
    error: Floats | None = None
    budget: float = 0.0
    masked: Floats | None = None
    sink: Floats | None = None
    counts: NDArray[np.int64] | None = None
    attended: NDArray[np.bool_] | None = None
    lowest: float = 0.0
    moved: Moved | None = None


def joined(parts: Sequence[RowStats]) -> RowStats:
    """What was measured of some heads after others, as of all."""
    first = parts[0]
    found = {
        each.name: np.concatenate([getattr(part, each.name) for part in parts])
        for each in fields(RowStats)
        if each.name not in NOT_BY_HEAD and getattr(first, each.name) is not None
    }
    moved = None if first.moved is None else joined_moved([part.moved for part in parts if part.moved])
    return replace(
        first,
        **found,
        offsets={by: np.concatenate([part.offsets[by] for part in parts]) for by in first.offsets},
        budget=max(part.budget for part in parts),
        lowest=min(part.lowest for part in parts),
        moved=moved,
    )


NOT_BY_HEAD = ("offsets", "budget", "counts", "attended", "lowest", "moved")


def joined_moved(parts: Sequence[Moved]) -> Moved:
    """The same of weights times the lengths of values."""
    names = [each.name for each in fields(Moved) if getattr(parts[0], each.name) is not None]
    return Moved(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


def with_sink(stats: RowStats, rounded: float) -> RowStats:
    """With what is missing of the sums of rows that see a key, where that is more than rounding anywhere."""
    share = np.clip(np.where(stats.total > 0, 1 - stats.total, 0), 0, None).astype(np.float32)
    return replace(stats, sink=share) if (share > rounded).any() else stats


def over_keys(stats: RowStats) -> RowStats:
    """Rows from which a sink takes a share divided by their sum."""
    total = stats.total
    factor = np.divide(1, total, out=np.zeros_like(total), where=total > 0)
    with np.errstate(divide="ignore"):
        log = np.where(factor > 0, np.log(factor), 0).astype(np.float32)
    linear = ("largest", "distance", "place", "first", "special", "earlier", "after")
    known = {name: getattr(stats, name) for name in linear}
    changed: dict[str, Any] = {name: None if each is None else each * factor for name, each in known.items()}
    return replace(
        stats,
        **changed,
        offsets={by: each * factor for by, each in stats.offsets.items()},
        negentropy=stats.negentropy * factor + log * (total * factor),
        total=total * factor,
    )


def over_moved(stats: RowStats) -> RowStats | None:
    """The same numbers of ``weight · value_norm`` by its row's sum, as far as metrics of it need them."""
    return None if stats.moved is None else replace(stats, **vars(stats.moved))


@lru_cache(maxsize=8)
def token_numbers(tokens: tuple[str, ...]) -> NDArray[np.int64]:
    """A number for each token, equal where tokens are."""
    known: dict[str, int] = {}
    return np.array([known.setdefault(token, len(known)) for token in tokens])


@lru_cache(maxsize=2)
def shared_by(tokens: tuple[str, ...]) -> dict[Any, Any]:
    """What is worked out once for all layers on these tokens."""
    return {}


@lru_cache(maxsize=8)
def comes_again(tokens: tuple[str, ...]) -> NDArray[np.bool_]:
    """Which tokens stood before."""
    first = {token: place for place, token in reversed(list(enumerate(tokens)))}
    return np.array([first[token] < place for place, token in enumerate(tokens)])


def questions_of(layer: LayerAttention, **asked: Any) -> Questions:
    """What to gather of a labelled layer that comes in blocks."""
    is_square = layer.kind == "self" and layer.num_queries == layer.num_keys
    padded = padding_flags(layer.key_tokens)
    bias = layer.bias if layer.mask == "other" and layer.blocks.gives_weights else None
    return Questions(
        layer.key_special if layer.key_special.any() else None,
        token_numbers(tuple(layer.key_tokens)) if is_square else None,
        padded=padded,
        padded_rows=None if padded is None else padding_flags(layer.query_tokens),
        kept=shared_by(tuple(layer.key_tokens)) if is_square else {},
        hidden=None if bias is None else hidden_by(bias, layer.shape),
        **asked,
    )


def hidden_by(bias: Any, shape: tuple[int, int, int]) -> Callable[[slice], NDArray[np.bool_]]:
    """Rows → keys that a bias hides."""
    whole = np.broadcast_to(bias, shape)
    return lambda rows: np.isneginf(whole[:, rows])


def metrics_of_rows(
    layer: LayerAttention, stats: RowStats, names: Mapping[str, Any]
) -> dict[str, NDArray[np.float32]]:
    """Built-in metrics, name → float32 ``[head]``; those that are not in ``names`` are left out."""
    rows, counts = rows_and_counts(layer)
    whole = stats if layer.sink is None else over_keys(stats)
    return {
        name: np.asarray(BY_ROWS[name](layer, whole, rows, counts), np.float32)
        for name, function in names.items()
        if METRICS.get(name) is function
    }


def rows_and_counts(layer: LayerAttention) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Which rows see more than one key and are no padding, and how many keys each sees."""
    counts = visible_counts(layer)
    padded = padding_flags(layer.query_tokens)
    rows = counts > 1
    return (rows if padded is None else rows & ~padded), counts


def counted_keys(layer: LayerAttention, stats: RowStats) -> NDArray[np.int64]:
    """How many keys each row sees; padding that no real query looks at is none."""
    if stats.counts is not None:
        return stats.counts
    at = np.arange(layer.num_queries)
    first, stop = visible_range(layer.mask or "full", layer.num_queries, layer.num_keys, at)
    if first is None or stop is None:
        first, stop = np.zeros_like(at), np.full_like(at, layer.num_keys)
    padded = padding_flags(layer.key_tokens)
    if padded is None or stats.attended is None or not layer.blocks.gives_weights:
        return stop - first
    known = np.concatenate([[0], np.cumsum(~padded | stats.attended)])
    return np.asarray(known[stop] - known[first])


Rows = NDArray[np.bool_]
ByRows = Callable[[LayerAttention, RowStats, Rows, NDArray[np.int64]], Any]


def mean_of(name: str) -> ByRows:
    """The mean over rows of one of the numbers."""
    return lambda layer, stats, rows, counts: mean(select_rows(getattr(stats, name), rows))


def entropy(layer: LayerAttention, stats: RowStats, rows: Rows, counts: NDArray[np.int64]) -> Any:
    """See ``head_metrics.entropy``."""
    return mean(-select_rows(stats.negentropy, rows) / np.log(counts[rows]))


def mean_distance(layer: LayerAttention, stats: RowStats, rows: Rows, counts: NDArray[np.int64]) -> Any:
    """See ``head_metrics.mean_distance``."""
    if layer.kind == "cross" or not rows.any():
        return undefined(layer)
    distance, total = select_rows(stats.distance, rows), select_rows(stats.total, rows)
    return distance.sum(1, dtype=np.float64) / total.sum(1, dtype=np.float64)


def offset(by: int) -> ByRows:
    """See ``head_metrics.offset_mass``."""

    def mass(layer: LayerAttention, stats: RowStats, rows: Rows, counts: NDArray[np.int64]) -> Any:
        if layer.kind == "cross":
            return undefined(layer)
        keys = query_positions(layer) + by
        inside = rows & (keys >= 0) & (keys < layer.num_keys)
        padded = padding_flags(layer.key_tokens)
        if padded is not None:
            inside &= ~padded[np.clip(keys, 0, layer.num_keys - 1)]
        return mean(select_rows(stats.offsets[by], inside))

    return mass


def first_token(layer: LayerAttention, stats: RowStats, rows: Rows, counts: NDArray[np.int64]) -> Any:
    """See ``head_metrics.first_token``."""
    return mean(
        select_rows(stats.first, rows & (query_positions(layer) > 0) if layer.kind == "self" else rows)
    )


def special_tokens(layer: LayerAttention, stats: RowStats, rows: Rows, counts: NDArray[np.int64]) -> Any:
    """See ``head_metrics.special_tokens``."""
    return undefined(layer) if stats.special is None else mean(select_rows(stats.special, rows))


def pattern(name: str) -> ByRows:
    """See ``head_metrics.pattern_mass``."""

    def mass(layer: LayerAttention, stats: RowStats, rows: Rows, counts: NDArray[np.int64]) -> Any:
        found = getattr(stats, name)
        if found is None:
            return undefined(layer)
        return mean(select_rows(found, rows & comes_again(tuple(layer.key_tokens))))

    return mass


def max_score(layer: LayerAttention, stats: RowStats, rows: Rows, counts: NDArray[np.int64]) -> Any:
    """See ``head_metrics.max_score``."""
    if layer.max_score is not None:
        return np.where(np.isneginf(layer.max_score), np.nan, layer.max_score)
    if stats.score is None:
        return undefined(layer)
    largest = stats.score.max(axis=1)
    return np.where(largest > UNSEEN, largest, np.nan)


def sink(layer: LayerAttention, stats: RowStats, rows: Rows, counts: NDArray[np.int64]) -> Any:
    """See ``head_metrics.sink``."""
    return undefined(layer) if layer.sink is None else mean(np.asarray(layer.sink, np.float32)[:, rows])


def diagonality(layer: LayerAttention, stats: RowStats, rows: Rows, counts: NDArray[np.int64]) -> Any:
    """See ``head_metrics.diagonality``."""
    if layer.kind != "cross" or layer.num_queries < 2 or layer.num_keys < 2:
        return undefined(layer)
    expected = np.linspace(0, 1, layer.num_queries, dtype=np.float32)
    return mean((1 - np.abs(stats.place / (layer.num_keys - 1) - expected))[:, rows])


def focus_rate(layer: LayerAttention, stats: RowStats, rows: Rows, counts: NDArray[np.int64]) -> Any:
    """See ``head_metrics.focus_rate``."""
    return mean(select_rows(stats.largest, rows)) if layer.kind == "cross" else undefined(layer)


BY_ROWS: dict[str, ByRows] = {
    "entropy": entropy,
    "mean_distance": mean_distance,
    "confidence": mean_of("largest"),
    "previous_token": offset(-1),
    "same_token": offset(0),
    "next_token": offset(1),
    "first_token": first_token,
    "special_tokens": special_tokens,
    "duplicate_token": pattern("earlier"),
    "induction": pattern("after"),
    "max_score": max_score,
    "diagonality": diagonality,
    "focus_rate": focus_rate,
    "sink": sink,
}


def faults_of_rows(layer: LayerAttention, stats: RowStats) -> list[dict[str, Any]]:
    """As ``layer_faults``."""
    broken = np.asarray(np.isnan(stats.total).any(axis=1))
    found = [differing_fault(layer), fault("nan", broken, None)]
    rows = rows_without_padding(layer)
    if rows.any():
        sums = stats.total if layer.sink is None else stats.total + np.asarray(layer.sink, np.float32)
        sums = np.nan_to_num(sums, nan=1.0) if broken.any() else sums
        found.append(sum_fault(sums[:, rows], broken, may_be_empty=layer.mechanism != ""))
    if stats.masked is not None and rows.any():
        mass = np.nan_to_num(stats.masked[:, rows])
        found.append(fault("masked", mass.max(axis=1) > MASKED_TOLERANCE, float(mass.max())))
    return [each for each in found if each["heads"]]
