"""The model's inputs → how many there are and which positions of each are padding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from tensorboard_plugin_attn.capturing.calls.sighting import Sighting

__all__ = ["Crop", "Padding", "continued", "kept_positions", "padding_of"]


@dataclass(eq=False)
class Padding:
    """bool ``[batch, position]``, True where a token is; None where the inputs did not say."""

    batch: int | None = None
    tokens: torch.Tensor | None = None
    decoder_tokens: torch.Tensor | None = None
    holds_images: bool = False


def padding_of(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Padding:
    """Read ``attention_mask`` and ``decoder_attention_mask``, or torch's ``*_key_padding_mask``."""
    given = [one for one in (*args, *kwargs.values()) if isinstance(one, torch.Tensor) and one.dim()]
    return Padding(
        int(given[0].size(0)) if given else None,
        mask_in(kwargs, "attention_mask", "src_key_padding_mask"),
        mask_in(kwargs, "decoder_attention_mask", "tgt_key_padding_mask"),
        any(one.dim() > 3 for one in given),
    )


def mask_in(kwargs: Mapping[str, Any], ours: str, torchs: str) -> torch.Tensor | None:
    """True for tokens; torch's own masks say the contrary."""
    mask = kwargs.get(ours)
    if isinstance(mask, torch.Tensor) and mask.dim() == 2:
        return mask.detach().bool()
    mask = kwargs.get(torchs)
    if isinstance(mask, torch.Tensor) and mask.dim() == 2:
        return ~mask.detach() if mask.dtype == torch.bool else mask.detach() == 0
    return None


def kept_positions(mask: Any, batch: int) -> torch.Tensor | None:
    """Indices of the positions of one input that hold tokens; None when none is padding or nothing is known."""
    if mask is None:
        return None
    row = torch.as_tensor(mask).bool()
    row = row[batch if row.shape[0] > 1 else 0] if row.dim() > 1 else row
    return None if bool(row.all()) else row.nonzero()[:, 0]


def continued(mask: Any, length: int) -> Any:
    """A prompt's mask with the generated tokens behind it."""
    if mask is None:
        return None
    mask = torch.as_tensor(mask).bool()
    missing = max(0, length - mask.shape[-1])
    return torch.cat([mask, mask.new_ones(*mask.shape[:-1], missing)], -1)


@dataclass(eq=False)
class Crop:
    """Positions to keep of the encoder's (or only) and of the decoder's axis; None: all."""

    encoder: torch.Tensor | None
    decoder_kept: torch.Tensor | None
    has_decoder: bool

    def axes(self, sighting: Sighting) -> tuple[torch.Tensor | slice, torch.Tensor | slice]:
        """What to keep of a layer's query and key axis."""
        own = self.decoder_kept if self.has_decoder and sighting.stack == "decoder" else self.encoder
        queries = self.decoder_kept if sighting.kind == "cross" and self.has_decoder else own
        keys = self.encoder if sighting.kind == "cross" else own
        return (
            fitting(queries, int(sighting.weights.shape[-2])),
            fitting(keys, int(sighting.weights.shape[-1])),
        )

    def tokens(self, tokens: Sequence[str]) -> list[str]:
        """Tokens without padding."""
        return cropped(tokens, self.encoder)

    def decoder(self, tokens: Sequence[str]) -> list[str]:
        """The decoder's tokens without padding."""
        return cropped(tokens, self.decoder_kept)


def fitting(kept: torch.Tensor | None, length: int) -> torch.Tensor | slice:
    """Positions to keep of an axis, all of it where they point beyond its end."""
    return slice(None) if kept is None or not len(kept) or int(kept[-1]) >= length else kept


def cropped(tokens: Sequence[str], kept: torch.Tensor | None) -> list[str]:
    """Only the tokens at ``kept``, unless the list has been cropped already."""
    if kept is None or isinstance(tokens, str) or len(tokens) == len(kept) or int(kept[-1]) >= len(tokens):
        return list(tokens) if not isinstance(tokens, str) else tokens  # type: ignore[return-value]  # the record refuses a string with its own message
    return [tokens[int(position)] for position in kept]
