"""A model in training and one input → its attention, layer by layer, from a forward that disturbs nothing."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from torch import nn

from tensorboard_plugin_attn.capturing.calls.checking import warn_differing, warn_fewer
from tensorboard_plugin_attn.capturing.calls.sighting import LeftOut, Sighting
from tensorboard_plugin_attn.capturing.calls.streamed import Streams
from tensorboard_plugin_attn.capturing.inputs.fitting import Lengths
from tensorboard_plugin_attn.capturing.inputs.placeholders import image_token
from tensorboard_plugin_attn.capturing.inputs.rows import OnLayer, Row, not_there
from tensorboard_plugin_attn.capturing.inputs.virtual import virtual_tokens
from tensorboard_plugin_attn.capturing.inputs.windows import scatters
from tensorboard_plugin_attn.capturing.probing.forward import Forward
from tensorboard_plugin_attn.capturing.probing.meeting import Meeting, RankWork
from tensorboard_plugin_attn.capturing.session import Session, warn_left_out
from tensorboard_plugin_attn.capturing.watching.names import ModuleNames, unwrap
from tensorboard_plugin_attn.errors import CaptureError

__all__ = ["ProbeResult", "nothing_handed", "probe", "probe_rows"]


@dataclass(frozen=True)
class ProbeResult:
    """What a probe forward gave.

    ``calls``: attention calls of the model, wanted or not; ``layers``: those handed on; ``tokens`` and
    ``decoder_tokens``: indices of the positions that were kept, None where nothing was cropped.
    """

    calls: int
    layers: int
    left_out: tuple[LeftOut, ...]
    tokens: list[int] | None
    decoder_tokens: list[int] | None


def probe(
    model: nn.Module,
    inputs: Any,
    *,
    on_layer: OnLayer,
    query_key: bool = False,
    layers: Collection[int] | None = None,
    heads: Collection[int] | None = None,
    batch: int = 0,
    lengths: Lengths | None = None,
) -> ProbeResult:
    """Run one undisturbed forward and hand on each layer's attention as soon as it is computed.

    Args:
        model: any module, in any training or compiled state; it is left as it was.
        inputs: a mapping of keyword arguments, a tuple of positional ones, or one tensor.
        on_layer: called with the layer's number and a LayerAttention with weights ``[head, query, key]``,
            torch float32, padding cropped.
        query_key: keep query and key vectors too.
        layers: numbers of the attention calls to keep, None for all.
        heads: numbers of the heads to keep, None for all.
        batch: which input of the batch.
        lengths: how many tokens the record has; layers of other lengths are left out with a warning. None: any.

    Raises:
        CaptureError: no attention was seen, or a layer or head that was asked for is not there.
    """
    row = Row(batch, on_layer, lengths)
    session = probe_rows(model, inputs, [row], query_key=query_key, layers=layers, heads=heads)
    if row.error is not None:
        raise row.error
    if not row.handed:
        raise nothing_handed(session, layers)
    crop = row.crop
    return ProbeResult(
        session.count,
        row.handed,
        tuple(session.left_out),
        None if crop is None or crop.encoder is None else crop.encoder.positions.tolist(),
        None if crop is None or crop.decoder_kept is None else crop.decoder_kept.positions.tolist(),
    )


def probe_rows(
    model: nn.Module,
    inputs: Any,
    rows: Sequence[Row],
    *,
    query_key: bool = False,
    layers: Collection[int] | None = None,
    heads: Collection[int] | None = None,
    values: bool = False,
    meeting: Meeting | None = None,
    streams: Streams | None = None,
    windows: str | None = None,
) -> Session:
    """Run one undisturbed forward of a batch and hand on each layer of each row as soon as it is computed.

    What a row's ``on_layer`` raises is kept in the row, and other rows go on. ``meeting``: how the other ranks take
    part, None: not at all; ``streams``: which layers come without weights, as blocks of rows, None: none. On a rank
    that receives nothing the rows stay empty, and the model runs so that this rank takes part in the forward of
    another. ``values``: measure the length of each key's value. ``windows``: as in ``capture``.
    """
    inner = unwrap(model)
    names = ModuleNames(inner)
    ranks = RankWork(inner, names, meeting or Meeting(keeps_own=True))
    misfits: list[tuple[Row, LeftOut]] = []

    def hand_on(session: Session, index: int, sighting: Sighting) -> None:
        whole = ranks.whole(sighting)
        if whole is None:
            return
        for row in rows:
            name, reason = row.take(index, whole, session.padding, heads)
            if reason:
                misfits.append((row, LeftOut(name, "attention", reason)))

    only = rows[0].batch if len(rows) == 1 and rows[0].inputs == 1 else None
    make_session = functools.partial(
        Session,
        query_key=query_key,
        wanted=layers if rows and ranks.looks else (),
        row=only,
        virtual=virtual_tokens(inner),
        image_token=image_token(inner),
        streams=None if ranks.exchanges else streams,
        values=values and not (ranks.is_distributed and (ranks.gathers or ranks.meeting.keeps_own)),
        follows=not ranks.is_distributed,
        scatters=scatters(windows),
    )
    can_plan = bool(rows) and layers is None and not ranks.is_distributed
    asked = (only is None, query_key, values, streams is None) if can_plan else None
    session = Forward(inner, inputs, names, ranks, make_session, hand_on, asked).run()
    for row in rows:
        row.error = ranks.error or row.error
    is_any_handed = any(row.handed for row in rows)
    session.left_out += [each for row, each in misfits if row.handed or not is_any_handed]
    if is_any_handed:
        warn_left_out(session.left_out)
        warn_differing(session.differing)
        warn_fewer(session.fewer)
    for told in {row.crop.told(row.names) for row in rows if row.crop is not None} - {""}:
        warnings.warn(told, stacklevel=3)
    return session


def nothing_handed(session: Session, layers: Collection[int] | None) -> CaptureError:
    """The error of a probe that gave no layer."""
    is_choice = session.count and layers is not None and not session.left_out
    return not_there("layers", layers, session.count) if is_choice else session.nothing_found()
