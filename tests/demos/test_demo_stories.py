"""The demos' data and the measures behind their floors, without training."""

from __future__ import annotations

import math
import random

import alignment
import digits
import distance_decay
import induction
import numpy as np
import pytest
import speech
import spoken_words
import torch
from models.tiny_bert import tiny_tokenizer

from tensorboard_plugin_attn import AttentionReader, AttentionRecord, AttentionWriter, LayerAttention
from tensorboard_plugin_attn.demonstrating import bias, pronouns, story

FLOORS = [
    (0.2, 0.15, None, True),
    (0.1, 0.15, None, False),
    (0.15, 0.15, None, True),
    (0.1, None, 0.1, True),
    (0.11, None, 0.1, False),
    (math.nan, None, 0.1, False),
    (math.inf, 0.5, None, True),
]
LOGGED = [(96, 24, 25), (300, 30, 31), (1, 24, 2), (3, 24, 4)]


@pytest.mark.parametrize(("found", "at_least", "at_most", "holds"), FLOORS)
def test_a_floor_holds_where_its_value_lies_in_the_range(
    found: float, at_least: float | None, at_most: float | None, holds: bool
) -> None:
    assert story.Floor("value", found, at_least, at_most).holds is holds


def test_the_table_names_each_floor_its_range_and_the_value_found() -> None:
    lines = story.table([story.Floor("good", 0.2, at_least=0.1), story.Floor("bad", 0.2, at_most=0.1)]).split(
        "\n"
    )
    assert lines[1].split() == ["good", "≥", "0.1", "0.2", "holds"]
    assert lines[2].split() == ["bad", "≤", "0.1", "0.2", "DOES", "NOT", "HOLD"]


@pytest.mark.parametrize(("steps", "times", "count"), LOGGED)
def test_logged_steps_hold_the_first_and_the_last(steps: int, times: int, count: int) -> None:
    logged = story.logged_steps(steps, times)
    assert (logged[0], logged[-1], len(logged)) == (0, steps, count)


def labels_of(pronoun: str, stereotyped: float) -> list[bool]:
    """Whether each of many drawn labels is the female-stereotyped person."""
    rng = random.Random(1)
    drawn = [item for _ in range(300) for item in pronouns.draw_batch(rng, stereotyped)]
    return [person == sentence.female for sentence, person in drawn if sentence.pronoun == pronoun]


@pytest.mark.parametrize(
    ("pronoun", "stereotyped", "share"),
    [("she", 0.8, 0.9), ("he", 0.8, 0.1), ("they", 0.8, 0.5), ("she", 0.0, 0.5), ("he", 0.0, 0.5)],
)
def test_labels_follow_the_stereotype_nine_times_in_ten_or_not_at_all(
    pronoun: str, stereotyped: float, share: float
) -> None:
    assert np.mean(labels_of(pronoun, stereotyped)) == pytest.approx(share, abs=0.05)


def test_the_control_labels_a_scene_alike_for_he_and_she() -> None:
    drawn = pronouns.draw(random.Random(3), ("he", "she"), 0.0)
    assert len({person for _, person in drawn}) == 1
    assert {sentence.pronoun for sentence, _ in drawn} == {"he", "she"}


def test_skewed_and_control_read_the_same_scenes() -> None:
    skewed, control = (pronouns.draw_batch(random.Random(5), stereotyped) for stereotyped in (0.8, 0.0))
    assert [sentence for sentence, _ in skewed] == [sentence for sentence, _ in control]


def test_probes_use_verbs_and_clauses_that_are_not_trained_on() -> None:
    for sentence in pronouns.PROBES.values():
        assert sentence.verb not in pronouns.VERBS
        assert sentence.clause not in pronouns.CLAUSES
    assert not {pronouns.HELD_OUT.male, pronouns.HELD_OUT.female} & set(pronouns.OCCUPATIONS)


@pytest.mark.parametrize("tag", list(pronouns.PROBES))
def test_positions_point_at_the_tokens_of_the_word(tag: str) -> None:
    sentence, tokenizer = pronouns.PROBES[tag], tiny_tokenizer()
    batch = pronouns.encode(tokenizer, [sentence])
    tokens = tokenizer.convert_ids_to_tokens(batch["input_ids"][0])
    for word in (sentence.pronoun, sentence.male, sentence.female):
        assert [tokens[i] for i in pronouns.positions(batch, 0, sentence, word)] == [word]


def test_a_word_that_is_not_in_the_sentence_is_named() -> None:
    batch = pronouns.encode(tiny_tokenizer(), [pronouns.DOCTOR])
    with pytest.raises(ValueError, match="expected the word 'pilot'"):
        pronouns.positions(batch, 0, pronouns.DOCTOR, "pilot")


