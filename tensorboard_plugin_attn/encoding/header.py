"""What a record file says of itself → frozen fields that readers trust, and the JSON in which they travel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "FORMAT",
    "SOURCES",
    "Fault",
    "Header",
    "LayerEntry",
    "LeftOut",
    "ModelLayers",
    "ObjectiveEntry",
    "PartEntry",
    "Picture",
    "Span",
    "TrackedPair",
    "same_input",
    "same_surroundings",
]

FORMAT = 2


SOURCES = ("codes", "vectors", "left_out")


class Span(NamedTuple):
    """Where one tensor lies in its file."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    stop: int


def same_input(first: tuple[str, str | None], second: tuple[str, str | None]) -> bool:
    """Whether two pairs of hashes ``(probe, input)`` are of one input: where both have the second, it counts too."""
    return (
        first[0] == second[0] and same_numbers(first[1], second[1]) and same_surroundings(first[1], second[1])
    )


def same_numbers(first: str | None, second: str | None) -> bool:
    """Whether the ids of two inputs are the same, as far as both hashes tell."""
    known = [each[:HALF] for each in (first, second) if each is not None and each[:HALF] != NOT_TOLD]
    return len(set(known)) < 2


def same_surroundings(first: str | None, second: str | None) -> bool:
    """Whether pixels, samples, positions and documents of two inputs are the same, as far as both hashes tell."""
    return None in (first, second) or str(first)[HALF:] == str(second)[HALF:]


HALF = 8
"""Digits of ``input`` that tell the ids; the others tell what surrounds them."""
NOT_TOLD = "0" * HALF


@dataclass(frozen=True)
class LayerEntry:
    """One layer; ``docs/reference/format.md`` explains each field."""

    name: str
    kind: str
    stack: str
    heads: int
    kv_heads: int
    queries: int
    keys: int
    mask: str
    scale: float | None
    thumbnail: tuple[int, int]
    query_tokens: str
    key_tokens: str
    source: str = "left_out"  # what its weights are read from
    vectors: bool = False
    mechanism: str = ""
    dtype: str = ""
    head_numbers: tuple[int, ...] | None = None
    rebuild_error: float | None = None
    model_heads: int | None = None
    output_error: float | None = None
    value_norm_of: str | None = None
    overview: tuple[int, int] | None = None

    @property
    def weights(self) -> bool:
        """Whether codes of the weights are in the file."""
        return self.source == "codes"

    @property
    def shape(self) -> tuple[int, int, int]:
        """``[head, query, key]`` of its weights."""
        return self.heads, self.queries, self.keys

    @property
    def lists(self) -> tuple[str, str]:
        """Which list of tokens the query and the key axis have."""
        return self.query_tokens, self.key_tokens

    def to_json(self) -> dict[str, Any]:
        """As the header has it."""
        entry = {name: getattr(self, name) for name in LAYER_FIELDS}
        entry["thumbnail"] = list(self.thumbnail)
        for name in OPTIONAL_LAYER_FIELDS:
            value = getattr(self, name)
            if value is not None:
                entry[name] = list(value) if isinstance(value, tuple) else value
        return entry


LAYER_FIELDS = (
    "name", "kind", "stack", "heads", "kv_heads", "queries", "keys", "mask", "scale", "query_tokens",
    "key_tokens", "source", "weights", "vectors", "mechanism", "dtype",
)  # fmt: skip
OPTIONAL_LAYER_FIELDS = (
    "head_numbers", "rebuild_error", "model_heads", "output_error", "value_norm_of", "overview",
)  # fmt: skip


@dataclass(frozen=True)
class LeftOut:
    """Something of a layer that was not kept, and why."""

    layer: int
    what: str
    why: str

    def to_json(self) -> dict[str, Any]:
        """As the header has it."""
        return {"layer": self.layer, "what": self.what, "why": self.why}


@dataclass(frozen=True)
class Fault:
    """What cannot be right about some heads of a layer; ``worst`` is by how much, None where that means nothing."""

    layer: int
    heads: tuple[int, ...]
    fault: str
    worst: float | None = None

    def to_json(self) -> dict[str, Any]:
        """As the header has it."""
        entry = {"layer": self.layer, "heads": list(self.heads), "fault": self.fault}
        return entry if self.worst is None else {**entry, "worst": self.worst}


@dataclass(frozen=True)
class TrackedPair:
    """The positions behind a metric that follows a pair; ``axes`` are the token lists of query and key."""

    name: str
    axes: tuple[str, str]
    queries: tuple[int, ...]
    keys: tuple[int, ...]

    def to_json(self) -> dict[str, Any]:
        """As the header has it."""
        return {
            "name": self.name,
            "axes": list(self.axes),
            "queries": list(self.queries),
            "keys": list(self.keys),
        }


