"""A model that takes inputs of its own kind → those inputs, by its model type."""

from __future__ import annotations

from typing import Any

import torch

from matrix.special_sounds import SOUNDS, TOKENS, Maker

__all__ = ["special_inputs"]


def special_inputs(model: Any, inputs: dict[str, Any]) -> dict[str, Any]:
    """Inputs beside or in place of those that names alone give; None takes one away."""
    maker = BY_TYPE.get(model.config.model_type)
    return {} if maker is None else maker(model.config, inputs)


def frames(config: Any, _: dict[str, Any]) -> dict[str, Any]:
    size = config.image_size
    return {"pixel_values": torch.randn(2, getattr(config, "num_frames", 4), 3, size, size)}


def several_images(count: int) -> Maker:
    """Pixels with an axis of images or frames after the batch's."""

    def made(_: Any, inputs: dict[str, Any]) -> dict[str, Any]:
        pixels = inputs["pixel_values"]
        return {"pixel_values": torch.randn(pixels.shape[0], count, *pixels.shape[1:])}

    return made


def prefix(_: Any, inputs: dict[str, Any]) -> dict[str, Any]:
    return {"token_type_ids": torch.ones_like(inputs["input_ids"])}


def two_frames(_: Any, inputs: dict[str, Any]) -> dict[str, Any]:
    """One input, as the model adds positions in the shape of one."""
    return {"pixel_values": torch.randn(1, 2, 3, 64, 64), "input_ids": inputs["input_ids"][:1]}


def time_series(config: Any, _: dict[str, Any]) -> dict[str, Any]:
    past = config.context_length + max(config.lags_sequence)
    time = config.num_time_features
    return {
        "past_values": torch.randn(2, past),
        "past_time_features": torch.randn(2, past, time),
        "past_observed_mask": torch.ones(2, past),
        "future_values": torch.randn(2, config.prediction_length),
        "future_time_features": torch.randn(2, config.prediction_length, time),
    }


def lxmert(config: Any, _: dict[str, Any]) -> dict[str, Any]:
    return {
        "visual_feats": torch.randn(2, 5, config.visual_feat_dim),
        "visual_pos": torch.rand(2, 5, config.visual_pos_dim),
    }


def decision_transformer(config: Any, _: dict[str, Any]) -> dict[str, Any]:
    return {
        "states": torch.randn(2, 4, config.state_dim),
        "actions": torch.randn(2, 4, config.act_dim),
        "rewards": torch.randn(2, 4, 1),
        "returns_to_go": torch.randn(2, 4, 1),
        "timesteps": torch.arange(4).repeat(2, 1),
    }


def with_image_tokens(setting: str, frame_count: int = 1) -> Maker:
    """As many of the image's tokens first as it has queries."""

    def made(config: Any, inputs: dict[str, Any]) -> dict[str, Any]:
        images = getattr(config, setting) * torch.ones(
            2, config.num_query_tokens * frame_count, dtype=torch.long
        )
        pixels = inputs["pixel_values"]
        if frame_count > 1:
            pixels = torch.randn(2, frame_count, *pixels.shape[1:])
        ids = torch.randint(6, 100, (2, TOKENS))
        return {
            "input_ids": torch.cat([images, ids], dim=1),
            "pixel_values": pixels,
            "decoder_input_ids": None,
        }

    return made


def qformer(config: Any, _: dict[str, Any]) -> dict[str, Any]:
    return {"encoder_hidden_states": torch.randn(2, 7, config.encoder_hidden_size)}


def kosmos(config: Any, inputs: dict[str, Any]) -> dict[str, Any]:
    mask = torch.zeros(inputs["input_ids"].shape, dtype=torch.long)
    mask[:, 1 : 1 + config.latent_query_num] = 1
    return {"image_embeds_position_mask": mask}


def idefics(_: Any, inputs: dict[str, Any]) -> dict[str, Any]:
    if "pixel_values" not in inputs:
        return {}
    pixels = inputs["pixel_values"]
    mask = torch.ones(2, TOKENS, 1, dtype=torch.long)
    return {"pixel_values": pixels[:, None], "image_attention_mask": mask}


def packed(vision: Any) -> dict[str, Any]:
    """Patches of siglip2: flat, with the shape of each image."""
    width = vision.num_channels * vision.patch_size**2
    return {"pixel_values": torch.randn(2, 32, width), "spatial_shapes": torch.tensor([[4, 8], [8, 4]])}


