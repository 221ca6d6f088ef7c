"""What a framework tells of its training → a writer, and the probes logged when they are due."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tensorboard_plugin_attn.capturing import check_objective
from tensorboard_plugin_attn.integrations.probe_inputs import Probe
from tensorboard_plugin_attn.integrations.probes import Probes
from tensorboard_plugin_attn.integrations.run_directory import directory_of, own_run
from tensorboard_plugin_attn.integrations.schedule import Schedule
from tensorboard_plugin_attn.warn import tell
from tensorboard_plugin_attn.writing.process import standing
from tensorboard_plugin_attn.writing.writer import AttentionWriter

__all__ = ["TrainingLog", "attribute_name"]


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
        tokens: Any,
        logdir: str | os.PathLike[str] | None,
        query_key: bool,
        layers: Sequence[int] | None,
        heads: Sequence[int] | None,
        ranks: str,
        windows: str | None,
        queries: Sequence[int] | None,
        effect: Any = None,
        effect_every: int | None = None,
        writer_options: Mapping[str, Any],
    ) -> None:
        options = {
            "query_key": query_key,
            "layers": layers,
            "heads": heads,
            "ranks": ranks,
            "windows": windows,
            "queries": queries,
        }
        self.probes = Probes(probes, options, track, tokens)
        self.schedule = Schedule(
            every, early_steps=early_steps, metrics_every=metrics_every, effect_every=effect_every
        )
        if effect is not None:
            check_objective(effect)
        self.effect = effect
        self.tokenizer = tokenizer
        self.logdir = logdir
        self.writer_options = dict(writer_options)
        self.writer: AttentionWriter | None = None
        self.is_training = False
        self.placed: tuple[str, str | None] | None = None
        self.told = False

    def open(self, step: int, target: Callable[[], Any]) -> None:
        """Open the writer on ``logdir``, else on ``target()``; a resumed training writes later steps anew."""
        if self.is_training:  # the one before was broken off
            self.close()
        self.is_training = True
        self.schedule.logged = self.schedule.measured = None
        self.probes.forget()
        self.open_writer(step, target, {"purge_step": step + 1} if step > 0 else {})

    def open_writer(self, step: int, target: Callable[[], Any], options: Mapping[str, Any]) -> None:
        """Open the writer where no other training's records lie."""
        options = {**options, **self.writer_options}
        try:
            wanted = target() if self.logdir is None else self.logdir
            self.writer = AttentionWriter(self.place(wanted, step), **options)
        except Exception as error:  # noqa: BLE001 - training goes on without a log
            self.tell(error)

    def place(self, wanted: Any, step: int) -> Any:
        """Where to log: what was asked for, unless it holds another training's records.

        Ranks that write together share one directory, and one that purges has been given it. A training goes on
        where an evaluation before it was logged.
        """
        is_shared = bool(self.writer_options.get("all_ranks")) or self.writer_options.get("part") is not None
        if is_shared or "purge_step" in self.writer_options or standing().rank > 0:
            return wanted
        directory = directory_of(wanted)
        if self.placed is None or self.placed[0] != directory:
            self.placed = directory, own_run(directory, step)
        return wanted if self.placed[1] is None else self.placed[1]

    def log(self, event: str, step: int, model: Callable[[], Any], tokenizer: Any = None) -> None:
        """Log every probe, if the schedule says so, after one of the schedule's events."""
        if self.writer is None:
            return
        whole = self.schedule.is_due(step, event)
        if not (whole or self.schedule.is_metrics_due(step, event)):
            return
        try:
            known = tokenizer if self.tokenizer is None else self.tokenizer
            measures = self.effect is not None and self.schedule.takes_effect(step, has_weights=whole)
            effect = self.effect if measures else None
            self.probes.log(self.writer, model(), known, step, metrics_only=not whole, effect=effect)
        except Exception as error:  # noqa: BLE001 - training goes on without this record
            self.tell(error)

    def miss(self, step: int, reason: str) -> None:
        """Tell that a step that should be logged is not, unless it is."""
        if self.writer is not None and step != self.schedule.logged:
            tell(f"attention at step {step} was not logged: {reason}")

    def log_evaluation(
        self, step: int, target: Callable[[], Any], model: Callable[[], Any], tokenizer: Any = None
    ) -> None:
        """Log every probe once, for an evaluation outside a training, unless this step is logged already.

        A training that begins afterwards goes on in the same directory.
        """
        if step == self.schedule.logged:
            return
        self.open_writer(step, target, {})
        self.log("end", step, model, tokenizer)
        self.close_writer()

    def close(self) -> None:
        """Write what is still queued; the next training is another one."""
        self.close_writer()
        self.is_training, self.placed = False, None

    def close_writer(self) -> None:
        """Write what is still queued."""
        if self.writer is not None:
            self.writer.close()
            self.writer = None

    def tell(self, error: Exception) -> None:
        """Warn, once."""
        if not self.told:
            self.told = True
            tell(f"attention is not logged: {error!r}; training goes on")


def attribute_name(model: Any) -> str | None:
    """``model=`` of a callback. Raises TypeError where it is something else than the name of an attribute."""
    if model is not None and not isinstance(model, str):
        raise TypeError(
            f"model must be the name of the attribute of your model that the probes are run through, such as "
            f"'encoder' or 'model.decoder', got {type(model).__name__}"
        )
    return model
