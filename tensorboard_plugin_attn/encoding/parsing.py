"""A header's JSON and the places of its tensors → Header, every field of the expected type and all of them consistent."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any, TypeVar

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
    positions,
    short,
    single,
    text,
    texts,
)
from tensorboard_plugin_attn.encoding.header import (
    SOURCES,
    Fault,
    Header,
    LayerEntry,
    LeftOut,
    ModelLayers,
    ObjectiveEntry,
    PartEntry,
    Picture,
    Span,
    TrackedPair,
)
from tensorboard_plugin_attn.record.layer import KINDS

__all__ = ["parse_fields"]

Value = TypeVar("Value")

SHA256 = re.compile("[0-9a-f]{64}")
MASK = re.compile(r"full|causal|window \d{1,9}|other")
TEXTS = ("name", "kind", "stack", "mask", "query_tokens", "key_tokens", "mechanism", "dtype")
COUNTS = ("heads", "kv_heads", "queries", "keys")
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
        tokens=fields.by_name("tokens" if "tokens" in fields.values else "token_lists", texts),
        special=fields.by_name("special", positions),
        sentence_b_start=fields.take("sentence_b_start", optional(count)),
        words=fields.by_name("words", many(optional(integer)), {}),
        layers=fields.each("layers", parse_layer),
        metric_names=tuple(fields.take("metrics", texts)),
        probe=fields.take("probe", text),
        left_out=fields.each("left_out", parse_left_out),
        faults=fields.each("faults", parse_fault),
        track=fields.each("track", parse_pair) if "track" in fields.values else (),
        input=fields.take("input", text, None),
        special_names=fields.by_name("special_names", named_positions, {}),
        geometry=fields.by_name("geometry", spans_of_list, {}),
        pictures=fields.each("pictures", parse_picture) if "pictures" in fields.values else (),
        query_numbers=fields.by_name("query_numbers", positions, {}),
        objective=fields.take("objective", parse_objective, None),
        model_layers=fields.take("model_layers", parse_model_layers, None),
        part=fields.take("part", parse_part, None),
        crc32=checksums(fields),
        spans=spans,
        metrics=metrics,
        nbytes=nbytes,
        path=path,
    )
    check_header(header)
    return header


def parse_layer(fields: Fields) -> LayerEntry:
    """One entry of ``layers``."""
    name, kind, stack, mask, query_tokens, key_tokens, mechanism, dtype = fields.take_all(TEXTS, str, text)
    heads, kv_heads, queries, keys = fields.counts(COUNTS)
    weights, vectors = fields.take_all(("weights", "vectors"), bool, flag)
    source = fields.take("source", text, "codes" if weights else "left_out")
    if source not in SOURCES or weights != (source == "codes"):
        raise wrong(
            f"{fields.where}source", source, f"one of {', '.join(SOURCES)} that fits weights={weights}"
        )
    overview = fields.take("overview", optional(positions), None)
    height, width = pair_of(fields.take("thumbnail", positions), "thumbnail")
    return LayerEntry(
        name=name,
        kind=kind,
        stack=stack,
        heads=heads,
        kv_heads=kv_heads,
        queries=queries,
        keys=keys,
        mask=mask,
        scale=fields.take("scale", optional(single)),
        thumbnail=(height, width),
        query_tokens=query_tokens,
        key_tokens=key_tokens,
        source=source,
        vectors=vectors,
        mechanism=mechanism,
        dtype=dtype,
        head_numbers=fields.take("head_numbers", optional(positions), None),
        rebuild_error=fields.take("rebuild_error", optional(number), None),
        model_heads=fields.take("model_heads", optional(count), None),
        output_error=fields.take("output_error", optional(number), None),
        value_norm_of=fields.take("value_norm_of", optional(text), None),
        overview=None if overview is None else pair_of(overview, "overview"),
    )


def parse_left_out(fields: Fields) -> LeftOut:
    """One entry of ``left_out``."""
    return LeftOut(fields.take("layer", position), fields.take("what", text), fields.take("why", text))


def parse_fault(fields: Fields) -> Fault:
    """One entry of ``faults``."""
    return Fault(
        fields.take("layer", position),
        fields.take("heads", positions),
        fields.take("fault", text),
        fields.take("worst", optional(number), None),
    )


def parse_pair(fields: Fields) -> TrackedPair:
    """One entry of ``track``."""
    axes = pair_of(fields.take("axes", texts), "axes")
    queries, keys = (fields.take(name, positions) for name in ("queries", "keys"))
    return TrackedPair(fields.take("name", text), axes, queries, keys)


def parse_picture(fields: Fields) -> Picture:
    """One entry of ``pictures``."""
    sha256, media = fields.take_all(("sha256", "media"), str, text)
    if not SHA256.fullmatch(sha256):
        raise wrong(f"{fields.where}sha256", sha256, "64 hex digits")
    width, height = fields.counts(("width", "height"))
    return Picture(sha256, width, height, media)


def parse_model_layers(value: Any) -> ModelLayers:
    """The field ``model_layers``."""
    fields = Fields(value, "model_layers.")
    return ModelLayers(fields.take("count", count), fields.take("unseen", count, 0))


def parse_objective(value: Any) -> ObjectiveEntry:
    """The field ``objective``."""
    fields = Fields(value, "objective.")
    return ObjectiveEntry(fields.take("name", text), fields.take("value", number))


def parse_part(value: Any) -> PartEntry:
    """The field ``part``."""
    fields = Fields(value, "part.")
    number_, of = fields.take("number", position), fields.take("of", count)
    if number_ >= of:
        raise wrong("part.number", number_, f"below {of}")
    heads, layers, queries = (
        fields.take(name, optional(positions), None) for name in ("heads", "layers", "queries")
    )
    return PartEntry(number_, of, heads, layers, queries)


def named_positions(value: Any) -> Mapping[int, str]:
    """Position → its name; JSON has only strings for keys."""
    named = Fields(value)
    if any(not (name.isdecimal() and name.isascii() and len(name) < 10) for name in named.values):
        raise ValueError(f"expected positions, got {short(list(named.values))}")
    return {int(name): named.take(name, text) for name in named.values}


def spans_of_list(value: Any) -> list[dict[str, Any]]:
    """Where pictures and sounds stand among the positions of a list."""
    return [check_span_of_positions(Fields(each)) for each in many(lambda item: item)(value)]


def check_span_of_positions(fields: Fields) -> dict[str, Any]:
    """One span, as it is once its fields are of the expected types."""
    kind = fields.take("kind", text)
    fields.take("start", position)
    fields.take("picture", optional(position), None)
    if kind == "image":
        for name in ("rows", "cols", "frames"):
            fields.take(name, count)
        pair_of(fields.take("patch", many(number), [0.0, 0.0]), "patch")
        if len(fields.take("box", optional(many(number)), None) or (0, 0, 1, 1)) != 4:
            raise wrong("box", fields.values["box"], "four numbers")
        fields.take("order", optional(positions), None)
    elif kind == "sound":
        fields.take("length", count)
        for name in ("seconds", "offset"):
            fields.take(name, number)
        fields.take("clip", optional(position), None)
    else:
        raise wrong("kind", kind, "image or sound")
    return fields.values


def pair_of(values: Sequence[Value], name: str) -> tuple[Value, Value]:
    """Two values."""
    if len(values) != 2:
        raise ValueError(f"{name} must be two values, got {short(values)}")
    return values[0], values[1]


def checksums(fields: Fields) -> Mapping[str, int | list[int]]:
    """By name of the tensor; a list has one for each index of the first axis."""
    found = fields.values.get("crc32")
    if type(found) is dict and set(map(type, found.values())) == {int}:
        return found
    return fields.by_name(
        "crc32", lambda value: many(integer)(value) if type(value) is list else integer(value)
    )


def check_header(header: Header) -> None:
    """Raise ValueError where fields of the right type do not fit one another."""
    if header.kind not in ("weights", "metrics"):
        raise wrong("kind", header.kind, "weights or metrics")
    if header.precision not in PRECISIONS:
        raise wrong("precision", header.precision, ", ".join(PRECISIONS))
    if not isfinite(header.wall_time):
        raise wrong("wall_time", header.wall_time, "seconds")
    if not header.layers:
        raise wrong("layers", [], "at least one layer")
    if len(set(header.metric_names)) != len(header.metric_names):
        raise wrong("metrics", header.metric_names, "different names")
    check_tokens(header)
    for number_, layer in enumerate(header.layers):
        check_layer(header, layer, number_)
        check_tensors(header, layer, f"layer.{number_}.")
    heads = max(layer.heads for layer in header.layers)
    check_span(header, "head_metrics", ("F32",), (len(header.layers), heads, len(header.metric_names)))
    if ("thumbnails" in header.spans) != (header.kind == "weights"):
        raise wrong("kind", header.kind, "metrics where there are no thumbnails, and there only")
    if header.kind == "weights":
        check_span(header, "thumbnails", ("U8",), 1)
    for name, crc in header.crc32.items():
        if isinstance(crc, list) and (
            name not in header.spans or len(crc) != (header.spans[name].shape or (0,))[0]
        ):
            raise wrong(f"crc32.{name}", crc, "one number, or one for each head")
    check_references(header)


def wrong(name: str, value: Any, wanted: str) -> ValueError:
    """The error of a field that is not as it must be."""
    return ValueError(f"{name} must be {wanted}, got {short(value)}")


def check_tokens(header: Header) -> None:
    """Lists that are not empty, and positions inside them."""
    if "tokens" not in header.tokens:
        raise wrong("tokens", list(header.tokens), "lists, one of them named tokens")
    for name, tokens in header.tokens.items():
        if not tokens:
            raise wrong(f"tokens.{name}", tokens, "at least one token")
    for name, at in header.special.items():
        within(at, header.tokens.get(name, ()), "special")
    for name, words in header.words.items():
        length = len(header.tokens.get(name, ()))
        if len(words) != length:
            raise wrong(f"words.{name}", len(words), f"one number for each of {length} tokens")
    for name, named in header.special_names.items():
        within(list(named), header.tokens.get(name, ()), "special_names")
    for name, at in header.query_numbers.items():
        within(at, header.tokens.get(name, ()), "query_numbers")
    for name, spans in header.geometry.items():
        within([span_stop(span) - 1 for span in spans], header.tokens.get(name, ()), f"geometry.{name}")
        shown = [span["picture"] for span in spans if span.get("picture") is not None]
        within(shown, header.pictures, f"geometry.{name}, picture")
    start, length = header.sentence_b_start, len(header.tokens["tokens"])
    if start is not None and start >= length:
        raise wrong("sentence_b_start", start, f"below {length}")


def span_stop(span: Mapping[str, Any]) -> int:
    """The position behind a span."""
    size = span["length"] if span["kind"] == "sound" else span["rows"] * span["cols"] * span["frames"]
    return int(span["start"] + size)


def check_layer(header: Header, layer: LayerEntry, index: int) -> None:
    """Counts that fit the tokens, and words that have a meaning."""
    if layer.kind not in KINDS:
        raise wrong(f"layers[{index}].kind", layer.kind, " or ".join(KINDS))
    if not MASK.fullmatch(layer.mask):
        raise wrong(f"layers[{index}].mask", layer.mask, "full, causal, window <n> or other")
    if layer.heads % layer.kv_heads:
        raise wrong(f"layers[{index}].kv_heads", layer.kv_heads, f"a divisor of {layer.heads} heads")
    kept = header.query_numbers.get(layer.query_tokens)
    for length, name, some in (
        (layer.queries, layer.query_tokens, kept),
        (layer.keys, layer.key_tokens, None),
    ):
        tokens = header.tokens.get(name) if some is None else some
        if tokens is None or len(tokens) != length:
            named = f"one of {', '.join(header.tokens)}" if tokens is None else f"{len(tokens)} positions"
            raise wrong(f"layers[{index}], {name}", name if tokens is None else length, named)
    picture = thumbnail_shape(len(header.tokens[layer.query_tokens]), layer.keys)
    if layer.thumbnail != picture:
        raise wrong(f"layers[{index}].thumbnail", layer.thumbnail, str(picture))
    if layer.head_numbers is not None and len(layer.head_numbers) != layer.heads:
        raise wrong(f"layers[{index}].head_numbers", layer.head_numbers, f"{layer.heads} numbers")


def check_tensors(header: Header, layer: LayerEntry, where: str) -> None:
    """The tensors of a layer are those that its entry speaks of, in the shapes that it says."""
    heads, queries, keys = layer.shape
    has_codes, has_vectors = f"{where}weights" in header.spans, f"{where}query" in header.spans
    if layer.weights != has_codes:
        raise wrong(f"{where}weights", has_codes, f"there: {layer.weights}")
    if has_codes:
        check_span(header, f"{where}weights", ("U8",), 1)
        check_span(header, f"{where}row_max", ("F32",), (heads, queries))
        check_span(header, f"{where}member_bytes", ("U32",), (heads,))
    if has_vectors:
        size = check_span(header, f"{where}query", FLOATS, 3).shape[2]
        check_span(header, f"{where}query", FLOATS, (heads, queries, size))
        check_span(header, f"{where}key", FLOATS, (layer.kv_heads, keys, size))
    if layer.source == "vectors":
        check_span(header, f"{where}query", FLOATS, 3)
        check_span(header, f"{where}lse", ("F32",), (heads, queries))
    for name, dtype, shape in (("sink", "F32", (heads, queries)), ("value_norm", "F16", (heads, keys))):
        if f"{where}{name}" in header.spans:
            check_span(header, f"{where}{name}", (dtype,), shape)
    if (layer.overview is not None) != (f"{where}overview" in header.spans):
        raise wrong(f"{where}overview", layer.overview, "there with its tensor, and only then")
    if layer.overview is not None:
        check_span(header, f"{where}overview", ("U8",), 1)
        check_span(header, f"{where}overview_bytes", ("U32",), (heads,))
    has_bias = f"{where}bias" in header.spans
    if not has_vectors <= layer.vectors <= (has_vectors or has_bias):  # some files count a bias alone
        raise wrong(f"{where}query", has_vectors, f"there: {layer.vectors}")
    if has_bias:
        added = header.spans[f"{where}bias"].shape
        axes = zip(added[::-1], layer.shape[::-1], strict=False)
        if len(added) > 3 or any(length not in (1, full) for length, full in axes):
            raise wrong(f"{where}bias", added, f"broadcastable to {layer.shape}")
        check_span(header, f"{where}bias", FLOATS, added)


def check_span(header: Header, name: str, dtypes: Sequence[str], shape: tuple[int, ...] | int) -> Span:
    """A tensor of one of some types and of a shape, or of a number of axes."""
    span = header.spans.get(name)
    if span is None:
        raise ValueError(f"{name} is missing")
    if span.dtype not in dtypes:
        raise wrong(name, span.dtype, " or ".join(dtypes))
    if (len(span.shape) if isinstance(shape, int) else span.shape) != shape:
        raise wrong(name, span.shape, f"{shape} axes" if isinstance(shape, int) else f"of shape {shape}")
    return span


def check_references(header: Header) -> None:
    """Layers, heads and positions that are spoken of exist."""
    for name, entries in (("left_out", header.left_out), ("faults", header.faults)):
        within([each.layer for each in entries], header.layers, f"{name}.layer")
    for fault in header.faults:
        within(fault.heads, range(header.layers[fault.layer].heads), "faults.heads")
    for pair in header.track:
        for at, list_name in zip((pair.queries, pair.keys), pair.axes, strict=True):
            if list_name not in header.tokens:
                raise wrong("track.axes", list_name, f"one of {', '.join(header.tokens)}")
            if not at:
                raise wrong(f"track {pair.name!r}", at, "at least one position")
            within(at, header.tokens[list_name], f"track {pair.name!r}")


def within(at: Sequence[int], items: Sequence[Any] | range, name: str) -> None:
    """Raise ValueError for a position that is none of these."""
    if at and max(at) >= len(items):
        raise ValueError(f"{name}: {max(at)} is none of {len(items)}")
