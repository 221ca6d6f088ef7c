"""capture: every architecture of the coverage table in docs/reference/coverage.md, against a fresh eager copy."""

from __future__ import annotations

import re
from typing import Any

import pytest
import torch
from matrix.coverage import PAGE, covered_rows, measure, rebuilt

from tensorboard_plugin_attn import capture

ROWS = covered_rows()
QUICK = frozenset(
    [
        "albert",
        "bart",
        "bert",
        "bloom",
        "clip",
        "codegen",
        "dab-detr",
        "deberta-v2",
        "detr",
        "dia",
        "dinov2",
        "distilbert",
        "dory",
        "electra",
        "esm",
        "falcon",
        "gemma2",
        "gpt2",
        "gpt_neo",
        "gpt_neox",
        "gpt_oss",
        "gptj",
        "llama",
        "longcat_flash",
        "mbart",
        "mistral",
        "mobilevit",
        "modernbert",
        "mpt",
        "opt",
        "phi",
        "qwen2",
        "qwen2_vl",
        "qwen3",
        "roberta",
        "sam2",
        "swin",
        "swinv2",
        "t5",
        "vit",
        "wav2vec2",
        "xlnet",
    ]
)
"""One of each kind of attention for every day; all others run with the slow tests."""
LEAST_MARGIN = 2
"""The table shows margins above 10; another CPU's rounding may take some of it."""


def parameters() -> list[Any]:
    return [
        pytest.param(
            row, id=row["architecture"], marks=[] if row["architecture"] in QUICK else [pytest.mark.slow]
        )
        for row in ROWS
    ]


def test_the_table_names_every_architecture_and_its_margin() -> None:
    assert {row["architecture"] for row in ROWS} >= QUICK
    assert re.search(rf"^{len(ROWS)} architectures are exact", PAGE.read_text(), re.MULTILINE)
    assert min(int(row["margin"]) for row in ROWS) >= 10


def test_the_output_of_every_layer_in_the_table_is_seen_and_met() -> None:
    unseen = [row["architecture"] for row in ROWS if not re.fullmatch(r"[\de.-]+", row["output_error"])]
    assert unseen == []
    assert max(float(row["output_error"]) for row in ROWS) < 1e-5


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("row", parameters())
def test_every_reference_map_is_captured_in_order_and_none_passes_for_another(row: dict[str, str]) -> None:
    torch.manual_seed(0)
    found = measure(row["architecture"])
    assert found.verdict == "exact", found.reason
    assert found.margin >= LEAST_MARGIN
    assert [str(found.references), str(found.records)] == [row["references"], row["records"]]
    assert found.references == found.records
    assert found.mechanisms == row["mechanisms"]
    assert rebuilt(found) == row["rebuilt"]
    assert found.checked.output_share <= 1  # of the budget, in float32
    assert found.checked.blocks_share <= 1
    assert found.checked.other == 0  # of a second probe, which goes by the plan of the first
    assert row["blocks"] in (None, str(found.checked.in_blocks))


class Swapped:
    """A capture that hands on the layers in another order."""

    def __init__(self, model: Any, **options: Any) -> None:
        self.captured = capture(model, **options)
        self.model = self.captured.model

    def __enter__(self) -> Swapped:
        self.captured.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self.captured.__exit__(*error)

    @property
    def layers(self) -> list[Any]:
        return self.captured.layers[::-1]


def test_the_control_layers_in_the_wrong_order_are_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("matrix.compare.capture", Swapped)
    assert measure("bert").verdict == "missed"


class Repeated(Swapped):
    """A capture that hands on the first layer in place of every other."""

    @property
    def layers(self) -> list[Any]:
        return [self.captured.layers[0] for _ in self.captured.layers]


@pytest.mark.parametrize("architecture", ["bert", "mobilevit"])
def test_the_control_one_layer_in_place_of_all_is_found_out(
    monkeypatch: pytest.MonkeyPatch, architecture: str
) -> None:
    monkeypatch.setattr("matrix.compare.capture", Repeated)
    assert measure(architecture).verdict in ("missed", "near uniform", "no reference")


class Doubled(Swapped):
    """A capture that hands on every layer twice."""

    @property
    def layers(self) -> list[Any]:
        return [layer for layer in self.captured.layers for _ in range(2)]


def test_the_control_every_layer_twice_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("matrix.compare.capture", Doubled)
    assert measure("bert").verdict == "near uniform"


def test_every_reason_of_the_architectures_that_are_not_covered_is_a_clause_and_no_traceback() -> None:
    rows = re.findall(r"^\| `[^`]+` \| \d+ \| (?P<why>.*) \|$", PAGE.read_text(), re.MULTILINE)
    assert rows
    assert not [why for why in rows if re.search(r"Error\b|Traceback|NoneType|object at", why)]
