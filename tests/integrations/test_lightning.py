"""Lightning's callback: what it logs, when, into whose event file, and that training does not notice."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import lightning
import models.image_models as image_models
import models.shown_models as shown_models
import numpy as np
import pytest
import torch
from lightning.pytorch.loggers import TensorBoardLogger
from models.undisturbed_runs import Small, random_state, seed
from torch import nn

from tensorboard_plugin_attn import AttentionReader
from tensorboard_plugin_attn.integrations.lightning import AttentionCallback
from tensorboard_plugin_attn.record.spans import patch_names

pytestmark = [
    pytest.mark.filterwarnings("ignore::lightning.pytorch.utilities.warnings.PossibleUserWarning"),  # advice
    pytest.mark.filterwarnings("ignore:.*treespec, LeafSpec.*"),  # lightning calls what torch will remove
]
PROBE = {"fixed": {"input_ids": torch.arange(6)[None]}}


class Module(lightning.LightningModule):
    """Trains a small model, and keeps what each step left."""

    def __init__(self) -> None:
        super().__init__()
        self.extra = nn.Linear(2, 2)
        self.inner = Small()
        self.trace: list[Any] = []

    def training_step(self, batch: list[torch.Tensor], index: int) -> torch.Tensor:
        loss: torch.Tensor = self.inner(batch[0], labels=batch[0].flip(1))
        self.trace += [loss.item(), random_state(), [module.training for module in self.modules()]]
        return loss

    def validation_step(self, batch: list[torch.Tensor], index: int) -> None:
        self.inner(batch[0])

    def on_before_optimizer_step(self, optimizer: Any) -> None:
        self.trace.append(float(nn.utils.get_total_norm([each.grad for each in self.inner.parameters()])))

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.AdamW(self.inner.parameters(), lr=1e-2)


class WithForward(Module):
    """Its forward doubles the layers that are seen."""

    def forward(self, input_ids: torch.Tensor) -> Any:
        return self.inner(input_ids), self.inner(input_ids)


def loader() -> Any:
    numbers = torch.randint(0, 40, (16, 8), generator=torch.Generator().manual_seed(1))
    return torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(numbers), batch_size=4, num_workers=0, shuffle=True
    )


def fit(directory: Path, *callbacks: Any, module: Module | None = None, **options: Any) -> list[Any]:
    seed()
    module = Module() if module is None else module
    settings = {
        "default_root_dir": directory,
        "max_epochs": 2,
        "accelerator": "cpu",
        "enable_progress_bar": False,
        "enable_model_summary": False,
        "enable_checkpointing": False,
        "logger": False,
        "log_every_n_steps": 1,
        **options,
    }
    path = settings.pop("ckpt_path", None)
    lightning.Trainer(callbacks=list(callbacks), **settings).fit(module, loader(), loader(), ckpt_path=path)
    return module.trace


@pytest.mark.parametrize(
    ("every", "expected"),
    [("epoch", [0, 4, 8]), ("evaluate", [0, 4, 8]), (3, [0, 3, 6, 8]), (100, [0, 8])],
)
def test_logs_the_first_and_last_step_and_those_of_the_schedule(
    every: str | int, expected: list[int], tmp_path: Path
) -> None:
    fit(tmp_path, AttentionCallback(PROBE, every=every))
    reader = AttentionReader(tmp_path / "runs")
    assert reader.steps(".", "fixed") == expected
    assert [layer.name for layer in reader.read(".", "fixed", 8).layers] == ["blocks.0", "blocks.1"]


def test_uses_the_tensorboard_loggers_event_file(tmp_path: Path) -> None:
    logger = TensorBoardLogger(tmp_path, name="", version="")
    fit(tmp_path, AttentionCallback(PROBE, every=4, metrics_every=2), logger=logger)
    assert len(list(tmp_path.rglob("events*"))) == 1
    reader = AttentionReader(tmp_path)
    kinds = {each.step: each.kind for each in reader.step_files(".", "fixed")}
    assert kinds == {0: "weights", 2: "metrics", 4: "weights", 6: "metrics", 8: "weights"}
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(tmp_path))
    events.Reload()
    assert "attn/fixed/entropy_mean" in events.Tags()["scalars"]
    assert sorted({event.step for event in events.Tensors("attn/fixed")}) == [0, 2, 4, 6, 8]


@pytest.mark.parametrize(
    "options", [{}, {"accumulate_grad_batches": 2}, {"precision": "bf16-mixed"}], ids=str
)
def test_training_is_bitwise_the_same_with_and_without_it(options: dict[str, Any], tmp_path: Path) -> None:
    callback = AttentionCallback(PROBE, every=1, query_key=True)
    with_it = fit(tmp_path, callback, **options)
    without = fit(tmp_path, **options)
    assert with_it == without
    assert len(without) >= 24
    assert len(AttentionReader(tmp_path / "runs").steps(".", "fixed")) == (
        5 if "accumulate_grad_batches" in options else 9
    )


def test_probes_run_through_the_forward_or_the_attribute_that_is_named(tmp_path: Path) -> None:
    fit(tmp_path, AttentionCallback(PROBE, logdir=tmp_path / "forward"), module=WithForward())
    named = AttentionCallback(PROBE, logdir=tmp_path / "named", model="inner")
    fit(tmp_path, named, module=WithForward())
    counts = [
        len(AttentionReader(tmp_path / name).read(".", "fixed", 8).layers) for name in ("forward", "named")
    ]
    assert counts == [4, 2]


def test_a_resumed_training_deletes_later_steps_and_writes_them_anew(tmp_path: Path) -> None:
    class Save(lightning.Callback):
        def on_train_batch_end(self, trainer: Any, *_: Any) -> None:
            if trainer.global_step == 4:
                trainer.save_checkpoint(tmp_path / "half.ckpt")

    fit(tmp_path, AttentionCallback(PROBE, every=1), Save())
    resumed = AttentionCallback(PROBE, every=3)
    fit(tmp_path, resumed, ckpt_path=tmp_path / "half.ckpt")
    assert AttentionReader(tmp_path / "runs").steps(".", "fixed") == [0, 1, 2, 3, 4, 6, 8]


def test_a_probe_that_fails_is_told_once_and_training_goes_on(tmp_path: Path) -> None:
    callback = AttentionCallback({**PROBE, "bad": "text without a tokenizer"}, every=2)
    with pytest.warns(RuntimeWarning, match="'bad' was not logged.*needs a tokenizer") as told:
        trace = fit(tmp_path, callback)
    assert len([warning for warning in told if "was not logged" in str(warning.message)]) == 1
    assert len(trace) >= 24
    assert AttentionReader(tmp_path / "runs").tags(".") == ["fixed"]


def test_a_writer_that_cannot_be_opened_is_told_once_and_training_goes_on(tmp_path: Path) -> None:
    callback = AttentionCallback(PROBE, every=1, precision="int4")
    with pytest.warns(RuntimeWarning, match="attention is not logged.*precision must be one of") as told:
        fit(tmp_path, callback)
    assert len([warning for warning in told if "is not logged" in str(warning.message)]) == 1


@pytest.mark.slow
def test_works_where_only_pytorch_lightning_is_installed() -> None:
    code = (
        "import sys; sys.modules['lightning'] = None; sys.modules['lightning.pytorch'] = None\n"
        "from tensorboard_plugin_attn.integrations.lightning import AttentionCallback\n"
        "import pytorch_lightning\n"
        "print(issubclass(AttentionCallback, pytorch_lightning.Callback))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "True", done.stderr[-2000:]


class Seen(Module):
    """Beside what it trains a vision model, and the processor that makes its pixels."""

    def __init__(self, name: str = "processor") -> None:
        super().__init__()
        self.viewer, _ = image_models.vit()
        setattr(self, name, image_models.Processor())


@pytest.mark.parametrize("name", ["processor", "image_processor"])
def test_a_picture_goes_through_the_modules_processor(name: str, tmp_path: Path) -> None:
    fit(
        tmp_path,
        AttentionCallback({"seen": image_models.PICTURE}, every=8, model="viewer", queries=[0]),
        module=Seen(name),
    )
    record = AttentionReader(tmp_path / "runs").read(".", "seen", 8)
    assert record.tokens == ["[CLS]", *patch_names(4, 4)]
    assert len(record.axes.pictures) == len(list(tmp_path.rglob("pictures/*"))) == 1
    is_missing = np.isnan(record.layers[0].weights).all(axis=(0, 2))
    assert is_missing.tolist() == [False] + [True] * 16


def test_windows_of_a_picture_are_put_together_where_asked(tmp_path: Path) -> None:
    module = Seen()
    module.viewer, inputs = shown_models.swin()
    fit(
        tmp_path,
        AttentionCallback({"seen": inputs}, every=8, model="viewer", windows="scatter"),
        module=module,
    )
    record = AttentionReader(tmp_path / "runs").read(".", "seen", 8)
    assert [layer.shape[1] for layer in record.layers] == [256, 256, 64, 64]


@pytest.mark.parametrize("kind", ["sound", "both"])
def test_sounds_and_mixed_inputs_are_probes_as_keyword_arguments(kind: str, tmp_path: Path) -> None:
    module = Seen()
    module.viewer, inputs = image_models.whisper() if kind == "sound" else image_models.clip()
    fit(tmp_path, AttentionCallback({"seen": inputs}, every=8, model="viewer"), module=module)
    record = AttentionReader(tmp_path / "runs").read(".", "seen", 8)
    kinds = {span["kind"] for spans in record.geometry.values() for span in spans}
    assert kinds == {"sound" if kind == "sound" else "image"}
    assert {layer.stack for layer in record.layers} == (
        {"encoder", "decoder"} if kind == "sound" else {"text", "vision"}
    )
