import { describe, expect, it } from "vitest";

import { packed } from "../../tests/packed";
import { decodeMetrics } from "./decode";
import { applyChanges } from "./series_changes";

interface Row {
  step: number;
  value: number;
  column: number;
  part?: number;
}

/** A thinned answer of one layer, one head and one metric. */
function answer(rows: Row[], fields: Record<string, unknown> = {}): ArrayBuffer {
  const shape = [rows.length, 1, 1, 1];
  const steps = Float64Array.from(rows, ({ step }) => step);
  const told = { names: ["entropy"], layers: [{ name: "", kind: "self", stack: "", heads: 1 }] };
  return packed(
    {
      values: { data: Float32Array.from(rows, ({ value }) => value), shape },
      steps: { data: steps },
      wall_times: { data: steps },
      columns: { data: Float64Array.from(rows, ({ column }) => column) },
      parts: { data: Uint8Array.from(rows, ({ part }) => part ?? 0) },
    },
    { ...told, damaged: [], token: "t", whole: true, gone: [], pending: 0, ...fields },
  );
}

const first = (): ArrayBuffer =>
  answer([
    { step: 0, value: 1, column: 0 },
    { step: 0.5, value: 0, column: 0, part: 1 },
    { step: 8, value: 5, column: 0 },
    { step: 10, value: 6, column: 1 },
    { step: 20, value: 7, column: 2 },
  ]);

describe("a thinned series", () => {
  it("knows which rows are steps", () => {
    const { series, token } = applyChanges(null, first());
    expect([token, series.isThinned, series.pending]).toEqual(["t", true, 0]);
    expect([...series.exactSteps]).toEqual([0, 8, 10, 20]);
  });

  it("takes rows that came in place of all rows of their columns, and drops columns that are gone", () => {
    const before = applyChanges(null, first());
    const rows = [
      { step: 12, value: 9, column: 1 },
      { step: 31, value: 8, column: 3 },
    ];
    const told = { whole: false, gone: [2], token: "u", damaged: [15], pending: 4 };
    const { series, columns, token } = applyChanges(before, answer(rows, told));
    expect([...series.steps]).toEqual([0, 0.5, 8, 12, 31]);
    expect([...series.values]).toEqual([1, 0, 5, 9, 8]);
    expect([...columns]).toEqual([0, 0, 0, 1, 3]);
    expect([token, series.damaged, series.pending]).toEqual(["u", [15], 4]);
    expect([...series.state.parts!]).toEqual([0, 1, 0, 0, 0]);
  });

  it("is new where the server says that it is whole", () => {
    const before = applyChanges(null, first());
    const { series } = applyChanges(before, answer([{ step: 3, value: 2, column: 0 }]));
    expect([...series.steps]).toEqual([3]);
  });

  it("gets rows for single steps, under its own metrics", () => {
    const { series } = applyChanges(null, first());
    const exact = decodeMetrics(answer([{ step: 4, value: 0.25, column: 0 }]));
    const next = series.withSteps(exact);
    expect([...next.steps]).toEqual([0, 0.5, 4, 8, 10, 20]);
    expect(next.at(2, 0, 0, 0)).toBe(0.25);
    expect(next.isStep(2)).toBe(true);
    expect(next.withSteps(exact)).toBe(next);
    const other = decodeMetrics(answer([{ step: 5, value: 1, column: 0 }], { names: ["sink"] }));
    expect(next.withSteps(other).at(3, 0, 0, 0)).toBeNaN();
  });
});
