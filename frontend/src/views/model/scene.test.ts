import { batch } from "@preact/signals";
import { beforeEach, describe, expect, it } from "vitest";
import type { RecordHeader } from "../../decoding/answers";
import { MetricSeries, type Thumbnails } from "../../decoding/decode";
import { ApiError, record, series, sortBy, step, thumbnails, metrics } from "../../state";
import { historiesOf, isSorted, isUnreadable, layout, orders, shapes } from "./scene";

const steps = Float64Array.of(0, 10);
const values = Float32Array.of(0.1, 0.9, 0.5, 0.3, 0.2, 0.6);
const layers = [{ name: "", kind: "self", stack: "", heads: 3 }];
const metricSeries = new MetricSeries(
  ["entropy"],
  layers,
  [20],
  steps,
  steps,
  values,
  [2, 1, 3, 1],
);

function header(heads: number): RecordHeader {
  return { layers: [{ ...layers[0]!, heads }] } as unknown as RecordHeader;
}

function pictures(heads: number): Thumbnails {
  return {
    layers: [{ heads, height: 2, width: 2, offset: 0 }],
    codes: new Uint8Array(heads * 4),
  };
}

beforeEach(() => {
  batch(() => {
    record.value = { status: "ready", value: header(3) };
    thumbnails.value = { status: "ready", value: pictures(3) };
    series.value = { status: "ready", value: metricSeries };
    step.value = 0;
    sortBy.value = "number";
  });
});

describe("the scene of the model view", () => {
  it("sorts each layer's heads by the metric at the step shown", () => {
    expect(orders.value).toEqual([[0, 1, 2]]);
    sortBy.value = "entropy";
    expect(orders.value).toEqual([[1, 2, 0]]);
    step.value = 10;
    expect(orders.value).toEqual([[2, 0, 1]]);
  });

  it("keeps head order for a metric that this probe lacks", () => {
    sortBy.value = "unheard_of";
    expect(isSorted.value).toBe(false);
    expect(orders.value).toEqual([[0, 1, 2]]);
  });

  it("keeps the grid's layout while steps change", () => {
    const before = layout.value;
    batch(() => {
      step.value = 10;
      record.value = { status: "ready", value: header(3) };
      thumbnails.value = { status: "ready", value: pictures(3) };
    });
    expect(layout.value).toBe(before);
  });

  it("shows the old pair until record and pictures fit each other", () => {
    expect(shapes.value[0]!.heads).toBe(3);
    record.value = { status: "ready", value: header(5) };
    expect(shapes.value[0]!.heads).toBe(3);
    thumbnails.value = { status: "ready", value: pictures(5) };
    expect(shapes.value[0]!.heads).toBe(5);
  });

  it("keeps the place of every head when the step cannot be read", () => {
    const before = layout.value.rows.length;
    const error = new ApiError(422, "damaged", "the file is too short");
    batch(() => {
      record.value = { status: "error", error };
      thumbnails.value = { status: "error", error };
    });
    expect(isUnreadable.value).toBe(true);
    expect(layout.value.rows.length).toBe(before);
  });

  it("works each metric's histories out once", () => {
    expect(historiesOf(metrics.value!, 0)).toBe(historiesOf(metrics.value!, 0));
  });
});
