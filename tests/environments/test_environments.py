"""Some of the environments of docs/reference/environments.md, those of this Python; the page's rows are the script's."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from environments import try_environments
from environments.combinations import COMBINATIONS, Combination
from environments.try_environments import PAGE, Tried, key, told, write_page

THIS = f"{sys.version_info.major}.{sys.version_info.minor}"


@pytest.mark.slow
def test_the_wheel_works_beside_the_newest_and_says_what_is_impossible(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert try_environments.main(["--short", "--python", THIS]) == 0
    assert "works" in capfd.readouterr().out


def test_no_two_combinations_have_one_row() -> None:
    rows = [key(Tried(each).row) for each in COMBINATIONS]
    assert len(set(rows)) == len(rows)


def test_every_row_of_the_page_is_a_combination_that_came_out_well() -> None:
    rows = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| ")][1:]
    known = {key(Tried(each).row) for each in COMBINATIONS}
    assert len(rows) > 30
    assert [row for row in rows if key(row) not in known or "FAILS" in row] == []


def test_a_sentence_of_the_doctor_is_what_the_table_says() -> None:
    assert (
        told("Python 3\nproblem: needs x: pip install y\n1 problem", "pip install y")
        == "told: needs x: pip install y"
    )
    with pytest.raises(try_environments.FaultError, match="does not say"):
        told("all is well", "pip install y")


def test_a_row_is_replaced_and_the_others_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = tmp_path / "page.md"
    copy.write_text(PAGE.read_text("utf-8"), "utf-8")
    monkeypatch.setattr(try_environments, "PAGE", copy)
    before = copy.read_text("utf-8").count("\n| ")
    combination: Combination = replace(COMBINATIONS[0])
    write_page([Tried(combination, "works", versions={"numpy": "9.9.9"})])
    after = copy.read_text("utf-8")
    assert after.count("\n| ") == before
    assert after.count("9.9.9") == 1
