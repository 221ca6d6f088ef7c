"""A message → a RuntimeWarning that never stops training."""

from __future__ import annotations

import sys
import warnings

__all__ = ["tell"]


def tell(message: str) -> None:
    """Warn; where warnings are errors, still do not stop training or the writing thread."""
    try:
        warnings.warn(message, RuntimeWarning, stacklevel=3)
    except RuntimeWarning as error:
        print(f"tensorboard_plugin_attn: {error}", file=sys.stderr)
