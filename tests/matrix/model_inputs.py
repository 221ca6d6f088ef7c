"""A model of transformers → a small input that it takes, by the names of its forward's parameters."""

from __future__ import annotations

import inspect
from typing import Any

import torch

__all__ = ["model_inputs"]

LENGTH = 11


def model_inputs(model: Any) -> dict[str, Any]:
    """Keyword arguments for one forward of a batch of two."""
    torch.manual_seed(2)
    config = model.config
    names = set(inspect.signature(model.forward).parameters)
    main = getattr(model, "main_input_name", "input_ids")
    inputs: dict[str, Any] = {}
    if "input_ids" in names and (main == "input_ids" or "pixel_values" in names or "input_features" in names):
        inputs["input_ids"] = ids(config, LENGTH)
    if "decoder_input_ids" in names:
        inputs["decoder_input_ids"] = ids(config, LENGTH - 4)
    if "pixel_values" in names and (main == "pixel_values" or "input_ids" not in names or CLIP_LIKE(names)):
        inputs["pixel_values"] = pixels(config)
    if "input_features" in names and main == "input_features":
        inputs["input_features"] = features(config)
    if "input_values" in names and main == "input_values":
        inputs["input_values"] = torch.randn(2, 4000)
    if "bbox" in names:
        inputs["bbox"] = torch.randint(0, 50, (2, LENGTH, 2)).repeat(1, 1, 2)
        inputs["bbox"][..., 2:] += 5
    inputs |= special_inputs(config)
    if "use_cache" in names:
        inputs["use_cache"] = False
    if "boxes" in names:
        inputs["bbox"] = inputs["bbox"]
    return inputs


def special_inputs(config: Any) -> dict[str, Any]:
    """Inputs of the architectures that take others."""
    kind = config.model_type
    if kind in ("videomae", "vivit", "timesformer"):
        frames = getattr(config, "num_frames", 4)
        return {"pixel_values": torch.randn(2, frames, 3, config.image_size, config.image_size)}
    if kind in ("time_series_transformer", "informer", "autoformer"):
        past = config.context_length + max(config.lags_sequence)
        time = config.num_time_features
        return {
            "past_values": torch.randn(2, past),
            "past_time_features": torch.randn(2, past, time),
            "past_observed_mask": torch.ones(2, past),
            "future_values": torch.randn(2, config.prediction_length),
            "future_time_features": torch.randn(2, config.prediction_length, time),
        }
    if kind == "vilt":
        return {"pixel_values": pixels(config)}
    if kind == "lxmert":
        return {
            "visual_feats": torch.randn(2, 5, config.visual_feat_dim),
            "visual_pos": torch.rand(2, 5, config.visual_pos_dim),
        }
    if kind == "decision_transformer":
        return {
            "states": torch.randn(2, 4, config.state_dim),
            "actions": torch.randn(2, 4, config.act_dim),
            "rewards": torch.randn(2, 4, 1),
            "returns_to_go": torch.randn(2, 4, 1),
            "timesteps": torch.arange(4).repeat(2, 1),
        }
    return {}


def CLIP_LIKE(names: set[str]) -> bool:  # noqa: N802 - a test of two names
    return "return_loss" in names


def ids(config: Any, length: int) -> torch.Tensor:
    """Token ids that are no special tokens."""
    sizes = [
        getattr(one, "vocab_size", None)
        for one in (config, getattr(config, "text_config", None), getattr(config, "decoder", None))
        if one is not None
    ]
    vocabulary = next((size for size in sizes if isinstance(size, int) and size > 30), 100)
    return torch.randint(6, min(vocabulary, 128) - 25, (2, length))


def pixels(config: Any) -> torch.Tensor:
    """Random images of the size that the configuration asks for."""
    vision = getattr(config, "vision_config", config)
    size = getattr(vision, "image_size", None) or 64
    height, width = size if isinstance(size, list | tuple) else (size, size)
    channels = getattr(vision, "num_channels", 3) or 3
    return torch.randn(2, channels, height, width)


def features(config: Any) -> torch.Tensor:
    """Random spectrograms."""
    mels = getattr(config, "num_mel_bins", None)
    if mels and getattr(config, "max_source_positions", None):
        return torch.randn(2, mels, 2 * config.max_source_positions)
    width = (
        mels
        or getattr(config, "input_feat_per_channel", None)
        or getattr(config, "feature_projection_input_dim", 80)
    )
    return torch.randn(2, 40, width)
