"""The query string of a request → checked values, or an error that says what was expected."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from tensorboard_plugin_attn.errors import InvalidRecordError
from tensorboard_plugin_attn.reading.source import check_quantity
from tensorboard_plugin_attn.serving.answers import RequestError

__all__ = [
    "integer",
    "integers",
    "number",
    "optional_integer",
    "positions",
    "quantity_asked",
    "span",
    "text",
    "where",
]

INTEGER = re.compile(r"-?[0-9]{1,18}")
POSITIONS = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9}))?")
SPAN = re.compile(r"([0-9]{1,9})-([0-9]{1,9})")
MOST_POSITIONS = 1 << 20


def text(arguments: Mapping[str, str], name: str) -> str:
    """The value of ``name``; it may be empty but not absent."""
    value = arguments.get(name)
    if value is None:
        given = ", ".join(sorted(arguments)) or "nothing"
        raise RequestError(400, "bad_request", f"expected {name}=… in the query, got {given}", parameter=name)
    return value


def integer(arguments: Mapping[str, str], name: str) -> int:
    """The value of ``name`` as a whole number."""
    value = text(arguments, name)
    if not INTEGER.fullmatch(value):
        message = f"{name} must be a whole number, got {value[:40]!r}"
        raise RequestError(400, "bad_request", message, parameter=name)
    return int(value)


def optional_integer(arguments: Mapping[str, str], name: str) -> int | None:
    """The value of ``name`` as a whole number, None when it is absent."""
    return integer(arguments, name) if name in arguments else None


def integers(arguments: Mapping[str, str], name: str) -> list[int]:
    """The value of ``name`` as whole numbers with commas between them."""
    parts = text(arguments, name).split(",")
    if not all(INTEGER.fullmatch(part) for part in parts):
        message = f"{name} must be whole numbers such as 3,4,5, got {arguments[name][:40]!r}"
        raise RequestError(400, "bad_request", message, parameter=name)
    return [int(part) for part in parts]


def positions(arguments: Mapping[str, str], name: str) -> list[int]:
    """The value of ``name`` as positions and ranges of them, both ends included: ``3,10-40``."""
    parts = [POSITIONS.fullmatch(part) for part in text(arguments, name).split(",")]
    ranges = [range(int(part[1]), int(part[2] or part[1]) + 1) for part in parts if part is not None]
    if len(ranges) < len(parts) or not all(ranges) or sum(map(len, ranges)) > MOST_POSITIONS:
        message = (
            f"{name} must be positions or ranges of them such as 3,10-40, at most {MOST_POSITIONS} in all, "
            f"got {arguments[name][:40]!r}"
        )
        raise RequestError(400, "bad_request", message, parameter=name)
    return [position for each in ranges for position in each]


def span(arguments: Mapping[str, str], name: str) -> range:
    """The value of ``name`` as one range of positions, both ends included: ``10-40``."""
    found = SPAN.fullmatch(text(arguments, name))
    if found is None or int(found[1]) > int(found[2]):
        message = f"{name} must be a range of positions such as 10-40, got {arguments[name][:40]!r}"
        raise RequestError(400, "bad_request", message, parameter=name)
    return range(int(found[1]), int(found[2]) + 1)


def number(arguments: Mapping[str, str], name: str) -> float:
    """The value of ``name`` as a finite number."""
    value = text(arguments, name)
    try:
        found = float(value)
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        message = f"{name} must be a number, got {value[:40]!r}"
        raise RequestError(400, "bad_request", message, parameter=name)
    return found


def where(arguments: Mapping[str, str]) -> tuple[str, str, int]:
    """Run, tag and step of a query."""
    return text(arguments, "run"), text(arguments, "tag"), integer(arguments, "step")


def quantity_asked(arguments: Mapping[str, str]) -> str:
    """``"weight"`` or ``"contribution"``; weight when it is absent."""
    value = arguments.get("quantity", "weight")
    try:
        check_quantity(value)
    except InvalidRecordError as error:
        raise RequestError(400, "bad_request", str(error), parameter="quantity") from error
    return value
