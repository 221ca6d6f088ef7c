"""What 0.1 saved: pictures without a legend, a scale or numbers, names that collide, pages that load for ever or have no history."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from attention_tab import AttentionTab
from downloads import save
from fault_logs import MOVED, STEPS, weights_at
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.slow  # a unit test holds each of these every day

OpenFault = Callable[..., AttentionTab]
LAYER, HEAD = MOVED
PLACES: list[dict[str, object]] = [
    {"view": "head", "layer": 5},
    {"view": "head", "layer": 4},
    {"view": "head", "layer": 5, "head": 11, "mode": "matrix"},
    {"view": "model"},
    {"view": "model", "compare": "first"},
]


def svg_texts(tab: AttentionTab, target: Path) -> list[str]:
    """The texts of the picture that the view saves."""
    tab.wait_loaded()
    return re.findall(r"<text[^>]*>(.*?)</text>", save(tab, "svg", target).read_text("utf-8"))


@pytest.mark.parametrize(
    ("view", "state", "words"),
    [
        ("evolution", {}, ["skewed", "control", "uniform"]),
        ("model", {}, ["skewed", "weight"]),
        ("head", {"layer": LAYER}, ["skewed", "head 3"]),
        ("head", {"layer": LAYER, "head": HEAD, "mode": "matrix"}, ["skewed", "weight"]),
    ],
    ids=["Evolution", "Model", "Head", "Matrix"],
)
def test_a_picture_has_its_run_and_its_legend(
    open_demo: OpenFault, tmp_path: Path, view: str, state: dict[str, object], words: list[str]
) -> None:
    texts = svg_texts(open_demo(view, **state), tmp_path)
    assert [word for word in words if not any(word in text for text in texts)] == []


def test_a_picture_of_cells_has_the_two_ends_of_its_colour_bar(open_demo: OpenFault, tmp_path: Path) -> None:
    tab = open_demo("head", layer=LAYER, head=HEAD, mode="matrix")
    texts = svg_texts(tab, tmp_path)
    assert {"0", "1"} <= set(texts)


def test_the_loss_stands_in_the_picture_of_evolution(open_demo: OpenFault, tmp_path: Path) -> None:
    assert "train/loss" in svg_texts(open_demo("evolution"), tmp_path)


def test_the_picture_of_a_matrix_has_the_numbers_that_are_seen_in_it(
    open_demo: OpenFault, tmp_path: Path
) -> None:
    tab = open_demo("head", layer=LAYER, head=HEAD, mode="matrix")
    written = [text for text in svg_texts(tab, tmp_path) if re.fullmatch(r"\.\d\d", text)]
    weights = weights_at(STEPS[-1], 0.8)[MOVED]
    assert len(written) == pytest.approx((weights >= 0.1).sum(), abs=2)  # some lie at the limit
    assert f"{weights.max():.2f}".lstrip("0") in written


def test_pictures_of_different_places_have_different_names(open_demo: OpenFault, tmp_path: Path) -> None:
    names = []
    for place in PLACES:
        tab = open_demo(**place)
        tab.wait_loaded()
        names.append(save(tab, "svg", tmp_path).name)
        tab.close()
    assert len(set(names)) == len(PLACES), names


def test_the_page_of_a_comparison_shows_it(
    open_demo: OpenFault, offline: Callable[[Path], Page], tmp_path: Path
) -> None:
    tab = open_demo("model", compare="first", layer=LAYER, head=HEAD)
    tab.wait_loaded()
    page = offline(save(tab, "html", tmp_path))
    expect(page.get_by_text("What changed")).to_be_visible()
    expect(page.get_by_text("omparing …")).to_have_count(0)


def test_the_page_of_evolution_holds_its_history(
    open_demo: OpenFault, offline: Callable[[Path], Page], tmp_path: Path
) -> None:
    tab = open_demo("evolution")
    tab.wait_loaded()
    page = offline(save(tab, "html", tmp_path))
    slider = page.get_by_role("slider", name="Step", exact=True)
    expect(slider).to_be_visible()
    assert int(slider.get_attribute("max") or 0) + 1 == len(STEPS)
