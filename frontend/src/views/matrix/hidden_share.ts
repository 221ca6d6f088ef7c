/** The shown head and what is muted, hidden or filtered → how much of its weight that is, in words. */

import { percent } from "../../text/format_number";
import { quantityName } from "../../state";
import type { MatrixSource } from "./use_matrix";

/** Texts longer than this are judged by every so many queries. */
const MOST_QUERIES = 512;

/** Part of the weight of the drawn queries that lies on keys which are not drawn; null when all are. */
export function hiddenPart({ axes, weights, head }: MatrixSource): number | null {
  const keys = [...axes.key.silenced, ...axes.key.filtered];
  if (keys.length === 0) return null;
  const queries = axes.query.rows.filter(({ off }) => !off);
  const stride = Math.ceil(queries.length / MOST_QUERIES);
  let [all, hidden] = [0, 0];
  const row = new Float32Array(weights.keys);
  for (let at = 0; at < queries.length; at += stride) {
    weights.readRow(head, queries[at]!.token, row);
    for (const weight of row) all += weight || 0;
    for (const key of keys) hidden += row[key]! || 0;
  }
  return all > 0 ? hidden / all : 0;
}

export function hiddenShare(source: MatrixSource): string | null {
  const part = hiddenPart(source);
  if (part === null) return null;
  const { silenced, filtered } = source.axes.key;
  const what = [
    ...(silenced.length > 0 ? ["special tokens"] : []),
    ...(filtered.length > 0 ? ["the other sentence"] : []),
  ];
  return `not drawn: ${quantityName.value}s on ${what.join(" and ")} (${percent(part)} of all ${quantityName.value})`;
}
