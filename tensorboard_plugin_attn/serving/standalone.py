"""An opened record → one HTML file that shows it in the tab's own views, without a server and without a network."""

from __future__ import annotations

import gzip
import json
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import prod
from typing import Any
from urllib.parse import parse_qs, quote

import numpy as np

from tensorboard_plugin_attn.encoding.header import LayerEntry
from tensorboard_plugin_attn.reading.series import stack_blocks
from tensorboard_plugin_attn.serving.answers import RequestError, pack, without_nan
from tensorboard_plugin_attn.serving.assets import PAGE_ENTRY, STATIC
from tensorboard_plugin_attn.serving.metric_series import MetricSource, packed_series
from tensorboard_plugin_attn.serving.opened_record import OpenedRecord
from tensorboard_plugin_attn.serving.page_contents import Beside, Compared
from tensorboard_plugin_attn.serving.record_results import (
    Packed,
    record_result,
    thumbnails_result,
    vectors_result,
    weights_result,
)
from tensorboard_plugin_attn.serving.region_results import Regions, overview_result
from tensorboard_plugin_attn.serving.thinning import spaced
from tensorboard_plugin_attn.storing.pictures import read_picture
from tensorboard_plugin_attn.storing.store import StepFile

__all__ = ["VIEWS", "standalone_html"]

VIEWS = ("evolution", "model", "head", "neuron")
MOST_WEIGHTS = 1 << 24  # of a layer that the tab asks for at once; of larger ones it asks for single heads
MOST_WORKED_OUT = 1 << 22  # of a head of queries and keys that the tab asks for whole
ROOM = 5_900_000  # bytes of a page up to which it takes query and key of further layers
ELSEWHERE = "this file holds query and key of as many layers as fit; save it again from the layer to be seen"

PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<link rel="icon" href="data:,">
<title>Attention</title>
</head>
<body>
<script type="application/json" id="attn-embedded">{data}</script>
<script type="module">{bundle}</script>
</body>
</html>
"""
POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; font-src data:"


LOADER = """\
const bytes = Uint8Array.from(atob("{packed}"), (letter) => letter.charCodeAt(0));
const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
const script = Object.assign(document.createElement("script"), {{ type: "module" }});
script.textContent = await new Response(stream).text();
document.body.append(script);
"""


def standalone_html(
    record: OpenedRecord,
    run: str,
    view: str,
    state: str = "",
    beside: Beside | None = None,
    *,
    is_packed: bool = False,
) -> str:
    """One record as an HTML file that opens with ``view``, and what it holds ``beside`` it.

    ``state`` is what else the tab's address says, as ``&``-joined pairs ``p.attn.layer=5``. Query and key
    vectors travel with the Neuron view alone, as they are several times the rest: those of the layer that is
    shown first, then of its neighbours as long as the page stays below ``ROOM``. ``is_packed``: the script travels
    as a gzip member, for a page that stands in another page's text.

    Raises:
        RequestError: there is no such view, or the frontend is not built.
        DamagedFileError: the file is not whole.
    """
    if view not in VIEWS:
        raise RequestError(400, "bad_request", f"view must be one of {', '.join(VIEWS)}, got {view[:40]!r}")
    where = {"view": view, "run": run, "tag": record.header.tag, "step": record.header.step}
    pairs = [f"p.attn.{name}={quote(printable(str(value)), safe='')}" for name, value in where.items()]
    bundle = packed(read_bundle()) if is_packed else inline(read_bundle())
    held = beside or Beside()
    others = dict(other_answers(record, held.others, ROOM - len(bundle)))
    held = replace(held, others=[each for each in held.others if each.header.step in others])
    answers = dict(answers_of(record, run, held))
    answers.update(answer for found in others.values() for answer in found.items())
    answers.update(pinned_row(record, state))
    if view == "neuron":
        add_vectors(answers, record, shown_layer(state), ROOM - len(bundle))
    embedded = {
        "state": "&".join(["#attn", state, *pairs] if state else ["#attn", *pairs]),
        "views": [each for each in VIEWS if view == "neuron" or each != "neuron"],
        "answers": answers,
        "place": {"run": run, "tag": record.header.tag, "step": record.header.step},
        "compared": None if held.compared is None else place_of(held.compared),
        "steps": [max(1, len(held.steps)), max(1, held.logged)],
        "alone": held.is_alone,
    }
    return PAGE.format(policy=POLICY, data=embed(embedded), bundle=bundle)


def answers_of(record: OpenedRecord, run: str, beside: Beside) -> Iterator[tuple[str, Any]]:
    """What the routes answer about the record, its probe and a comparison: JSON, or binary answers in base64."""
    yield "index", page_index(record, run, beside)
    yield "metrics", encoded(one_step(record) if beside.series is None else beside.series)
    yield "scalars", {"tags": list(beside.scalars)}
    yield from ((f"scalars {tag}", answer) for tag, answer in beside.scalars.items())
    yield from record_answers(record, has_thumbnails=not (beside.is_alone and are_weights(record)))
    yield from pictures_of(record)
    if beside.compared is not None:
        yield from pictures_of(beside.compared.record)
        yield "compare", encoded(beside.compared.changes)
        if beside.compared.moved is not None:
            yield "compare contribution", encoded(beside.compared.moved)
        yield from ((f"compared {name}", value) for name, value in record_answers(beside.compared.record))


def other_answers(
    record: OpenedRecord, others: Sequence[OpenedRecord], room: int
) -> Iterator[tuple[int, dict[str, Any]]]:
    """By step, the answers about further records of a probe: as many as there is room for, evenly spaced."""
    if not others:
        return
    room -= (size := size_of(dict(record_answers(record))))
    for other in spaced(others, max(1, room // size)):
        found = dict(record_answers(other))
        found["record"] = without_vectors(found["record"], set(range(len(other.layers))))
        step = other.header.step
        yield step, {f"step {step} {name}": answer for name, answer in found.items()}


def size_of(answers: dict[str, Any]) -> int:
    """How much of a page answers take."""
    return sum(len(answer if isinstance(answer, str) else embed(answer)) for answer in answers.values())


def record_answers(record: OpenedRecord, *, has_thumbnails: bool = True) -> Iterator[tuple[str, Any]]:
    """Header, thumbnails and weights of a record; without the thumbnails where a page makes them."""
    yield "record", record_result(record)
    if "thumbnails" in record.header.spans:
        if has_thumbnails:
            yield "thumbnails", encoded(thumbnails_result(record))
        if record.header.has_contributions:
            yield "thumbnails contribution", encoded(thumbnails_result(record, "contribution"))
    for number, layer in enumerate(record.layers):
        if is_long(layer):
            for head in range(layer.heads):
                yield f"region {number} {head}", encoded(overview_result(record, number, head))
        elif layer.source != "left_out":
            yield from weights_of(record, number, layer)


def are_weights(record: OpenedRecord) -> bool:
    """Every thumbnail has one pixel for each weight, so that a page can make them of the weights: see its ``areWeights``."""
    return all(
        layer.source == "codes" and layer.thumbnail == (layer.queries, layer.keys) for layer in record.layers
    )


def is_long(layer: LayerEntry) -> bool:
    """The tab asks for parts of its heads and never for a whole one: see ``isLong`` of the frontend."""
    if layer.source == "left_out":
        return layer.overview is not None
    return layer.queries * layer.keys > (MOST_WORKED_OUT if layer.source == "vectors" else MOST_WEIGHTS)


def pinned_row(record: OpenedRecord, state: str) -> Iterator[tuple[str, str]]:
    """The row of the query that an address pins, of a head that is too long to be held whole."""
    layer, head, query = (shown_number(state, name) for name in ("layer", "head", "query"))
    number, at = layer or 0, head or 0
    if query is None or not number < len(record.layers):
        return
    entry = record.layers[number]
    if is_long(entry) and entry.source != "left_out" and at < entry.heads and query < entry.queries:
        row = Regions().rows(record, number, at, range(query, query + 1))
        yield f"row {number} {at} {query}", encoded(row)


def pictures_of(record: OpenedRecord) -> Iterator[tuple[str, str]]:
    """The pictures and sounds whose bytes were kept."""
    directory = record.step_file.path.rpartition("/")[0]
    for picture in record.header.pictures:
        try:
            data, _ = read_picture(record.files, directory, picture.sha256)
        except FileNotFoundError:
            continue
        yield f"picture {picture.sha256}", b64encode(data).decode("ascii")


def page_index(record: OpenedRecord, run: str, beside: Beside) -> dict[str, Any]:
    """What ``index`` lists in the page: patterns at the steps that it holds, metrics alone at the others."""
    index = {run: {record.header.tag: listed([record, *beside.others], beside.steps)}}
    if beside.compared is not None:
        other, tag = beside.compared, beside.compared.record.header.tag
        own = index.setdefault(other.run, {})
        is_same = other.run == run and tag == record.header.tag
        own[tag] = listed(
            [record, other.record] if is_same else [other.record], beside.steps if is_same else ()
        )
    return index


def place_of(compared: Compared) -> dict[str, Any]:
    """Where record A is."""
    header = compared.record.header
    return {"run": compared.run, "tag": header.tag, "step": header.step}


def shown_layer(state: str) -> int:
    """The layer that an address shows, the first where it names none."""
    return shown_number(state, "layer") or 0


def shown_number(state: str, name: str) -> int | None:
    """A number that an address names, None where it does not."""
    value = parse_qs(state).get(f"p.attn.{name}", [""])[-1]
    return int(value) if value.isdecimal() and len(value) < 10 else None


def add_vectors(answers: dict[str, Any], record: OpenedRecord, shown: int, room: int) -> None:
    """Add query and key of the shown layer, and of its neighbours as far as there is room; name the others."""
    logged = [
        number for number in range(len(record.layers)) if f"layer.{number}.query" in record.header.spans
    ]
    room -= size_of(answers)
    nearest = sorted(logged, key=lambda number: abs(number - shown))
    kept = set(nearest[:1])
    for number in nearest:
        found = dict(vectors_of(record, number))
        room -= sum(map(len, found.values()))
        if room < 0 and number not in kept:
            break
        kept.add(number)
        answers.update(found)
    answers["record"] = without_vectors(answers["record"], set(logged) - kept)


def vectors_of(record: OpenedRecord, number: int) -> Iterator[tuple[str, str]]:
    """Query and key of every head of a layer."""
    for head in range(record.layers[number].heads):
        yield f"vectors {number} {head}", encoded(vectors_result(record, number, head))


def without_vectors(header: dict[str, Any], layers: set[int]) -> dict[str, Any]:
    """The header of a record that lacks query and key of some layers."""
    return {
        **header,
        "layers": [
            {**layer, "vectors": layer["vectors"] and number not in layers}
            for number, layer in enumerate(header["layers"])
        ],
        "left_out": [
            *header["left_out"],
            *({"layer": number, "what": "vectors", "why": ELSEWHERE} for number in sorted(layers)),
        ],
    }


def listed(records: Sequence[OpenedRecord], steps: Sequence[StepFile]) -> dict[str, Any]:
    """The steps of a probe as ``index`` lists them; of those without a record the page holds metrics alone."""
    times = {step_file.step: (step_file.mtime, step_file.version, "metrics") for step_file in steps}
    for record in records:
        header = record.header
        times[header.step] = (header.wall_time, record.step_file.version, header.kind)
    rows = sorted(times.items())
    return {
        "steps": [step for step, _ in rows],
        "wall_times": [wall_time for _, (wall_time, _, _) in rows],
        "versions": [version for _, (_, version, _) in rows],
        "kinds": [kind for _, (_, _, kind) in rows],
    }


def weights_of(record: OpenedRecord, number: int, layer: LayerEntry) -> Iterator[tuple[str, str]]:
    """A layer's weights in the pieces in which the tab asks for them."""
    if prod(layer.shape) <= MOST_WEIGHTS:
        yield f"weights {number}", encoded(weights_result(record, number, None))
    else:
        for head in range(layer.heads):
            yield f"weights {number} {head}", encoded(weights_result(record, number, head))


