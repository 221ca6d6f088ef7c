"""timm's vision transformers and diffusers' U-Net and DiT, probed without a word and spelled out → JSON. See other_packages.

python tests/models/probed_vision.py OUT
"""

from __future__ import annotations

import json
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import nn
from vision_models import TIMM, dit, own_maps, sharpen, timm_pair, unet, without_cuda

from tensorboard_plugin_attn import AttentionReader, AttentionWriter, ImageTokens

PICTURES = {
    "vit_tiny_patch16_224": ImageTokens(grid=(4, 4), prefix=["[CLS]"]),
    "vit_small_patch16_dinov3": ImageTokens(grid=(4, 4), prefix=["[CLS]", *(f"[REG{n}]" for n in range(4))]),
    "deit_tiny_distilled_patch16_224": ImageTokens(grid=(4, 4), prefix=["[CLS]", "[DIST]"]),
}
WORDS = list("abcde")
Maps = list[tuple[str, torch.Tensor]]


def probed(model: nn.Module, inputs: Any, tokens: Any, maps: Maps) -> dict[str, Any]:
    """What the record of one probe holds, beside the model's own maps."""
    with tempfile.TemporaryDirectory() as root, warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        with AttentionWriter(root, precision="float32") as writer:
            writer.add_probe("x", model, inputs, tokens, 0)
        record = AttentionReader(root).read(".", "x", 0)
    errors = []
    for layer, (_, own) in zip(record.layers, maps, strict=False):
        expected = own[0].reshape(layer.weights.shape)
        errors.append(float((torch.as_tensor(layer.weights) - expected).abs().max()))
    return {
        "names": [layer.name for layer in record.layers],
        "expected": [name for name, _ in maps],
        "errors": errors,
        "axes": [record.axes.names(layer) for layer in record.layers],
        "lists": record.token_lists,
        "grids": {name: [[s["rows"], s["cols"]] for s in spans] for name, spans in record.geometry.items()},
        "told": [str(each.message) for each in told],
    }


def of_timm(name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    options = TIMM[name]
    fused, unfused = timm_pair(name, options)
    image = torch.randn(1, 3, options["img_size"], options["img_size"])
    with torch.no_grad(), own_maps(unfused) as maps:
        unfused(image)
        own = list(maps)
    for kind, model in (("fused", fused), ("unfused", unfused)):
        for how, tokens in (("without a word", None), ("spelled out", PICTURES[name])):
            yield f"{name}, {kind}, {how}", probed(model, image, tokens, own)


def of_diffusers() -> Iterator[tuple[str, dict[str, Any]]]:
    from diffusers.models.attention_processor import Attention, AttnProcessor, AttnProcessor2_0

    scores_of = Attention.get_attention_scores
    for name, build in (("U-Net", unet), ("DiT", dit)):
        torch.manual_seed(0)
        model, (args, kwargs) = build()
        sharpen(model, 4)
        names = {id(module): each for each, module in model.named_modules()}
        parameters = (
            ("sample", "timestep", "encoder_hidden_states") if name == "U-Net" else ("hidden_states",)
        )
        inputs = {
            key: each[:1] for key, each in {**dict(zip(parameters, args, strict=True)), **kwargs}.items()
        }
        maps: Maps = []

        def keep(attention: Any, *given: Any, names: Any = names, maps: Maps = maps) -> torch.Tensor:
            weights: torch.Tensor = scores_of(attention, *given)
            maps.append((names[id(attention)], weights.unflatten(0, (-1, attention.heads))))
            return weights

        attentions = [module for module in model.modules() if isinstance(module, Attention)]
        Attention.get_attention_scores = keep
        for module in attentions:
            module.set_processor(AttnProcessor())
        with torch.no_grad():
            model(**inputs)
        own = list(maps)
        Attention.get_attention_scores = scores_of
        spelled = (
            {"vision": ImageTokens(grid=(8, 8)), "text": WORDS}
            if name == "U-Net"
            else ImageTokens(grid=(4, 4))
        )
        for kind, processor in (("fused", AttnProcessor2_0), ("unfused", AttnProcessor)):
            for module in attentions:
                module.set_processor(processor())
            ways = {"without a word": (inputs, None), "spelled out": (inputs, spelled)}
            if name == "U-Net":
                ways["positional"] = (tuple(inputs.values()), None)
            for how, (given, tokens) in ways.items():
                yield f"{name}, {kind}, {how}", probed(model, given, tokens, own)


def main(out: Path) -> None:
    torch.set_num_threads(1)
    without_cuda()
    found = dict(of_diffusers())
    for name in PICTURES:
        found |= dict(of_timm(name))
    out.write_text(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
