"""Small models of x-transformers and vit-pytorch, captured beside their own weights → JSON. See other_packages.

python tests/models/lucidrains_models.py OUT
"""

from __future__ import annotations

import importlib
import json
import sys
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from models.vision_models import Maps, compared, sharpen, without_cuda
from torch import nn

DECODERS: dict[str, dict[str, Any]] = {
    "plain": {},
    "talking heads": {"attn_pre_talking_heads": True, "attn_post_talking_heads": True},
    "memory keys": {"attn_num_mem_kv": 3},
    "one key head": {"attn_one_kv_head": True},
    "grouped keys": {"attn_kv_heads": 2},
    "normed query and key": {"attn_qk_norm": True},
    "ALiBi": {"alibi_pos_bias": True},
    "data dependent ALiBi": {"attn_data_dependent_alibi": True},
    "T5 bias": {"rel_pos_bias": True},
    "dynamic position bias": {"dynamic_pos_bias": True},
    "rotary": {"rotary_pos_emb": True},
    "polar positions": {"polar_pos_emb": True},
    "the three largest": {"attn_sparse_topk": 3},
    "gated values": {"attn_gate_values": True},
    "gated heads": {"attn_gate_value_heads": True},
    "scaled heads": {"attn_head_scale": True},
    "residual attention": {"residual_attn": True},
    "soft-clamped scores": {"attn_softclamp_logits": True},
    "a zero key": {"attn_add_zero_kv": True},
    "attention on attention": {"attn_on_attn": True},
    "selective": {"attn_selective": True},
    "LASER": {"attn_laser": True},
    "latent query and key": {
        "attn_use_latent_q": True, "attn_dim_latent_q": 8, "attn_use_latent_kv": True, "attn_dim_latent_kv": 8,
    },
}  # fmt: skip
VITS: dict[str, tuple[str, dict[str, Any]]] = {
    "vit": ("ViT", {}),
    "simple_vit": ("SimpleViT", {}),
    "vit_for_small_dataset": ("ViT", {}),
    "cait": ("CaiT", {"cls_depth": 2}),
    "parallel_vit": ("ViT", {}),
    "vit_with_patch_merger": ("ViT", {"patch_merge_layer": 2}),
    "simple_vit_with_qk_norm": ("SimpleViT", {}),
    "simple_vit_with_register_tokens": ("SimpleViT", {}),
    "learnable_memory_vit": ("ViT", {}),
    "simple_vit_with_value_residual": ("SimpleViT", {}),
    "simple_vit_with_hyper_connections": ("SimpleViT", {"num_residual_streams": 2}),
}


def of_x_transformers(options: dict[str, Any]) -> dict[str, Any]:
    from x_transformers import Decoder, TransformerWrapper

    torch.manual_seed(0)
    layers = Decoder(dim=32, depth=2, heads=4, attn_dim_head=8, **options)
    model = TransformerWrapper(num_tokens=50, max_seq_len=32, attn_layers=layers).eval()
    sharpen(model, 6)
    ids = torch.randint(0, 50, (2, 10))
    with torch.no_grad():
        _, kept = model(ids, return_intermediates=True)
    names = [name for name, module in model.named_modules() if type(module).__name__ == "Attend"]
    maps = [(name, one.post_softmax_attn) for name, one in zip(names, kept.attn_intermediates, strict=True)]
    return asdict(compared(model, (ids,), maps))


def of_vit_pytorch(module: str, cls: str, options: dict[str, Any]) -> dict[str, Any]:
    torch.manual_seed(0)
    make = getattr(importlib.import_module(f"vit_pytorch.{module}"), cls)
    size = {
        "image_size": 32,
        "patch_size": 8,
        "num_classes": 5,
        "dim": 32,
        "depth": 2,
        "heads": 4,
        "mlp_dim": 32,
    }
    model = make(**size, **options).eval()
    sharpen(model, 6)
    maps: Maps = []
    hooks = []
    for name, one in model.named_modules():
        if isinstance(one, nn.Softmax):

            def keep(_: Any, __: Any, weights: torch.Tensor, name: str = name) -> None:
                maps.append((name.removesuffix(".attend"), weights))

            hooks.append(one.register_forward_hook(keep))
    images = torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        model(images)
    for hook in hooks:
        hook.remove()
    return asdict(compared(model, (images,), maps))


def main(out: Path) -> None:
    torch.set_num_threads(1)
    without_cuda()
    warnings.simplefilter("ignore")
    found = {name: of_x_transformers(options) for name, options in DECODERS.items()}
    found |= {name: of_vit_pytorch(name, *how) for name, how in VITS.items()}
    out.write_text(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
