"""capture: timm's vision transformers and diffusers' U-Net, fused, against their own unfused maps."""

from __future__ import annotations

from typing import Any

import pytest
from models.other_packages import run
from models.vision_models import TIMM

POOLED = "vit_base_patch16_siglip_224"
DIFFUSERS = [f"{name}{kind}" for name in ("AttnProcessor2_0", "AttnProcessor") for kind in ("", " of a DiT")]
LEFT_OUT = {"xcit_nano_12_p16_224": "blocks.0.attn: softmax: channel attention"}
MIXED = {"cait_xxs24_224": 2}
"""Layers whose heads are mixed before the softmax: there is no query and key to rebuild from."""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return run("vision_models.py", tmp_path_factory.mktemp("vision") / "found.json")


@pytest.mark.parametrize("name", [*TIMM, *DIFFUSERS])
def test_fused_layers_have_the_maps_of_the_unfused_model(name: str, found: dict[str, Any]) -> None:
    layers = found[name]
    assert layers["names"] == layers["expected"]
    assert len(layers["names"]) >= 2
    assert max(layers["errors"]) < 1e-5
    assert min(layers["nearest"]) > 0.05, "maps that are alike cannot tell one layer from another"
    rebuilt = layers["rebuilt"][MIXED.get(name, 0) :]
    assert rebuilt
    assert max(rebuilt) < 1e-5
    if name in LEFT_OUT:
        assert LEFT_OUT[name] in layers["warned"][0]
    else:
        assert layers["warned"] == []


def test_the_mechanism_is_that_of_the_kernel_and_windows_stand_on_the_batch_axis(
    found: dict[str, Any],
) -> None:
    assert set(found["vit_tiny_patch16_224"]["mechanisms"]) == {"sdpa"}
    assert set(found["AttnProcessor"]["mechanisms"]) == {"softmax"}
    assert set(found["AttnProcessor2_0"]["mechanisms"]) == {"sdpa"}
    assert found["swin_tiny_patch4_window7_224"]["shapes"][0] == [2 * 16, 2, 16, 16]
    assert set(found["AttnProcessor2_0"]["kinds"]) == {"self", "cross"}
    assert set(found["deit_tiny_distilled_patch16_224"]["kinds"]) == {"self"}


def test_pooling_by_a_latent_is_cross_attention_of_one_query(found: dict[str, Any]) -> None:
    assert found[POOLED]["names"][-1] == "attn_pool"
    assert found[POOLED]["kinds"] == ["self", "self", "self", "cross"]
    assert found[POOLED]["shapes"][-1] == [2, 4, 1, 16]
