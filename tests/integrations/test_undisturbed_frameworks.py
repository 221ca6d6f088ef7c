"""Trainer and accelerate: losses, gradient norms, random states and flags are bitwise the same with probes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import accelerate
import pytest
import torch
from accelerate.state import AcceleratorState
from models.number_data import Numbers
from models.undisturbed_runs import Small, log_probe, random_state, seed
from torch import nn
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    Trainer,
    TrainerCallback,
    TrainingArguments,
    set_seed,
)

from tensorboard_plugin_attn import AttentionReader, AttentionWriter
from tensorboard_plugin_attn.integrations.transformers import AttentionCallback

pytestmark = [  # the first two are raised inside torch.compile
    pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor:UserWarning"),
    pytest.mark.filterwarnings(
        "ignore:`gradient_checkpointing` is deprecated"
    ),  # its name before transformers 5
]
PROBES: dict[str, Any] = {
    "one": {"input_ids": torch.arange(6)[None]},
    "two": {"input_ids": torch.arange(9)[None]},
}


class Traced(TrainerCallback):
    """Keeps what each step left; added after the probes' callback, so that it sees what that one left."""

    def __init__(self) -> None:
        self.steps: list[Any] = []
        self.logs: list[Any] = []

    def on_step_end(self, args: Any, state: Any, control: Any, model: Any = None, **kwargs: Any) -> None:
        self.steps += [random_state(), [module.training for module in model.modules()]]

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
        if "loss" in logs:
            self.logs.append((state.global_step, logs["loss"], logs["grad_norm"]))


def run_trainer(directory: Path, *callbacks: Any, resume: Any = None, **options: Any) -> Traced:
    set_seed(0)
    config = BertConfig(
        vocab_size=50, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=32
    )
    traced = Traced()
    arguments = TrainingArguments(
        output_dir=str(directory),
        per_device_train_batch_size=4,
        per_device_eval_batch_size=4,
        logging_steps=1,
        use_cpu=True,
        disable_tqdm=True,
        seed=0,
        **{"report_to": [], "save_strategy": "no", "max_steps": 8, **options},
    )
    model = BertForSequenceClassification(config)
    trainer = Trainer(
        model, arguments, train_dataset=Numbers(), eval_dataset=Numbers(), callbacks=[*callbacks, traced]
    )
    trainer.train(resume_from_checkpoint=resume)
    return traced


SETUPS = [
    pytest.param({}, id="plain"),
    pytest.param({"gradient_checkpointing": True}, id="gradient checkpointing"),
    pytest.param({"bf16": True}, id="bf16"),
    pytest.param(
        {"gradient_accumulation_steps": 2, "eval_strategy": "steps", "eval_steps": 3}, id="accumulation"
    ),
    pytest.param(
        {"torch_compile": True, "torch_compile_backend": "eager"}, id="torch_compile", marks=pytest.mark.slow
    ),
    pytest.param({"torch_compile": True}, id="torch_compile, inductor", marks=pytest.mark.slow),
]


@pytest.mark.parametrize("options", SETUPS)
def test_the_trainer_trains_bitwise_the_same(options: dict[str, Any], tmp_path: Path) -> None:
    callback = AttentionCallback(PROBES, every=2, metrics_every=1, query_key=True, logdir=tmp_path / "log")
    with_it = run_trainer(tmp_path / "with", callback, **options)
    torch.compiler.reset()
    without = run_trainer(tmp_path / "without", **options)
    assert with_it.logs == without.logs
    assert with_it.steps == without.steps
    assert [step for step, _, _ in without.logs] == list(range(1, 9))
    reader = AttentionReader(tmp_path / "log")
    assert [reader.steps(".", tag) for tag in PROBES] == [list(range(9))] * 2


def test_the_trainer_resumed_from_a_checkpoint_writes_later_steps_anew(tmp_path: Path) -> None:
    log = tmp_path / "log"
    saving = {"save_strategy": "steps", "save_steps": 4}
    run_trainer(tmp_path, AttentionCallback(PROBES, every=1, logdir=log), **saving)
    assert AttentionReader(log).steps(".", "one") == list(range(9))
    callback = AttentionCallback(PROBES, every=3, logdir=log)
    run_trainer(tmp_path, callback, resume=str(tmp_path / "checkpoint-4"), **saving)
    assert AttentionReader(log).steps(".", "one") == [0, 1, 2, 3, 4, 6, 8]


def test_metrics_are_logged_every_fifty_steps_unless_told_otherwise(tmp_path: Path) -> None:
    run_trainer(tmp_path, AttentionCallback(PROBES, every=60, logdir=tmp_path / "log"), max_steps=61)
    kinds = {each.step: each.kind for each in AttentionReader(tmp_path / "log").step_files(".", "one")}
    assert kinds == {0: "weights", 50: "metrics", 60: "weights", 61: "weights"}


def test_a_writer_that_cannot_be_opened_is_told_once_and_training_goes_on(tmp_path: Path) -> None:
    callback = AttentionCallback(PROBES, every=1, precision="int4", logdir=tmp_path)
    with pytest.warns(RuntimeWarning, match="attention is not logged.*precision must be one of") as told:
        traced = run_trainer(tmp_path, callback)
    assert len(told) == 1
    assert len(traced.logs) == 8


@pytest.mark.parametrize("precision", ["no", "bf16"])
def test_accelerate_trains_bitwise_the_same(precision: str, tmp_path: Path) -> None:
    def run(writer: AttentionWriter | None) -> list[Any]:
        AcceleratorState._reset_state(reset_partial_state=True)  # one process may have one precision
        seed()
        model = Small().train()
        accelerator = accelerate.Accelerator(cpu=True, mixed_precision=precision)
        optimizer: Any = torch.optim.AdamW(model.parameters(), lr=1e-2)
        numbers = torch.randint(0, 40, (24, 8))
        loader: Any = torch.utils.data.DataLoader(numbers, batch_size=4, shuffle=True)
        model, optimizer, loader = accelerator.prepare(model, optimizer, loader)
        trace: list[Any] = []
        for step, ids in enumerate(loader):
            loss = model(input_ids=ids, labels=ids.flip(1))
            accelerator.backward(loss)
            norm = nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad()
            if writer is not None:
                log_probe(writer, model, step)
            trace += [loss.item(), norm.item(), random_state(), [each.training for each in model.modules()]]
        return trace

    with AttentionWriter(tmp_path) as writer:
        assert run(writer) == run(None)
    assert AttentionReader(tmp_path).steps(".", "long") == list(range(6))
