import { expect, it } from "vitest";

import { inUnit, metricMeaning } from "./metric_names";

it.each([
  ["mean_distance", "0–13 tokens"],
  ["contribution_mean_distance", "0–13 tokens"],
  ["patch_distance", "0–13 px"],
  ["seconds_distance", "0–13 s"],
  ["entropy", "0–13"],
  [null, "0–13"],
])("a number of %s stands with its unit: %s", (name, text) => {
  expect(inUnit("0–13", name)).toBe(text);
});

it.each(["mean_distance", "contribution_mean_distance", "patch_distance", "seconds_distance"])(
  "the unit of %s is that of its meaning",
  (name) => {
    const word = { tokens: "tokens", px: "pixels", s: "seconds" }[inUnit("", name).trim()]!;
    expect(metricMeaning(name)).toContain(word);
  },
);
