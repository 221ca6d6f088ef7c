"""A record and a pattern (query and key positions, or a template) → every head's weight on it.

A head's weight on a pattern is the mean, over the queries that the pattern has cells for, of the sum over its cells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn.encoding.decode import bare_layer
from tensorboard_plugin_attn.encoding.header import Header, LayerEntry
from tensorboard_plugin_attn.encoding.rebuild import Band
from tensorboard_plugin_attn.errors import InvalidRecordError
from tensorboard_plugin_attn.measuring.faults import hidden_keys
from tensorboard_plugin_attn.measuring.head_metrics import mean
from tensorboard_plugin_attn.measuring.token_pairs import Pair, resolve_pair
from tensorboard_plugin_attn.measuring.token_patterns import TEMPLATES, Grid, padding_flags, template_cells
from tensorboard_plugin_attn.record.tokens import MAIN, TokenAxes

__all__ = ["Found", "FoundHead", "Pattern", "evenly_first", "find_heads", "parse_pattern"]

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
    known: dict[tuple[Any, ...], NDArray[np.bool_] | str] = {}
    for number, entry in enumerate(layers):
        kind = (entry.kind, *entry.lists, entry.mask)
        if kind not in known:
            known[kind] = cells_of(pattern, entry, axes)
        cells = known[kind]
        if isinstance(cells, str):
            continue
        uniform[number] = uniform_mass(cells, entry, axes)
        if entry.source != "left_out":
            rows = np.flatnonzero(cells.any(axis=1))
            mass = np.empty((entry.heads, len(rows)), np.float32)
            for band in weights(number, rows):
                mass[band.heads, band.rows] = pattern_mass(band.weights, cells[rows[band.rows]])
            values[number, : entry.heads] = mean(mass)
    if all(isinstance(cells, str) for cells in known.values()):
        raise InvalidRecordError(str(next(iter(known.values()))))
    return Found(header.step, pattern, values, uniform)


def cells_of(pattern: Pattern, entry: LayerEntry, axes: TokenAxes) -> NDArray[np.bool_] | str:
    """``[query, key]`` of a layer's cells, or why it has none."""
    if pattern.axes not in (None, entry.lists):
        return f"no layer has the axes {pattern.axes}"
    grid = layer_grid(entry, axes)
    if not pattern.template:
        pair = resolve_pair(pattern.query, pattern.key, grid.query_tokens, grid.key_tokens)
        return kept_rows(pair_cells(pair, grid), entry, axes) if isinstance(pair, Pair) else pair
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
    return cells if cells.any() else f"no token of this probe has a cell of the template {pattern.template!r}"


def no_template(template: str, grid: Grid) -> str:
    """Why a layer cannot have a template."""
    if template == "across" and grid.is_square:
        return "the probe has one sentence; log a pair with sentence_b_start"
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
    )


def kept_rows(cells: NDArray[np.bool_], entry: LayerEntry, axes: TokenAxes) -> NDArray[np.bool_]:
    """The rows of the queries that are there, of the cells of all."""
    numbers = axes.query_numbers.get(entry.query_tokens)
    return cells if numbers is None else cells[numbers]


def pair_cells(pair: Pair, grid: Grid) -> NDArray[np.bool_]:
    """The cells of some queries and some keys."""
    cells = np.zeros(grid.shape, bool)
    cells[np.ix_(pair.queries, pair.keys)] = True
    return cells


def pattern_mass(weights: NDArray[np.float32], cells: NDArray[np.bool_]) -> NDArray[np.float32]:
    """The sum over the pattern's cells of each row, ``[head, row]``; each row has some."""
    if cells.mean() > DENSE:
        return np.asarray(np.einsum("hqk,qk->hq", weights, cells.astype(np.float32)))
    queries, keys = np.nonzero(cells)
    starts = np.flatnonzero(np.diff(queries, prepend=-1))
    mass: NDArray[np.float32] = np.add.reduceat(weights[:, queries, keys], starts, axis=1)
    return mass


def uniform_mass(cells: NDArray[np.bool_], entry: LayerEntry, axes: TokenAxes) -> float:
    """What uniform attention over the visible keys would give; NaN under an irregular mask."""
    if entry.mask == "other":
        return float("nan")
    hidden = hidden_keys(bare_layer(entry, axes))
    visible = np.full(len(cells), entry.keys) if hidden is None else (~hidden).sum(axis=1)
    seen = cells if hidden is None else cells & ~hidden
    rows = cells.any(axis=1)
    return float((seen.sum(axis=1)[rows] / visible[rows]).mean())


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
