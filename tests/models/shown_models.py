"""More small models of images, sound and proteins: windows, stages, masks of their own, merged and reordered patches."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import transformers
from models.image_models import IMAGE, TEXT, Built, clip, pixels, wav2vec2
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

ROPE = {"rope_parameters": {"rope_type": "default", "mrope_section": [2, 3, 3], "rope_theta": 1e4}}
PLACEHOLDERS = {
    "image_token_id": IMAGE, "video_token_id": 151, "vision_start_token_id": 152, "vision_end_token_id": 153,
}  # fmt: skip
TOWER = {
    "hidden_size": 32, "num_heads": 2, "intermediate_size": 32, "patch_size": 14, "spatial_merge_size": 2,
    "temporal_patch_size": 2, "out_hidden_size": 32,
}  # fmt: skip


def swin() -> Built:
    config = transformers.SwinConfig(
        image_size=64, patch_size=4, embed_dim=16, depths=[2, 2], num_heads=[2, 4], window_size=4
    )
    return transformers.SwinModel(config), pixels(64, 64)


def sam() -> Built:
    """Windows of 3 × 3 patches on a grid of 8 × 8, which is padded to 9 × 9; its middle layer looks at all."""
    config = transformers.SamVisionConfig(
        hidden_size=32, num_hidden_layers=3, num_attention_heads=2, image_size=64, patch_size=8, window_size=3,
        global_attn_indexes=[1], mlp_ratio=1.0, output_channels=16,
    )  # fmt: skip
    model = transformers.SamVisionModel(config)
    torch.nn.init.normal_(model.vision_encoder.patch_embed.projection.weight, std=0.1)  # else it is 0
    return model, pixels(64, 64)


def detr() -> Built:
    """A picture that is padded on its right and at its bottom: 3 × 5 of 4 × 6 cells."""
    backbone = transformers.ResNetConfig(
        embedding_size=8, hidden_sizes=[8, 8, 16, 16], depths=[1, 1, 1, 1], out_features=["stage4"]
    )
    config = transformers.DetrConfig(
        use_timm_backbone=False, use_pretrained_backbone=False, backbone=None, backbone_config=backbone, d_model=32,
        encoder_layers=2, decoder_layers=2, encoder_attention_heads=2, decoder_attention_heads=2, encoder_ffn_dim=32,
        decoder_ffn_dim=32, num_queries=6,
    )  # fmt: skip
    mask = torch.zeros(1, 128, 192, dtype=torch.long)
    mask[:, :96, :160] = 1
    return transformers.DetrModel(config), {**pixels(128, 192), "pixel_mask": mask}


def picture(rows: int, cols: int, patch: int, lit: tuple[int, int] | None = None) -> np.ndarray:
    """Noise, one patch white where one is lit."""
    made = np.random.default_rng(0).integers(0, 100, (rows * patch, cols * patch, 3)).astype(np.uint8)
    if lit is not None:
        made[lit[0] * patch : (lit[0] + 1) * patch, lit[1] * patch : (lit[1] + 1) * patch] = 255
    return made


def qwen_inputs(sizes: list[tuple[int, int]], lit: tuple[int, int] | None = None) -> dict[str, Any]:
    """What Qwen's own processor makes of pictures of so many rows and columns of patches, and a text with their places."""
    made = Qwen2VLImageProcessorPil(patch_size=14, min_pixels=28 * 28, max_pixels=1 << 20)
    given = made([picture(*size, 14, lit) for size in sizes], return_tensors="pt")
    ids = [1]
    for rows, cols in sizes:
        ids += [152, *[IMAGE] * (rows * cols // 4), 153]
    ids += [7, 8]
    return {
        "input_ids": torch.tensor([ids]),
        "mm_token_type_ids": torch.tensor([[int(each == IMAGE) for each in ids]]),
        "pixel_values": given["pixel_values"],
        "image_grid_thw": given["image_grid_thw"],
    }


def qwen2() -> Built:
    vision = {
        "depth": 2, "embed_dim": 32, "hidden_size": 32, "num_heads": 2, "mlp_ratio": 1, "patch_size": 14,
        "spatial_merge_size": 2, "temporal_patch_size": 2,
    }  # fmt: skip
    config = transformers.Qwen2VLConfig(text_config=TEXT | ROPE, vision_config=vision, **PLACEHOLDERS)
    return transformers.Qwen2VLForConditionalGeneration(config), qwen_inputs([(4, 6)])


def qwen2_of_two_images() -> Built:
    model, _ = qwen2()
    return model, qwen_inputs([(4, 6), (4, 4)])


def qwen2_5() -> Built:
    """Windows of 4 × 4 patches on a grid of 6 × 10; its last layer looks at all."""
    vision = TOWER | {"depth": 3, "window_size": 56, "fullatt_block_indexes": [2]}
    config = transformers.Qwen2_5_VLConfig(text_config=TEXT | ROPE, vision_config=vision, **PLACEHOLDERS)
    return transformers.Qwen2_5_VLForConditionalGeneration(config), qwen_inputs([(6, 10)])


def qwen3() -> Built:
    vision = TOWER | {"depth": 2, "deepstack_visual_indexes": [0], "num_position_embeddings": 64}
    config = transformers.Qwen3VLConfig(
        text_config=TEXT | ROPE | {"head_dim": 16}, vision_config=vision, **PLACEHOLDERS
    )
    return transformers.Qwen3VLForConditionalGeneration(config), qwen_inputs([(4, 6)])


def padded_clip() -> Built:
    """Two inputs, the first text shorter."""
    ids = torch.tensor([[1, 5, 6, 7, 2, 0, 0, 0], [1, 5, 6, 7, 8, 9, 7, 2]])
    both = torch.rand(2, 3, 48, 48, generator=torch.Generator().manual_seed(1))
    return clip()[0], {"input_ids": ids, "attention_mask": (ids > 0).long(), "pixel_values": both}


def whisper_of_30_seconds() -> Built:
    """10 of the 30 seconds are heard, by the mask of its 3,000 frames; the model looks at all 1,500 positions."""
    config = transformers.WhisperConfig(
        vocab_size=100, d_model=32, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2,
        decoder_attention_heads=2, encoder_ffn_dim=32, decoder_ffn_dim=32, num_mel_bins=20, pad_token_id=0,
        bos_token_id=1, eos_token_id=2, decoder_start_token_id=1,
    )  # fmt: skip
    mask = torch.ones(1, 3000, dtype=torch.long)
    mask[:, 1000:] = 0
    return transformers.WhisperForConditionalGeneration(config), {
        "input_features": torch.randn(1, 20, 3000, generator=torch.Generator().manual_seed(0)),
        "decoder_input_ids": torch.tensor([[1, 5, 6]]),
        "attention_mask": mask,
    }


def padded_wav2vec2() -> Built:
    """Two sounds, the second shorter: 5,000 of 8,000 samples, 15 of 24 positions."""
    model, _ = wav2vec2()
    mask = torch.ones(2, 8000, dtype=torch.long)
    mask[1, 5000:] = 0
    return model, {
        "input_values": torch.randn(2, 8000, generator=torch.Generator().manual_seed(0)) * mask,
        "attention_mask": mask,
    }


def esm() -> Built:
    config = transformers.EsmConfig(
        vocab_size=33, hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32,
        pad_token_id=1, mask_token_id=32, position_embedding_type="rotary", max_position_embeddings=64,
    )  # fmt: skip
    ids = torch.tensor([[0, 5, 6, 7, 8, 9, 2, 1, 1]])
    return transformers.EsmModel(config), {"input_ids": ids, "attention_mask": (ids != 1).long()}
