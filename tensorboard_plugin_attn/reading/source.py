"""A record that was opened → its header, and what is read of its bytes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tensorboard_plugin_attn.encoding.format import Header, ReadRange
from tensorboard_plugin_attn.encoding.rebuild import Band, read_bands
from tensorboard_plugin_attn.errors import NotRecordedError

__all__ = ["Source"]


@dataclass(frozen=True)
class Source:
    """A record that was opened: its header and how to read its bytes."""

    header: Header
    read: ReadRange

    def check_patterns(self) -> None:
        """Raise NotRecordedError where the step has head metrics only."""
        if self.header.kind == "metrics":
            raise NotRecordedError(
                f"step {self.header.step} was logged with head metrics only; choose a step with weights"
            )

    def bands(self, number: int, multiple: int = 1) -> Iterator[Band]:
        """The weights of one layer, a band at a time. Raises DamagedFileError."""
        return read_bands(self.header, self.read, number, multiple=multiple)
