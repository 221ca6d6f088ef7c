"""Evolution as the reader and the tab get it: marks in words, roles at each step, hints, from logged records."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
from logs.random_attention import softmax_weights, token_list

from tensorboard_plugin_attn import AttentionReader, AttentionWriter, LayerAttention
from tensorboard_plugin_attn.record.tokens import TokenAxes
from tensorboard_plugin_attn.studying.evolution import Evolution, became
from tensorboard_plugin_attn.studying.roles import UNCLASSIFIED

TOKENS = token_list(12)
STEPS = list(range(0, 200, 10))


def pattern(step: int) -> np.ndarray:
    """Two layers of three heads; head 1.2 becomes a previous-token head at step 100."""
    rng = np.random.default_rng(step)
    weights = np.stack([softmax_weights(3, 12, 12, layer) for layer in range(2)])
    weights *= np.exp(rng.normal(size=weights.shape) * 0.05)
    if step >= 100:
        weights[1, 2] += 9 * np.eye(12, k=-1)
    return (weights / weights.sum(axis=-1, keepdims=True)).astype(np.float32)


def log(logdir: Path, steps: list[int] = STEPS, broken: dict[int, np.ndarray] | None = None) -> Evolution:
    with AttentionWriter(logdir) as writer:
        for step in steps:
            weights = (broken or {}).get(step, pattern(step))
            writer.add_attention("p", weights, TOKENS, step, track={"3→4": (3, 4)})
    return AttentionReader(logdir).evolution(".", "p")


def test_the_head_that_became_something_is_told_with_its_step(tmp_path: Path) -> None:
    (mark,) = log(tmp_path).marks()
    assert (mark.step, mark.layer, mark.head) == (100, 1, 2)
    assert mark.metric == "previous_token"
    assert mark.became == "previous-token"
    assert mark.before < 0.2
    assert mark.after > 0.8
    assert mark.size == pytest.approx(mark.after - mark.before)


@pytest.mark.parametrize(
    ("name", "words"), [("entropy", "sharpens"), ("effect", "effect falls"), ("ablation", "ablation falls")]
)
def test_of_a_head_whose_role_emerged_the_shape_and_effect_that_came_with_it_are_not_told(
    name: str, words: str, tmp_path: Path
) -> None:
    evolution = log(tmp_path)
    evolution.names[evolution.names.index("entropy")] = name
    other, role = (evolution.names.index(each) for each in (name, "previous_token"))
    evolution.emergence.before[1, 2, other], evolution.emergence.after[1, 2, other] = 1, 0
    assert abs(evolution.emergence.size[1, 2, other]) > evolution.emergence.size[1, 2, role]
    assert [mark.became for mark in evolution.marks()] == ["previous-token"]
    evolution.roles.roles[-1, 1, 2] = UNCLASSIFIED
    assert [mark.became for mark in evolution.marks()] == [words]


def test_its_role_is_known_from_that_step_on(tmp_path: Path) -> None:
    evolution = log(tmp_path)
    roles = [evolution.roles.name(index, 1, 2) for index in range(len(STEPS))]
    assert roles == ["unclassified"] * 10 + ["previous-token"] * 10


def test_thresholds_choose_what_is_told(tmp_path: Path) -> None:
    evolution = log(tmp_path)
    assert evolution.marks(smallest=0.95) == []
    assert len(evolution.marks(smallest=0.001, factor=0)) > 1


def test_a_healthy_run_has_no_hint(tmp_path: Path) -> None:
    evolution = log(tmp_path)
    assert evolution.hints == []
    assert evolution.probe_changes == []


def test_a_mask_bug_is_reported_first_with_its_step(tmp_path: Path) -> None:
    causal = {step: np.tril(pattern(step)) for step in STEPS}
    causal = {step: each / each.sum(axis=-1, keepdims=True) for step, each in causal.items()}
    causal[130] = causal[130].copy()
    causal[130][0, 1, 2, 2:4] = causal[130][0, 1, 2, 2] / 2
    evolution = log(tmp_path, broken=causal)
    hint = evolution.hints[0]
    assert (hint.kind, hint.step, hint.layer, hint.severity) == ("mask_changed", 130, 0, "error")
    assert evolution.probe_changes == [130, 140]


def test_a_collapse_is_reported_with_its_step(tmp_path: Path) -> None:
    broken = {}
    for step in STEPS[12:]:
        broken[step] = pattern(step)
        broken[step][0, 1] = np.eye(12)[5]
    (hint,) = log(tmp_path, broken=broken).hints
    assert (hint.kind, hint.step, hint.layer, hint.heads) == ("entropy_collapse", 120, 0, [1])


def test_nan_is_reported_first_with_its_step(tmp_path: Path) -> None:
    with AttentionWriter(tmp_path) as writer:
        for step in STEPS:
            weights = pattern(step)
            if step >= 140:
                weights[1, 0, 3] = np.nan
            draft = writer.draft("p", step, TokenAxes(TOKENS), None, allow_nan=True)
            for layer in weights:
                draft.add(LayerAttention(layer))
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", RuntimeWarning)
                writer.hand_over("p", draft, step)
    evolution = AttentionReader(tmp_path).evolution(".", "p")
    hint = evolution.hints[0]
    assert (hint.kind, hint.step, hint.last_step, hint.layer, hint.heads) == ("nan", 140, 190, 1, [0])
    assert [(mark.step, mark.layer, mark.head) for mark in evolution.marks()] == [(100, 1, 2)]


def test_steps_of_metrics_alone_and_damaged_ones_fit_in(tmp_path: Path) -> None:
    log(tmp_path, [step for step in STEPS if step not in (50, 110)])
    with AttentionWriter(tmp_path) as writer:
        writer.add_attention("p", pattern(50), TOKENS, 50, metrics_only=True)
    directory = next((tmp_path / "plugins" / "attn").iterdir())
    (directory / f"{110:012d}.safetensors").write_bytes(b"cut")
    evolution = AttentionReader(tmp_path).evolution(".", "p")
    assert 50 in evolution.steps
    assert 110 not in evolution.steps
    assert [(mark.step, mark.layer, mark.head) for mark in evolution.marks()] == [(100, 1, 2)]


@pytest.mark.parametrize(
    ("metric", "rose", "words"),
    [
        ("entropy", True, "spreads out"),
        ("first_token", True, "first-token sink"),
        ("she→nurse", True, "attends she→nurse"),
        ("she→nurse", False, "leaves she→nurse"),
        ("effect", False, "effect falls"),
        ("my_share", True, "my share rises"),
    ],
)
def test_what_a_head_became_is_said_in_words(metric: str, rose: bool, words: str) -> None:
    assert became(metric, rose, {"she→nurse"}) == words


def log_texts(logdir: Path, texts: dict[int, list[str]]) -> Evolution:
    """The weights of a step, and from a step on another text."""
    with AttentionWriter(logdir) as writer:
        for step in STEPS:
            tokens = texts[max(each for each in texts if each <= step)]
            writer.add_attention("p", pattern(step)[:, :, : len(tokens), : len(tokens)], tokens, step)
    return AttentionReader(logdir).evolution(".", "p")


def test_what_comes_with_another_text_is_no_change_of_a_head(tmp_path: Path) -> None:
    shorter = [f"other {place}" for place in range(12)]
    evolution = log_texts(tmp_path / "with", {0: TOKENS, 100: shorter})
    assert (evolution.probe_changes, evolution.marks()) == ([100], [])
    (mark,) = log_texts(tmp_path / "after", {0: shorter, 50: TOKENS}).marks()
    assert (mark.step, mark.layer, mark.head, mark.metric) == (100, 1, 2, "previous_token")
    (mark,) = log_texts(tmp_path / "before", {0: TOKENS, 150: shorter}).marks()
    assert (mark.step, mark.layer, mark.head, mark.metric) == (100, 1, 2, "previous_token")


def test_of_a_text_that_is_another_one_at_every_step_no_change_is_told(tmp_path: Path) -> None:
    texts = {step: [f"{step} {place}" for place in range(12)] for step in STEPS}
    evolution = log_texts(tmp_path, texts)
    assert (evolution.probe_changes, evolution.marks()) == (STEPS[1:], [])
