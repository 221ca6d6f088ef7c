import { describe, expect, it } from "vitest";
import { canvasWindow, intersects, nearestScroll, placeTip } from "./canvas_window";

const content = { width: 1200, height: 1920 };
const view = { x: 0, y: 0, width: 640, height: 500 };

describe("the window of the canvas", () => {
  it("is the whole content where that is small", () => {
    const small = { width: 600, height: 480 };
    expect(canvasWindow(view, small, null)).toEqual({ x: 0, y: 0, ...small });
  });

  it("always holds what is in view and never leaves the content", () => {
    let present = null;
    for (let y = 0; y <= 1420; y += 35) {
      const seen = { ...view, x: y / 3, y };
      present = canvasWindow(seen, content, present);
      expect(present.y).toBeLessThanOrEqual(y);
      expect(present.y + present.height).toBeGreaterThanOrEqual(y + 500);
      expect(present.y + present.height).toBeLessThanOrEqual(content.height);
    }
  });

  it("stays while the view moves inside it", () => {
    const present = canvasWindow(view, content, null);
    expect(canvasWindow({ ...view, y: 200 }, content, present)).toBe(present);
    expect(canvasWindow({ ...view, y: 600 }, content, present)).not.toBe(present);
  });
});

describe("the tip", () => {
  const bounds = { x: 0, y: 0, width: 640, height: 560 };
  const size = { width: 176, height: 168 };
  const cell = (column: number, row: number) => ({
    x: column * 46,
    y: row * 80,
    width: 42,
    height: 42,
  });

  it("covers neither the pointed nor the selected head, wherever both are", () => {
    for (let at = 0; at < 72; at++) {
      for (let selected = 0; selected < 72; selected += 5) {
        const pointed = cell(at % 12, Math.floor(at / 12));
        const free = cell(selected % 12, Math.floor(selected / 12));
        const tip = placeTip(pointed, free, size, bounds);
        expect(intersects(tip, pointed)).toBe(false);
        expect(intersects(tip, free)).toBe(false);
        expect(tip.x).toBeGreaterThanOrEqual(0);
        expect(tip.x + tip.width).toBeLessThanOrEqual(bounds.width);
        expect(tip.y + tip.height).toBeLessThanOrEqual(bounds.height);
      }
    }
  });

  it("stands at the right with its foot at the pointed cell's, as in the picture", () => {
    expect(placeTip(cell(7, 5), cell(3, 5), size, bounds)).toMatchObject({ x: 374, y: 278 });
  });
});

it.each([
  ["in view", 100, 140, 100],
  ["above it", 100, 40, 40],
  ["below it", 100, 700, 280],
])("scrolls no further than needed to a head that is %s", (_, present, start, expected) => {
  expect(nearestScroll(present, 500, start, 80)).toBe(expected);
});
