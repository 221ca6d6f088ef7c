"""Compressed answers: the same bytes come back, and equal content is compressed once."""

from __future__ import annotations

import gzip

import pytest

from tensorboard_plugin_attn.serving.shrinking import shrunk


@pytest.mark.parametrize("kind", ["text/javascript", "application/octet-stream"])
def test_what_is_shrunk_comes_back_and_is_shrunk_once(kind: str) -> None:
    content = b"abc" * 1000
    first = shrunk(content, kind)
    assert gzip.decompress(first) == content
    assert shrunk(bytes(bytearray(content)), kind) is first
    assert gzip.decompress(shrunk(content + b"d", kind)) == content + b"d"
