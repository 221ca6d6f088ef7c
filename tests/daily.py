"""Collected tests → those for every day: every function, and every value of its own parameters, at least once.

Where a test runs under many combinations (each state in each theme and width), one of each state is enough for a day:
themes, widths, models and steps take turns. All combinations run with ``--full``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby

import pytest

__all__ = ["begin_with_the_long_ones", "every_day", "mark_the_rest_slow"]

THINNED = ("tests/browser/", "tests/serving/test_tensorboard.py")
TURNS = {"dark", "height", "load_fast", "model", "scheme", "sized_tab", "step", "tab", "themed_tab", "width"}
"""Parameters of which a test needs one value a day."""
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
    items.sort(key=lambda item: places.get(item.nodeid.split("::")[0].removeprefix("tests/"), len(LONG)))


def mark_the_rest_slow(items: Sequence[pytest.Item]) -> None:
    """Mark the combinations that are not for every day."""
    thinned = [
        item for item in items if item.nodeid.startswith(THINNED) and not item.get_closest_marker("slow")
    ]
    for _, of_file in groupby(sorted(thinned, key=file_of), file_of):
        whole = list(of_file)
        kept = set(map(id, every_day(whole)))
        for item in whole:
            if id(item) not in kept:
                item.add_marker(pytest.mark.slow)


def every_day(items: Sequence[pytest.Item]) -> Iterator[pytest.Item]:
    """Of one file's tests the fewest that hold every function and every value; values that take turns evenly."""
    taken: Counter[Value] = Counter()
    for _, of_function in groupby(sorted(items, key=function_of), function_of):
        left = list(of_function)
        missing = {value for item in left for value in values(item) if value[0] not in TURNS}
        while left:
            best = max(left, key=lambda item: (len(missing.intersection(values(item))), -seen(item, taken)))
            left.remove(best)
            missing.difference_update(values(best))
            taken.update(values(best))
            yield best
            if not missing:
                break


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
