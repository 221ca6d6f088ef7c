"""Small models of timm and diffusers, fused, captured beside their own unfused maps → JSON. See other_packages.

python tests/models/vision_models.py OUT
"""

from __future__ import annotations

import importlib.util
import json
import re
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from tensorboard_plugin_attn import capture

TINY = {"img_size": 64, "depth": 3, "embed_dim": 48, "num_heads": 4}
PATCH14 = {**TINY, "img_size": 56}
SWIN = {"img_size": 64, "depths": (2, 2), "num_heads": (2, 4), "embed_dim": 16, "window_size": 4}
TIMM: dict[str, dict[str, Any]] = {
    "vit_tiny_patch16_224": TINY,
    "vit_base_patch16_clip_224": TINY,
    "vit_base_patch16_siglip_224": TINY,
    "vit_small_patch14_reg4_dinov2": PATCH14,
    "vit_small_patch16_dinov3": TINY,
    "vit_base_patch16_rope_reg1_gap_256": TINY,
    "vit_relpos_small_patch16_224": TINY,
    "vit_srelpos_small_patch16_224": TINY,
    "vit_base_patch16_rpn_224": TINY,
    "vit_base_patch16_xp_224": TINY,
    "deit_tiny_distilled_patch16_224": TINY,
    "deit3_small_patch16_224": TINY,
    "beit_base_patch16_224": TINY,
    "beitv2_base_patch16_224": TINY,
    "eva02_tiny_patch14_224": PATCH14,
    "eva_giant_patch14_224": PATCH14,
    "swin_tiny_patch4_window7_224": SWIN,
    "swinv2_tiny_window8_256": SWIN,
    "swinv2_cr_tiny_224": SWIN,
    "xcit_nano_12_p16_224": {"img_size": 64, "depth": 2},
    "cait_xxs24_224": {"img_size": 64, "depth": 2},
}
QUERY_KEY = re.compile(r"qkv|\bq\b|\bk\b|\bkv\b|q_proj|k_proj|to_q|to_k")
Maps = list[tuple[str, torch.Tensor]]
Call = tuple[tuple[Any, ...], dict[str, Any]]


@dataclass
class Found:
    """What the fused model's capture and the unfused model's own maps gave, layer by layer.

    ``nearest``: the least difference to another layer's map of that shape, the control.
    """

    expected: list[str]
    warned: list[str]
    names: list[str] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    masks: list[str] = field(default_factory=list)
    mechanisms: list[str] = field(default_factory=list)
    shapes: list[list[int]] = field(default_factory=list)
    errors: list[float] = field(default_factory=list)
    nearest: list[float] = field(default_factory=list)
    rebuilt: list[float | None] = field(default_factory=list)


def without_cuda() -> None:
    """Define the operators that torchvision declares and, compiled for CUDA, cannot load beside torch for the CPU."""
    spec = importlib.util.find_spec("torchvision")
    try:
        torch.ops.load_library(Path(str(spec and spec.origin)).with_name("_C.so"))
    except OSError:
        for name in ("nms", "qnms"):
            LIBRARY.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")


LIBRARY = torch.library.Library("torchvision", "FRAGMENT")


def sharpen(model: nn.Module, factor: float) -> None:
    """Attention far from uniform, and whatever starts at zero set to something."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.dim() > 1 and name.endswith("weight") and QUERY_KEY.search(name):
                parts = {"qkv": 2 * len(parameter) // 3, "kv": len(parameter) // 2}
                rows = next((count for part, count in parts.items() if part in name), len(parameter))
                parameter[:rows] *= factor
            elif re.search(r"[qk]_norm", name):
                parameter *= 2
            elif re.search(r"position_bias_table|cls_token|dist_token|pos_embed|latent", name):
                parameter.normal_()


@contextmanager
def own_maps(model: nn.Module) -> Iterator[Maps]:
    """The maps of an unfused timm model: what enters each dropout of attention; before CaiT's mixing of heads."""
    maps: Maps = []
    for name, module in model.named_modules():
        mixing = getattr(module, "proj_w", None)
        drop = getattr(module, "attn_drop", None) if mixing is None else mixing
        if type(module).__name__ == "AttentionPoolLatent":
            module.register_forward_hook(
                lambda pool, args, _, name=name: maps.append((name, pooled(pool, *args)))
            )
        elif isinstance(drop, nn.Module) and type(module).__name__ != "XCA":
            axes = (0, 3, 1, 2) if mixing is not None else None

            def keep(_: Any, args: Any, name: str = name, axes: Any = axes) -> None:
                maps.append((name, args[0] if axes is None else args[0].permute(axes)))

            drop.register_forward_pre_hook(keep)
    yield maps


def pooled(pool: Any, states: torch.Tensor) -> torch.Tensor:
    """The formula of timm's pooling by a latent, which has no dropout to hook."""
    batch, count, _ = states.shape
    query = pool.q(pool.latent.expand(batch, -1, -1)).reshape(batch, -1, pool.num_heads, pool.head_dim)
    key = pool.kv(states).reshape(batch, count, 2, pool.num_heads, pool.head_dim)[:, :, 0]
    return torch.einsum("bqhd,bkhd->bhqk", query * pool.scale, key).softmax(-1)


