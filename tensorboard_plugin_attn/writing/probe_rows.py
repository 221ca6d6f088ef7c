"""Probes of one batch and a draft of each one's record → the drafts filled, layer by layer, by one forward."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tensorboard_plugin_attn.errors import CaptureError, InvalidRecordError
from tensorboard_plugin_attn.record.tokens import TokenAxes
from tensorboard_plugin_attn.writing.decoder_ids import decoder_named
from tensorboard_plugin_attn.writing.draft import Draft
from tensorboard_plugin_attn.writing.probe_tokens import batch_size, probe_axes

__all__ = ["ProbeRow", "fill_drafts", "spans_ranks", "split_probes"]

Track = Mapping[str, tuple[Any, Any]]
SEEN_PADDING = 1e-3


@dataclass(eq=False)
class ProbeRow:
    """One input of the batch: its tag and tokens, its record so far, and why there is none."""

    tag: str
    axes: TokenAxes
    track: Track | None = None
    draft: Draft | None = None
    error: Exception | None = None


def split_probes(tag: Any, inputs: Any, tokens: Any, track: Any, model: Any) -> list[ProbeRow]:
    """What ``add_probe`` is called with → one row per input: of a tag, or of a list of tags.

    Raises:
        InvalidRecordError: there is not one tag, list of tokens and track for each input.
    """
    size = batch_size(inputs)
    if isinstance(tag, str) or not isinstance(tag, Sequence):
        if is_batch_of_texts(inputs) and size > 1:
            raise InvalidRecordError(
                f"inputs hold a batch of {size}, and {tag!r} is one tag; pass a list of {size} tags, or one input"
            )
        return [ProbeRow(tag, probe_axes(tokens, inputs, 0, model=model), track)]
    is_shared = hasattr(tokens, "convert_ids_to_tokens")
    given = {"the batch of inputs": size}
    given |= {} if is_shared else {"tokens": len(tokens)}
    given |= {} if track is None else {"track": len(track)}
    wrong = [f"{name} has {count}" for name, count in given.items() if count != len(tag)]
    if wrong or not tag:
        raise InvalidRecordError(
            f"a list of {len(tag)} tags needs as many inputs, token lists and tracks, got: {', '.join(wrong)}"
        )
    return [
        ProbeRow(
            each,
            probe_axes(tokens if is_shared else tokens[row], inputs, row, model=model),
            None if track is None else track[row],
        )
        for row, each in enumerate(tag)
    ]


def is_batch_of_texts(inputs: Any) -> bool:
    """Whether there are token ids ``[batch, position]``, so that the first axis is certainly the batch."""
    ids = inputs.get("input_ids") if isinstance(inputs, Mapping) else None
    return len(getattr(ids, "shape", ())) == 2


def spans_ranks(model: Any) -> bool:
    """Whether every rank must take part in a forward of this model."""
    from tensorboard_plugin_attn.capturing import needs_every_rank

    return needs_every_rank(model)


def fill_drafts(model: Any, inputs: Any, rows: Sequence[ProbeRow], **options: Any) -> None:
    """Run one undisturbed forward, the layers of each row into its draft; a row's error is kept in it.

    Args:
        rows: none where another rank writes: the forward is then run with it.
        options: query_key, layers, heads.
    """
    from tensorboard_plugin_attn.capturing import Lengths, Row, nothing_handed, probe_rows
    from tensorboard_plugin_attn.capturing.inputs.hashing import input_hash

    receivers = []
    for number, row in enumerate(rows):
        if row.draft is not None:
            row.draft.input_hash = input_hash(inputs, number)
            other = row.axes.decoder_tokens
            lengths = Lengths(len(row.axes.tokens), None if other is None else len(other))
            receivers.append(Row(number, adding_to(row.draft), lengths))
    with decoder_named(model, inputs):
        session = probe_rows(model, inputs, receivers, **options)
    for row, receiver in zip(rows, receivers, strict=True):
        row.error = receiver.error or (mask_ignored(receiver.padding_share) if len(rows) > 1 else None)
        if row.error is None and not receiver.handed:
            nothing = nothing_handed(session, options.get("layers"))
            row.error = nothing if receiver.misfit is None else misfit(*receiver.misfit, row.axes)


def adding_to(draft: Draft) -> Any:
    """What takes a layer into a draft."""
    return lambda _, layer: draft.add(layer)


def mask_ignored(share: float) -> CaptureError | None:
    """The error of a model whose attention sees the padding of a batch; None when it does not."""
    if share < SEEN_PADDING:
        return None
    return CaptureError(
        f"the model gives padding a weight of up to {share:.3g}: it does not use attention_mask, so that a padded "
        f"batch is not what each input gives alone; log these probes one at a time"
    )


def misfit(layer: int, queries: int, keys: int, axes: TokenAxes) -> InvalidRecordError:
    """The error of tokens that name the positions of no layer."""
    counts = [f"tokens has {len(axes.tokens)}"]
    if axes.decoder_tokens is not None:
        counts.append(f"decoder_tokens has {len(axes.decoder_tokens)}")
    return InvalidRecordError(
        f"layer {layer} has {queries} query positions and {keys} key positions but {' and '.join(counts)} entries; "
        f"pass one token per position, special tokens included, padding cropped from both"
    )
