"""The parts of a record, each written by one rank → the bytes of the whole record, gaps as NaN."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn.encoding.codes import PRECISIONS, decompress
from tensorboard_plugin_attn.encoding.decode import read_axes
from tensorboard_plugin_attn.encoding.format import Header, ReadRange, pack_record, read_header, read_tensor
from tensorboard_plugin_attn.encoding.header import Fault, LayerEntry, LeftOut
from tensorboard_plugin_attn.encoding.layer import VECTORS, EncodedLayer
from tensorboard_plugin_attn.encoding.rebuild import inflate, read_overview, split_members
from tensorboard_plugin_attn.encoding.spill import parts_of
from tensorboard_plugin_attn.errors import DamagedFileError

__all__ = ["merge_parts"]

LARGEST = ("max_score",)  # metrics that are a maximum; of the others parts have means and weights
MISSING = "the part of the record that has it is missing"


@dataclass(frozen=True)
class Piece:
    """One layer of one part, and where its heads and queries stand in the whole layer."""

    header: Header
    read: ReadRange
    index: int
    heads: NDArray[np.int64]
    queries: NDArray[np.int64]

    @property
    def entry(self) -> LayerEntry:
        """What the part says of the layer."""
        return self.header.layers[self.index]

    def tensor(self, name: str) -> NDArray[Any] | None:
        """One of the layer's tensors, None where there is none."""
        full = f"layer.{self.index}.{name}"
        return read_tensor(self.header, self.read, full) if full in self.header.spans else None


def merge_parts(parts: Sequence[tuple[Header, ReadRange]], *, contents: bool = True) -> tuple[Header, bytes]:
    """Opened parts of one step → the header of the whole record, and its bytes.

    Rows, heads and layers whose part is missing are NaN; ``header.parts`` says which parts there were. Without
    ``contents`` only the header and the metrics are worked out.

    Raises:
        DamagedFileError: a part cannot be read, or parts are not of one record.
    """
    first = parts[0][0]
    check_parts([header for header, _ in parts])
    numbers = sorted({number for header, _ in parts for number in layer_numbers(header)})
    total = range(numbers[-1] + 1)
    pieces = {number: pieces_of(parts, number) for number in total}
    known = [each for each in pieces.values() if each]
    names = list(dict.fromkeys(name for header, _ in parts for name in header.metric_names))
    layers = [
        merge_layer(each or known[0], names, contents=contents and bool(each), known=bool(each))
        for each in pieces.values()
    ]
    axes = read_axes(first)
    axes.query_numbers = {}
    kind = "weights" if contents and all(header.kind == "weights" for header, _ in parts) else "metrics"
    gone = [LeftOut(number, "weights", MISSING) for number, each in pieces.items() if not each]
    buffers = pack_record(
        first.tag, first.step, max(header.wall_time for header, _ in parts), axes, layers, names,
        precision=first.precision, kind=kind, input_hash=first.input,
        left_out=[each.to_json() for each in (*merged_left_out(parts), *gone)],
        track=[pair.to_json() for pair in first.track],
    )  # fmt: skip
    content = b"".join(parts_of(buffers))
    merged = read_header(lambda start, stop: content[start:stop], len(content), first.path)
    found = tuple(sorted(header.part.number for header, _ in parts if header.part is not None))
    whole = replace(merged, kind=first.kind, parts=(found, first.part.of if first.part else 1))
    return (whole if contents else replace(whole, layers=tuple(layer.entry for layer in layers))), content


def check_parts(headers: Sequence[Header]) -> None:
    """Raise DamagedFileError for parts that are not of one record."""
    first = headers[0]
    for header in headers:
        same = (header.tag, header.step, header.tokens, header.precision) == (
            first.tag, first.step, first.tokens, first.precision,
        )  # fmt: skip
        if header.part is None or not same or len(layer_numbers(header)) != len(header.layers):
            raise DamagedFileError(f"it is no part of the record that {first.path} is of", path=header.path)


def layer_numbers(header: Header) -> Sequence[int]:
    """The model's numbers of a part's layers."""
    part = header.part
    return range(len(header.layers)) if part is None or part.layers is None else part.layers


def pieces_of(parts: Sequence[tuple[Header, ReadRange]], number: int) -> list[Piece]:
    """One layer of the model in the parts that have it."""
    found = []
    for header, read in parts:
        for index, own in enumerate(layer_numbers(header)):
            if own == number:
                entry = header.layers[index]
                found.append(
                    Piece(header, read, index, head_places(header, entry), query_places(header, entry))
                )
    return found


def head_places(header: Header, entry: LayerEntry) -> NDArray[np.int64]:
    """The model's numbers of the heads of a layer."""
    given = entry.head_numbers if header.part is None or header.part.heads is None else header.part.heads
    return np.array(range(entry.heads) if given is None or len(given) != entry.heads else given, np.int64)


