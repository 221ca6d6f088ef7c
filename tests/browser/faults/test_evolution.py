"""Evolution as 0.1 drew it: flat lines, heads that changed without a name, steps cut off, a broken head that is said to be still."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from attention_tab import AttentionTab
from fault_logs import LATE, MOVED, STEPS
from playwright.sync_api import expect

pytestmark = pytest.mark.slow  # a unit test holds each of these every day

OpenFault = Callable[..., AttentionTab]
CHANGED = f"Layer {MOVED[0]} head {MOVED[1]}"

# Numbers of nine digits that what clips them, or the page, cuts off.
CUT = """() => {
  const found = [];
  const texts = document.createTreeWalker(document.querySelector('#attn-view'), NodeFilter.SHOW_TEXT);
  while (texts.nextNode() !== null) {
    const node = texts.currentNode, parent = node.parentElement;
    if (!/\\d{9}/.test(node.textContent) || parent.closest('.visually-hidden, option') !== null) continue;
    if (!parent.checkVisibility()) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const { left, right } = range.getBoundingClientRect();
    let isCut = right > innerWidth + 1;
    for (let at = parent; at.id !== 'attn'; at = at.parentElement) {
      const { overflowX } = getComputedStyle(at), edge = at.getBoundingClientRect();
      if (overflowX !== 'visible') isCut ||= right > edge.right + 1 || left < edge.left - 1;
    }
    if (isCut) found.push(node.textContent);
  }
  return found;
}"""


def height(tab: AttentionTab, layer: int) -> float:
    """Of the row of a layer's heads."""
    box = tab.button(f"Layer {layer} head 0").bounding_box()
    assert box is not None
    return box["height"]


def test_layers_in_which_no_head_changed_are_folded(open_demo: OpenFault) -> None:
    tab = open_demo("evolution")
    tab.wait_loaded()
    still, moved = height(tab, 0), height(tab, MOVED[0])
    assert still < moved / 2, f"a row of flat lines has {still} px, one of changes {moved}"


def test_a_head_that_changed_is_told_by_what_it_became(open_demo: OpenFault) -> None:
    tab = open_demo("evolution")
    tab.wait_loaded()
    layer, head = MOVED
    tab.button(f"Layer {layer} head {head + 1}").focus()
    tab.page.keyboard.press("ArrowLeft")
    expect(tab.button(CHANGED)).to_be_focused()
    expect(tab.frame.locator("#head-tip")).to_contain_text("role: attends she→nurse")


def test_a_longer_run_beside_it_leaves_the_shown_one_its_width(open_demo: OpenFault) -> None:
    tab = open_demo("evolution", run="short", tag="lengths")
    tab.wait_loaded()
    box = tab.button("Layer 0 head 0").bounding_box()
    slider = tab.frame.get_by_role("slider", name="Step", exact=True).bounding_box()
    assert box is not None
    assert slider is not None
    tab.page.mouse.move(box["x"] + box["width"] / 4, box["y"] + box["height"] / 2)
    ring = tab.frame.locator(".pointed-step").bounding_box()
    assert ring is not None
    share = (ring["x"] + ring["width"] / 2 - slider["x"]) / slider["width"]
    assert share == pytest.approx(0.25, abs=0.1), f"a quarter of the cell is step {share * STEPS[-1]:.0f}"


@pytest.mark.parametrize("view", ["evolution", "model"])
@pytest.mark.parametrize("width", [1280, 1600])
def test_steps_of_nine_digits_are_whole(open_demo: OpenFault, view: str, width: int) -> None:
    tab = open_demo(view, run="late", tag="late", width=width)
    tab.wait_loaded()
    last = re.compile(f"{LATE[-1]}|{LATE[-1]:,}")
    expect(tab.frame.get_by_text(last).first).to_be_visible()
    assert tab.inside().evaluate(CUT) == []


def test_a_layer_with_a_head_that_became_nan_is_not_said_to_be_still(open_demo: OpenFault) -> None:
    tab = open_demo("evolution", run="sick", tag="sick")
    tab.wait_loaded()
    expect(tab.frame.get_by_text("did not move")).to_have_count(0)
