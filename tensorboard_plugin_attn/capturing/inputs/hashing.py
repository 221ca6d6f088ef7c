"""A model's inputs → a hash of what tokens do not tell: pixels, samples, spectrograms, unusual positions."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import torch

__all__ = ["input_hash"]

CHANGING = ("inputs_embeds", "decoder_inputs_embeds", "past_key_values")  # they change while a model trains
DOCUMENTS = ("cu_seq_lens", "cu_seqlens", "seq_idx")


def input_hash(inputs: Any, row: int = 0) -> str | None:
    """16 hex digits, equal for the same pictures, sounds and positions of one input; None where there are none.

    Numbers are compared as bfloat16 holds them, so that a model in half precision has the same input. Token ids and
    masks do not count: the probe's own hash has tokens and masks. Nor do embeddings, which change in training.

    Args:
        inputs: what the model is called with: a mapping, a tuple or one tensor.
        row: which input of the batch.
    """
    named = inputs if isinstance(inputs, Mapping) else dict(enumerate(as_tuple(inputs)))
    parts = [(str(name), part) for name in named for part in parts_of(str(name), named, row)]
    if not parts:
        return None
    digest = hashlib.sha256()
    for name, part in sorted(parts, key=lambda each: each[0]):
        digest.update(f"{name}\0{len(part)}\0".encode())
        digest.update(part)
    return digest.hexdigest()[:16]


def as_tuple(inputs: Any) -> tuple[Any, ...]:
    """Positional arguments."""
    return tuple(inputs) if isinstance(inputs, tuple | list) else (inputs,)


def parts_of(name: str, inputs: Mapping[Any, Any], row: int) -> Iterator[bytes]:
    """What counts of one input."""
    value = inputs.get(name) if name in inputs else inputs.get(int(name)) if name.isdecimal() else None
    if value is None or name in CHANGING or "mask" in name:
        return
    if isinstance(value, torch.Tensor):
        if name.endswith("position_ids"):
            if is_unusual(value, inputs.get("attention_mask"), row):
                yield tensor_bytes(row_of(value, row, axis=value.ndim - 2))
        elif name.startswith(DOCUMENTS):
            yield tensor_bytes(value)
        elif value.is_floating_point():
            yield tensor_bytes(row_of(value, row))
    elif hasattr(value, "dtype") and getattr(value.dtype, "kind", "") == "f":
        yield tensor_bytes(row_of(torch.from_numpy(value), row))
    elif is_picture(value):
        yield picture_bytes(value)
    elif isinstance(value, bytes):
        yield value
    elif isinstance(value, list | tuple) and value and all(map(is_picture, value)):
        yield picture_bytes(value[min(row, len(value) - 1)])


def is_picture(value: Any) -> bool:
    """A PIL picture, without importing PIL."""
    return hasattr(value, "tobytes") and hasattr(value, "mode") and hasattr(value, "size")


def picture_bytes(picture: Any) -> bytes:
    """A PIL picture's own bytes and what they mean."""
    return f"{picture.mode} {picture.size}".encode() + bytes(picture.tobytes())


def row_of(value: torch.Tensor, row: int, axis: int = 0) -> torch.Tensor:
    """One input of a batch; a tensor without so many rows belongs to all."""
    return value.select(axis, row) if value.ndim > 1 and axis >= 0 and row < value.shape[axis] else value


def is_unusual(positions: torch.Tensor, mask: Any, row: int) -> bool:
    """Whether the positions of real tokens are other than 0, 1, 2, …"""
    kept = positions if positions.ndim == 1 else row_of(positions, row, axis=positions.ndim - 2)
    if isinstance(mask, torch.Tensor) and mask.ndim == 2 and mask.shape[-1] == kept.shape[-1]:
        kept = kept[..., row_of(mask, row).bool().to(kept.device)]
    usual = torch.arange(kept.shape[-1], device=kept.device, dtype=kept.dtype)
    return not bool((kept == usual).all())


def tensor_bytes(value: torch.Tensor) -> bytes:
    """A tensor's shape and its numbers, the same on every device."""
    numbers = value.detach().to("cpu")
    numbers = numbers.to(torch.bfloat16).view(torch.int16) if numbers.is_floating_point() else numbers.long()
    return f"{tuple(value.shape)} ".encode() + numbers.contiguous().numpy().tobytes()
