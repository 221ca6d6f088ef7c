"""JSON of unknown origin → values of the expected type, or a short ValueError that names the field."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from typing import Any, TypeVar

__all__ = [
    "REQUIRED",
    "Fields",
    "count",
    "flag",
    "integer",
    "many",
    "number",
    "optional",
    "position",
    "positions",
    "short",
    "single",
    "text",
    "texts",
]

Value = TypeVar("Value")
LARGEST_SINGLE = 3.4e38
MOST = 1 << 31  # positions, heads, layers
REQUIRED: Any = object()


class Fields:
    """One JSON object, its fields taken one by one. ``where`` is what messages call it, with a dot behind it."""

    def __init__(self, value: Any, where: str = "") -> None:
        if type(value) is not dict:
            raise ValueError(f"{where.rstrip('.') or 'it'} must be an object, got {short(value)}")
        self.values: dict[str, Any] = value
        self.where = where

    def take(self, name: str, parse: Callable[[Any], Value], default: Any = REQUIRED) -> Value:
        """One field. Raises ValueError."""
        if name not in self.values:
            if default is REQUIRED:
                raise ValueError(f"{self.where}{name} is missing")
            return default  # type: ignore[no-any-return] # of the field's type, as the caller says
        try:
            return parse(self.values[name])
        except ValueError as error:
            raise ValueError(f"{self.where}{name}: {error}") from None

    def take_all(self, names: Sequence[str], sort: type[Value], parse: Callable[[Any], Value]) -> list[Value]:
        """Several fields of one type. Raises ValueError. The common case is one look at their types."""
        values = [self.values.get(name) for name in names]
        if set(map(type, values)) == {sort}:
            return values  # type: ignore[return-value] # that is what was just looked at
        return [self.take(name, parse) for name in names]

    def counts(self, names: Sequence[str]) -> list[int]:
        """Several whole numbers above 0. Raises ValueError."""
        values = self.take_all(names, int, count)
        if min(values) > 0 and max(values) < MOST:
            return values
        return [self.take(name, count) for name in names]

    def each(self, name: str, parse: Callable[[Fields], Value]) -> tuple[Value, ...]:
        """A list of objects."""
        entries = self.take(name, a_list)
        return tuple(parse(Fields(entry, f"{self.where}{name}[{i}].")) for i, entry in enumerate(entries))

    def by_name(
        self, name: str, parse: Callable[[Any], Value], default: Any = REQUIRED
    ) -> Mapping[str, Value]:
        """An object whose values are all of one sort."""
        if name not in self.values and default is not REQUIRED:
            return default  # type: ignore[no-any-return] # of the field's type, as the caller says
        inner = Fields(self.take(name, lambda value: value), f"{self.where}{name}.")
        return {key: inner.take(key, parse) for key in inner.values}


def short(value: Any) -> str:
    """A value for a message."""
    try:
        shown = repr(value)
    except ValueError:  # an integer of thousands of digits
        shown = "a huge number"
    return shown if len(shown) <= 60 else f"{shown[:60]}…"


def expected(what: str, value: Any) -> ValueError:
    """The error of a value of another type."""
    return ValueError(f"expected {what}, got {short(value)}")


def text(value: Any) -> str:
    """A string."""
    if type(value) is not str:
        raise expected("a string", value)
    return value


def flag(value: Any) -> bool:
    """True or false."""
    if type(value) is not bool:
        raise expected("true or false", value)
    return value


def texts(value: Any) -> list[str]:
    """A list of strings."""
    return value if type(value) is list and set(map(type, value)) == {str} else many(text)(value)


def positions(value: Any) -> tuple[int, ...]:
    """A list of positions."""
    plain = type(value) is list and set(map(type, value)) == {int} and min(value) >= 0 and max(value) < MOST
    return tuple(value if plain else many(position)(value))


def integer(value: Any) -> int:
    """A whole number of 64 bits, such as a step."""
    if type(value) is not int or not -(1 << 63) <= value < 1 << 63:
        raise expected("a whole number", value)
    return value


def count(value: Any) -> int:
    """A whole number above 0."""
    if type(value) is not int or not 0 < value < MOST:
        raise expected("a number above 0", value)
    return value


def position(value: Any) -> int:
    """A whole number from 0."""
    if type(value) is not int or not 0 <= value < MOST:
        raise expected("a position", value)
    return value


def number(value: Any) -> float:
    """A number; NaN and infinities included, which a model may come to."""
    if type(value) is float:
        return value
    if type(value) is not int or abs(value) > 1 << 1000:
        raise expected("a number", value)
    return float(value)


def single(value: Any) -> float:
    """A number that single precision holds."""
    found = number(value)
    if isfinite(found) and abs(found) > LARGEST_SINGLE:
        raise expected("a number of single precision", value)
    return found


def a_list(value: Any) -> list[Any]:
    """A list of anything."""
    if type(value) is not list:
        raise expected("a list", value)
    return value


def optional(parse: Callable[[Any], Value]) -> Callable[[Any], Value | None]:
    """The same or null."""
    return lambda value: None if value is None else parse(value)


def many(parse: Callable[[Any], Value]) -> Callable[[Any], list[Value]]:
    """A list of them."""
    return lambda value: [parse(item) for item in a_list(value)]
