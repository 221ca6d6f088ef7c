"""Architecture → settings of its small configuration that no rule on names can know."""

from __future__ import annotations

from typing import Any

__all__ = ["OVERRIDES"]

SECTIONS = {"rope_theta": 10000.0, "rope_type": "default", "mrope_section": [2, 3, 3]}
TEXT_SECTIONS = {"text_config.rope_parameters": SECTIONS}
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
    "glm4v_moe_text": {"rope_parameters": {**SECTIONS, "mrope_section": [1, 1, 2]}},
    "big_bird": {"attention_type": "original_full"},
    "informer": {"prediction_length": 4, "context_length": 8},
    "autoformer": {"prediction_length": 4, "context_length": 8},
    "time_series_transformer": {"prediction_length": 4, "context_length": 8},
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