def siglip2(config: Any, _: dict[str, Any]) -> dict[str, Any]:
    vision = getattr(config, "vision_config", config)
    mask = torch.ones(2, 32, dtype=torch.long)
    return packed(vision) | {"pixel_attention_mask": mask}


def placed_patches(config: Any, _: dict[str, Any]) -> dict[str, Any]:
    """Patches of gemma4 with the place of each."""
    side = 2 * config.pooling_kernel_size
    places = torch.cartesian_prod(torch.arange(side), torch.arange(side)).flip(-1)
    return {
        "pixel_values": torch.rand(2, side * side, 3 * config.patch_size**2),
        "pixel_position_ids": places[None].repeat(2, 1, 1),
    }


def stripes(config: Any, _: dict[str, Any]) -> dict[str, Any]:
    """Patches of minicpm in one row, with the rows and columns of each image."""
    patch = config.patch_size
    return {
        "pixel_values": torch.randn(1, 3, patch, 2 * 32 * patch),
        "target_sizes": torch.tensor([[4, 8], [4, 8]], dtype=torch.int32),
    }


def merged_patches(config: Any, _: dict[str, Any]) -> dict[str, Any]:
    side = config.spatial_merge_size * config.patch_size
    return {"pixel_values": torch.randn(2 * 32, side, side, config.num_channels)}


def assistant(config: Any, _: dict[str, Any]) -> dict[str, Any]:
    width = config.hidden_size * len(config.target_layer_ids)
    return {"context_hidden_states": torch.randn(2, 7, width)}


def actions(config: Any, inputs: dict[str, Any]) -> dict[str, Any]:
    vision = config.vlm_config.vision_config
    size = vision.image_size
    images = torch.full((2, (size // vision.patch_size) ** 2), config.vlm_config.image_token_id)
    return {
        "input_ids": torch.cat([images, inputs["input_ids"]], dim=1),
        "action_embeds": torch.randn(2, 5, config.dit_config.hidden_size),
        "pixel_values": torch.randn(2, 1, 3, size, size),
        "pixel_attention_mask": torch.ones(2, 1, dtype=torch.bool),
    }


def text_line(height: int) -> Maker:
    return lambda *_: {"pixel_values": torch.randn(2, 3, height, 320)}


def oneformer(config: Any, inputs: dict[str, Any]) -> dict[str, Any]:
    return {
        "task_inputs": torch.randint(6, 100, (2, config.task_seq_len)),
        "pixel_values": inputs["pixel_values"],
    }


def pair(config: Any, inputs: dict[str, Any]) -> dict[str, Any]:
    return {"pixel_values": torch.rand(1, 2, *inputs["pixel_values"].shape[1:])}


def half_image(config: Any, _: dict[str, Any]) -> dict[str, Any]:
    size = config.image_size[1]
    names = ("pixel_values", "prompt_pixel_values", "prompt_masks")
    return {name: torch.randn(2, 3, size, size) for name in names}


def pyramid(config: Any, _: dict[str, Any]) -> dict[str, Any]:
    side = 4 * config.patch_size
    return {"pixel_values": torch.randn(2, 3, side, side)}


BY_TYPE: dict[str, Maker] = {
    **SOUNDS,
    "videomae": frames,
    "vivit": frames,
    "timesformer": frames,
    "xclip": several_images(8),
    "tvp": two_frames,
    "paligemma": prefix,
    "time_series_transformer": time_series,
    "informer": time_series,
    "autoformer": time_series,
    "lxmert": lxmert,
    "decision_transformer": decision_transformer,
    "blip-2": with_image_tokens("image_token_index"),
    "instructblip": with_image_tokens("image_token_index"),
    "instructblipvideo": with_image_tokens("video_token_index", 2),
    "blip_2_qformer": qformer,
    "kosmos-2": kosmos,
    "idefics": idefics,
    "siglip2": siglip2,
    "siglip2_vision_model": siglip2,
    "gemma4_vision": placed_patches,
    "minicpm_ocr_vision": stripes,
    "minicpmv4_7_vision": stripes,
    "inkling2_vision": merged_patches,
    "muse_glimmer_assistant": assistant,
    "pi0": actions,
    "oneformer": oneformer,
    "efficientloftr": pair,
    "lightglue": pair,
    "seggpt": half_image,
    "depth_pro": pyramid,
    "pp_ocrv5_mobile_rec": text_line(96),
    "pp_ocrv5_server_rec": text_line(48),
    "pp_ocrv6_small_rec": text_line(48),
}
