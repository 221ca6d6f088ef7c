"""A model's inputs → a hash of what names do not tell: ids, pixels, samples, unusual positions, documents."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch

__all__ = ["input_hash"]

CHANGING = ("inputs_embeds", "decoder_inputs_embeds", "past_key_values")  # they change while a model trains
ASKED = ("labels", "cache_position", "logits_to_keep")  # what is computed of an input, and does not change it
DOCUMENTS = ("cu_seq_lens", "cu_seqlens", "seq_idx")


def input_hash(inputs: Any, row: int = 0, *, names_tell_ids: bool = False) -> str:
    """16 hex digits: 8 of the token ids and other whole numbers, 8 of pixels, samples, positions and documents.

    The first are 0 where ``names_tell_ids``, as a tokenizer's do: models of different vocabularies may read one text.
    Numbers are compared as bfloat16 holds them, so that a model in half precision has the same input. Padding does not
    count, nor do masks that say what is padding, nor embeddings, which change in training.

    Args:
        inputs: what the model is called with: a mapping, a tuple or one tensor.
        row: which input of the batch.
        names_tell_ids: whether the names of the positions were made of the ids.
    """
    named = inputs if isinstance(inputs, Mapping) else dict(enumerate(as_tuple(inputs)))
    parts: dict[bool, list[tuple[str, bytes]]] = {True: [], False: []}
    for name in map(str, named):
        for are_ids, part in parts_of(name, named, row):
            parts[are_ids].append((name, part))
    return (NOT_TOLD if names_tell_ids or not parts[True] else digest_of(parts[True])) + digest_of(
        parts[False]
    )


NOT_TOLD = "0" * 8


def digest_of(parts: list[tuple[str, bytes]]) -> str:
    """8 hex digits of parts by name, in whatever order."""
    digest = hashlib.sha256()
    for name, part in sorted(parts, key=lambda each: each[0]):
        digest.update(f"{name}\0{len(part)}\0".encode())
        digest.update(part)
    return digest.hexdigest()[:8]


def as_tuple(inputs: Any) -> tuple[Any, ...]:
    """Positional arguments."""
    return tuple(inputs) if isinstance(inputs, tuple | list) else (inputs,)


Part = tuple[bool, bytes]
"""Whether they are whole numbers such as ids, and the bytes."""


def parts_of(name: str, inputs: Mapping[Any, Any], row: int) -> Iterator[Part]:
    """What counts of one input."""
    value = inputs.get(name) if name in inputs else inputs.get(int(name)) if name.isdecimal() else None
    if value is None or name in CHANGING or name in ASKED:
        return
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiub":
        value = torch.from_numpy(value)
    if isinstance(value, torch.Tensor):
        yield from tensor_parts(name, value, inputs, row)
    elif is_picture(value):
        yield False, picture_bytes(value)
    elif isinstance(value, bytes):
        yield False, value
    elif isinstance(value, list | tuple) and value and all(map(is_picture, value)):
        yield False, picture_bytes(value[min(row, len(value) - 1)])


def tensor_parts(name: str, value: torch.Tensor, inputs: Mapping[Any, Any], row: int) -> Iterator[Part]:
    """What counts of a tensor of one input."""
    if name.endswith("position_ids"):
        if is_unusual(value, inputs.get("attention_mask"), row):
            yield False, tensor_bytes(row_of(value, row, axis=value.ndim - 2))
    elif name.startswith(DOCUMENTS):
        yield False, tensor_bytes(value)
    elif name.endswith("mask"):
        if "attention" in name and value.ndim > 2:  # written out: who sees whom
            yield False, tensor_bytes(row_of(value, row))
    elif value.is_floating_point():
        yield False, tensor_bytes(row_of(value, row))
    elif name != "token_type_ids" or bool(value.any()):
        yield True, tensor_bytes(unpadded(name, row_of(value, row), inputs, row))


def unpadded(name: str, value: torch.Tensor, inputs: Mapping[Any, Any], row: int) -> torch.Tensor:
    """Numbers ``[token, …]`` of one input without those of padding, so that it is the same in every batch."""
    mask = inputs.get("decoder_attention_mask" if name.startswith("decoder") else "attention_mask")
    if not isinstance(mask, torch.Tensor) or mask.ndim != 2 or value.ndim == 0:
        return value
    kept = row_of(mask, row).bool()
    return value[kept.to(value.device)] if kept.shape == value.shape[:1] else value


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
