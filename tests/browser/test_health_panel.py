"""Hints in a real TensorBoard: a planted fault is listed first with its step; the limits are there in any case."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest
from attention_tab import AttentionTab
from changing_log import MOVED, SICK, STEPS
from logs.tensorboard_server import TensorBoardServer
from playwright.sync_api import expect

from tensorboard_plugin_attn import AttentionReader
from tensorboard_plugin_attn.studying.health import Thresholds

OpenTab = Callable[..., AttentionTab]
SHE: dict[str, object] = {"tag": "she", "step": STEPS[-1], "view": "model"}


@pytest.mark.parametrize("kind", list(SICK))
def test_a_planted_fault_is_first_with_its_step_and_the_way_to_it(
    open_tab: OpenTab, changing_server: TensorBoardServer, changing: Path, kind: str
) -> None:
    step, layer, head = SICK[kind]
    tab = open_tab(changing_server.url, run=kind, **SHE)
    tab.wait_drawn("model")
    tab.frame.locator(".switch.has-hints").click()
    listed = tab.frame.locator(".hint")
    listed.first.wait_for()
    found = listed.evaluate_all("hints => hints.map(hint => ({ ...hint.dataset, text: hint.innerText }))")
    wanted = AttentionReader(changing).evolution(kind, "she").hints
    assert [each["kind"] for each in found] == [each.kind for each in wanted]
    assert (found[0]["kind"], found[0]["step"], found[0]["layer"]) == (kind, str(step), str(layer))
    assert found[0]["heads"] == str(head)
    assert wanted[0].message in found[0]["text"]
    assert "cause" not in " ".join(each["text"] for each in found)
    tab.button(f"Go to step {step}, layer {layer}, head {head}").click()
    tab.hash_has(f"p.attn.step={step}", f"p.attn.head={head}", "p.attn.panel=health")


def test_a_layer_with_a_head_without_values_is_not_said_to_be_still(
    open_tab: OpenTab, changing_server: TensorBoardServer
) -> None:
    tab = open_tab(changing_server.url, run="nan", tag="she", view="evolution")
    tab.wait_drawn("evolution")
    expect(tab.frame.get_by_text("Head 0.3 is without a value at step 30").first).to_be_visible()
    expect(tab.frame.get_by_text("Layer 0 did not move")).to_have_count(0)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_where_nothing_is_wrong_the_limits_can_be_seen_and_set(
    open_tab: OpenTab, changing_server: TensorBoardServer, changing: Path, dark: bool
) -> None:
    tab = open_tab(changing_server.url, run="a", dark=dark, **SHE)
    tab.wait_drawn("model")
    switch = tab.button("No hints")
    switch.focus()
    tab.page.keyboard.press("Enter")
    panel = tab.frame.get_by_role("complementary", name="Hints")
    expect(panel).to_contain_text("No hints in this probe")
    expect(panel.get_by_text("Nothing in this probe is beyond the limits below.")).to_be_visible()
    expect(panel.get_by_text("Weights alone do not tell the scores")).to_be_visible()
    limits = panel.get_by_role("spinbutton")
    wanted = asdict(Thresholds())
    expect(limits).to_have_count(len(wanted))
    assert sorted(map(float, limits.evaluate_all("inputs => inputs.map(input => input.value)"))) == sorted(
        map(float, wanted.values())
    )
    own = Thresholds(entropy=0.585, drop=1)
    for name, value in (
        ("Entropy below", own.entropy),
        ("… after a fall of so many usual deviations", own.drop),
    ):
        tab.frame.get_by_label(name).fill(str(value))
        tab.frame.get_by_label(name).press("Enter")
    expected = AttentionReader(changing).evolution("a", "she", own).hints
    assert (expected[0].kind, expected[0].step, expected[0].heads) == (
        "entropy_collapse",
        MOVED[2],
        [MOVED[1]],
    )
    expect(tab.frame.locator(".hint")).to_have_count(len(expected))
    count = f"{len(expected)} {'hint' if len(expected) == 1 else 'hints'}"
    expect(tab.button(count)).to_have_attribute("aria-pressed", "true")
    expect(panel).to_contain_text(f"{count} in this probe")


def test_limits_are_seen_and_set_and_travel_in_the_link(
    open_tab: OpenTab, changing_server: TensorBoardServer
) -> None:
    tab = open_tab(changing_server.url, run="entropy_collapse", **SHE, panel="health")
    expect(tab.frame.locator(".hint").first).to_be_visible()
    limit = tab.frame.get_by_label("Entropy below")
    expect(limit).to_have_value("0.1")
    limit.fill("0")
    limit.press("Enter")
    expect(tab.frame.get_by_text("Nothing in this probe is beyond the limits below.")).to_be_visible()
    tab.hash_has("p.attn.limits=entropy%3A0")
    tab.button("Back to the usual ones").click()
    expect(tab.frame.locator(".hint").first).to_be_visible()
