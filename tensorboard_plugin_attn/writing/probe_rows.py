"""Probes of one batch and a draft of each one's record → the drafts filled, layer by layer, by one forward."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tensorboard_plugin_attn.errors import CaptureError, InvalidRecordError
from tensorboard_plugin_attn.record.tokens import TokenAxes
from tensorboard_plugin_attn.writing.decoder_ids import decoder_named
from tensorboard_plugin_attn.writing.draft import Draft
from tensorboard_plugin_attn.writing.given_maps import SMALL_BYTES
from tensorboard_plugin_attn.writing.probe_tokens import batch_size, probe_axes

if TYPE_CHECKING:
    from tensorboard_plugin_attn.capturing import Meeting

__all__ = ["ProbeRow", "fill_drafts", "meeting", "spans_ranks", "split_probes"]

Track = Mapping[str, tuple[Any, Any]]
RANKS = ("auto", "all", "rank0")


@dataclass(eq=False)
class ProbeRow:
    """One input of the batch: its tag and tokens, its record so far, and why there is none.

    ``lengths``: how many tokens there are and of which stack, as ``capturing.Lengths``. ``names_tell_ids``: they were
    made of the ids, by a tokenizer.
    """

    tag: str
    axes: TokenAxes
    track: Track | None = None
    lengths: Any = None
    draft: Draft | None = None
    error: Exception | None = None
    names_tell_ids: bool = False


def split_probes(
    tag: Any, inputs: Any, tokens: Any, track: Any, model: Any, windows: str | None = None
) -> list[ProbeRow]:
    """What ``add_probe`` is called with → one row per input: of a tag, or of a list of tags.

    Raises:
        InvalidRecordError: there is not one tag, list of tokens and track for each input.
    """
    size = batch_size(inputs)
    if isinstance(tag, str) or not isinstance(tag, Sequence):
        if size > 1 and has_batch_axis(inputs):
            raise InvalidRecordError(
                f"inputs hold a batch of {size}, and {tag!r} is one tag; pass a list of {size} tags (and as many token "
                f"lists, unless tokens is a tokenizer), or one input: each array's [:1]"
            )
        return [probe_row(tag, tokens, inputs, 0, model, track, windows)]
    is_shared = hasattr(tokens, "convert_ids_to_tokens") or names_stacks(tokens)
    given = {"the batch of inputs": size}
    given |= {} if is_shared else {"tokens": len(tokens)}
    given |= {} if track is None else {"track": len(track)}
    wrong = [f"{name} has {count}" for name, count in given.items() if count != len(tag)]
    if wrong or not tag:
        raise InvalidRecordError(
            f"a list of {len(tag)} tags needs as many inputs, token lists and tracks, got: {', '.join(wrong)}"
        )
    return [
        probe_row(
            each,
            tokens if is_shared else tokens[row],
            inputs,
            row,
            model,
            None if track is None else track[row],
            windows,
        )
        for row, each in enumerate(tag)
    ]


def probe_row(
    tag: str, tokens: Any, inputs: Any, row: int, model: Any, track: Track | None, windows: str | None = None
) -> ProbeRow:
    """One input of the batch, its positions named: the tokens, and before them those that the model itself adds."""
    from tensorboard_plugin_attn.capturing import Lengths, inputs_of, lengths_of, named_list, preceded
    from tensorboard_plugin_attn.writing.stack_axes import stack_axes

    if names_stacks(tokens):
        own = stack_axes(tokens, inputs, row, model, windows)
        count = None if own.decoder_tokens is None else len(own.decoder_tokens)
        return ProbeRow(
            tag,
            own,
            track,
            lengths=Lengths(len(own.tokens), count, axes=own),
            names_tell_ids=is_tokenizer(tokens),
        )
    padding = inputs_of(model, inputs)
    names, modality = named_list(tokens)
    is_masked = modality in ("", padding.modality)  # the mask is of these tokens, and not of another stack's
    axes = preceded(probe_axes(names, inputs if is_masked else {}, row, model=model), padding, row)
    lengths = lengths_of(axes, tokens, padding, row)
    return ProbeRow(tag, axes, track, lengths=lengths, names_tell_ids=is_tokenizer(tokens))


def is_tokenizer(tokens: Any) -> bool:
    """Whether the names of a text are made of its ids: by a tokenizer, a processor's, or that of a stack."""
    given = tokens.values() if isinstance(tokens, Mapping) else (tokens,)
    return any(
        hasattr(getattr(each, "tokenizer", each), "convert_ids_to_tokens")
        for each in given
        if each is not None
    )


def names_stacks(tokens: Any) -> bool:
    """Whether the lists are worked out from images, sounds, a processor or nothing."""
    from tensorboard_plugin_attn.capturing import is_by_stack

    return is_by_stack(tokens)


def has_batch_axis(inputs: Any) -> bool:
    """Whether the first axis is certainly the batch: of token ids, else of images or sounds.

    Some models take all patches of an image, or all images of a text, along their first axis.
    """
    if not isinstance(inputs, Mapping):
        first = inputs[0] if isinstance(inputs, tuple | list) and inputs else inputs
        return len(getattr(first, "shape", ())) == 4
    for name, axes in BATCHED.items():
        shape = getattr(inputs.get(name), "shape", None)
        if shape is not None:
            return len(shape) == axes
    return False


