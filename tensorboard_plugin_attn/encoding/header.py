"""What a record file says of itself → frozen fields that readers trust, and the JSON in which they travel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["FORMAT", "Fault", "Header", "LayerEntry", "LeftOut", "Span", "TrackedPair"]

FORMAT = 1


class Span(NamedTuple):
    """Where one tensor lies in its file."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    stop: int


@dataclass(frozen=True)
class LayerEntry:
    """One layer; ``docs/format.md`` explains each field."""

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
    weights: bool = False
    vectors: bool = False
    mechanism: str = ""
    dtype: str = ""
    head_numbers: tuple[int, ...] | None = None
    rebuild_error: float | None = None

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
        if self.head_numbers is not None:
            entry["head_numbers"] = list(self.head_numbers)
        if self.rebuild_error is not None:
            entry["rebuild_error"] = self.rebuild_error
        return entry


LAYER_FIELDS = (
    "name", "kind", "stack", "heads", "kv_heads", "queries", "keys", "mask", "scale", "query_tokens",
    "key_tokens", "weights", "vectors", "mechanism", "dtype",
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
class Header:
    """The start of a file, parsed: what it says of itself, where its tensors lie, and the head metrics.

    ``special``, ``words`` and ``tokens`` are by name of the token list.
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
    crc32: Mapping[str, int] = field(default_factory=dict)
    spans: Mapping[str, Span] = field(default_factory=dict)
    metrics: NDArray[np.float32] = field(default_factory=lambda: np.empty((0, 0, 0), np.float32))
    nbytes: int = 0  # read so far
    path: str = ""

    def answer(self) -> dict[str, Any]:
        """What is said of the record outside its file, as JSON: all but the checksums."""
        optional = {
            "words": dict(self.words),
            "track": [pair.to_json() for pair in self.track],
        }
        return {
            "format": self.format,
            "tag": self.tag,
            "step": self.step,
            "wall_time": self.wall_time,
            "kind": self.kind,
            "precision": self.precision,
            "tokens": dict(self.tokens),
            "special": {name: list(positions) for name, positions in self.special.items()},
            "sentence_b_start": self.sentence_b_start,
            "layers": [layer.to_json() for layer in self.layers],
            "metrics": list(self.metric_names),
            "probe": self.probe,
            "left_out": [each.to_json() for each in self.left_out],
            "faults": [each.to_json() for each in self.faults],
            **{name: value for name, value in optional.items() if value},
        }