def query_places(header: Header, entry: LayerEntry) -> NDArray[np.int64]:
    """The positions of a layer's queries."""
    given = header.query_numbers.get(entry.query_tokens)
    return np.array(range(entry.queries) if given is None else given, np.int64)


def merge_layer(
    pieces: Sequence[Piece], names: Sequence[str], *, contents: bool, known: bool
) -> EncodedLayer:
    """The pieces of one layer → the whole of it. ``known`` is False where they are of another layer like it."""
    first = pieces[0].entry
    queries = len(pieces[0].header.tokens[first.query_tokens])
    heads = max(first.model_heads or 0, *(int(piece.heads.max()) + 1 for piece in pieces))
    group = first.heads // first.kv_heads
    sources = {piece.entry.source for piece in pieces}
    source = sources.pop() if contents and len(sources) == 1 else "left_out"
    entry = replace(
        first, heads=heads, kv_heads=heads // group, queries=queries, head_numbers=None, source=source,
        vectors=source != "left_out" and all(piece.entry.vectors for piece in pieces),
        name=first.name if known else "", overview=None,
        output_error=largest(piece.entry.output_error for piece in pieces),
        rebuild_error=largest(piece.entry.rebuild_error for piece in pieces),
    )  # fmt: skip
    used = pieces if known else []
    codes, row_max = merge_codes(used, entry) if source == "codes" else (None, None)
    return EncodedLayer(
        entry=replace(entry, vectors=entry.vectors and entry.source != "left_out"),
        metrics=merge_metrics(used, heads, names),
        thumbnail=merge_thumbnails(used, entry)
        if contents
        else np.zeros((heads, *first.thumbnail), np.uint8),
        codes=codes,
        row_max=row_max,
        vectors=merge_vectors(used, entry, group) if source != "left_out" else {},
        faults=merge_faults(used),
        overview=merge_overviews(used, heads) if contents else None,
    )


def largest(values: Iterable[float | None]) -> float | None:
    """The largest of what is known."""
    return max((value for value in values if value is not None), default=None)


def merge_codes(pieces: Sequence[Piece], entry: LayerEntry) -> tuple[NDArray[Any], NDArray[np.float32]]:
    """Codes and row maxima ``[head, query, …]``; a row of a missing part has a NaN maximum."""
    codes = np.zeros(entry.shape, PRECISIONS[pieces[0].header.precision])
    if codes.dtype.kind == "f":
        codes[:] = np.nan
    row_max = np.full(entry.shape[:2], np.nan, np.float32)
    for piece in pieces:
        packed, own = piece.tensor("weights"), piece.tensor("row_max")
        if packed is None or own is None:
            continue
        name = f"layer.{piece.index}.member_bytes"
        members = split_members(piece.header, piece.read, name, packed.tobytes())
        for place, head, member in zip(range(len(piece.heads)), piece.heads, members, strict=True):
            size = piece.entry.queries * entry.keys * codes.itemsize
            plain = np.frombuffer(inflate(member, piece.header, piece.index, size), codes.dtype)
            codes[head, piece.queries] = plain.reshape(piece.entry.queries, entry.keys)
            row_max[head, piece.queries] = own[place]
    return codes, row_max


def merge_metrics(pieces: Sequence[Piece], heads: int, names: Sequence[str]) -> NDArray[np.float32]:
    """Means weighted by what they are means over, and maxima, ``[head, metric]``."""
    total = np.zeros((heads, len(names)))
    weight = np.zeros((heads, len(names)))
    highest = np.full((heads, len(names)), -np.inf)
    for piece in pieces:
        columns = [names.index(name) for name in piece.header.metric_names]
        values = piece.header.metrics[piece.index, : len(piece.heads)].astype(np.float64)
        counted = piece_weights(piece) * ~np.isnan(values)
        at = np.ix_(piece.heads, np.array(columns))
        total[at] += np.nan_to_num(values) * counted
        weight[at] += counted
        highest[at] = np.fmax(highest[at], values)
    means = np.divide(total, weight, out=np.full_like(total, np.nan), where=weight > 0)
    chosen = np.where(
        [name in LARGEST for name in names], np.where(np.isinf(highest), np.nan, highest), means
    )
    return chosen.astype(np.float32)


def piece_weights(piece: Piece) -> NDArray[np.float64]:
    """What each metric of a piece is a mean over, ``[head, metric]``: as the part says, else its queries."""
    name = "head_metric_weights"
    if name not in piece.header.spans:
        return np.full((len(piece.heads), len(piece.header.metric_names)), float(piece.entry.queries))
    return np.nan_to_num(
        read_tensor(piece.header, piece.read, name)[piece.index, : len(piece.heads)].astype(np.float64)
    )


