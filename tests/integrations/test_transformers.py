"""The Trainer's callback: what it logs, when, into whose event file, and that training does not notice."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from models.number_data import Numbers
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    Trainer,
    TrainerCallback,
    TrainingArguments,
    set_seed,
)

from tensorboard_plugin_attn import AttentionReader
from tensorboard_plugin_attn.errors import InvalidRecordError
from tensorboard_plugin_attn.integrations.transformers import AttentionCallback

PROBE = {"fixed": {"input_ids": torch.arange(6)[None]}}


class Losses(TrainerCallback):
    """Keeps what the Trainer logs."""

    def __init__(self) -> None:
        self.values: list[Any] = []

    def on_log(
        self, args: Any, state: Any, control: Any, logs: Mapping[str, Any] | None = None, **kwargs: Any
    ) -> None:
        self.values.append(
            (logs or {}).get("loss"),
        )
        self.values.append((logs or {}).get("grad_norm"))


def train(directory: Path, *callbacks: TrainerCallback, steps: int = 8, **options: Any) -> list[Any]:
    """Train a small BERT with dropout; the losses and gradient norms of every step."""
    set_seed(0)
    config = BertConfig(
        vocab_size=50, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=32
    )
    losses = Losses()
    arguments = TrainingArguments(
        output_dir=str(directory),
        max_steps=steps,
        per_device_train_batch_size=4,
        logging_steps=1,
        save_strategy="no",
        use_cpu=True,
        disable_tqdm=True,
        seed=0,
        **{"report_to": [], **options},
    )
    model = BertForSequenceClassification(config)
    Trainer(model, arguments, train_dataset=Numbers(), callbacks=[losses, *callbacks]).train()
    return losses.values


@pytest.mark.parametrize(
    ("every", "expected"),
    [
        ("epoch", [0, 4, 8]),
        (3, [0, 3, 6, 8]),
        (100, [0, 8]),
    ],
)
def test_logs_the_first_and_last_step_and_those_of_the_schedule(
    tmp_path: Path, every: str | int, expected: list[int]
) -> None:
    train(tmp_path, AttentionCallback(PROBE, every=every, logdir=tmp_path / "log"))
    assert AttentionReader(tmp_path / "log").steps(".", "fixed") == expected


def test_early_steps_add_powers_of_two(tmp_path: Path) -> None:
    train(tmp_path, AttentionCallback(PROBE, every=100, early_steps=True, logdir=tmp_path / "log"))
    assert AttentionReader(tmp_path / "log").steps(".", "fixed") == [0, 1, 2, 4, 8]


def test_uses_the_trainers_own_event_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENSORBOARD_LOGGING_DIR", str(tmp_path / "tb"))
    train(tmp_path, AttentionCallback(PROBE, every=4), report_to=["tensorboard"])
    assert AttentionReader(tmp_path / "tb").steps(".", "fixed") == [0, 4, 8]
    assert len(list((tmp_path / "tb").glob("events*"))) == 1
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(tmp_path / "tb"))
    events.Reload()
    assert "attn/fixed/entropy_mean" in events.Tags()["scalars"]
    assert [event.step for event in events.Tensors("attn/fixed")] == [0, 4, 8]


def test_training_is_bitwise_the_same_with_and_without_it(tmp_path: Path) -> None:
    with_it = train(tmp_path / "a", AttentionCallback(PROBE, every=1, logdir=tmp_path / "log"), steps=20)
    without = train(tmp_path / "b", steps=20)
    assert with_it == without
    assert len([value for value in without if value is not None]) >= 40


def test_a_probe_that_fails_is_told_once_and_training_goes_on(tmp_path: Path) -> None:
    callback = AttentionCallback(
        {**PROBE, "bad": "text without a tokenizer"}, every=2, logdir=tmp_path / "log"
    )
    with pytest.warns(RuntimeWarning, match="'bad' was not logged.*needs a tokenizer") as told:
        losses = train(tmp_path, callback)
    assert len([warning for warning in told if "was not logged" in str(warning.message)]) == 1
    assert losses[0] is not None
    assert AttentionReader(tmp_path / "log").tags(".") == ["fixed"]


def test_a_schedule_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match='"epoch", "evaluate" or a number of steps, got \'daily\''):
        AttentionCallback(PROBE, every="daily")


def test_metrics_are_logged_between_the_patterns_of_chosen_rows_with_the_tracked_pairs(
    tmp_path: Path,
) -> None:
    track = {"fixed": {"first": (3, 0)}}
    callback = AttentionCallback(
        PROBE,
        every="epoch",
        metrics_every=2,
        track=track,
        logdir=tmp_path / "log",
        query_key=True,
        queries=[0, 2],
    )
    train(tmp_path, callback)
    reader = AttentionReader(tmp_path / "log")
    kinds = {each.step: each.kind for each in reader.step_files(".", "fixed")}
    assert kinds == {0: "weights", 2: "metrics", 4: "weights", 6: "metrics", 8: "weights"}
    series = reader.metrics(".", "fixed")
    assert series.steps.tolist() == [0, 2, 4, 6, 8]
    for name in ("entropy", "max_score", "change_previous", "first"):
        assert not np.isnan(series.values[1:, ..., series.names.index(name)]).any()
    weights = reader.read(".", "fixed", 8).layers[0].weights
    assert np.isnan(np.delete(weights, [0, 2], axis=1)).all()
    assert not np.isnan(weights[:, [0, 2]]).any()


@pytest.mark.parametrize(
    ("options", "why"),
    [({"metrics_every": 0}, "metrics_every must be"), ({"track": {"other": {}}}, "track names probes")],
    ids=str,
)
def test_what_cannot_be_scheduled_or_tracked_is_refused(options: dict[str, Any], why: str) -> None:
    with pytest.raises(InvalidRecordError, match=why):
        AttentionCallback(PROBE, **options)


LABELLED = {"fixed": {"input_ids": torch.arange(6)[None], "labels": torch.tensor([1])}}


def has_effect(directory: Path) -> dict[int, bool]:
    """Step → whether its record has the effects of all heads."""
    series = AttentionReader(directory).metrics(".", "fixed")
    column = series.names.index("effect")
    return {
        step: bool(np.isfinite(values[..., column]).all())
        for step, values in zip(series.steps, series.values, strict=True)
    }


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"every": 4, "metrics_every": 2}, {0: True, 2: False, 4: True, 6: False, 8: True}),
        (
            {"every": 4, "metrics_every": 2, "effect_every": 3},
            {0: True, 2: False, 4: True, 6: False, 8: True},
        ),
        (
            {"every": 8, "metrics_every": 2, "effect_every": 2},
            {0: True, 2: True, 4: True, 6: True, 8: True},
        ),
    ],
)
def test_effects_are_logged_as_often_as_asked_and_training_is_bitwise_the_same(
    tmp_path: Path, options: dict[str, Any], expected: dict[int, bool]
) -> None:
    plain = train(tmp_path)
    callback = AttentionCallback(LABELLED, effect="loss", logdir=tmp_path / "log", **options)
    assert train(tmp_path, callback) == plain
    assert has_effect(tmp_path / "log") == expected


def test_without_labels_the_probe_is_logged_without_effects_and_it_is_said_once(tmp_path: Path) -> None:
    with pytest.warns(RuntimeWarning, match="without effects.*labels") as told:
        train(tmp_path, AttentionCallback(PROBE, every=4, effect="loss", logdir=tmp_path / "log"))
    assert sum("without effects" in str(each.message) for each in told) == 1
    reader = AttentionReader(tmp_path / "log")
    assert reader.steps(".", "fixed") == [0, 4, 8]
    assert "effect" not in reader.metrics(".", "fixed").names


@pytest.mark.parametrize("wrong", [{"effect": 3}, {"effect": "loss", "effect_every": 0}])
def test_an_effect_that_is_none_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidRecordError, match=r"effect must be|effect_every must be"):
        AttentionCallback(PROBE, **wrong)


def test_a_model_in_place_of_its_name_is_refused_at_once() -> None:
    with pytest.raises(TypeError, match=r"model must be the name of the attribute .*, got Linear"):
        AttentionCallback({"a": "b"}, model=torch.nn.Linear(1, 1))  # type: ignore[arg-type]
