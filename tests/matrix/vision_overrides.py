"""Architecture that takes images → settings of its small configuration that no rule on names can know."""

from __future__ import annotations

from typing import Any

__all__ = ["VISION", "inside"]

TINY_RESNET = {
    "model_type": "resnet",
    "embedding_size": 8,
    "hidden_sizes": [8, 8, 16, 16],
    "depths": [1, 1, 1, 1],
    "out_features": ["stage4"],
}
TINY_HIERA = {
    "hidden_size": 16,
    "num_attention_heads": 1,
    "image_size": [64, 64],
    "blocks_per_stage": [1, 1, 2, 1],
    "embed_dim_per_stage": [16, 32, 64, 128],
    "num_attention_heads_per_stage": [1, 2, 4, 8],
    "window_size_per_stage": [8, 4, 4, 2],
    "global_attention_blocks": [3],
    "window_positional_embedding_background_size": [7, 7],
}
SAM_PROMPT = {"prompt_encoder_config.image_embedding_size": 4, "vision_config.output_channels": 64}
IMAGE_TOKEN = 5


def inside(section: str, settings: dict[str, Any]) -> dict[str, Any]:
    """Settings of a configuration inside another one."""
    return {f"{section}.{name}": value for name, value in settings.items()}


SAM2_TOWER = {
    **inside("backbone_config", TINY_HIERA),
    "backbone_channel_list": [128, 64, 32, 16],
    "backbone_feature_sizes": [[16, 16], [8, 8], [4, 4]],
}
VISION: dict[str, dict[str, Any]] = {
    "vilt": {"num_channels": 3},
    "siglip": {"text_config.projection_size": 64, "vision_config.hidden_size": 64},
    "siglip2": {"text_config.projection_size": 64},
    **{
        name: {"use_timm_backbone": False, "backbone": None, "backbone_config": TINY_RESNET, "num_queries": 6}
        for name in ("detr", "conditional_detr", "dab-detr", "table-transformer", "deformable_detr")
    },
    "tvp": {
        "backbone_config": TINY_RESNET,
        "max_img_size": 64,
        "num_frames": 2,
        "visual_prompt_size": 8,
        "max_grid_col_position_embeddings": 16,
        "max_grid_row_position_embeddings": 16,
    },
    "swin": {"image_size": 128},
    "donut-swin": {"image_size": 128},
    "levit": {"patch_size": 16, "image_size": 64, "depths": (1, 1, 1), "key_dim": (16, 16, 16)},
    "cvt": {"embed_dim": (16, 32, 64), "num_heads": (1, 2, 4), "depth": (1, 2, 3)},
    "florence2": {
        "vision_config.embed_dim": (16, 32, 64, 128),
        "vision_config.num_heads": (2, 2, 4, 4),
        "vision_config.num_groups": (2, 2, 4, 4),
        "vision_config.depths": (1, 1, 1, 1),
    },
    "align": {
        "vision_config.width_coefficient": 0.25,
        "vision_config.depth_coefficient": 0.1,
        "projection_dim": 80,
    },
    "radio": {"patch_size": 16, "image_size": 64, "max_img_size": 128},
    "yolos": {"image_size": [32, 64], "num_detection_tokens": 5},
    "seggpt": {
        "image_size": (64, 32),
        "pretrain_image_size": 32,
        "merge_index": 0,
        "intermediate_hidden_state_indices": (0, 1),
    },
    "depth_pro": {
        "patch_size": 32,
        "intermediate_hook_ids": (1, 0),
        "intermediate_feature_dims": (32, 32),
        "scaled_images_feature_dims": (32, 32, 32),
        "merge_padding_value": 1,
    },
    "sapiens2": {
        "num_key_value_heads_per_layer": [4, 2],
        "num_key_value_attention_heads": 2,
        "num_first_full_attention_layers": 1,
        "num_last_full_attention_layers": 0,
    },
    "sam": {**SAM_PROMPT, "vision_config.num_pos_feats": 32},
    "sam_hq": {**SAM_PROMPT, "vision_config.num_pos_feats": 32, "mask_decoder_config.vit_dim": 64},
    "sam2_hiera_det_model": TINY_HIERA,
    "sam2_vision_model": SAM2_TOWER,
    "sam2": {
        **inside("vision_config", SAM2_TOWER),
        "prompt_encoder_config.image_size": 64,
        "prompt_encoder_config.patch_size": 16,
    },
    **{key: {"sharpness": 0.6} for key in ("sam3", "sam3_lite_text", "sam3_vision_model", "sam3_vit_model")},
    "sam3_tracker": {
        "sharpness": 0.6,
        "vision_config.backbone_feature_sizes": [[16, 16], [8, 8], [4, 4]],
        "prompt_encoder_config.image_size": 32,
        "prompt_encoder_config.patch_size": 8,
    },
    "blip-2": {
        "image_token_index": IMAGE_TOKEN,
        "num_query_tokens": 4,
        "text_config.word_embed_proj_dim": 64,
    },
    "instructblip": {
        "image_token_index": IMAGE_TOKEN,
        "num_query_tokens": 4,
        "text_config.word_embed_proj_dim": 64,
    },
    "instructblipvideo": {
        "video_token_index": IMAGE_TOKEN,
        "num_query_tokens": 4,
        "text_config.word_embed_proj_dim": 64,
    },
    "vjepa2": {"crop_size": 32, "image_size": 32, "frames_per_clip": 4},
    "pp_ocrv5_mobile_rec": {"part": ("", "PPOCRV5MobileRecForTextRecognition"), "head_out_channels": 32},
    "pp_ocrv5_server_rec": {"part": ("", "PPOCRV5ServerRecForTextRecognition"), "head_out_channels": 32},
    "pp_ocrv6_small_rec": {"part": ("", "PPOCRV6SmallRecForTextRecognition"), "head_out_channels": 32},
    "kosmos-2": {"latent_query_num": 4},
    "vision-text-dual-encoder": {"vision_config.pooler_output_size": 64},
    "lw_detr": {
        "init": {
            "projector_scale_factors": [1.0],
            "d_model": 64,
            "backbone_config": {
                "model_type": "lw_detr_vit",
                "num_hidden_layers": 2,
                "out_features": ["stage1", "stage2"],
                "window_block_indices": [0],
            },
        },
    },
    **{
        key: {"eager": {"": "eager", "text_config": "sdpa"}}
        for key in ("grounding-dino", "mm-grounding-dino")
    },
    "rf_detr": {
        "init": {
            "backbone_config": {
                "model_type": "rf_detr_dinov2",
                "num_hidden_layers": 2,
                "out_features": ["stage1", "stage2"],
                "num_windows": 2,
                "image_size": 64,
            }
        },
    },
    "efficientloftr": {"widths": "kept"},
    "lightglue": {"widths": "kept", "sharpness": 4.0},
    "granite4_vision": {
        "deepstack_layer_map": [],
        "spatial_target_layers": [],
        "downsample_rate": "1/2",
    },
}
