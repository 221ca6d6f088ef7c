"""A probe and an objective → its draft told what each head changes, before its layers come."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tensorboard_plugin_attn.errors import CaptureError, InvalidRecordError
from tensorboard_plugin_attn.writing.decoder_ids import decoder_named
from tensorboard_plugin_attn.writing.probe_rows import ProbeRow

if TYPE_CHECKING:
    from tensorboard_plugin_attn.writing.part import Part

__all__ = ["add_effects", "check_effect"]


def check_effect(effect: Any, ablate: bool, tag: Any, *, spans: bool, part: Part | None) -> None:
    """Refuse what has no effect of its own to measure.

    Raises:
        InvalidRecordError: ``effect`` is no objective, or of several probes at once; ``ablate`` without it.
        CaptureError: the forward is one of several ranks together.
    """
    if effect is None:
        if ablate:
            raise InvalidRecordError(
                'ablate=True needs an objective: effect="loss" or a function of the outputs'
            )
        return
    from tensorboard_plugin_attn.capturing import check_objective

    check_objective(effect)
    if not isinstance(tag, str):
        raise InvalidRecordError(
            f"effect is of one input: a batch of {len(tag)} probes has one objective; log them one at a time"
        )
    if spans or part is not None:
        raise CaptureError(
            "effect: the forward of this probe is one of several ranks together, whose gradients meet in a backward of "
            "all; log without effect, or in a run on one device"
        )


def add_effects(model: Any, inputs: Any, rows: Sequence[ProbeRow], effect: Any, ablate: bool) -> None:
    """Measure the effect of every head, for the draft of the one probe that there is.

    Raises:
        CaptureError: there is no such objective, or no gradient can be had.
    """
    from tensorboard_plugin_attn.capturing import head_effects

    for row in rows:
        if row.draft is not None and effect is not None:
            with decoder_named(model, inputs):
                row.draft.extra.add_effects(
                    head_effects(model, inputs, effect, ablate=ablate), row.draft.names
                )
