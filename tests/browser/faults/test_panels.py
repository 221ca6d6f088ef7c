"""The toolbar and the panel of hints of 0.1: which words look like buttons, what stands first, and what limits are called."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from attention_tab import AttentionTab
from playwright.sync_api import Locator, expect

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


def test_hints_stand_above_their_limits(hints: AttentionTab, open_demo: OpenFault) -> None:
    assert is_above(hints.frame.locator(".hint").last, hints.frame.locator(".limit").first)
    sound = open_demo("model", run="late", tag="late", panel="health").frame
    panel = sound.get_by_role("complementary", name="Hints")
    expect(panel).to_contain_text("No hints in this probe")
    for kind in ("NaN in the weights", "Rows do not sum to 1", "Entropy fell in most heads"):
        assert is_above(panel.get_by_text(kind, exact=True), sound.locator(".limit").first)


def is_above(one: Locator, other: Locator) -> bool:
    """Whether it ends where the other begins, or before."""
    first, second = one.bounding_box(timeout=10_000), other.bounding_box()
    assert first is not None
    assert second is not None
    return first["y"] + first["height"] <= second["y"]


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
