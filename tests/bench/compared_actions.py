"""What a user does in BertViz's page and in ours → JavaScript that does it and times it, side by side.

Both are timed alike, to the second animation frame after the last element is in BertViz's page, or after the pixels
are on our canvas (our mark is set in the first). Events are dispatched in the page.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ACTIONS", "OURS_DRAWN", "TIMING", "Action", "bertviz_drawn", "bertviz_elements"]

TIMING = """(() => {
  const frame = () => new Promise(requestAnimationFrame);
  const frames = async count => { for (let i = 0; i < count; i++) await frame(); };
  const secondFrame = async isThere => {
    do await frame(); while (!isThere());
    await frame();
    return performance.now();
  };
  const timed = async (act, isThere = () => true) => {
    await frames(3);
    const started = performance.now();
    act();
    return await secondFrame(isThere) - started;
  };
  const drawings = view => performance.getEntriesByName(`attn:drawn:${view}`).length;
  const drawnAgain = view => { const before = drawings(view); return () => drawings(view) > before; };
  const all = selector => document.querySelectorAll(selector);
  const button = text => [...all('button')].find(({ textContent }) => textContent === text);
  const choose = (selector, index) => {
    const select = document.querySelector(selector);
    select.selectedIndex = index;
    select.dispatchEvent(new Event('change', { bubbles: true }));
  };
  const mouse = (element, type) => element.dispatchEvent(new MouseEvent(type, { bubbles: true }));
  const point = (selector, row, rowHeight) => {
    const list = document.querySelector(selector);
    const { left, top } = list.getBoundingClientRect();
    const at = { clientX: left + 30, clientY: top + rowHeight * (row + 0.5), bubbles: true };
    list.dispatchEvent(new PointerEvent('pointermove', at));
  };
  const tools = { frames, secondFrame, timed, drawings, drawnAgain, all, button, choose, mouse, point };
  window.bench = tools;
  const isTensorBoard = location.pathname === '/';
  if (!isTensorBoard) secondFrame(() => IS_DRAWN).then(at => {
    document.documentElement.dataset.drawnAt = performance.timeOrigin + at;
  });
})()"""
"""Run before a page's own scripts; ``IS_DRAWN`` is put in."""

OURS_DRAWN = "drawings('{view}') > 0"
QUERIES = '[role=listbox][aria-label="Query tokens"]'


def bertviz_elements(view: str, heads: tuple[int, int], length: int, size: int) -> dict[str, int]:
    """How many elements of each kind BertViz's finished page has."""
    cells = length**2
    if view == "neuron":
        return {"line": 4 * cells + length, ".element": 3 * length * size}
    return {"line": (heads[1] if view == "head" else heads[0] * heads[1]) * cells}


def bertviz_drawn(elements: dict[str, int]) -> str:
    """Whether all of them are there."""
    line, *others = elements.items()
    return f"document.getElementsByTagName('{line[0]}').length === {line[1]}" + "".join(
        f" && all('{selector}').length === {count}" for selector, count in others
    )


@dataclass(frozen=True)
class Action:
    """``bertviz`` and ``ours`` are bodies of JavaScript functions of ``n``, which counts from 0 in each page."""

    name: str
    bertviz: str
    ours: str
    is_seen: bool = True
    """Whether ours then shows another picture than before; BertViz always does."""

    def script(self, side: str) -> str:
        """A function that Playwright evaluates with ``n``; answers milliseconds."""
        tools = "const { frames, timed, drawnAgain, all, button, choose, mouse, point } = bench;"
        return f"async n => {{ {tools} {self.bertviz if side == 'BertViz' else self.ours} }}"


HEAD = (
    Action(
        "layer switch",
        "return timed(() => choose('#layer', n + 1));",
        "return timed(() => choose('select[aria-label=Layer]', n + 1), drawnAgain('head'));",
    ),
    Action(
        "toggle a head",
        "return timed(() => mouse(all('#vis > svg > g:last-child > rect')[n], 'click'));",
        "return timed(() => all('.head-square')[n].click(), drawnAgain('head'));",
    ),
    Action(
        "hover a token",
        "return timed(() => mouse(all('#left > g:last-child > g')[n + 1], 'mouseover'));",
        f"return timed(() => point('{QUERIES}', n + 1, 32));",
    ),
)

MODEL = (
    Action(
        "open a thumbnail",
        """return timed(() => mouse(all(`#attn_background_${n + 1}_${n}`)[0].parentNode.lastChild, 'click'),
             () => all('.detail').length > 0);""",
        """const label = `Attention lines of layer ${n + 1} head ${n}`;
           return timed(() => all(`[data-layer="${n + 1}"][data-head="${n}"]`)[0].click(),
             () => all(`canvas[aria-label="${label}"]`).length > 0);""",
    ),
)

NEURON = (
    Action(
        "expand",
        """const sign = kind => all(`#${kind} #leftText > g`)[n].lastChild;
           if (n > 0) mouse(sign('expanded'), 'click');
           mouse(all('#collapsed #leftText > g')[n], 'mouseover');
           await frames(5);
           return timed(() => mouse(sign('collapsed'), 'click'));""",
        """const again = drawnAgain('neuron');
           button('Collapsed').click();
           do await frames(5); while (!again());
           return timed(() => button('Expanded').click(), drawnAgain('neuron'));""",
        is_seen=False,
    ),
    Action(
        "head switch",
        """mouse(all('#expanded #leftText > g')[0], 'mouseleave');
           await frames(5);
           return timed(() => choose('#att_head', n + 1));""",
        "return timed(() => choose('select[aria-label=Head]', n + 1), drawnAgain('neuron'));",
    ),
    Action(
        "hover a token, expanded",
        "return timed(() => mouse(all('#expanded #leftText > g')[n + 1], 'mouseover'));",
        f"return timed(() => point('{QUERIES}', n + 1, 24));",
    ),
)

ACTIONS = {"head": HEAD, "model": MODEL, "neuron": NEURON}