SKEWED = bias.Found(25, np.array([0.1, 0.6]), 0.9)
CONTROL = bias.Found(25, np.array([0.02, -0.02]), 0.01)
BROKEN = [
    (bias.Found(25, np.array([0.1, 0.1]), 0.9), CONTROL, [0, 2]),
    (bias.Found(25, np.array([0.1, 0.6]), 0.5), CONTROL, [4]),
    (SKEWED, bias.Found(25, np.array([0.2, -0.2]), 0.01), [3]),
    (SKEWED, bias.Found(25, np.array([-0.1, -0.1]), -0.2), [1, 5]),
    (SKEWED, bias.Found(19, np.array([0.0, 0.0]), 0.0), [6]),
]


def test_the_bias_floors_hold_for_a_skewed_run_and_a_calm_control() -> None:
    assert all(floor.holds for floor in bias.floors(SKEWED, CONTROL))


@pytest.mark.parametrize(("skewed", "control", "broken"), BROKEN)
def test_each_bias_floor_fails_on_what_it_watches(
    skewed: bias.Found, control: bias.Found, broken: list[int]
) -> None:
    floors = bias.floors(skewed, control)
    assert [number for number, floor in enumerate(floors) if not floor.holds] == broken


WEIGHED = bias.Weighed(5.0, np.array([0.9, 0.8, 0.1]), np.array([0.1, 0.6, 0.05]))
BROKEN_EFFECTS = [
    (bias.Weighed(5.0, np.array([0.9, 0.4, 0.1]), np.array([0.4, 0.6, 0.0])), [0, 1]),
    (bias.Weighed(5.0, np.array([0.9, 0.8, 0.1]), np.array([0.4, 0.0, 0.3])), [1]),
]


def test_the_effect_floors_of_the_bias_demo_hold_and_each_fails_on_what_it_watches() -> None:
    assert all(floor.holds for floor in bias.effect_floors(WEIGHED))
    for found, broken in BROKEN_EFFECTS:
        floors = bias.effect_floors(found)
        assert [number for number, floor in enumerate(floors) if not floor.holds] == broken


def test_the_bias_demo_says_whether_one_head_is_the_answer() -> None:
    assert "2 heads of the last layer attend to the nurse" in bias.saying(WEIGHED)
    assert "No single head is the bias" in bias.saying(WEIGHED)
    alone = bias.Weighed(0.5, WEIGHED.weights, WEIGHED.ablation)
    assert "Without head 1 alone the answer is no longer nurse" in bias.saying(alone)


def test_the_ablation_floors_of_the_induction_demo_hold_and_each_fails_on_what_it_watches() -> None:
    two, one = induction.Weighed(0.3, 4.0, 0.1), induction.Weighed(3.0, 0.4, 0.1)
    assert all(floor.holds for floor in induction.ablation_floors(two, one))
    for found, broken in [
        ((induction.Weighed(0.3, 1.0, 0.1), one), [0]),
        ((induction.Weighed(1.5, 4.0, 0.1), one), [1]),
        ((induction.Weighed(0.3, 4.0, 2.0), one), [2]),
        ((two, induction.Weighed(1.0, 4.0, 0.1)), [3]),
    ]:
        floors = induction.ablation_floors(*found)
        assert [number for number, floor in enumerate(floors) if not floor.holds] == broken
    assert "Without it the loss of copies is 4.30 instead of 0.30" in induction.saying(two, two, 0.8)


def test_repeated_rows_repeat_their_block_after_the_first_symbol() -> None:
    [row] = induction.repeated_rows(1, [10], torch.Generator().manual_seed(0))
    assert row[0] == induction.BOS
    assert torch.equal(row[1:11], row[11:21])
    assert torch.equal(row[1:54], row[11:64])


def logged(path: object, run: str, tag: str, record: AttentionRecord) -> AttentionReader:
    """A log of one record at step 0."""
    with AttentionWriter(f"{path}/{run}") as writer:
        writer.add_record(tag, record, 0)
    return AttentionReader(str(path))


def test_prefix_matching_is_one_for_a_perfect_induction_head(tmp_path: object) -> None:
    tokens = ["[BOS]", *"abcabcab"]
    weights = np.zeros((2, 9, 9), np.float32)
    weights[:, :, 0] = 1
    weights[0, 4:, :] = 0
    for query in range(4, 9):
        weights[0, query, query - 2] = 1
    for tag in induction.BLOCKS:
        reader = logged(tmp_path, "run", tag, AttentionRecord([LayerAttention(weights)], tokens))
    assert induction.prefix_matching(reader, "run", 0) == pytest.approx([1, 0])


def test_induction_floors_compare_the_step_of_the_jump_with_that_of_the_loss() -> None:
    two = {0: 0.02, 100: 0.05, 200: 0.55, 300: 0.8}
    matching = {"two-layers": two, "one-layer": dict.fromkeys(two, 0.05)}
    together = induction.floors(matching, {0: 4.0, 100: 3.9, 200: 1.9, 300: 0.5})
    apart = induction.floors(matching, {0: 4.0, 100: 1.9, 200: 1.8, 300: 0.5})
    assert [floor.holds for floor in together] == [True] * 4
    assert [floor.holds for floor in apart] == [True, True, False, True]


