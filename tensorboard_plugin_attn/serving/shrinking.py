"""Bytes of an answer → the same as gzip, the last few kept: a page that is opened again waits for no compression."""

from __future__ import annotations

import gzip
from functools import lru_cache

__all__ = ["MOST_SHRUNK", "shrunk"]

MOST_SHRUNK = 1 << 20  # bytes of an answer that is compressed; a larger one would come later for it
KEPT = 8
TEXT_LEVEL = 6
NUMBERS_LEVEL = 1


@lru_cache(maxsize=KEPT)
def shrunk(content: bytes, content_type: str) -> bytes:
    """Equal content gives equal bytes; numbers shrink little, so they take the fastest level."""
    level = TEXT_LEVEL if content_type.startswith("text/") else NUMBERS_LEVEL
    return gzip.compress(content, level, mtime=0)
