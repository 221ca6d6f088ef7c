"""Text in every state that a control can be in, in both themes → its contrast with what lies behind it, at least 4.5.

axe (``test_accessibility.py``) sees the page as it is left: nothing hovered or focused, and what is disabled not at all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from attention_tab import AttentionTab
from logs.tensorboard_server import TensorBoardServer

LEAST = 4.5
# Contrast as WCAG 2.2 defines it, of each text node below `root`. A canvas paints its own words.
MEASURE = """
window.lowContrast = (root, least) => {
  const channels = text => (text.match(/[\\d.]+/g) ?? [0, 0, 0, 0]).map(Number);
  const over = (top, below, share) => below.map((each, i) => top[i] * share + each * (1 - share));
  const behind = element => {
    const coats = [];
    for (let at = element; at !== null; at = at.parentElement) {
      const [r, g, b, a = 1] = channels(getComputedStyle(at).backgroundColor);
      if (a > 0) coats.push([[r, g, b], a]);
      if (a === 1) break;
    }
    return coats.reduceRight((below, [colour, share]) => over(colour, below, share), [255, 255, 255]);
  };
  const luminance = colour => {
    const [r, g, b] = colour.map(each => each / 255).map(each => each <= .04045 ? each / 12.92 : ((each + .055) / 1.055) ** 2.4);
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const opacity = element => {
    let share = 1;
    for (let at = element; at !== null; at = at.parentElement) share *= Number(getComputedStyle(at).opacity);
    return share;
  };
  const found = [];
  const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const text = texts.currentNode, element = text.parentElement, style = getComputedStyle(element);
    if (text.data.trim() === '' || !element.checkVisibility({ visibilityProperty: true })) continue;
    const range = document.createRange();
    range.selectNodeContents(text);
    const { width, height } = range.getBoundingClientRect();
    const share = opacity(element);
    if (width < 2 || height < 2 || parseFloat(style.fontSize) === 0 || share === 0) continue;
    const [r, g, b, a = 1] = channels(element instanceof SVGElement ? style.fill : style.color);
    const ground = behind(element);
    const [light, dark] = [luminance(over([r, g, b], ground, a * share)), luminance(ground)].sort((x, y) => y - x);
    const contrast = (light + .05) / (dark + .05);
    if (contrast < least) found.push(`${contrast.toFixed(2)} ${element.tagName}.${element.className?.baseVal ?? element.className}: ${text.data.slice(0, 40)}`);
  }
  return found;
};
true
"""
# One of each kind: what looks the same by its classes and its state looks the same under the pointer.
KINDS = """() => {
  const state = each => ['aria-pressed', 'aria-selected', 'aria-current', 'aria-expanded', 'data-selected', 'aria-disabled']
    .map(name => each.getAttribute(name)).join() + (each.disabled === true);
  const kind = each => [each, each.parentElement, each.parentElement.parentElement]
    .map(at => at.tagName + at.className + state(at)).join(' ');
  const seen = new Set();
  for (const each of document.querySelectorAll('button, a, select, label, summary, tbody tr, [role=tab], [role=option], .token')) {
    const { width, height } = each.getBoundingClientRect();
    if (width < 4 || height < 4 || seen.has(kind(each)) || !each.checkVisibility({ visibilityProperty: true })) continue;
    each.dataset.kind = seen.size;
    seen.add(kind(each));
  }
  return seen.size;
}"""


def low(tab: AttentionTab) -> set[str]:
    """Texts of too little contrast in the page as it is, and with each kind of control hovered, then focused."""
    inside = tab.inside()
    inside.evaluate(MEASURE)
    found = {f"left: {each}" for each in inside.evaluate("least => lowContrast(document.body, least)", LEAST)}
    kinds = inside.evaluate(KINDS)
    assert kinds > 15
    for at in range(kinds):
        control = tab.frame.locator(f"[data-kind='{at}']")
        if control.count() == 0:  # a hover before it drew this part of the page anew
            continue
        control.evaluate("each => each.scrollIntoView({ block: 'nearest', inline: 'nearest' })")
        box = control.bounding_box()
        if box is None:
            continue
        tab.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        for state in ("hovered", "focused"):
            texts = (
                control.evaluate(
                    """(each, [state, least]) => {
                  if (state === 'focused') each.focus({ focusVisible: true, preventScroll: true });
                  return lowContrast(each.closest('li, tr, .run-row, .probe-row') ?? each.parentElement, least);
                }""",
                    [state, LEAST],
                )
                if control.count()
                else []
            )
            found |= {f"{state}: {each}" for each in texts}
    return found


HERE: dict[str, Any] = {"run": "planted", "tag": "patterns", "step": 10, "layer": 1}
STATES: dict[str, dict[str, Any]] = {
    "evolution": {"view": "evolution"},
    "model": {"view": "model", "panel": "health"},
    "head": {"view": "head", "query": 3},
    "matrix": {"view": "head", "mode": "matrix", "query": 3, "key": 2},
    "find": {"view": "head", "panel": "find", "find": "4-2"},
    "compare": {"view": "model", "compare": "first"},
}


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", list(STATES))
def test_text_can_be_read_in_every_state_of_its_control(
    open_tab: Callable[..., AttentionTab], server: TensorBoardServer, name: str, dark: bool
) -> None:
    tab = open_tab(server.url, dark=dark, **HERE, **STATES[name])
    tab.wait_drawn(STATES[name]["view"])
    tab.wait_loaded()
    assert low(tab) == set()
