"""Architecture → settings of its small configuration that no rule on names can know.

``init``: settings that its constructor computes others from; ``widths``: the only strategy of small_config.py that
fits; ``part``: a configuration inside it and that one's model, for a model without a forward of its own;
``eager``: the attention of the copy, where "eager" computes another function; ``sharpness``: a factor on the weights
of queries and keys.
"""

from __future__ import annotations

from typing import Any

from matrix.vision_overrides import VISION, inside

__all__ = ["OVERRIDES"]

ROPE = {"rope_theta": 10000.0, "rope_type": "default"}
SECTIONS = {**ROPE, "mrope_section": [2, 3, 3]}
TEXT_SECTIONS = {"text_config.rope_parameters": SECTIONS}
DIVIDED = {"widths": "divided"}
TINY_TOKENIZER = {"num_filters": 4, "depths": (1, 1, 1, 1, 1, 1, 1)}
INDEXED = {
    "indexer_n_heads": 2,
    "indexer_kv_heads": 1,
    "indexer_head_dim": 16,
    "indexer_budget": 8,
    "indexer_compress_ratio": 2,
    "hc_lowrank": 8,
    "ngram_vocab_size_base": 128,
}
OVERRIDES: dict[str, dict[str, Any]] = {
    **VISION,
    **dict.fromkeys(
        (
            *("glm46v", "glm4v", "glm_ocr", "glm_image", "paddleocr_vl", "glmga"),
            *("qwen2_vl", "qwen2_5_vl", "hunyuan_vl", "qwen2_5_omni_thinker"),
        ),
        TEXT_SECTIONS,
    ),
    **{
        key: {"rope_parameters": SECTIONS}
        for key in (
            *("glm4v_text", "glm_ocr_text", "glm_image_text", "paddleocr_vl_text", "glmga_text"),
            *("qwen2_vl_text", "qwen2_5_vl_text", "glm4v_moe_text", "hunyuan_vl_text"),
        )
    },
    "glm4v_moe": TEXT_SECTIONS,
    "ernie4_5_vl_moe": {"text_config.rope_parameters": {**SECTIONS, "mrope_section": [3, 3, 2]}},
    "cohere_compass": {"text_config.rope_parameters": {"full_attention": ROPE}},
    "cohere_compass_text": {"rope_parameters": {"full_attention": ROPE}},
    **dict.fromkeys(
        ("falcon_h1", "mistral4", "dots3_note_text", "clvp", "nemotron3_5_transcribe_asr_audio"), DIVIDED
    ),
    **{
        key: {"num_key_value_heads": 4}
        for key in (
            *(
                "nemotron3_diarization",
                "nemotron3_diarization_audio",
                "nemotron3_5_transcribe_word_timestamp",
            ),
            *("kyutai_speech_to_text", "esmc", "csm", "speecht5"),
        )
    },
    "big_bird": {"attention_type": "original_full"},
    "informer": {"prediction_length": 4, "context_length": 8},
    "autoformer": {"prediction_length": 4, "context_length": 8, "label_length": 4, "moving_average": 3},
    "time_series_transformer": {"prediction_length": 4, "context_length": 8},
    "bamba": {"attn_layer_indices": [1]},
    "jamba": {"attn_layer_period": 2, "attn_layer_offset": 1},
    "recurrent_gemma": {"block_types": ["recurrent", "attention"], "attention_window_size": 8},
    "nemotron_h": {"n_groups": 2},
    "nemo_speechlm": {"text_config.n_groups": 2},
    "zamba": {
        "attention_hidden_size": 128,
        "attention_head_dim": 32,
        "mamba_dt_rank": 4,
        "num_hidden_layers": 4,
        "layers_block_type": ["linear_attention", "hybrid", "linear_attention", "hybrid"],
    },
    "zamba2": {
        "attention_hidden_size": 128,
        "attention_head_dim": 32,
        "mamba_headdim": 32,
        "n_mamba_heads": 4,
        "layers_block_type": ["linear_attention", "hybrid"],
        "hybrid_layer_ids": [1],
    },
    "lfm2_moe": {"layer_types": ["conv", "full_attention"], "num_dense_layers": 1},
    "gemma3n_text": {
        "num_kv_shared_layers": 0,
        "intermediate_size": [96, 96],
        "activation_sparsity_pattern": [0.0, 0.0],
        "hidden_size_per_layer_input": 16,
    },
    "gemma4": {"text_config.hidden_size_per_layer_input": 16},
    "gemma4_text": {"hidden_size_per_layer_input": 16},
    "qwen4_exp_text": INDEXED,
    "qwen4_exp": inside("text_config", INDEXED),
    "dbrx": {"attn_config.rope_theta": 10000.0, "attn_config.clip_qkv": 8.0},
    "deepseek_ocr2": {"text_config.mlp_layer_types": ["dense", "sparse"]},
    "unlimited_ocr": {"text_config.num_key_value_heads": 4},
    "blt": {
        "encoder_hash_byte_group_vocab": 128,
        "encoder_config.hidden_size_global": 128,
        "decoder_config.hidden_size_global": 128,
        "global_config.hidden_size": 128,
        "global_config.head_dim": 32,
    },
    "xlm": {"n_words": 128, "emb_dim": 64},
    "flaubert": {"n_words": 128, "emb_dim": 64},
    "xmod": {"default_language": "en_XX"},
    "esm": {"vocab_size": 128, "pad_token_id": 1, "mask_token_id": 2},
    "gptj": {"rotary_dim": 8},
    "codegen": {"rotary_dim": 8},
    "bros": {"dim_bbox_sinusoid_emb_2d": 16, "dim_bbox_sinusoid_emb_1d": 2, "dim_bbox_projection": 16},
    "lilt": {"channel_shrink_ratio": 4, "hidden_size": 96, "num_attention_heads": 4},
    "layoutlmv3": {"coordinate_size": 10, "shape_size": 12, "hidden_size": 64, "input_size": 32},
    "decision_transformer": {"state_dim": 5, "act_dim": 3, "n_embd": 64, "hidden_size": 64},
    "mobilebert": {
        "true_hidden_size": 64,
        "intra_bottleneck_size": 64,
        "embedding_size": 64,
        "hidden_size": 64,
    },
    "perceiver": {"num_self_attends_per_block": 2, "d_latents": 64, "num_latents": 12},
    "moonshine": {"encoder_num_key_value_heads": 4, "decoder_num_key_value_heads": 4},
    "moonshine_streaming": {"num_key_value_heads": 4, "encoder_config.num_key_value_heads": 4},
    "musicgen": {"part": ("decoder", "MusicgenModel")},
    "musicgen_melody": {"part": ("decoder", "MusicgenMelodyModel")},
    "bark": {"part": ("semantic_config", "BarkSemanticModel")},
    "audio-spectrogram-transformer": {
        "max_length": 48,
        "num_mel_bins": 32,
        "frequency_stride": 8,
        "time_stride": 8,
    },
    "audioflamingo3_encoder": {"max_source_positions": 30},
    "clap": {
        "audio_config.patch_embeds_hidden_size": 16,
        "audio_config.hidden_size": 128,
        "audio_config.num_attention_heads": (2, 4, 4, 8),
        "audio_config.depths": (1, 1, 1, 1),
        "audio_config.window_size": 2,
        "audio_config.spec_size": 64,
        "audio_config.num_mel_bins": 32,
    },
    "emu3": {"vocabulary_map": {"<|extra_200|>": 4, "<image>": 5}, "vq_config.base_channels": 32},
    "chameleon": {"vocabulary_map": {"<image>": 4}, "vq_config.base_channels": 32},
    "janus": {"vq_config.base_channels": 32, "vq_config.channel_multiplier": (1, 1)},
    "t5gemma2_encoder": {"text_config.dropout_rate": 0.0},
    "granitemoehybrid": {"layer_types": ["linear_attention", "full_attention"]},
    "sam3_lite_text_text_model": {"num_hidden_layers": 4},
    **{
        key: {"eager": "sdpa"}
        for key in ("nemotron3_5_asr", "nemotron_asr_streaming", "nemotron_asr_streaming_encoder")
    },
    "dots3_note": {
        "vision_config.adapter_in_dim": 64,
        "vision_config.adapter_out_dim": 64,
        "audio_config.adapter_out_dim": 64,
        "text_config.head_dim": 64,
        "text_config.qk_rope_head_dim": 16,
    },
    "wavtokenizer": {"widths": "kept"},
    "wavtokenizer_encoder": {"codebook_dim": 64},
    "xcodec": {"codebook_dim": 128},
    "xcodec2": {"quantization_dim": 128},
    "neucodec": {"quantization_dim": 128},
    "encodec": {"codebook_dim": 64},
    "apertus1p5": {
        "vision_config.base_channels": 32,
        "vision_config.codebook_size": 64,
        "vision_config.num_res_blocks": 1,
        "audio_config.codebook_dim": 64,
        "audio_config.num_filters": 8,
    },
    "vibevoice_asr": {
        **inside("acoustic_tokenizer_encoder_config", TINY_TOKENIZER),
        **inside("semantic_tokenizer_encoder_config", TINY_TOKENIZER),
    },
    "vibevoice": {
        **inside("audio_config", TINY_TOKENIZER),
        **inside("semantic_model_config", TINY_TOKENIZER),
    },
}
