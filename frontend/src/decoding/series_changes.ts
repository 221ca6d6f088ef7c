/** A thinned series and an answer with what changed of it → the series as it is now, and the token of that. */

import { DecodeError, decodeMetrics } from "./decode";
import { MetricSeries, rowsOf } from "./metric_series";
import { takeArray, unpack } from "./unpack";

export interface ThinnedSeries {
  readonly series: MetricSeries;
  /** Pixel column of each row. */
  readonly columns: Float64Array;
  /** "": the server knows none. */
  readonly token: string;
}

interface Fields {
  token?: string;
  whole?: boolean;
  gone?: number[];
  pending?: number;
}

/** An answer of the whole series, thinned or not. */
function decodeRows(buffer: ArrayBuffer): { read: ThinnedSeries; fields: Fields } {
  const answer = unpack(buffer);
  const fields = answer.fields as Fields;
  const plain = decodeMetrics(buffer);
  if (fields.token === undefined)
    return { read: { series: plain, columns: new Float64Array(plain.steps), token: "" }, fields };
  const { names, layers, damaged, steps, wallTimes, values, shape } = plain;
  const parts = takeArray(answer, "parts", "uint8");
  const state = { ...plain.state, parts, pending: fields.pending ?? 0 };
  const series = new MetricSeries(
    names,
    layers,
    damaged,
    steps,
    wallTimes,
    values,
    shape,
    null,
    state,
  );
  const columns = takeArray(answer, "columns", "float64");
  return { read: { series, columns, token: fields.token }, fields };
}

/** Rows that came take the place of all rows of their columns. */
export function applyChanges(before: ThinnedSeries | null, buffer: ArrayBuffer): ThinnedSeries {
  const { read, fields } = decodeRows(buffer);
  if (before === null || fields.whole !== false) return read;
  if (before.series.shape.slice(1).join() !== read.series.shape.slice(1).join())
    throw new DecodeError("values", "changes of another shape than the series");
  const replaced = new Set([...read.columns, ...(fields.gone ?? [])]);
  const kept = rowsOf(before.series).filter(({ row }) => !replaced.has(before.columns[row]!));
  const rows = [...kept, ...rowsOf(read.series)].sort((a, b) => a.step - b.step);
  const { damaged, pending } = read.series;
  const columns = Float64Array.from(rows, ({ of, row }) =>
    of === read.series ? read.columns[row]! : before.columns[row]!,
  );
  return { series: read.series.ofRows(rows, { pending, damaged }), columns, token: read.token };
}
