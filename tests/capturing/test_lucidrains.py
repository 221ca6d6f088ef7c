"""capture: models that Phil Wang wrote by hand, which nothing here was made for, against the weights they return."""

from __future__ import annotations

from typing import Any

import pytest
from models.lucidrains_models import DECODERS, VITS
from models.other_packages import run

CANNOT_REBUILD = ("talking heads", "soft-clamped scores", "cait")
"""Their scores are changed between the product and the softmax; the layer says that it cannot be rebuilt."""
OTHER_MASKS = ("the three largest", "vit_for_small_dataset")


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return run("lucidrains_models.py", tmp_path_factory.mktemp("lucidrains") / "found.json")


@pytest.mark.parametrize("name", [*DECODERS, *VITS])
def test_layers_are_those_that_the_model_returns_and_no_other(name: str, found: dict[str, Any]) -> None:
    layers = found[name]
    assert len(layers["names"]) == len(layers["expected"]) >= 2
    assert max(layers["errors"]) < 1e-5
    assert min(layers["nearest"]) > 0.05
    assert layers["warned"] == []
    if name not in CANNOT_REBUILD:
        assert max(layers["rebuilt"]) < 1e-5
    if name in DECODERS:
        assert set(layers["masks"]) == {"other" if name in OTHER_MASKS else "causal"}
        assert set(layers["kinds"]) == {"self"}
