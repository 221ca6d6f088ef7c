"""The model's inputs → how many there are, what they are of, and which positions of each are padding."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from tensorboard_plugin_attn.capturing.calls.sighting import Sighting
from tensorboard_plugin_attn.capturing.inputs.placeholders import places_in
from tensorboard_plugin_attn.capturing.inputs.virtual import NO_VIRTUAL, Virtual, virtual_tokens
from tensorboard_plugin_attn.errors import spell_out

__all__ = [
    "MODALITIES",
    "Crop",
    "Kept",
    "Padding",
    "belongs",
    "continued",
    "inputs_of",
    "kept_positions",
    "padding_of",
]

MODALITIES = ("text", "audio", "vision")
SEEN_PADDING = 1e-3
MOST = 3
INPUTS = {
    "text": ("input_ids", "inputs_embeds"),
    "audio": ("input_features", "input_values"),
    "vision": ("pixel_values", "pixel_values_videos", "pixel_values_images"),
}
"""Keyword arguments by what they hold."""


@dataclass(eq=False)
class Padding:
    """bool ``[batch, position]``, True where a token is; None where the inputs did not say.

    ``modality``: what ``tokens`` masks: ``"text"``, ``"audio"``, ``"vision"``; empty where nobody said.
    ``text_length``: positions of the text that was given, padding included. ``has_own_mask``: pixels are padded, and the model
    makes of ``pixel_mask`` a mask of its positions. ``texts``: how many of the inputs are texts; ``places``: how many places of
    an image each of them has, empty where nothing tells.
    """

    batch: int | None = None
    tokens: torch.Tensor | None = None
    decoder_tokens: torch.Tensor | None = None
    holds_images: bool = False
    modality: str = ""
    text_length: int | None = None
    virtual: Virtual = NO_VIRTUAL
    has_own_mask: bool = False
    texts: int = 0
    places: tuple[int, ...] = ()


def padding_of(args: tuple[Any, ...], kwargs: Mapping[str, Any], image_token: int | None = None) -> Padding:
    """Read ``attention_mask`` and ``decoder_attention_mask``, or torch's ``*_key_padding_mask``."""
    given = [one for one in (*args, *kwargs.values()) if isinstance(one, torch.Tensor) and one.dim()]
    mask = mask_in(kwargs, "attention_mask", "src_key_padding_mask")
    text = next((kwargs[name] for name in INPUTS["text"] if is_batched(kwargs.get(name))), None)
    first = text if text is not None else next(iter(given), None)
    return Padding(
        None if first is None else int(first.size(0)),
        mask,
        mask_in(kwargs, "decoder_attention_mask", "tgt_key_padding_mask"),
        any(one.dim() > 3 for one in given),
        modality_in(kwargs, mask),
        None if text is None else int(text.shape[1]),
        has_own_mask=is_padded(kwargs.get("pixel_mask")),
        texts=0 if text is None else int(text.shape[0]),
        places=places_in(kwargs.get("input_ids"), image_token),
    )


def is_padded(mask: Any) -> bool:
    """Whether a mask of pixels hides some."""
    return isinstance(mask, torch.Tensor) and not bool(mask.bool().all())


def inputs_of(model: Any, inputs: Any) -> Padding:
    """The same of a probe's inputs, before the model is called with them: keyword arguments, others, or one tensor."""
    if isinstance(inputs, Mapping):
        padding = padding_of((), inputs)
    else:
        padding = padding_of(tuple(inputs) if isinstance(inputs, tuple | list) else (inputs,), {})
    padding.virtual = virtual_tokens(model)
    return padding


def is_batched(tensor: Any) -> bool:
    """Whether this is a tensor ``[batch, position, …]``."""
    return isinstance(tensor, torch.Tensor) and tensor.dim() > 1


def modality_in(kwargs: Mapping[str, Any], mask: torch.Tensor | None) -> str:
    """What ``attention_mask`` is of: the input that has its length, else the first one that was given."""
    given = [
        (modality, kwargs[name])
        for modality, names in INPUTS.items()
        for name in names
        if isinstance(kwargs.get(name), torch.Tensor)
    ]
    if mask is not None:
        given = [each for each in given if mask.shape[-1] in each[1].shape[1:]] or given
    return given[0][0] if given else ""


