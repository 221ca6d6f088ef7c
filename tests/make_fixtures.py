"""Eight small records, described below → golden bytes under ``fixtures/``, with what they decode to.

What is expected is worked out here one number at a time, apart from the package's own encoder.
"""

from __future__ import annotations

import json
import math
import struct
import sys
import tempfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from logs.neuron_numbers import expected_neuron

from tensorboard_plugin_attn.encoding.format import pack_record, read_header
from tensorboard_plugin_attn.measuring.head_metrics import choose_metrics
from tensorboard_plugin_attn.reading.series import stack_blocks
from tensorboard_plugin_attn.record.layer import LayerAttention
from tensorboard_plugin_attn.record.tokens import TokenAxes
from tensorboard_plugin_attn.serving.answers import Array, pack
from tensorboard_plugin_attn.serving.metric_series import MetricSource, packed_series
from tensorboard_plugin_attn.serving.opened_record import OpenedRecord, open_record
from tensorboard_plugin_attn.serving.record_results import thumbnails_result, vectors_result, weights_result
from tensorboard_plugin_attn.storing.files import LocalFiles
from tensorboard_plugin_attn.storing.store import StepFile
from tensorboard_plugin_attn.writing.draft import Draft

FOLDER = Path(__file__).parent / "fixtures"
UNITS = 64
WALL_TIME = 1750000000.5
METRICS = ("mean_distance", "confidence", "previous_token", "special_tokens")  # sums that are exact


@dataclass
class Golden:
    """One record to make."""

    tag: str
    step: int
    axes: TokenAxes
    layers: list[LayerAttention]
    precision: str = "uint8"
    metrics: Sequence[str] = METRICS
    left_out: list[int] = field(default_factory=list)
    input_hash: str | None = None


def stored_member(data: Any) -> bytes:
    """Bytes → one gzip member of stored blocks, the same on every machine."""
    plain = bytes(memoryview(data).cast("B"))
    blocks = [plain[start : start + 65535] for start in range(0, len(plain), 65535)] or [b""]
    body = b"".join(
        struct.pack("<BHH", number == len(blocks) - 1, len(block), 65535 - len(block)) + block
        for number, block in enumerate(blocks)
    )
    head = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
    return head + body + struct.pack("<II", zlib.crc32(plain), len(plain))