BATCHED = {"input_ids": 2, "inputs_embeds": 3, "pixel_values": 4, "input_features": 3, "input_values": 2}
"""Axes of a batch of each input, texts first: they say how many inputs there are, whatever images they hold."""


def spans_ranks(model: Any, ranks: str = "auto") -> bool:
    """Whether every rank runs the forward of a probe of this model.

    Raises:
        InvalidRecordError: ``ranks`` is no such word, or rank 0 cannot run this model by itself.
    """
    from tensorboard_plugin_attn.capturing import needs_every_rank, num_ranks

    if ranks not in RANKS:
        raise InvalidRecordError(f"ranks must be one of {', '.join(RANKS)}, got {ranks!r}")
    if ranks == "auto":
        return needs_every_rank(model)
    if ranks == "rank0" and num_ranks() > 1 and needs_every_rank(model):
        raise InvalidRecordError(
            'ranks="rank0" cannot be: the parameters of this model are spread over the ranks, so that all must run '
            'its forward; call add_probe on every rank, with ranks="auto" or "all"'
        )
    return ranks == "all"


def meeting(*, is_alone: bool, receives: bool, everyone: bool, keeps_own: bool) -> Meeting:
    """How the ranks take part in a probe; ``everyone``: each rank gets every head, else rank 0."""
    from tensorboard_plugin_attn.capturing import Meeting

    return Meeting(is_alone, receives, None if everyone else 0, keeps_own)


def fill_drafts(
    model: Any, inputs: Any, rows: Sequence[ProbeRow], meeting: Meeting | None = None, **options: Any
) -> None:
    """Run one undisturbed forward, the layers of each row into its draft; a row's error is kept in it.

    Args:
        rows: of all inputs; where another rank writes their drafts stay empty: the forward is run with it.
        meeting: how the ranks take part; None: this process is the only one.
        options: query_key, layers, heads, windows.
    """
    from tensorboard_plugin_attn.capturing import Row, layers_of, probe_rows
    from tensorboard_plugin_attn.capturing.inputs.hashing import input_hash

    receivers = []
    for number, row in enumerate(rows):
        if row.draft is not None:
            row.draft.input_hash = input_hash(inputs, number, names_tell_ids=row.names_tell_ids)
            checks_itself = bool(row.draft.axes.query_numbers)  # a part does
            lengths = None if checks_itself else row.lengths
            receivers.append(Row(number, adding_to(row.draft), lengths, len(rows)))
    with decoder_named(model, inputs):
        session = probe_rows(model, inputs, receivers, meeting=meeting, streams=streams_of(rows), **options)
    drafts = [row.draft for row in rows if row.draft is not None and row.draft.part is None]
    whole = layers_of(model, session.modules, [each.module for each in session.left_out]) if drafts else None
    if whole is not None:
        for draft in drafts:
            draft.model_layers, draft.missing = whole
    for row, receiver in zip(rows, receivers, strict=True):
        row.error = receiver.error or (mask_ignored(receiver.padding_share) if len(rows) > 1 else None)
        if row.error is None and not receiver.handed and (meeting is None or meeting.receives):
            ignored = mask_ignored(receiver.padding_share)
            row.error = ignored or why_nothing(receiver, session, options.get("layers"), row.axes)


def streams_of(rows: Sequence[ProbeRow]) -> Any:
    """Which layers the drafts take as blocks of rows; parts of a record take none."""
    from tensorboard_plugin_attn.capturing import Streams

    drafts = [row.draft for row in rows if row.draft is not None]
    if not drafts or drafts[0].part is not None:
        return None
    draft = drafts[0]
    above = SMALL_BYTES if all(each.is_by_rows for each in drafts) else None
    return Streams(functools.partial(draft.keeping.streams, draft.precision), above, lets_go=True)


def why_nothing(receiver: Any, session: Any, layers: Any, axes: TokenAxes) -> Exception:
    """The error of a probe that gave no layer: its tokens name none, all are windows, or there is no attention."""
    from tensorboard_plugin_attn.capturing import no_whole_map, nothing_handed

    if receiver.misfit is not None:
        return misfit(*receiver.misfit, axes=axes)
    return no_whole_map(receiver.windows) if receiver.windows else nothing_handed(session, layers)


def adding_to(draft: Draft) -> Any:
    """What takes a layer into a draft."""
    return lambda number, layer: draft.add(layer, number)


def mask_ignored(share: float) -> CaptureError | None:
    """The error of a model whose attention sees the padding of a batch; None when it does not."""
    if not share:
        return None
    return CaptureError(
        f"the model gives padding a weight of up to {share:.3g}: it does not use attention_mask, so that a padded "
        f"input is not what it gives alone; log these probes one at a time, without padding"
    )


def misfit(layer: int, queries: int, keys: int, *, axes: TokenAxes) -> InvalidRecordError:
    """The error of tokens that name the positions of no layer."""
    counts = [f"tokens has {len(axes.tokens)}"]
    if axes.decoder_tokens is not None:
        counts.append(f"decoder_tokens has {len(axes.decoder_tokens)}")
    return InvalidRecordError(
        f"layer {layer} has {queries} query positions and {keys} key positions but {' and '.join(counts)} entries; "
        f"pass one token per position, special tokens included, padding cropped from both"
        + (
            "; where positions are split over ranks, let every rank write its own: "
            "AttentionWriter(…, part=Part(rank, ranks, queries=…))"
            if queries < keys
            else ""
        )
    )
