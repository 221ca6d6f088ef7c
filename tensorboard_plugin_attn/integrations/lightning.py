"""Lightning's events → attention records of fixed probes."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tensorboard_plugin_attn.capturing import needs_every_rank
from tensorboard_plugin_attn.integrations.batching import Probe
from tensorboard_plugin_attn.integrations.training_log import TrainingLog

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
        probes: tag → a text, a pair of texts, or the model's keyword arguments.
        every: ``"epoch"``, ``"evaluate"`` or a number of steps; the first and last step are always logged.
        early_steps: also at steps 1, 2, 4, 8, ….
        metrics_every: also the head metrics alone, every so many steps: small files, cheap to log; None: never.
        track: tag → token pairs to follow as metrics, such as ``{"doctor/she": {"she→nurse": ("she", "nurse")}}``.
        tokenizer: for probes that are texts; None: the LightningModule's ``tokenizer``, where it has one.
        model: the name of the LightningModule's attribute that the probes are run through; None: the
            LightningModule where it has a ``forward``, else its largest part. Under FSDP always the LightningModule.
        logdir: None: that of the Trainer's TensorBoardLogger, into whose event file index events and scalars go;
            where there is none, ``<default_root_dir>/runs``.
        query_key: as for ``AttentionWriter.add_probe``.
        layers: likewise.
        heads: likewise.
        ranks: likewise.
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
        model: str | None = None,
        logdir: str | os.PathLike[str] | None = None,
        query_key: bool = False,
        layers: Sequence[int] | None = None,
        heads: Sequence[int] | None = None,
        ranks: str = "auto",
        **writer_options: Any,
    ) -> None:
        super().__init__()
        self.model = model
        self.last_step = -1
        self.training = TrainingLog(
            probes, every=every, early_steps=early_steps, metrics_every=metrics_every, track=track,
            tokenizer=tokenizer, logdir=logdir, query_key=query_key, layers=layers, heads=heads, ranks=ranks,
            writer_options=writer_options,
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
        """After an epoch."""
        self.log_event("epoch", trainer, pl_module)

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        """After an evaluation, the sanity check before the training aside."""
        if not trainer.sanity_checking:
            self.log_event("evaluate", trainer, pl_module)

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
        tokenizer = getattr(pl_module, "tokenizer", None)
        self.training.log(event, trainer.global_step, lambda: self.probed(trainer, pl_module), tokenizer)

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


def num_parameters(module: Any) -> int:
    """How many numbers a module learns."""
    return sum(int(parameter.numel()) for parameter in module.parameters())


def target(trainer: Any) -> Any:
    """Where to write: the SummaryWriter of the Trainer's TensorBoardLogger, or a directory."""
    for logger in trainer.loggers:
        is_tensorboard = any(each.__name__ == "TensorBoardLogger" for each in type(logger).__mro__)
        if is_tensorboard and trainer.is_global_zero:  # other ranks have a dummy that takes every name
            return logger.experiment
    return os.path.join(trainer.default_root_dir, "runs")  # noqa: PTH118 - may be a URL
