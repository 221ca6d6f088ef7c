"""Encoded layers and tokens ⇄ the bytes of one ``.safetensors`` file, format 2 (``docs/reference/format.md``)."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn.encoding.codes import Compressor, compress, crc_of
from tensorboard_plugin_attn.encoding.fields import short
from tensorboard_plugin_attn.encoding.header import (
    FORMAT,
    Header,
    LayerEntry,
    ModelLayers,
    ObjectiveEntry,
    PartEntry,
    Span,
)
from tensorboard_plugin_attn.encoding.layer import VECTORS, EncodedLayer
from tensorboard_plugin_attn.encoding.parsing import parse_fields
from tensorboard_plugin_attn.encoding.spill import Buffer, filled
from tensorboard_plugin_attn.errors import DamagedFileError, NewerFormatError
from tensorboard_plugin_attn.measuring.ragged import stack_ragged
from tensorboard_plugin_attn.record.tokens import DECODER, MAIN, TokenAxes

__all__ = [
    "FIRST_READ",
    "FORMAT",
    "Buffer",
    "Header",
    "ReadRange",
    "Span",
    "Tensors",
    "checked",
    "container",
    "described",
    "header_crc",
    "pack_record",
    "parse_header",
    "parse_json",
    "parse_span",
    "probe_hash",
    "read_header",
    "read_slab",
    "read_tensor",
    "short_file",
    "tensor_crc",
    "text_crc",
]

FIRST_READ = 64 << 10
LONGEST_HEADER = 100_000_000
DTYPES = {"F32": np.float32, "F16": np.float16, "BF16": np.uint16, "U32": np.uint32, "U8": np.uint8}
ITEM_BYTES = {name: np.dtype(dtype).itemsize for name, dtype in DTYPES.items()}

ReadRange = Callable[[int, int], bytes]  # (start, stop) → bytes
Plain = bytes | memoryview
Data = Plain | tuple[Buffer, ...]


def pack_record(
    tag: str,
    step: int,
    wall_time: float,
    axes: TokenAxes,
    layers: Sequence[EncodedLayer],
    metric_names: Sequence[str],
    *,
    precision: str = "uint8",
    left_out: Sequence[dict[str, Any]] = (),
    track: Sequence[dict[str, Any]] = (),
    kind: str = "weights",
    compressor: Compressor = compress,
    input_hash: str | None = None,
    objective: ObjectiveEntry | None = None,
    model_layers: ModelLayers | None = None,
    part: PartEntry | None = None,
    metric_weights: Sequence[NDArray[np.float32]] | None = None,
) -> list[Buffer]:
    """One record → the buffers of its file, in order.

    ``objective`` is what its effects are on; ``model_layers`` how many layers the model has; ``input_hash`` is of what
    ``probe`` does not see, such as pixels; ``part`` says which part of a record this is;
    ``metric_weights`` ``[head, metric]`` of each layer are then what the metrics are means over.
    """
    tensors = pack_tensors(layers, compressor, patterns=kind == "weights")
    if metric_weights is not None:
        weights = stack_ragged(metric_weights)
        tensors["head_metric_weights"] = "F32", weights.shape, weights.tobytes()
    entries = [entry_of(layer) for layer in layers]
    if kind == "metrics":
        entries = [
            replace(entry, source="left_out", vectors=False, value_norm_of=None, overview=None)
            for entry in entries
        ]
    meta = {
        "format": FORMAT,
        "tag": tag,
        "step": step,
        "wall_time": wall_time,
        "kind": kind,
        "precision": precision,
        "layers": [entry.to_json() for entry in entries],
        "metrics": list(metric_names),
        "probe": probe_hash(
            axes, [(each.entry.queries, each.entry.keys, each.entry.mask) for each in layers]
        ),
        "left_out": list(left_out),
        "faults": [
            *missing_layers(model_layers, entries),
            *(
                {"layer": number, **each}
                for number, layer in enumerate(layers)
                for each in (
                    layer.faults if part is not None else [*missing_heads(layer.entry), *layer.faults]
                )
            ),
        ],
        "crc32": {name: tensor_crc(name, shape, data) for name, (_, shape, data) in tensors.items()}
        | {"header": ""},
        **token_fields(axes),
        **({"track": list(track)} if track else {}),
        **({} if input_hash is None else {"input": input_hash}),
        **({} if objective is None else {"objective": objective.to_json()}),
        **({} if model_layers is None else {"model_layers": model_layers.to_json()}),
        **({} if part is None else {"part": part.to_json()}),
    }
    meta["crc32"]["header"] = header_crc(meta)
    return container(meta, tensors)


def missing_layers(found: ModelLayers | None, entries: Sequence[LayerEntry]) -> list[dict[str, Any]]:
    """A fault, of no head, where in some of the model's layers nothing was seen."""
    if found is None or not found.unseen or not entries:
        return []
    return [{"layer": 0, "heads": [], "fault": "fewer_layers", "worst": found.count}]


