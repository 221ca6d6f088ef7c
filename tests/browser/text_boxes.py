"""A frame → what is wrong with the places of its visible text: overlaps, and text outside what holds it."""

from __future__ import annotations

from playwright.sync_api import Frame

__all__ = ["layout_faults"]

# A text node's boxes, less what its scrolling or clipping ancestors hide; where text-overflow elides it, it is
# meant to be cut. A box counts as seen when some of it is left.
BOXES = """root => {
  const clips = style => style.overflowX !== 'visible' || style.overflowY !== 'visible';
  const seen = [];
  const turn = element => {
    for (let at = element; at !== null && at !== root; at = at.parentElement) {
      const { transform } = getComputedStyle(at);
      if (transform === 'none') continue;
      const { a, b } = new DOMMatrix(transform);
      if (b !== 0) return { at, angle: Math.atan2(b, a) };
    }
    return null;
  };
  // In the axes of a turned text its box has the text's own size, around the same middle.
  const straight = ({ at, angle }) => {
    const { left, right, top, bottom } = at.getBoundingClientRect();
    const [x, y, width, height] = [(left + right) / 2, (top + bottom) / 2, at.offsetWidth, at.offsetHeight];
    const along = x * Math.cos(angle) + y * Math.sin(angle), across = y * Math.cos(angle) - x * Math.sin(angle);
    return { left: along - width / 2, right: along + width / 2, top: across - height / 2, bottom: across + height / 2 };
  };
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode()) !== null;) {
    const text = node.textContent.trim();
    const parent = node.parentElement;
    if (text === '' || parent.closest('.visually-hidden, option, svg') !== null) continue;
    if (!parent.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const whole of range.getClientRects()) {
      const box = { left: whole.left, top: whole.top, right: whole.right, bottom: whole.bottom };
      let scrolled = false, elided = false, fixed = false;
      for (let at = parent; at !== null && at !== document.body; at = at.parentElement) {
        const style = getComputedStyle(at);
        if (style.textOverflow === 'ellipsis') elided = true;
        if (clips(style) && !fixed) {
          const edge = at.getBoundingClientRect();
          if (/auto|scroll/.test(style.overflowX + style.overflowY)) scrolled = true;
          box.left = Math.max(box.left, edge.left); box.right = Math.min(box.right, edge.right);
          box.top = Math.max(box.top, edge.top); box.bottom = Math.min(box.bottom, edge.bottom);
        }
        if (style.position === 'fixed') fixed = true;
      }
      if (box.right - box.left < 1 || box.bottom - box.top < 1) continue;
      const x = (box.left + box.right) / 2, y = (box.top + box.bottom) / 2;
      const top = document.elementFromPoint(x, y);
      const covered = top === null || !(top.contains(parent) || parent.contains(top));
      const background = top === null ? '' : getComputedStyle(top).backgroundColor;
      if (covered && !['', 'rgba(0, 0, 0, 0)', 'transparent'].includes(background)) continue;
      const cut = !scrolled && !elided &&
        (whole.left < box.left - 1 || whole.right > box.right + 1 || whole.top < box.top - 2 || whole.bottom > box.bottom + 2);
      const out = whole.right > innerWidth + 1 || whole.left < -1;
      const turned = turn(parent);
      seen.push({ node, turned, text: text.slice(0, 40), box, cut, out: out && !scrolled && !elided });
    }
  }
  const faults = seen.flatMap(({ text, cut, out }) => cut ? [`cut off: ${text}`] : out ? [`off the page: ${text}`] : []);
  for (let i = 0; i < seen.length; i++) for (let j = 0; j < i; j++) {
    if (seen[i].node === seen[j].node) continue;  // an elided text has a box for what is left and one for all
    const areTurned = seen[i].turned !== null && seen[i].turned.angle === seen[j].turned?.angle;
    const [a, b] = [seen[i], seen[j]].map(({ box, turned }) => areTurned ? straight(turned) : box);
    const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
    const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
    if (across > 1 && down > 2) faults.push(`overlap of ${Math.round(across)} × ${Math.round(down)}: ${seen[j].text} | ${seen[i].text}`);
  }
  return faults;
}"""


def layout_faults(frame: Frame, within: str = "#attn") -> list[str]:
    """One line for each fault, none when the layout is whole."""
    found: list[str] = frame.locator(within).evaluate(BOXES)
    return found
