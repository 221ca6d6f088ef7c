"""What was wrong in the tab of 0.1 → the tests that hold it; each is still there under its name."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SRC = "frontend/src"

# What one saw, the file of the test, the test's name or the words of it that tell it from others.
FAULTS = [
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
    ("fault", "path", "words"), FAULTS, ids=[f"{fault}: {words}" for fault, _, words in FAULTS]
)
def test_what_was_wrong_is_held_by_a_test(fault: str, path: str, words: str) -> None:
    assert words in (ROOT / path).read_text("utf-8"), f"“{fault}” has lost its test in {path}"
