"""What a framework tells of its training → a writer, and the probes logged when they are due."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tensorboard_plugin_attn.integrations.batching import Probe
from tensorboard_plugin_attn.integrations.probes import Probes
from tensorboard_plugin_attn.integrations.schedule import Schedule
from tensorboard_plugin_attn.warn import tell
from tensorboard_plugin_attn.writing.writer import AttentionWriter

__all__ = ["TrainingLog"]


class TrainingLog:
    """The part of the callbacks that all frameworks share. A fault of ours is told once and stops no training."""

    def __init__(
        self,
        probes: Mapping[str, Probe],
        *,
        every: str | int,
        early_steps: bool,
        metrics_every: int | None,
        track: Mapping[str, Mapping[str, Any]] | None,
        tokenizer: Any,
        logdir: str | os.PathLike[str] | None,
        query_key: bool,
        layers: Sequence[int] | None,
        heads: Sequence[int] | None,
        ranks: str,
        writer_options: Mapping[str, Any],
    ) -> None:
        self.probes = Probes(
            probes, {"query_key": query_key, "layers": layers, "heads": heads, "ranks": ranks}, track
        )
        self.schedule = Schedule(every, early_steps=early_steps, metrics_every=metrics_every)
        self.tokenizer = tokenizer
        self.logdir = logdir
        self.writer_options = dict(writer_options)
        self.writer: AttentionWriter | None = None
        self.told = False

    def open(self, step: int, target: Callable[[], Any]) -> None:
        """Open the writer on ``logdir``, else on ``target()``; a resumed training writes later steps anew."""
        options = dict(self.writer_options)
        if step > 0:
            options.setdefault("purge_step", step + 1)
        self.schedule.logged = None
        try:
            self.writer = AttentionWriter(target() if self.logdir is None else self.logdir, **options)
        except Exception as error:  # noqa: BLE001 - training goes on without a log
            self.tell(error)

    def log(self, event: str, step: int, model: Callable[[], Any], tokenizer: Any = None) -> None:
        """Log every probe, if the schedule says so, after one of the schedule's events."""
        if self.writer is None:
            return
        whole = self.schedule.is_due(step, event)
        if not (whole or self.schedule.is_metrics_due(step, event)):
            return
        try:
            known = tokenizer if self.tokenizer is None else self.tokenizer
            self.probes.log(self.writer, model(), known, step, metrics_only=not whole)
        except Exception as error:  # noqa: BLE001 - training goes on without this record
            self.tell(error)

    def close(self) -> None:
        """Write what is still queued."""
        if self.writer is not None:
            self.writer.close()
            self.writer = None

    def tell(self, error: Exception) -> None:
        """Warn, once."""
        if not self.told:
            self.told = True
            tell(f"attention is not logged: {error!r}; training goes on")