def belongs(stack: str, modality: str) -> bool:
    """Whether what is known of one modality says anything of a stack: text masks no image."""
    own = stack.partition("/")[0]
    return own not in MODALITIES or modality in ("", own)


def mask_in(kwargs: Mapping[str, Any], ours: str, torchs: str) -> torch.Tensor | None:
    """True for tokens; torch's own masks say the contrary."""
    mask = kwargs.get(ours)
    if isinstance(mask, torch.Tensor) and mask.dim() == 2:
        return mask.detach().bool()
    mask = kwargs.get(torchs)
    if isinstance(mask, torch.Tensor) and mask.dim() == 2:
        return ~mask.detach() if mask.dtype == torch.bool else mask.detach() == 0
    return None


@dataclass(frozen=True, eq=False)
class Kept:
    """Which positions of a list of ``length`` hold tokens."""

    length: int
    positions: torch.Tensor

    def cropped(self, tokens: Sequence[str]) -> list[str]:
        """Only the tokens that are kept, of a list that still has all positions."""
        if isinstance(tokens, str) or len(tokens) != self.length:
            return as_list(tokens)
        return [tokens[int(position)] for position in self.positions]


def as_list(tokens: Sequence[str]) -> list[str]:
    """A copy; a string stays one, which the record refuses with its own message."""
    return tokens if isinstance(tokens, str) else list(tokens)  # type: ignore[return-value]  # see above


def kept_positions(mask: Any, batch: int) -> Kept | None:
    """The positions of one input that hold tokens; None when none is padding or nothing is known."""
    if mask is None:
        return None
    row = flags(mask)
    row = row[batch if row.shape[0] > 1 else 0] if row.dim() > 1 else row
    return None if bool(row.all()) or not bool(row.any()) else Kept(len(row), row.nonzero()[:, 0])


def flags(mask: Any) -> torch.Tensor:
    """A mask as it may be given, in bool; a list is of this machine, whatever device is torch's default."""
    return (mask if isinstance(mask, torch.Tensor) else torch.as_tensor(mask, device="cpu")).bool()


def continued(mask: Any, length: int) -> Any:
    """A prompt's mask with the generated tokens behind it."""
    if mask is None:
        return None
    mask = flags(mask)
    missing = max(0, length - mask.shape[-1])
    return torch.cat([mask, mask.new_ones(*mask.shape[:-1], missing)], -1)


def weight_on_padding(
    sighting: Sighting, batch: int, queries: torch.Tensor | slice, keys: torch.Tensor | slice
) -> float:
    """The largest share of a row that cropping would lose; 0 where nothing is cropped or nobody has computed it yet."""
    if isinstance(keys, slice) or not isinstance(sighting.weights, torch.Tensor):
        return 0.0
    whole = sighting.weights[batch if len(sighting.weights) > 1 else 0][:, queries]
    lost = whole.sum(-1) - whole[..., keys].sum(-1)
    return float(lost.nan_to_num(0.0).abs().max()) if lost.numel() else 0.0


def real_keys(allowed: torch.Tensor) -> torch.Tensor | None:
    """bool ``[head, query, key]`` of one input → ``[key]``, those that are no padding; None where none is hidden from all.

    A query that is padding itself may see nothing, or everything where a model lets no row be empty.
    """
    seen = allowed.any(0)
    sees_all = seen.all(-1)
    shown = seen.any(0)
    if bool(shown.all()) and bool(sees_all.any()) and seen.shape[0] == seen.shape[1]:
        shown = seen[~sees_all].any(0)
        if not torch.equal(shown, ~sees_all) or not bool((seen[shown] == shown).all()):
            return None
    return shown if bool(shown.any()) and not bool(shown.all()) else None


