"""A draft that is complete → what the writing thread does with it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from typing import Any

from tensorboard_plugin_attn.encoding.format import Buffer, pack_record
from tensorboard_plugin_attn.storing import store
from tensorboard_plugin_attn.storing.pictures import picture_path
from tensorboard_plugin_attn.writing.delivery import Delivery, Pack
from tensorboard_plugin_attn.writing.draft import Draft
from tensorboard_plugin_attn.writing.queue import Job

__all__ = ["record_job"]


def record_job(delivery: Delivery, tag: str, step: int, draft: Draft, track: Sequence[dict[str, Any]]) -> Job:
    """Write one record; where there is no room, its head metrics alone."""
    kind = "metrics" if draft.metrics_only else "weights"
    pack, pack_small = packed(draft, tag, step, track, kind)
    directory = store.record_directory("", tag)
    path, small = (f"{directory}/{store.step_name(step, each, delivery.part)}" for each in (kind, "metrics"))
    place = delivery.bounded.where(path)
    media = {picture_path(directory, each.sha256): each.data for each in draft.axes.media.values()}
    write = partial(delivery.write_shown, media)
    if kind == "metrics":
        return Job(lambda: write(path, pack, path, pack), draft.nbytes, place)
    smaller = Job(lambda: write(small, pack_small, small, pack_small), draft.metric_bytes, place)
    return Job(lambda: write(path, pack, small, pack_small), draft.nbytes, place, smaller)


def packed(
    draft: Draft, tag: str, step: int, track: Sequence[dict[str, Any]], kind: str
) -> tuple[Pack, Pack]:
    """What gives the bytes of a record, encoded by then, and those of its head metrics alone."""
    now, names = time.time(), draft.names

    def pack(kind: str) -> list[Buffer]:
        draft.settle()
        if kind == "weights":
            draft.fit()
        return pack_record(
            tag, step, now, draft.axes, draft.layers, names,
            precision=draft.precision, left_out=draft.left_out() if kind == "weights" else (), track=track,
            kind=kind, input_hash=draft.input_hash, objective=draft.extra.objective,
            model_layers=draft.layer_count(), part=None if draft.part is None else draft.part.entry(),
            metric_weights=draft.metric_weights or None,
        )  # fmt: skip

    return partial(pack, kind), partial(pack, "metrics")