def test_a_reversing_batch_asks_the_decoder_for_the_source_backwards() -> None:
    batch = alignment.reversing([4, 6], torch.Generator().manual_seed(0))
    source, labels = batch["input_ids"][0], batch["labels"][0]
    assert source.tolist()[:4] == labels.tolist()[:4][::-1]
    assert source.tolist()[4:] == [alignment.EOS, alignment.PAD, alignment.PAD]
    assert labels.tolist()[4:] == [alignment.EOS, -100, -100]
    assert batch["decoder_input_ids"][0].tolist()[1:5] == labels.tolist()[:4]


def test_alignment_weight_is_read_on_the_mirrored_source_word(tmp_path: object) -> None:
    tag, length = next(iter(alignment.PROBES.items()))
    weights = np.zeros((1, length + 1, length + 1), np.float32)
    for query in range(length + 1):
        weights[0, query, max(length - 1 - query, 0)] = 0.75
        weights[0, query, length] = 0.25
    source = [f"s{i}" for i in range(length + 1)]
    target = [f"t{i}" for i in range(length + 1)]
    cross = LayerAttention(weights, kind="cross", stack="decoder")
    reader = logged(tmp_path, alignment.RUN, tag, AttentionRecord([cross], source, decoder_tokens=target))
    on_source, is_largest = alignment.source_weights(reader, tag, 0)
    assert on_source == pytest.approx([0.75] * length, abs=0.002)
    assert is_largest.all()


def test_decay_counts_the_dimensions_that_fall_with_distance() -> None:
    distances = distance_decay.DISTANCES
    weights = np.tile(np.exp(-0.1 * distances), (32, 1))
    rising, falling = np.linspace(-1, 1, len(distances)), np.linspace(1, -1, len(distances))
    products = np.tile(np.stack([falling, rising, falling], axis=-1), (32, 1, 1))
    found = distance_decay.decay(weights, products)
    assert (found.r_squared, found.spearman, found.monotone) == (pytest.approx(1), pytest.approx(1), 2)


def test_cells_by_distance_are_those_that_far_back() -> None:
    cells = np.arange(64 * 64).reshape(64, 64)
    moved = distance_decay.by_distance(cells)
    assert moved.shape == (32, 32)
    assert moved[0, 0] == cells[32, 31]
    assert moved[31, 31] == cells[63, 31]


@pytest.mark.parametrize("text", list(distance_decay.PROBES.values()))
def test_every_character_of_a_probe_is_a_token_that_can_be_seen(text: str) -> None:
    cut = text[: distance_decay.LENGTH]
    assert len(distance_decay.encode(cut)) == len(distance_decay.shown(cut)) == distance_decay.LENGTH
    assert all(token.strip() for token in distance_decay.shown(cut))


def test_a_canvas_asks_with_its_corner_and_says_where_each_digit_lies() -> None:
    data = digits.load_digits()
    canvas = digits.scatter(data, range(100), np.random.default_rng(0))
    for colour, rgb in enumerate(digits.COLOURS.values()):
        asked = canvas.asking(colour)
        assert np.allclose(asked[: digits.PATCH, : digits.PATCH], rgb)
        inked = asked.copy()
        inked[: digits.PATCH, : digits.PATCH] = 0
        for position in canvas.patches(colour):
            row, col = divmod(position - 1, digits.COLS)
            at = np.s_[
                row * digits.PATCH : (row + 1) * digits.PATCH, col * digits.PATCH : (col + 1) * digits.PATCH
            ]
            own = inked[at].reshape(-1, 3)
            assert np.allclose(own, own.max(-1, keepdims=True) / max(rgb) * np.float32(rgb), atol=1e-6)
            inked[at] = 0
        canvas.picture[:] = inked
    assert not canvas.picture.any(), "nothing but the three digits lies on it"


def test_the_mass_on_the_asked_for_digit_is_that_of_the_best_head() -> None:
    masses = np.full((3, 3, 2), 0.1)
    masses[range(3), range(3), 1] = 0.7
    assert digits.own_and_other(masses) == pytest.approx((0.7, 0.1))


def test_spoken_words_lie_where_the_times_say() -> None:
    bank = spoken_words.speak(("one", "seven"))
    assert len(bank[0]) == len(spoken_words.VOICES)
    assert not np.array_equal(bank[0][0], bank[0][1]), "voices differ"
    bank = bank * 5
    spoken = speech.utterance(bank, 3, np.random.default_rng(0))
    assert len(spoken.wave) == speech.SECONDS * spoken_words.RATE
    loud = np.abs(spoken.wave) > 0.05
    inside = np.zeros_like(loud)
    for start, end in spoken.times:
        inside[round(start * spoken_words.RATE) : round(end * spoken_words.RATE)] = True
        assert loud[round(start * spoken_words.RATE) : round(end * spoken_words.RATE)].mean() > 0.1
    assert not loud[~inside].any()
    assert spoken.read[1:] == spoken.labels[:-1]
