"""Everything in the tab is reached and worked by keyboard alone."""

from __future__ import annotations

from attention_tab import AttentionTab
from planted_log import TOKENS
from playwright.sync_api import expect

HERE = {"run": "planted", "tag": "patterns", "step": 0}
FOCUSED = """() => {
  const element = document.activeElement;
  return `${element.getAttribute('role') ?? element.type ?? element.localName}: ${element.getAttribute('aria-label') ?? element.innerText}`;
}"""


def press(tab: AttentionTab, *keys: str) -> None:
    """Press keys one after the other."""
    for key in keys:
        tab.page.keyboard.press(key)


def tab_stops(tab: AttentionTab, most: int = 60) -> list[str]:
    """Role and name of what Tab reaches, from the first run on."""
    tab.button("planted 3 steps").focus()
    found: list[str] = []
    for _ in range(most):
        press(tab, "Tab")
        found.append(str(tab.inside().evaluate(FOCUSED)))
    return found


def test_tab_reaches_every_part_of_the_model_view(tab: AttentionTab) -> None:
    tab.go("model", **HERE, layer=1, head=2)
    stops = tab_stops(tab)
    wanted = [
        "tab: Model", "range: Step", "button: Play", "button: Layer 1 head 2", "listbox: Query tokens",
        "select-one: Sort heads by", "range: Dim heads below",
    ]  # fmt: skip
    assert [each for each in wanted if each not in stops] == []
    tab.go("model", **HERE, layer=1, head=2, thumbnails="lines")
    assert {"listbox: Query tokens", "listbox: Key tokens"} <= set(tab_stops(tab)), "of the lines both sides"
    assert len({each for each in stops if each.startswith("button: Layer")}) == 1, (
        "one stop for the whole grid"
    )


def test_tab_reaches_every_part_of_the_head_view(tab: AttentionTab) -> None:
    tab.go("head", **HERE)
    stops = tab_stops(tab)
    wanted = [
        "tab: Head", "range: Step", "select-one: Layer", "button: Head 0", "button: Head 11",
        "listbox: Query tokens", "listbox: Key tokens", "range: Hide weights below", "range: Gain",
    ]  # fmt: skip
    assert [each for each in wanted if each not in stops] == []


def test_arrow_keys_move_between_the_views(tab: AttentionTab) -> None:
    tab.go("model", **HERE)
    tab.frame.get_by_role("tab", name="Model").focus()
    tab.after_drawing("head", lambda: press(tab, "ArrowRight"))
    expect(tab.frame.get_by_role("tab", name="Head")).to_be_focused()
    tab.after_drawing("model", lambda: press(tab, "ArrowLeft"))


def test_arrow_keys_move_among_the_heads_and_enter_opens_one(tab: AttentionTab) -> None:
    tab.go("model", **HERE)
    tab.button("Layer 0 head 0").focus()
    press(tab, "ArrowRight", "ArrowDown")
    expect(tab.button("Layer 1 head 1")).to_be_focused()
    expect(tab.frame.get_by_role("tooltip")).to_contain_text("Layer 1 · Head 1")
    tab.after_drawing("model", lambda: press(tab, "Enter"))
    expect(tab.frame.get_by_role("heading", name="Layer 1 · Head 1")).to_be_visible()


def test_enter_on_the_open_head_closes_it_and_the_panels_button_gives_the_focus_back(
    tab: AttentionTab,
) -> None:
    tab.go("model", **HERE, layer=1, head=2)
    panel, cell = tab.frame.get_by_role("complementary", name="Chosen head"), tab.button("Layer 1 head 2")
    cell.focus()
    press(tab, "Enter")
    expect(panel).to_have_count(0)
    expect(cell).to_be_focused()
    tab.hash_has("p.attn.open=0")
    press(tab, "Enter")
    panel.get_by_role("button", name="Close the chosen head").focus()
    press(tab, "Enter")
    expect(panel).to_have_count(0)
    expect(cell).to_be_focused()


def test_arrow_keys_point_at_tokens_and_enter_pins_one(tab: AttentionTab) -> None:
    tab.go("head", **HERE)
    queries = tab.frame.get_by_role("listbox", name="Query tokens")
    queries.focus()
    press(tab, "Home", "ArrowDown", "ArrowDown")
    expect(tab.frame.get_by_text("weight of “doctor” on each key")).to_be_visible()
    tab.after_drawing("head", lambda: press(tab, "Enter"))
    expect(queries.get_by_role("option", name="doctor")).to_have_attribute("aria-selected", "true")
    tab.hash_has(f"p.attn.query={TOKENS.index('doctor')}")
    press(tab, "Escape")
    expect(queries.get_by_role("option", name="doctor")).to_have_attribute("aria-selected", "false")


def test_keys_without_a_field_change_step_layer_and_head(tab: AttentionTab) -> None:
    tab.go("model", **HERE)
    tab.frame.locator("body").evaluate("body => { body.tabIndex = -1; body.focus() }")
    for key, heading in (
        ("ArrowDown", "Layer 1 · Head 0"),
        ("]", "Layer 1 · Head 1"),
        ("[", "Layer 1 · Head 0"),
    ):
        tab.after_drawing("model", lambda key=key: press(tab, key))  # type: ignore[misc]  # bound at once
        expect(tab.frame.get_by_role("heading", name=heading)).to_be_visible()
    tab.after_drawing("model", lambda: press(tab, "ArrowRight"))
    expect(tab.frame.locator(".step-number")).to_have_text("Step 10")
