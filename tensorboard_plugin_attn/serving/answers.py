"""Fields, arrays or an error → the bytes, type and status of one HTTP answer, and binary answers back."""

from __future__ import annotations

import hashlib
import json
import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tensorboard_plugin_attn.errors import (
    AttentionError,
    DamagedFileError,
    IncomparableError,
    NewerFormatError,
    NotRecordedError,
)

__all__ = [
    "Answer",
    "Array",
    "RequestError",
    "binary_answer",
    "digest",
    "error_answer",
    "json_answer",
    "pack",
    "unpack",
]

ALIGNMENT = 8


class RequestError(AttentionError):
    """A request that cannot be answered: its HTTP status, a code for programs and what there is instead."""

    def __init__(self, status: int, code: str, message: str, **fields: Any) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.fields = fields


@dataclass(frozen=True)
class Array:
    """An array as it travels: numpy's name of its type (and ``bfloat16``), shape, little-endian bytes."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    data: bytes | memoryview


@dataclass(frozen=True)
class Answer:
    """What goes to the browser.

    ``immutable``: the request named a version, so it may be kept for ever. ``shrinks``: it may travel compressed.
    """

    content: bytes
    content_type: str
    status: int = 200
    immutable: bool = False
    etag: str = ""
    shrinks: bool = False


def digest(content: bytes) -> str:
    """Different for different content."""
    return hashlib.sha256(content).hexdigest()[:16]


def json_answer(fields: Any, *, status: int = 200, immutable: bool = False, etag: str = "") -> Answer:
    """Fields → a JSON answer, numbers that JSON lacks as null."""
    return Answer(to_json(fields), "application/json", status, immutable, etag)


def binary_answer(
    arrays: Sequence[Array],
    fields: Mapping[str, Any],
    *,
    immutable: bool = False,
    etag: str = "",
    shrinks: bool = False,
) -> Answer:
    """Arrays and fields → a binary answer, which may shrink where no array holds gzip members."""
    return Answer(pack(arrays, fields), "application/octet-stream", 200, immutable, etag, shrinks)


def error_answer(error: AttentionError) -> Answer:
    """An error of our tree → ``{"error": {"code", "message", ...}}`` with its status."""
    if isinstance(error, RequestError):
        status, code, fields = error.status, error.code, error.fields
    elif isinstance(error, DamagedFileError):
        code = "newer_format" if isinstance(error, NewerFormatError) else "damaged"
        status, fields = 422, {"path": error.path, "reason": error.reason}
    elif isinstance(error, IncomparableError):
        status, code, fields = 400, "incomparable", {}
    elif isinstance(error, NotRecordedError):
        status, code, fields = 404, "not_recorded", {}
    else:
        raise error
    return json_answer({"error": {"code": code, "message": str(error), **fields}}, status=status)


def pack(arrays: Sequence[Array], fields: Mapping[str, Any]) -> bytes:
    """Arrays and fields → u32 length, JSON, zeros up to a multiple of 8, arrays each at a multiple of 8."""
    directory, parts, offset = [], [], 0
    for array in arrays:
        size = len(array.data)
        directory.append(
            {"name": array.name, "dtype": array.dtype, "shape": array.shape, "offset": offset, "bytes": size}
        )
        parts += [array.data, bytes(padding(size))]
        offset += size + padding(size)
    head = to_json({"arrays": directory, **fields})
    return b"".join([struct.pack("<I", len(head)), head, bytes(padding(4 + len(head))), *parts])


def unpack(answer: bytes) -> tuple[dict[str, Any], dict[str, Array]]:
    """A packed answer → its fields and its arrays by name."""
    (length,) = struct.unpack_from("<I", answer)
    fields: dict[str, Any] = json.loads(answer[4 : 4 + length])
    start = 4 + length + padding(4 + length)
    arrays = {}
    for entry in fields.pop("arrays"):
        offset = start + entry["offset"]
        data = answer[offset : offset + entry["bytes"]]
        arrays[entry["name"]] = Array(entry["name"], entry["dtype"], tuple(entry["shape"]), data)
    return fields, arrays


def padding(size: int) -> int:
    """How many zeros bring a size to the next multiple of 8."""
    return -size % ALIGNMENT


def to_json(value: Any) -> bytes:
    """JSON in ASCII, so that lone surrogates travel as escapes; NaN and infinities become null."""
    try:
        text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    except ValueError:
        text = json.dumps(without_nan(value), allow_nan=False, separators=(",", ":"))
    return text.encode("ascii")


def without_nan(value: Any) -> Any:
    """The same value with null in place of every number that JSON lacks."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [without_nan(item) for item in value]
    return value
