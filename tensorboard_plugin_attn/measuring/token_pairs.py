"""A query and a key, as positions, tokens or sets of them → the rows and columns they stand at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn.errors import InvalidRecordError
from tensorboard_plugin_attn.record.blocks import rows_of
from tensorboard_plugin_attn.record.layer import LayerAttention

__all__ = ["Pair", "TrackedPairs", "parse_pairs", "place", "resolve_pair"]

WORD_MARKS = ("Ġ", "▁", "##")  # what tokenizers write before a piece


@dataclass(frozen=True)
class Pair:
    """Positions on the query axis and on the key axis."""

    queries: tuple[int, ...]
    keys: tuple[int, ...]

    def mass(self, layer: LayerAttention) -> NDArray[np.float32]:
        """Mean over the queries of the weight on the keys together, ``[head]``."""
        cells = rows_of(layer, np.array(self.queries))[:, :, np.array(self.keys)]
        return np.asarray(cells.sum(axis=2).mean(axis=1), np.float32)


@dataclass
class TrackedPairs:
    """Named pairs to be measured in every layer whose axes have them."""

    named: Mapping[str, tuple[Any, Any]]

    def __post_init__(self) -> None:
        self.found: dict[tuple[str, str, str], Pair | str] = {}

    def measure(
        self,
        layer: LayerAttention,
        axes: tuple[str, str],
        query_tokens: Sequence[str],
        key_tokens: Sequence[str],
    ) -> NDArray[np.float32]:
        """``[head, pair]``, NaN where this layer's axes do not have the tokens. ``axes`` names the token lists."""
        self.find(axes, query_tokens, key_tokens)
        values = np.full((layer.num_heads, len(self.named)), np.nan, np.float32)
        for column, name in enumerate(self.named):
            where = (name, *axes)
            pair = self.found[where]
            if isinstance(pair, Pair):
                values[:, column] = pair.mass(layer)
        return values

    def find(self, axes: tuple[str, str], query_tokens: Sequence[str], key_tokens: Sequence[str]) -> None:
        """Where the pairs stand on the token lists that ``axes`` names.

        Raises:
            InvalidRecordError: a token stands at several positions.
        """
        for name, (query, key) in self.named.items():
            where = (name, *axes)
            if where not in self.found:
                self.found[where] = resolve_pair(query, key, query_tokens, key_tokens, name)

    def described(self) -> list[dict[str, Any]]:
        """What the header says of them.

        Raises:
            InvalidRecordError: no layer has the tokens of a pair.
        """
        entries = []
        for name in self.named:
            places = {
                axes: pair
                for (own, *axes_), pair in self.found.items()
                if own == name and (axes := tuple(axes_))
            }
            whole = {axes: pair for axes, pair in places.items() if isinstance(pair, Pair)}
            if not whole:
                raise InvalidRecordError(
                    f"track {name!r}: {next(iter(places.values()), 'there is no layer')}"
                )
            entries += [
                {"name": name, "axes": list(axes), "queries": list(pair.queries), "keys": list(pair.keys)}
                for axes, pair in whole.items()
            ]
        return entries


def parse_pairs(track: Mapping[str, Any] | None, taken: Sequence[str]) -> TrackedPairs:
    """``{"name": (query, key)}`` → pairs to measure.

    Raises:
        InvalidRecordError: it is no such mapping, or a metric has the name already.
    """
    if track is None:
        return TrackedPairs({})
    example = "{'pronoun→nurse': ('she', 'nurse')}"
    if not isinstance(track, Mapping):
        raise InvalidRecordError(f"track must be a dict such as {example}, got {type(track).__name__}")
    for name, pair in track.items():
        if not isinstance(name, str) or not name or name in taken:
            raise InvalidRecordError(
                f"track {name!r}: a name must be a string that no metric has; metrics: {', '.join(taken)}"
            )
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            raise InvalidRecordError(f"track {name!r} must be (query, key) as in {example}, got {pair!r}")
    return TrackedPairs({name: (pair[0], pair[1]) for name, pair in track.items()})


def resolve_pair(
    query: Any, key: Any, query_tokens: Sequence[str], key_tokens: Sequence[str], name: str = "pair"
) -> Pair | str:
    """Positions on both axes, or the reason why these axes do not have them.

    Raises:
        InvalidRecordError: a token stands at several positions.
    """
    queries = place(query, query_tokens, f"{name!r}: query")
    keys = place(key, key_tokens, f"{name!r}: key")
    missing = queries if isinstance(queries, str) else keys
    if isinstance(queries, str) or isinstance(keys, str):
        return str(missing)
    return Pair(queries, keys)


def place(wanted: Any, tokens: Sequence[str], what: str) -> tuple[int, ...] | str:
    """A position, a token, or a set, list or tuple of them → positions, or why there are none."""
    items = list(wanted) if isinstance(wanted, set | frozenset | list | tuple | range) else [wanted]
    positions = set()
    for item in items:
        found = position_of(item, tokens, what)
        if isinstance(found, str):
            return found
        positions.add(found)
    return tuple(sorted(positions)) or f"{what} is an empty set"


def position_of(item: Any, tokens: Sequence[str], what: str) -> int | str:
    """One position, or why there is none. Raises InvalidRecordError for a token of several positions."""
    if isinstance(item, str):
        at = [i for i, token in enumerate(tokens) if token == item]
        at = at or [i for i, token in enumerate(tokens) if bare(token) == item]
        if len(at) > 1:
            raise InvalidRecordError(
                f"{what} {item!r} stands at positions {', '.join(map(str, at))}; pass the one that is meant, or "
                f"{set(at)} for all of them"
            )
        return at[0] if at else f"{what} {item!r} is not among the tokens {list(tokens)[:20]}"
    if is_integer(item):
        inside = -len(tokens) <= item < len(tokens)
        return int(item) % len(tokens) if inside else f"{what} {item} lies outside the {len(tokens)} tokens"
    raise InvalidRecordError(f"{what} must be a position, a token or a set of them, got {item!r}")


def is_integer(item: Any) -> TypeGuard[int]:
    """A whole number that is no bool."""
    return isinstance(item, int | np.integer) and not isinstance(item, bool)


def bare(token: str) -> str:
    """A token without the mark that its tokenizer writes before a word or a piece."""
    for mark in WORD_MARKS:
        if token.startswith(mark) and len(token) > len(mark):
            return token[len(mark) :]
    return token.removesuffix("</w>")
