"""A record and a pattern (query and key positions, or a template) → every head's weight on it.

A head's weight on a pattern is the mean, over the queries that the pattern has cells for, of the sum over its cells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn.encoding.decode import bare_layer
from tensorboard_plugin_attn.encoding.header import Header, LayerEntry
from tensorboard_plugin_attn.encoding.rebuild import Band
from tensorboard_plugin_attn.errors import InvalidRecordError
from tensorboard_plugin_attn.measuring.faults import hidden_keys
from tensorboard_plugin_attn.measuring.grids import has_grid
from tensorboard_plugin_attn.measuring.head_metrics import mean
from tensorboard_plugin_attn.measuring.token_pairs import Pair, resolve_pair
from tensorboard_plugin_attn.measuring.token_patterns import (
    PATCHES,
    TEMPLATES,
    Grid,
    padding_flags,
    template_cells,
)
from tensorboard_plugin_attn.record.blocks import MOST_CELLS, visible_range
from tensorboard_plugin_attn.record.spans import places_of
from tensorboard_plugin_attn.record.tokens import MAIN, TokenAxes

__all__ = ["Found", "FoundHead", "Pattern", "evenly_first", "find_heads", "parse_pattern"]

MOST_TEMPLATE = 1 << 26  # cells of a grid, some masks of which are made
DENSE = 0.05  # share of cells above which whole rows are multiplied instead of single cells picked

LayerRows = Callable[[int, NDArray[np.int64]], Iterable[Band]]  # layer, queries → their weights, in bands
Item = TypeVar("Item")


@dataclass(frozen=True)
class Pattern:
    """A template's name, or a query and a key: positions, tokens or sets of them."""

    template: str = ""
    query: Any = None
    key: Any = None
    axes: tuple[str, str] | None = None  # names of the token lists of query and key; None: any


@dataclass(frozen=True)
class FoundHead:
    """One head and its weight on the pattern."""

    layer: int
    head: int
    weight: float


@dataclass(frozen=True)
class Found:
    """Every head's weight on a pattern: ``values`` ``[layer, head]``, NaN where it is not defined."""

    step: int
    pattern: Pattern
    values: NDArray[np.float32]
    uniform: NDArray[np.float32]  # [layer]: what uniform attention would give
    done: int = 1  # steps looked at so far …
    total: int = 1  # … of so many
    too_large: tuple[
        int, ...
    ] = ()  # layers that were not looked at: more than ``MOST_CELLS`` cells of their rows

    def ranking(self) -> list[FoundHead]:
        """Every head, the one with most weight first."""
        heads = [
            FoundHead(int(layer), int(head), float(self.values[layer, head]))
            for layer, head in np.argwhere(~np.isnan(self.values))
        ]
        return sorted(heads, key=lambda found: (-found.weight, found.layer, found.head))


def parse_pattern(template: str | None, query: Any, key: Any) -> Pattern:
    """Either a template or both query and key.

    Raises:
        InvalidRecordError: neither or both were given, or there is no such template.
    """
    if (template is None) == (query is None and key is None) or (query is None) != (key is None):
        raise InvalidRecordError(f"pass query and key, or template as one of {', '.join(TEMPLATES)}")
    if template is not None and template not in TEMPLATES:
        raise InvalidRecordError(f"template must be one of {', '.join(TEMPLATES)}, got {template!r}")
    return Pattern(template or "", query, key)


def find_heads(header: Header, axes: TokenAxes, weights: LayerRows, pattern: Pattern) -> Found:
    """A header, its tokens and its weights → every head's weight on a pattern.

    Raises:
        InvalidRecordError: no layer can have the pattern; it says why.
    """
    layers = header.layers
    values = np.full((len(layers), max(layer.heads for layer in layers)), np.nan, np.float32)
    uniform = np.full(len(layers), np.nan, np.float32)
    known: dict[tuple[Any, ...], Cells | str] = {}
    too_large: list[int] = []
    for number, entry in enumerate(layers):
        kind = (entry.kind, *entry.lists, entry.mask, entry.queries, entry.keys)
        if kind not in known:
            known[kind] = cells_of(pattern, entry, axes)
        cells = known[kind]
        if isinstance(cells, str):
            continue
        if cells is TOO_LARGE or len(cells.rows) * entry.heads * entry.keys > MOST_CELLS:
            too_large.append(number)
            continue
        uniform[number] = uniform_mass(cells, entry, axes)
        if entry.source != "left_out":
            mass = np.empty((entry.heads, len(cells.rows)), np.float32)
            for band in weights(number, cells.rows):
                mass[band.heads, band.rows] = pattern_mass(band.weights, cells.mask[band.rows])
            values[number, : entry.heads] = mean(mass)
    if all(isinstance(cells, str) for cells in known.values()):
        raise InvalidRecordError(str(next(iter(known.values()))))
    if len(too_large) == len(layers):
        raise InvalidRecordError(too_large_text(layers[0], pattern))
    return Found(header.step, pattern, values, uniform, too_large=tuple(too_large))


def too_large_text(entry: LayerEntry, pattern: Pattern) -> str:
    """Why a layer is not searched."""
    what = f"the template {pattern.template!r}" if pattern.template else "so many queries"
    return (
        f"{what} on {entry.queries:,} × {entry.keys:,} tokens and {entry.heads} heads needs more than {MOST_CELLS:,} "
        f"weights; search for fewer queries, as positions or as a region of the matrix"
    )


