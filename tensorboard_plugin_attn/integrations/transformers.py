"""Hugging Face Trainer's events → attention records of fixed probes."""

from __future__ import annotations

import inspect
import os
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.trainer_callback import CallbackHandler

from tensorboard_plugin_attn.capturing import needs_every_rank
from tensorboard_plugin_attn.capturing.watching.names import unwrap
from tensorboard_plugin_attn.integrations.probe_inputs import Probe
from tensorboard_plugin_attn.integrations.training_log import TrainingLog, attribute_name

__all__ = ["AttentionCallback"]


class AttentionCallback(TrainerCallback):
    """Logs fixed probes while the Trainer trains; training is bitwise the same with and without it.

    Args:
        probes: tag → a text, a pair of texts (source and target of an encoder-decoder), chat messages, a picture or
            ``(picture, text)`` where there is a processor, or the model's keyword arguments, such as a sound's.
        every: ``"epoch"``, ``"evaluate"`` or a number of steps; the first and last step are always logged, and an
            evaluation outside a training.
        early_steps: also at steps 1, 2, 4, 8, ….
        metrics_every: also the head metrics alone, every so many steps: small files, cheap to log; None: never.
        track: tag → token pairs to follow as metrics, such as ``{"doctor/she": {"she→nurse": ("she", "nurse")}}``.
        tokenizer: for probes that are texts; None: the Trainer's ``processing_class``.
        tokens: what names the positions, as in ``AttentionWriter.add_probe``: of all probes, or tag → of each; None:
            the tokenizer where there are token ids, else their numbers.
        model: the name of the model's attribute that the probes are run through; None: the model, or the largest
            part of it that takes the probe's keyword arguments. Under FSDP always the model.
        logdir: None: that of the Trainer's own TensorBoard callback, into whose event file index events and
            scalars go; where there is none, ``<output_dir>/runs``. A new training never goes on with the records of
            an earlier one: it is logged to ``run-2``, ``run-3``, … below.
        query_key, windows, queries: as for ``AttentionWriter.add_probe``.
        layers: likewise.
        heads: likewise.
        ranks: likewise.
        effect: likewise: log what each head does to the loss, or to a function of the model's outputs; each probe is then
            run by itself. For ``"loss"`` the probes must be keyword arguments with labels.
        effect_every: the least number of steps between records with effects, of weights or of metrics alone; None:
            those with weights have them.
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
        tokens: Any = None,
        model: str | None = None,
        logdir: str | os.PathLike[str] | None = None,
        query_key: bool = False,
        layers: Sequence[int] | None = None,
        heads: Sequence[int] | None = None,
        ranks: str = "auto",
        windows: Literal["scatter"] | None = None,
        queries: Sequence[int] | None = None,
        effect: Any = None,
        effect_every: int | None = None,
        **writer_options: Any,
    ) -> None:
        self.model = attribute_name(model)
        self.last_weights: list[int] | None = None
        self.training = TrainingLog(
            probes, every=every, early_steps=early_steps, metrics_every=metrics_every, track=track,
            tokenizer=tokenizer, tokens=tokens, logdir=logdir, query_key=query_key, layers=layers, heads=heads, ranks=ranks,
            windows=windows, queries=queries, effect=effect, effect_every=effect_every, writer_options=writer_options,
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
        """After an epoch, and after the step at which a training is stopped early."""
        self.last_weights = versions(kwargs["model"])
        self.log("end" if control.should_training_stop else "epoch", state, kwargs)

    def on_evaluate(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """After an evaluation, of a training or alone."""
        if self.training.is_training:
            self.log("end" if control.should_training_stop else "evaluate", state, kwargs)
        else:
            self.training.log_evaluation(
                state.global_step, lambda: target(args), lambda: self.probed(kwargs), tokenizer_of(kwargs)
            )

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """After a checkpoint: what stops a training at an evaluation has done so by now."""
        if control.should_training_stop:
            self.log("end", state, kwargs)

    def on_log(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """With the figures of the whole training: its last step, while the model is still the one that was trained."""
        if "train_runtime" not in (kwargs.get("logs") or {}):
            return
        if args.load_best_model_at_end and versions(kwargs["model"]) != self.last_weights:
            self.training.miss(
                state.global_step, "the best model was loaded before the training told that it ended"
            )
        else:
            self.log("end", state, kwargs)

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Write what is still queued."""
        self.training.close()

    def log(self, event: str, state: TrainerState, kwargs: Mapping[str, Any]) -> None:
        """Log every probe, if the schedule says so."""
        self.training.log(event, state.global_step, lambda: self.probed(kwargs), tokenizer_of(kwargs))

    def probed(self, kwargs: Mapping[str, Any]) -> Any:
        """The module that the probes are run through."""
        model = kwargs["model"]
        if self.model is None or needs_every_rank(model):
            return model
        return unwrap(model).get_submodule(self.model)


def tokenizer_of(kwargs: Mapping[str, Any]) -> Any:
    """The tokenizer or processor that the Trainer was given."""
    return kwargs.get("processing_class")


def versions(model: Any) -> list[int]:
    """What tells whether a model's numbers were written anew."""
    return [parameter._version for parameter in model.parameters()]


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
