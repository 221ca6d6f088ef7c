"""Two gloo processes that train under the Trainer's or Lightning's DDP, with the callback and without → JSON.

python tests/models/framework_ranks.py trainer|lightning DIRECTORY
"""

from __future__ import annotations

import importlib
import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import torch
from models.leaving_ranks import leave
from models.undisturbed_runs import Small, random_state, seed
from torch import nn

RANKS = 2
PROBES: dict[str, Any] = {
    "one": {"input_ids": torch.arange(6)[None]},
    "two": {"input_ids": torch.arange(8)[None]},
}


class Counted(Small):
    """Keeps the batches it is trained on, and what each step left."""

    def __init__(self) -> None:
        super().__init__()
        self.trace: list[Any] = []

    def forward(self, input_ids: torch.Tensor, labels: Any = None) -> Any:
        if labels is not None:
            self.trace.append(["batch", int(input_ids.sum())])
        return super().forward(input_ids, labels=labels)

    def note(self, *what: Any) -> None:
        flags = [module.training for module in self.modules()]
        self.trace.append([*what, random_state(), flags])


def numbers() -> list[dict[str, torch.Tensor]]:
    generator = torch.Generator().manual_seed(1)
    rows = torch.randint(0, 40, (16, 8), generator=generator)
    return [{"input_ids": row, "labels": row.flip(0)} for row in rows]


def with_trainer(directory: Path, callbacks: list[Any]) -> list[Any]:
    from transformers import Trainer, TrainerCallback, TrainingArguments, set_seed

    class ForTrainer(Counted):
        def forward(self, input_ids: torch.Tensor, labels: Any = None) -> Any:
            result = super().forward(input_ids, labels)
            return result if labels is None else {"loss": result}

    class Traced(TrainerCallback):
        """Added after the probes' callback, so that it sees what that one left."""

        def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            model.note()

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
            model.trace.append([logs.get("loss"), logs.get("grad_norm")])

    set_seed(0)
    model = ForTrainer()
    arguments = TrainingArguments(
        str(directory / "out"), max_steps=4, per_device_train_batch_size=2, logging_steps=1, use_cpu=True,
        ddp_backend="gloo", disable_tqdm=True, save_strategy="no", report_to=["tensorboard"] if callbacks else [],
    )  # fmt: skip
    Trainer(model, arguments, train_dataset=numbers(), callbacks=[*callbacks, Traced()]).train()  # type: ignore[arg-type] # a list is a dataset
    return model.trace


def with_lightning(directory: Path, callbacks: list[Any]) -> list[Any]:
    import lightning
    from lightning.pytorch.loggers import TensorBoardLogger

    class Module(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.inner = Counted()

        def training_step(self, batch: dict[str, torch.Tensor], index: int) -> torch.Tensor:
            loss: torch.Tensor = self.inner(**batch)
            self.inner.note(loss.item())
            return loss

        def on_before_optimizer_step(self, optimizer: Any) -> None:
            gradients = [each.grad for each in self.inner.parameters()]
            self.inner.note(float(nn.utils.get_total_norm(gradients)))

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return torch.optim.AdamW(self.parameters(), lr=1e-2)

    seed()
    module = Module()
    loader = torch.utils.data.DataLoader(numbers(), batch_size=2, shuffle=True)  # type: ignore[arg-type] # a list is a dataset
    lightning.Trainer(
        default_root_dir=directory, max_steps=4, accelerator="cpu", devices=RANKS, strategy="ddp",
        logger=TensorBoardLogger(directory, name="", version="") if callbacks else False, log_every_n_steps=1,
        enable_progress_bar=False, enable_model_summary=False, enable_checkpointing=False, callbacks=callbacks,
    ).fit(module, loader)  # fmt: skip
    return module.inner.trace


def compare(framework: str, directory: Path) -> dict[str, Any]:
    """Both trainings as this rank saw them, and what it wrote."""
    trainings = {"trainer": with_trainer, "lightning": with_lightning}
    module = {"trainer": "transformers", "lightning": "lightning"}[framework]
    integration = importlib.import_module(f"tensorboard_plugin_attn.integrations.{module}")
    callback = integration.AttentionCallback(PROBES, every=2, metrics_every=1, query_key=True)
    written: list[int] = []
    close = callback.training.close

    def counted() -> None:
        writer = callback.training.writer
        close()
        written.append(-1 if writer is None else writer.num_written)

    callback.training.close = counted
    train = trainings[framework]
    return {"with": train(directory, [callback]), "without": train(directory, []), "written": written}


def main(framework: str, directory: Path) -> None:
    torch.set_num_threads(1)
    found = compare(framework, directory)
    rank = torch.distributed.get_rank()
    (directory / f"rank{rank}.json").write_text(json.dumps(found))
    leave()


def start(framework: str, directory: Path) -> list[Any]:
    """Run both ranks, as torchrun does; what each of them found."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    shared = {
        "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": str(RANKS), "OMP_NUM_THREADS": "1",
        "LOCAL_WORLD_SIZE": str(RANKS), "GLOO_SOCKET_IFNAME": "lo", "TORCHELASTIC_RUN_ID": "none",
        "GROUP_RANK": "0", "NODE_RANK": "0",
    }  # fmt: skip
    command = [sys.executable, __file__, framework, str(directory)]
    processes = [
        subprocess.Popen(
            command, env={**os.environ, **shared, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )
        for rank in range(RANKS)
    ]  # fmt: skip
    errors = []
    try:
        errors = [process.communicate(timeout=300)[1] for process in processes]
    finally:
        for process in processes:
            process.kill()
    assert [process.returncode for process in processes] == [0] * RANKS, errors[0][-4000:] + errors[1][-4000:]
    return [json.loads((directory / f"rank{rank}.json").read_text()) for rank in range(RANKS)]


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
