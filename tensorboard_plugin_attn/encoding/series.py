"""The head metrics of many steps ⇄ the bytes of one series file (``docs/reference/format.md``)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tensorboard_plugin_attn.encoding.format import (
    FIRST_READ,
    FORMAT,
    Buffer,
    ReadRange,
    Tensors,
    checked,
    container,
    described,
    header_crc,
    parse_json,
    parse_span,
    short_file,
    tensor_crc,
    text_crc,
)
from tensorboard_plugin_attn.encoding.header import Fault, Header
from tensorboard_plugin_attn.errors import DamagedFileError

__all__ = ["Form", "PackedStep", "SeriesFile", "pack_series", "parse_series", "read_versions", "step_of"]


@dataclass(frozen=True)
class Form:
    """What the headers of many steps have in common; ``layers`` are name, kind, stack and heads of each."""

    names: tuple[str, ...]
    layers: tuple[tuple[str, str, str, int], ...]
    masks: tuple[str, ...]
    probe: str
    kind: str
    input: str | None

    def to_json(self) -> dict[str, Any]:
        """As the file has it."""
        return {
            "metrics": list(self.names),
            "layers": [list(layer) for layer in self.layers],
            "masks": list(self.masks),
            "probe": self.probe,
            "kind": self.kind,
            "input": self.input,
        }


@dataclass(frozen=True)
class PackedStep:
    """What a series needs of one step; ``values`` is float32 ``[layer, head, metric]``."""

    step: int
    wall_time: float
    form: Form
    values: NDArray[np.float32]
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True)
class SeriesFile:
    """Steps by the name of their record's file; each with the version of that file that it was read from."""

    steps: dict[str, tuple[str, PackedStep]]

    def find(self, name: str, version: str) -> PackedStep | None:
        """The step in a file of that name and version, None where the file was written anew since."""
        known = self.steps.get(name)
        return known[1] if known is not None and known[0] == version else None


def step_of(header: Header) -> PackedStep:
    """A header → what a series needs of it."""
    layers = tuple((each.name, each.kind, each.stack, each.heads) for each in header.layers)
    masks = tuple(each.mask for each in header.layers)
    form = Form(header.metric_names, layers, masks, header.probe, header.kind, header.input)
    return PackedStep(header.step, header.wall_time, form, header.metrics, header.faults)


def pack_series(tag: str, steps: Sequence[tuple[str, str, PackedStep]]) -> list[Buffer]:
    """Steps with name and version of their record's file → the buffers of a series file, in order."""
    rows: dict[tuple[Form, tuple[int, ...]], list[NDArray[np.float32]]] = {}
    entries = []
    for name, version, packed in steps:
        key = packed.form, packed.values.shape
        place = list(rows).index(key) if key in rows else len(rows)
        rows.setdefault(key, []).append(packed.values)
        entries.append(
            [name, version, packed.step, packed.wall_time, place, [each.to_json() for each in packed.faults]]
        )
    tensors: Tensors = {}
    for place, values in enumerate(rows.values()):
        array = np.stack(values).astype(np.float32, copy=False)
        tensors[f"metrics.{place}"] = "F32", array.shape, array.tobytes()
    meta: dict[str, Any] = {
        "format": FORMAT,
        "kind": "series",
        "tag": tag,
        "forms": [form.to_json() for form, _ in rows],
        "steps": entries,
        "crc32": {name: tensor_crc(name, shape, data) for name, (_, shape, data) in tensors.items()}
        | {"header": ""},
    }
    meta["crc32"]["header"] = header_crc(meta)
    return container(meta, tensors)


