"""A header's JSON and the places of its tensors → Header, every field of the expected type and all of them consistent."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn.encoding.codes import PRECISIONS, thumbnail_shape
from tensorboard_plugin_attn.encoding.fields import (
    Fields,
    count,
    flag,
    integer,
    many,
    number,
    optional,
    position,
    short,
    text,
)
from tensorboard_plugin_attn.encoding.header import Fault, Header, LayerEntry, LeftOut, Span, TrackedPair
from tensorboard_plugin_attn.record.layer import KINDS

__all__ = ["parse_fields"]

MASK = re.compile(r"full|causal|window \d{1,9}|other")
FLOATS = ("F32", "F16", "BF16")


def parse_fields(
    meta: Any, spans: Mapping[str, Span], metrics: NDArray[np.float32], nbytes: int, path: str
) -> Header:
    """The JSON of a header whose checksum was right. Raises ValueError, in words, where it makes no sense."""
    fields = Fields(meta)
    header = Header(
        format=fields.take("format", count),
        tag=fields.take("tag", text),
        step=fields.take("step", integer),
        wall_time=fields.take("wall_time", number),
        kind=fields.take("kind", text),
        precision=fields.take("precision", text),
        tokens=fields.by_name("tokens", many(text)),
        special={name: tuple(each) for name, each in fields.by_name("special", many(position)).items()},
        sentence_b_start=fields.take("sentence_b_start", optional(count)),
        words=fields.by_name("words", many(optional(integer)), {}),
        layers=fields.each("layers", parse_layer),
        metric_names=tuple(fields.take("metrics", many(text))),
        probe=fields.take("probe", text),
        left_out=fields.each("left_out", parse_left_out),
        faults=fields.each("faults", parse_fault),
        track=fields.each("track", parse_pair) if "track" in fields.values else (),
        crc32=fields.by_name("crc32", integer),
        spans=spans,
        metrics=metrics,
        nbytes=nbytes,
        path=path,
    )
    check_header(header)
    return header


def parse_layer(fields: Fields) -> LayerEntry:
    """One entry of ``layers``."""
    thumbnail = fields.take("thumbnail", many(count))
    numbers = fields.take("head_numbers", optional(many(position)), None)
    return LayerEntry(
        name=fields.take("name", text),
        kind=fields.take("kind", text),
        stack=fields.take("stack", text),
        heads=fields.take("heads", count),
        kv_heads=fields.take("kv_heads", count),
        queries=fields.take("queries", count),
        keys=fields.take("keys", count),
        mask=fields.take("mask", text),
        scale=fields.take("scale", optional(number)),
        thumbnail=tuple(thumbnail),  # type: ignore[arg-type] # compared with a pair below
        query_tokens=fields.take("query_tokens", text),
        key_tokens=fields.take("key_tokens", text),
        weights=fields.take("weights", flag),
        vectors=fields.take("vectors", flag),
        mechanism=fields.take("mechanism", text),
        dtype=fields.take("dtype", text),
        head_numbers=None if numbers is None else tuple(numbers),
        rebuild_error=fields.take("rebuild_error", optional(number), None),
    )


def parse_left_out(fields: Fields) -> LeftOut:
    """One entry of ``left_out``."""
    return LeftOut(fields.take("layer", position), fields.take("what", text), fields.take("why", text))


def parse_fault(fields: Fields) -> Fault:
    """One entry of ``faults``."""
    return Fault(
        fields.take("layer", position),
        tuple(fields.take("heads", many(position))),
        fields.take("fault", text),
        fields.take("worst", optional(number), None),
    )


def parse_pair(fields: Fields) -> TrackedPair:
    """One entry of ``track``."""
    query_list, key_list = one_of_each(fields.take("axes", many(text)))
    queries, keys = (tuple(fields.take(name, many(position))) for name in ("queries", "keys"))
    return TrackedPair(fields.take("name", text), (query_list, key_list), queries, keys)


def one_of_each(axes: Sequence[str]) -> tuple[str, str]:
    """Two names."""
    if len(axes) != 2:
        raise ValueError(f"axes must be two names, got {short(axes)}")
    return axes[0], axes[1]


def check_header(header: Header) -> None:
    """Raise ValueError where fields of the right type do not fit one another."""
    require(header.kind in ("weights", "metrics"), "kind", header.kind, "weights or metrics")
    require(header.precision in PRECISIONS, "precision", header.precision, ", ".join(PRECISIONS))
    require(np.isfinite(header.wall_time), "wall_time", header.wall_time, "seconds")
    require(len(header.layers) > 0, "layers", header.layers, "at least one layer")
    names = header.metric_names
    require(len(set(names)) == len(names), "metrics", list(names), "different names")
    check_tokens(header)
    for number_, layer in enumerate(header.layers):
        check_layer(header, layer, f"layers[{number_}].")
        check_tensors(header, layer, f"layer.{number_}.")
    shape = len(header.layers), max(layer.heads for layer in header.layers), len(names)
    require(header.metrics.shape == shape, "head_metrics", header.metrics.shape, f"shape {shape}")
    has_pictures = "thumbnails" in header.spans
    require(
        has_pictures == (header.kind == "weights"),
        "thumbnails",
        has_pictures,
        "present, but for metrics only",
    )
    if has_pictures:
        check_span(header, "thumbnails", ("U8",), 1)
    check_references(header)


def require(holds: bool | np.bool_, name: str, value: Any, wanted: str) -> None:
    """Raise ValueError unless a field is as it must be."""
    if not holds:
        raise ValueError(f"{name} must be {wanted}, got {short(value)}")


def check_tokens(header: Header) -> None:
    """Lists that are not empty, and positions inside them."""
    require("tokens" in header.tokens, "tokens", list(header.tokens), "lists, one of them named tokens")
    for name, tokens in header.tokens.items():
        require(len(tokens) > 0, f"tokens.{name}", tokens, "at least one token")
    for name, positions in header.special.items():
        within(positions, header.tokens.get(name, ()), f"special.{name}")
    for name, words in header.words.items():
        length = len(header.tokens.get(name, ()))
        require(len(words) == length, f"words.{name}", len(words), f"one number for each of {length} tokens")
    start, length = header.sentence_b_start, len(header.tokens["tokens"])
    require(start is None or start < length, "sentence_b_start", start, f"below {length}")


def check_layer(header: Header, layer: LayerEntry, where: str) -> None:
    """Counts that fit the tokens, and words that have a meaning."""
    require(layer.kind in KINDS, f"{where}kind", layer.kind, " or ".join(KINDS))
    require(MASK.fullmatch(layer.mask), f"{where}mask", layer.mask, "full, causal, window <n> or other")  # type: ignore[arg-type] # a match or None
    require(layer.heads % layer.kv_heads == 0, f"{where}kv_heads", layer.kv_heads, "a divisor of heads")
    for length, name, axis in (
        (layer.queries, layer.query_tokens, "query_tokens"),
        (layer.keys, layer.key_tokens, "key_tokens"),
    ):
        tokens = header.tokens.get(name)
        require(tokens is not None, f"{where}{axis}", name, f"one of {', '.join(header.tokens)}")
        require(len(tokens or ()) == length, f"{where}{axis}", length, f"{len(tokens or ())} positions")
    picture = thumbnail_shape(layer.queries, layer.keys)
    require(layer.thumbnail == picture, f"{where}thumbnail", layer.thumbnail, str(picture))
    numbers = layer.head_numbers
    require(numbers is None or len(numbers) == layer.heads, f"{where}head_numbers", numbers, "one a head")


def check_tensors(header: Header, layer: LayerEntry, where: str) -> None:
    """The tensors of a layer are those that its entry speaks of, in the shapes that it says."""
    heads, queries, keys = layer.shape
    has_codes, has_vectors = f"{where}weights" in header.spans, f"{where}query" in header.spans
    require(layer.weights == has_codes, f"{where}weights", has_codes, f"there: {layer.weights}")
    either = has_vectors or f"{where}bias" in header.spans  # a bias alone counted as vectors in some files
    require(has_vectors <= layer.vectors <= either, f"{where}query", has_vectors, f"there: {layer.vectors}")
    if has_codes:
        check_span(header, f"{where}weights", ("U8",), 1)
        check_span(header, f"{where}row_max", ("F32",), (heads, queries))
        check_span(header, f"{where}member_bytes", ("U32",), (heads,))
    if has_vectors:
        size = check_span(header, f"{where}query", FLOATS, 3).shape[2]
        check_span(header, f"{where}query", FLOATS, (heads, queries, size))
        check_span(header, f"{where}key", FLOATS, (layer.kv_heads, keys, size))
    if f"{where}bias" in header.spans:
        shape = header.spans[f"{where}bias"].shape
        axes = zip(shape[::-1], layer.shape[::-1], strict=False)
        fits = len(shape) <= 3 and all(length in (1, full) for length, full in axes)
        require(fits, f"{where}bias", shape, f"broadcastable to {layer.shape}")
        check_span(header, f"{where}bias", FLOATS, shape)


def check_span(header: Header, name: str, dtypes: Sequence[str], shape: tuple[int, ...] | int) -> Span:
    """A tensor of one of some types and of a shape, or of a number of axes."""
    span = header.spans.get(name)
    if span is None:
        raise ValueError(f"{name} is missing")
    require(span.dtype in dtypes, name, span.dtype, " or ".join(dtypes))
    fits = len(span.shape) == shape if isinstance(shape, int) else span.shape == shape
    require(fits, name, span.shape, f"{shape} axes" if isinstance(shape, int) else str(shape))
    return span


def check_references(header: Header) -> None:
    """Layers, heads and positions that are spoken of exist."""
    for name, entries in (("left_out", header.left_out), ("faults", header.faults)):
        within([each.layer for each in entries], header.layers, f"{name}.layer")
    for fault in header.faults:
        within(fault.heads, range(header.layers[fault.layer].heads), "faults.heads")
    for pair in header.track:
        for positions, list_name in zip((pair.queries, pair.keys), pair.axes, strict=True):
            require(list_name in header.tokens, "track.axes", list_name, f"one of {', '.join(header.tokens)}")
            require(len(positions) > 0, f"track {pair.name!r}", positions, "at least one position")
            within(positions, header.tokens[list_name], f"track {pair.name!r}")


def within(positions: Sequence[int], items: Sequence[Any] | range, name: str) -> None:
    """Raise ValueError for a position that is none of these."""
    if positions and max(positions) >= len(items):
        raise ValueError(f"{name}: {max(positions)} is none of {len(items)}")
