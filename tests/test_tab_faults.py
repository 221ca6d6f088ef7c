"""What was wrong in the tab of 0.1 → the tests that hold it; each is still there under its name.

The browser tests fail on the commit that had the faults: ``ATTN_CHECKOUT`` puts them under another checkout's tab.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
BROWSER = ROOT / "tests" / "browser" / "faults"
SRC = "frontend/src"

# What one saw, and the tests that see it in a browser.
SEEN = {
    "Play hangs in Evolution": ["test_playing_in_evolution_goes_to_the_last_step"],
    "run colours are not TensorBoard's": ["test_a_run_has_the_colour_that_it_has_in_time_series"],
    "an isolated head is not the one in the matrix": ["test_the_matrix_shows_the_head_that_was_shown_alone"],
    "Back leaves the tab": ["test_back_leads_from_a_pattern_to_the_view_that_it_was_opened_in"],
    "a page of Compare loads for ever": ["test_the_page_of_a_comparison_shows_it"],
    "a page of Evolution has no history": ["test_the_page_of_evolution_holds_its_history"],
    "decoder layers count by calls": ["test_layers_of_a_decoder_are_numbered_as_the_model_numbers_them"],
    "a NaN head looks like zeros": ["test_a_head_that_is_nan_does_not_look_like_one_of_zeros"],
    "a NaN head did not move": ["test_a_layer_with_a_head_that_became_nan_is_not_said_to_be_still"],
    "a NaN head's hint is last": ["test_what_cannot_be_right_is_the_first_hint"],
    "metrics alone blame the size": ["test_a_step_of_metrics_alone_is_not_blamed_on_the_size_of_the_record"],
    "a longer run squashes the shown one": ["test_a_longer_run_beside_it_leaves_the_shown_one_its_width"],
    "cells of 42 px, empty screens": ["test_cells_grow_with_the_room_that_there_is"],
    "of 80 × 64 heads some 300 are seen": ["test_all_heads_of_80_layers_are_seen_at_once"],
    "thumbnails are not square": ["test_thumbnails_are_square"],
    "Model and Compare open head 0.0": ["test_the_head_that_changed_most_is_opened"],
    "two thirds of the cells are flat": ["test_layers_in_which_no_head_changed_are_folded"],
    "a head that changed is unclassified": ["test_a_head_that_changed_is_told_by_what_it_became"],
    "315 of 317 cards are ours": ["test_the_writer_adds_a_handful_of_cards_to_time_series"],
    "names are cut to one start": ["test_names_that_share_their_start_show_what_tells_them_apart"],
    "no all, none, only": ["test_all_none_or_one_of_the_runs_are_ticked_by_one_press"],
    "the filter leaves curves": ["test_the_filter_takes_runs_out_of_the_curves"],
    "eight curves at most": ["test_more_than_eight_runs_are_drawn_together"],
    "no three runs side by side": ["test_three_runs_stand_side_by_side_in_compare"],
    "an export has no legend, colour bar, run": [
        "test_a_picture_has_its_run_and_its_legend",
        "test_a_picture_of_cells_has_the_two_ends_of_its_colour_bar",
    ],
    "an export has no loss": ["test_the_loss_stands_in_the_picture_of_evolution"],
    "an export has no matrix numbers": ["test_the_picture_of_a_matrix_has_the_numbers_that_are_seen_in_it"],
    "names of exports collide": ["test_pictures_of_different_places_have_different_names"],
    "captions of heads= stand over thumbnails": ["test_the_caption_over_logged_heads_lies_over_nothing"],
    "steps of 9 digits are cut": ["test_steps_of_nine_digits_are_whole"],
    "the tip of Model covers the grid": ["test_the_tip_leaves_most_of_the_grid_free"],
    "“each counted as at least” in the limits": ["test_a_limit_says_what_it_limits"],
    "words of the toolbar do not look like buttons": [
        "test_what_can_be_pressed_in_the_toolbar_has_the_border_of_a_button"
    ],
    "probe rows jump on a run switch": ["test_the_names_of_the_probes_stay_in_place_when_the_run_changes"],
    "a pinned token stays out of view": ["test_a_pinned_token_is_in_view"],
    "hint limits stand before hints": ["test_hints_stand_above_their_limits"],
}

# The same held every day: the file of the test, the test's name or the words of it that tell it from others.
HELD = [
    ("Play hangs in Evolution", f"{SRC}/loading/loader.test.ts", "so that playing goes on"),
    ("run colours are not TensorBoard's", f"{SRC}/loading/run_order_loader.test.ts", "as TensorBoard's page does"),
    ("run colours are not TensorBoard's", f"{SRC}/draw/colour.test.ts", "runs keep TensorBoard's colours"),
    ("an isolated head is not the one in the matrix", f"{SRC}/state/actions.test.ts", "shown alone are the selected"),
    ("Back leaves the tab", f"{SRC}/page/url_sync.test.ts", "Back leads to where one was"),
    ("Back leaves the tab", "tests/browser/test_random_walk.py", "fail_nowhere_and_back_undoes_them"),
    ("a page of Compare loads for ever", "tests/browser/test_standalone_page.py", "held_with_both_of_its_records"),
    ("a page of Evolution has no history", "tests/browser/test_standalone_page.py", "the_file_holds_the_histories"),
    ("decoder layers count by calls", f"{SRC}/text/layer_names.test.ts", "not by their calls"),
    ("a NaN head did not move", "tests/browser/test_health_panel.py", "is_not_said_to_be_still"),
    ("a NaN head's hint is last", f"{SRC}/views/health/health_panel.test.tsx", "what cannot be right first"),
    ("hint limits stand before hints", f"{SRC}/views/health/health_panel.test.tsx", "hints stand before their limits"),
    ("metrics alone blame the size", f"{SRC}/views/head/head_view.test.tsx", "not blamed on the size"),
    ("a longer run squashes the shown one", f"{SRC}/draw/histories.test.ts", "presses nothing together"),
    ("cells of 42 px, empty screens", f"{SRC}/parts/heads_grid/layout.test.ts", "their panel, nothing scrolled"),
    ("thumbnails are not square", f"{SRC}/parts/heads_grid/layout.test.ts", "holds square patterns"),
    ("Model opens head 0.0", f"{SRC}/loading/first_head.test.ts", "not with head 0.0"),
    ("Compare opens head 0.0", f"{SRC}/loading/first_head.test.ts", "also after a model opened its own"),
    ("two thirds of the cells are flat", f"{SRC}/views/evolution/folded_rows.test.ts", "in which no head changed"),
    ("a head that changed is unclassified", f"{SRC}/views/evolution/role_text.test.ts", "says what it became"),
    ("315 of 317 cards are ours", "tests/writing/test_summary.py", "the_summary_is_a_handful_of_cards"),
    ("names are cut to one start", f"{SRC}/controls/left_pane.test.tsx", "names the start that they share once"),
    ("no all, none, only", f"{SRC}/controls/left_pane.test.tsx", "ticks all, none or one of the runs"),
    ("the filter leaves curves", f"{SRC}/controls/left_pane.test.tsx", "takes runs out of the curves too"),
    ("eight curves at most", f"{SRC}/state/actions.test.ts", "drawn together beyond eight"),
    ("no three runs side by side", "tests/browser/test_compare_view.py", "more_than_two_runs_are_columns"),
    ("an export has no legend", f"{SRC}/draw/figure.test.ts", "a legend stands below the picture"),
    ("an export does not say what it holds", "tests/browser/test_contribution.py", "exports_say_what_they_hold"),
    ("names of exports collide", f"{SRC}/controls/export_name.test.ts", "every picture has a name of its own"),
    ("a figure of Sound has no path", f"{SRC}/views/sound/sound_export.test.ts", "the row's profile, seconds and the path"),
    ("steps of 9 digits are cut", f"{SRC}/controls/step_bar.test.tsx", "a step of nine digits"),
    ("words of the toolbar do not look like buttons", "tests/browser/test_attention_tab.py", "would not look like buttons"),
    ("numbers of heads= stand over thumbnails", f"{SRC}/parts/heads_grid/head_buttons.test.tsx", "only some were logged"),
    ("probe rows jump on a run switch", f"{SRC}/controls/left_pane.test.tsx", "keeps the words under each probe in place"),
    ("a pinned token stays out of view", f"{SRC}/views/head/head_view.test.tsx", "pinned out of view is scrolled to"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("fault", "path", "words"), HELD, ids=[f"{fault}: {words}" for fault, _, words in HELD]
)
def test_what_was_wrong_is_held_by_a_test(fault: str, path: str, words: str) -> None:
    assert words in (ROOT / path).read_text("utf-8"), f"“{fault}” has lost its test in {path}"


def test_every_fault_is_looked_for_in_a_browser() -> None:
    written = [path.read_text("utf-8") for path in sorted(BROWSER.glob("test_*.py"))]
    found = re.findall(r"^def (test_\w+)", "\n".join(written), re.MULTILINE)
    assert sorted(found) == sorted(name for names in SEEN.values() for name in names)
