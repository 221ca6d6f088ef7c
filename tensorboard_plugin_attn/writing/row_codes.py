"""A layer's weights → evenly spaced rows as codes, kept to tell how much each head changes later."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn.encoding.codes import encode_weights
from tensorboard_plugin_attn.measuring.divergence import divergence, mean_of_known
from tensorboard_plugin_attn.measuring.head_metrics import informative_rows
from tensorboard_plugin_attn.record.blocks import rows_of
from tensorboard_plugin_attn.record.layer import LayerAttention

__all__ = ["RowCodes", "row_codes", "spaced_rows"]

MOST_BYTES = 24 << 10  # of codes, a layer: all rows of 12 heads at 45 tokens …
LEAST_ROWS = 16  # … and of longer texts at least so many
TERM_BYTES = 32 << 10  # of codes that are looked up at a time
SQUARES = (np.arange(256, dtype=np.float64) / 255) ** 2
TERMS = (SQUARES * np.log(np.maximum(SQUARES, 1 / 65025))).astype(np.float32)  # s ln s


@dataclass(frozen=True)
class RowCodes:
    """What is kept of one layer to compare later ones with: evenly spaced rows as uint8 codes.

    ``negentropy`` is Σ p ln p of each row, NaN for a row without weight.
    """

    kind: tuple[object, ...]  # equal where two layers can be compared
    codes: NDArray[np.uint8]  # [head, row, key]
    factor: NDArray[np.float32]  # [head, row]: p = code² · factor
    negentropy: NDArray[np.float32]  # [head, row]

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self.codes.nbytes + self.factor.nbytes + self.negentropy.nbytes

    def rows(self) -> NDArray[np.float32]:
        """The rows as distributions, ``[head, row, key]``."""
        rows = self.codes.astype(np.float32)
        rows *= rows
        rows *= self.factor[..., None]
        return rows

    def changes_from(
        self, others: list[RowCodes | None], own: NDArray[np.float32]
    ) -> list[NDArray[np.float32] | None]:
        """The change of each head from each of the others, None where it cannot be compared; ``own`` are its rows."""
        changes: list[NDArray[np.float32] | None] = []
        for other in others:
            if other is None or other.kind != self.kind:
                changes.append(None)
            elif np.array_equal(other.codes[:, -1:], self.codes[:, -1:]) and np.array_equal(
                other.codes, self.codes
            ):
                changes.append(mean_of_known(self.negentropy * 0))
            else:
                both = other.rows()
                both += own
                changes.append(mean_of_known(divergence(both, self.negentropy, other.negentropy)))
        return changes


def row_codes(
    layer: LayerAttention, codes: NDArray[np.uint8] | None = None
) -> tuple[RowCodes, NDArray[np.float32]]:
    """What is kept of a layer for comparison, and its rows; ``codes`` ``[head, row, key]``: of the ``spaced_rows``, where
    they are known."""
    part = encode_weights(rows_of(layer, spaced_rows(layer)))[0] if codes is None else codes
    squares = part.astype(np.float32)
    squares *= squares
    total = squares.sum(axis=-1)
    known = total > 0
    factor = np.where(known, 1 / np.where(known, total, 1), np.nan).astype(np.float32)
    few = max(1, TERM_BYTES // max(1, part[:1].nbytes))  # heads: indices take eight times as much
    heads = [part[first : first + few] for first in range(0, len(part), few)]
    terms = np.concatenate([np.take(TERMS, each, mode="clip").sum(axis=-1) for each in heads])
    scale = factor * np.float32(65025)
    negentropy = terms * scale + np.log(scale)  # of p = s · scale, which sum to 1
    factor = np.nan_to_num(factor)
    squares *= factor[..., None]
    kind = (layer.shape, layer.mask, layer.kind, tuple(layer.heads or ()))
    return RowCodes(kind, part, factor, negentropy), squares


def spaced_rows(layer: LayerAttention) -> NDArray[np.int64]:
    """Evenly spaced rows that see more than one key, as many as are kept."""
    rows = np.flatnonzero(informative_rows(layer)[0])
    most = max(LEAST_ROWS, MOST_BYTES // (layer.num_heads * layer.num_keys))
    if len(rows) <= most:
        return rows
    return np.asarray(rows[np.linspace(0, len(rows) - 1, most).round().astype(int)])
