import { expect, it } from "vitest";

import { withLegend, type Mark } from "./figure";
import type { Picture } from "./picture";

const picture: Picture = { width: 320, height: 100, background: "b", ink: "i", shapes: [] };
const marks: Mark[] = [
  { kind: "line", colour: "red", text: "skewed" },
  { kind: "line", colour: "red", text: "uniform", isDotted: true },
  { kind: "box", colour: "red", text: "head 3" },
  { kind: "scale", colours: ["white", "black"], from: "0", to: "1", text: "weight" },
  { kind: "note", text: "what is not drawn" },
];

it("a legend stands below the picture, inside its width, with no two marks over one another", () => {
  const { width, height, shapes } = withLegend(picture, marks);
  const texts = shapes.filter((shape) => shape.kind === "text");
  for (const { text } of marks) expect(texts.map((each) => each.text)).toContain(text);
  expect(height).toBeGreaterThan(100);
  const ends = texts.map(({ x, y, text }) => ({ x, y, end: x + 5.5 * text.length }));
  for (const [at, { x, y, end }] of ends.entries()) {
    expect([y > 100, y < height, end <= width]).toEqual([true, true, true]);
    for (const other of ends.slice(at + 1))
      expect(other.y === y && other.x < end && x < other.end).toBe(false);
  }
});

it("a picture without marks stays as it is", () => {
  expect(withLegend(picture, [])).toBe(picture);
});
