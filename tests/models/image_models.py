"""Small vision, sound and mixed models with inputs that differ in size, all of random weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import transformers

SIZE = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
TEXT = SIZE | {
    "vocab_size": 200,
    "num_key_value_heads": 2,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "pad_token_id": 0,
}
IMAGE = 150  # the number of the placeholder

PICTURE = np.full((64, 64, 3), 128, np.uint8)


class Processor:
    """Makes pixels, and token ids where there is a text."""

    def __init__(self) -> None:
        self.image_processor = self
        self.image_mean, self.image_std = (0.5,) * 3, (0.5,) * 3

    def __call__(self, images: Any, text: str | None = None, return_tensors: str = "pt") -> dict[str, Any]:
        pixels = torch.from_numpy(np.moveaxis(np.asarray(images) / 127.5 - 1, -1, 0)[None].astype(np.float32))
        return {"pixel_values": pixels} | (
            {} if text is None else {"input_ids": torch.tensor([[1, 5, 6, 2]])}
        )


Built = tuple[torch.nn.Module, dict[str, Any]]


def pixels(height: int, width: int) -> dict[str, Any]:
    return {"pixel_values": torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(0))}


def vit() -> Built:
    return transformers.ViTModel(transformers.ViTConfig(**SIZE, image_size=64)), pixels(64, 64)


def deit() -> Built:
    return transformers.DeiTModel(transformers.DeiTConfig(**SIZE, image_size=64)), pixels(64, 64)


def dinov2() -> Built:
    small = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "mlp_ratio": 1}
    config = transformers.Dinov2WithRegistersConfig(
        **small, image_size=56, patch_size=14, num_register_tokens=4
    )
    return transformers.Dinov2WithRegistersModel(config), pixels(56, 75)


def clip() -> Built:
    text = SIZE | {"vocab_size": 200, "eos_token_id": 2, "bos_token_id": 1, "pad_token_id": 0}
    config = transformers.CLIPConfig(
        text_config=text, vision_config=SIZE | {"image_size": 48, "patch_size": 16}, projection_dim=8
    )
    ids = torch.tensor([[1, 5, 6, 7, 2, 0, 0, 0]])
    return transformers.CLIPModel(config), {
        "input_ids": ids,
        "attention_mask": (ids > 0).long(),
        **pixels(48, 48),
    }


def whisper() -> Built:
    config = transformers.WhisperConfig(
        vocab_size=100, d_model=32, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2,
        decoder_attention_heads=2, encoder_ffn_dim=32, decoder_ffn_dim=32, num_mel_bins=20, pad_token_id=0,
        bos_token_id=1, eos_token_id=2, decoder_start_token_id=1, max_source_positions=50,
    )  # fmt: skip
    return transformers.WhisperForConditionalGeneration(config), {
        "input_features": torch.randn(1, 20, 100),
        "decoder_input_ids": torch.tensor([[1, 5, 6]]),
    }


def wav2vec2() -> Built:
    config = transformers.Wav2Vec2Config(
        **SIZE, conv_dim=(32,) * 7, num_conv_pos_embeddings=16, num_conv_pos_embedding_groups=2
    )
    return transformers.Wav2Vec2Model(config), {"input_values": torch.randn(1, 8000)}


def llava() -> Built:
    config = transformers.LlavaConfig(
        text_config=TEXT | {"model_type": "llama"},
        vision_config=SIZE | {"model_type": "clip_vision_model", "image_size": 48, "patch_size": 16},
        image_token_index=IMAGE,
        vision_feature_layer=-1,
    )
    ids = torch.tensor([[1, 5, *[IMAGE] * 9, 7, 8]])
    return transformers.LlavaForConditionalGeneration(config), {"input_ids": ids, **pixels(48, 48)}


def qwen2_vl() -> Built:
    text = TEXT | {"rope_parameters": {"rope_type": "default", "mrope_section": [2, 3, 3], "rope_theta": 1e4}}
    vision = {
        "depth": 2, "embed_dim": 32, "hidden_size": 32, "num_heads": 2, "mlp_ratio": 1, "patch_size": 14,
        "spatial_merge_size": 2, "temporal_patch_size": 2,
    }  # fmt: skip
    config = transformers.Qwen2VLConfig(
        text_config=text, vision_config=vision, image_token_id=IMAGE, video_token_id=151,
        vision_start_token_id=152, vision_end_token_id=153,
    )  # fmt: skip
    return transformers.Qwen2VLForConditionalGeneration(config), {
        "input_ids": torch.tensor([[1, 152, *[IMAGE] * 6, 153, 7, 8]]),
        "pixel_values": torch.randn(24, 3 * 2 * 14 * 14),
        "image_grid_thw": torch.tensor([[1, 4, 6]]),
        "mm_token_type_ids": torch.tensor([[0, 0, *[1] * 6, 0, 0, 0]]),
    }
