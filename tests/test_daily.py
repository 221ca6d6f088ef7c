"""What the check leaves to ``--full``: combinations only."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from daily import A_DAY, evenly, every_day


@dataclass(eq=False)
class Collected:
    """As pytest collects a test."""

    nodeid: str
    params: dict[str, Any] = field(default_factory=dict)

    @property
    def callspec(self) -> Any:
        return SimpleNamespace(params=self.params)


STATES, WIDTHS = range(5), range(2)
TABLE: list[Any] = [
    *(
        Collected(
            f"t.py::test_states[{state}-{width}-{dark}]", {"state": state, "width": width, "dark": dark}
        )
        for state in STATES
        for width in WIDTHS
        for dark in (0, 1)
    ),
    *(Collected(f"t.py::test_themes[{dark}]", {"dark": dark}) for dark in (0, 1)),
    Collected("t.py::test_alone"),
]


def test_every_function_and_every_value_of_its_own_runs_once() -> None:
    kept = [item.nodeid for item in every_day(TABLE)]
    assert sorted(name.split("[")[1][0] for name in kept if "states" in name) == list("01234")
    assert sum("themes" in name for name in kept) == 1
    assert kept.count("t.py::test_alone") == 1
    assert len(kept) == len(set(kept)) == len(STATES) + 2


def test_widths_take_turns() -> None:
    kept = [item for item in every_day(TABLE) if "states" in item.nodeid]
    assert min(sum(item.callspec.params["width"] == value for item in kept) for value in WIDTHS) >= 2


def test_a_file_has_one_theme_and_files_take_turns() -> None:
    themes: list[Any] = []
    for number in range(9):
        items: list[Any] = [
            Collected(f"{number}.py::test_{name}[{theme}]", {"scheme": theme})
            for name in "abc"
            for theme in ("light", "dark")
        ]
        [theme] = {item.callspec.params["scheme"] for item in every_day(items)}
        themes.append(theme)
    assert {"light", "dark"} == set(themes)


@pytest.mark.parametrize("name", A_DAY)
def test_what_costs_most_is_named_as_it_is_called(name: str) -> None:
    file, _, function = name.partition("::")
    assert f"def {function}" in (Path(__file__).parent / file).read_text()


@pytest.mark.parametrize(
    ("most", "expected"), [(0, []), (1, [0]), (2, [0, 3]), (4, [0, 1, 3, 4]), (9, list(range(6)))]
)
def test_some_are_taken_evenly(most: int, expected: list[int]) -> None:
    numbers: Any = list(range(6))
    assert list(evenly(numbers, most)) == expected
