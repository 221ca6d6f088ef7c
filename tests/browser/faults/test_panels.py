"""The toolbar and the panel of hints of 0.1: which words look like buttons, what stands first, and what limits are called."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from attention_tab import AttentionTab
from playwright.sync_api import expect

pytestmark = pytest.mark.slow  # a unit test holds each of these every day

OpenFault = Callable[..., AttentionTab]


@pytest.fixture
def hints(open_demo: OpenFault) -> AttentionTab:
    """The panel of a run in which scores grow at step 30 and a head is NaN from step 60 on."""
    tab = open_demo("model", run="sick", tag="sick", panel="health")
    expect(tab.frame.locator(".hint")).to_have_count(3)
    return tab


def test_what_cannot_be_right_is_the_first_hint(hints: AttentionTab) -> None:
    kinds = hints.frame.locator(".hint").evaluate_all("all => all.map(each => each.dataset.kind)")
    assert kinds[0] == "nan", kinds


def test_hints_stand_above_their_limits(hints: AttentionTab) -> None:
    last, first = (
        hints.frame.locator(".hint").last.bounding_box(),
        hints.frame.locator(".limit").first.bounding_box(),
    )
    assert last is not None
    assert first is not None
    assert last["y"] < first["y"]


def test_a_limit_says_what_it_limits(hints: AttentionTab) -> None:
    expect(hints.frame.locator(".limit").first).to_be_visible()
    expect(hints.frame.get_by_text("counted as")).to_have_count(0)


@pytest.mark.parametrize("name", ["No hints", "Compare", "Find head", "Export", "Copy link"])
def test_what_can_be_pressed_in_the_toolbar_has_the_border_of_a_button(
    open_demo: OpenFault, name: str
) -> None:
    button = open_demo("model").button(name)
    expect(button).to_be_visible()
    assert button.evaluate("button => getComputedStyle(button).borderTopWidth") == "1px"
