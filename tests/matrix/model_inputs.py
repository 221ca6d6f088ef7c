"""A model of transformers → a small input that it takes, by the names of its forward's parameters."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from matrix.small_config import configs
from matrix.special_inputs import special_inputs

__all__ = ["ids", "model_inputs", "pixels"]

LENGTH = 11
PATCH_ROWS, PATCH_COLUMNS = 4, 8
GRIDS = ("grid_thw", "image_grid_thw")


def model_inputs(model: Any, *, other_layout: bool = False) -> dict[str, Any]:
    """Keyword arguments for one forward of a batch of two.

    ``other_layout``: features by time, patches as images, mono audio without its channel, images for a model that
    can do without: what names cannot tell.
    """
    torch.manual_seed(2)
    parameters = inspect.signature(model.forward).parameters
    names = set(parameters)
    required = {
        name
        for name, one in parameters.items()
        if one.default is inspect.Parameter.empty and one.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
    }
    wanted = required | {
        name for name in names if is_wanted(name, names, getattr(model, "main_input_name", ""))
    }
    if other_layout and "pixel_values" in names and not names & {"image_grid_thw", "pixel_values_videos"}:
        wanted.add("pixel_values")
    inputs = {name: BY_NAME[name](model, other_layout) for name in sorted(wanted & set(BY_NAME))}
    if names & set(GRIDS) & required:
        for name in ("pixel_values", "hidden_states"):
            if name in inputs:
                inputs[name] = patches(model, other_layout)
    inputs |= special_inputs(model, inputs)
    if "use_cache" in names:
        inputs["use_cache"] = False
    return {name: value for name, value in inputs.items() if value is not None}


def is_wanted(name: str, names: set[str], main: str) -> bool:
    """Whether an optional parameter is given."""
    if name == "input_ids":
        return main == "input_ids" or main not in names or bool(names & {"pixel_values", "input_features"})
    if name == "pixel_values":
        return main == name or "input_ids" not in names or "return_loss" in names
    if name in ("input_features", "input_values", "pixel_values_videos", "past_values"):
        return main == name or "return_loss" in names
    if name == "input_features_mask":
        return main == "input_features"
    return name in ("decoder_input_ids", "bbox")


def ids(model: Any, _: bool = False, length: int = LENGTH) -> torch.Tensor:
    """Token ids that are no special tokens."""
    config = model.config
    sizes = [
        getattr(one, "vocab_size", None)
        for one in (config, getattr(config, "text_config", None), getattr(config, "decoder", None))
        if one is not None
    ]
    vocabulary = next((size for size in sizes if isinstance(size, int) and size > 30), 100)
    return torch.randint(6, min(vocabulary, 128) - 25, (2, length))


def decoder_ids(model: Any, _: bool = False) -> torch.Tensor:
    """Fewer than of the encoder."""
    return ids(model, length=LENGTH - 4)


def boxes(_: Any, __: bool = False) -> torch.Tensor:
    """Upper left and lower right corners of each token."""
    box = torch.randint(0, 50, (2, LENGTH, 2)).repeat(1, 1, 2)
    box[..., 2:] += 5
    return box


def pixels(model: Any, _: bool = False) -> torch.Tensor:
    """Random images of the size that the configuration asks for."""
    vision = getattr(model.config, "vision_config", model.config)
    size = getattr(vision, "image_size", None) or 64
    height, width = size if isinstance(size, list | tuple) else (size, size)
    channels = getattr(vision, "num_channels", 3) or 3
    return torch.randn(2, channels, height, width)


def videos(model: Any, _: bool = False) -> torch.Tensor:
    """Random clips of as many frames as the configuration asks for."""
    vision = getattr(model.config, "vision_config", model.config)
    frames = getattr(vision, "num_frames", None) or getattr(vision, "frames_per_clip", None) or 4
    return pixels(model)[:, None].repeat(1, frames, 1, 1, 1) + torch.randn(2, frames, 1, 1, 1)


def patch_layer(model: nn.Module) -> nn.Module:
    """The first layer that patches of an image go through."""
    kinds = (nn.Conv2d, nn.Conv3d, nn.Linear)
    layers = [(name, one) for name, one in model.named_modules() if isinstance(one, kinds)]
    return next((one for name, one in layers if "patch" in name or "embed" in name), layers[0][1])


def patches(model: nn.Module, as_images: bool = False) -> torch.Tensor:
    """Two images cut into rows × columns flat patches, one after the other."""
    layer = patch_layer(model)
    if isinstance(layer, nn.Linear):
        return torch.randn(2 * PATCH_ROWS * PATCH_COLUMNS, layer.in_features)
    shape = (layer.in_channels, *layer.kernel_size)
    count = 2 * PATCH_ROWS * PATCH_COLUMNS
    return torch.randn(count, *shape) if as_images else torch.randn(count, math.prod(shape))


def grids(_: Any, __: bool = False) -> torch.Tensor:
    """Frames, rows and columns of each image."""
    return torch.tensor([[1, PATCH_ROWS, PATCH_COLUMNS]] * 2)


def features(model: Any, by_time: bool = False) -> torch.Tensor:
    """Random spectrograms."""
    sections = list(configs(model.config))
    names = ("num_mel_bins", "input_feat_per_channel", "feature_projection_input_dim", "input_feat_size")
    width = setting(sections, *names, "feature_size") or 128
    positions = setting(sections, "max_source_positions") if setting(sections, "num_mel_bins") else None
    if positions and not by_time:
        return torch.randn(2, width, 2 * positions)
    if by_time and isinstance(first := first_layer(model), nn.Linear):
        return torch.randn(2, 64, first.in_features)
    steps = 2 * positions if positions else 64
    return torch.randn(2, width, steps) if by_time else torch.randn(2, 40, width)


def setting(sections: list[Any], *names: str) -> Any:
    """The first of these settings that a configuration, or one inside it, has."""
    found = (getattr(one, name, None) for name in names for one in sections)
    return next((value for value in found if isinstance(value, int)), None)


def features_mask(model: Any, by_time: bool = False) -> torch.Tensor:
    """Every step of the features counts."""
    made = features(model, by_time)
    width = setting(list(configs(model.config)), "num_mel_bins")
    return torch.ones(2, made.shape[-1] if made.shape[1] == width else made.shape[1], dtype=torch.long)


def first_layer(model: nn.Module) -> nn.Module:
    """The first layer that a model has."""
    return next(one for one in model.modules() if isinstance(one, nn.Linear | nn.Conv1d | nn.Conv2d))


def audio(model: Any, flat: bool = False) -> torch.Tensor:
    """Random sound; with an axis of one channel for models that also take a mask of its padding."""
    mono = "padding_mask" in inspect.signature(model.forward).parameters and not flat
    return torch.randn(2, 1, 3840) if mono else torch.randn(2, 3840)


def hidden(length: int, *settings: str) -> Callable[[Any, bool], torch.Tensor]:
    """States as wide as the first of these settings that a configuration has."""

    def made(model: Any, _: bool = False) -> torch.Tensor:
        width = next(getattr(model.config, name) for name in settings if getattr(model.config, name, None))
        return torch.randn(2, length, width)

    return made


def series(model: Any, _: bool = False) -> torch.Tensor:
    """Past values of several channels, or of one."""
    channels = getattr(model.config, "num_input_channels", None)
    length = model.config.context_length
    return torch.randn(2, length, channels) if channels else torch.randn(2, length)


BY_NAME: dict[str, Callable[[Any, bool], Any]] = {
    "input_ids": ids,
    "decoder_input_ids": decoder_ids,
    "qformer_input_ids": ids,
    "pixel_values": pixels,
    "prompt_pixel_values": pixels,
    "prompt_masks": pixels,
    "pixel_values_videos": videos,
    "hidden_states": hidden(LENGTH, "hidden_size"),
    "inputs_embeds": hidden(LENGTH, "hidden_size"),
    "query_embeds": hidden(5, "hidden_size"),
    "noise_embeds": hidden(5, "hidden_size"),
    "latents": hidden(LENGTH, "hidden_size"),
    "inputs": hidden(LENGTH, "d_model"),
    "grid_thw": grids,
    "image_grid_thw": grids,
    "merge_sizes": lambda *_: torch.tensor([2, 2]),
    "input_features": features,
    "input_features_mask": features_mask,
    "audio_mel": features,
    "input_values": audio,
    "past_values": series,
    "past_values_padding": lambda model, _: torch.zeros(2, model.config.context_length),
    "freq": lambda *_: torch.zeros(2, 1, dtype=torch.long),
    "bbox": boxes,
}
