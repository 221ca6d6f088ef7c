"""A training that ends in any way, an evaluation without one, a second training: what is logged, where and of which weights."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import pytest
import torch
from models.numbers import Numbers
from models.sharp_models import SMALL
from models.undisturbed_runs import Small
from torch import nn
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    DistilBertConfig,
    DistilBertForSequenceClassification,
    EarlyStoppingCallback,
    ElectraConfig,
    ElectraForSequenceClassification,
    Trainer,
    TrainerCallback,
    TrainingArguments,
    set_seed,
)

from tensorboard_plugin_attn import AttentionReader, capture
from tensorboard_plugin_attn.integrations.lightning import AttentionCallback as LightningCallback
from tensorboard_plugin_attn.integrations.run_directory import own_run
from tensorboard_plugin_attn.integrations.transformers import AttentionCallback

pytestmark = [
    pytest.mark.filterwarnings("ignore::lightning.pytorch.utilities.warnings.PossibleUserWarning"),  # advice
    pytest.mark.filterwarnings("ignore:.*treespec, LeafSpec.*"),  # lightning calls what torch will remove
]
IDS = torch.arange(6)[None]
PROBE = {"fixed": {"input_ids": IDS}}
MODELS: dict[str, Callable[[], nn.Module]] = {
    "bert": lambda: BertForSequenceClassification(BertConfig(**SMALL)),
    "electra": lambda: ElectraForSequenceClassification(ElectraConfig(**SMALL)),
    "distilbert": lambda: DistilBertForSequenceClassification(
        DistilBertConfig(vocab_size=100, dim=48, n_layers=2, n_heads=4, hidden_dim=64)
    ),
}
BY_LOSS = {
    "eval_strategy": "steps",
    "eval_steps": 1,
    "save_strategy": "steps",
    "save_steps": 1,
    "metric_for_best_model": "eval_loss",
    "load_best_model_at_end": True,
}


class Stop(TrainerCallback):
    """Stops the training at step 3, at one event."""

    def __init__(self, event: str) -> None:
        setattr(self, event, self.stop)
        self.seen: list[np.ndarray[Any, Any]] = []

    def stop(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if state.global_step == 3:
            control.should_training_stop = True


class Weights(TrainerCallback):
    """The weights of the first layer after each optimiser step."""

    def __init__(self) -> None:
        self.at: dict[int, np.ndarray[Any, Any]] = {}

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        model = kwargs["model"]
        was = model.training
        with torch.no_grad(), capture(model.eval()) as captured:
            captured.model(input_ids=IDS)
        model.train(was)
        self.at[state.global_step] = captured.layers[0].weights[0].numpy()


def trainer(directory: Path, *callbacks: TrainerCallback, model: str = "bert", **options: Any) -> Trainer:
    set_seed(0)
    arguments = TrainingArguments(
        output_dir=str(directory),
        per_device_train_batch_size=4,
        use_cpu=True,
        disable_tqdm=True,
        seed=0,
        **{"max_steps": 8, "report_to": [], "save_strategy": "no", **options},
    )
    data = Numbers()
    return Trainer(MODELS[model](), arguments, train_dataset=data, eval_dataset=data, callbacks=[*callbacks])


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("is_first", [True, False], ids=["before the stopper", "after the stopper"])
def test_early_stopping_logs_the_last_step_with_the_weights_that_were_trained(
    tmp_path: Path, model: str, is_first: bool
) -> None:
    ours = AttentionCallback(
        PROBE, every=1000, metrics_every=None, logdir=tmp_path / "log", precision="float32"
    )
    stopper, weights = EarlyStoppingCallback(2), Weights()
    callbacks = [ours, stopper] if is_first else [stopper, ours]
    made = trainer(tmp_path, weights, *callbacks, model=model, max_steps=50, learning_rate=3.0, **BY_LOSS)
    made.train()
    last = max(weights.at)
    assert last < 50
    assert made.state.best_global_step < last
    record = AttentionReader(tmp_path / "log").read(".", "fixed", last)
    np.testing.assert_allclose(record.layers[0].weights, weights.at[last], atol=1e-6)
    assert AttentionReader(tmp_path / "log").steps(".", "fixed") == [0, last]


@pytest.mark.parametrize("event", ["on_step_begin", "on_step_end", "on_log", "on_evaluate", "on_save"])
def test_whoever_stops_a_training_its_last_step_is_logged(tmp_path: Path, event: str) -> None:
    options = {
        "logging_steps": 1,
        "eval_strategy": "steps",
        "eval_steps": 1,
        "save_strategy": "steps",
        "save_steps": 1,
    }
    ours = AttentionCallback(PROBE, every=1000, logdir=tmp_path / "log")
    made = trainer(tmp_path, ours, Stop(event), **options)
    made.train()
    assert AttentionReader(tmp_path / "log").steps(".", "fixed") == [0, made.state.global_step]


def test_an_evaluation_alone_is_logged_and_the_training_after_it_goes_on_there(tmp_path: Path) -> None:
    ours = AttentionCallback(PROBE, every=4, logdir=tmp_path / "log")
    made = trainer(tmp_path, ours)
    made.evaluate()
    reader = AttentionReader(tmp_path / "log")
    assert reader.steps(".", "fixed") == [0]
    made.train()
    made.evaluate()
    assert (reader.runs(), reader.steps(".", "fixed")) == (["."], [0, 4, 8])


def test_a_second_training_is_told_and_has_a_run_of_its_own(tmp_path: Path) -> None:
    for run, steps in ((".", 4), ("run-2", 2), ("run-3", 3)):
        made = trainer(tmp_path, AttentionCallback(PROBE, every=1), max_steps=steps)
        if run == ".":
            made.train()
        else:
            with pytest.warns(RuntimeWarning, match=f"earlier training.*{run}"):
                made.train()
        assert AttentionReader(tmp_path / "runs").steps(run, "fixed") == list(range(steps + 1))
    assert AttentionReader(tmp_path / "runs").runs() == [".", "run-2", "run-3"]


def test_a_resumed_training_goes_on_in_the_newest_run(tmp_path: Path) -> None:
    options: dict[str, Any] = {"save_strategy": "steps", "save_steps": 2}
    trainer(tmp_path, AttentionCallback(PROBE, every=1), max_steps=4, **options).train()
    with pytest.warns(RuntimeWarning, match="earlier training"):
        trainer(tmp_path, AttentionCallback(PROBE, every=1), max_steps=4, **options).train()
    resumed = trainer(tmp_path, AttentionCallback(PROBE, every=1), max_steps=6, **options)
    resumed.train(resume_from_checkpoint=str(tmp_path / "checkpoint-2"))
    reader = AttentionReader(tmp_path / "runs")
    assert reader.steps(".", "fixed") == [0, 1, 2, 3, 4]
    assert reader.steps("run-2", "fixed") == [0, 1, 2, 3, 4, 5, 6]


def test_purge_step_deletes_the_earlier_training_instead(tmp_path: Path) -> None:
    trainer(tmp_path, AttentionCallback(PROBE, every=1), max_steps=4).train()
    trainer(tmp_path, AttentionCallback(PROBE, every=1, purge_step=0), max_steps=2).train()
    assert AttentionReader(tmp_path / "runs").steps(".", "fixed") == [0, 1, 2]


def test_the_trainers_own_writer_in_an_old_directory_is_not_mixed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TENSORBOARD_LOGGING_DIR", str(tmp_path / "tb"))
    trainer(tmp_path, AttentionCallback(PROBE, every=1), max_steps=4, report_to=["tensorboard"]).train()
    with pytest.warns(RuntimeWarning, match="earlier training"):
        trainer(tmp_path, AttentionCallback(PROBE, every=1), max_steps=2, report_to=["tensorboard"]).train()
    reader = AttentionReader(tmp_path / "tb")
    assert [reader.steps(run, "fixed") for run in (".", "run-2")] == [[0, 1, 2, 3, 4], [0, 1, 2]]


def test_a_url_keeps_its_form_below(tmp_path: Path) -> None:
    import fsspec

    place = f"memory://{tmp_path.name}/runs"
    assert own_run(place, 0) is None
    with fsspec.open(f"{place}/plugins/attn/fixed/000000000000.safetensors", "wb") as file:
        file.write(b"x")
    with pytest.warns(RuntimeWarning, match="earlier training"):
        assert own_run(place, 0) == f"{place}/run-2"
    assert own_run(place, 7) is None


class Module(lightning.LightningModule):
    """Trains a small model; its validation loss grows."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = Small()
        self.worse = 0.0

    def training_step(self, batch: list[torch.Tensor], index: int) -> torch.Tensor:
        loss: torch.Tensor = self.inner(batch[0], labels=batch[0].flip(1))
        return loss

    def validation_step(self, batch: list[torch.Tensor], index: int) -> None:
        self.worse += 1
        self.log("loss", self.worse)

    test_step = validation_step

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.AdamW(self.inner.parameters(), lr=1e-2)


