import { describe, expect, it } from "vitest";

import type { MetricSeries } from "../../decoding/decode";
import type { LastingChange } from "../../decoding/marked_heads";
import { lanesOf, pillsOf, type Pill } from "./lanes";

const series = {
  names: ["first_token", "she → nurse", "previous_token", "entropy", "induction"],
  evolution: {
    became: {
      first_token: ["first-token sink", "leaves the first token"],
      previous_token: ["previous-token", "leaves the previous token"],
      entropy: ["spreads out", "sharpens"],
      induction: ["induction", "no longer induction"],
      "she → nurse": ["attends she → nurse", "leaves she → nurse"],
    },
  },
} as unknown as MetricSeries;

function change(head: number, metric: number, after = 0.9): LastingChange {
  return { layer: 0, head, step: 10 * head, metric, before: 0.5, after, size: after - 0.5 };
}

describe("the lanes of what heads became", () => {
  it("hold one thing each, the commonest first", () => {
    const lanes = lanesOf(series, [change(0, 1), change(1, 0), change(2, 0, 0.1), change(3, 0)]);
    expect(lanes.map(({ name, events }) => [name, events.map(({ head }) => head)])).toEqual([
      ["first-token sink", [1, 3]],
      ["attends she → nurse", [0]],
      ["leaves the first token", [2]],
    ]);
  });

  it("put what is rarer into one", () => {
    const lanes = lanesOf(
      series,
      [0, 1, 2, 3, 4].map((metric) => change(metric, metric)),
    );
    expect(lanes).toHaveLength(4);
    expect(lanes.at(-1)).toMatchObject({ name: "other changes" });
    expect(lanes.at(-1)!.events).toHaveLength(2);
    const few = lanesOf(series, [change(0, 0), change(1, 0), change(2, 1), change(3, 3)], 2);
    expect(few.map(({ events }) => events.length)).toEqual([2, 2]);
  });

  it("are none where so many heads changed that marks would hide one another", () => {
    const many = Array.from({ length: 401 }, (_, head) => change(head, 0));
    expect(lanesOf(series, many)).toEqual([]);
  });
});

describe("the pills of a lane", () => {
  const row = (width: number) => ({
    width,
    placeOf: (step: number) => 4 * step,
    nameOf: ({ layer, head }: LastingChange) => `${layer}.${head}`,
  });
  const at = (head: number, step: number): LastingChange => ({ ...change(head, 0), step });

  it("stand at their steps, are pushed right rather than overlapped, and keep a tick at the true step", () => {
    const pills = pillsOf([at(2, 20), at(0, 0), at(1, 20), at(11, 22)], row(800));
    expect(pills.map(({ text, ticks }) => [text, ticks])).toEqual([
      ["0.0", [0]],
      ["0.2", [80]],
      ["0.1", [80]],
      ["0.11", [88]],
    ]);
    expect(pills.slice(0, 2).map(({ left }) => left)).toEqual([0, 80]);
    apart(pills, 800);
  });

  it("do not leave the axis at its end", () => {
    const pills = pillsOf([at(0, 98), at(1, 99), at(2, 99)], row(400));
    expect(pills.map(({ text }) => text)).toEqual(["0.0", "0.1", "0.2"]);
    apart(pills, 400);
  });

  it.each([
    [40, 800],
    [400, 800],
    [30, 240],
  ])("of %i heads within %i px are counted where names have no room", (count, width) => {
    const step = width / 4 / count;
    const events = Array.from({ length: count }, (_, head) => at(head, head * step));
    const pills = pillsOf(events, row(width));
    expect(pills.flatMap(({ events: of }) => of)).toHaveLength(count);
    expect(pills.some(({ text }) => / heads$/.test(text))).toBe(true);
    apart(pills, width);
  });

  it("of many heads at one step are one", () => {
    const events = Array.from({ length: 9 }, (_, head) => at(head, 50));
    expect(pillsOf(events, row(400)).map(({ text }) => text)).toEqual(["9 heads"]);
  });

  function apart(pills: readonly Pill[], width: number): void {
    pills.slice(1).forEach((pill, before) => {
      const { left, width: wide } = pills[before]!;
      expect(pill.left).toBeGreaterThanOrEqual(left + wide);
    });
    expect(pills[0]!.left).toBeGreaterThanOrEqual(-3);
    const last = pills.at(-1)!;
    expect(last.left + last.width).toBeLessThanOrEqual(width + 0.01);
  }
});