def missing_heads(entry: LayerEntry) -> list[dict[str, Any]]:
    """A fault where a layer has fewer heads than the model's and nobody chose some of them."""
    whole = entry.model_heads
    if whole is None or entry.heads >= whole or entry.head_numbers is not None:
        return []
    return [{"fault": "fewer_heads", "heads": list(range(entry.heads)), "worst": whole}]


def entry_of(layer: EncodedLayer) -> LayerEntry:
    """What the header says of a layer, its picture included."""
    picture = layer.kept_overview
    shape = None if picture is None else (int(picture.shape[1]), int(picture.shape[2]))
    return replace(layer.entry, overview=shape)


def tensor_crc(name: str, shape: tuple[int, ...], data: Data) -> int | list[int]:
    """CRC-32 of a tensor; of query and key one a head, so that a head can be read without the others."""
    if isinstance(data, tuple):
        crc = 0
        for part in filled(data):
            crc = crc_of(part, crc)
        return crc
    if name.rsplit(".", 1)[-1] not in BY_HEAD or not shape[0]:
        return crc_of(data)
    return crc_list(data, shape[0])


BY_HEAD = ("query", "key")
Tensors = dict[str, tuple[str, tuple[int, ...], Data]]  # name → dtype, shape, data


def pack_tensors(layers: Sequence[EncodedLayer], compressor: Compressor, *, patterns: bool) -> Tensors:
    """The tensors in file order: what is read most comes first, wide types before bytes."""
    tensors: Tensors = {}

    def add(name: str, dtype: str, array: NDArray[Any]) -> None:
        tensors[name] = dtype, array.shape, bytes_of(array)

    add("head_metrics", "F32", stack_ragged([layer.metrics for layer in layers]))
    if not patterns:
        return tensors
    members = [layer.members(compressor) for layer in layers]
    for number, layer in enumerate(layers):
        if layer.row_max is not None:
            add(f"layer.{number}.row_max", "F32", layer.row_max)
            packed = members[number]
            sizes = () if packed is None else packed.sizes
            add(f"layer.{number}.member_bytes", "U32", np.array(sizes, np.uint32))
    overviews = {
        number: [compressor(head) for head in layer.kept_overview]
        for number, layer in enumerate(layers)
        if layer.kept_overview is not None
    }
    for number, pictures in overviews.items():
        add(f"layer.{number}.overview_bytes", "U32", np.array(list(map(len, pictures)), np.uint32))
    for dtype in ("F32", "F16", "BF16"):
        for number, layer in enumerate(layers):
            for name in VECTORS:
                if name in layer.vectors and layer.vectors[name][0] == dtype:
                    add(f"layer.{number}.{name}", dtype, layer.vectors[name][1])
    thumbnails = compressor(b"".join(layer.thumbnail.tobytes() for layer in layers))
    tensors["thumbnails"] = "U8", (len(thumbnails),), thumbnails
    pieces: dict[str, tuple[Buffer, ...]] = {
        f"layer.{number}.overview": tuple(pictures) for number, pictures in overviews.items()
    }
    pieces |= {
        f"layer.{number}.weights": packed.pieces
        for number, packed in enumerate(members)
        if packed is not None and packed.sizes
    }
    for name, data in pieces.items():
        tensors[name] = "U8", (sum(map(len, data)),), data
    return tensors


