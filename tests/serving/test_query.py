"""Queries: whole numbers are parsed strictly, what is missing is named."""

from __future__ import annotations

import pytest

from tensorboard_plugin_attn.serving.answers import RequestError
from tensorboard_plugin_attn.serving.query import integer, optional_integer, positions, text

NUMBERS = [("0", 0), ("-5", -5), ("007", 7), ("123456789012345678", 123456789012345678)]
NO_NUMBERS = ["", "x", "1.5", "1e3", "+1", " 1", "1 ", "0x1", "١", "--1", "9" * 5000, "1\n", "NaN"]


@pytest.mark.parametrize(("value", "number"), NUMBERS)
def test_whole_numbers_are_read(value: str, number: int) -> None:
    assert integer({"step": value}, "step") == number


@pytest.mark.parametrize("value", NO_NUMBERS)
def test_anything_else_is_refused_with_what_was_expected(value: str) -> None:
    with pytest.raises(RequestError, match="step must be a whole number, got") as caught:
        integer({"step": value}, "step")
    assert (caught.value.status, caught.value.fields) == (400, {"parameter": "step"})
    assert len(str(caught.value)) < 120


def test_a_missing_parameter_is_named_with_those_that_came() -> None:
    with pytest.raises(RequestError, match="expected tag=… in the query, got run, step") as caught:
        text({"step": "1", "run": "a"}, "tag")
    assert caught.value.status == 400


def test_an_absent_head_is_not_head_zero() -> None:
    assert optional_integer({}, "head") is None
    assert optional_integer({"head": "0"}, "head") == 0


def test_an_empty_text_is_a_value() -> None:
    assert text({"run": ""}, "run") == ""


RANGES = [("7", [7]), ("10-12", [10, 11, 12]), ("3,5-6,5", [3, 5, 6, 5]), ("4-4", [4])]
NO_RANGES = ["", "3,", "-3", "5-4", "1-2-3", "a-b", "1- 2", "0-999999999", ",".join(["0-1048574"] * 2)]


@pytest.mark.parametrize(("value", "expected"), RANGES)
def test_positions_are_single_ones_and_ranges_with_both_ends(value: str, expected: list[int]) -> None:
    assert positions({"query": value}, "query") == expected


@pytest.mark.parametrize("value", NO_RANGES)
def test_other_positions_and_more_than_any_text_has_are_refused(value: str) -> None:
    with pytest.raises(RequestError, match="query must be positions or ranges of them such as 3,10-40"):
        positions({"query": value}, "query")
