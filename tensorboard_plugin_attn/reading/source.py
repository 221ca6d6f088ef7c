"""A record that was opened → its header, and what is read of its bytes."""

from __future__ import annotations

from dataclasses import dataclass

from tensorboard_plugin_attn.encoding.format import Header, ReadRange
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
