"""Collected tests → those for every day: every function, and every value of its own parameters, at least once.

Where a test runs under many combinations (each state in each theme and width), one of each state is enough for a day:
widths, models and steps take turns, and so do themes from file to file. Of the tests that cost most some values are enough, or none where others
hold the same: ``A_DAY``. All of all run with ``--full``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from zlib import crc32

import pytest

__all__ = ["begin_with_the_long_ones", "every_day", "mark_the_rest_slow"]

THINNED = ("tests/browser/", "tests/serving/test_tensorboard.py")
TURNS = {"dark", "height", "load_fast", "model", "scheme", "sized_tab", "step", "tab", "themed_tab", "width"}
"""Parameters of which a test needs one value a day."""
THEMES = {"'light'": False, "'dark'": True}
A_DAY: Mapping[str, int] = {
    # these install other packages
    "capturing/test_vision.py": 0,
    "capturing/test_lucidrains.py": 0,
    # these train a demo anew: test_the_bias_demo_logs_every_probe_of_both_runs_at_every_step does so each day
    "demos/test_demos.py::test_a_shorter_second_run_leaves_nothing_of_the_first": 0,
    "demos/test_demos.py::test_as_many_steps_as_the_warm_up_has_end_without_an_error": 0,
    "demos/test_demos.py::test_each_small_demo_logs_its_runs_and_fails_after_two_steps": 1,
    "demos/test_demos.py::test_the_end_says_why_a_floor_may_fail_and_how_to_look_at_the_log": 0,
    "demos/test_demos.py::test_the_same_seed_gives_the_same_log_and_another_one_does_not": 0,
    "pages/test_page_code.py::test_the_evolution_page_follows_a_pair_and_reads_what_the_tab_shows": 0,
    "pages/test_page_code.py::test_the_python_of_a_use_case_runs_on_the_log_of_its_demo": 0,
    "pages/test_training_page.py::test_an_example_of_at_most_twelve_lines_logs_a_bert_like_model": 2,
    # these hold in many set-ups
    "browser/test_accessibility.py::test_no_view_has_a_serious_violation": 4,
    "browser/test_accessibility.py::test_no_study_of_changes_has_a_serious_violation": 1,
    "browser/test_accessibility.py::test_the_empty_tab_has_no_serious_violation": 0,
    "browser/test_accessibility.py::test_the_neuron_view_has_no_serious_violation": 1,
    "browser/test_below_a_prefix.py::test_the_tab_draws_and_its_fonts_and_answers_are_there": 0,
    "browser/test_contrast.py::test_text_can_be_read_in_every_state_of_its_control": 2,
    "browser/test_export.py::test_an_svg_opens_without_a_network_and_its_texts_are_texts": 2,
    "browser/test_head_view.py::test_the_lines_of_a_planted_pattern_run_from_query_to_key_in_the_colour_of_the_head": 2,
    "browser/test_hostile_tokens.py::test_no_hostile_token_widens_its_column_or_moves_another_row": 1,
    "browser/test_hostile_views.py::test_hostile_tokens_are_text_in_every_view_and_widen_nothing": 3,
    "browser/test_hostile_views.py::test_a_saved_picture_holds_hostile_tokens_as_text": 3,
    "browser/test_keyboard_focus.py::test_tab_reaches_every_control_in_order_and_its_focus_is_seen": 2,
    "browser/test_labels.py::test_no_label_of_an_empty_log_overlaps_another": 0,
    "browser/test_labels.py::test_no_label_overlaps_another_or_leaves_its_container": 4,
    "browser/test_labels.py::test_no_label_of_a_captured_model_overlaps_another": 3,
    "browser/test_labels.py::test_no_label_beside_a_step_without_a_picture_overlaps_another": 2,
    "browser/test_neuron.py::test_no_label_overlaps_another": 3,
    "browser/test_standalone_page.py::test_the_file_shows_the_very_pixels_of_the_tab": 1,
    "browser/test_standalone_page.py::test_twelve_layers_of_twelve_heads_and_128_tokens_are_less_than_six_megabytes": 1,
    "browser/test_steps.py::test_scrubbing_sets_one_mark_for_each_changed_step_with_its_pixels_on_screen": 1,
    "browser/test_study_labels.py::test_no_label_overlaps_another_or_leaves_its_container": 3,
    "capturing/test_effect.py::test_ablation_is_the_objective_less_that_without_the_head": 5,
    "capturing/test_generate.py::test_every_returned_sequence_equals_one_full_forward": 5,
    "capturing/test_generate.py::test_rows_that_do_not_continue_each_other_are_an_error_that_says_what_to_do": 4,
    "capturing/test_shown_kinds.py::test_capture_gives_the_same_record": 2,
    "capturing/test_shown_kinds.py::test_each_layer_has_the_map_of_the_eager_model": 6,
    "capturing/test_shown_kinds.py::test_the_keys_of_a_lit_patch_stand_where_the_record_says": 2,
    "capturing/test_undisturbed_loops.py::test_training_is_bitwise_the_same": 3,
    "encoding/test_codes.py::test_a_member_of_another_size_than_its_header_says_is_not_inflated_further": 2,
    "encoding/test_damaged_files.py::test_no_flipped_bit_in_the_header_passes_for_something_else": 4,
    "integrations/test_lightning.py::test_training_is_bitwise_the_same_with_and_without_it": 1,
    "integrations/test_probe_kinds.py::test_a_source_and_a_target_are_read_and_named_as_the_model_shifts_them": 5,
    "integrations/test_probe_kinds.py::test_one_text_for_an_encoder_decoder_is_read_twice_or_told": 5,
    "integrations/test_training_ends.py::test_a_second_training_is_told_and_has_a_run_of_its_own": 0,
    "integrations/test_training_ends.py::test_early_stopping_logs_the_last_step_with_the_weights_that_were_trained": 2,
    "integrations/test_training_ends.py::test_the_trainers_own_writer_in_an_old_directory_is_not_mixed": 0,
    "integrations/test_training_ends.py::test_whoever_stops_a_training_its_last_step_is_logged": 2,
    "integrations/test_undisturbed_framework_ranks.py": 0,
    "integrations/test_undisturbed_frameworks.py::test_metrics_are_logged_every_fifty_steps_unless_told_otherwise": 0,
    "integrations/test_undisturbed_frameworks.py::test_the_trainer_resumed_from_a_checkpoint_writes_later_steps_anew": 0,
    "integrations/test_undisturbed_frameworks.py::test_the_trainer_trains_bitwise_the_same": 1,
    "integrations/test_transformers.py::test_effects_are_logged_as_often_as_asked_and_training_is_bitwise_the_same": 1,
    "pages/test_bertviz_table.py::test_the_named_browser_test_runs_on_every_model_at_two_steps": 0,
    "serving/test_hung_store.py::test_every_route_answers_while_the_store_hangs": 2,
    "serving/test_tensorboard.py::test_while_training_writes_every_listed_step_is_whole": 0,
    "serving/test_wrong_headers.py::test_no_field_of_a_header_can_be_so_wrong_that_a_route_or_the_reader_fails": 1,
    "writing/test_delivery.py::test_a_store_that_fails_holds_nothing_up_and_all_arrives_in_order_after_it": 1,
    "writing/test_store_faults.py::test_every_record_is_safe_during_a_fault_and_arrives_after_it": 1,
    "writing/test_writer_processes.py::test_after_kill_9_every_listed_record_is_whole_and_right": 0,
}
"""How many of a function's tests, or of a file's, run on a day: those that cost most, evenly taken."""
LONG = (
    "capturing/test_undisturbed_ranks.py",
    "browser/test_accessibility.py",
    "browser/test_labels.py",
    "browser/test_evolution_view.py",
    "browser/test_find_panel.py",
    "capturing/test_meeting_ranks.py",
    "serving/test_wrong_headers.py",
    "demos/test_demos.py",
    "browser/test_study_labels.py",
    "browser/test_keyboard_focus.py",
    "browser/test_bertviz_head.py",
    "browser/test_find_region.py",
    "integrations/test_transformers.py",
    "browser/test_standalone_page.py",
    "integrations/test_undisturbed_frameworks.py",
    "browser/test_neuron.py",
    "serving/test_tensorboard.py",
)
"""Files that would hold up the end if they began last; a file goes to one worker."""

Value = tuple[str, str]


def begin_with_the_long_ones(items: list[pytest.Item]) -> None:
    """Sort files, in place; the order inside a file stays."""
    places = {name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: places.get(within_tests(file_of(item)), len(LONG)))


def mark_the_rest_slow(items: Sequence[pytest.Item]) -> None:
    """Mark the combinations that are not for every day."""
    daily = [item for item in items if not item.get_closest_marker("slow")]
    thinned = [item for item in daily if item.nodeid.startswith(THINNED)]
    for _, of_file in groupby(sorted(thinned, key=file_of), file_of):
        whole = list(of_file)
        mark_all_but(every_day(whole), whole)
    left = [item for item in daily if not item.get_closest_marker("slow")]
    for name, most in A_DAY.items():
        named = [
            item for item in left if name in (within_tests(file_of(item)), within_tests(function_of(item)))
        ]
        mark_all_but(evenly(named, most), named)


def mark_all_but(kept: Iterable[pytest.Item], items: Sequence[pytest.Item]) -> None:
    """The others are slow."""
    chosen = set(map(id, kept))
    for item in items:
        if id(item) not in chosen:
            item.add_marker(pytest.mark.slow)


def evenly(items: Sequence[pytest.Item], most: int) -> Sequence[pytest.Item]:
    """At most so many of them, from the first on."""
    return items if len(items) <= most else [items[place * len(items) // most] for place in range(most)]


def within_tests(name: str) -> str:
    return name.removeprefix("tests/")


def every_day(items: Sequence[pytest.Item]) -> Iterator[pytest.Item]:
    """Of one file's tests the fewest that hold every function and every value; values that take turns evenly."""
    taken: Counter[Value] = Counter()
    for _, of_function in groupby(sorted(items, key=function_of), function_of):
        left = list(of_function)
        missing = {value for item in left for value in values(item) if value[0] not in TURNS}
        while left:
            best = max(left, key=lambda item: worth(item, missing, taken))
            left.remove(best)
            missing.difference_update(values(best))
            taken.update(values(best))
            yield best
            if not missing:
                break


def worth(item: pytest.Item, missing: set[Value], taken: Counter[Value]) -> tuple[int, bool, int]:
    """What a test would add: values that no test has had, then the theme of its file, as a page of another costs."""
    is_dark = bool(crc32(file_of(item).encode()) & 1)
    fits = all(THEMES.get(value, is_dark) == is_dark for _, value in values(item))
    return len(missing.intersection(values(item))), fits, -seen(item, taken)


def seen(item: pytest.Item, taken: Counter[Value]) -> int:
    """How often the values that take turns have had theirs."""
    return sum(taken[value] for value in values(item) if value[0] in TURNS)


def values(item: pytest.Item) -> list[Value]:
    """A test's parameters, as they are shown."""
    call = getattr(item, "callspec", None)
    return [] if call is None else [(name, repr(value)) for name, value in call.params.items()]


def file_of(item: pytest.Item) -> str:
    return item.nodeid.split("::")[0]


def function_of(item: pytest.Item) -> str:
    return item.nodeid.split("[")[0]
