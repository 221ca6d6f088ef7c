import { expect, it } from "vitest";

import { MetricSeries } from "../../decoding/decode";
import { Histories } from "../../draw/histories";
import { runsOfHead } from "./run_ranking";

/** A run with one head. */
function run(name: string, values: number[]) {
  const layers = [{ name: "", kind: "", stack: "", heads: 1 }];
  const steps = Float64Array.from(values, (_, at) => 10 * at);
  const shape = [values.length, 1, 1, 1];
  const of = Float32Array.from(values);
  const series = new MetricSeries(["m"], layers, [], steps, steps, of, shape);
  return { name, histories: new Histories(series, 0) };
}

it("runs stand by the head's value, with the step at which it changed for good", () => {
  const runs = [
    run("still", Array<number>(8).fill(0.5)),
    run("short", [0.1, 0.1]),
    run("late", [0, 0, 0, 0, 0, 0.9, 0.9, 0.9]),
    run("early", [0, 0, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7]),
  ];
  const found = runsOfHead(runs, { layer: 0, head: 0 }, 70);
  expect(found.map(({ name, emerged }) => [name, emerged])).toEqual([
    ["late", 50],
    ["early", 20],
    ["still", null],
    ["short", null],
  ]);
  expect(found[0]!.value).toBeCloseTo(0.9);
  expect(found[3]!.value).toBeNaN();
});
