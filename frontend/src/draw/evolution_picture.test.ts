import { expect, it } from "vitest";

import { MetricSeries } from "../decoding/decode";
import { pixelOf, rgbOf, runColour } from "./colour";
import { drawEvolutionRows, evolutionInk, type RunHistories } from "./evolution_picture";
import { gridLayout } from "./grid";
import { GroupHistories } from "./group_histories";
import { Histories } from "./histories";
import { makeRaster } from "./raster";

const layout = gridLayout([{ layer: 0, heads: 1, group: "", order: [0] }], {
  pitchX: 46,
  pitchY: 40,
  cell: { width: 42, height: 30 },
  sparkTop: 4,
  sparkHeight: 21,
  markHeight: 4,
  numberHeight: 0,
  hasMean: false,
  isOverview: false,
});
const steps = Float64Array.of(0, 10);
const layers = [{ name: "", kind: "self", stack: "", heads: 1 }];

/** Of a run whose only head keeps one value. */
function level(value: number, run: number): RunHistories {
  const values = Float32Array.of(value, value);
  const series = new MetricSeries(["x"], layers, [], steps, steps, values, [2, 1, 1, 1]);
  return { histories: new Histories(series, 0), run };
}

const runs = [0.2, 0.5, 0.8].map((value, at) => level(value, at + 1));
const [main, ...others] = runs as [RunHistories, ...RunHistories[]];

/** How far the darkest pixel of each run's line lies from the background, 0 to 1 of its own colour. */
function strengths(raised: RunHistories | null, groups: readonly GroupHistories[] = []): number[] {
  const raster = makeRaster(layout.width, layout.height);
  const scene = { main, others, groups, raised, step: null, hasMarks: false };
  const whole = { ...scene, baseline: () => NaN, chosen: () => null };
  const window = { x: 0, y: 0, width: layout.width, height: layout.height };
  drawEvolutionRows({ raster, window }, layout, layout.rows, whole, evolutionInk("light", 1));
  const far = (pixel: number): number =>
    [0, 8, 16].reduce((sum, shift) => sum + 255 - ((pixel >> shift) & 255), 0);
  return runs.map(({ run }, at) => {
    const middle = 4 + Math.round((1 - [0.2, 0.5, 0.8][at]!) * 20);
    const column = [-1, 0, 1].map((by) => raster.pixels[(middle + by) * layout.width + 20]!);
    return Math.max(...column.map(far)) / far(pixelOf(rgbOf(runColour(run, "light"))));
  });
}

it("a raised run has its whole colour, and the others fade", () => {
  for (const [at, run] of runs.entries()) {
    const [before, after] = [strengths(null), strengths(run)];
    for (const other of [0, 1, 2])
      if (other === at) expect(after[other]).toBeCloseTo(1, 2);
      else expect(after[other]! / before[other]!).toBeCloseTo(0.3, 1);
  }
});

it("a raised run of a group is drawn over its median", () => {
  const groups = [new GroupHistories([main.histories, others[0]!.histories], 1)];
  const [, , before] = strengths(null, groups);
  const [, , after] = strengths(others[1]!, groups);
  expect(before).toBe(0);
  expect(after).toBeGreaterThan(0.9);
});
