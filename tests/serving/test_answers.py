"""Answers: what is packed comes out again, and every error has its status."""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensorboard_plugin_attn.errors import (
    AttentionError,
    DamagedFileError,
    InvalidRecordError,
    NewerFormatError,
    NotRecordedError,
)
from tensorboard_plugin_attn.serving.answers import (
    Array,
    RequestError,
    binary_answer,
    error_answer,
    json_answer,
    pack,
    unpack,
)

PARTS = st.lists(st.binary(max_size=40), max_size=5)
FIELDS = st.dictionaries(
    st.text(max_size=5).filter(lambda name: name != "arrays"), st.integers() | st.text(max_size=9)
)

ERRORS = [
    (RequestError(410, "gone", "gone", version="a"), 410, {"code": "gone", "version": "a"}),
    (
        DamagedFileError("cut off", path="r/x"),
        422,
        {"code": "damaged", "path": "r/x", "reason": "cut off", "message": "r/x: cut off"},
    ),
    (NewerFormatError("format 9", path="r/x"), 422, {"code": "newer_format", "reason": "format 9"}),
    (NotRecordedError("no such run"), 404, {"code": "not_recorded", "message": "no such run"}),
]


@given(PARTS, FIELDS)
def test_packed_arrays_and_fields_come_out_again(parts: list[bytes], fields: dict[str, Any]) -> None:
    arrays = [Array(f"a{i}", "uint8", (len(part),), part) for i, part in enumerate(parts)]
    unpacked_fields, unpacked = unpack(pack(arrays, fields))
    assert unpacked_fields == fields
    assert list(unpacked.values()) == arrays


@given(PARTS, FIELDS)
def test_every_array_starts_at_a_multiple_of_eight(parts: list[bytes], fields: dict[str, Any]) -> None:
    packed = pack([Array(f"a{i}", "uint8", (len(part),), part) for i, part in enumerate(parts)], fields)
    (length,) = struct.unpack_from("<I", packed)
    directory = json.loads(packed[4 : 4 + length])["arrays"]
    start = -(-(4 + length) // 8) * 8
    assert not any(packed[4 + length : start])
    for entry, part in zip(directory, parts, strict=True):
        offset = start + entry["offset"]
        assert offset % 8 == 0
        assert packed[offset : offset + entry["bytes"]] == part


def test_binary_answers_are_octet_streams() -> None:
    data = np.arange(3, dtype="<f4").tobytes()
    answer = binary_answer([Array("x", "float32", (3,), data)], {"layer": 1}, immutable=True)
    assert (answer.content_type, answer.immutable) == ("application/octet-stream", True)


def test_numbers_that_json_lacks_become_null() -> None:
    answer = json_answer({"scale": float("nan"), "list": [1.5, float("inf"), (float("-inf"),)]})
    assert json.loads(answer.content) == {"scale": None, "list": [1.5, None, [None]]}


def test_lone_surrogates_and_markup_travel_as_they_are() -> None:
    tokens = ["\ud800", "</script><img src=x onerror=alert(1)>", "שלום", "🙂", "\x00"]
    content = json_answer({"tokens": tokens}).content
    assert content.isascii()
    assert json.loads(content) == {"tokens": tokens}


@pytest.mark.parametrize(("error", "status", "fields"), ERRORS)
def test_every_error_has_its_status_and_says_what_is_wrong(
    error: AttentionError, status: int, fields: dict[str, Any]
) -> None:
    answer = error_answer(error)
    assert answer.status == status
    assert json.loads(answer.content)["error"].items() >= fields.items()


def test_an_error_that_no_request_can_cause_is_not_hidden() -> None:
    with pytest.raises(InvalidRecordError):
        error_answer(InvalidRecordError("a writer's error"))
