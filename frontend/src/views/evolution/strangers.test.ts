import { expect, it } from "vitest";

import { MetricSeries } from "../../decoding/metric_series";
import { strangersText } from "./strangers";

function logged(probe: string | null, depth = 2): MetricSeries {
  const layer = { name: "", kind: "self", stack: "", heads: 1 };
  const at = Float64Array.of(0);
  const state = {
    parts: null,
    pending: 0,
    probe: probe === null ? null : ([probe, null] as const),
  };
  const layers = Array.from({ length: depth }, () => layer);
  const values = new Float32Array(depth);
  return new MetricSeries(["m"], layers, [], at, at, values, [1, depth, 1, 1], null, state);
}

it.each<[string, [string, MetricSeries][], string | null]>([
  ["nothing of runs with the same input", [["r/b", logged("one")]], null],
  ["nothing of a log that does not tell", [["r/b", logged(null)]], null],
  [
    "the run with another text",
    [
      ["r/b", logged("one")],
      ["r/c", logged("two")],
    ],
    "c logged another text or mask under this tag",
  ],
  [
    "how many there are",
    [
      ["r/b", logged("two")],
      ["r/c", logged("three")],
      ["r/d", logged("four")],
    ],
    "b and 2 more runs logged another text or mask under this tag",
  ],
  [
    "that layers differ, where they do",
    [["r/b", logged("two", 3)]],
    "b logged other layers, masks or another text under this tag",
  ],
])("tells %s", (_, others, text) => {
  expect(strangersText(logged("one"), new Map(others), "r/")).toBe(text);
});
