"""A fresh model → the same one with queries and keys so large that no layer is near uniform and passes for another."""

from __future__ import annotations

import re

import torch
from torch import nn

__all__ = ["sharpen"]

LARGE_SCORES = re.compile(r"t5|segformer|mask2former|^(dia|dory|udop)$")
SHARP = re.compile(
    r"(^|[._])(query|key|q|k|q_proj|k_proj|q_lin|k_lin|query_proj|key_proj|q_a_proj|q_b_proj|wq|wk|to_q|to_k|q_attn|query_key_value|qkv|qkv_proj|in_proj|wqkv|Wqkv|c_attn|in_proj_weight|query_projection|key_projection)(_weight)?($|[._])",
    re.IGNORECASE,
)


def sharpen(model: nn.Module, architecture: str, factor: float = 1.0) -> None:
    """Larger weights of queries and keys, in place; less so where many features add up.

    Parameters that start constant (positions, gates) get noise for the same reason; the T5 family and a
    few others do not scale their scores and need less.
    """
    strength = factor * (0.1 if LARGE_SCORES.search(architecture) else 0.35)
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if not parameter.is_floating_point():
                continue
            noise = torch.randn(parameter.shape, generator=generator)
            if parameter.dim() >= 2 and SHARP.search(name):
                width = max(parameter[0].numel(), 64)
                parameter.copy_(noise * strength * (64 / width) ** 0.5)
            elif parameter.numel() > 1 and bool((parameter == parameter.flatten()[0]).all()):
                parameter.add_(noise * 0.1)
