"""The query string of a request → checked values, or an error that says what was expected."""

from __future__ import annotations

import re
from collections.abc import Mapping

from tensorboard_plugin_attn.answers import RequestError

__all__ = ["integer", "optional_integer", "text"]

INTEGER = re.compile(r"-?[0-9]{1,18}")


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
