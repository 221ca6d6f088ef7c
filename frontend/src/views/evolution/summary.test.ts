import { describe, expect, it } from "vitest";
import { MetricSeries } from "../../decoding/decode";
import type { EvolutionFacts } from "../../decoding/evolution_facts";
import type { LastingChange } from "../../decoding/marked_heads";
import { changesText, summaryOf } from "./summary";

const facts = { became: { sink: ["first-token sink", "leaves the first token"] } };

function series(layers: number, heads: number, steps = [0, 8, 16, 24]): MetricSeries {
  const shapes = Array.from({ length: layers }, () => ({ name: "", kind: "", stack: "", heads }));
  const at = Float64Array.from(steps);
  const shape = [steps.length, layers, heads, 1];
  const none = new Float32Array(0);
  return new MetricSeries(
    ["sink"],
    shapes,
    [],
    at,
    at,
    none,
    shape,
    facts as unknown as EvolutionFacts,
  );
}

function change(layer: number, step: number, rose = true): LastingChange {
  const [before, after] = rose ? [0.1, 0.9] : [0.9, 0.1];
  return { layer, head: 0, step, metric: 0, before, after, size: after - before };
}

const loss = {
  run: "a",
  tag: "train/loss",
  steps: [0, 8, 16, 24],
  wall_times: [],
  values: [3.5, 3, 1, 0.8],
};

describe("the sentence on what happened", () => {
  it.each([
    [
      "where, when and the loss",
      [change(5, 16), change(5, 24), change(4, 16)],
      loss,
      "3 of 72 heads changed for good, most in layer 5, at steps 16–24 while train/loss fell from 3 to .80.",
    ],
    [
      "one layer, one step, no loss",
      [change(5, 16)],
      null,
      "1 of 72 heads changed for good, all in layer 5, at step 16.",
    ],
    [
      "no layer first",
      [change(1, 8), change(2, 8)],
      null,
      "2 of 72 heads changed for good, at step 8.",
    ],
    ["nothing", [], loss, "No head changed for good by .15 or more, above its own noise."],
  ] as const)("says %s", (_, changes, scalar, sentence) => {
    const of = { series: series(6, 12), changes, smallest: 0.15, scalar };
    expect(summaryOf(of).replace("from 3.00", "from 3")).toBe(sentence);
  });

  it("says what many heads became", () => {
    const changes = [change(0, 8), change(1, 8), change(2, 8, false)];
    expect(summaryOf({ series: series(80, 64), changes, smallest: 0.15, scalar: null })).toBe(
      "3 of 5,120 heads changed for good (2 first-token sink, 1 leaves the first token), at step 8.",
    );
  });

  it("says from which step on the text is another one, and how often it changed", () => {
    const rest = "on: steps before it do not compare";
    expect(changesText([10])).toBe(`another text from step 10 ${rest}`);
    expect(changesText([10, 20, 90])).toBe(`another text 3 times, the last from step 90 ${rest}`);
  });

  it("says that one step is too few", () => {
    const of = { series: series(6, 12, [0]), changes: [], smallest: 0.15, scalar: null };
    expect(summaryOf(of)).toContain("One step so far");
  });
});