@dataclass(eq=False)
class Crop:
    """Positions to keep of the encoder's (or only) and of the decoder's axis; None: all.

    A mask is applied to an axis of its own length and stack, and to no other. ``unfit``: by the layer's name, the
    length of a mask with padding, and of the axis of its stack that it could not be applied to. ``seen``: by the layer's
    name, the weight that it gives to positions that the mask calls padding: of another stack, or the mask is ignored.
    """

    encoder: Kept | None
    decoder_kept: Kept | None
    has_decoder: bool
    modality: str = ""
    virtual: Virtual = NO_VIRTUAL
    has_own_mask: bool = False
    unfit: dict[str, tuple[int, int]] = field(default_factory=dict)
    seen: dict[str, float] = field(default_factory=dict)

    def own_mask(self, sighting: Sighting, keys: Kept | None, batch: int) -> torch.Tensor | None:
        """The keys that a layer itself hides from no query, where the mask that was given is of finer positions.

        DETR makes one of ``pixel_mask``, wav2vec2 one of the mask of its samples. Where it is not known of which stack
        the keys are, they are of the mask's if the layer hides the very same ones.
        """
        length = int(sighting.weights.shape[-1])
        is_finer = keys is not None and keys.length > length and sighting.stack != "text"
        may_be_read = keys is None and sighting.kind == "cross" and self.encoder is not None
        if sighting.allowed is None or not (self.has_own_mask or is_finer or may_be_read):
            return None
        allowed = sighting.allowed
        allowed = allowed.reshape((1,) * (4 - allowed.dim()) + tuple(allowed.shape))
        seen = real_keys(allowed[batch if allowed.shape[0] > 1 else 0])
        if seen is None or len(seen) != length:
            return None
        own = seen.nonzero()[:, 0]
        if is_finer or (self.has_own_mask and sighting.stack != "text"):
            return own
        kept = self.encoder
        is_same = kept is not None and kept.length == length and torch.equal(own.cpu(), kept.positions.cpu())
        return own if is_same else None

    def axes(self, sighting: Sighting, batch: int = 0) -> tuple[torch.Tensor | slice, torch.Tensor | slice]:
        """What to keep of a layer's query and key axis."""
        queries, keys = self.masks(sighting.stack, is_cross=sighting.kind == "cross")
        own = self.own_mask(sighting, keys, batch)
        is_square = sighting.weights.shape[-2] == sighting.weights.shape[-1]
        if own is not None and sighting.kind != "cross" and is_square:
            return own, own
        rows = self.fitting(queries, int(sighting.weights.shape[-2]), sighting.name)
        columns = self.fitting(keys, int(sighting.weights.shape[-1]), sighting.name) if own is None else own
        share = weight_on_padding(sighting, batch, rows, columns)
        if share < SEEN_PADDING:
            return rows, columns
        self.seen[sighting.name] = share
        return rows if sighting.kind == "cross" else slice(None), slice(None)

    def masks(self, stack: str, *, is_cross: bool) -> tuple[Kept | None, Kept | None]:
        """Which mask is the query axis's and which the key axis's, by the layer's stack."""
        own = self.encoder if belongs(stack, self.modality) else None
        if self.has_decoder and stack == "decoder":
            own = self.decoder_kept
        if not is_cross:
            return own, own
        if stack in MODALITIES and self.modality in (stack, "text"):  # its keys may be of any other stack
            return own, None
        return self.decoder_kept if self.has_decoder else own, self.encoder

    def fitting(self, kept: Kept | None, length: int, name: str) -> torch.Tensor | slice:
        """Positions to keep of an axis; all of it where it is not the mask's."""
        if kept is None:
            return slice(None)
        if length == kept.length:
            return kept.positions
        virtual = self.virtual.count
        if virtual and length == kept.length + virtual:
            return torch.cat([torch.arange(virtual, device=kept.positions.device), kept.positions + virtual])
        self.unfit[name] = (kept.length, length)
        return slice(None)

    def tokens(self, tokens: Sequence[str]) -> list[str]:
        """Tokens without padding."""
        return as_list(tokens) if self.encoder is None else self.encoder.cropped(tokens)

    def decoder(self, tokens: Sequence[str]) -> list[str]:
        """The decoder's tokens without padding."""
        return as_list(tokens) if self.decoder_kept is None else self.decoder_kept.cropped(tokens)

    def told(self, names: Collection[str]) -> str:
        """What is to be said of masks that were not applied to these layers; empty for nothing."""
        pairs = dict.fromkeys(pair for name, pair in self.unfit.items() if name in names)
        lines = [f"attention_mask has {mask} positions and an axis {axis}" for mask, axis in pairs]
        seen = [name for name in self.seen if name in names]
        if seen:
            share = max(self.seen[name] for name in seen)
            what = f"gives what attention_mask hides a weight of up to {share:.2g}"
            lines.append(f"{spell_out([name or 'the model' for name in seen], MOST)} {what}")
        told = "; ".join(lines)
        return (
            f"{told}: it was not applied there, so that rows and columns of padding may be in the record"
            if lines
            else ""
        )