@dataclass(frozen=True)
class Picture:
    """What a span of positions shows; its bytes lie beside the records under its hash."""

    sha256: str
    width: int
    height: int
    media: str

    def to_json(self) -> dict[str, Any]:
        """As the header has it."""
        return {"sha256": self.sha256, "width": self.width, "height": self.height, "media": self.media}


@dataclass(frozen=True)
class ObjectiveEntry:
    """What the effects of a record are on: its name, ``"loss"`` for the model's own, and its value with every head."""

    name: str
    value: float

    def to_json(self) -> dict[str, Any]:
        """As the header has it."""
        return {"name": self.name, "value": self.value}


@dataclass(frozen=True)
class ModelLayers:
    """How many layers of attention the model has, and in how many beside those of the record nothing was seen."""

    count: int
    unseen: int = 0

    def to_json(self) -> dict[str, Any]:
        """As the header has it."""
        return {"count": self.count, **({"unseen": self.unseen} if self.unseen else {})}


@dataclass(frozen=True)
class PartEntry:
    """Which part of a record a file is, in the model's own numbers; None: all of them."""

    number: int
    of: int
    heads: tuple[int, ...] | None = None
    layers: tuple[int, ...] | None = None
    queries: tuple[int, ...] | None = None

    def to_json(self) -> dict[str, Any]:
        """As the header has it."""
        numbers = {"heads": self.heads, "layers": self.layers, "queries": self.queries}
        return {
            "number": self.number,
            "of": self.of,
            **{name: None if value is None else list(value) for name, value in numbers.items()},
        }


@dataclass(frozen=True)
class Header:
    """The start of a file, parsed: what it says of itself, where its tensors lie, and the head metrics.

    What concerns tokens is by name of their list. ``parts`` are the numbers of the parts that were found, and how
    many there are, of a record that was written in parts.
    """

    format: int
    tag: str
    step: int
    wall_time: float
    kind: str
    precision: str
    tokens: Mapping[str, list[str]]
    special: Mapping[str, tuple[int, ...]]
    sentence_b_start: int | None
    words: Mapping[str, list[int | None]]
    layers: tuple[LayerEntry, ...]
    metric_names: tuple[str, ...]
    probe: str
    left_out: tuple[LeftOut, ...] = ()
    faults: tuple[Fault, ...] = ()
    track: tuple[TrackedPair, ...] = ()
    input: str | None = None
    special_names: Mapping[str, Mapping[int, str]] = field(default_factory=dict)
    geometry: Mapping[str, list[dict[str, Any]]] = field(default_factory=dict)
    pictures: tuple[Picture, ...] = ()
    query_numbers: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    objective: ObjectiveEntry | None = None
    model_layers: ModelLayers | None = None
    part: PartEntry | None = None
    parts: tuple[tuple[int, ...], int] | None = None
    crc32: Mapping[str, int | list[int]] = field(default_factory=dict)
    spans: Mapping[str, Span] = field(default_factory=dict)
    metrics: NDArray[np.float32] = field(default_factory=lambda: np.empty((0, 0, 0), np.float32))
    nbytes: int = 0  # read so far
    path: str = ""

    @property
    def has_contributions(self) -> bool:
        """Whether every layer has the length of its values beside its weights."""
        return self.kind == "weights" and all(layer.value_norm_of is not None for layer in self.layers)

    def answer(self) -> dict[str, Any]:
        """What is said of the record outside its file, as JSON: all but the checksums."""
        return {**self.to_json(), "tokens": dict(self.tokens)} | (
            {} if self.parts is None else {"parts": {"found": list(self.parts[0]), "of": self.parts[1]}}
        )

    def to_json(self) -> dict[str, Any]:
        """What the header holds, but the tokens, which are named as the format has them, and the checksums."""
        optional = {
            "words": dict(self.words),
            "track": [pair.to_json() for pair in self.track],
            "input": self.input,
            "special_names": {
                name: {str(place): what for place, what in named.items()}
                for name, named in self.special_names.items()
            },
            "geometry": dict(self.geometry),
            "pictures": [picture.to_json() for picture in self.pictures],
            "query_numbers": {name: list(each) for name, each in self.query_numbers.items()},
            "objective": None if self.objective is None else self.objective.to_json(),
            "model_layers": None if self.model_layers is None else self.model_layers.to_json(),
            "part": None if self.part is None else self.part.to_json(),
        }
        return {
            "format": self.format,
            "tag": self.tag,
            "step": self.step,
            "wall_time": self.wall_time,
            "kind": self.kind,
            "precision": self.precision,
            "special": {name: list(positions) for name, positions in self.special.items()},
            "sentence_b_start": self.sentence_b_start,
            "layers": [layer.to_json() for layer in self.layers],
            "metrics": list(self.metric_names),
            "probe": self.probe,
            "left_out": [each.to_json() for each in self.left_out],
            "faults": [each.to_json() for each in self.faults],
            **{name: value for name, value in optional.items() if value},
        }
