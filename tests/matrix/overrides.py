"""Architecture → settings of its small configuration that no rule on names can know."""

from __future__ import annotations

from typing import Any

__all__ = ["OVERRIDES"]

SECTIONS = {"rope_theta": 10000.0, "rope_type": "default", "mrope_section": [2, 3, 3]}
TEXT_SECTIONS = {"text_config.rope_parameters": SECTIONS}
TINY_RESNET = {
    "model_type": "resnet",
    "embedding_size": 8,
    "hidden_sizes": [8, 8, 16, 16],
    "depths": [1, 1, 1, 1],
    "out_features": ["stage4"],
}
OVERRIDES: dict[str, dict[str, Any]] = {
    **dict.fromkeys(("glm46v", "glm4v", "glm_ocr", "glm_image", "paddleocr_vl", "glmga"), TEXT_SECTIONS),
    **{
        name: {"rope_parameters": SECTIONS}
        for name in ("glm4v_text", "glm_ocr_text", "glm_image_text", "paddleocr_vl_text", "glmga_text")
    },
    **{
        name: {"text_config.rope_parameters": {**SECTIONS, "mrope_section": [1, 1, 2]}}
        for name in ("glm4v_moe",)
    },
    "big_bird": {"attention_type": "original_full"},
    "informer": {"prediction_length": 4, "context_length": 8},
    "autoformer": {"prediction_length": 4, "context_length": 8},
    "time_series_transformer": {"prediction_length": 4, "context_length": 8},
    **{
        name: {"text_config.rope_parameters": SECTIONS}
        for name in ("qwen2_vl", "qwen2_5_vl", "hunyuan_vl", "glm4v_moe")
    },
    **{
        name: {"rope_parameters": SECTIONS} for name in ("qwen2_vl_text", "qwen2_5_vl_text", "glm4v_moe_text")
    },
    **{
        name: {"layer_types": ["mamba", "attention"], "layers_block_type": ["mamba", "attention"]}
        for name in ("granitemoehybrid",)
    },
    "bamba": {"attn_layer_indices": [1]},
    "zamba2": {"mamba_headdim": 32, "n_mamba_heads": 4},
    "xlm": {"n_words": 128, "emb_dim": 64},
    "flaubert": {"n_words": 128, "emb_dim": 64},
    "xmod": {"default_language": "en_XX"},
    "vilt": {"num_channels": 3},
    "bros": {"dim_bbox_sinusoid_emb_2d": 16, "dim_bbox_projection": 16},
    "decision_transformer": {"state_dim": 5, "act_dim": 3, "n_embd": 64, "hidden_size": 64},
    "siglip": {"text_config.projection_size": 64, "vision_config.hidden_size": 64},
    **{
        name: {"use_timm_backbone": False, "backbone": None, "backbone_config": TINY_RESNET, "num_queries": 6}
        for name in ("detr", "conditional_detr", "dab-detr", "table-transformer", "deformable_detr")
    },
    "mobilebert": {
        "true_hidden_size": 64,
        "intra_bottleneck_size": 64,
        "embedding_size": 64,
        "hidden_size": 64,
    },
    "lilt": {"channel_shrink_ratio": 4, "hidden_size": 64, "num_attention_heads": 4},
    "layoutlmv3": {"coordinate_size": 10, "shape_size": 11, "hidden_size": 64, "input_size": 32},
    "esm": {"vocab_size": 128, "pad_token_id": 1, "mask_token_id": 2},
    "gptj": {"rotary_dim": 8},
    "codegen": {"rotary_dim": 8},
    "levit": {"key_dim": [16, 16, 16]},
    "swin": {"image_size": 128},
    "donut-swin": {"image_size": 128},
    "jamba": {"attn_layer_period": 2, "attn_layer_offset": 1},
    "recurrent_gemma": {"block_types": ["recurrent", "attention"], "attention_window_size": 8},
}