def merge_thumbnails(pieces: Sequence[Piece], entry: LayerEntry) -> NDArray[np.uint8]:
    """The maximum of the parts' pictures, which lie on the whole grid."""
    merged = np.zeros((entry.heads, *entry.thumbnail), np.uint8)
    for piece in pieces:
        if "thumbnails" not in piece.header.spans:
            continue
        sizes = [layer.heads * layer.thumbnail[0] * layer.thumbnail[1] for layer in piece.header.layers]
        plain = decompress(read_tensor(piece.header, piece.read, "thumbnails").tobytes(), sum(sizes))
        start = sum(sizes[: piece.index])
        own = np.frombuffer(plain[start : start + sizes[piece.index]], np.uint8)
        if own.size == sizes[piece.index] and piece.entry.thumbnail == entry.thumbnail:
            merged[piece.heads] = np.maximum(merged[piece.heads], own.reshape(-1, *entry.thumbnail))
    return merged


def merge_overviews(pieces: Sequence[Piece], heads: int) -> NDArray[np.uint8] | None:
    """The maximum of the parts' overviews; None where not all have one of the same shape."""
    shapes = {piece.entry.overview for piece in pieces}
    shape = shapes.pop() if len(shapes) == 1 else None
    if shape is None:
        return None
    merged = np.zeros((heads, *shape), np.uint8)
    for piece in pieces:
        for place, head in enumerate(piece.heads):
            own = read_overview(piece.header, piece.read, piece.index, place)
            if own is not None:
                merged[head] = np.maximum(merged[head], own)
    return merged


def merge_vectors(
    pieces: Sequence[Piece], entry: LayerEntry, group: int
) -> dict[str, tuple[str, NDArray[Any]]]:
    """What lies beside the codes, each tensor that all pieces have."""
    vectors = {}
    for name in VECTORS:
        tensors = [piece.tensor(name) for piece in pieces]
        if not tensors or any(tensor is None for tensor in tensors):
            continue
        dtype = pieces[0].header.spans[f"layer.{pieces[0].index}.{name}"].dtype
        vectors[name] = dtype, place_vectors(name, list(zip(pieces, tensors, strict=True)), entry, group)
    return vectors


def place_vectors(
    name: str, given: Sequence[tuple[Piece, NDArray[Any] | None]], entry: LayerEntry, group: int
) -> NDArray[Any]:
    """One tensor of all pieces in the shape of the whole layer; what is missing is 0, of a row's sum infinite."""
    sample = given[0][1]
    if sample is None:
        raise ValueError(f"no {name}")
    shapes: dict[str, tuple[int, ...]] = {
        "query": (entry.heads, entry.queries, sample.shape[-1]),
        "key": (entry.kv_heads, entry.keys, sample.shape[-1]),
        "bias": entry.shape,
        "lse": entry.shape[:2],
        "sink": entry.shape[:2],
        "value_norm": (entry.heads, entry.keys),
    }
    merged = np.full(shapes[name], np.nan if name in ("lse", "sink") else 0, sample.dtype)
    for piece, tensor in given:
        if tensor is None:
            continue
        if name == "key":
            merged[np.unique(piece.heads // group)] = tensor
        elif name == "value_norm":
            merged[piece.heads] = tensor
        else:
            own = np.broadcast_to(tensor, piece.entry.shape) if name == "bias" else tensor
            merged[np.ix_(piece.heads, piece.queries)] = own
    return merged


def merge_faults(pieces: Sequence[Piece]) -> list[dict[str, Any]]:
    """Faults of all pieces, heads by the model's numbers, the worst of each sort."""
    found: dict[str, dict[str, Any]] = {}
    for piece in pieces:
        for fault in piece.header.faults:
            if fault.layer == piece.index:
                add_fault(found, fault, piece)
    return list(found.values())


def add_fault(found: dict[str, dict[str, Any]], fault: Fault, piece: Piece) -> None:
    """One fault to those of its sort."""
    known = found.setdefault(fault.fault, {"fault": fault.fault, "heads": []})
    known["heads"] = sorted({*known["heads"], *(int(piece.heads[head]) for head in fault.heads)})
    if fault.worst is not None:
        known["worst"] = max(known.get("worst", fault.worst), fault.worst, key=lambda value: abs(value - 1))


def merged_left_out(parts: Sequence[tuple[Header, ReadRange]]) -> list[LeftOut]:
    """What each part left out, layers by the model's numbers, each reason once."""
    found = {
        replace(each, layer=layer_numbers(header)[each.layer]): None
        for header, _ in parts
        for each in header.left_out
    }
    return list(found)
