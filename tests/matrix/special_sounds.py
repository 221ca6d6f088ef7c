"""A model of sound or of its codes → inputs of its own kind, by its model type."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

__all__ = ["SOUNDS", "TOKENS", "Maker"]

Maker = Callable[[Any, dict[str, Any]], dict[str, Any]]
TOKENS = 11


def spectrogram(config: Any, _: dict[str, Any]) -> dict[str, Any]:
    return {"input_values": torch.randn(2, config.max_length, config.num_mel_bins)}


def clap(config: Any, _: dict[str, Any]) -> dict[str, Any]:
    audio = config.audio_config
    length = audio.spec_size * (audio.spec_size // audio.num_mel_bins)
    return {"input_features": torch.randn(2, 1, length, audio.num_mel_bins)}


def codebooks(name: str, setting: str, extra: int = 0) -> Maker:
    """Token ids with one column per codebook."""

    def made(config: Any, _: dict[str, Any]) -> dict[str, Any]:
        count = getattr(getattr(config, "decoder_config", config), setting, None) or getattr(config, setting)
        return {name: torch.randint(6, 100, (2, TOKENS, count + extra))}

    return made


def stacked_codebooks(config: Any, _: dict[str, Any]) -> dict[str, Any]:
    return {
        "input_ids": torch.randint(6, 100, (2 * config.num_codebooks, TOKENS)),
        "encoder_hidden_states": torch.randn(2, 5, config.hidden_size),
    }


def speech_states(config: Any, _: dict[str, Any]) -> dict[str, Any]:
    return {
        "input_values": torch.randn(2, TOKENS, config.hidden_size),
        "decoder_input_values": torch.randn(2, 7, config.hidden_size),
    }


def speech_mask(_: Any, inputs: dict[str, Any]) -> dict[str, Any]:
    return {"audio_mel_mask": torch.zeros(inputs["audio_mel"].shape[:2], dtype=torch.bool)}


def two_views(config: Any, inputs: dict[str, Any]) -> dict[str, Any]:
    """The same 3840 samples as sound and as 12 frames of features."""
    width = config.semantic_model_config.feature_projection_input_dim
    return {"input_values": torch.randn(2, 1, 3840), "input_features": torch.randn(2, 12, width)}


def mono(_: Any, __: dict[str, Any]) -> dict[str, Any]:
    return {"input_values": torch.randn(2, 1, 3840)}


def windows(config: Any, _: dict[str, Any]) -> dict[str, Any]:
    steps = 2 * config.n_window
    return {
        "input_features": torch.randn(2, config.num_mel_bins, steps),
        "input_features_mask": torch.ones(2, steps, dtype=torch.long),
    }


def latents(config: Any, inputs: dict[str, Any]) -> dict[str, Any]:
    return {"latents": inputs["latents"].transpose(1, 2)}


def heard(config: Any, inputs: dict[str, Any]) -> dict[str, Any]:
    steps = 2 * config.downsample_factor * TOKENS
    return {"input_features": torch.randn(2, config.audio_config.num_mel_bins, steps)}


SOUNDS: dict[str, Maker] = {
    "audio-spectrogram-transformer": spectrogram,
    "clap": clap,
    "dia": codebooks("decoder_input_ids", "num_channels"),
    "csm": codebooks("input_ids", "num_codebooks"),
    "kyutai_speech_to_text": codebooks("input_ids", "num_codebooks", 1),
    "musicgen_decoder": stacked_codebooks,
    "musicgen_melody_decoder": stacked_codebooks,
    "speecht5": speech_states,
    "gemma3n_audio": speech_mask,
    "xcodec2": two_views,
    "neucodec": two_views,
    "xcodec": mono,
    "dac": mono,
    "qwen3_asr_encoder": windows,
    "mimi_decoder": latents,
    "pocket_tts_audio_tokenizer_decoder": latents,
    "voxtral_realtime": heard,
}
