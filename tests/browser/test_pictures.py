"""The pictures in docs/img/: each is made by the script, is named where it is shown, and is small."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pictures import PICTURES, STORIES

ROOT = Path(__file__).resolve().parents[2]
IMAGES = ROOT / "docs" / "img"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
SHOWN = re.compile(r"!\[([^\]]*)\]\(([^)]+)\)")
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)#]+)(?:#[^)]*)?\)")
MOST_BYTES = 150_000


def shown(page: Path) -> list[Path]:
    """The pictures on a page."""
    return [(page.parent / path).resolve() for _, path in SHOWN.findall(page.read_text("utf-8"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_picture_and_page_that_a_page_names_is_there(page: Path) -> None:
    text = page.read_text("utf-8")
    linked = [(page.parent / path).resolve() for path in LINK.findall(text) if "://" not in path]
    assert [path for path in [*shown(page), *linked] if not path.exists()] == []
    assert [path for words, path in SHOWN.findall(text) if not words] == []


def test_the_pictures_are_those_that_the_script_makes() -> None:
    names = [f"{picture.name}.png" for picture in PICTURES]
    assert len(set(names)) == len(names)
    assert sorted(names) == sorted(path.name for path in IMAGES.iterdir())


@pytest.mark.parametrize("demo", list(STORIES))
def test_each_walk_through_shows_its_pictures(demo: str) -> None:
    names = [path.stem for path in shown(ROOT / "docs" / "tutorials" / f"use_case_{demo}.md")]
    assert sorted(names) == sorted(f"use_case_{demo}_{name}" for name in STORIES[demo])
    assert 2 <= len(names) <= 5


@pytest.mark.parametrize("path", sorted(IMAGES.iterdir()), ids=lambda path: path.name)
def test_a_picture_is_small(path: Path) -> None:
    assert path.stat().st_size <= MOST_BYTES