def loader() -> Any:
    numbers = torch.randint(0, 40, (16, 8), generator=torch.Generator().manual_seed(1))
    return torch.utils.data.DataLoader(torch.utils.data.TensorDataset(numbers), batch_size=4, num_workers=0)


def lightning_trainer(directory: Path, *callbacks: Any, **options: Any) -> lightning.Trainer:
    return lightning.Trainer(
        callbacks=[*callbacks],
        default_root_dir=directory,
        accelerator="cpu",
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
        logger=False,
        **{"max_epochs": 2, **options},
    )


def test_lightnings_early_stopping_logs_the_last_step(tmp_path: Path) -> None:
    stopper = lightning.pytorch.callbacks.EarlyStopping("loss", patience=1)
    made = lightning_trainer(tmp_path, LightningCallback(PROBE, every=1000), stopper, max_epochs=50)
    made.fit(Module(), loader(), loader())
    assert made.current_epoch < 49
    assert AttentionReader(tmp_path / "runs").steps(".", "fixed") == [0, made.global_step]


def test_lightnings_average_at_the_end_is_not_taken_for_the_last_steps_weights(tmp_path: Path) -> None:
    class Average(lightning.Callback):
        def on_train_end(self, trainer: Any, pl_module: Any) -> None:
            self.last = [parameter.detach().clone() for parameter in pl_module.parameters()]
            with torch.no_grad():
                for parameter in pl_module.parameters():
                    parameter.zero_()

    average, module = Average(), Module()
    made = lightning_trainer(tmp_path, average, LightningCallback(PROBE, every=1000, precision="float32"))
    made.fit(module, loader(), loader())
    with torch.no_grad():
        for parameter, last in zip(module.parameters(), average.last, strict=True):
            parameter.copy_(last)
        module.eval()
        with capture(module.inner) as captured:
            captured.model(IDS)
    record = AttentionReader(tmp_path / "runs").read(".", "fixed", 8)
    np.testing.assert_allclose(record.layers[0].weights, captured.layers[0].weights[0].numpy(), atol=1e-6)


@pytest.mark.parametrize("what", ["validate", "test"])
def test_lightnings_evaluation_alone_is_logged(tmp_path: Path, what: str) -> None:
    made = lightning_trainer(tmp_path, LightningCallback(PROBE, every="evaluate"))
    getattr(made, what)(Module(), loader(), verbose=False)
    assert AttentionReader(tmp_path / "runs").steps(".", "fixed") == [0]


def test_lightnings_second_training_has_a_run_of_its_own(tmp_path: Path) -> None:
    lightning_trainer(tmp_path, LightningCallback(PROBE, every=1)).fit(Module(), loader(), loader())
    with pytest.warns(RuntimeWarning, match="earlier training"):
        lightning_trainer(tmp_path, LightningCallback(PROBE, every=1), max_epochs=1).fit(
            Module(), loader(), loader()
        )
    reader = AttentionReader(tmp_path / "runs")
    assert [reader.steps(run, "fixed")[-1] for run in (".", "run-2")] == [8, 4]