class Cells(NamedTuple):
    """The rows that a pattern has cells in, and these cells ``[row, key]``."""

    rows: NDArray[np.int64]
    mask: NDArray[np.bool_]


TOO_LARGE = Cells(np.empty(0, np.int64), np.empty((0, 0), bool))


def cells_of(pattern: Pattern, entry: LayerEntry, axes: TokenAxes) -> Cells | str:
    """A layer's cells, or why it has none; ``TOO_LARGE`` where they are more than can be looked at."""
    if pattern.axes not in (None, entry.lists):
        return f"no layer has the axes {pattern.axes}"
    grid = layer_grid(entry, axes)
    if not pattern.template:
        pair = resolve_pair(pattern.query, pattern.key, grid.query_tokens, grid.key_tokens)
        return pair_cells(pair, entry, axes) if isinstance(pair, Pair) else pair
    if entry.queries * entry.keys > MOST_TEMPLATE:
        return TOO_LARGE
    cells = template_cells(pattern.template, grid)
    if cells is None:
        return no_template(pattern.template, grid)
    cells = kept_rows(cells, entry, axes)
    hidden = hidden_keys(bare_layer(entry, axes))
    visible = np.ones(cells.shape, bool) if hidden is None else ~hidden
    layer = bare_layer(entry, axes)
    for axis, tokens in enumerate((layer.query_tokens, layer.key_tokens)):
        padded = padding_flags(tokens)
        if padded is not None:
            visible &= ~(padded[:, None] if axis == 0 else padded)
    cells = cells & visible & (visible.sum(axis=1) > 1)[:, None]
    if not cells.any():
        return f"no token of this probe has a cell of the template {pattern.template!r}"
    rows = np.flatnonzero(cells.any(axis=1))
    return Cells(rows, cells[rows])


def no_template(template: str, grid: Grid) -> str:
    """Why a layer cannot have a template."""
    if template == "across" and grid.is_square:
        return "the probe has one sentence; log a pair with sentence_b_start"
    if template in PATCHES and grid.is_square:
        return f"the template {template!r} is of patches, and no position of this probe is one"
    return f"cross-attention has no {template!r}: its queries and keys are different texts"


def layer_grid(entry: LayerEntry, axes: TokenAxes) -> Grid:
    """The tokens of one layer."""
    layer = bare_layer(entry, axes)
    own = entry.key_tokens == MAIN
    return Grid(
        axes.lists[entry.query_tokens],
        layer.key_tokens,
        is_cross=entry.kind == "cross",
        special=layer.key_special,
        sentence_b_start=axes.sentence_b_start if own else None,
        words=axes.words if own else None,
        places=places_of(layer.key_spans, layer.num_keys) if has_grid(layer) else None,
    )


def kept_rows(cells: NDArray[np.bool_], entry: LayerEntry, axes: TokenAxes) -> NDArray[np.bool_]:
    """The rows of the queries that are there, of the cells of all."""
    numbers = axes.query_numbers.get(entry.query_tokens)
    return cells if numbers is None else cells[numbers]


def pair_cells(pair: Pair, entry: LayerEntry, axes: TokenAxes) -> Cells:
    """The cells of some queries, those that were kept, and some keys."""
    numbers = axes.query_numbers.get(entry.query_tokens)
    wanted = np.unique(np.asarray(pair.queries, np.int64))
    rows = wanted if numbers is None else np.flatnonzero(np.isin(numbers, wanted))
    if len(rows) * entry.keys > MOST_CELLS:
        return TOO_LARGE
    mask = np.zeros((len(rows), entry.keys), bool)
    mask[:, pair.keys] = True
    return Cells(rows, mask)


def pattern_mass(weights: NDArray[np.float32], cells: NDArray[np.bool_]) -> NDArray[np.float32]:
    """The sum over the pattern's cells of each row, ``[head, row]``; each row has some."""
    if cells.mean() > DENSE:
        return np.asarray(np.einsum("hqk,qk->hq", weights, cells.astype(np.float32)))
    queries, keys = np.nonzero(cells)
    starts = np.flatnonzero(np.diff(queries, prepend=-1))
    mass: NDArray[np.float32] = np.add.reduceat(weights[:, queries, keys], starts, axis=1)
    return mass


def uniform_mass(cells: Cells, entry: LayerEntry, axes: TokenAxes) -> float:
    """What uniform attention over the visible keys would give; NaN under an irregular mask."""
    if entry.mask == "other":
        return float("nan")
    rows, mask = cells
    numbers = axes.query_numbers.get(entry.query_tokens)
    first, stop = visible_range(
        entry.mask, entry.queries, entry.keys, rows, None if numbers is None else np.array(numbers)
    )
    if first is None or stop is None:
        return float((mask.sum(axis=1) / entry.keys).mean())
    at = np.arange(entry.keys)
    seen = mask & (at >= first[:, None]) & (at < stop[:, None])
    return float((seen.sum(axis=1) / (stop - first)).mean())


def evenly_first(items: Sequence[Item]) -> Iterator[Item]:
    """Every item once: the ends first, then the middles of what lies between, so that any beginning is spread out."""
    if items:
        yield items[-1]
    if len(items) > 1:
        yield items[0]
    gaps = [(0, len(items) - 1)]
    while gaps:
        start, stop = gaps.pop(0)
        middle = (start + stop) // 2
        if start < middle < stop:
            yield items[middle]
            gaps += [(start, middle), (middle, stop)]
