import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { applyPairs } from "../../page/url";
import { ApiError } from "../../decoding/errors";
import { MetricSeries } from "../../decoding/decode";
import { viewSize } from "../../parts/heads_grid/grid_room";
import * as state from "../../state";
import { layout, when } from "./scene";

const steps = Float64Array.of(0, 10, 20);
const shapes = [0, 1].map(() => ({ name: "", kind: "self", stack: "", heads: 12 }));
const values = new Float32Array(3 * 2 * 12);
const series = new MetricSeries(["entropy"], shapes, [], steps, steps, values, [3, 2, 12, 1], null);

describe("the room of When", () => {
  beforeEach(() => {
    applyPairs([]);
    viewSize.value = { width: 1344, height: 740 };
    state.series.value = { status: "ready", value: series };
    state.scalarTags.value = { status: "loading" };
  });
  afterEach(() => {
    state.series.value = { status: "idle" };
    state.scalarTags.value = { status: "idle" };
  });

  it("is kept from the first, so that nothing moves when the loss comes after the grid", () => {
    const [before, height] = [layout.value, when.value!.height];
    expect(when.value!.plot).toBeGreaterThan(60);
    state.scalarTags.value = { status: "ready", value: ["train/loss"] };
    expect(layout.value).toBe(before);
    expect(when.value!.height).toBe(height);
  });

  it.each([
    ["has no scalars", { status: "ready", value: [] } as const],
    ["cannot be asked", { status: "error", error: new ApiError(500, "x", "no", {}) } as const],
  ])("goes to the rows where the run %s and no head changed", (_, tags) => {
    state.scalarTags.value = tags;
    expect(when.value).toBeNull();
  });
});
