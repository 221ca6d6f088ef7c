"""A record that was opened → its header, and what is read of its bytes: weights, or contributions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn.encoding.format import Header, ReadRange, read_tensor
from tensorboard_plugin_attn.encoding.layer import decode_vector
from tensorboard_plugin_attn.encoding.rebuild import Band, read_bands
from tensorboard_plugin_attn.errors import InvalidRecordError, NotRecordedError
from tensorboard_plugin_attn.measuring.contribution import contributed

__all__ = ["QUANTITIES", "Source", "check_quantity"]

QUANTITIES = ("weight", "contribution")


def check_quantity(name: str) -> None:
    """Raise InvalidRecordError for what is neither of them."""
    if name not in QUANTITIES:
        raise InvalidRecordError(f"quantity must be one of {', '.join(QUANTITIES)}, got {name[:40]!r}")


@dataclass(frozen=True)
class Source:
    """A record that was opened: its header, how to read its bytes, and which quantity its rows are of.

    ``quantity``: ``"weight"``, or ``"contribution"``: ``weight · value_norm[key]`` by its row's sum.
    """

    header: Header
    read: ReadRange
    quantity: str = "weight"

    def check_patterns(self) -> None:
        """Raise NotRecordedError where the step has head metrics only, or lacks what its quantity is made of."""
        if self.header.kind == "metrics":
            raise NotRecordedError(
                f"step {self.header.step} was logged with head metrics only; choose a step with weights"
            )
        if self.quantity == "weight":
            return
        for number, layer in enumerate(self.header.layers):
            if layer.value_norm_of is None:
                raise NotRecordedError(
                    f"step {self.header.step} has no contributions: the length of the values of layer {number} was "
                    f"not logged; log with add_probe, or give LayerAttention a value_norm"
                )

    def bands(self, number: int, multiple: int = 1, rows: NDArray[np.int64] | None = None) -> Iterator[Band]:
        """One layer's rows, all or some, a band at a time. Raises DamagedFileError."""
        bands = read_bands(self.header, self.read, number, rows, multiple=multiple)
        if self.quantity == "weight":
            yield from bands
            return
        name = f"layer.{number}.value_norm"
        stored = read_tensor(self.header, self.read, name)
        norm = np.asarray(decode_vector(self.header.spans[name].dtype, stored), np.float32)
        for band in bands:
            yield band._replace(weights=contributed(band.weights, norm[band.heads]))

    def whole(self, number: int) -> NDArray[np.float32]:
        """One layer, ``[head, query, key]``. Raises DamagedFileError."""
        rows = np.empty(self.header.layers[number].shape, np.float32)
        for band in self.bands(number):
            rows[band.heads, band.rows] = band.weights
        return rows
