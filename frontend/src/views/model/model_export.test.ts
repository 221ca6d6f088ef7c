import { afterEach, expect, it } from "vitest";

import { MetricSeries } from "../../decoding/decode";
import { index, run, tag } from "../../state";
import { metricsTable } from "./model_export";

const layers = [{ name: "", kind: "self", stack: "", heads: 1 }];
const logged = Float64Array.of(0, 10, 20);

function series(parts?: Uint8Array): MetricSeries {
  const values = Float32Array.of(0.1, 0.2, 0.3);
  const state = parts === undefined ? undefined : { parts, pending: 0, probe: null };
  return new MetricSeries(
    ["entropy"],
    layers,
    [],
    logged,
    logged,
    values,
    [3, 1, 1, 1],
    null,
    state,
  );
}

afterEach(() => {
  index.value = run.value = tag.value = null;
});

it("the table of a whole series has all of its steps and says nothing more", () => {
  const { columns, rows } = metricsTable(series(), [0, 1, 2]);
  expect(columns).toEqual(["step", "layer", "head", "entropy"]);
  expect([...rows].map(([step]) => step)).toEqual([0, 10, 20]);
});

it("the table of a thinned series has the steps that are here, and each row says of how many", () => {
  const all = Array.from({ length: 5000 }, (_, step) => step);
  index.value = { a: { p: { steps: all, versions: [], kinds: [], wall_times: [] } } };
  [run.value, tag.value] = ["a", "p"];
  const { columns, rows } = metricsTable(series(Uint8Array.of(0, 1, 0)), [0, 1, 2]);
  expect(columns.at(-1)).toBe("thinned");
  expect([...rows].map((row) => [row[0], row.at(-1)])).toEqual([
    [0, "2 of 5000 steps"],
    [20, "2 of 5000 steps"],
  ]);
});
