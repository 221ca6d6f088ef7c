"""A model → its attention while it runs inside a ``with`` block, as layers and as a record."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Any

from torch import Tensor, nn

from tensorboard_plugin_attn.capturing.calls.checking import warn_differing, warn_fewer
from tensorboard_plugin_attn.capturing.calls.sighting import LeftOut, Sighting
from tensorboard_plugin_attn.capturing.inputs.fitting import Lengths, chosen, no_whole_map, windowed
from tensorboard_plugin_attn.capturing.inputs.generate import (
    NOT_STITCHED,
    is_generation,
    own_steps,
    read_tokens,
    stitched,
)
from tensorboard_plugin_attn.capturing.inputs.naming import lengths_of, named_list, preceded
from tensorboard_plugin_attn.capturing.inputs.padding import Crop, continued, kept_positions
from tensorboard_plugin_attn.capturing.inputs.placeholders import image_token
from tensorboard_plugin_attn.capturing.inputs.stack_lists import (
    AxisLengths,
    is_by_stack,
    maker_in,
    named_axes,
    text_axes,
)
from tensorboard_plugin_attn.capturing.inputs.virtual import virtual_tokens
from tensorboard_plugin_attn.capturing.inputs.windows import scatters
from tensorboard_plugin_attn.capturing.session import Session, warn_left_out
from tensorboard_plugin_attn.capturing.summary import summary
from tensorboard_plugin_attn.capturing.watching.mode import watching
from tensorboard_plugin_attn.capturing.watching.names import unwrap
from tensorboard_plugin_attn.errors import CaptureError
from tensorboard_plugin_attn.record.checks import label_layer
from tensorboard_plugin_attn.record.layer import LayerAttention
from tensorboard_plugin_attn.record.record import AttentionRecord
from tensorboard_plugin_attn.record.showing_spans import show_spans
from tensorboard_plugin_attn.record.tokens import TokenAxes

__all__ = ["Captured", "capture"]


def capture(model: nn.Module, *, query_key: bool = False, windows: str | None = None) -> Captured:
    """Capture the exact attention weights of any model while it runs in the ``with`` block.

    Weights are taken after softmax and before dropout, in float32, whatever kernel the model uses; its outputs,
    gradients and random states stay as they were. The model runs as it is: for a probe put it into ``eval()``
    and ``torch.no_grad()``, or use ``writer.add_probe``, which does.

    Args:
        model: any module; torch.compile's and DDP's wrappers are looked through.
        query_key: keep query and key vectors too.
        windows: ``"scatter"``: layers that look within windows of an image (Swin, SAM, Qwen2.5-VL) become maps of the whole image,
            zeros outside the window, stages of smaller grids in lists of their own. None: they stay windows on the batch
            axis, and are left out of a record.

    Examples:
        >>> with capture(model, query_key=True) as captured:
        ...     captured.model(**inputs)
        >>> record = captured.record(tokens)
    """
    return Captured(model, query_key=query_key, windows=windows)


class Captured:
    """What ``capture`` saw: ``model`` to call inside the block, ``layers`` and ``record`` afterwards."""

    def __init__(self, model: nn.Module, *, query_key: bool = False, windows: str | None = None) -> None:
        if not isinstance(model, nn.Module):
            raise CaptureError(f"capture takes a torch.nn.Module, got {type(model).__name__}")
        self.model = unwrap(model)
        self.seen: list[Sighting] = []
        self.session = Session(
            lambda index, sighting: self.seen.append(sighting),
            query_key=query_key,
            image_token=image_token(self.model),
            virtual=virtual_tokens(self.model),
            scatters=scatters(windows),
            values=True,
            follows=True,
            traced=True,
        )
        self.stack: ExitStack | None = None
        self.kept_layers: list[LayerAttention[Tensor]] = []

    def __enter__(self) -> Captured:
        self.stack = ExitStack()
        self.stack.enter_context(watching(self.model, self.session))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.stack is not None:
            stack, self.stack = self.stack, None
            stack.__exit__(kind, error, trace)
        if kind is None:
            warn_left_out(self.session.left_out)
            warn_differing(self.session.differing)
            warn_fewer(self.session.fewer)

    @property
    def sightings(self) -> list[Sighting]:
        """Every call seen; the last one no longer waits for what projects its output."""
        self.session.flush()
        return self.seen

    @property
    def layers(self) -> list[LayerAttention[Tensor]]:
        """Every LayerAttention seen, in call order; weights are torch float32 ``[batch, head, query, key]``.

        Raises:
            CaptureError: the block has ended and no attention was seen.
        """
        if not self.sightings and self.stack is None:
            raise self.session.nothing_found()
        for sighting in self.sightings[len(self.kept_layers) :]:
            self.kept_layers.append(sighting.layer())
        return list(self.kept_layers)

    def summary(self) -> str:
        """A table of what was captured: module, kind, mechanism, heads, mask, ``output_error``; and what was not."""
        return summary(self.model, self.layers if self.sightings else [], self.session.left_out)

    def __str__(self) -> str:
        return self.summary()

    def record(
        self,
        tokens: Any,
        *,
        decoder_tokens: Sequence[str] | None = None,
        batch: int = 0,
        attention_mask: Any = None,
        decoder_attention_mask: Any = None,
        special: Collection[str] | Sequence[bool] | None = None,
        sentence_b_start: int | None = None,
        words: Sequence[int | None] | None = None,
    ) -> AttentionRecord:
        """One input of the batch as a record, in float32 numpy, padding cropped.

        Args:
            tokens: of the encoder or the only stack; with or without those of the padding. ``{"vision": tokens}``,
                ``{"text": tokens}`` or ``{"audio": tokens}`` say of which stack of a model with several; several of
                these give a record with a list for each. Also ``ImageTokens``, ``SoundTokens``, a tokenizer or
                processor in such a dict, or None: then what the model was given tells. These take the masks, and
                the special tokens, from what the model was given.
            decoder_tokens: of the decoder of an encoder-decoder.
            batch: which input of the batch.
            attention_mask: bool or 0/1 ``[batch, position]``, 0 for padding; None: the one the model was given.
            decoder_attention_mask: the same for the decoder.
            special, sentence_b_start, words: as in AttentionRecord.

        Raises:
            CaptureError: no attention was seen, or the steps of a generation do not continue each other.
            InvalidRecordError: a token list does not fit.
        """
        if not self.sightings:
            raise self.session.nothing_found()
        if is_by_stack(tokens):
            return self.record_by_stack(tokens, batch)
        padding = self.session.padding
        names, modality = named_list(tokens)
        mask = padding.tokens if attention_mask is None else attention_mask
        sightings, read, decoder_tokens = self.one_forward(names, decoder_tokens)
        if is_generation(self.sightings) and decoder_tokens is None:
            mask = continued(
                mask, max(int(one.weights.shape[-2]) for one in sightings) - padding.virtual.count
            )
        crop = Crop(
            kept_positions(mask, batch),
            kept_positions(
                padding.decoder_tokens if decoder_attention_mask is None else decoder_attention_mask, batch
            ),
            has_decoder=decoder_tokens is not None,
            modality=padding.modality,
            virtual=padding.virtual,
            has_own_mask=padding.has_own_mask,
        )
        axes = TokenAxes(
            crop.tokens(read) if modality in ("", padding.modality) else read,
            decoder_tokens=None if decoder_tokens is None else crop.decoder(decoder_tokens),
            special=special,
            sentence_b_start=sentence_b_start,
            words=words,
        )
        axes = preceded(axes, padding, batch)
        rows = self.rows_of(sightings, batch)
        layers, left_out = chosen(
            [one.row(row, *crop.axes(one, row)) for one, row in zip(sightings, rows, strict=True)],
            [windowed(sighting, padding, self.inputs(batch)) for sighting in sightings],
            lengths_of(axes, tokens, padding, batch),
        )
        warn_left_out([LeftOut(layer.name, "attention", reason) for layer, reason in left_out])
        told = crop.told([layer.name for layer in layers])
        if told:
            warnings.warn(told, stacklevel=2)
        for number, layer in enumerate(layers):
            label_layer(axes, layer, number)
        return AttentionRecord.of_checked(layers, axes)

    def record_by_stack(self, tokens: Any, batch: int) -> AttentionRecord:
        """One input as a record with a list for each stack."""
        sightings, _, _ = self.one_forward([], None)
        session = self.session
        padding = session.padding
        has_decoder = any(one.stack == "decoder" for one in sightings)
        crop = Crop(
            kept_positions(padding.tokens, batch),
            kept_positions(padding.decoder_tokens, batch),
            has_decoder=has_decoder,
            modality=padding.modality,
            virtual=padding.virtual,
            has_own_mask=padding.has_own_mask,
        )
        rows = self.rows_of(sightings, batch)
        seen = [one.row(row, *crop.axes(one, row)) for one, row in zip(sightings, rows, strict=True)]
        reasons = [windowed(one, padding, self.inputs(batch)) for one in sightings]
        whole = [layer for layer, reason in zip(seen, reasons, strict=True) if not reason]
        if not whole:
            raise no_whole_map(f"{seen[0].name}: {reasons[0]}")
        axes, named = named_axes(
            tokens,
            AxisLengths(whole),
            session.inputs,
            row=batch,
            model=self.model,
            of_text=lambda source, stack, length: text_axes(
                source, stack, length, session.inputs, batch, crop
            ),
        )
        show_spans(axes, named, session.inputs, batch, maker_in(tokens))
        layers, left_out = chosen(seen, reasons, Lengths(len(axes.tokens), axes=axes))
        warn_left_out([LeftOut(layer.name, "attention", reason) for layer, reason in left_out])
        for number, layer in enumerate(layers):
            label_layer(axes, layer, number)
        return AttentionRecord.of_checked(layers, axes)

    def inputs(self, batch: int) -> int:
        """How many inputs a map is of, as far as is known; a generation repeats its inputs behind an encoder."""
        return 1 if is_generation(self.sightings) else max(self.session.padding.texts, batch + 1)

    def rows_of(self, sightings: Sequence[Sighting], batch: int) -> list[int]:
        """Which row of each layer is the one that is asked for: an encoder runs before its inputs are repeated for each
        of the sequences that a generation returns."""
        counts = [int(one.weights.shape[0]) for one in sightings]
        most = max(counts)
        if not is_generation(self.sightings):
            return [batch] * len(counts)
        return [batch * count // most if most % count == 0 else batch for count in counts]

    def one_forward(
        self, tokens: Sequence[str], decoder_tokens: Sequence[str] | None
    ) -> tuple[list[Sighting], Sequence[str], Sequence[str] | None]:
        """The sightings of a single forward, of a generation stitched together, or of the last of several forwards.

        The last token of a generation was produced and never read: it has no row, and a list that ends with it
        is taken without it.
        """
        if self.session.decoding and self.session.forwards > 1:
            raise CaptureError(f"generate() used {self.session.decoding}{NOT_STITCHED}")
        if is_generation(self.sightings):
            found = stitched(self.sightings)
            steps = own_steps(self.sightings, decoder=decoder_tokens is not None)
            if decoder_tokens is None:
                return found, read_tokens(tokens, steps, self.session.virtual.count), None
            return found, tokens, read_tokens(decoder_tokens, steps)
        forwards = self.session.forwards
        if forwards > 1:
            warnings.warn(
                f"the model ran {forwards} times in the block; the record is that of the last time",
                stacklevel=3,
            )
        last = [one for one in self.sightings if one.forward == forwards]
        return last or self.sightings, tokens, decoder_tokens
