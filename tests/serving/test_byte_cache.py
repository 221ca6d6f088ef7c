"""The cache never holds more bytes than it may, and forgets what was not used for longest."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tensorboard_plugin_attn.serving.byte_cache import ByteCache


def test_the_value_unused_for_longest_goes_first() -> None:
    cache: ByteCache[str] = ByteCache(10)
    cache.put("a", "A", 4)
    cache.put("b", "B", 4)
    assert cache.get("a") == "A"
    cache.put("c", "C", 4)
    assert (cache.get("a"), cache.get("b"), cache.get("c")) == ("A", None, "C")


def test_a_value_above_the_limit_is_not_kept_and_displaces_none() -> None:
    cache: ByteCache[str] = ByteCache(10)
    cache.put("a", "A", 4)
    cache.put("b", "B", 11)
    assert (cache.get("a"), cache.get("b")) == ("A", None)


def test_a_dropped_value_frees_its_bytes() -> None:
    cache: ByteCache[str] = ByteCache(10)
    cache.put("a", "A", 4)
    cache.drop("a")
    cache.drop("never put")
    assert (cache.get("a"), cache.used) == (None, 0)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 12))))
def test_the_bytes_held_are_counted_and_bounded(puts: list[tuple[int, int]]) -> None:
    cache: ByteCache[int] = ByteCache(20)
    for key, size in puts:
        cache.put(key, size, size)
        assert cache.used == sum(size for _, size in cache.kept.values()) <= 20
        assert cache.get(key) == size
