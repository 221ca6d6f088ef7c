"""Hugging Face Trainer's events → attention records of fixed probes."""

from __future__ import annotations

import inspect
import os
from collections.abc import Mapping, Sequence
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.trainer_callback import CallbackHandler

from tensorboard_plugin_attn.integrations.batching import Probe
from tensorboard_plugin_attn.integrations.training_log import TrainingLog

__all__ = ["AttentionCallback"]


class AttentionCallback(TrainerCallback):
    """Logs fixed probes while the Trainer trains; training is bitwise the same with and without it.

    Args:
        probes: tag → a text, a pair of texts, or the model's keyword arguments.
        every: ``"epoch"``, ``"evaluate"`` or a number of steps; the first and last step are always logged.
        early_steps: also at steps 1, 2, 4, 8, ….
        metrics_every: also the head metrics alone, every so many steps: small files, cheap to log; None: never.
        track: tag → token pairs to follow as metrics, such as ``{"doctor/she": {"she→nurse": ("she", "nurse")}}``.
        tokenizer: None: the Trainer's ``processing_class``.
        logdir: None: that of the Trainer's own TensorBoard callback, into whose event file index events and
            scalars go; where there is none, ``<output_dir>/runs``.
        query_key: as for ``AttentionWriter.add_probe``.
        layers: likewise.
        heads: likewise.
        ranks: likewise.
        writer_options: as for ``AttentionWriter``: precision, metrics, scalars, ….

    Examples:
        >>> Trainer(..., callbacks=[AttentionCallback({"doctor/she": "the doctor asked …"}, every="epoch")])
    """

    def __init__(
        self,
        probes: Mapping[str, Probe],
        *,
        every: str | int = "epoch",
        early_steps: bool = False,
        metrics_every: int | None = 50,
        track: Mapping[str, Mapping[str, Any]] | None = None,
        tokenizer: Any = None,
        logdir: str | os.PathLike[str] | None = None,
        query_key: bool = False,
        layers: Sequence[int] | None = None,
        heads: Sequence[int] | None = None,
        ranks: str = "auto",
        **writer_options: Any,
    ) -> None:
        self.training = TrainingLog(
            probes, every=every, early_steps=early_steps, metrics_every=metrics_every, track=track,
            tokenizer=tokenizer, logdir=logdir, query_key=query_key, layers=layers, heads=heads, ranks=ranks,
            writer_options=writer_options,
        )  # fmt: skip

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Open the writer; a resumed training writes anew what came after the checkpoint."""
        self.training.open(state.global_step, lambda: target(args))
        self.log("begin", state, kwargs)

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """After an optimiser step; the last one is logged before the Trainer closes its event file."""
        is_last = control.should_training_stop or state.global_step >= state.max_steps
        self.log("end" if is_last else "step", state, kwargs)

    def on_epoch_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """After an epoch."""
        self.log("epoch", state, kwargs)

    def on_evaluate(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """After an evaluation."""
        self.log("evaluate", state, kwargs)

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Write what is still queued."""
        self.training.close()

    def log(self, event: str, state: TrainerState, kwargs: Mapping[str, Any]) -> None:
        """Log every probe, if the schedule says so."""
        tokenizer = kwargs.get("processing_class")
        self.training.log(event, state.global_step, lambda: kwargs["model"], tokenizer)


def target(args: TrainingArguments) -> Any:
    """Where to write: the Trainer's SummaryWriter, or a directory."""
    writer = trainer_summary_writer()
    return os.path.join(args.output_dir or "", "runs") if writer is None else writer  # noqa: PTH118 - may be a URL


def trainer_summary_writer() -> Any:
    """The SummaryWriter of the Trainer's own TensorBoard callback, None where it has none.

    A callback is given neither the Trainer nor its fellow callbacks, so they are looked up in the caller.
    """
    frame = inspect.currentframe()
    while frame is not None:
        handler = frame.f_locals.get("self")
        if isinstance(handler, CallbackHandler):
            writers = (getattr(callback, "tb_writer", None) for callback in handler.callbacks)
            return next((writer for writer in writers if writer is not None), None)
        frame = frame.f_back
    return None
