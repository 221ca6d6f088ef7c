"""The error tree."""

from __future__ import annotations

import pytest

from tensorboard_plugin_attn import errors

BUILT_IN = {
    "InvalidRecordError": ValueError,
    "CaptureError": RuntimeError,
    "IncomparableError": ValueError,
    "NotRecordedError": LookupError,
    "WriteError": OSError,
    "DamagedFileError": Exception,
    "NewerFormatError": errors.DamagedFileError,
}


@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_every_error_is_of_our_tree_and_of_the_built_in_one_that_fits(name: str) -> None:
    error = getattr(errors, name)
    assert issubclass(error, errors.AttentionError)
    assert issubclass(error, BUILT_IN[name])


def test_all_lists_the_root_and_its_whole_tree() -> None:
    assert sorted(errors.__all__) == sorted([*BUILT_IN, "AttentionError"])


def test_the_docstring_draws_every_error() -> None:
    assert all(name in (errors.__doc__ or "") for name in errors.__all__)


def test_a_damaged_file_says_which_and_what_is_wrong() -> None:
    error = errors.DamagedFileError("it is cut off", path="a/b.safetensors")
    assert (error.path, error.reason, str(error)) == (
        "a/b.safetensors",
        "it is cut off",
        "a/b.safetensors: it is cut off",
    )


def test_a_damaged_file_without_a_path_says_only_what_is_wrong() -> None:
    assert str(errors.DamagedFileError("it is cut off")) == "it is cut off"
