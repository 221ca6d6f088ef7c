"""A model → its attention while it runs inside a ``with`` block, as layers and as a record."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Any

from torch import Tensor, nn

from tensorboard_plugin_attn.capturing.calls.sighting import LeftOut, Sighting
from tensorboard_plugin_attn.capturing.inputs.fitting import Lengths, chosen, windowed
from tensorboard_plugin_attn.capturing.inputs.generate import NOT_STITCHED, is_generation, stitched
from tensorboard_plugin_attn.capturing.inputs.padding import Crop, continued, kept_positions
from tensorboard_plugin_attn.capturing.probing.undisturbed import eager
from tensorboard_plugin_attn.capturing.session import Session, warn_left_out
from tensorboard_plugin_attn.capturing.watching.mode import AttentionMode
from tensorboard_plugin_attn.capturing.watching.names import ModuleNames, unwrap
from tensorboard_plugin_attn.capturing.watching.registry import watched_registry
from tensorboard_plugin_attn.errors import CaptureError
from tensorboard_plugin_attn.record.layer import LayerAttention
from tensorboard_plugin_attn.record.record import AttentionRecord

__all__ = ["Captured", "capture"]


def capture(model: nn.Module, *, query_key: bool = False) -> Captured:
    """Capture the exact attention weights of any model while it runs in the ``with`` block.

    Weights are taken after softmax and before dropout, in float32, whatever kernel the model uses; its outputs,
    gradients and random states stay as they were. The model runs as it is: for a probe put it into ``eval()``
    and ``torch.no_grad()``, or use ``writer.add_probe``, which does.

    Args:
        model: any module; torch.compile's and DDP's wrappers are looked through.
        query_key: keep query and key vectors too.

    Examples:
        >>> with capture(model, query_key=True) as captured:
        ...     captured.model(**inputs)
        >>> record = captured.record(tokens)
    """
    return Captured(model, query_key=query_key)


class Captured:
    """What ``capture`` saw: ``model`` to call inside the block, ``layers`` and ``record`` afterwards."""

    def __init__(self, model: nn.Module, *, query_key: bool = False) -> None:
        if not isinstance(model, nn.Module):
            raise CaptureError(f"capture takes a torch.nn.Module, got {type(model).__name__}")
        self.model = unwrap(model)
        self.sightings: list[Sighting] = []
        self.session = Session(lambda index, sighting: self.sightings.append(sighting), query_key=query_key)
        self.stack: ExitStack | None = None
        self.kept_layers: list[LayerAttention[Tensor]] = []

    def __enter__(self) -> Captured:
        with ExitStack() as stack:
            names = ModuleNames(self.model)
            names.watch()
            stack.callback(names.unwatch)
            stack.enter_context(eager(self.model.modules()))
            mode = AttentionMode(self.session, names)
            stack.enter_context(watched_registry(mode.fused.see_kernel))
            stack.enter_context(mode)
            self.stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.stack is not None:
            self.stack.close()
            self.stack = None
        if kind is None:
            warn_left_out(self.session.left_out)

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

    def record(
        self,
        tokens: Sequence[str],
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
            tokens: of the encoder or the only stack; with or without those of the padding.
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
        padding = self.session.padding
        mask = padding.tokens if attention_mask is None else attention_mask
        sightings, tokens, decoder_tokens = self.one_forward(tokens, decoder_tokens)
        if is_generation(self.sightings) and decoder_tokens is None:
            mask = continued(mask, max(int(one.weights.shape[-1]) for one in sightings))
        crop = Crop(
            kept_positions(mask, batch),
            kept_positions(
                padding.decoder_tokens if decoder_attention_mask is None else decoder_attention_mask, batch
            ),
            has_decoder=decoder_tokens is not None,
        )
        tokens = crop.tokens(tokens)
        decoder_tokens = None if decoder_tokens is None else crop.decoder(decoder_tokens)
        layers, left_out = chosen(
            [sighting.row(batch, *crop.axes(sighting)) for sighting in sightings],
            [windowed(sighting, padding) for sighting in sightings],
            Lengths(len(tokens), None if decoder_tokens is None else len(decoder_tokens)),
        )
        warn_left_out([LeftOut(layer.name, "attention", reason) for layer, reason in left_out])
        return AttentionRecord(
            layers,
            tokens,
            decoder_tokens=decoder_tokens,
            special=special,
            sentence_b_start=sentence_b_start,
            words=words,
        )

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
            own = [
                one
                for one in found
                if one.kind == "self" and (one.stack == "decoder" or decoder_tokens is None)
            ]
            read = int(own[0].weights.shape[-2]) if own else -1
            if decoder_tokens is None:
                return found, tokens[:-1] if len(tokens) == read + 1 else tokens, None
            return found, tokens, decoder_tokens[:-1] if len(decoder_tokens) == read + 1 else decoder_tokens
        forwards = self.session.forwards
        if forwards > 1:
            warnings.warn(
                f"the model ran {forwards} times in the block; the record is that of the last time",
                stacklevel=3,
            )
        last = [one for one in self.sightings if one.forward == forwards]
        return last or self.sightings, tokens, decoder_tokens
