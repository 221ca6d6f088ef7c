import { describe, expect, it } from "vitest";

import type { MetricSeries } from "../../decoding/decode";
import type { LastingChange } from "../../decoding/marked_heads";
import { lanesOf, marksOf } from "./lanes";

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
  });

  it("are none where so many heads changed that marks would hide one another", () => {
    const many = Array.from({ length: 401 }, (_, head) => change(head, 0));
    expect(lanesOf(series, many)).toEqual([]);
  });
});

it("marks of changes that would hide one another are one", () => {
  const events = [
    change(0, 0),
    { ...change(5, 0), step: 2 },
    change(1, 0),
    { ...change(7, 0), step: 10 },
  ];
  const marks = marksOf(events, (step) => 2 * step);
  expect(marks.map(({ left, events: of }) => [left, of.map(({ head }) => head)])).toEqual([
    [0, [0, 5]],
    [20, [1, 7]],
  ]);
});
