"""Warnings that never stop training."""

from __future__ import annotations

import warnings

import pytest

from tensorboard_plugin_attn.warn import tell


def test_a_message_is_a_runtime_warning() -> None:
    with pytest.warns(RuntimeWarning, match="the disk is slow"):
        tell("the disk is slow")


def test_warnings_that_are_errors_are_printed_and_stop_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tell("the disk is full")
    assert "tensorboard_plugin_attn: the disk is full" in capsys.readouterr().err
