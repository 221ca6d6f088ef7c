"""Lightning's events → attention records of fixed probes."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from tensorboard_plugin_attn.capturing import needs_every_rank
from tensorboard_plugin_attn.integrations.model_inputs import num_parameters
from tensorboard_plugin_attn.integrations.probe_inputs import Probe
from tensorboard_plugin_attn.integrations.training_log import TrainingLog, attribute_name

if TYPE_CHECKING or ("lightning" not in sys.modules and "pytorch_lightning" in sys.modules):
    import pytorch_lightning as pl
else:
    try:
        import lightning.pytorch as pl
    except ImportError:
        import pytorch_lightning as pl

__all__ = ["AttentionCallback"]


class AttentionCallback(pl.Callback):
    """Logs fixed probes while Lightning trains; training is bitwise the same with and without it.

    Args:
        probes: tag → a text, a pair of texts (source and target of an encoder-decoder), chat messages, a picture or
            ``(picture, text)`` where there is a processor, or the model's keyword arguments, such as a sound's.
        every: ``"epoch"``, ``"evaluate"`` or a number of steps; the first and last step are always logged, and a
            ``validate`` or ``test`` outside a training.
        early_steps: also at steps 1, 2, 4, 8, ….
        metrics_every: also the head metrics alone, every so many steps: small files, cheap to log; None: never.
        track: tag → token pairs to follow as metrics, such as ``{"doctor/she": {"she→nurse": ("she", "nurse")}}``.
        tokenizer: the tokenizer or processor for probes that are texts or pictures; None: the LightningModule's
            ``processor``, ``tokenizer``, ``image_processor`` or ``feature_extractor``, where it has one.
        tokens: what names the positions, as in ``AttentionWriter.add_probe``: of all probes, or tag → of each; None:
            the tokenizer where there are token ids, else their numbers.
        model: the name of the LightningModule's attribute that the probes are run through; None: the
            LightningModule where it has a ``forward``, else its largest part. Under FSDP always the LightningModule.
        logdir: None: that of the Trainer's TensorBoardLogger, into whose event file index events and scalars go;
            where there is none, ``<default_root_dir>/runs``. A new training never goes on with the records of an
            earlier one: it is logged to ``run-2``, ``run-3``, … below.
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
        >>> Trainer(..., callbacks=[AttentionCallback({"doctor/she": "the doctor …"}, tokenizer=tokenizer)])
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
        super().__init__()
        self.model = attribute_name(model)
        self.last_step = -1
        self.training = TrainingLog(
            probes, every=every, early_steps=early_steps, metrics_every=metrics_every, track=track,
            tokenizer=tokenizer, tokens=tokens, logdir=logdir, query_key=query_key, layers=layers, heads=heads, ranks=ranks,
            windows=windows, queries=queries, effect=effect, effect_every=effect_every, writer_options=writer_options,
        )  # fmt: skip

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        """Open the writer; a resumed training writes anew what came after the checkpoint."""
        self.training.open(trainer.global_step, lambda: target(trainer))
        self.log_event("begin", trainer, pl_module)

    def on_train_batch_end(
        self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """After a batch; only an optimiser step makes it a step."""
        if trainer.global_step != self.last_step:
            self.log_event("step", trainer, pl_module)

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        """After an epoch; the last one is logged before another callback averages the weights."""
        self.log_event("end" if is_last_epoch(trainer) else "epoch", trainer, pl_module)

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        """After an evaluation, of a training or alone, the sanity check before the training aside."""
        if self.training.is_training:
            self.log_event("evaluate", trainer, pl_module)
        elif not trainer.sanity_checking:
            self.log_evaluation(trainer, pl_module)

    def on_test_end(self, trainer: Any, pl_module: Any) -> None:
        """After a test."""
        self.log_evaluation(trainer, pl_module)

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        """Log the last step and write what is still queued."""
        self.log_event("end", trainer, pl_module)
        self.training.close()

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        """Write what is still queued."""
        self.training.close()

    def log_event(self, event: str, trainer: Any, pl_module: Any) -> None:
        """Log every probe, if the schedule says so."""
        self.last_step = trainer.global_step
        model = partial(self.probed, trainer, pl_module)
        self.training.log(event, trainer.global_step, model, processor_of(pl_module))

    def log_evaluation(self, trainer: Any, pl_module: Any) -> None:
        """Log every probe once, outside a training."""
        model = partial(self.probed, trainer, pl_module)
        self.training.log_evaluation(
            trainer.global_step, partial(target, trainer), model, processor_of(pl_module)
        )

    def probed(self, trainer: Any, pl_module: Any) -> Any:
        """The module that the probes are run through."""
        outer = getattr(trainer.strategy, "model", None) or pl_module
        if needs_every_rank(outer):
            return outer
        if self.model is not None:
            return pl_module.get_submodule(self.model)
        if type(pl_module).forward is not pl.LightningModule.forward:
            return pl_module
        return max(pl_module.children(), key=num_parameters, default=pl_module)


def processor_of(pl_module: Any) -> Any:
    """What the LightningModule makes its inputs with: a processor where it has one, else its tokenizer."""
    return next((found for name in PROCESSORS if (found := getattr(pl_module, name, None)) is not None), None)


PROCESSORS = "processor", "tokenizer", "image_processor", "feature_extractor"


def is_last_epoch(trainer: Any) -> bool:
    """Whether the training ends with this epoch."""
    is_out = 0 <= trainer.max_steps <= trainer.global_step
    return bool(trainer.should_stop or is_out or trainer.current_epoch + 1 == trainer.max_epochs)


def target(trainer: Any) -> Any:
    """Where to write: the SummaryWriter of the Trainer's TensorBoardLogger, or a directory."""
    for logger in trainer.loggers:
        is_tensorboard = any(each.__name__ == "TensorBoardLogger" for each in type(logger).__mro__)
        if is_tensorboard and trainer.is_global_zero:  # other ranks have a dummy that takes every name
            return logger.experiment
    return os.path.join(trainer.default_root_dir, "runs")  # noqa: PTH118 - may be a URL