def rows(heads: int, queries: int, keys: int, seed: int, *, causal: bool = False) -> np.ndarray:
    """Weights in multiples of 1/64 whose rows sum to 1."""
    weights = np.zeros((heads, queries, keys), np.float32)
    for head in range(heads):
        for query in range(queries):
            visible = query + 1 if causal else keys
            shares = [1 + (head * 7 + query * 5 + key * (3 + head) + seed) % 11 for key in range(visible)]
            units = [UNITS * share // sum(shares) for share in shares]
            units[shares.index(max(shares))] += UNITS - sum(units)
            weights[head, query, :visible] = np.array(units) / UNITS
    return weights


def quarters(*shape: int) -> np.ndarray:
    """Small multiples of 1/4, exact in bfloat16."""
    return ((np.arange(math.prod(shape)) * 7 % 17 - 8) / 4).reshape(shape).astype(np.float32)


def pair(step: int, metrics: Sequence[str] = METRICS) -> Golden:
    tokens = ["[CLS]", "the", "doc", "##tor", "[SEP]", "she", "[SEP]"]
    axes = TokenAxes(tokens, sentence_b_start=5, words=[None, 0, 1, 1, None, 2, None])
    layers = [
        LayerAttention(rows(2, 7, 7, step), name="encoder.layer.0", mechanism="sdpa", dtype="float32"),
        LayerAttention(
            rows(3, 7, 7, step + 4),
            name="encoder.layer.1",
            mechanism="sdpa",
            dtype="float32",
            query=quarters(3, 7, 4),
            key=quarters(1, 7, 4),
            scale=0.5,
        ),
    ]
    return Golden("doctor/she", step, axes, layers, metrics=metrics)


def translation() -> Golden:
    axes = TokenAxes(["the", "cat", "sat", "</s>"], decoder_tokens=["<s>", "die", "Katze"])
    encoder = LayerAttention(
        rows(2, 4, 4, 1),
        name="encoder.0",
        stack="encoder",
        dtype="bfloat16",
        query=quarters(2, 4, 3),
        key=quarters(2, 4, 3),
        bias=quarters(2, 4, 4),
        scale=0.25,
    )
    decoder = LayerAttention(rows(2, 3, 3, 2, causal=True), name="decoder.0.self", stack="decoder")
    cross = LayerAttention(rows(2, 3, 4, 3), name="decoder.0.cross", kind="cross", stack="decoder")
    return Golden("translation", 3, axes, [encoder, decoder, cross], precision="float16")


def long() -> Golden:
    axes = TokenAxes([f"token{number}" for number in range(70)])
    layer = LayerAttention(rows(1, 70, 70, 5, causal=True), name="h.0.attn")
    return Golden("long", 100, axes, [layer])


def odd_tokens() -> Golden:
    tokens = [
        "</script><img src=x onerror=alert(1)>",
        "שלום",
        "👩‍🚀",
        "\ud83d",
        "\x00\x07\x1b[31m\n\t",
        "x" * 10_000,
    ]
    layers = [LayerAttention(rows(2, 6, 6, seed), name=f"layer <{seed}>") for seed in range(2)]
    return Golden("odd & tokens/..", 0, TokenAxes(tokens), layers, precision="float32", left_out=[1])


def picture() -> Golden:
    """Two stacks with a list of tokens each; the vision stack sees a picture of 2 × 3 patches."""
    axes = TokenAxes(
        {"text": ["a", "cat"], "vision": ["[CLS]", *(f"r{row}c{column}" for row in (0, 1) for column in (0, 1, 2))]},
        special_names={"vision": {0: "cls"}},
        geometry={
            "vision": [
                {
                    "kind": "image", "start": 1, "rows": 2, "cols": 3, "frames": 1, "picture": 0,
                    "box": [0, 0, 1, 1], "patch": [16, 16],
                }
            ]
        },
        pictures=[{"sha256": "ab" * 32, "width": 48, "height": 32, "media": "image/png"}],
    )  # fmt: skip
    text = LayerAttention(rows(2, 2, 2, 1), name="text.0", stack="text", model_heads=8, heads=[1, 5])
    sinking = LayerAttention(
        rows(2, 7, 7, 5) / 2,
        name="vision.0",
        stack="vision",
        mechanism="sdpa",
        dtype="float32",
        output_error=0.25,
        model_heads=2,
        value_norm=quarters(2, 7) ** 2,
        sink=np.full((2, 7), 0.5, np.float32),
    )
    return Golden("picture", 12, axes, [text, sinking], input_hash="0123456789abcdef")


def vectors() -> Golden:
    """A layer of which query and key were kept, in half precision, and one over some of the queries."""
    axes = TokenAxes([f"token{number}" for number in range(5)])
    query, key = quarters(4, 5, 4), quarters(2, 5, 4)
    layer = LayerAttention(query=query, key=key, mask="causal", scale=0.5, name="h.0", dtype="bfloat16")
    layer.lse = np.array([[math.log(sum(row)) for row in head] for head in exponentials(layer)], np.float32)
    return Golden("vectors", 4, axes, [layer], metrics=())


def exponentials(layer: LayerAttention) -> list[list[list[float]]]:
    """``exp(scale · q · k)`` of the visible keys of each row, in double precision."""
    group = layer.num_heads // layer.num_kv_heads
    return [
        [
            [
                math.exp(layer.scale * sum(float(a) * float(b) for a, b in zip(row, key, strict=True)))
                for key in layer.key[head // group][: number + 1]
            ]
            for number, row in enumerate(rows_)
        ]
        for head, rows_ in enumerate(layer.query)
    ]


def wide() -> Golden:
    """A layer of a long text that was left out, but for its overview."""
    axes = TokenAxes([f"key{number}" for number in range(520)], decoder_tokens=["a", "b"])
    shares = np.array([[1 + (row * 5 + key * 3) % 11 for key in range(520)] for row in range(2)], np.float32)
    layer = LayerAttention((shares / shares.sum(axis=1, keepdims=True))[None], kind="cross", name="cross")
    return Golden("wide", 2, axes, [layer], metrics=(), left_out=[0])


RECORDS = {
    "pair": lambda: pair(0),
    "pair_later": lambda: pair(8, METRICS[1:]),
    "translation": translation,
    "long": long,
    "odd_tokens": odd_tokens,
    "picture": picture,
    "vectors": vectors,
    "wide": wide,
}
FORMAT_1 = ("long", "odd_tokens", "pair", "pair_later", "translation")  # frozen: nothing writes them any more


def pack_golden(golden: Golden) -> bytes:
    """The bytes of its record file."""
    metrics = choose_metrics(list(golden.metrics))
    draft = Draft(golden.axes, metrics, golden.precision, sys.maxsize)
    for layer in golden.layers:
        draft.add(layer)
    for number in golden.left_out:
        draft.layers[number].leave_out()
    left_out = [{"layer": number, "what": "weights", "why": "too large"} for number in golden.left_out]
    buffers = pack_record(
        golden.tag,
        golden.step,
        WALL_TIME + golden.step,
        golden.axes,
        draft.layers,
        list(metrics),
        precision=golden.precision,
        left_out=left_out,
        compressor=stored_member,
        input_hash=golden.input_hash,
    )
    return b"".join(buffers)


def expected_weights(layer: LayerAttention, precision: str) -> list[Any]:
    """What the codes of a layer decode to; multiples of 1/64 are exact in float16."""
    if layer.weights is None:
        return [
            [[each / sum(row) for each in row] + [0.0] * (layer.num_keys - len(row)) for row in head]
            for head in exponentials(layer)
        ]
    if precision != "uint8":
        return layer.weights.tolist()
    return [[expected_row(row) for row in head] for head in layer.weights.tolist()]


def expected_row(row: list[float]) -> list[float]:
    """One row through ``weight = (code / 255)² · row_max``, in float32."""
    codes = [math.floor(255 * math.sqrt(weight / max(row)) + 0.5) for weight in row]
    return [float(np.float32((code / 255) ** 2) * np.float32(max(row))) for code in codes]


def expected_thumbnail(weights: np.ndarray) -> list[Any]:
    """``round(255 · √)`` of the maximum of each cell of 1 × 1, 2 × 2, … weights."""
    _, queries, keys = weights.shape
    height, width = math.ceil(queries / 64), math.ceil(keys / 64)
    return [
        [
            [
                math.floor(255 * math.sqrt(head[top : top + height, left : left + width].max()) + 0.5)
                for left in range(0, keys, width)
            ]
            for top in range(0, queries, height)
        ]
        for head in weights
    ]


def expected_overview(weights: np.ndarray) -> list[Any]:
    """``1 + round((log₂ w + 24) · 254 / 24)`` of the largest weight of each cell of at most 256 × 256."""
    _, queries, keys = weights.shape
    height, width = math.ceil(queries / 256), math.ceil(keys / 256)
    return [
        [
            [
                round(1 + (math.log2(head[top : top + height, left : left + width].max()) + 24) * 254 / 24)
                for left in range(0, keys, width)
            ]
            for top in range(0, queries, height)
        ]
        for head in weights
    ]


def expected_vectors(layer: LayerAttention) -> dict[str, Any]:
    """Query, key and bias as given: their values are exact in every floating type."""
    given = {name: getattr(layer, name) for name in ("query", "key", "bias", "lse", "sink", "value_norm")}
    return {name: array.tolist() for name, array in given.items() if array is not None}


def expected_record(golden: Golden, content: bytes) -> dict[str, Any]:
    """The JSON beside a record file."""
    header = read_header(lambda start, stop: content[start:stop], len(content))
    return {
        "header": header.answer(),
        "weights": [
            None if number in golden.left_out else expected_weights(layer, golden.precision)
            for number, layer in enumerate(golden.layers)
        ],
        "thumbnails": [
            expected_thumbnail(np.array(expected_weights(layer, "float32"))) for layer in golden.layers
        ],
        "overviews": [
            expected_overview(layer.weights) if number in golden.left_out and layer.num_keys > 512 else None
            for number, layer in enumerate(golden.layers)
        ],
        "metrics": without_nan(header.metrics.tolist()),
        "vectors": [expected_vectors(layer) for layer in golden.layers],
    }


def without_nan(value: Any) -> Any:
    """Nested lists with null for NaN."""
    if isinstance(value, list):
        return [without_nan(item) for item in value]
    return None if value != value else value


def build_records() -> dict[str, bytes]:
    """File name → content, for ``fixtures/records``."""
    contents: dict[str, bytes] = {}
    for name, make in RECORDS.items():
        golden = make()
        contents[f"{name}.safetensors"] = content = pack_golden(golden)
        contents[f"{name}.json"] = json_bytes(expected_record(golden, content))
    return contents


def build_answers(records: Path) -> dict[str, bytes]:
    """File name → content, for ``fixtures/answers``."""
    expected = {name: json.loads((records / f"{name}.json").read_text()) for name in RECORDS}
    opened = {name: open_golden(records, f"{name}.safetensors") for name in RECORDS}
    pair, later, translation = expected["pair"], expected["pair_later"], expected["translation"]
    head, part = pair["vectors"][1], translation["vectors"][0]
    answers = {
        "weights_layer": (weights_result(opened["pair"], 1, None), {"weights": pair["weights"][1]}),
        "weights_head": (weights_result(opened["pair"], 1, 2), {"weights": pair["weights"][1][2:]}),
        "weights_float16": (
            weights_result(opened["translation"], 2, None),
            {"weights": translation["weights"][2]},
        ),
        "weights_float32": (
            weights_result(opened["odd_tokens"], 0, None),
            {"weights": expected["odd_tokens"]["weights"][0]},
        ),
        "thumbnails": (thumbnails_result(opened["pair"]), {"thumbnails": pair["thumbnails"]}),
        "thumbnails_pooled": (
            thumbnails_result(opened["long"]),
            {"thumbnails": expected["long"]["thumbnails"]},
        ),
        "vectors": (vectors_result(opened["pair"], 1, 2), {"query": head["query"][2], "key": head["key"][0]}),
        "vectors_bfloat16": (
            vectors_result(opened["translation"], 0, 1),
            {name: values[1] for name, values in part.items()},
        ),
        "metrics": (metrics_answer(records), expected_metrics(pair, later)),
    }
    neuron = {
        "vectors": [expected_neuron(answers["vectors"][1], 0.5, causal=causal) for causal in (False, True)],
        "vectors_bfloat16": [expected_neuron(answers["vectors_bfloat16"][1], 0.25)],
    }
    files = {
        file_name: content
        for name, ((arrays, fields), arrays_expected) in answers.items()
        for file_name, content in {
            f"{name}.bin": pack(arrays, fields),
            f"{name}.json": json_bytes({"fields": fields, **arrays_expected}),
        }.items()
    }
    return {**files, "neuron.json": json_bytes(neuron)}


def open_golden(folder: Path, name: str) -> OpenedRecord:
    """A record file as the server opens it."""
    return open_record(LocalFiles(str(folder)), step_file(folder, name))


def step_file(folder: Path, name: str, step: int = 0) -> StepFile:
    return StepFile(step, "weights", name, (folder / name).stat().st_size, 0.0)


def metrics_answer(records: Path) -> tuple[list[Array], dict[str, Any]]:
    """Two steps of ``pair``, and a third whose file was cut off."""
    source = MetricSource()
    with tempfile.TemporaryDirectory() as cut:
        content = (records / "pair.safetensors").read_bytes()
        Path(cut, "cut.safetensors").write_bytes(content[: len(content) // 2])
        whole, broken = LocalFiles(str(records)), LocalFiles(cut)
        blocks = [
            source.block(whole, step_file(records, "pair.safetensors", 0)),
            source.block(whole, step_file(records, "pair_later.safetensors", 8)),
            source.block(broken, step_file(Path(cut), "cut.safetensors", 16)),
        ]
    return packed_series(stack_blocks(blocks))


def expected_metrics(first: dict[str, Any], later: dict[str, Any]) -> dict[str, Any]:
    """The later step lacks the first metric."""
    padded = [[[None, *head] for head in layer] for layer in later["metrics"]]
    return {
        "values": [first["metrics"], padded],
        "steps": [0, 8],
        "wall_times": [WALL_TIME, WALL_TIME + 8],
    }


def json_bytes(value: Any) -> bytes:
    return (json.dumps(value, sort_keys=True, allow_nan=False) + "\n").encode()


def main() -> None:
    for folder, build in (
        ("records", build_records),
        ("answers", partial(build_answers, FOLDER / "records")),
    ):
        (FOLDER / folder).mkdir(parents=True, exist_ok=True)
        for name, content in build().items():
            (FOLDER / folder / name).write_bytes(content)


if __name__ == "__main__":
    main()