def bytes_of(array: NDArray[Any]) -> memoryview:
    """An array as it goes to the file, not copied where it lies in order."""
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8).data


def token_fields(axes: TokenAxes) -> dict[str, Any]:
    """The header's fields about tokens."""
    fields: dict[str, Any] = {
        "token_lists": axes.lists,
        "special": {name: np.flatnonzero(flags).tolist() for name, flags in axes.specials.items()},
        "sentence_b_start": axes.sentence_b_start,
    }
    optional = {
        "words": None if axes.words is None else {MAIN: axes.words},
        "special_names": axes.special_names,
        "geometry": axes.geometry,
        "pictures": axes.pictures,
        "query_numbers": axes.query_numbers,
    }
    return {**fields, **{name: value for name, value in optional.items() if value}}


def probe_hash(axes: TokenAxes, masks: Sequence[tuple[int, int, str]]) -> str:
    """Equal for two records of the same input: tokens, and of each layer queries, keys and mask. The same as in format 1."""
    others = {name: each for name, each in axes.lists.items() if name not in (MAIN, DECODER)}
    text = json.dumps([axes.tokens, axes.decoder_tokens, list(masks), *([others] if others else [])])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def header_crc(meta: dict[str, Any]) -> int:
    """CRC-32 of the header's JSON, computed with its own field empty."""
    blank = {**meta, "crc32": {**meta["crc32"], "header": ""}}
    return zlib.crc32(json_text(blank).encode())


def text_crc(text: str, crc: int) -> int:
    """What ``header_crc`` gave for this JSON, in which its result now stands."""
    return zlib.crc32(text.replace(f'"header":{crc}', '"header":""', 1).encode())


def json_text(meta: dict[str, Any]) -> str:
    """JSON that is the same in every process."""
    return json.dumps(meta, ensure_ascii=True, sort_keys=True, separators=(",", ":"))


