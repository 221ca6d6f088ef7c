"""Which part of every record a rank has, in the model's own numbers → each of its layers described so, or an error."""

from __future__ import annotations

import copy
import operator
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tensorboard_plugin_attn.encoding.header import PartEntry
from tensorboard_plugin_attn.errors import InvalidRecordError
from tensorboard_plugin_attn.measuring.head_metrics import causal_lengths
from tensorboard_plugin_attn.record.layer import LayerAttention
from tensorboard_plugin_attn.record.tokens import MAIN, TokenAxes

__all__ = ["Part"]

MOST_PARTS = 1 << 16


@dataclass(frozen=True)
class Part:
    """What one rank has of every record: some of the heads, layers or queries, as the model numbers them.

    Each rank writes its own with ``AttentionWriter(…, part=Part(rank, ranks, …))``, without talking to the others;
    readers and the tab put the parts together.

    Args:
        number: of this part, from 0 to ``of`` − 1; usually the rank.
        of: how many parts there are.
        heads: the model's numbers of this rank's heads, in this rank's order: a range or a list.
        layers: the same of its layers, for a pipeline's stage.
        queries: the same of its query positions, for sequences that are split (a zigzag is a list). The keys of
            each query must all be there, and tokens are those of the whole sequence.

    Raises:
        InvalidRecordError: a number is none, or nothing says which part this is.

    Example:
        >>> Part(1, 2, layers=range(16, 32))
        Part(number=1, of=2, heads=None, layers=(16, 17, …), queries=None)
    """

    number: int
    of: int
    heads: tuple[int, ...] | None = field(default=None, kw_only=True)
    layers: tuple[int, ...] | None = field(default=None, kw_only=True)
    queries: tuple[int, ...] | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        number, of = whole_number(self.number, "number"), whole_number(self.of, "of")
        if not 0 <= number < of <= MOST_PARTS:
            raise InvalidRecordError(
                f"a part's number must lie between 0 and of − 1, got number {number} of {of}"
            )
        for name in ("heads", "layers", "queries"):
            object.__setattr__(self, name, numbers_of(getattr(self, name), name))
        if of > 1 and self.heads is None and self.layers is None and self.queries is None:
            raise InvalidRecordError(
                f"part {number} of {of} must say which heads=, layers= or queries= of the model it has, such as "
                f"Part({number}, {of}, heads=range(0, 4))"
            )
        object.__setattr__(self, "number", number)
        object.__setattr__(self, "of", of)

    def entry(self) -> PartEntry:
        """As the header has it."""
        return PartEntry(self.number, self.of, self.heads, self.layers, self.queries)

    def axes(self, axes: TokenAxes) -> TokenAxes:
        """The tokens of a record of which this rank has some queries."""
        if self.queries is None:
            return axes
        if len(axes.lists) > 1:
            raise InvalidRecordError(
                f"queries= of a Part are positions of one list of tokens, got lists {list(axes.lists)}"
            )
        own = copy.copy(axes)
        own.query_numbers = {MAIN: list(self.queries)}
        own.check_positions()
        return own

    def fit(self, layer: LayerAttention, axes: TokenAxes, index: int) -> None:
        """Describe one of this rank's layers by the model's own numbers. Raises InvalidRecordError."""
        if self.layers is not None and index >= len(self.layers):
            raise InvalidRecordError(
                f"this part has layers {list(self.layers)}, and the model gave more than {len(self.layers)}"
            )
        if self.heads is not None:
            if layer.num_heads != len(self.heads):
                raise InvalidRecordError(
                    f"layer {index} has {layer.num_heads} heads on this rank, and its part is heads {list(self.heads)}"
                )
            layer.heads = list(self.heads)
        if self.queries is not None:
            self.fit_queries(layer, axes)

    def fit_queries(self, layer: LayerAttention, axes: TokenAxes) -> None:
        """Some queries and all keys of one list are self-attention, and their mask is that of the whole."""
        if layer.num_keys == len(axes.tokens) and len(axes.lists) == 1:
            layer.kind = "self"
        if layer.mask == "causal" or layer.mask is None or layer.mask == "other":
            layer.mask = self.mask(layer)

    def mask(self, layer: LayerAttention) -> str | None:
        """The kind of the mask on the model's own positions, where the weights tell it."""
        queries = np.array(self.queries)
        if layer.weights is None:
            return layer.mask
        weights: Any = layer.weights
        seen = weights.amax(0) > 0 if hasattr(weights, "amax") else np.asarray(weights).max(axis=0) > 0
        seen = np.asarray(seen.cpu() if hasattr(seen, "cpu") else seen)
        lengths = causal_lengths(layer.num_keys, layer.num_keys)[queries]
        if np.array_equal(seen, np.arange(layer.num_keys) < lengths[:, None]):
            return "causal"
        return "full" if seen.all() else "other"

    def check_layers(self, count: int) -> None:
        """As many layers as the part names were there. Raises InvalidRecordError."""
        if self.layers is not None and count != len(self.layers):
            raise InvalidRecordError(
                f"this part has layers {list(self.layers)}, and {count} came on this rank"
            )

    def check_choice(self, heads: Any, layers: Any, queries: Any = None) -> None:
        """A part and a choice do not name the same axis. Raises InvalidRecordError."""
        for name, chosen in (("heads", heads), ("layers", layers), ("queries", queries)):
            if chosen is not None and getattr(self, name) is not None:
                raise InvalidRecordError(
                    f"{name}={chosen} cannot be chosen where the writer's part names its {name}; leave it out"
                )


def whole_number(value: Any, name: str) -> int:
    """An integer, or an error."""
    try:
        return operator.index(value)
    except TypeError as error:
        raise InvalidRecordError(f"{name} of a part must be an integer, got {value!r}") from error


def numbers_of(values: Any, name: str) -> tuple[int, ...] | None:
    """A range or a list of the model's numbers, none twice."""
    if values is None:
        return None
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise InvalidRecordError(f"{name} of a part must be a range or a list of numbers, got {values!r}")
    numbers = tuple(whole_number(value, name) for value in values)
    if not numbers or min(numbers) < 0 or len(set(numbers)) < len(numbers):
        raise InvalidRecordError(
            f"{name} of a part must be numbers from 0 on, none twice, got {list(numbers)[:20]}"
        )
    return numbers
