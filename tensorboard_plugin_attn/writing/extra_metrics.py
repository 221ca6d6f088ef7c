"""A record's layers, what was logged before, pairs and effects → the metrics that need more than one layer's weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn.encoding.header import ObjectiveEntry, same_input
from tensorboard_plugin_attn.errors import InvalidRecordError
from tensorboard_plugin_attn.measuring.contribution import measure_contributions
from tensorboard_plugin_attn.measuring.head_metrics import CHANGES
from tensorboard_plugin_attn.measuring.token_pairs import TrackedPairs
from tensorboard_plugin_attn.record.layer import LayerAttention
from tensorboard_plugin_attn.record.tokens import TokenAxes
from tensorboard_plugin_attn.writing.history import Reference, TagHistory
from tensorboard_plugin_attn.writing.row_codes import RowCodes, row_codes

if TYPE_CHECKING:
    from tensorboard_plugin_attn.capturing import Effects

__all__ = ["ExtraMetrics"]


class ExtraMetrics:
    """Measures the layers of one record one after another: change against earlier records, tracked pairs, effects."""

    def __init__(
        self,
        changes: Sequence[str] = (),
        earlier: TagHistory | None = None,
        pairs: TrackedPairs | None = None,
        contributions: Sequence[str] = (),
    ) -> None:
        self.changes = list(changes)
        self.earlier = earlier or TagHistory()
        self.pairs = pairs or TrackedPairs({})
        self.contributions = list(contributions)
        self.effects: Effects | None = None
        self.rows: list[RowCodes] = []

    @property
    def names(self) -> list[str]:
        """The metrics, in the order of the columns."""
        effects = () if self.effects is None else self.effects.names
        return [*self.changes, *self.pairs.named, *self.contributions, *effects]

    @property
    def objective(self) -> ObjectiveEntry | None:
        """What the effects are on."""
        return None if self.effects is None else ObjectiveEntry(self.effects.name, self.effects.objective)

    def add_effects(self, effects: Effects, others: Sequence[str]) -> None:
        """What the heads of the layers to come do; ``others``: the names of all other metrics.

        Raises:
            InvalidRecordError: one of them has the name of an effect.
        """
        taken = [name for name in effects.names if name in others]
        if taken:
            raise InvalidRecordError(
                f"a metric or tracked pair is named {taken}, as effect= names its own; rename it"
            )
        self.effects = effects

    def find_pairs(self, layer: LayerAttention, axes: TokenAxes) -> None:
        """Where the tracked pairs stand in the next layer. Raises InvalidRecordError: a token stands at several places."""
        self.pairs.find(axes.names(layer), layer.query_tokens, layer.key_tokens)

    def only(self, layers: int) -> None:
        """Forget what was kept of all but the first so many layers."""
        del self.rows[layers:]

    def measure(
        self, layer: LayerAttention, axes: TokenAxes, codes: NDArray[Any] | None, call: int = 0
    ) -> NDArray[np.float32]:
        """``[head, metric]`` of the next layer, the model's attention call of a number; ``codes``: as ``row_codes`` takes
        them."""
        where = axes.names(layer), layer.query_tokens, layer.key_tokens
        pairs = self.pairs.measure(layer, *where)
        if self.contributions:
            pairs = np.concatenate([pairs, measure_contributions(layer, self.contributions)], axis=1)
        if self.effects is not None:
            pairs = np.concatenate([pairs, self.effects.of(call, layer)], axis=1)
        if not self.changes:
            return pairs
        number = len(self.rows)
        own, rows = row_codes(layer, codes)
        self.rows.append(own)
        return np.concatenate([self.changed(own, rows, number), pairs], axis=1)

    def changed(self, own: RowCodes, rows: NDArray[np.float32], number: int) -> NDArray[np.float32]:
        """``[head, change]`` of one layer. The first record of a tag has not changed from the first."""
        values = np.full((len(own.codes), len(self.changes)), np.nan, np.float32)
        references = [self.reference(name) for name in self.changes]
        layers = [each.layers[number] if each and number < len(each.layers) else None for each in references]
        for column, change in enumerate(own.changes_from(layers, rows)):
            if change is not None:
                values[:, column] = change
            elif self.earlier.is_none and self.changes[column] == CHANGES[1]:
                values[:, column] = 0
        return values

    def reference(self, name: str) -> Reference | None:
        """The earlier record that a change is measured against."""
        return self.earlier.previous if name == CHANGES[0] else self.earlier.first

    def of_another_probe(self, probe: str, input_hash: str | None) -> list[int]:
        """The columns whose reference had other tokens, masks, pictures or positions, known once every layer is."""
        references = [self.reference(name) for name in self.changes]
        return [
            column
            for column, each in enumerate(references)
            if each and not same_input((each.probe, each.input), (probe, input_hash))
        ]

    def kept(
        self, step: int, probe: str, input_hash: str | None = None, settle: Callable[[], None] | None = None
    ) -> Reference:
        """What later records of the tag are compared with; ``settle``: what has to be done before it is there."""
        return Reference(step, probe, self.rows, input_hash, settle)
