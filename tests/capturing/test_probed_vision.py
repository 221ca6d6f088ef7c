"""add_probe on timm's vision transformers and diffusers' U-Net and DiT: every layer's map, every position's place."""

from __future__ import annotations

from typing import Any

import pytest
from models.other_packages import run

from tensorboard_plugin_attn.record.spans import patch_names

pytestmark = pytest.mark.slow  # it installs other packages
KINDS, HOW = ("fused", "unfused"), ("without a word", "spelled out")
REGISTERS = [f"[REG{number}]" for number in range(4)]
LISTS = {
    "vit_tiny_patch16_224": ["[CLS]", *patch_names(4, 4)],
    "vit_small_patch16_dinov3": ["[CLS]", *REGISTERS, *patch_names(4, 4)],
    "deit_tiny_distilled_patch16_224": ["[CLS]", "[DIST]", *patch_names(4, 4)],
    "DiT": patch_names(4, 4),
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return run("probed_vision.py", tmp_path_factory.mktemp("probed") / "found.json")


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", LISTS)
def test_patches_have_their_places_and_layers_their_maps(
    name: str, kind: str, how: str, found: dict[str, Any]
) -> None:
    probed = found[f"{name}, {kind}, {how}"]
    assert probed["names"] == probed["expected"]
    assert max(probed["errors"]) < 1e-5
    assert probed["lists"] == {"tokens": LISTS[name]}
    assert probed["grids"] == {"tokens": [[4, 4]]}
    assert probed["told"] == []


@pytest.mark.parametrize("how", [*HOW, "positional"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_u_net_has_a_list_for_each_resolution_and_one_for_the_words(
    kind: str, how: str, found: dict[str, Any]
) -> None:
    probed = found[f"U-Net, {kind}, {how}"]
    assert probed["names"] == probed["expected"]
    assert max(probed["errors"]) < 1e-5
    words = list("abcde") if how == "spelled out" else list("01234")
    assert probed["lists"] == {"tokens": patch_names(8, 8), "text": words, "vision/2": patch_names(4, 4)}
    assert probed["grids"] == {"tokens": [[8, 8]], "vision/2": [[4, 4]]}
    for name, (queries, keys) in zip(probed["names"], probed["axes"], strict=True):
        assert queries == ("vision/2" if name.startswith("mid_block") else "tokens")
        assert keys == ("text" if name.endswith("attn2") else queries)
