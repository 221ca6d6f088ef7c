"""Sizes of layers, one after another → which of them fit together: small ones first, of equal ones evenly spaced."""

from __future__ import annotations

from itertools import pairwise

__all__ = ["Room"]


class Room:
    """Bytes that layers share. What was dropped once would never fit again, so that layers can come one by one.

    The largest goes first: hence none goes for the sake of a larger one, and at any time every dropped one is at least
    as large as every kept one and would exceed the limit.
    """

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self.kept: dict[int, float] = {}  # number → bytes
        self.needed = 0.0  # bytes of all layers
        self.places: dict[float, list[int]] = {}  # bytes → the numbers of all layers of that size

    def take(self, number: int, size: float, beside: float = 0.0) -> list[int]:
        """The next layer; the numbers of those that no longer fit, which may be its own. What is ``beside`` it stays."""
        self.limit -= beside
        self.needed += size + beside
        self.kept[number] = size
        self.places.setdefault(size, []).append(number)
        dropped = []
        while self.kept and sum(self.kept.values()) > self.limit:
            largest = max(self.kept.values())
            which = [each for each, size in self.kept.items() if size == largest]
            dropped.append(least_missed(which, self.places[largest]))
            del self.kept[dropped[-1]]
        return dropped


def least_missed(kept: list[int], all_numbers: list[int]) -> int:
    """Which of the kept ones goes: every second first, then every fourth, … so that however many more come, those
    that stay are spread over all of their size; the first goes last."""
    places = [all_numbers.index(each) for each in kept]

    def order(at: int) -> tuple[int, int]:
        place = places[at]
        rest = [*places[:at], *places[at + 1 :], len(all_numbers)]
        gaps = sum((after - before) ** 2 for before, after in pairwise(rest))
        return place & -place or len(all_numbers), gaps

    return kept[min(range(len(kept)), key=order)]
