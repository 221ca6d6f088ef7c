"""Keys and values of known size → the values used last, bounded in bytes; safe from several threads."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

__all__ = ["ByteCache"]

Value = TypeVar("Value")


class ByteCache(Generic[Value]):
    """Keeps at most ``limit`` bytes; what was not used for longest goes first."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.used = 0
        self.lock = threading.Lock()
        self.kept: OrderedDict[Hashable, tuple[Value, int]] = OrderedDict()

    def get(self, key: Hashable) -> Value | None:
        """The value, None where it was never put or has gone."""
        with self.lock:
            if key not in self.kept:
                return None
            self.kept.move_to_end(key)
            return self.kept[key][0]

    def put(self, key: Hashable, value: Value, size: int) -> None:
        """Keep a value of ``size`` bytes; one above the limit is not kept."""
        with self.lock:
            self.used -= self.kept.pop(key, (None, 0))[1]
            if size > self.limit:
                return
            self.kept[key] = value, size
            self.used += size
            while self.used > self.limit:
                _, (_, freed) = self.kept.popitem(last=False)
                self.used -= freed

    def drop(self, key: Hashable) -> None:
        """Forget a value, if it is there."""
        with self.lock:
            self.used -= self.kept.pop(key, (None, 0))[1]