def compared(model: nn.Module, inputs: tuple[Any, ...], maps: Maps, **kwargs: Any) -> Found:
    """Capture the fused model and lay its layers beside the maps."""
    with (
        warnings.catch_warnings(record=True) as told,
        torch.no_grad(),
        capture(model, query_key=True) as captured,
    ):
        warnings.simplefilter("always")
        captured.model(*inputs, **kwargs)
    found = Found([name for name, _ in maps], [str(one.message) for one in told])
    for layer, (_, own) in zip(captured.layers, maps, strict=False):
        others = [
            one.reshape(layer.weights.shape)
            for _, one in maps
            if one is not own and one.numel() == own.numel()
        ]
        found.names.append(layer.name)
        found.kinds.append(layer.kind)
        found.masks.append(str(layer.mask))
        found.mechanisms.append(layer.mechanism)
        found.shapes.append(list(layer.weights.shape))
        found.errors.append(float((layer.weights - own.reshape(layer.weights.shape)).abs().max()))
        found.nearest += [min(float((layer.weights - one).abs().max()) for one in others)] if others else []
        found.rebuilt.append(layer.rebuild_error)
    return found


def timm_pair(name: str, options: dict[str, Any]) -> tuple[nn.Module, nn.Module]:
    """A sharpened model of timm with fused attention, and the same without."""
    import timm

    torch.manual_seed(0)
    fused = timm.create_model(name, num_classes=5, **options).eval()
    sharpen(fused, 6)
    timm.layers.set_fused_attn(False)
    unfused = timm.create_model(name, num_classes=5, **options).eval()
    timm.layers.set_fused_attn(True)
    unfused.load_state_dict(fused.state_dict())
    return fused, unfused


def of_timm(name: str, options: dict[str, Any]) -> Found:
    model, unfused = timm_pair(name, options)
    images = torch.randn(2, 3, options["img_size"], options["img_size"])
    with torch.no_grad(), own_maps(unfused) as maps:
        unfused(images)
    return compared(model, (images,), maps)


def of_diffusers(cls: str, build: Callable[[], tuple[nn.Module, Call]]) -> Found:
    """A small model of diffusers, its scores kept by diffusers' own unfused processor."""
    from diffusers.models.attention_processor import Attention, AttnProcessor, AttnProcessor2_0

    torch.manual_seed(0)
    model, (args, kwargs) = build()
    sharpen(model, 4)
    names = {id(module): name for name, module in model.named_modules()}
    maps: Maps = []
    scores_of = Attention.get_attention_scores

    def keep(attention: Any, *given: Any) -> torch.Tensor:
        weights = scores_of(attention, *given)
        maps.append((names[id(attention)], weights.unflatten(0, (-1, attention.heads))))
        return weights

    def use(processor: type) -> None:
        for module in model.modules():
            if isinstance(module, Attention):
                module.set_processor(processor())

    Attention.get_attention_scores = keep
    use(AttnProcessor)
    with torch.no_grad():
        model(*args, **kwargs)
    Attention.get_attention_scores = scores_of
    use({"AttnProcessor": AttnProcessor, "AttnProcessor2_0": AttnProcessor2_0}[cls])
    return compared(model, args, list(maps), **kwargs)


def unet() -> tuple[nn.Module, Call]:
    """Self- and cross-attention at one resolution."""
    import diffusers

    model = diffusers.UNet2DConditionModel(
        sample_size=8, in_channels=4, out_channels=4, layers_per_block=1, block_out_channels=(16, 32),
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"), up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        cross_attention_dim=24, attention_head_dim=4, norm_num_groups=4,
    ).eval()  # fmt: skip
    return model, ((torch.randn(2, 4, 8, 8), torch.tensor([3, 7]), torch.randn(2, 5, 24)), {})


def dit() -> tuple[nn.Module, Call]:
    """A transformer over the patches of a latent, told a timestep and a class."""
    import diffusers

    model = diffusers.DiTTransformer2DModel(
        num_attention_heads=2, attention_head_dim=8, in_channels=4, out_channels=4, num_layers=2, sample_size=8,
        patch_size=2, norm_num_groups=4, num_embeds_ada_norm=10,
    ).eval()  # fmt: skip
    told = {"timestep": torch.tensor([3, 7]), "class_labels": torch.tensor([1, 2])}
    return model, ((torch.randn(2, 4, 8, 8),), told)


DIFFUSERS = {"": unet, " of a DiT": dit}


def main(out: Path) -> None:
    torch.set_num_threads(1)
    without_cuda()
    found = {name: asdict(of_timm(name, options)) for name, options in TIMM.items()}
    for name in ("AttnProcessor2_0", "AttnProcessor"):
        found |= {f"{name}{kind}": asdict(of_diffusers(name, build)) for kind, build in DIFFUSERS.items()}
    out.write_text(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
