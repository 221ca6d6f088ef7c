"""Bad input or a bad file → an error that says what was expected, what came and what to do.

AttentionError
├── InvalidRecordError (ValueError)    what was handed to a record or a writer cannot be logged
├── CaptureError (RuntimeError)        a model's attention could not be captured
├── NotRecordedError (LookupError)     a run, tag, step, layer or head that nobody logged
├── IncomparableError (ValueError)     two records whose heads cannot be compared, and why
├── WriteError (OSError)               a record could not be written
└── DamagedFileError                   a file under plugins/attn/ is cut off, altered or foreign
    └── NewerFormatError               it was written by a later version of this package
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

__all__ = [
    "AttentionError",
    "CaptureError",
    "DamagedFileError",
    "IncomparableError",
    "InvalidRecordError",
    "NewerFormatError",
    "NotRecordedError",
    "WriteError",
]


LONGEST_REASON = 300  # a reason may quote the file, whatever that holds


class AttentionError(Exception):
    """The root of every error that this package raises on purpose."""


class InvalidRecordError(AttentionError, ValueError):
    """What was handed to a record or a writer cannot be logged."""


class CaptureError(AttentionError, RuntimeError):
    """A model's attention could not be captured."""


class NotRecordedError(AttentionError, LookupError):
    """A run, tag, step, layer or head that nobody logged."""


class IncomparableError(AttentionError, ValueError):
    """Two records whose heads cannot be compared; the message says why."""


class WriteError(AttentionError, OSError):
    """A record could not be written."""


class DamagedFileError(AttentionError):
    """A file under ``plugins/attn/`` is cut off, altered or foreign."""

    def __init__(self, reason: str, *, path: str = "") -> None:
        reason = reason if len(reason) <= LONGEST_REASON else f"{reason[:LONGEST_REASON]}…"
        super().__init__(f"{path}: {reason}" if path else reason)
        self.path = path
        self.reason = reason


class NewerFormatError(DamagedFileError):
    """The file was written by a later version of this package."""


def spell_out(names: Sequence[Any], most: int = 20, between: str = ", ") -> str:
    """Names for a message, the first ones spelled out."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return (between.join(map(str, names[:most])) or "none") + more