def one_step(record: OpenedRecord) -> Packed:
    """The record's head metrics as a series of one step, without those that no head has."""
    series = stack_blocks([MetricSource().block(record.files, record.step_file)])
    defined = ~np.isnan(series.values).all(axis=(0, 1, 2))
    names = [series.names[column] for column in np.flatnonzero(defined)]
    return packed_series(replace(series, names=names, values=series.values[..., defined]))


def encoded(packed: Packed) -> str:
    """A binary answer as text."""
    return b64encode(pack(*packed)).decode("ascii")


def embed(value: Any) -> str:
    """JSON in which nothing can end the element that holds it; lone surrogates stay escapes."""
    return json.dumps(without_nan(value), allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")


def inline(script: str) -> str:
    """A script in which nothing can end the element that holds it, the same to JavaScript."""
    return script.replace("</script", "<\\/script").replace("<!--", "<\\!--")


def packed(script: str) -> str:
    """A script that unpacks another one and runs it."""
    return LOADER.format(packed=b64encode(gzip.compress(script.encode(), mtime=0)).decode("ascii"))


def printable(text: str) -> str:
    """A lone surrogate has no bytes in an address; it travels as U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def read_bundle() -> str:
    """The built frontend in one file. Raises RequestError where it is not built."""
    path = STATIC / PAGE_ENTRY
    if not path.exists():
        message = "the frontend is not built: run `python frontend/hatch_build.py` in the checkout"
        raise RequestError(404, "not_built", message)
    return path.read_text(encoding="utf-8")