def container(meta: dict[str, Any], tensors: Tensors) -> list[Buffer]:
    """The safetensors layout: length, JSON padded to 8 bytes, buffers back to back."""
    header: dict[str, Any] = {"__metadata__": {"attn": json_text(meta)}}
    end, buffers = 0, list[Buffer]()
    for name, (dtype, shape, data) in tensors.items():
        pieces = data if isinstance(data, tuple) else (data,)
        size = sum(map(len, pieces))
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [end, end + size]}
        end += size
        buffers += pieces
    text = json.dumps(header, ensure_ascii=True, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return [len(text).to_bytes(8, "little"), text, *buffers]


def read_header(read: ReadRange, size: int, path: str = "") -> Header:
    """The header and head metrics of a file of ``size`` bytes, in one read where they fit in 64 KiB.

    Raises:
        DamagedFileError: the file is cut off, altered or not one of ours.
        NewerFormatError: a later version of this package wrote it.
    """
    start = read(0, min(size, FIRST_READ))
    if len(start) < 8:
        raise DamagedFileError(f"the file has {size} bytes, too few for a record", path=path)
    length = int.from_bytes(start[:8], "little")
    if not 2 <= length <= LONGEST_HEADER:
        raise DamagedFileError("it does not start like a safetensors file", path=path)
    if 8 + length > size:
        raise DamagedFileError(short_file(size, f"more than {8 + length:,}"), path=path)
    if len(start) < 8 + length:
        start += read(len(start), 8 + length)
    return parse_header(start, length, size, read, path)


def parse_header(start: bytes, length: int, size: int, read: ReadRange, path: str) -> Header:
    """The bytes of a header, with what follows of the first read → Header, checked."""
    meta, text, fields = parse_json(start[8 : 8 + length], path)
    try:
        whole = text_crc(text, meta["crc32"]["header"]) == meta["crc32"]["header"]
        spans = {name: parse_span(field, 8 + length) for name, field in fields.items()}
        metrics_span = spans["head_metrics"]
        whole = whole and spans.keys() == meta["crc32"].keys() - {"header"}
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise DamagedFileError(f"its header is incomplete ({described(error)})", path=path) from error
    if not whole:
        raise DamagedFileError("its header does not match its checksum", path=path)
    stop = max(span.stop for span in spans.values())
    if stop != size:
        raise DamagedFileError(short_file(size, f"{stop:,}"), path=path)
    data = start[metrics_span.start : metrics_span.stop]
    if len(data) < metrics_span.stop - metrics_span.start:
        data = read(metrics_span.start, metrics_span.stop)
    metrics = checked(meta["crc32"], "head_metrics", metrics_span, data, path)
    try:
        return parse_fields(meta, spans, metrics, len(start), path)
    except ValueError as error:
        raise DamagedFileError(f"its header makes no sense: {error}", path=path) from error


def parse_json(content: bytes, path: str) -> tuple[dict[str, Any], str, dict[str, Any]]:
    """The JSON of a safetensors file → our own header, its text, and the fields of the tensors."""
    try:
        fields = json.loads(content)
        text = fields.pop("__metadata__")["attn"]
        meta = json.loads(text)
        newer = meta["format"] > FORMAT
    except (AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        reason = f"its header is not that of an attention record ({described(error)})"
        raise DamagedFileError(reason, path=path) from error
    if newer:
        raise NewerFormatError(
            f"it has format {short(meta['format'])}, this version reads up to {FORMAT}; "
            f"upgrade tensorboard-plugin-attn",
            path=path,
        )
    return meta, text, fields


def described(error: Exception) -> str:
    """An error of Python's own in words: the repr of some holds all they were given."""
    return f"{type(error).__name__}: {error}"


def short_file(size: int, expected: str) -> str:
    """What is said of a file of the wrong length."""
    return (
        f"the file has {size:,} bytes, its header says {expected}; a copy or a disk was probably interrupted"
    )


def parse_span(field: dict[str, Any], base: int) -> Span:
    """One safetensors entry → Span. Raises ValueError when shape and offsets do not fit."""
    dtype, shape, (start, stop) = field["dtype"], field["shape"], field["data_offsets"]
    nbytes = ITEM_BYTES[dtype]
    for length in shape:
        if type(length) is not int or length < 0:
            raise ValueError(f"shape {shape} is no shape")
        nbytes *= length
    if type(start) is not int or start < 0 or stop - start != nbytes:
        raise ValueError(f"shape {shape} does not fill bytes {start} to {stop}")
    return Span(dtype, tuple(shape), base + start, base + int(stop))


def read_tensor(header: Header, read: ReadRange, name: str) -> NDArray[Any]:
    """One tensor, its checksum verified. Raises DamagedFileError."""
    span = find_span(header, name)
    return checked(header.crc32, name, span, read(span.start, span.stop), header.path)


def read_slab(header: Header, read: ReadRange, name: str, head: int) -> NDArray[Any]:
    """One index of a tensor's first axis, without the rest where it has a checksum of its own.

    Raises:
        DamagedFileError: its bytes are not what was written.
    """
    span, crc = find_span(header, name), header.crc32.get(name)
    if not isinstance(crc, list):
        array: NDArray[Any] = read_tensor(header, read, name)[head]
        return array
    size = (span.stop - span.start) // span.shape[0]
    start = span.start + head * size
    one = Span(span.dtype, span.shape[1:], start, start + size)
    return checked({name: crc[head]}, name, one, read(start, start + size), header.path)


def find_span(header: Header, name: str) -> Span:
    """Where a tensor lies. Raises DamagedFileError."""
    if name not in header.spans:
        raise DamagedFileError(f"it has no {name}", path=header.path)
    return header.spans[name]


def checked(
    crc32: Mapping[str, int | list[int]], name: str, span: Span, data: bytes, path: str
) -> NDArray[Any]:
    """Bytes → array, when they are what was written."""
    crc = crc32.get(name)
    found = crc_of(data) if not isinstance(crc, list) else crc_list(data, len(crc))
    if len(data) != span.stop - span.start or found != crc:
        raise DamagedFileError(f"the bytes of {name} do not match their checksum", path=path)
    return np.frombuffer(data, DTYPES[span.dtype]).reshape(span.shape)


def crc_list(data: Plain, heads: int) -> list[int]:
    """CRC-32 of each head's bytes."""
    size = max(1, len(data) // max(1, heads))
    return [crc_of(data[start : start + size]) for start in range(0, len(data), size)]