def parse_series(data: bytes, path: str = "") -> SeriesFile:
    """The bytes of a series file → its steps.

    Raises:
        DamagedFileError: it is cut off, altered or no series.
        NewerFormatError: a later version of this package wrote it.
    """
    length, (meta, fields) = header_length(data, len(data), path), parse_meta(data, path)
    try:
        forms = [parse_form(each) for each in meta["forms"]]
        arrays = []
        for place in range(len(forms)):
            name = f"metrics.{place}"
            span = parse_span(fields[name], 8 + length)
            arrays.append(checked(meta["crc32"], name, span, data[span.start : span.stop], path))
        return SeriesFile(parse_steps(meta["steps"], forms, arrays))
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise DamagedFileError(f"its header makes no sense ({described(error)})", path=path) from error


def read_versions(read: ReadRange, size: int, path: str = "") -> dict[str, str]:
    """The names in a series file of ``size`` bytes → the version that each was read from, without its metrics.

    Raises:
        DamagedFileError: it is cut off, altered or no series.
    """
    start = read(0, min(size, FIRST_READ))
    length = header_length(start, size, path)
    if len(start) < 8 + length:
        start += read(len(start), 8 + length)
    meta, fields = parse_meta(start, path)
    try:
        stop = max((parse_span(each, 8 + length).stop for each in fields.values()), default=8 + length)
        if stop != size:
            raise DamagedFileError(short_file(size, f"{stop:,}"), path=path)
        return {text_of(name): text_of(version) for name, version, *_ in meta["steps"]}
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise DamagedFileError(f"its header makes no sense ({described(error)})", path=path) from error


def header_length(start: bytes, size: int, path: str) -> int:
    """Bytes of the JSON of a file of ``size`` bytes. Raises DamagedFileError."""
    length = int.from_bytes(start[:8], "little")
    if not 2 <= length <= size - 8:
        raise DamagedFileError("it is cut off, or does not start like a safetensors file", path=path)
    return length


def parse_meta(start: bytes, path: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The JSON of a series file, checked, and the fields of its tensors. Raises DamagedFileError."""
    meta, text, fields = parse_json(start[8 : 8 + int.from_bytes(start[:8], "little")], path)
    try:
        is_whole = text_crc(text, meta["crc32"]["header"]) == meta["crc32"]["header"]
    except (LookupError, TypeError) as error:
        raise DamagedFileError(f"its header is incomplete ({described(error)})", path=path) from error
    if not is_whole:
        raise DamagedFileError("its header does not match its checksum", path=path)
    return meta, fields


def parse_form(fields: dict[str, Any]) -> Form:
    """One form as the file has it. Raises ValueError, LookupError or TypeError where it is none."""
    layers = tuple(
        (text_of(name), text_of(kind), text_of(stack), int(heads))
        for name, kind, stack, heads in fields["layers"]
    )
    names, masks = (tuple(map(text_of, fields[name])) for name in ("metrics", "masks"))
    given = fields["input"]
    return Form(
        names,
        layers,
        masks,
        text_of(fields["probe"]),
        text_of(fields["kind"]),
        None if given is None else text_of(given),
    )


def parse_steps(
    entries: Sequence[Any], forms: Sequence[Form], arrays: Sequence[NDArray[np.float32]]
) -> dict[str, tuple[str, PackedStep]]:
    """The steps of a file, in the order of the rows of their forms."""
    used = [0] * len(forms)
    steps = {}
    for name, version, step, wall_time, place, faults in entries:
        form, values = forms[place], arrays[place][used[place]]
        used[place] += 1
        if values.ndim != 3 or values.shape[0] != len(form.layers) or values.shape[2] != len(form.names):
            raise ValueError(f"{values.shape} does not fit {len(form.layers)} layers")
        packed = PackedStep(int(step), float(wall_time), form, values, tuple(map(parse_fault, faults)))
        steps[text_of(name)] = text_of(version), packed
    return steps


def parse_fault(fields: dict[str, Any]) -> Fault:
    """One fault as the file has it."""
    worst = fields.get("worst")
    heads = tuple(map(int, fields["heads"]))
    return Fault(
        int(fields["layer"]), heads, text_of(fields["fault"]), None if worst is None else float(worst)
    )


def text_of(value: Any) -> str:
    """A string. Raises TypeError."""
    if not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} is no string")
    return value
